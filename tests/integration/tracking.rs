//! Trainings are told to a real MLflow server, and read back with MLflow's own client.
//!
//! `HAIRLINE_PYTHON` names an interpreter with the packages of `tests/requirements.txt`.

mod gate;
mod server;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use hairline::digest::sha256_hex;
use hairline::training::{RECIPE, Sidecar, TrainParams};
use serde_json::Value;
use tempfile::TempDir;

use self::gate::Gate;
use self::server::{Mlflow, TlsGate, free_port};
use crate::support::BINARY;
use crate::training::workplace;

/// What becomes a run with three files and a version.
const TRAIN: [&str; 7] = ["train", "--data", "walls", "--name", "own wall", "--out", "own.safetensors"];

/// The binary, telling trainings to `uri` under names of their own for each test.
fn command(folder: &Path, uri: &str, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).current_dir(folder);
    command.env("HAIRLINE__TRACKING__MLFLOW_URI", uri);
    command.env("HAIRLINE__TRACKING__EXPERIMENT", name);
    command.env("HAIRLINE__TRACKING__REGISTERED_MODEL", name);
    command
}

fn hairline(folder: &TempDir, uri: &str, name: &str, arguments: &[&str]) -> Output {
    command(folder.path(), uri, name, arguments).output().unwrap()
}

#[track_caller]
fn exits(output: &Output, code: i32) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    out + &err
}

fn content(folder: &TempDir, name: &str) -> Vec<u8> {
    fs_err::read(folder.path().join(name)).unwrap()
}

/// Path among the run's files, and SHA-256, of those that a training leaves.
fn model_files(folder: &TempDir) -> BTreeMap<String, String> {
    let hash = |ending: &str| (format!("own.{ending}"), sha256_hex(content(folder, &format!("own.{ending}"))));
    ["safetensors", "json", "svg"].map(hash).into()
}

fn hashes(value: &Value) -> BTreeMap<String, String> {
    serde_json::from_value(value.clone()).unwrap()
}

fn in_folder(folder: &str, files: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    files.iter().map(|(name, hash)| (format!("{folder}/{name}"), hash.clone())).collect()
}

/// Asserts that `run` has each epoch of the training once, with all its figures, and its hyper-parameters.
#[track_caller]
fn assert_told(run: &Value, sidecar: &Sidecar) {
    let expect = |key: &str, value: &dyn Fn(usize) -> f32| {
        let told: Vec<(u32, f64)> = serde_json::from_value(run["metrics"][key].clone()).unwrap_or_default();
        let epochs = sidecar.history.iter().enumerate();
        let expected: Vec<_> = epochs.map(|(index, record)| (record.epoch, short(value(index)))).collect();
        assert_eq!(told, expected, "{key}");
    };
    let history = &sidecar.history;
    expect("train_loss", &|index| history[index].train_loss);
    expect("val_loss", &|index| history[index].val_loss);
    expect("val_f1", &|index| history[index].val_f1);
    expect("threshold", &|index| history[index].threshold);
    expect("learning_rate", &|index| history[index].learning_rate);
    expect("walls/val_f1", &|index| history[index].folders[0].f1);
    expect("walls/val_loss", &|index| history[index].folders[0].loss);
    assert_eq!(run["metrics"]["seconds"].as_array().map(Vec::len), Some(history.len()));
    assert_eq!(run["status"], "FINISHED");
    assert!(run["ended"].is_i64());
    assert_eq!(run["tags"]["hairline.model_sha256"], sidecar.model_sha256.as_str());
    assert_params(&run["params"], sidecar);
}

#[track_caller]
fn assert_params(told: &Value, sidecar: &Sidecar) {
    assert_eq!((&told["data"], &told["data_sha256"]), (&"walls".into(), &sidecar.data_sha256.as_str().into()));
    let yaml: String = told.as_object().unwrap().iter().fold("train:\n".into(), |yaml, (key, value)| {
        if key.starts_with("data") { yaml } else { format!("{yaml}  {key}: {}\n", value.as_str().unwrap()) }
    });
    assert_eq!(TrainParams::parse(Some(&yaml), RECIPE).unwrap(), sidecar.params);
}

fn sidecar(folder: &TempDir) -> Sidecar {
    serde_json::from_slice(&content(folder, "own.json")).unwrap()
}

/// The figure as it is written.
fn short(value: f32) -> f64 {
    value.to_string().parse().unwrap()
}

/// What waits, one name a line.
fn waiting(folder: &TempDir) -> Vec<String> {
    let output = hairline(folder, "", "x", &["tracking", "status"]);
    let text = exits(&output, 0);
    text.lines().filter_map(|line| Some(line.strip_prefix('\t')?.split_once('\t')?.1.to_owned())).collect()
}

#[test]
#[ignore = "needs MLflow"]
fn a_training_and_what_is_added_later_are_read_back() {
    let server = Mlflow::shared();
    let folder = workplace(3, &[("epochs", "2"), ("crops_per_photo", "4"), ("batch", "4")]);
    let at = |name: &str| folder.path().join(name);
    fs_err::create_dir_all(at(".git/refs/heads")).unwrap();
    fs_err::write(at(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    fs_err::write(at(".git/refs/heads/main"), "5".repeat(40)).unwrap();
    fs_err::write(at("Prüfung #1.png"), b"a contact sheet").unwrap();
    let more = ["--licence", "test only", "--alias", "challenger", "--artifact", "Prüfung #1.png"];
    let told = exits(&hairline(&folder, server.uri(), "told", &[&TRAIN[..], &more].concat()), 0);
    assert!(!told.contains("tracking:"), "{told}");
    assert_eq!(waiting(&folder), [""; 0]);

    let found = server.read("told", "told");
    let [run] = found["runs"].as_array().unwrap().as_slice() else { panic!("{found}") };
    let sidecar = sidecar(&folder);
    assert_told(run, &sidecar);
    assert_eq!(run["name"], "own wall");
    for (tag, value) in [
        ("hairline.licence", "test only"),
        ("hairline.model", "own wall"),
        ("hairline.version", env!("CARGO_PKG_VERSION")),
        ("mlflow.source.git.commit", &"5".repeat(40)),
    ] {
        assert_eq!(run["tags"][tag], value, "{tag}");
    }
    let mut files = in_folder("model", &model_files(&folder));
    files.insert("extra/Prüfung _1.png".into(), sha256_hex(b"a contact sheet"));
    assert_eq!(hashes(&run["files"]), files);
    let version = &found["versions"][0];
    assert_eq!((&version["run"], &version["status"]), (&run["id"], &"READY".into()));
    assert_eq!(version["tags"]["hairline.model_sha256"], sidecar.model_sha256.as_str());
    assert_eq!(found["aliases"]["challenger"], version["version"]);
    assert_eq!(hashes(&found["aliased"]["challenger"]), model_files(&folder));
    adding_scores(&server, &folder, files);
}

fn adding_scores(server: &Mlflow, folder: &TempDir, mut files: BTreeMap<String, String>) {
    let model = ["--model", "own.safetensors"];
    let evaluate = [&["evaluate", "--data", "walls", "--split", "val", "--json"][..], &model].concat();
    let report = hairline(folder, "", "x", &evaluate).stdout;
    fs_err::write(folder.path().join("walls.json"), &report).unwrap();
    fs_err::write(folder.path().join("sheet.png"), b"another sheet").unwrap();
    let add = ["tracking", "add", "--artifact", "sheet.png", "--scores", "walls=walls.json", "--model"];
    exits(&hairline(folder, server.uri(), "told", &[&add[..], &["own.safetensors"]].concat()), 0);
    let strange = exits(&hairline(folder, server.uri(), "told", &[&add[..], &["sheet.png"]].concat()), 2);
    assert!(strange.contains("sheet.png: no tracked training made this model"), "{strange}");

    let found = server.read("told", "told");
    let run = &found["runs"][0];
    let report: Value = serde_json::from_slice(&report).unwrap();
    for path in ["/micro/f1", "/mean_dice", "/tolerant/recall", "/images"] {
        let told = run["metrics"][format!("test/walls{path}")][0][1].as_f64().unwrap();
        let expected = report.pointer(path).and_then(Value::as_f64).unwrap();
        assert!((told - expected).abs() <= 1e-12 * expected.abs(), "{path}: {told} of {expected}");
    }
    assert_eq!(run["metrics"]["train_loss"].as_array().map(Vec::len), Some(2));
    files.insert("extra/sheet.png".into(), sha256_hex(b"another sheet"));
    assert_eq!(hashes(&run["files"]), files);
}

#[test]
#[ignore = "needs MLflow"]
fn what_cannot_be_sent_waits_and_killed_pushes_send_nothing_twice() {
    let folder = workplace(3, &[("epochs", "2"), ("crops_per_photo", "4"), ("batch", "4")]);
    let port = free_port();
    let uri = format!("http://127.0.0.1:{port}");
    let told = exits(&hairline(&folder, &uri, "waited", &TRAIN), 0);
    assert!(told.contains("cannot be reached") && told.contains("10 entries wait"), "{told}");
    let queue = waiting(&folder);
    assert_eq!(queue[..5], ["begin", "parameters", "epoch 1", "epoch 2", "best"]);
    assert_eq!(queue[8..], ["version", "finished"]);
    assert!(exits(&hairline(&folder, &uri, "waited", &["tracking", "push"]), 1).contains("0 sent, 10 wait"));
    let (sidecar, files) = (sidecar(&folder), model_files(&folder));
    for ending in ["safetensors", "json", "svg"] {
        // What was queued is sent, whatever becomes of the files.
        fs_err::write(folder.path().join(format!("own.{ending}")), b"another training").unwrap();
    }

    let server = Mlflow::shared();
    let gate = Gate::open(port, server.port());
    let calls = ["runs/create", "log-batch", "artifacts/", "model-versions/create", "models/alias", "runs/update"];
    for call in calls {
        gate.hold(call);
        let mut push = command(folder.path(), &uri, "waited", &["tracking", "push"]).spawn().unwrap();
        // The server has answered, and nobody will ever hear it.
        gate.wait_until_held();
        push.kill().unwrap();
        push.wait().unwrap();
        assert!(!waiting(&folder).is_empty(), "{call}");
    }
    gate.let_through();
    let mut push = command(folder.path(), &uri, "waited", &["tracking", "push"]);
    let told = exits(&push.env("MLFLOW_TRACKING_TOKEN", "a-secret").output().unwrap(), 0);
    assert!(told.contains(", 0 wait") && !told.contains("a-secret"), "{told}");
    assert!(gate.last_head().to_lowercase().contains("authorization: bearer a-secret"), "{}", gate.last_head());
    assert!(exits(&hairline(&folder, &uri, "waited", &["tracking", "push"]), 0).contains("0 sent, 0 wait"));
    assert!(!folder.path().join("feedback/outbox").read_dir().is_ok_and(|mut files| files.next().is_some()));

    let found = server.read("waited", "waited");
    let [run] = found["runs"].as_array().unwrap().as_slice() else { panic!("{found}") };
    assert_told(run, &sidecar);
    assert_eq!(hashes(&run["files"]), in_folder("model", &files));
    assert_eq!(found["versions"].as_array().map(Vec::len), Some(1));
    assert_eq!(hashes(&found["aliased"]["candidate"]), files);
}

#[test]
#[ignore = "needs MLflow"]
fn a_training_that_is_killed_and_resumed_is_one_run_and_gives_equal_bytes() {
    let server = Mlflow::shared();
    let folder = workplace(4, &[("epochs", "5"), ("batch", "4"), ("crops_per_photo", "4")]);
    let alone = workplace(4, &[("epochs", "5"), ("batch", "4"), ("crops_per_photo", "4")]);
    exits(&hairline(&alone, "", "x", &TRAIN), 0);
    assert!(!alone.path().join("feedback").exists(), "no server, no queue");

    let mut child = command(folder.path(), server.uri(), "resumed", &TRAIN).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("epoch 2/5")), "two epochs are told");
    child.kill().unwrap();
    child.wait().unwrap();
    let note = folder.path().join("own.safetensors.checkpoint.run");
    assert!(note.exists());
    exits(&hairline(&folder, server.uri(), "resumed", &[&TRAIN[..], &["--resume"]].concat()), 0);
    assert!(!note.exists());
    assert!(content(&alone, "own.safetensors") == content(&folder, "own.safetensors"), "tracking changes the model");

    let found = server.read("resumed", "resumed");
    let [run] = found["runs"].as_array().unwrap().as_slice() else { panic!("{found}") };
    let told: Vec<(u32, f64)> = serde_json::from_value(run["metrics"]["train_loss"].clone()).unwrap();
    let history = sidecar(&folder).history;
    assert_eq!(told, history.iter().map(|r| (r.epoch, short(r.train_loss))).collect::<Vec<_>>());
    assert_eq!((&run["status"], found["versions"].as_array().map(Vec::len)), (&"FINISHED".into(), Some(1)));
    assert_eq!(hashes(&run["files"]), in_folder("model", &model_files(&folder)));
}

#[test]
#[ignore = "needs MLflow"]
fn https_is_spoken_with_those_whose_authority_is_trusted() {
    let server = Mlflow::shared();
    let folder = workplace(2, &[("epochs", "1"), ("crops_per_photo", "2"), ("batch", "2")]);
    let authority = folder.path().join("authority.pem");
    let gate = TlsGate::open(server.port(), &authority);
    let told = exits(&hairline(&folder, &gate.uri, "secure", &TRAIN), 0);
    assert!(told.contains("cannot be reached") && told.contains("certificate"), "{told}");
    assert_eq!(server.read("secure", "secure")["runs"].as_array().map(Vec::len), Some(0));
    let mut push = command(folder.path(), &gate.uri, "secure", &["tracking", "push"]);
    exits(&push.env("MLFLOW_TRACKING_SERVER_CERT_PATH", authority).output().unwrap(), 0);
    let found = server.read("secure", "secure");
    assert_told(&found["runs"][0], &sidecar(&folder));
    assert_eq!(hashes(&found["aliased"]["candidate"]), model_files(&folder));
}

#[test]
fn wrong_settings_and_files_are_told_before_the_training() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("a.png"), b"a").unwrap();
    let cases: [(&str, &[&str], &str); 5] = [
        ("ftp://host", &[], "tracking.mlflow_uri must be http://HOST"),
        ("", &["--artifact", "missing.png"], "--artifact missing.png: there is no such file"),
        ("", &["--artifact", "a.png", "--artifact", "./a.png"], "another has the same name"),
        ("", &["--alias", "latest"], "--alias"),
        ("http://me:secret@host", &[], "credentials stand in the environment"),
    ];
    for (uri, more, expected) in cases {
        let told = exits(&hairline(&folder, uri, "x", &[&TRAIN[..], more].concat()), 2);
        assert!(told.contains(expected) && !told.contains("secret"), "{told}");
    }
}
