//! Names that MLflow accepts.

/// Most characters of a name.
const LONGEST: usize = 120;

/// `name` with all that a metric or a file may not have replaced by `_`.
pub fn clean_name(name: &str) -> String {
    let clean = |c: char| if c.is_alphanumeric() || "-_. ".contains(c) { c } else { '_' };
    let name: String = name.chars().map(clean).take(LONGEST).collect();
    // `.` and `..` are folders, not names.
    if name.trim_matches(['.', ' ']).is_empty() { "_".into() } else { name }
}

/// Reads an alias of a model version.
///
/// # Errors
/// A sentence about what an alias may be.
pub fn valid_alias(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let version = text.strip_prefix(['v', 'V']).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    if text.is_empty() || text.len() > 255 || !text.chars().all(allowed) {
        Err("an alias has 1 to 255 letters, digits, `-` or `_`".into())
    } else if version || text == "latest" {
        Err("`latest` and `v` with a number mean versions to MLflow already".into())
    } else {
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_mlflow_refuses_and_nothing_else() {
        for (name, clean) in [
            ("deepcrack-2.val", "deepcrack-2.val"),
            ("Brücke 3", "Brücke 3"),
            ("a#b/c\\d:e?.png", "a_b_c_d_e_.png"),
            ("..", "_"),
            ("", "_"),
        ] {
            assert_eq!(clean_name(name), clean);
        }
        assert_eq!(clean_name(&"ä".repeat(500)).chars().count(), LONGEST);
    }

    #[test]
    fn aliases_are_words_that_are_not_versions() {
        for good in ["candidate", "champion", "v", "v1a", "a_b-3"] {
            assert_eq!(valid_alias(good).as_deref(), Ok(good));
        }
        for bad in ["", "latest", "v3", "V12", "a b", "é", &"a".repeat(256)] {
            assert!(valid_alias(bad).is_err(), "{bad}");
        }
    }
}
