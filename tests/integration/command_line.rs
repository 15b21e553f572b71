//! `predict`, `measure`, `evaluate`, `synth`, `bench`, and how they fail.

use std::path::Path;
use std::process::{Command, Output};

use hairline::net::npy;
use hairline::registry;
use image::{GrayImage, Luma};
use serde_json::Value;

use crate::support::{BINARY, wall};

fn hairline(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).current_dir(folder).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn predict_writes_three_pictures_and_a_line_for_each_photograph() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs_err::create_dir_all(at("photos")).unwrap();
    fs_err::write(at("photos/a.png"), wall(120, 80)).unwrap();
    fs_err::write(at("photos/b.png"), wall(90, 70)).unwrap();
    let output = hairline(folder.path(), &["predict", "photos", "--out", "results", "--threshold", "0.5"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = lines(&output);
    assert_eq!(lines.len(), 2);
    assert_eq!((lines[0]["width"].as_u64(), lines[0]["height"].as_u64()), (Some(120), Some(80)));
    let open = |name: &str| image::open(at("results").join(name)).unwrap();
    let probabilities = open("a.prob.png").into_luma16();
    let mask = open("a.mask.png").into_luma8();
    assert!(mask.pixels().zip(probabilities.pixels()).all(|(m, p)| (m.0[0] == 255) == (p.0[0] >= 32768)));
    assert!(mask.pixels().all(|m| m.0[0] == 0 || m.0[0] == 255));
    assert_eq!(open("a.overlay.png").into_rgb8().dimensions(), (120, 80));
    assert_eq!(lines[0]["crack_pixels"].as_u64().unwrap(), mask.pixels().filter(|m| m.0[0] == 255).count() as u64);

    let beside = hairline(folder.path(), &["predict", "photos/a.png"]);
    assert!(beside.status.success() && at("photos/a.mask.png").exists());
    let again = hairline(folder.path(), &["predict", "photos", "--out", "results"]);
    assert_eq!(self::lines(&again).len(), 2, "results are not photographs");
}

#[test]
fn mirroring_is_a_flag_of_predict_and_evaluate() {
    let folder = tempfile::tempdir().unwrap();
    let succeeds = |arguments: &[&str]| {
        let output = hairline(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    succeeds(&["synth", "--out", "walls", "-n", "1", "--size", "96x64"]);
    let probabilities = |out: &str, more: &[&str]| {
        succeeds(&[&["predict", "walls/images", "--out", out], more].concat());
        fs_err::read(folder.path().join(out).join("synth-1-00000.prob.png")).unwrap()
    };
    assert_ne!(probabilities("plain", &[]), probabilities("mirrored", &["--mirror"]));
    succeeds(&["evaluate", "--data", "walls", "--split", "all", "--mirror"]);
}

#[test]
fn predict_goes_on_after_a_bad_file_and_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("bad.jpg"), b"no photograph").unwrap();
    fs_err::write(folder.path().join("good.png"), wall(40, 40)).unwrap();
    let output = hairline(folder.path(), &["predict", "bad.jpg", "good.png", "missing.png"]);
    assert_eq!(output.status.code(), Some(2));
    let lines = lines(&output);
    assert!(lines[0]["error"].is_string() && lines[1]["mask"].is_string() && lines[2]["error"].is_string());
    assert!(String::from_utf8_lossy(&output.stderr).contains("missing.png"));
}

#[test]
fn measure_tells_lengths_and_widths_of_labels() {
    let folder = tempfile::tempdir().unwrap();
    let bar = |x: u32, y: u32| u8::from((30..230).contains(&x) && (40..48).contains(&y));
    let label = GrayImage::from_fn(260, 90, |x, y| Luma([255 * bar(x, y)]));
    label.save(folder.path().join("bar.png")).unwrap();
    fs_err::write(folder.path().join("bad.png"), b"no picture").unwrap();
    let output = hairline(folder.path(), &["measure", "bar.png", "bad.png", "--mm-per-px", "0.5"]);
    assert_eq!(output.status.code(), Some(2), "one of the two cannot be read");
    let lines = lines(&output);
    assert!(lines[1]["error"].is_string());
    let cracks = lines[0]["cracks"].as_array().unwrap();
    assert_eq!(cracks.len(), 1);
    let value = |key: &str| cracks[0][key]["value"].as_f64().unwrap();
    assert!((value("length_px") - 200.0).abs() <= 3.0, "{}", value("length_px"));
    assert!((value("width_mean_px") - 8.0).abs() <= 0.3, "{}", value("width_mean_px"));
    for (px, mm) in [("length_px", "length_mm"), ("width_mean_px", "width_mean_mm"), ("width_max_px", "width_max_mm")] {
        assert!((value(mm) - 0.5 * value(px)).abs() < 1e-9, "{mm}");
    }
    let refused = hairline(folder.path(), &["measure", "bar.png", "--mm-per-px", "0"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--mm-per-px"));
}

#[test]
fn errors_are_told_with_their_cause_and_exit_with_2() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("a.png"), wall(16, 16)).unwrap();
    fs_err::write(folder.path().join("a.bmp"), wall(16, 16)).unwrap();
    fs_err::write(folder.path().join("own.toml"), "[server]\nport = 1\n[inference]\ntile = 1").unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["predict", "a.png", "--model", "nobody"], "no model `nobody`"),
        (&["predict", "a.png", "--model", "a.png"], "safetensors"),
        (&["predict", "a.png", "a.bmp"], "rename one"),
        (&["predict", "a.png", "--threshold", "7"], "above 0 and below 1"),
        (&["evaluate", "--data", "nowhere"], "nowhere"),
        (&["serve", "--config", "own.toml"], "server.port is not a setting"),
    ];
    for (arguments, expected) in cases {
        let output = hairline(folder.path(), arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
}

#[test]
fn synth_then_evaluate_finds_the_drawn_cracks() {
    let folder = tempfile::tempdir().unwrap();
    for out in ["one", "two"] {
        let output = hairline(folder.path(), &["synth", "--out", out, "-n", "6", "--seed", "3"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for kind in ["images", "masks", "truth"] {
        let mut count = 0;
        for entry in fs_err::read_dir(folder.path().join("one").join(kind)).unwrap() {
            let path = entry.unwrap().path();
            let twin = folder.path().join("two").join(kind).join(path.file_name().unwrap());
            assert_eq!(fs_err::read(&path).unwrap(), fs_err::read(twin).unwrap(), "equal seeds give equal bytes");
            count += 1;
        }
        assert_eq!(count, 6);
    }
    let output = hairline(folder.path(), &["evaluate", "--data", "one", "--split", "all", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(report["images"], 6);
    for path in [
        "/micro/iou",
        "/micro/f1",
        "/micro/precision",
        "/micro/recall",
        "/mean_dice",
        "/tolerant/f1",
        "/false_positive_ratio",
    ] {
        let value = report.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path} is missing"));
        assert!((0.0..=1.0).contains(&value), "{path} is {value}");
    }
    assert_eq!(report["tolerant"]["px"], 2);
    assert_eq!(report["per_image"].as_array().unwrap().len(), 6);
    let missed = hairline(folder.path(), &["evaluate", "--data", "one", "--split", "all", "--min-f1", "0.9999"]);
    assert_eq!(missed.status.code(), Some(1));
}

#[test]
fn synth_takes_size_surface_and_widths_and_names_their_limits() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = ["synth", "--out", "a", "-n", "1", "--size", "96x64", "--surface", "brick", "--width-px", "2..3.5"];
    let output = hairline(folder.path(), &wanted);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let truth = fs_err::read(folder.path().join("a/truth/synth-1-00000.json")).unwrap();
    let truth: Value = serde_json::from_slice(&truth).unwrap();
    assert_eq!((&truth["surface"], &truth["photo_width_px"]), (&Value::from("brick"), &Value::from(96)));
    for (option, value, told) in [
        ("--size", "10x64", "64..=4096"),
        ("--size", "large", "WIDTHxHEIGHT"),
        ("--width-px", "3..40", "0.5..=18"),
        ("--width-px", "3", "A..B"),
        ("--surface", "steel", "concrete, asphalt, brick, render"),
        ("--seed", "4294967296", "0..=4294967295"),
    ] {
        let output = hairline(folder.path(), &["synth", "--out", "b", "-n", "1", option, value]);
        assert_eq!(output.status.code(), Some(2), "{option} {value}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(told) && error.contains(option), "{option} {value}: {error}");
    }
    assert!(!folder.path().join("b").exists());
}

#[test]
fn bench_times_the_network_and_answers_arrays() {
    let folder = tempfile::tempdir().unwrap();
    let output = hairline(folder.path(), &["bench", "--json", "--size", "32", "--threads", "1"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["forward_ms"].as_f64().unwrap() > 0.0 && report["train_step_ms"].as_f64().unwrap() > 0.0);
    assert_eq!((report["precision"].as_str(), report["threads"].as_u64()), (Some("f32"), Some(1)));

    let at = |name: &str| folder.path().join(name);
    let values: Vec<f32> = (0..2 * 3 * 32 * 16).map(|i| (i % 7) as f32 - 3.0).collect();
    let input = npy::Array { shape: [2, 3, 32, 16], values };
    npy::write(&at("x.npy"), &input).unwrap();
    let output = hairline(folder.path(), &["bench", "--input", "x.npy", "--output", "y.npy"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let logits = npy::read(&at("y.npy")).unwrap();
    let model = registry::load("open", Path::new("models")).unwrap();
    assert_eq!(logits.shape, [2, 1, 32, 16]);
    assert_eq!(logits.values, model.logits(&input.values, 2, 32, 16).unwrap());

    npy::write(&at("odd.npy"), &npy::Array { shape: [1, 3, 5, 16], values: vec![0.0; 240] }).unwrap();
    for (arguments, expected) in [
        (["--input", "odd.npy", "--output", "y.npy"].as_slice(), "multiples of 16"),
        (&["--input", "none.npy", "--output", "y.npy"], "none.npy"),
        (&["--precision", "bf16"], "f32 only"),
        (&["--size", "100"], "multiple of 16"),
    ] {
        let output = hairline(folder.path(), &[&["bench"], arguments].concat());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && text.contains(expected), "{arguments:?}: {text}");
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("sh")
        .args(["-c", &format!("{BINARY} openapi | head -c 1 >/dev/null; exit ${{PIPESTATUS:-0}}")])
        .current_dir(folder.path())
        .status()
        .unwrap();
    assert!(status.success());
}
