//! Which model answers: by name or by file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::net::{Model, ModelFileError};

/// Models that every binary carries.
const EMBEDDED: [(&str, &[u8]); 1] = [("research", include_bytes!("../models/research.safetensors"))];

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file is not a model.
    #[error("{}: {source}", path.display())]
    File {
        /// Where it was looked for.
        path: PathBuf,
        /// What is wrong with it.
        source: ModelFileError,
    },
    /// Neither a name nor a file.
    #[error("there is no model `{name}`: neither a file of that name, nor {}, nor one of those in the binary ({})",
        tried.display(), EMBEDDED.map(|(name, _)| name).join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        tried: PathBuf,
    },
}

/// Loads the model called `name`: a file, a file of that name in `directory`, or one from the binary.
///
/// # Errors
/// If there is none, or it is damaged.
pub fn load(name: &str, directory: &Path) -> Result<Arc<Model>, RegistryError> {
    let named = directory.join(format!("{name}.safetensors"));
    for path in [Path::new(name), &named] {
        if path.is_file() {
            return Model::load(path).map_err(|source| RegistryError::File { path: path.to_owned(), source });
        }
    }
    let Some((_, bytes)) = EMBEDDED.iter().find(|(known, _)| *known == name) else {
        return Err(RegistryError::Unknown { name: name.to_owned(), tried: named });
    };
    let embedded = || PathBuf::from(format!("{name} (embedded)"));
    Model::from_bytes(bytes).map_err(|source| RegistryError::File { path: embedded(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_models_are_whole_and_unknown_names_are_told() {
        let nowhere = Path::new("no-such-folder");
        for (name, _) in EMBEDDED {
            assert!(load(name, nowhere).is_ok(), "{name}");
        }
        let error = load("no-such-model", nowhere).unwrap_err().to_string();
        assert!(error.contains("no-such-model") && error.contains("research"), "{error}");
    }
}
