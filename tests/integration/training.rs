//! `train`: it learns, and what it learns depends on neither threads nor interruptions.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use hairline::net::{StateDict, read_model};
use hairline::synth::{SceneParams, render};
use hairline::training::Sidecar;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::BINARY;

/// A data folder `walls` of drawn photographs, which are all for training and for validation, and hyper-parameters.
pub fn workplace(photographs: u64, changes: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: String| folder.path().join("walls").join(name);
    let mut list = String::new();
    for kind in ["images", "masks"] {
        fs_err::create_dir_all(at(kind.into())).unwrap();
    }
    for seed in 0..photographs {
        let params = SceneParams {
            cracks: Some(1..=1),
            crack_width_px: Some(4.0..=6.0),
            distractors: Some(false),
            ..SceneParams::new(seed, 64, 64)
        };
        let photo = render(&params);
        photo.image.save(at(format!("images/{seed}.png"))).unwrap();
        photo.mask.save(at(format!("masks/{seed}.png"))).unwrap();
        list += &format!("{seed}\n");
    }
    for name in ["train.txt", "val.txt"] {
        fs_err::write(at(name.into()), &list).unwrap();
    }
    let mut yaml = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("params.yaml")).unwrap();
    for (key, value) in [("base_width", "8"), ("crop", "64")].iter().chain(changes) {
        let line = yaml.lines().find(|line| line.trim_start().starts_with(&format!("{key}:"))).unwrap().to_owned();
        yaml = yaml.replace(&line, &format!("  {key}: {value}"));
    }
    fs_err::write(folder.path().join("params.yaml"), yaml).unwrap();
    folder
}

fn command(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).current_dir(folder.path());
    command
}

fn train(folder: &TempDir, out: &str, more: &[&str]) -> Output {
    command(folder, &["train", "--data", "walls", "--name", "test", "--out", out]).args(more).output().unwrap()
}

#[track_caller]
fn succeeds(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[track_caller]
fn refused(output: &Output, expected: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains(expected), "{text}");
}

fn model(folder: &TempDir, name: &str) -> Vec<u8> {
    fs_err::read(folder.path().join(name)).unwrap()
}

#[test]
fn learns_eight_photographs_by_heart() {
    let changes = [
        ("epochs", "10"),
        ("crops_per_photo", "25"),
        ("learning_rate", "0.004"),
        ("average_decay", "0.9"),
        ("augment", "false"),
    ];
    let folder = workplace(8, &changes);
    succeeds(&train(&folder, "out.safetensors", &["--licence", "test only"]));
    let arguments = ["evaluate", "--data", "walls", "--split", "all", "--model", "out.safetensors", "--json"];
    let output = command(&folder, &arguments).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let dice = report["mean_dice"].as_f64().unwrap();
    assert!(dice > 0.95, "mean Dice {dice}");

    let sidecar: Sidecar = serde_json::from_slice(&model(&folder, "out.json")).unwrap();
    let (metadata, _) = read_model(&model(&folder, "out.safetensors")).unwrap();
    assert_eq!((metadata.name.as_str(), metadata.licence.as_str()), ("test", "test only"));
    assert_eq!(metadata.trained_on, ["walls"]);
    let calibration = sidecar.calibration;
    assert_eq!((metadata.threshold, metadata.temperature), (calibration.threshold, calibration.temperature));
    assert!(calibration.temperature != 1.0 && calibration.val_nll < calibration.val_nll_at_temperature_1);
    // The tempered model answers what tempering its answers gave, but for pixels that rounding takes over the threshold.
    let f1 = report["micro"]["f1"].as_f64().unwrap();
    assert!((f1 - f64::from(calibration.val_f1)).abs() < 5e-4, "{f1} {calibration:?}");
    let ece = report["calibration"]["ece"].as_f64().unwrap();
    assert!((ece - f64::from(calibration.val_ece)).abs() < 5e-4, "{ece} {calibration:?}");
    assert!(calibration.val_f1 >= sidecar.best.val_f1 - 0.01, "{calibration:?} {}", sidecar.best.val_f1);
    assert_eq!(sidecar.history.len(), 10);
    assert!(String::from_utf8_lossy(&model(&folder, "out.svg")).starts_with("<svg"));
    assert!(!folder.path().join("out.safetensors.checkpoint").exists());
}

#[test]
fn killed_and_resumed_is_uninterrupted_and_threads_make_no_difference() {
    let folder = workplace(6, &[("epochs", "12"), ("batch", "4"), ("crops_per_photo", "4")]);
    for threads in ["1", "2", "3"] {
        // Nothing was stopped yet, so --resume begins.
        succeeds(&train(&folder, &format!("{threads}.safetensors"), &["--resume", "--threads", threads]));
    }
    let whole = model(&folder, "2.safetensors");
    assert!(whole == model(&folder, "1.safetensors") && whole == model(&folder, "3.safetensors"));

    let mut child = command(&folder, &["train", "--data", "walls", "--name", "test", "--out", "killed.safetensors"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("epoch 3/12")), "three epochs are told");
    // SIGKILL: nothing can be tidied up.
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!folder.path().join("killed.safetensors").exists());

    refused(&train(&folder, "killed.safetensors", &[]), "--resume");
    refused(&train(&folder, "killed.safetensors", &["--resume", "--seed", "2"]), "seed was 1 and is 2");
    let resumed = train(&folder, "killed.safetensors", &["--resume"]);
    succeeds(&resumed);
    assert!(!String::from_utf8_lossy(&resumed.stderr).contains("epoch 2/12"), "it does not begin anew");
    assert!(whole == model(&folder, "killed.safetensors"), "the resumed training gives other bytes");
    let histories = ["2.json", "killed.json"].map(|name| {
        let sidecar: Sidecar = serde_json::from_slice(&model(&folder, name)).unwrap();
        let scores = sidecar.history.iter().map(|record| (record.train_loss, record.val_loss, record.val_f1));
        scores.collect::<Vec<_>>()
    });
    assert_eq!(histories[0], histories[1]);
}

#[test]
fn fine_tuning_keeps_the_statistics_and_moves_the_weights() {
    let folder = workplace(4, &[("epochs", "2"), ("batch", "4"), ("freeze_norms", "true")]);
    succeeds(&train(&folder, "first.safetensors", &[]));
    succeeds(&train(&folder, "second.safetensors", &["--init", "first.safetensors", "--epochs", "1"]));
    let state = |name: &str| -> StateDict { read_model(&model(&folder, name)).unwrap().1 };
    let (first, second) = (state("first.safetensors"), state("second.safetensors"));
    for (name, tensor) in first.iter() {
        let same = tensor == second.get(name).unwrap();
        assert!(same || !name.contains("running"), "{name} moved");
        assert!(!same || !name.ends_with("conv.0.weight"), "{name} did not move");
    }
    refused(&train(&folder, "x.safetensors", &["--init", "params.yaml"]), "safetensors");
}

#[test]
fn wrong_data_and_parameters_are_refused() {
    let folder = workplace(1, &[]);
    refused(&train(&folder, "x.safetensors", &["--crop", "100"]), "multiple of 16");
    fs_err::write(folder.path().join("walls/val.txt"), "").unwrap();
    refused(&train(&folder, "x.safetensors", &[]), "no photograph for `val`");
    fs_err::write(folder.path().join("params.yaml"), "train:\n  speed: 9\n").unwrap();
    refused(&train(&folder, "x.safetensors", &[]), "speed");
}
