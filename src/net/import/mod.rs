//! Checkpoints of the PyTorch system that Hairline replaces, read without running anything in them.

mod archive;
mod pickle;
mod tensors;

use std::collections::BTreeMap;
use std::io::{self, Read, Seek};
use std::path::Path;

pub use pickle::PickleError;

use self::archive::Archive;
use self::tensors::StoredTensor;
use super::architecture::Architecture;
use super::metadata::{ARCHITECTURE, FORMAT, InputScale, InputSpec, ModelMetadata};
use super::model_file::{ModelFileError, check_parameters};
use super::state::{StateDict, StateError, Tensor};

/// Side of the square into which the old system squeezed every photograph.
const SQUEEZED_SIDE_PX: u32 = 128;
/// Probability from which on a pixel was crack in the old system.
const THRESHOLD: f32 = 0.5;
/// Put before every name by `DataParallel`.
const PARALLEL_PREFIX: &str = "module.";
/// Batches that a batch norm has seen; of no use after training.
const BATCH_COUNT: &str = "num_batches_tracked";

/// Why a checkpoint cannot be imported; each names the first thing that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Not a ZIP file, or a damaged one.
    #[error("not a checkpoint that `torch.save` wrote, or a damaged one: {0}")]
    Archive(String),
    /// The format of PyTorch before 1.6.
    #[error(
        "written by PyTorch before 1.6, or without its ZIP format: load it and save it again with a newer `torch.save`"
    )]
    OldFormat,
    /// A part of the file is missing or not as it should be.
    #[error("{part} in the checkpoint: {problem}")]
    Part {
        /// Its name in the ZIP file.
        part: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What names the tensors.
    #[error("data.pkl in the checkpoint: {0}")]
    Pickle(PickleError),
    /// There are no tensors.
    #[error("the checkpoint is no state dict and has none under `model_state_dict`; it has {0}")]
    NoStateDict(String),
    /// A tensor cannot be used.
    #[error("tensor {name} {problem}")]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A tensor is missing or has another shape.
    #[error(transparent)]
    State(#[from] StateError),
    /// The network is none that Hairline can run.
    #[error(transparent)]
    Model(#[from] ModelFileError),
}

/// Reads the checkpoint at `path`: a state dict, or one under `model_state_dict`.
///
/// The metadata are those under which the old system ran it: photographs squeezed to 128×128, 0..1, threshold 0.5.
///
/// # Errors
/// Names the first thing that is wrong.
pub fn read_checkpoint(path: &Path, name: &str, licence: &str) -> Result<(ModelMetadata, StateDict), ImportError> {
    let file = fs_err::File::open(path)?;
    from_reader(io::BufReader::new(file), name, licence)
}

fn from_reader(reader: impl Read + Seek, name: &str, licence: &str) -> Result<(ModelMetadata, StateDict), ImportError> {
    let mut archive = Archive::open(reader)?;
    let stored = without_prefix(tensors::stored(&archive.pickle()?)?);
    let metadata = metadata(base_width(&stored)?, name, licence);
    metadata.validate().map_err(ModelFileError::Metadata)?;
    let architecture = Architecture { base_width: metadata.base_width };
    check_shapes(architecture, &stored)?;
    check_size(&stored, archive.length)?;
    let mut state = StateDict::default();
    for (name, tensor) in stored.iter().filter(|(name, _)| !name.ends_with(BATCH_COUNT)) {
        let data = archive.values(tensor).map_err(|problem| ImportError::Tensor { name: name.clone(), problem })?;
        state.insert(name.clone(), Tensor { shape: tensor.shape.clone(), data });
    }
    check_parameters(&metadata, &state)?;
    Ok((metadata, state))
}

fn metadata(base_width: usize, name: &str, licence: &str) -> ModelMetadata {
    ModelMetadata {
        architecture: ARCHITECTURE.into(),
        base_width,
        core: 0.0,
        format: FORMAT,
        input: InputSpec { mean: [0.0; 3], scale: InputScale::Squeeze(SQUEEZED_SIDE_PX), std: [1.0; 3] },
        licence: licence.into(),
        name: name.into(),
        parameters_sha256: String::new(),
        temperature: 1.0,
        threshold: THRESHOLD,
        trained_on: Vec::new(),
    }
}

type StoredTensors = BTreeMap<String, StoredTensor>;

/// Takes off what `DataParallel` puts before all names.
fn without_prefix(stored: StoredTensors) -> StoredTensors {
    if !stored.keys().all(|name| name.starts_with(PARALLEL_PREFIX)) {
        return stored;
    }
    stored.into_iter().map(|(name, tensor)| (name[PARALLEL_PREFIX.len()..].to_owned(), tensor)).collect()
}

/// Channels of the first level, as the shapes tell.
fn base_width(stored: &StoredTensors) -> Result<usize, StateError> {
    const FIRST: &str = "Conv1.conv.0.bias";
    let first = stored.get(FIRST).ok_or_else(|| StateError::Missing(FIRST.into()))?;
    Ok(first.shape.first().copied().unwrap_or(0))
}

/// Before anything is read: the shapes say how much memory that takes.
fn check_shapes(architecture: Architecture, stored: &StoredTensors) -> Result<(), StateError> {
    for (name, expected) in architecture.tensors() {
        let tensor = stored.get(&name).ok_or_else(|| StateError::Missing(name.clone()))?;
        if tensor.shape != expected {
            return Err(StateError::Shape { name, got: tensor.shape.clone(), expected });
        }
    }
    Ok(())
}

/// A small file must not fill the memory through tensors that share their values.
fn check_size(stored: &StoredTensors, length: u64) -> Result<(), ImportError> {
    let mut total = 0u64;
    for (name, tensor) in stored.iter().filter(|(name, _)| !name.ends_with(BATCH_COUNT)) {
        total = total.saturating_add(tensor.value_bytes());
        if total > length {
            let problem = format!("is beyond the {length} bytes of the file: tensors share their values");
            return Err(ImportError::Tensor { name: name.clone(), problem });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
