use std::io::{Cursor, Write};

use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::net::{Model, npy, write_model};

/// A checkpoint that `torch.save` wrote, see `tests/fixtures/make_attention_unet_pth.py`.
const FIXTURE: &[u8] = include_bytes!("../../../tests/fixtures/attention_unet_w2.pth");
/// What its network saw.
const SQUEEZED: &[u8] = include_bytes!("../../../tests/fixtures/attention_unet_squeezed.png");
/// What PyTorch answered.
const LOGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/attention_unet_w2.logits.npy");

fn import(bytes: &[u8]) -> Result<(ModelMetadata, StateDict), ImportError> {
    from_reader(Cursor::new(bytes), "old", "own photographs")
}

/// A tensor as a checkpoint holds it.
#[derive(Clone)]
struct Saved {
    storage: &'static str,
    raw: Vec<u8>,
    offset: usize,
    shape: Vec<usize>,
    stride: Vec<usize>,
}

impl Saved {
    fn new(tensor: &Tensor) -> Self {
        let raw = tensor.data.iter().flat_map(|v| v.to_le_bytes()).collect();
        let mut stride = vec![1; tensor.shape.len()];
        (1..stride.len()).rev().for_each(|i| stride[i - 1] = stride[i] * tensor.shape[i]);
        Self { storage: "FloatStorage", raw, offset: 0, shape: tensor.shape.clone(), stride }
    }

    fn pickled(&self, key: usize, out: &mut Vec<u8>) {
        out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(out, "storage");
        out.extend(format!("ctorch\n{}\n", self.storage).bytes());
        text(out, &key.to_string());
        text(out, "cpu");
        number(out, self.raw.len() / 4);
        out.extend(b"tQ");
        number(out, self.offset);
        for sizes in [&self.shape, &self.stride] {
            out.push(b'(');
            sizes.iter().for_each(|&size| number(out, size));
            out.push(b't');
        }
        out.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.bytes());
}

fn number(out: &mut Vec<u8>, number: usize) {
    out.push(b'J');
    out.extend((number as i32).to_le_bytes());
}

fn archive<'a>(parts: impl IntoIterator<Item = (String, &'a [u8])>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in parts {
        zip.start_file(name, stored).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// What `torch.save` would write of a bare state dict.
fn bare(tensors: &[(String, Saved)]) -> Vec<u8> {
    let mut pickle = b"\x80\x02ccollections\nOrderedDict\n)R(".to_vec();
    for (key, (name, tensor)) in tensors.iter().enumerate() {
        text(&mut pickle, name);
        tensor.pickled(key, &mut pickle);
    }
    pickle.extend(b"u.");
    let storages = tensors.iter().enumerate().map(|(key, (_, t))| (format!("x/data/{key}"), t.raw.as_slice()));
    archive(std::iter::once(("x/data.pkl".into(), pickle.as_slice())).chain(storages))
}

/// The fixture's tensors, one of them changed.
fn saved(name: &str, edit: impl FnOnce(&mut Saved)) -> Vec<(String, Saved)> {
    let (_, state) = import(FIXTURE).unwrap();
    let mut tensors: Vec<_> = state.iter().map(|(name, tensor)| (name.to_owned(), Saved::new(tensor))).collect();
    edit(&mut tensors.iter_mut().find(|(known, _)| known == name).unwrap().1);
    tensors
}

#[test]
fn an_old_checkpoint_answers_as_pytorch_does() {
    let (metadata, state) = import(FIXTURE).unwrap();
    assert_eq!((metadata.base_width, metadata.threshold, metadata.temperature), (2, 0.5, 1.0));
    let (mean, scale, std) = (metadata.input.mean, metadata.input.scale, metadata.input.std);
    assert_eq!((mean, scale, std), ([0.0; 3], InputScale::Squeeze(128), [1.0; 3]));
    assert_eq!((metadata.name.as_str(), metadata.licence.as_str()), ("old", "own photographs"));

    let model = Model::from_bytes(&write_model(&metadata, &state).unwrap()).unwrap();
    let picture = image::load_from_memory(SQUEEZED).unwrap().to_rgb8();
    let channel = |c: usize| picture.pixels().map(move |pixel| f32::from(pixel[c]) / 255.0);
    let input: Vec<f32> = (0..3).flat_map(channel).collect();
    let logits = model.logits(&input, 1, 128, 128).unwrap();
    let expected = npy::read(LOGITS.as_ref()).unwrap();
    assert_eq!(expected.shape, [1, 1, 128, 128]);
    let worst = logits.iter().zip(&expected.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= 1e-4 && expected.values.iter().any(|v| *v > 0.5), "{worst}");
}

#[test]
fn other_ways_to_save_a_state_dict_give_the_same() {
    let (_, state) = import(FIXTURE).unwrap();
    let as_is = saved("Up5.weight", |_| {});
    assert_eq!(import(&bare(&as_is)).unwrap().1, state);

    let parallel: Vec<_> = as_is.iter().map(|(name, tensor)| (format!("module.{name}"), tensor.clone())).collect();
    assert_eq!(import(&bare(&parallel)).unwrap().1, state);

    let values = |raw: &[u8]| -> Vec<f32> { raw.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect() };
    let double = saved("Up5.weight", |t| {
        t.raw = values(&t.raw).iter().flat_map(|&v| f64::from(v).to_le_bytes()).collect();
        t.storage = "DoubleStorage";
    });
    assert_eq!(import(&bare(&double)).unwrap().1, state);

    // Channels last: the values of a pixel stand together; and two values of something else before them.
    let strided = saved("Conv5.conv.3.weight", |t| {
        let [outputs, inputs] = [t.shape[0], t.shape[1]];
        let old = values(&t.raw);
        let at = |o: usize, i: usize, tap: usize| old[(o * inputs + i) * 9 + tap];
        let new = (0..outputs * inputs * 9).map(|k| at(k / (inputs * 9), k % inputs, k / inputs % 9));
        t.raw = [7.0, 7.0].into_iter().chain(new).flat_map(f32::to_le_bytes).collect();
        (t.offset, t.stride) = (2, vec![9 * inputs, 1, 3 * inputs, inputs]);
    });
    assert_eq!(import(&bare(&strided)).unwrap().1, state);
}

#[test]
fn sixteen_bit_numbers_are_widened() {
    let half = |bits: u16, storage| {
        saved("Conv_1x1.bias", move |t| {
            t.raw = bits.to_le_bytes().to_vec();
            t.storage = storage;
        })
    };
    for tensors in [half(0x3e00, "HalfStorage"), half(0x3fc0, "BFloat16Storage")] {
        assert_eq!(import(&bare(&tensors)).unwrap().1.get("Conv_1x1.bias").unwrap().data, [1.5]);
    }
}

#[test]
fn wrong_checkpoints_are_refused_by_the_first_thing_that_is_wrong() {
    let with = |name: &str, edit: fn(&mut Saved)| bare(&saved(name, edit));
    let without = |name: &str| {
        let mut tensors = saved(name, |_| {});
        tensors.retain(|(known, _)| known != name);
        bare(&tensors)
    };
    let mut extra = saved("Up5.bias", |_| {});
    extra.push(("Up6.bias".into(), extra[0].1.clone()));
    let pickle_only = |pickle: &[u8]| archive([("x/data.pkl".to_owned(), pickle)]);
    let big_endian = archive([("x/data.pkl".to_owned(), &b"}."[..]), ("x/byteorder".to_owned(), b"big")]);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"no checkpoint".to_vec(), "not a checkpoint that `torch.save` wrote"),
        (FIXTURE[..FIXTURE.len() / 2].to_vec(), "not a checkpoint that `torch.save` wrote"),
        (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.".to_vec(), "before 1.6"),
        (archive([("x/version".to_owned(), &b"3"[..])]), "data.pkl in the checkpoint: is missing"),
        (big_endian, "byteorder in the checkpoint: `big`"),
        (pickle_only(b"\x80\x02}"), "data.pkl in the checkpoint: it ends in the middle"),
        (pickle_only(b"\x80\x02c__main__\nAttentionUNet\n)R."), "`__main__.AttentionUNet`"),
        (pickle_only(b"\x80\x02}X\x05\x00\x00\x00epochK\x03s."), "none under `model_state_dict`; it has `epoch`"),
        (pickle_only(b"K\x03."), "it has no names"),
        (without("Conv1.conv.0.bias"), "tensor Conv1.conv.0.bias is missing"),
        (without("Att4.psi.1.bias"), "tensor Att4.psi.1.bias is missing"),
        (bare(&extra), "Up6.bias does not belong"),
        (with("Up3.weight", |t| t.shape[0] = 4), "Up3.weight has the shape [4, 4, 2, 2], not [8, 4, 2, 2]"),
        (with("Up3.weight", |t| t.raw.truncate(400)), "Up3.weight reaches beyond the 400 bytes of data/"),
        (with("Up3.weight", |t| t.offset = 1 << 30), "Up3.weight reaches beyond"),
        (with("Up3.weight", |t| t.storage = "IntStorage"), "Up3.weight holds numbers that are not f16"),
        (with("Up3.bias", |t| t.raw[3] = 0x7f), "Up3.bias holds a value that is not finite"),
        (with("Conv1.conv.0.bias", |t| t.shape[0] = 3), "base_width 3 is not an even number"),
        (with("Conv1.conv.0.bias", |t| t.shape[0] = 1 << 30), "base_width 1073741824 is not"),
        (with("Conv1.conv.0.bias", |t| t.shape = Vec::new()), "tensor Conv1.conv.0.bias is missing"),
    ];
    for (bytes, expected) in cases {
        let error = import(&bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "`{error}` does not say `{expected}`");
    }
}

#[test]
fn a_small_file_cannot_fill_the_memory() {
    // All tensors of the widest network, each one value over and over: 8 GB of 100 kB.
    let one = |shape: Vec<usize>| Saved {
        storage: "FloatStorage",
        raw: vec![0; 4],
        offset: 0,
        stride: vec![0; shape.len()],
        shape,
    };
    let tensors = (Architecture { base_width: 512 }).tensors().into_iter().map(|(name, shape)| (name, one(shape)));
    let error = import(&bare(&tensors.collect::<Vec<_>>())).unwrap_err().to_string();
    assert!(error.contains("tensors share their values"), "{error}");
}

#[test]
fn what_is_damaged_or_hostile_is_refused_and_not_run() {
    let mut damaged = FIXTURE.to_vec();
    let (_, state) = import(FIXTURE).unwrap();
    let raw: Vec<u8> =
        state.get("UpConv4.conv.0.weight").unwrap().data[..16].iter().flat_map(|v| v.to_le_bytes()).collect();
    let at = damaged.windows(raw.len()).position(|window| window == raw).unwrap();
    damaged[at] ^= 1;
    let error = import(&damaged).unwrap_err().to_string();
    assert!(error.contains("UpConv4.conv.0.weight") && error.contains("checksum"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let touched = folder.path().join("touched");
    let mut pickle = b"\x80\x02}".to_vec();
    text(&mut pickle, "model_state_dict");
    pickle.extend(b"cposix\nsystem\n");
    text(&mut pickle, &format!("touch {}", touched.display()));
    pickle.extend(b"\x85Rs.");
    let error = import(&archive([("x/data.pkl".to_owned(), pickle.as_slice())])).unwrap_err().to_string();
    assert!(error.contains("`posix.system`, which is not run here"), "{error}");
    assert!(!touched.exists());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(import(&bytes).is_err());
        prop_assert!(import(&archive([("x/data.pkl".to_owned(), bytes.as_slice())])).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_checkpoint_with_changed_bytes_never_panics(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = FIXTURE.to_vec();
        // The beginning names the tensors, the end is the list of parts.
        let (start, end) = (29_372, bytes.len() - 18_500);
        for (at, value) in changes {
            let at = at.index(bytes.len() - (end - start));
            bytes[if at < start { at } else { at + end - start }] = value;
        }
        let _ = import(&bytes);
    }
}
