//! Copies of the whole store in one file, made while it is in use.
//!
//! A backup is a ZIP archive: the database as SQLite copies it out of a running one, then every blob that it names.
//! Blobs never change, so those that are there after the copy are those that belong to it.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tokio::task::spawn_blocking;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::check::{FOLDERS, KEYS};
use super::{DATABASE, Findings, Store, StoreError};

/// Why there is no backup, or why it was not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It would be written over.
    #[error("{} is there already; a backup is never written over", .0.display())]
    Exists(PathBuf),
    /// The folder is not empty.
    #[error("{} is not empty; move it away first, a restored store needs a folder of its own", .0.display())]
    InUse(PathBuf),
    /// The archive holds something else.
    #[error("this is no backup of Hairline: {0}")]
    Foreign(String),
    /// The archive cannot be read or written.
    #[error("the archive failed: {0}")]
    Archive(#[from] ZipError),
    /// What was restored is not whole.
    #[error("the backup is not whole: {} files are missing, {} are damaged", .0.missing.len(), .0.damaged.len() + .0.database.len())]
    NotWhole(Box<Findings>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a backup holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// Files beside the database.
    pub files: usize,
    /// Files that rows name and that are not there.
    pub missing: Vec<String>,
    /// Size of the archive.
    pub bytes: u64,
}

impl Store {
    /// Writes a backup to `file`; the store may be in use, also by another process.
    ///
    /// # Errors
    /// If `file` is there already, or something cannot be read or written; then there is no `file`.
    pub async fn backup(&self, file: &Path) -> Result<BackedUp, BackupError> {
        if file.exists() {
            return Err(BackupError::Exists(file.to_owned()));
        }
        let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let copies = tempfile::tempdir_in(folder)?;
        let copy = copies.path().join(DATABASE);
        sqlx::query("VACUUM INTO $1").bind(copy.to_string_lossy().into_owned()).execute(&self.pool).await?;
        let options = SqliteConnectOptions::new().filename(&copy).read_only(true);
        let copied = SqlitePool::connect_with(options).await?;
        let query =
            format!("{KEYS} UNION SELECT blob_key FROM tracked_entries WHERE blob_key IS NOT NULL AND sent_ms IS NULL");
        let keys: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(&copied).await?;
        copied.close().await;
        let (directory, file, folder) = (self.directory.clone(), file.to_owned(), folder.to_owned());
        let written = spawn_blocking(move || {
            let archive = copies.path().join("archive.zip");
            let backed_up = write_archive(&archive, &copy, &directory, keys)?;
            // A link instead of a rename: a file that came meanwhile is not written over.
            fs_err::hard_link(&archive, &file)?;
            fs_err::File::open(&folder)?.sync_all()?;
            Ok(backed_up)
        });
        written.await.map_err(io::Error::from)?
    }

    /// Restores the backup `file` as the store in `directory`, which must be empty or not there; checks it whole.
    ///
    /// # Errors
    /// If `directory` is in use, `file` is no backup, or it is not whole; then `directory` is as it was.
    pub async fn restore(file: &Path, directory: &Path) -> Result<Findings, BackupError> {
        let in_use = |path: &Path| path.read_dir().is_ok_and(|mut entries| entries.next().is_some());
        if in_use(directory) || directory.is_file() {
            return Err(BackupError::InUse(directory.to_owned()));
        }
        let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs_err::create_dir_all(parent)?;
        let place = tempfile::Builder::new().prefix(".restoring").tempdir_in(parent)?;
        let (archive, target) = (file.to_owned(), place.path().join("store"));
        let unpacked = target.clone();
        spawn_blocking(move || unpack(&archive, &unpacked)).await.map_err(io::Error::from)??;
        let store = Self::open(&target).await?;
        let findings = store.check(true).await?;
        store.close().await;
        if !findings.is_sound() {
            return Err(BackupError::NotWhole(Box::new(findings)));
        }
        // Takes the place of an empty folder, and of nothing else.
        fs_err::rename(&target, directory)?;
        fs_err::File::open(parent)?.sync_all()?;
        Ok(findings)
    }
}

fn write_archive(
    archive: &Path,
    database: &Path,
    directory: &Path,
    keys: Vec<String>,
) -> Result<BackedUp, BackupError> {
    let mut zip = ZipWriter::new(BufWriter::with_capacity(1 << 20, fs_err::File::create(archive)?));
    let mut backed_up = BackedUp::default();
    add(&mut zip, DATABASE, fs_err::File::open(database)?)?;
    for key in keys {
        match fs_err::File::open(directory.join(&key)) {
            Ok(file) => {
                add(&mut zip, &key, file)?;
                backed_up.files += 1;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => backed_up.missing.push(key),
            Err(error) => return Err(error.into()),
        }
    }
    let file = zip.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    backed_up.bytes = file.metadata()?.len();
    Ok(backed_up)
}

/// Photographs and masks are compressed already.
fn add(zip: &mut ZipWriter<BufWriter<fs_err::File>>, name: &str, mut file: fs_err::File) -> Result<(), BackupError> {
    let large = file.metadata()?.len() >= u64::from(u32::MAX);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(large);
    zip.start_file(name, options)?;
    io::copy(&mut file, zip)?;
    Ok(())
}

fn unpack(archive: &Path, target: &Path) -> Result<(), BackupError> {
    let mut zip = ZipArchive::new(BufReader::new(fs_err::File::open(archive)?))?;
    if zip.index_for_name(DATABASE).is_none() {
        return Err(BackupError::Foreign(format!("it has no {DATABASE}")));
    }
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index)?;
        let name = entry.name()?.into_owned();
        let path = safe(&name).ok_or_else(|| BackupError::Foreign(format!("it has a file `{name}`")))?;
        let path = target.join(path);
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder)?;
        }
        let mut file = fs_err::File::create_new(&path)?;
        copy_checked(&mut entry, &mut file)?;
        file.sync_all()?;
    }
    sync_folders(target)
}

/// Reading to the end compares the archive's checksum.
fn copy_checked(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    io::copy(from, to).map(|_| ())
}

/// The path of an entry that the store itself could have written.
fn safe(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let first = name.split('/').next()?;
    let known = name == DATABASE || FOLDERS.contains(&first) || first == "outbox";
    (plain && known && !name.contains('\\')).then(|| path.to_owned())
}

fn sync_folders(folder: &Path) -> Result<(), BackupError> {
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_folders(&path)?;
        }
    }
    fs_err::File::open(folder)?.sync_all()?;
    Ok(())
}
