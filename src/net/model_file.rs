//! Model files: safetensors with one metadata key, checked as a whole on reading.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest, Sha256};

use super::metadata::ModelMetadata;
use super::state::{StateDict, StateError};
use crate::digest::hex;

/// The metadata key. There is only one, because the writer does not keep the order of several.
const KEY: &str = "hairline";

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
    /// A parameter is missing or has another shape.
    #[error("model parameters: {0}")]
    State(#[from] StateError),
    /// `HAIRLINE_ISA` asks for what this processor lacks.
    #[error(transparent)]
    Isa(#[from] hairline_kernel::isa::IsaError),
    /// The network cannot be built.
    #[error("model parameters: {0}")]
    Network(#[from] candle_core::Error),
}

/// Reads and checks a model file.
///
/// # Errors
/// Names the first thing that is wrong.
pub fn read_model(bytes: &[u8]) -> Result<(ModelMetadata, StateDict), ModelFileError> {
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let json = header.metadata().as_ref().and_then(|map| map.get(KEY));
    let json = json.ok_or_else(|| ModelFileError::Metadata(format!("the key `{KEY}` is missing")))?;
    let metadata: ModelMetadata = serde_json::from_str(json).map_err(|e| ModelFileError::Metadata(e.to_string()))?;
    metadata.validate().map_err(ModelFileError::Metadata)?;
    check_hash(&metadata, &SafeTensors::deserialize(bytes)?)?;
    let parameters = StateDict::from_safetensors(bytes)?;
    check_parameters(&metadata, &parameters)?;
    Ok((metadata, parameters))
}

/// Writes a model file; equal arguments give equal bytes.
///
/// # Errors
/// If the parameters cannot be written.
pub fn write_model(metadata: &ModelMetadata, parameters: &StateDict) -> Result<Vec<u8>, ModelFileError> {
    let raw: Vec<(&str, &[usize], Vec<u8>)> = parameters
        .iter()
        .map(|(name, p)| (name, p.shape.as_slice(), p.data.iter().flat_map(|v| v.to_le_bytes()).collect()))
        .collect();
    let views = raw
        .iter()
        .map(|(name, shape, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes)?)))
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

pub(super) fn check_parameters(metadata: &ModelMetadata, parameters: &StateDict) -> Result<(), ModelFileError> {
    let wrong = |problem: String| Err(ModelFileError::Parameters(problem));
    let architecture = parameters.architecture()?;
    if architecture.base_width != metadata.base_width {
        return wrong(format!(
            "their base width is {}, the metadata says {}",
            architecture.base_width, metadata.base_width
        ));
    }
    let known = architecture.tensors();
    for (name, tensor) in parameters.iter() {
        if !known.iter().any(|(known, _)| known == name) {
            return wrong(format!("{name} does not belong to this network"));
        }
        if !tensor.data.iter().all(|v| v.is_finite()) {
            return wrong(format!("{name} holds a value that is not finite"));
        }
    }
    Ok(())
}
