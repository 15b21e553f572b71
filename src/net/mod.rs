//! The network: Attention U-Net over candle, and the files its weights live in.

mod architecture;
mod attention_unet;
mod import;
mod metadata;
mod model_file;
pub mod npy;
pub mod onnx;
pub mod plan;
mod state;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{Device, Tensor as CandleTensor};
use hairline_kernel::isa::Isa;
use hairline_kernel::math::sigmoid;
use rayon::prelude::*;

pub use architecture::Architecture;
pub use attention_unet::AttentionUNet;
pub use import::{ImportError, PickleError, read_checkpoint};
pub use metadata::{ARCHITECTURE, InputScale, InputSpec, ModelMetadata};
pub use model_file::{ModelFileError, parameters_sha256, read_model, write_model};
pub use state::{StateDict, StateError, Tensor};

use crate::digest::sha256_hex;
use plan::{InferencePlan, Workspace};

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
    isa: Isa,
    engine: Engine,
}

/// What computes the logits.
#[derive(Debug)]
enum Engine {
    /// Our kernels, with the workspaces that no call is using.
    Plan(InferencePlan, Mutex<Vec<Workspace>>),
    /// Candle, for widths that do not fill the kernels' vectors.
    Graph(AttentionUNet),
}

/// Base widths of which the kernels take multiples.
const PLAN_WIDTH: usize = 8;

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
        let (metadata, state) = read_model(bytes)?;
        let isa = Isa::from_env()?;
        let engine = if metadata.base_width.is_multiple_of(PLAN_WIDTH) {
            Engine::Plan(InferencePlan::compile(isa, &state)?, Mutex::default())
        } else {
            Engine::Graph(AttentionUNet::from_state(Architecture { base_width: metadata.base_width }, &state)?)
        };
        Ok(Arc::new(Self { metadata, file_sha256: sha256_hex(bytes), isa, engine }))
    }

    /// Logits `[batch, height, width]` of a normalised input `[batch, 3, height, width]`.
    ///
    /// Sides must be multiples of 16. May be called from any thread; the work
    /// is spread over rayon's pool.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn logits(&self, input: &[f32], batch: usize, height: usize, width: usize) -> Result<Vec<f32>, NetError> {
        match &self.engine {
            Engine::Plan(plan, idle) => {
                let idle = || idle.lock().unwrap_or_else(PoisonError::into_inner);
                let mut workspace = idle().pop().unwrap_or_default();
                let mut logits = vec![0.0; batch * height * width];
                plan.forward(input, [batch, height, width], &mut workspace, &mut logits);
                idle().push(workspace);
                Ok(logits)
            }
            Engine::Graph(network) => {
                let input = CandleTensor::from_slice(input, (batch, 3, height, width), &Device::Cpu)?;
                Ok(network.forward(&input)?.flatten_all()?.to_vec1()?)
            }
        }
    }

    /// Probabilities of the same, softened by the model's temperature (Guo et al. 2017).
    ///
    /// # Errors
    /// As [`Self::logits`].
    pub fn probabilities(
        &self,
        input: &[f32],
        batch: usize,
        height: usize,
        width: usize,
    ) -> Result<Vec<f32>, NetError> {
        const RUN: usize = 1 << 14;
        let (isa, scale) = (self.isa, 1.0 / self.metadata.temperature);
        let mut values = self.logits(input, batch, height, width)?;
        values.par_chunks_mut(RUN).for_each(|run| {
            run.iter_mut().for_each(|value| *value *= scale);
            sigmoid(isa, run);
        });
        Ok(values)
    }
}

#[cfg(test)]
pub(crate) mod tests;
