//! Which model answers: by name or by file; and which models there are.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::net::{Model, ModelFileError};

/// Ending of model files.
const ENDING: &str = "safetensors";

/// A model that every binary carries, with its scores.
struct Embedded {
    name: &'static str,
    model: &'static [u8],
    scores: &'static str,
}

macro_rules! embedded {
    ($($name:literal),+) => {
        &[$(Embedded {
            name: $name,
            model: include_bytes!(concat!("../models/", $name, ".safetensors")),
            scores: include_str!(concat!("../models/", $name, ".json")),
        }),+]
    };
}

/// Models that every binary carries.
const EMBEDDED: &[Embedded] = embedded!["open"];

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file is not a model.
    #[error("{place}: {source}")]
    File {
        /// Where it stands.
        place: Place,
        /// What is wrong with it.
        source: ModelFileError,
    },
    /// Neither a name nor a file.
    #[error("there is no model `{name}`: neither a file of that name, nor {}, nor one of those in the binary ({})",
        tried.display(), embedded_names().join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        tried: PathBuf,
    },
    /// The folder of models cannot be read.
    #[error(transparent)]
    Folder(#[from] io::Error),
}

/// Where a model stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the binary, under this name.
    Binary(&'static str),
    /// In a file.
    File(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Binary(name) => write!(f, "{name} (in the binary)"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// The bytes of a model, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredModel {
    /// The name or path by which [`find`] finds it.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The model file.
    pub bytes: Cow<'static, [u8]>,
}

impl StoredModel {
    /// The JSON beside the model that tells how it was trained and how it scored, where there is one.
    ///
    /// # Errors
    /// If there is one and it cannot be read.
    pub fn scores(&self) -> io::Result<Option<Cow<'static, str>>> {
        match &self.place {
            Place::Binary(name) => Ok(EMBEDDED.iter().find(|e| e.name == *name).map(|e| e.scores.into())),
            Place::File(path) => {
                let beside = path.with_extension("json");
                if beside.is_file() { Ok(Some(fs_err::read_to_string(beside)?.into())) } else { Ok(None) }
            }
        }
    }
}

/// Finds the model called `name`: a file, a file of that name in `directory`, or one from the binary.
///
/// # Errors
/// If there is none, or it cannot be read.
pub fn find(name: &str, directory: &Path) -> Result<StoredModel, RegistryError> {
    let unknown = || RegistryError::Unknown { name: name.to_owned(), tried: file_of(name, directory) };
    match place(name, directory).ok_or_else(unknown)? {
        Place::File(path) => read(name, path),
        Place::Binary(known) => EMBEDDED.iter().find(|e| e.name == known).map(stored).ok_or_else(unknown),
    }
}

/// Where [`find`] would find the model called `name`.
pub fn place(name: &str, directory: &Path) -> Option<Place> {
    let file = [PathBuf::from(name), file_of(name, directory)].into_iter().find(|path| path.is_file());
    let embedded = || EMBEDDED.iter().find(|embedded| embedded.name == name);
    file.map(Place::File).or_else(|| Some(Place::Binary(embedded()?.name)))
}

/// Loads the model called `name`, see [`find`].
///
/// # Errors
/// If there is none, or it is damaged.
pub fn load(name: &str, directory: &Path) -> Result<Arc<Model>, RegistryError> {
    let StoredModel { place, bytes, .. } = find(name, directory)?;
    Model::from_bytes(&bytes).map_err(|source| RegistryError::File { place, source })
}

/// All models that have a name, in its order: those in `directory`, and those of the binary that no file stands for.
///
/// # Errors
/// If the folder or a file in it cannot be read.
pub fn list(directory: &Path) -> Result<Vec<StoredModel>, RegistryError> {
    let mut models = Vec::new();
    let entries = if directory.is_dir() { Some(fs_err::read_dir(directory)?) } else { None };
    for entry in entries.into_iter().flatten() {
        let path = entry?.path();
        let name = path.file_stem().filter(|_| path.extension().is_some_and(|e| e == ENDING) && path.is_file());
        if let Some(name) = name.map(|name| name.to_string_lossy().into_owned()) {
            models.push(read(&name, path)?);
        }
    }
    let missing: Vec<_> = EMBEDDED.iter().filter(|e| models.iter().all(|model| model.name != e.name)).collect();
    models.extend(missing.into_iter().map(stored));
    models.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(models)
}

/// The file in `directory` of the model called `name`.
pub fn file_of(name: &str, directory: &Path) -> PathBuf {
    directory.join(format!("{name}.{ENDING}"))
}

fn read(name: &str, path: PathBuf) -> Result<StoredModel, RegistryError> {
    let bytes = fs_err::read(&path);
    let place = Place::File(path);
    match bytes {
        Ok(bytes) => Ok(StoredModel { name: name.to_owned(), place, bytes: bytes.into() }),
        Err(error) => Err(RegistryError::File { place, source: error.into() }),
    }
}

fn stored(embedded: &Embedded) -> StoredModel {
    let Embedded { name, model, .. } = *embedded;
    StoredModel { name: name.to_owned(), place: Place::Binary(name), bytes: model.into() }
}

fn embedded_names() -> Vec<&'static str> {
    EMBEDDED.iter().map(|embedded| embedded.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256_hex;

    #[test]
    fn embedded_models_are_whole_and_unknown_names_are_told() {
        let nowhere = Path::new("no-such-folder");
        for embedded in EMBEDDED {
            assert!(load(embedded.name, nowhere).is_ok(), "{}", embedded.name);
            let model = find(embedded.name, nowhere).unwrap();
            let scores: serde_json::Value = serde_json::from_str(&model.scores().unwrap().unwrap()).unwrap();
            assert_eq!(scores["model_sha256"], sha256_hex(&model.bytes), "{}", embedded.name);
        }
        let error = load("no-such-model", nowhere).unwrap_err().to_string();
        assert!(error.contains("no-such-model") && error.contains(EMBEDDED[0].name), "{error}");
    }

    #[test]
    fn files_stand_before_models_of_the_binary() {
        let folder = tempfile::tempdir().unwrap();
        let first = EMBEDDED[0].name;
        let path = file_of(first, folder.path());
        fs_err::write(&path, b"mine").unwrap();
        fs_err::write(folder.path().join("a.safetensors"), b"a").unwrap();
        fs_err::write(folder.path().join("a.json"), b"{}").unwrap();
        let models = list(folder.path()).unwrap();
        assert_eq!(models.len(), EMBEDDED.len() + 1);
        assert_eq!((models[0].name.as_str(), models[0].scores().unwrap().as_deref()), ("a", Some("{}")));
        let mine = models.iter().find(|model| model.name == first).unwrap();
        assert_eq!((&mine.place, mine.bytes.as_ref()), (&Place::File(path.clone()), &b"mine"[..]));
        assert_eq!(find(first, folder.path()).unwrap(), *mine);
        let error = load(first, folder.path()).unwrap_err().to_string();
        assert!(error.contains(&*path.to_string_lossy()) && error.contains("safetensors"), "{error}");
        assert_eq!(list(Path::new("no-such-folder")).unwrap().len(), EMBEDDED.len());
    }
}
