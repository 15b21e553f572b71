//! A zip file that somebody sent: every limit holds while it is read.

use std::collections::BTreeMap;
use std::io::{self, Read};

use zip::ZipArchive;

use super::{ExchangeError, MAX_FILES};

/// The files of an archive by name.
pub struct Archive {
    zip: ZipArchive<std::fs::File>,
    files: BTreeMap<String, usize>,
    /// Bytes that may still be unpacked.
    left: u64,
    max_bytes: u64,
}

impl Archive {
    /// Reads the table of contents; of all files together `max_bytes` are unpacked at most.
    ///
    /// # Errors
    /// If it is no zip file, holds too many files, or a name leads out of it.
    pub fn open(file: std::fs::File, max_bytes: u64) -> Result<Self, ExchangeError> {
        let mut zip = ZipArchive::new(file).map_err(|error| ExchangeError::Archive(error.to_string()))?;
        if zip.len() > MAX_FILES {
            return Err(ExchangeError::TooManyFiles { count: zip.len(), max: MAX_FILES });
        }
        let mut files = BTreeMap::new();
        for index in 0..zip.len() {
            let file = zip.by_index_raw(index).map_err(|error| ExchangeError::Archive(error.to_string()))?;
            let name = String::from_utf8_lossy(file.name_raw()).into_owned();
            if file.enclosed_name().is_none() || leads_out(&name) {
                return Err(ExchangeError::UnsafeName(name));
            }
            if !file.is_dir() && !is_litter(&name) {
                files.insert(name, index);
            }
        }
        let prefix = common_folder(&files);
        let files = files.into_iter().map(|(name, index)| (name[prefix..].to_owned(), index)).collect();
        Ok(Self { zip, files, left: max_bytes, max_bytes })
    }

    /// All names, below the one folder that everything is in, if there is one.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The content of a file.
    ///
    /// # Errors
    /// If there is none of that name, it is damaged, or it has more than `max_bytes`.
    pub fn read(&mut self, name: &str, max_bytes: u64) -> Result<Vec<u8>, ExchangeError> {
        let mut content = Vec::new();
        self.with(name, max_bytes, |file| file.read_to_end(&mut content))??;
        Ok(content)
    }

    /// Hands `work` the file of that name; beyond `max_bytes` reading fails.
    ///
    /// # Errors
    /// If there is none of that name, it is damaged, or it has more than `max_bytes`.
    pub fn with<T>(
        &mut self,
        name: &str,
        max_bytes: u64,
        work: impl FnOnce(&mut dyn Read) -> T,
    ) -> Result<T, ExchangeError> {
        let damaged = |error: &dyn std::fmt::Display| ExchangeError::Archive(format!("`{name}`: {error}"));
        let index = *self.files.get(name).ok_or_else(|| damaged(&"it is missing"))?;
        let file = self.zip.by_index(index).map_err(|error| damaged(&error))?;
        let allowed = max_bytes.min(self.left);
        let mut bounded = Bounded { file, left: allowed, crossed: false, failure: None };
        let result = work(&mut bounded);
        let Bounded { left, crossed, failure, .. } = bounded;
        self.left -= allowed - left;
        if crossed && max_bytes <= allowed {
            return Err(ExchangeError::FileTooLarge { file: name.into(), max_bytes });
        }
        if crossed {
            return Err(ExchangeError::TooLarge { max_bytes: self.max_bytes });
        }
        match failure {
            Some(error) => Err(damaged(&error)),
            None => Ok(result),
        }
    }
}

/// A file of which no more than `left` bytes are read, whatever the table of contents says of its size.
struct Bounded<R> {
    file: R,
    left: u64,
    crossed: bool,
    failure: Option<String>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer).inspect_err(|error| self.failure = Some(error.to_string()))?;
        match self.left.checked_sub(count as u64) {
            Some(left) => {
                self.left = left;
                Ok(count)
            }
            None => {
                self.crossed = true;
                Err(io::Error::other("too large"))
            }
        }
    }
}

/// Whether some program would unpack the file outside its folder.
fn leads_out(name: &str) -> bool {
    name.starts_with('/') || name.contains(['\\', ':', '\0']) || name.split('/').any(|part| part == "..")
}

/// What operating systems add to archives.
fn is_litter(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    name.starts_with("__MACOSX/") || last.starts_with("._") || last == ".DS_Store" || last == "Thumbs.db"
}

/// Length of the first folder's name if everything is in it and it is none of the layout's own.
fn common_folder(files: &BTreeMap<String, usize>) -> usize {
    let folder = |name: &String| name.split_once('/').map(|(folder, _)| folder.len() + 1);
    // Names are in order: what the first and the last begin with, all begin with.
    let (Some((first, _)), Some((last, _))) = (files.first_key_value(), files.last_key_value()) else { return 0 };
    match folder(first) {
        Some(length) if last.starts_with(&first[..length]) && !["images/", "masks/"].contains(&&first[..length]) => {
            length
        }
        _ => 0,
    }
}
