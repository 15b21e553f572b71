use safetensors::SafeTensors;

use super::*;

const OPEN: &[u8] = include_bytes!("../../models/open.safetensors");
/// Inputs and logits computed by PyTorch with the same weights.
const CHECK: &[u8] = include_bytes!("../../tests/data/forward-check.safetensors");

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let (at, worst) = differences.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    assert!(worst <= tolerance, "worst at {at}: {} instead of {}", found[at], expected[at]);
}

/// A model of width 8 whose weights are a fixed pattern.
pub fn small_model(edit: impl FnOnce(&mut ModelMetadata, &mut StateDict)) -> Vec<u8> {
    let mut state = StateDict::default();
    for (name, shape) in (Architecture { base_width: 8 }).tensors() {
        let count: usize = shape.iter().product();
        let offset = if name.ends_with("running_var") { 1.0 } else { 0.0 };
        let data = (0..count).map(|i| offset + ((i * 37 + name.len() * 11) % 19) as f32 / 40.0 - 0.2).collect();
        state.insert(name, Tensor { shape, data });
    }
    let (mut metadata, _) = read_model(OPEN).unwrap();
    (metadata.base_width, metadata.core, metadata.temperature) = (8, 0.0, 1.0);
    edit(&mut metadata, &mut state);
    write_model(&metadata, &state).unwrap()
}

#[test]
fn logits_equal_those_of_pytorch() {
    let model = Model::from_bytes(OPEN).unwrap();
    let check = SafeTensors::deserialize(CHECK).unwrap();
    let input = floats(check.tensor("input").unwrap().data());
    let expected = floats(check.tensor("logits").unwrap().data());
    assert_close(&model.logits(&input, 2, 48, 64).unwrap(), &expected, 1e-4);
}

#[test]
fn a_drawn_crack_gives_the_logits_of_pytorch() {
    let model = Model::from_bytes(OPEN).unwrap();
    let check = SafeTensors::deserialize(CHECK).unwrap();
    let rgb = check.tensor("drawn_rgb").unwrap();
    let input: Vec<f32> = rgb.data().iter().map(|&v| (f32::from(v) / 255.0 - 0.5) / 0.25).collect();
    let expected = floats(check.tensor("drawn_logits").unwrap().data());
    assert_close(&model.logits(&input, 1, 192, 320).unwrap(), &expected, 1e-4);
}

#[test]
fn kernels_and_candle_agree() {
    let bytes = small_model(|_, _| {});
    let (metadata, state) = read_model(&bytes).unwrap();
    let graph = AttentionUNet::from_state(Architecture { base_width: metadata.base_width }, &state).unwrap();
    let input: Vec<f32> = (0..2 * 3 * 32 * 48).map(|i| (i * 31 % 97) as f32 / 50.0 - 1.0).collect();
    let tensor = CandleTensor::from_slice(&input, (2, 3, 32, 48), &Device::Cpu).unwrap();
    let expected: Vec<f32> = graph.forward(&tensor).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    let found = Model::from_bytes(&bytes).unwrap().logits(&input, 2, 32, 48).unwrap();
    assert_close(&found, &expected, 1e-3);
}

fn without(state: &StateDict, name: &str) -> StateDict {
    let mut rest = StateDict::default();
    state.iter().filter(|(n, _)| *n != name).for_each(|(n, tensor)| rest.insert(n, tensor.clone()));
    rest
}

#[test]
fn writing_is_reproducible_and_reads_back() {
    let bytes = small_model(|_, _| {});
    assert_eq!(bytes, small_model(|_, _| {}));
    let (metadata, parameters) = read_model(&bytes).unwrap();
    assert_eq!(metadata.parameters_sha256, parameters_sha256(&bytes).unwrap());
    assert_eq!(write_model(&metadata, &parameters).unwrap(), bytes);
}

#[test]
fn wrong_files_are_refused_by_the_first_thing_that_is_wrong() {
    let damaged = {
        let mut bytes = OPEN.to_vec();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        bytes
    };
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"text".to_vec(), "safetensors"),
        (OPEN[..OPEN.len() / 2].to_vec(), "safetensors"),
        (damaged, "SHA-256"),
        (CHECK.to_vec(), "`hairline` is missing"),
        (small_model(|m, _| m.format = 2), "format is 2"),
        (small_model(|m, _| m.architecture = "vgg".into()), "`vgg`"),
        (small_model(|m, _| m.threshold = 1.5), "threshold 1.5"),
        (small_model(|m, _| m.input.std[1] = 0.0), "input.std"),
        (small_model(|m, _| m.base_width = 4), "their base width is 8"),
        (small_model(|_, s| *s = without(s, "Att3.psi.0.bias")), "Att3.psi.0.bias is missing"),
        (small_model(|_, s| s.insert("Up5.bias", Tensor { shape: vec![64], data: vec![f32::NAN; 64] })), "Up5.bias"),
        (
            small_model(|_, s| s.insert("Up5.bias", Tensor { shape: vec![1], data: vec![0.0] })),
            "Up5.bias has the shape",
        ),
        (
            small_model(|_, s| s.insert("Conv6.bias", Tensor { shape: vec![1], data: vec![0.0] })),
            "Conv6.bias does not belong",
        ),
    ];
    for (bytes, expected) in cases {
        let error = Model::from_bytes(&bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "`{error}` does not say `{expected}`");
    }
}

#[test]
fn input_scales_round_trip() {
    for text in ["native", "squeeze:128"] {
        assert_eq!(text.parse::<InputScale>().unwrap().to_string(), text);
    }
    for text in ["", "squeeze", "squeeze:0", "squeeze:100", "Native"] {
        assert!(text.parse::<InputScale>().is_err(), "{text}");
    }
}
