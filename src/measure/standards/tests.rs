use proptest::prelude::*;

use super::*;
use crate::measure::Estimate;
use crate::measure::resolution::Width;

fn measured(low: f64, high: f64) -> Width {
    Width { estimate: Estimate { value: 0.5 * (low + high), low, high }, resolved: true }
}

fn row<'a>(verdict: &'a Verdict, id: &str) -> &'a RowVerdict {
    verdict.rows.iter().find(|row| row.row == id).unwrap()
}

#[test]
fn the_built_in_standards_are_those_of_the_field() {
    let standards = Standards::built_in();
    let ids: Vec<&str> = standards.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["aci-224r-01", "en-1992-1-1", "bre-251", "aashto-mbei-rc", "aashto-mbei-pc", "ltpp-asphalt"]);
    let limits: Vec<Vec<f64>> = standards
        .iter()
        .map(|s| s.rows.iter().flat_map(|row| row.classes.iter().filter_map(Class::end_mm)).collect())
        .collect();
    let expected: [&[f64]; 6] = [
        &[0.41, 0.30, 0.18, 0.15, 0.10],
        &[0.4, 0.3, 0.3],
        &[0.1, 1.0, 5.0, 15.0, 25.0],
        &[0.30, 1.27],
        &[0.10, 0.23],
        &[6.0, 19.0],
    ];
    assert_eq!(limits, expected);
    assert_eq!(standards.choose("ltpp-asphalt").unwrap().width, JudgedWidth::Mean);
}

#[test]
fn bounds_belong_where_the_standard_puts_them() {
    let standard = Standards::built_in().choose("aashto-mbei-rc").unwrap();
    let class = |mm: f64| standard.verdict_of(&measured(mm, mm)).rows[0].text.clone();
    assert_eq!([0.0, 0.299, 0.30, 1.27, 1.271].map(class), ["CS1", "CS1", "CS2", "CS2", "CS3"]);
}

#[test]
fn an_interval_across_a_bound_spans_both_classes() {
    let standard = Standards::built_in().choose("aashto-mbei-rc").unwrap();
    let verdict = standard.verdict_of(&measured(0.2, 0.5));
    assert_eq!((verdict.standard.as_str(), verdict.edition.as_str()), ("aashto-mbei-rc", "2nd edition, 2019"));
    assert_eq!((verdict.rows[0].text.as_str(), verdict.measured), ("CS1 to CS2", true));
    assert_eq!(verdict.rows[0].excluded, ["CS3"]);
}

#[test]
fn an_unresolved_width_only_excludes() {
    let standard = Standards::built_in().choose("aashto-mbei-rc").unwrap();
    let unresolved = |high: f64| Width { resolved: false, ..measured(0.2, high) };
    let verdict = standard.verdict_of(&unresolved(0.25));
    assert_eq!(verdict.rows[0].text, "not resolved: excluded are CS2, CS3");
    assert!(!verdict.measured);
    // Its lower end says nothing: CS1 stays possible.
    assert_eq!(standard.verdict_of(&unresolved(0.9)).rows[0].classes, ["CS1", "CS2"]);
    assert_eq!(standard.verdict_of(&unresolved(2.0)).rows[0].text, "not resolved: no class can be excluded");
}

#[test]
fn one_row_can_be_asked_for() {
    let standards = Standards::built_in();
    let all = standards.choose("aci-224r-01").unwrap().verdict_of(&measured(0.2, 0.25));
    assert_eq!(all.rows.len(), 5);
    assert_eq!(row(&all, "humidity").text, "≤ 0.30 mm");
    assert_eq!(row(&all, "de-icing").text, "> 0.18 mm");
    let one = standards.choose("aci-224r-01/seawater").unwrap();
    assert_eq!((one.rows.len(), one.limits_mm()), (1, vec![0.15]));
    let error = standards.choose("aci-224r-01/moon").unwrap_err().to_string();
    assert!(error.starts_with("there is no standard `aci-224r-01/moon`; there are: aci-224r-01/dry-air, "), "{error}");
    assert!(standards.choose("nothing").unwrap_err().to_string().contains("ltpp-asphalt"));
}

const OWN: &str = r#"
[[standard]]
id = "own"
title = "Own rule"
edition = "2026"
material = "render"
width = "mean"
caveat = "None."
row = [{ id = "all", exposure = "All", classes = [{ name = "fine", below_mm = 1 }, { name = "coarse" }] }]
"#;

fn load(text: &str) -> Result<Standards, StandardsError> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("own.toml");
    fs_err::write(&file, text).unwrap();
    Standards::load(Some(&file))
}

#[test]
fn own_standards_join_and_replace() {
    let joined = load(OWN).unwrap();
    assert_eq!(joined.iter().count(), 7);
    assert_eq!(joined.choose("own").unwrap().rows[0].classes[0].below_mm, Some(1.0));
    let replaced = load(&OWN.replace("\"own\"", "\"bre-251\"")).unwrap();
    assert_eq!(replaced.iter().count(), 6);
    assert_eq!(replaced.choose("bre-251").unwrap().title, "Own rule");
}

#[test]
fn all_problems_of_a_file_are_told() {
    let text = r#"
        colour = "red"
        [[standard]]
        id = "Bad Id"
        title = 7
        edition = ""
        width = "widest"
        caveat = "x"
        speed = 1
        row = [{ id = "a", exposure = "All", classes = [
            { name = "one", below_mm = 3 }, { name = "two", up_to_mm = 2 }, { name = "three", up_to_mm = -1 }] },
            { id = "a", exposure = "All", classes = [{ name = "one", below_mm = 1, up_to_mm = 1 }] }]
        [[standard]]
        title = "nameless"
    "#;
    let StandardsError::Invalid { problems, .. } = load(text).unwrap_err() else { panic!("another error") };
    for expected in [
        "colour is not a field",
        "Bad Id: id may have up to 60 of a-z, 0-9, - and .",
        "Bad Id: title is integer; a text is expected",
        "Bad Id: edition must have 1 to 500 characters",
        "Bad Id: material is missing",
        "Bad Id: width is \"widest\"; \"maximum\" or \"mean\" is allowed",
        "Bad Id: speed is not a field",
        "Bad Id: row a: class 2: its end 2 mm is not beyond 3 mm, the end of the class before",
        "Bad Id: row a: class 3: up_to_mm is -1; above 0 to 10000 is allowed",
        "Bad Id: row a: id is given twice",
        "Bad Id: row a: classes has 1 entry; at least 2 are needed",
        "Bad Id: row a: class 1: below_mm and up_to_mm exclude each other",
        "standard 2: id is missing",
        "standard 2: row is missing; at least one is needed",
    ] {
        assert!(problems.iter().any(|p| p == expected), "{expected:?} is not among {problems:#?}");
    }
    assert!(matches!(load("[[standard"), Err(StandardsError::Invalid { .. })));
    assert!(matches!(Standards::load(Some(Path::new("/nowhere/s.toml"))), Err(StandardsError::Io(_))));
}

proptest! {
    #[test]
    fn a_wider_interval_holds_the_classes_of_a_narrower_one(
        low in 0.0..30.0f64, length in 0.0..10.0f64, below in 0.0..10.0f64, above in 0.0..10.0f64, resolved: bool
    ) {
        let narrow = Width { resolved, ..measured(low, low + length) };
        let wide = Width { resolved, ..measured((low - below).max(0.0), low + length + above) };
        for standard in Standards::built_in().iter() {
            let (narrow, wide) = (standard.verdict_of(&narrow), standard.verdict_of(&wide));
            for (narrow, wide) in narrow.rows.iter().zip(&wide.rows) {
                prop_assert!(narrow.classes.iter().all(|class| wide.classes.contains(class)));
                prop_assert!(wide.excluded.iter().all(|class| narrow.excluded.contains(class)));
                prop_assert!(!narrow.classes.is_empty());
            }
        }
    }

    #[test]
    fn what_is_not_resolved_says_less(low in 0.0..30.0f64, length in 0.0..10.0f64) {
        let known = measured(low, low + length);
        let bound = Width { resolved: false, ..known };
        for standard in Standards::built_in().iter() {
            let (known, bound) = (standard.verdict_of(&known), standard.verdict_of(&bound));
            for (known, bound) in known.rows.iter().zip(&bound.rows) {
                prop_assert!(known.classes.iter().all(|class| bound.classes.contains(class)));
            }
        }
    }
}
