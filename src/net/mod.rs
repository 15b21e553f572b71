//! The network: Attention U-Net over candle, and the files its weights live in.

mod attention_unet;
mod metadata;
mod model_file;

use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};

use crate::digest::sha256_hex;

pub use attention_unet::{AttentionUNet, parameter_shapes};
pub use metadata::{ARCHITECTURE, InputScale, InputSpec, ModelMetadata};
pub use model_file::{ModelFileError, Parameters, parameters_sha256, read_model, write_model};

/// What may go wrong while the network runs.
#[derive(Debug, thiserror::Error)]
#[error("the network could not be run: {0}")]
pub struct NetError(#[from] candle_core::Error);

/// A network with its weights and everything one must know to use it.
#[derive(Debug)]
pub struct Model {
    /// What the model file says of itself.
    pub metadata: ModelMetadata,
    /// SHA-256 of the file, hexadecimal.
    pub file_sha256: String,
    network: AttentionUNet,
}

impl Model {
    /// Reads a model file.
    ///
    /// # Errors
    /// If it cannot be read or is not a whole, consistent model.
    pub fn load(path: &Path) -> Result<Arc<Self>, ModelFileError> {
        Self::from_bytes(&fs_err::read(path)?)
    }

    /// Reads a model from the content of a file.
    ///
    /// # Errors
    /// If it is not a whole, consistent model.
    pub fn from_bytes(bytes: &[u8]) -> Result<Arc<Self>, ModelFileError> {
        let (metadata, parameters) = read_model(bytes)?;
        let network = AttentionUNet::from_parameters(metadata.base_width, &parameters)?;
        Ok(Arc::new(Self { metadata, file_sha256: sha256_hex(bytes), network }))
    }

    /// Logits `[batch, height, width]` of a normalised input `[batch, 3, height, width]`.
    ///
    /// This is the boundary behind which the engine stands: slices in, slices
    /// out, sides multiples of 16, callable from any thread.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn logits(&self, input: &[f32], batch: usize, height: usize, width: usize) -> Result<Vec<f32>, NetError> {
        let input = Tensor::from_slice(input, (batch, 3, height, width), &Device::Cpu)?;
        let logits = self.network.forward(&input)?;
        Ok(logits.flatten_all()?.to_vec1()?)
    }
}

#[cfg(test)]
pub(crate) mod tests;
