//! The ZIP file that `torch.save` writes: a pickle, and a part with the raw values of each storage.

use std::io::{self, Read, Seek, SeekFrom};

use half::{bf16, f16};
use zip::read::ZipFile;
use zip::{CompressionMethod, ZipArchive};

use super::ImportError;
use super::pickle::{MAX_BYTES, Pickle};
use super::tensors::{Number, StoredTensor};

/// First bytes of PyTorch's older format: a pickle of its magic number.
const OLD_MAGIC: [u8; 8] = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46];
/// The part that names the tensors.
const PICKLE: &str = "data.pkl";

/// An open checkpoint.
pub struct Archive<R> {
    zip: ZipArchive<R>,
    /// Before the names of all parts.
    prefix: String,
    /// Length of the file in bytes.
    pub length: u64,
}

impl<R: Read + Seek> Archive<R> {
    /// Finds the parts.
    pub fn open(mut reader: R) -> Result<Self, ImportError> {
        let mut magic = Vec::with_capacity(OLD_MAGIC.len());
        reader.by_ref().take(OLD_MAGIC.len() as u64).read_to_end(&mut magic)?;
        if magic == OLD_MAGIC {
            return Err(ImportError::OldFormat);
        }
        let length = reader.seek(SeekFrom::End(0))?;
        let zip = ZipArchive::new(reader).map_err(|error| ImportError::Archive(error.to_string()))?;
        let prefixes = zip.file_names().filter_map(|name| {
            let name = name.ok()?;
            name.strip_suffix(PICKLE).filter(|rest| rest.is_empty() || rest.ends_with('/')).map(str::to_owned)
        });
        let prefix = prefixes.min_by_key(String::len);
        let prefix = prefix.ok_or_else(|| part_error(PICKLE, "is missing"))?;
        let mut archive = Self { zip, prefix, length };
        archive.check_byte_order()?;
        Ok(archive)
    }

    /// What names the tensors.
    pub fn pickle(&mut self) -> Result<Pickle, ImportError> {
        let part = self.part(PICKLE).map_err(|problem| part_error(PICKLE, problem))?;
        if part.size() > MAX_BYTES {
            let problem = format!("its {} bytes are more than the {MAX_BYTES} that are read", part.size());
            return Err(part_error(PICKLE, problem));
        }
        let mut bytes = Vec::new();
        part.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|error| part_error(PICKLE, error))?;
        Pickle::read(&bytes).map_err(ImportError::Pickle)
    }

    /// The values of a tensor in row-major order, as f32; the caller has checked how many they are.
    pub fn values(&mut self, tensor: &StoredTensor) -> Result<Vec<f32>, String> {
        let name = format!("data/{}", tensor.storage);
        let bytes = tensor.number.bytes() as u64;
        if tensor.number == Number::Unusable {
            return Err("holds numbers that are not f16, bf16, f32 or f64".into());
        }
        let part = self.part(&name).map_err(|problem| format!("has its values in {name}: {problem}"))?;
        let count = span(tensor).ok_or("reaches beyond any file")? as u64;
        let needed = (tensor.offset as u64).checked_add(count).and_then(|end| end.checked_mul(bytes));
        if needed.is_none_or(|needed| needed > part.size()) {
            return Err(format!("reaches beyond the {} bytes of {name}", part.size()));
        }
        let read = |mut part: ZipFile<R>| -> io::Result<Vec<u8>> {
            io::copy(&mut part.by_ref().take(tensor.offset as u64 * bytes), &mut io::sink())?;
            let mut raw = Vec::new();
            part.by_ref().take(count * bytes).read_to_end(&mut raw)?;
            // The checksum is compared at the end.
            io::copy(&mut part, &mut io::sink())?;
            Ok(raw)
        };
        let raw = read(part).map_err(|error| format!("has its values in {name}: {error}"))?;
        if raw.len() as u64 != count * bytes {
            return Err(format!("has its values in {name}, which ends in the middle"));
        }
        Ok(in_order(numbers(tensor.number, &raw), tensor))
    }

    /// A part that is stored as it is, as `torch.save` does: nothing that is unpacked can outgrow the file.
    fn part(&mut self, name: &str) -> Result<ZipFile<'_, R>, String> {
        let part = self.zip.by_name(&format!("{}{name}", self.prefix)).map_err(|error| error.to_string())?;
        if part.compression() != CompressionMethod::Stored {
            return Err("it is compressed, which `torch.save` never does".into());
        }
        if part.size() > self.length {
            return Err(format!("its {} bytes are more than the file has", part.size()));
        }
        Ok(part)
    }

    /// Newer versions of PyTorch say it; all that do not say it write little-endian.
    fn check_byte_order(&mut self) -> Result<(), ImportError> {
        const PART: &str = "byteorder";
        let mut order = String::new();
        let read = match self.part(PART) {
            Ok(part) => part.take(16).read_to_string(&mut order),
            Err(_) => return Ok(()),
        };
        read.map_err(|error| part_error(PART, error))?;
        if order == "little" { Ok(()) } else { Err(part_error(PART, format!("`{order}`, but little is expected"))) }
    }
}

fn part_error(part: &str, problem: impl ToString) -> ImportError {
    ImportError::Part { part: part.into(), problem: problem.to_string() }
}

/// Values of the storage from the tensor's first to its last.
fn span(tensor: &StoredTensor) -> Option<usize> {
    if tensor.shape.contains(&0) {
        return Some(0);
    }
    tensor
        .shape
        .iter()
        .zip(&tensor.stride)
        .try_fold(1usize, |end, (&side, &step)| end.checked_add((side - 1).checked_mul(step)?))
}

fn numbers(number: Number, raw: &[u8]) -> Vec<f32> {
    let pairs = || raw.as_chunks::<2>().0.iter();
    match number {
        Number::F16 => pairs().map(|&b| f16::from_le_bytes(b).to_f32()).collect(),
        Number::Bf16 => pairs().map(|&b| bf16::from_le_bytes(b).to_f32()).collect(),
        Number::F32 => raw.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
        Number::F64 => raw.as_chunks::<8>().0.iter().map(|&b| f64::from_le_bytes(b) as f32).collect(),
        Number::Unusable => Vec::new(),
    }
}

/// Transposed and other strided tensors become row-major.
fn in_order(values: Vec<f32>, tensor: &StoredTensor) -> Vec<f32> {
    let mut step = 1;
    let row_major = tensor.shape.iter().zip(&tensor.stride).rev().all(|(&side, &stride)| {
        let fits = side == 1 || stride == step;
        step *= side;
        fits
    });
    if row_major {
        return values;
    }
    let mut places = vec![0];
    for (&side, &stride) in tensor.shape.iter().zip(&tensor.stride) {
        places = places.iter().flat_map(|&at| (0..side).map(move |i| at + i * stride)).collect();
    }
    places.into_iter().map(|at| values[at]).collect()
}
