//! Nothing with a licence that `deny.toml` does not allow gets in.

use std::process::Command;

use serde_json::Value;

fn allowed() -> Vec<String> {
    let text = fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml")).unwrap();
    let settings: toml::Table = text.parse().unwrap();
    settings["licenses"]["allow"].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// SPDX: one of the alternatives, and of it all parts.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let known = |name: &str| allowed.iter().any(|a| a == name.trim_matches(['(', ')', ' ']));
    let normal = expression.replace('/', " OR ");
    known(&normal)
        || normal.split(" AND ").all(|part| part.split(" OR ").any(known))
        || normal.split(" OR ").any(|alternative| alternative.split(" AND ").all(known))
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    let allowed = allowed();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100);
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(is_allowed(licence, &allowed), "{} is under {licence}", package["name"]);
    }
    assert!(!is_allowed("GPL-3.0-or-later", &allowed));
    assert!(!is_allowed("MIT AND GPL-3.0", &allowed));
}
