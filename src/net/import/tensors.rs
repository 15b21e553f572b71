//! Which tensors a checkpoint names, and where their values stand.

use std::collections::BTreeMap;

use super::ImportError;
use super::pickle::{Id, Pickle, Value};

/// Keys under which trainings keep the state dict.
const STATE_DICT_KEYS: [&str; 2] = ["model_state_dict", "state_dict"];
/// Keys that a message lists at most.
const LISTED: usize = 8;

/// Format of a stored number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    F16,
    Bf16,
    F32,
    F64,
    /// Any other kind, by PyTorch's name, with which a network cannot compute.
    Unusable,
}

impl Number {
    fn of_storage(class: &str) -> Self {
        match class {
            "torch.HalfStorage" => Self::F16,
            "torch.BFloat16Storage" => Self::Bf16,
            "torch.FloatStorage" => Self::F32,
            "torch.DoubleStorage" => Self::F64,
            _ => Self::Unusable,
        }
    }

    /// Bytes of a number.
    pub fn bytes(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 | Self::Unusable => 8,
        }
    }
}

/// A view into a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTensor {
    pub number: Number,
    /// Name of the storage in the file.
    pub storage: String,
    /// Position of the first value in the storage.
    pub offset: usize,
    pub shape: Vec<usize>,
    /// Values from one to the next along each axis.
    pub stride: Vec<usize>,
}

impl StoredTensor {
    /// Bytes that the values take, each counted once.
    pub fn value_bytes(&self) -> u64 {
        let count = self.shape.iter().fold(1u64, |count, &side| count.saturating_mul(side as u64));
        count.saturating_mul(self.number.bytes() as u64)
    }
}

/// The tensors of the state dict.
pub fn stored(pickle: &Pickle) -> Result<BTreeMap<String, StoredTensor>, ImportError> {
    let root = dict(pickle, pickle.root()).ok_or_else(|| ImportError::NoStateDict("no names".into()))?;
    let inner = STATE_DICT_KEYS.iter().find_map(|key| dict(pickle, *root.get(key)?));
    let state = inner.unwrap_or(root);
    let mut tensors = BTreeMap::new();
    for (name, id) in &state {
        if let Some(tensor) = tensor(pickle, *id) {
            tensors.insert((*name).to_owned(), tensor);
        }
    }
    if tensors.is_empty() {
        let mut keys: Vec<String> = state.keys().take(LISTED).map(|key| format!("`{key}`")).collect();
        if state.len() > LISTED {
            keys.push("…".into());
        }
        return Err(ImportError::NoStateDict(if keys.is_empty() { "no names".into() } else { keys.join(", ") }));
    }
    Ok(tensors)
}

/// The entries of a dict whose keys are texts.
fn dict(pickle: &Pickle, id: Id) -> Option<BTreeMap<&str, Id>> {
    let Value::Dict(pairs) = pickle.value(id) else { return None };
    Some(pairs.iter().filter_map(|&(key, value)| Some((text(pickle, key)?, value))).collect())
}

/// What `_rebuild_tensor_v2(storage, offset, shape, stride, …)` would make, or a parameter of it.
fn tensor(pickle: &Pickle, id: Id) -> Option<StoredTensor> {
    let (mut callable, mut arguments) = call(pickle, id)?;
    if callable == "torch._utils._rebuild_parameter" {
        (callable, arguments) = call(pickle, *arguments.first()?)?;
    }
    let [storage, offset, shape, stride, ..] = *arguments else { return None };
    if callable != "torch._utils._rebuild_tensor_v2" {
        return None;
    }
    let Value::Persistent(storage) = pickle.value(storage) else { return None };
    // ('storage', class, key, device, count of values)
    let [_, class, key, ..] = *sequence(pickle, *storage)? else { return None };
    let Value::Global(class) = pickle.value(class) else { return None };
    let tensor = StoredTensor {
        number: Number::of_storage(class),
        storage: text(pickle, key)?.to_owned(),
        offset: size(pickle, offset)?,
        shape: sizes(pickle, shape)?,
        stride: sizes(pickle, stride)?,
    };
    (tensor.shape.len() == tensor.stride.len()).then_some(tensor)
}

fn call(pickle: &Pickle, id: Id) -> Option<(&str, &[Id])> {
    let Value::Call(callable, arguments) = pickle.value(id) else { return None };
    let Value::Global(name) = pickle.value(*callable) else { return None };
    Some((name, sequence(pickle, *arguments)?))
}

fn sequence(pickle: &Pickle, id: Id) -> Option<&[Id]> {
    let Value::Sequence(items) = pickle.value(id) else { return None };
    Some(items)
}

fn text(pickle: &Pickle, id: Id) -> Option<&str> {
    let Value::Text(text) = pickle.value(id) else { return None };
    Some(text)
}

fn size(pickle: &Pickle, id: Id) -> Option<usize> {
    let Value::Int(number) = pickle.value(id) else { return None };
    usize::try_from(*number).ok()
}

fn sizes(pickle: &Pickle, id: Id) -> Option<Vec<usize>> {
    sequence(pickle, id)?.iter().map(|id| size(pickle, *id)).collect()
}
