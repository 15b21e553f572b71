//! A state dict: named f32 tensors, read from safetensors, checked against the architecture.

use std::collections::BTreeMap;

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

use crate::net::architecture::Architecture;

/// A tensor of the state dict.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its values in row-major order.
    pub data: Vec<f32>,
}

/// Named tensors with the names of the PyTorch original.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StateDict {
    tensors: BTreeMap<String, Tensor>,
}

/// What is wrong with a state dict.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The bytes are no safetensors file.
    #[error("not a safetensors file: {0}")]
    Format(#[from] safetensors::SafeTensorError),
    /// A tensor is missing.
    #[error("tensor {0} is missing")]
    Missing(String),
    /// A tensor has another shape than the architecture says.
    #[error("tensor {name} has the shape {got:?}, not {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape.
        got: Vec<usize>,
        /// The shape that the architecture says.
        expected: Vec<usize>,
    },
}

impl StateDict {
    /// Reads a safetensors file; 16-bit floats become f32, tensors of other types (such as PyTorch's counts of batches)
    /// are left out.
    ///
    /// # Errors
    /// When the bytes are no safetensors file.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self, StateError> {
        let file = SafeTensors::deserialize(bytes)?;
        let mut state = Self::default();
        for (name, view) in file.tensors() {
            if let Some(data) = floats(view.dtype(), view.data()) {
                state.insert(name, Tensor { shape: view.shape().to_vec(), data });
            }
        }
        Ok(state)
    }

    /// Adds or replaces a tensor.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) {
        self.tensors.insert(name.into(), tensor);
    }

    /// The values of a tensor.
    ///
    /// # Errors
    /// When it is missing.
    pub fn get(&self, name: &str) -> Result<&Tensor, StateError> {
        self.tensors.get(name).ok_or_else(|| StateError::Missing(name.to_owned()))
    }

    /// All tensors by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The architecture that the tensors form.
    ///
    /// # Errors
    /// Names the first tensor, in the order of the network, that is missing or has a wrong shape.
    pub fn architecture(&self) -> Result<Architecture, StateError> {
        let base_width = self.get("Conv1.conv.0.bias")?.data.len();
        let architecture = Architecture { base_width };
        for (name, expected) in architecture.tensors() {
            let tensor = self.get(&name)?;
            if tensor.shape != expected || tensor.data.len() != expected.iter().product::<usize>() {
                return Err(StateError::Shape { name, got: tensor.shape.clone(), expected });
            }
        }
        Ok(architecture)
    }
}

fn floats(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    let pairs = || bytes.as_chunks::<2>().0.iter();
    if dtype == Dtype::F32 {
        Some(bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect())
    } else if dtype == Dtype::F16 {
        Some(pairs().map(|&b| f16::from_le_bytes(b).to_f32()).collect())
    } else if dtype == Dtype::BF16 {
        Some(pairs().map(|&b| bf16::from_le_bytes(b).to_f32()).collect())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zeros(architecture: Architecture) -> StateDict {
        let mut state = StateDict::default();
        for (name, shape) in architecture.tensors() {
            let data = vec![0.0; shape.iter().product()];
            state.insert(name, Tensor { shape, data });
        }
        state
    }

    #[test]
    fn the_first_wrong_tensor_is_named() {
        let whole = zeros(Architecture { base_width: 8 });
        assert_eq!(whole.architecture().unwrap().base_width, 8);
        let mut missing = whole.clone();
        missing.tensors.remove("Att4.psi.1.bias");
        assert_eq!(missing.architecture().unwrap_err().to_string(), "tensor Att4.psi.1.bias is missing");
        let mut wrong = whole;
        wrong.insert("Up3.weight", Tensor { shape: vec![1], data: vec![0.0] });
        let message = wrong.architecture().unwrap_err().to_string();
        assert_eq!(message, "tensor Up3.weight has the shape [1], not [32, 16, 2, 2]");
        assert!(StateDict::from_safetensors(b"nothing").is_err());
    }

    #[test]
    fn sixteen_bit_floats_are_widened() {
        assert_eq!(floats(Dtype::F16, &f16::from_f32(1.5).to_le_bytes()), Some(vec![1.5]));
        assert_eq!(floats(Dtype::BF16, &bf16::from_f32(-2.0).to_le_bytes()), Some(vec![-2.0]));
        assert_eq!(floats(Dtype::U8, &[1]), None);
    }
}
