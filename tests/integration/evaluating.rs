//! `evaluate`: every score, two models side by side, and the files for DVC.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use hairline::net::{read_model, write_model};
use hairline::registry;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::BINARY;

fn hairline(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).current_dir(folder).output().unwrap()
}

#[track_caller]
fn succeeds(output: Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs_err::read(path).unwrap()).unwrap()
}

/// Drawn photographs that are larger than a tile; their labels are those of one, and nothing of the other.
fn workplace() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let synth = ["synth", "--out", "walls", "-n", "4", "--seed", "3", "--size", "320x272"];
    succeeds(hairline(folder.path(), &synth));
    let at = |name: &str| folder.path().join(name);
    fs_err::rename(at("walls/images/synth-3-00003.jpg"), at("walls/images/other-1.jpg")).unwrap();
    image::GrayImage::new(320, 272).save(at("walls/masks/other-1.png")).unwrap();
    fs_err::write(at("walls/val.txt"), "synth-3-00000\nsynth-3-00001\nother-1\n").unwrap();
    folder
}

/// The model of the binary with another threshold, so that it has other scores.
fn stricter_model(folder: &Path) {
    let model = registry::load("open", Path::new("nowhere")).unwrap();
    let bytes = fs_err::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/open.safetensors")).unwrap();
    let (mut metadata, state) = read_model(&bytes).unwrap();
    assert!(model.metadata.threshold < 0.9);
    (metadata.threshold, metadata.name) = (0.97, "strict".into());
    fs_err::write(folder.join("strict.safetensors"), write_model(&metadata, &state).unwrap()).unwrap();
}

/// The paths of all values; members of a list count as one.
fn keys(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    if let Value::Object(members) = value {
        members.iter().for_each(|(key, value)| keys(value, &format!("{path}/{key}"), found));
    } else if let Some(members) = value.as_array().filter(|members| members.iter().any(Value::is_object)) {
        members.iter().for_each(|value| keys(value, &format!("{path}/*"), found));
    } else {
        found.insert(path.to_owned());
    }
}

#[test]
fn a_model_against_itself_and_the_keys_of_the_report() {
    let folder = workplace();
    let arguments = ["evaluate", "--data", "walls", "--model", "open", "--against", "open", "--json"];
    let report: Value = serde_json::from_str(&succeeds(hairline(folder.path(), &arguments))).unwrap();
    let mut found = BTreeSet::new();
    keys(&report, "", &mut found);
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_json_snapshot!("evaluate_keys", found);
    });
    let comparison = &report["comparison"];
    assert_eq!((&comparison["f1_difference"], &comparison["p_value"]), (&json!(0.0), &json!(1.0)));
    assert_eq!(comparison["f1_difference_interval"], json!([0.0, 0.0]));
    let mut alone = report.clone();
    alone.as_object_mut().unwrap().remove("comparison");
    assert_eq!(comparison["against"], alone, "the other model is scored alike");

    // Two photographs of the series synth-3, and one of its own.
    assert_eq!((&report["images"], &report["series"], &report["resampled"]), (&json!(3), &json!(2), &json!("series")));
    let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("{pointer}"));
    for figure in ["/micro/f1", "/micro/iou", "/mean_dice", "/tolerant/f1", "/centre_line/cl_dice"] {
        assert!((0.05..=1.0).contains(&number(figure)), "{figure} is {}", number(figure));
    }
    let photographs = ["true_positive", "false_positive", "false_negative", "true_negative"];
    assert_eq!(photographs.map(|key| number(&format!("/decision/{key}"))).iter().sum::<f64>(), 3.0);
    let bins = report["calibration"]["bins"].as_array().unwrap();
    assert_eq!(bins.iter().map(|bin| bin["pixels"].as_u64().unwrap()).sum::<u64>(), 3 * 320 * 272);
    // Photographs of 320 × 272 have one whole tile each; that of the emptied label is free of cracks for sure.
    let tiles = number("/crack_free_tiles/n");
    assert!((1.0..=3.0).contains(&tiles), "{tiles}");
    assert!(report["crack_free_tiles"]["alarm_share_interval"].is_array());
}

#[test]
fn two_models_and_two_folders_side_by_side_with_files_for_dvc() {
    let folder = workplace();
    stricter_model(folder.path());
    succeeds(hairline(folder.path(), &["synth", "--out", "roads", "-n", "2", "--seed", "8", "--size", "96x64"]));
    fs_err::write(folder.path().join("roads/val.txt"), "synth-8-00000\nsynth-8-00001\n").unwrap();
    let command = "evaluate --split val --data walls roads --model open --against strict.safetensors \
                   --metrics out/metrics.json --plots out/plots --sheet out/sheet.png";
    let arguments: Vec<&str> = command.split(' ').filter(|word| !word.is_empty()).collect();
    let text = succeeds(hairline(folder.path(), &arguments));
    for expected in
        ["walls: 3 photographs, 2 series", "roads: 2 photographs, 1 series; 95 % intervals resample photographs"]
    {
        assert!(text.contains(expected), "{text}");
    }
    assert!(text.lines().any(|line| line.contains("open") && line.contains("strict")), "{text}");
    assert_eq!(text.matches("F1 difference").count(), 2, "{text}");

    let report: Value =
        serde_json::from_str(&succeeds(hairline(folder.path(), &[&arguments[..], &["--json"]].concat()))).unwrap();
    assert_eq!(report.as_object().unwrap().keys().collect::<Vec<_>>(), ["roads", "walls"]);
    let walls = &report["walls"];
    let difference =
        walls["micro"]["f1"].as_f64().unwrap() - walls["comparison"]["against"]["micro"]["f1"].as_f64().unwrap();
    let stated = walls["comparison"]["f1_difference"].as_f64().unwrap();
    assert!((stated - difference).abs() < 1e-12, "{stated} {difference}: sums in another order may round otherwise");
    assert!(difference != 0.0 && walls["comparison"]["against"]["threshold"] == json!(0.97));

    let at = |name: &str| folder.path().join("out").join(name);
    let metrics = read_json(&at("metrics.json"));
    let mut found = BTreeSet::new();
    keys(&metrics["walls"], "", &mut found);
    let expected = "/cl_dice /crack_free_tiles/alarm_share /crack_free_tiles/area_share /crack_free_tiles/n /ece /f1 /iou \
                    /mean_dice /precision /recall /tolerant_f1";
    assert_eq!(found.into_iter().collect::<Vec<_>>().join(" "), expected);
    assert_eq!(metrics["walls"]["f1"], walls["micro"]["f1"]);
    assert_eq!(metrics["roads"]["crack_free_tiles"], json!({ "n": 0 }), "no share of no tiles");

    let thresholds = read_json(&at("plots/thresholds.json"));
    assert_eq!(thresholds.as_array().unwrap().len(), 2 * 19);
    let calibration = read_json(&at("plots/calibration.json"));
    let pixels = |set: &str| -> u64 {
        let rows = calibration.as_array().unwrap().iter().filter(|row| row["set"] == set);
        rows.map(|row| row["pixels"].as_u64().unwrap()).sum()
    };
    assert_eq!((pixels("walls"), pixels("roads")), (3 * 320 * 272, 2 * 96 * 64));
    let legend = read_json(&at("sheet-walls.json"));
    let shown = legend["best"].as_array().unwrap().len() as u32;
    let sheet = image::open(at("sheet-walls.png")).unwrap();
    assert!((1..=3).contains(&shown) && sheet.height() == 308 * shown + 8, "{legend}");
    assert!(at("sheet-roads.png").exists());
}

#[test]
fn scores_are_those_of_the_pictures_that_predict_writes() {
    let folder = workplace();
    succeeds(hairline(folder.path(), &["predict", "walls/images/synth-3-00000.jpg", "--out", "seen"]));
    let open = |name: &str| image::open(folder.path().join(name)).unwrap().into_luma8();
    let (predicted, label) = (open("seen/synth-3-00000.mask.png"), open("walls/masks/synth-3-00000.png"));
    let both = |p: bool, t: bool| {
        predicted.pixels().zip(label.pixels()).filter(|(a, b)| (a.0[0] > 0) == p && (b.0[0] > 0) == t).count() as f64
    };
    let f1 = 2.0 * both(true, true) / (2.0 * both(true, true) + both(true, false) + both(false, true));
    let report: Value =
        serde_json::from_str(&succeeds(hairline(folder.path(), &["evaluate", "--data", "walls", "--json"]))).unwrap();
    assert_eq!(report["per_image"][0]["stem"], "synth-3-00000");
    assert!((report["per_image"][0]["f1"].as_f64().unwrap() - f1).abs() < 1e-12);
}

#[test]
fn what_cannot_be_scored_is_refused_before_the_work() {
    let folder = workplace();
    succeeds(hairline(folder.path(), &["synth", "--out", "old/walls", "-n", "1", "--size", "64x64"]));
    fs_err::write(folder.path().join("walls/test.txt"), "").unwrap();
    for (arguments, expected) in [
        ("--data walls old/walls --split all", "two folders are called `walls`"),
        ("--data walls --split test", "no photograph to score on"),
        ("--data walls --sheet sheet.jpg", "does not end in .png"),
        ("--data walls --against nobody", "no model `nobody`"),
        ("--data walls --metrics walls/val.txt/m.json", "val.txt"),
    ] {
        let arguments: Vec<&str> = std::iter::once("evaluate").chain(arguments.split(' ')).collect();
        let output = hairline(folder.path(), &arguments);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(expected), "{arguments:?}: {text}");
    }
}
