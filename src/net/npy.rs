//! `NumPy`'s files, through which other runtimes are compared with ours.

use std::path::Path;

use candle_core::{DType, Device, Result, Tensor};

/// Values with the lengths of their axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Lengths of the four axes.
    pub shape: [usize; 4],
    /// Values, the last axis fastest.
    pub values: Vec<f32>,
}

/// Reads an array of f32 with four axes.
///
/// # Errors
/// If the file cannot be read, or is another kind of array.
pub fn read(path: &Path) -> Result<Array> {
    let tensor = Tensor::read_npy(path)?;
    if tensor.dtype() != DType::F32 {
        candle_core::bail!("the array is {:?}, but f32 is expected", tensor.dtype());
    }
    let (a, b, c, d) = tensor.dims4()?;
    Ok(Array { shape: [a, b, c, d], values: tensor.flatten_all()?.to_vec1()? })
}

/// Writes an array.
///
/// # Errors
/// If the lengths do not fit, or the file cannot be written.
pub fn write(path: &Path, array: &Array) -> Result<()> {
    Tensor::from_slice(&array.values, &array.shape, &Device::Cpu)?.write_npy(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let array = Array { shape: [1, 2, 2, 3], values: (0..12u8).map(f32::from).collect() };
        write(&path, &array).unwrap();
        assert_eq!(read(&path).unwrap(), array);
        fs_err::write(&path, b"no array").unwrap();
        assert!(read(&path).is_err());
        Tensor::zeros((2, 3), DType::F32, &Device::Cpu).unwrap().write_npy(&path).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("rank"));
    }
}
