//! Probabilities and measured cracks of the latest predictions.
//!
//! A cache beside the history, which keeps photograph and mask: nothing is
//! synced, the oldest go first when the space is used up.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::Prediction;
use crate::measure::CrackSurvey;
use crate::vision::{Capture, ProbabilityMap};

/// What else is known of a prediction's photograph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Its cracks at the model's threshold.
    pub survey: CrackSurvey,
    /// What the camera wrote into the file.
    pub capture: Capture,
}

/// Why a prediction cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum RecentError {
    /// It never was, or has made room for newer ones.
    #[error(
        "There is no such prediction, or its probabilities have made room for newer ones; mask and photograph stay."
    )]
    Gone,
    /// The folder refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A folder of finished predictions with a limit on its size.
#[derive(Debug)]
pub struct Recent {
    directory: PathBuf,
    limit_bytes: u64,
    /// Size of each; ids sort by time.
    sizes: Mutex<BTreeMap<Uuid, u64>>,
}

/// The files of one prediction. The record is written last and makes it visible. Only versions before the history kept
/// the photograph here.
struct Files {
    photo: PathBuf,
    probabilities: PathBuf,
    measured: PathBuf,
    record: PathBuf,
}

impl Recent {
    /// Opens the folder and forgets what is incomplete in it.
    ///
    /// # Errors
    /// If the folder cannot be used.
    pub fn open(directory: &Path, limit_bytes: u64) -> io::Result<Self> {
        fs_err::create_dir_all(directory)?;
        let recent = Self { directory: directory.to_owned(), limit_bytes, sizes: Mutex::default() };
        for entry in fs_err::read_dir(directory)? {
            let path = entry?.path();
            let id = path.file_stem().and_then(|s| s.to_str()).and_then(|s| Uuid::parse_str(s).ok());
            let complete = id.is_some_and(|id| recent.files(id).record.exists());
            match id {
                Some(id) if complete => {
                    *recent.lock().entry(id).or_default() += fs_err::metadata(&path)?.len();
                }
                _ => fs_err::remove_file(&path)?,
            }
        }
        recent.make_room()?;
        Ok(recent)
    }

    /// Keeps a prediction, its probabilities and what was measured.
    ///
    /// # Errors
    /// If the folder refuses; then nothing of it is left.
    pub fn put(&self, prediction: &Prediction, map: &ProbabilityMap, measured: &Measured) -> io::Result<()> {
        let files = self.files(prediction.id);
        let kept = Self::write(&files, prediction, map, measured);
        if kept.is_err() {
            let _ = Self::forget(&files);
            let _ = fs_err::remove_file(files.record.with_extension("new"));
        }
        self.lock().insert(prediction.id, kept?);
        self.make_room()
    }

    /// Writes the files and gives their size in bytes.
    fn write(files: &Files, prediction: &Prediction, map: &ProbabilityMap, measured: &Measured) -> io::Result<u64> {
        let record = serde_json::to_vec(prediction)?;
        let mut values = BufWriter::with_capacity(1 << 20, fs_err::File::create(&files.probabilities)?);
        for row in map.rows() {
            values.write_all(&row.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())?;
        }
        values.flush()?;
        let mut lines = BufWriter::new(fs_err::File::create(&files.measured)?);
        serde_json::to_writer(&mut lines, measured)?;
        lines.flush()?;
        let measured_bytes = fs_err::metadata(&files.measured)?.len();
        let incomplete = files.record.with_extension("new");
        fs_err::write(&incomplete, &record)?;
        fs_err::rename(&incomplete, &files.record)?;
        Ok((2 * map.values().len() + record.len()) as u64 + measured_bytes)
    }

    /// Removes what there is of a prediction, the record first.
    fn forget(files: &Files) -> io::Result<()> {
        for path in [&files.record, &files.photo, &files.probabilities, &files.measured] {
            match fs_err::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// What was predicted.
    ///
    /// # Errors
    /// If it is gone or cannot be read.
    pub fn prediction(&self, id: Uuid) -> Result<Prediction, RecentError> {
        let record = read(&self.files(id).record)?;
        serde_json::from_slice(&record).map_err(|e| RecentError::Io(e.into()))
    }

    /// What was measured of it.
    ///
    /// # Errors
    /// If it is gone or cannot be read; gone too if an earlier version of Hairline kept the prediction.
    pub fn measured(&self, id: Uuid) -> Result<Measured, RecentError> {
        let measured = read(&self.files(id).measured)?;
        // What cannot be read is as good as gone: it can be measured again.
        serde_json::from_slice(&measured).map_err(|_| RecentError::Gone)
    }

    /// The photograph as it came, where a version before the history kept it here.
    ///
    /// # Errors
    /// If it is gone or cannot be read.
    pub fn photo(&self, id: Uuid) -> Result<Vec<u8>, RecentError> {
        read(&self.files(id).photo)
    }

    /// Predictions whose photograph is here, oldest first.
    pub fn with_photo(&self) -> Vec<Uuid> {
        let ids: Vec<Uuid> = self.lock().keys().copied().collect();
        ids.into_iter().filter(|id| self.files(*id).photo.exists()).collect()
    }

    /// Removes the photograph of `id`, which is kept elsewhere now.
    ///
    /// # Errors
    /// If the folder refuses.
    pub fn forget_photo(&self, id: Uuid) -> io::Result<()> {
        let photo = self.files(id).photo;
        let bytes = fs_err::metadata(&photo)?.len();
        fs_err::remove_file(photo)?;
        if let Some(size) = self.lock().get_mut(&id) {
            *size = size.saturating_sub(bytes);
        }
        Ok(())
    }

    /// The probabilities, little-endian u16 row by row.
    ///
    /// # Errors
    /// If they are gone or cannot be read.
    pub fn raw_probabilities(&self, id: Uuid) -> Result<Vec<u8>, RecentError> {
        read(&self.files(id).probabilities)
    }

    /// The probabilities of `prediction`.
    ///
    /// # Errors
    /// If they are gone or cannot be read.
    pub fn probabilities(&self, prediction: &Prediction) -> Result<ProbabilityMap, RecentError> {
        let raw = self.raw_probabilities(prediction.id)?;
        let values: Vec<u16> = raw.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
        let (width, height) = (prediction.summary.width, prediction.summary.height);
        if values.len() != width as usize * height as usize {
            return Err(RecentError::Gone);
        }
        Ok(ProbabilityMap::new(width, height, values))
    }

    /// Removes a prediction whose row is gone.
    pub fn remove(&self, id: Uuid) {
        if self.lock().remove(&id).is_some() {
            // What cannot be removed now is counted and removed after the next start.
            let _ = Self::forget(&self.files(id));
        }
    }

    fn make_room(&self) -> io::Result<()> {
        let mut sizes = self.lock();
        let mut total: u64 = sizes.values().sum();
        while total > self.limit_bytes && sizes.len() > 1 {
            let Some((id, size)) = sizes.pop_first() else { break };
            Self::forget(&self.files(id))?;
            total -= size;
        }
        Ok(())
    }

    fn files(&self, id: Uuid) -> Files {
        let file = |ending: &str| self.directory.join(format!("{id}.{ending}"));
        Files { photo: file("photo"), probabilities: file("u16"), measured: file("cracks"), record: file("json") }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Uuid, u64>> {
        self.sizes.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, RecentError> {
    fs_err::read(path)
        .map_err(|e| if e.kind() == io::ErrorKind::NotFound { RecentError::Gone } else { RecentError::Io(e) })
}
