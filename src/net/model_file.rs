//! Model files: safetensors with one metadata key, checked as a whole on reading.

use std::collections::{BTreeMap, HashMap};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest, Sha256};

use super::attention_unet::parameter_shapes;
use super::metadata::ModelMetadata;
use crate::digest::hex;

/// The metadata key. There is only one, because the writer does not keep the order of several.
const KEY: &str = "hairline";

/// One parameter of the network.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Extents, outermost first.
    pub shape: Vec<usize>,
    /// Values, innermost extent contiguous.
    pub values: Vec<f32>,
}

/// All parameters by name.
pub type Parameters = BTreeMap<String, Parameter>;

/// Why a file is not a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Not safetensors.
    #[error("not a safetensors file: {0}")]
    Container(#[from] safetensors::SafeTensorError),
    /// The metadata is absent or wrong.
    #[error("model metadata: {0}")]
    Metadata(String),
    /// The parameters are not those of the network.
    #[error("model parameters: {0}")]
    Parameters(String),
    /// Candle refuses the parameters.
    #[error("model parameters: {0}")]
    Network(#[from] candle_core::Error),
}

/// Reads and checks a model file.
///
/// # Errors
/// Names the first thing that is wrong.
pub fn read_model(bytes: &[u8]) -> Result<(ModelMetadata, Parameters), ModelFileError> {
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let json = header.metadata().as_ref().and_then(|map| map.get(KEY));
    let json = json.ok_or_else(|| ModelFileError::Metadata(format!("the key `{KEY}` is missing")))?;
    let metadata: ModelMetadata = serde_json::from_str(json).map_err(|e| ModelFileError::Metadata(e.to_string()))?;
    metadata.validate().map_err(ModelFileError::Metadata)?;
    let tensors = SafeTensors::deserialize(bytes)?;
    check_hash(&metadata, &tensors)?;
    let parameters = read_parameters(&tensors, metadata.base_width)?;
    Ok((metadata, parameters))
}

/// Writes a model file; equal arguments give equal bytes.
///
/// # Errors
/// If the parameters cannot be written.
pub fn write_model(metadata: &ModelMetadata, parameters: &Parameters) -> Result<Vec<u8>, ModelFileError> {
    let raw: Vec<(&String, &Parameter, Vec<u8>)> =
        parameters.iter().map(|(name, p)| (name, p, p.values.iter().flat_map(|v| v.to_le_bytes()).collect())).collect();
    let views = raw
        .iter()
        .map(|(name, p, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, p.shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, ModelFileError>>()?;
    let hash = hash_tensors(views.iter().map(|(name, view)| (*name, view)));
    let metadata = ModelMetadata { parameters_sha256: hash, ..metadata.clone() };
    let json = serde_json::to_string(&metadata).map_err(|e| ModelFileError::Metadata(e.to_string()))?;
    let header = HashMap::from([(KEY.to_owned(), json)]);
    Ok(safetensors::serialize(views, Some(header))?)
}

/// SHA-256 over all parameters of a file in the order of their names: name,
/// type and shape (`x`-separated), a line each, then the little-endian bytes.
///
/// # Errors
/// If `bytes` is not safetensors.
pub fn parameters_sha256(bytes: &[u8]) -> Result<String, ModelFileError> {
    Ok(hash_of(&SafeTensors::deserialize(bytes)?))
}

fn hash_of(tensors: &SafeTensors) -> String {
    let mut all = tensors.tensors();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    hash_tensors(all.iter().map(|(name, view)| (name.as_str(), view)))
}

fn hash_tensors<'a>(tensors: impl Iterator<Item = (&'a str, &'a TensorView<'a>)>) -> String {
    let mut hash = Sha256::new();
    for (name, view) in tensors {
        let shape: Vec<String> = view.shape().iter().map(ToString::to_string).collect();
        hash.update(format!("{name}\n{:?}\n{}\n", view.dtype(), shape.join("x")));
        hash.update(view.data());
    }
    hex(&hash.finalize())
}

fn check_hash(metadata: &ModelMetadata, tensors: &SafeTensors) -> Result<(), ModelFileError> {
    let said = &metadata.parameters_sha256;
    let found = hash_of(tensors);
    if said.is_empty() || *said == found {
        return Ok(());
    }
    Err(ModelFileError::Parameters(format!(
        "their SHA-256 is {found}, but the metadata says {said}: the file is damaged"
    )))
}

fn read_parameters(tensors: &SafeTensors, base_width: usize) -> Result<Parameters, ModelFileError> {
    let wrong = ModelFileError::Parameters;
    let shapes = parameter_shapes(base_width);
    let mut parameters = Parameters::new();
    for (name, shape) in shapes {
        let view = tensors.tensor(&name).map_err(|_| wrong(format!("`{name}` is missing")))?;
        if view.shape() != shape {
            return Err(wrong(format!(
                "`{name}` has shape {:?}; base width {base_width} wants {shape:?}",
                view.shape()
            )));
        }
        let values =
            to_f32(&view).ok_or_else(|| wrong(format!("`{name}` is {:?}; F32 or F16 is read", view.dtype())))?;
        if !values.iter().all(|v| v.is_finite()) {
            return Err(wrong(format!("`{name}` holds a value that is not finite")));
        }
        parameters.insert(name, Parameter { shape, values });
    }
    let extra =
        tensors.names().into_iter().find(|n| !parameters.contains_key(*n) && !n.ends_with("num_batches_tracked"));
    extra.map_or(Ok(parameters), |name| Err(wrong(format!("`{name}` does not belong to this network"))))
}

fn to_f32(view: &TensorView) -> Option<Vec<f32>> {
    let bytes = view.data();
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other types are refused")]
    match view.dtype() {
        Dtype::F32 => Some(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()),
        Dtype::F16 => Some(bytes.chunks_exact(2).map(|b| half::f16::from_le_bytes([b[0], b[1]]).to_f32()).collect()),
        _ => None,
    }
}
