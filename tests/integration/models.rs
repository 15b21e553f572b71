//! `hairline models`: old checkpoints in, ONNX out, and what is told of models.
//!
//! `HAIRLINE_PYTHON` names an interpreter with the packages of `tests/requirements.txt`.

use std::path::Path;
use std::process::{Command, Output};

use hairline::net::{Model, ModelMetadata, npy, read_model, write_model};
use serde_json::Value;

use crate::support::BINARY;

const CHECKPOINT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/attention_unet_w2.pth");
const OPEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/open.safetensors");

fn hairline(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).current_dir(folder).output().unwrap()
}

#[track_caller]
fn answer(folder: &Path, arguments: &[&str]) -> String {
    let output = hairline(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn json(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&answer(folder, arguments)).unwrap()
}

#[track_caller]
fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let output = hairline(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn an_imported_checkpoint_is_listed_shown_and_used() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let import = ["models", "import", CHECKPOINT, "--name", "old", "--licence", "in-house"];
    let told = answer(folder, &import);
    assert_eq!(told, "models/old.safetensors: base width 2, input squeeze:128, threshold 0.5\n");
    assert!(refusal(folder, &import).contains("models/old.safetensors exists already"));

    let models = json(folder, &["models", "list", "--json"]);
    let old = models.as_array().unwrap().iter().find(|model| model["name"] == "old").unwrap();
    assert_eq!(old["metadata"]["input"]["scale"], "squeeze:128");
    assert_eq!((&old["active"], &old["file"]), (&Value::from(false), &Value::from("models/old.safetensors")));
    let shown = json(folder, &["models", "show", "old", "--json"]);
    assert_eq!((&shown["sha256"], &shown["metadata"]), (&old["sha256"], &old["metadata"]));
    assert_eq!(shown["scores"], Value::Null);
    let text = answer(folder, &["models", "show", "old"]);
    for line in ["licence      in-house", "trained on   not stated", "scores       not stated"] {
        assert!(text.contains(line), "{text}");
    }

    let photo = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/attention_unet_photo.png");
    let line = json(folder, &["predict", photo, "--model", "old", "--out", "results"]);
    assert_eq!((&line["model"], &line["width"], &line["has_crack"]), (&"old".into(), &160.into(), &true.into()));
}

#[test]
fn a_checkpoint_that_cannot_be_read_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let bytes = fs_err::read(CHECKPOINT).unwrap();
    fs_err::write(folder.join("half.pth"), &bytes[..bytes.len() / 2]).unwrap();
    for (file, expected) in [("half.pth", "half.pth: not a checkpoint"), ("none.pth", "none.pth")] {
        assert!(refusal(folder, &["models", "import", file]).contains(expected), "{file}");
    }
    assert!(!folder.join("models").exists());
}

#[test]
fn the_list_marks_the_model_in_use_and_tells_what_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let name = json(folder, &["models", "list", "--json"])[0]["name"].as_str().unwrap().to_owned();
    fs_err::create_dir(folder.join("models")).unwrap();
    fs_err::write(folder.join("models/torn.safetensors"), b"torn").unwrap();
    let text = answer(folder, &["models", "list"]);
    let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{text}"));
    assert!(line("torn").contains("not a safetensors file"), "{text}");
    assert!(line(&name).contains("in the binary"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with('*')).count(), 1, "{text}");
    assert!(refusal(folder, &["models", "show", "torn"]).contains("models/torn.safetensors: not a safetensors file"));
    assert!(refusal(folder, &["models", "show", "nobody"]).contains("there is no model `nobody`"));

    let shown = json(folder, &["models", "show", OPEN, "--json"]);
    assert_eq!(shown["scores"]["model_sha256"], shown["sha256"]);
    let text = answer(folder, &["models", "show", OPEN]);
    assert!(text.contains("scores       validation F1 0."), "{text}");
}

/// 0..1 values as a picture has them.
fn picture(shape: [usize; 4]) -> npy::Array {
    let [_, _, height, width] = shape;
    let value = |i: usize| {
        let (x, y) = (i % width, i / width % height);
        let crack = if x.abs_diff(y + y / 5 % 7) < 3 { 0.25 } else { 0.65 };
        (crack + (i * 31 % 97) as f32 / 500.0 + y as f32 / 1000.0).min(1.0)
    };
    npy::Array { shape, values: (0..shape.iter().product()).map(value).collect() }
}

fn normalised(picture: &npy::Array, metadata: &ModelMetadata) -> Vec<f32> {
    let [_, channels, height, width] = picture.shape;
    let spec = metadata.input;
    let values = picture.values.iter().enumerate();
    let normal = |(i, value): (usize, &f32)| {
        let c = i / (height * width) % channels;
        (value - spec.mean[c]) / spec.std[c]
    };
    values.map(normal).collect()
}

/// The three models that differ in what the graph must do: norms of the input, temperature, width.
fn models(folder: &Path) -> Vec<String> {
    let (mut metadata, parameters) = read_model(&fs_err::read(OPEN).unwrap()).unwrap();
    (metadata.temperature, metadata.name) = (1.7, "warm".into());
    metadata.input.mean = [0.4, 0.5, 0.55];
    fs_err::write(folder.join("warm.safetensors"), write_model(&metadata, &parameters).unwrap()).unwrap();
    answer(folder, &["models", "import", CHECKPOINT, "--out", "old.safetensors"]);
    vec![OPEN.into(), "warm.safetensors".into(), "old.safetensors".into()]
}

#[test]
#[ignore = "needs Python with the packages of tests/requirements.txt"]
fn onnx_runtime_answers_as_hairline_does() {
    let python = std::env::var_os("HAIRLINE_PYTHON").expect("HAIRLINE_PYTHON is set; tests/run does it");
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pictures = [picture([1, 3, 192, 320]), picture([2, 3, 128, 96])];
    for (i, picture) in pictures.iter().enumerate() {
        npy::write(&folder.join(format!("in{i}.npy")), picture).unwrap();
    }
    for file in models(folder) {
        answer(folder, &["models", "export", &file, "--onnx", "model.onnx"]);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/run_onnx.py");
        let files = ["model.onnx", "in0.npy", "out0.npy", "in1.npy", "out1.npy"];
        let output = Command::new(&python).arg(script).args(files).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let model = Model::load(&folder.join(&file)).unwrap();
        assert_described(&said, &model.metadata);
        for (i, picture) in pictures.iter().enumerate() {
            let [batch, _, height, width] = picture.shape;
            let expected = model.probabilities(&normalised(picture, &model.metadata), batch, height, width).unwrap();
            let found = npy::read(&folder.join(format!("out{i}.npy"))).unwrap();
            assert_eq!(found.shape, [batch, 1, height, width]);
            let worst = found.values.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let most = expected.iter().copied().fold(0.0, f32::max);
            println!("{file}, {batch}×{height}×{width}: largest difference {worst:.1e}, largest probability {most:.3}");
            assert!(worst <= 1e-4, "{file}, {batch}×{height}×{width}: {worst}");
        }
    }
}

fn assert_described(said: &Value, metadata: &ModelMetadata) {
    assert_eq!(said["input"], serde_json::json!(["batch", 3, "height", "width"]));
    assert_eq!(said["output"], serde_json::json!(["batch", 1, "height", "width"]));
    assert_eq!(said["opset"], serde_json::json!([["", 17]]));
    let property = |key: &str| said["properties"][key].as_str().unwrap();
    assert_eq!(serde_json::from_str::<ModelMetadata>(property("hairline")).unwrap(), *metadata);
    assert_eq!(
        (property("licence"), property("threshold")),
        (metadata.licence.as_str(), &*metadata.threshold.to_string())
    );
}
