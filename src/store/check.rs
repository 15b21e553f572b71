//! Whether rows and blobs belong together, and what is left over.

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use super::{Store, StoreError};
use crate::digest::hex;

/// Folders of blobs. What else is in the store's folder is not touched.
pub(super) const FOLDERS: [&str; 3] = ["images", "masks", "predictions"];

/// All blobs that rows name.
pub(super) const KEYS: &str = "SELECT blob_key FROM images UNION SELECT blob_key FROM label_versions
     UNION SELECT mask_key FROM predictions UNION SELECT thumbnail_key FROM predictions
     UNION SELECT marks_key FROM predictions";

/// What was found in the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Photographs, by content.
    pub images: i64,
    /// Predictions, also those that wait to be purged.
    pub predictions: i64,
    /// Label versions.
    pub labels: i64,
    /// Photographs that people gave for retraining, each time counted.
    pub submissions: i64,
    /// Blobs that a row names and that are not there.
    pub missing: Vec<String>,
    /// Photographs whose content is not what their name says.
    pub damaged: Vec<String>,
    /// Files that no row names.
    pub left_over: Vec<String>,
    /// What SQLite finds wrong with its own file.
    pub database: Vec<String>,
}

impl Findings {
    /// Whether nothing that was acknowledged is lost or damaged; files left over do no harm.
    pub fn is_sound(&self) -> bool {
        self.missing.is_empty() && self.damaged.is_empty() && self.database.is_empty()
    }
}

/// A file below a folder of blobs.
struct Found {
    key: String,
    path: PathBuf,
    age: Duration,
}

impl Store {
    /// Compares rows and blobs; with `content` also reads every photograph and the whole database.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn check(&self, content: bool) -> Result<Findings, StoreError> {
        let mut findings = self.compare().await?.0;
        if content {
            findings.database = self.check_database().await?;
            let photos: Vec<(String, String)> =
                sqlx::query_as("SELECT sha256, blob_key FROM images").fetch_all(&self.pool).await?;
            let directory = self.directory.clone();
            let damaged = spawn_blocking(move || damaged(&directory, photos));
            findings.damaged = damaged.await.map_err(io::Error::from)??;
        }
        Ok(findings)
    }

    /// Removes files that no row names and that are older than `age`; what is younger may belong to a write of another
    /// process that is under way. Says what was found, with the files that were removed as left over.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn reconcile(&self, age: Duration) -> Result<Findings, StoreError> {
        let (mut findings, left_over) = self.compare().await?;
        let candidates: Vec<Found> = left_over.into_iter().filter(|file| file.age >= age).collect();
        findings.left_over.clear();
        if candidates.is_empty() {
            return Ok(findings);
        }
        // The look above held nobody up. Now no write of this process is under way: what has no row yet gets none.
        let _alone = self.sweeping.write().await;
        let keys: HashSet<String> = sqlx::query_scalar(KEYS).fetch_all(&self.pool).await?.into_iter().collect();
        let removed = spawn_blocking(move || {
            let mut removed = Vec::new();
            for file in candidates.into_iter().filter(|file| !keys.contains(&file.key)) {
                // A photograph may have come again since.
                if age_of(&file.path).is_some_and(|now| now >= age) {
                    fs_err::remove_file(&file.path)?;
                    removed.push(file.key);
                }
            }
            Ok::<_, io::Error>(removed)
        });
        findings.left_over = removed.await.map_err(io::Error::from)??;
        Ok(findings)
    }

    async fn compare(&self) -> Result<(Findings, Vec<Found>), StoreError> {
        let count = async |query: &'static str| sqlx::query_scalar(query).fetch_one(&self.pool).await;
        let mut findings = Findings {
            images: count("SELECT count(*) FROM images").await?,
            predictions: count("SELECT count(*) FROM predictions").await?,
            labels: count("SELECT count(*) FROM label_versions").await?,
            submissions: count("SELECT count(*) FROM submissions").await?,
            ..Findings::default()
        };
        // Files first: one that is written between the two looks has no row yet in neither, or is found by its row.
        let directory = self.directory.clone();
        let files = spawn_blocking(move || files(&directory)).await.map_err(io::Error::from)??;
        let keys: Vec<String> = sqlx::query_scalar(KEYS).fetch_all(&self.pool).await?;
        let named: HashSet<&str> = keys.iter().map(String::as_str).collect();
        let there: HashSet<&str> = files.iter().map(|file| file.key.as_str()).collect();
        for key in keys.iter().filter(|key| !there.contains(key.as_str())) {
            if !fs_err::tokio::try_exists(self.directory.join(key)).await? {
                findings.missing.push(key.clone());
            }
        }
        let left_over: Vec<bool> = files.iter().map(|file| !named.contains(file.key.as_str())).collect();
        let left_over: Vec<Found> =
            files.into_iter().zip(left_over).filter_map(|(file, is)| is.then_some(file)).collect();
        findings.left_over = left_over.iter().map(|file| file.key.clone()).collect();
        Ok((findings, left_over))
    }

    async fn check_database(&self) -> Result<Vec<String>, StoreError> {
        let lines: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&self.pool).await?;
        let mut problems: Vec<String> = lines.into_iter().filter(|line| line != "ok").collect();
        let broken: Vec<(String,)> =
            sqlx::query_as("SELECT \"table\" FROM pragma_foreign_key_check").fetch_all(&self.pool).await?;
        problems.extend(broken.into_iter().map(|(table,)| format!("a row of {table} refers to nothing")));
        Ok(problems)
    }
}

/// All files below the folders of blobs; keys use `/`.
fn files(directory: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut folders: Vec<(String, PathBuf)> = FOLDERS
        .iter()
        .map(|name| ((*name).to_owned(), directory.join(name)))
        .filter(|(_, path)| path.is_dir())
        .collect();
    while let Some((key, path)) = folders.pop() {
        for entry in fs_err::read_dir(path)? {
            let entry = entry?;
            let key = format!("{key}/{}", entry.file_name().to_string_lossy());
            // It may be renamed or removed between the two calls.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push((key, entry.path()));
                continue;
            }
            found.push(Found { key, age: age_of(&entry.path()).unwrap_or_default(), path: entry.path() });
        }
    }
    Ok(found)
}

/// How long ago a file was written; nothing if it is gone.
fn age_of(path: &Path) -> Option<Duration> {
    let written = fs_err::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
    SystemTime::now().duration_since(written).ok()
}

/// Photographs whose content is not what their name says.
fn damaged(directory: &Path, photos: Vec<(String, String)>) -> io::Result<Vec<String>> {
    let mut damaged = Vec::new();
    for (sha256, key) in photos {
        match fs_err::File::open(directory.join(&key)) {
            Ok(file) => {
                if sha256_of(file)? != sha256 {
                    damaged.push(key);
                }
            }
            // Said to be missing already.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(damaged)
}

fn sha256_of(mut file: impl Read) -> io::Result<String> {
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}
