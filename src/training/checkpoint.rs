//! Checkpoints: safetensors with every vector of a training, and one metadata key of JSON.

use std::collections::HashMap;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TrainError;
use super::files::write_whole;
use super::learner::State;
use super::params::TrainParams;
use super::record::Log;

const KEY: &str = "hairline-checkpoint";

/// What must be equal for a training to go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Hyper-parameters.
    pub params: TrainParams,
    /// SHA-256 over all photographs and masks.
    pub data_sha256: String,
    /// SHA-256 of the model file that it began with.
    pub init_sha256: Option<String>,
}

#[derive(Serialize)]
struct NewHeader<'a> {
    identity: &'a Identity,
    log: &'a Log,
}

#[derive(Deserialize)]
struct Header {
    identity: Value,
    log: Log,
}

/// Writes a checkpoint as a whole.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, identity: &Identity, state: &mut State) -> Result<(), TrainError> {
    let json = serde_json::to_string(&NewHeader { identity, log: &state.log })?;
    let raw: Vec<(&str, Vec<u8>)> = vectors(state)
        .into_iter()
        .map(|(name, values)| (name, values.iter().flat_map(|v| v.to_le_bytes()).collect()))
        .collect();
    let views = raw.iter().map(|(name, bytes)| Ok((*name, TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes)?)));
    let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
    let bytes = views.and_then(|views| safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), json)]))));
    Ok(write_whole(path, &bytes.map_err(|e| wrong(path, e.to_string()))?)?)
}

/// Reads a checkpoint into `state`, whose vectors have the right lengths.
///
/// # Errors
/// If it cannot be read, is damaged, or belongs to another training.
pub fn read(path: &Path, identity: &Identity, state: &mut State) -> Result<(), TrainError> {
    let bytes = fs_err::read(path)?;
    let damaged = |e: safetensors::SafeTensorError| wrong(path, format!("not a checkpoint: {e}"));
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
    let json = header.metadata().as_ref().and_then(|map| map.get(KEY));
    let json = json.ok_or_else(|| wrong(path, format!("not a checkpoint: the key `{KEY}` is missing")))?;
    let Header { identity: was, log } = serde_json::from_str(json)?;
    // Through text as well, so that both numbers were read by the same parser.
    let is: Value = serde_json::from_str(&serde_json::to_string(identity)?)?;
    if let Some(difference) = difference(&was, &is) {
        return Err(wrong(path, format!("it belongs to another training: {difference}")));
    }
    let tensors = SafeTensors::deserialize(&bytes).map_err(damaged)?;
    for (name, values) in vectors(state) {
        let tensor = tensors.tensor(name).map_err(damaged)?;
        if tensor.data().len() != values.len() * 4 {
            return Err(wrong(path, format!("{name} has {} bytes, not {}", tensor.data().len(), values.len() * 4)));
        }
        for (value, &bytes) in values.iter_mut().zip(tensor.data().as_chunks::<4>().0) {
            *value = f32::from_le_bytes(bytes);
        }
    }
    state.log = log;
    Ok(())
}

/// Every vector of a training by name.
fn vectors(state: &mut State) -> [(&'static str, &mut Vec<f32>); 11] {
    let State { current, average, best, optimiser, log: _ } = state;
    [
        ("parameters", &mut current.parameters),
        ("statistics.mean", &mut current.statistics.mean),
        ("statistics.variance", &mut current.statistics.variance),
        ("moments.first", &mut optimiser.first),
        ("moments.second", &mut optimiser.second),
        ("average.parameters", &mut average.parameters),
        ("average.statistics.mean", &mut average.statistics.mean),
        ("average.statistics.variance", &mut average.statistics.variance),
        ("best.parameters", &mut best.parameters),
        ("best.statistics.mean", &mut best.statistics.mean),
        ("best.statistics.variance", &mut best.statistics.variance),
    ]
}

/// The first thing that differs, in words.
fn difference(was: &Value, is: &Value) -> Option<String> {
    let parts = |value: &Value| {
        let mut parts = value.as_object().cloned().unwrap_or_default();
        if let Some(Value::Object(params)) = parts.remove("params") {
            parts.extend(params);
        }
        parts
    };
    let (was, is) = (parts(was), parts(is));
    let keys = was.keys().chain(is.keys());
    let key = keys.into_iter().find(|key| was.get(*key) != is.get(*key))?;
    let text = |value: Option<&Value>| value.map_or_else(|| "absent".to_owned(), Value::to_string);
    Some(format!("{key} was {} and is {}", text(was.get(key)), text(is.get(key))))
}

fn wrong(path: &Path, problem: String) -> TrainError {
    TrainError::Checkpoint { path: path.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::optimiser::AdamW;
    use crate::training::weights::Weights;

    fn state(value: f32) -> State {
        let mut weights = Weights { parameters: vec![value; 5], ..Weights::default() };
        (weights.statistics.mean, weights.statistics.variance) = (vec![value + 1.0; 2], vec![value + 2.0; 2]);
        let optimiser = AdamW { first: vec![value; 5], second: vec![value * 0.1; 5] };
        State { current: weights.clone(), average: weights.clone(), best: weights, optimiser, log: Log::default() }
    }

    #[test]
    fn a_checkpoint_gives_back_everything_but_only_to_its_own_training() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.checkpoint");
        let params =
            TrainParams { learning_rate: 0.1 + 0.2, ..TrainParams::parse(None, crate::training::RECIPE).unwrap() };
        let identity = Identity { params, data_sha256: "d".into(), init_sha256: None };
        let mut written = state(0.3);
        written.log = Log { steps: 7, history: Vec::new(), best: None };
        assert!(read(&path, &identity, &mut state(0.0)).unwrap_err().to_string().contains("m.checkpoint"));
        write(&path, &identity, &mut written).unwrap();
        let mut back = state(0.0);
        read(&path, &identity, &mut back).unwrap();
        assert!(back == written);
        let mut other = identity.clone();
        other.params.batch = 4;
        let message = read(&path, &other, &mut back).unwrap_err().to_string();
        assert!(message.ends_with("another training: batch was 8 and is 4"), "{message}");
        let other = Identity { init_sha256: Some("i".into()), ..identity };
        let message = read(&path, &other, &mut back).unwrap_err().to_string();
        assert!(message.ends_with("init_sha256 was null and is \"i\""), "{message}");
        fs_err::write(&path, b"nothing").unwrap();
        assert!(read(&path, &other, &mut back).unwrap_err().to_string().contains("not a checkpoint"));
    }
}
