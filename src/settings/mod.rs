//! Settings: compiled-in defaults, a file, the environment, flags, in that order.

mod check;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use config::Value;
use config::{Config, Environment, File, FileFormat};
use serde::Deserialize;

use crate::domain::DecodeLimits;

/// The documented defaults.
pub const DEFAULTS: &str = include_str!("../../config.toml");

/// Prefix of environment variables that override settings.
const ENVIRONMENT_PREFIX: &str = "HAIRLINE";

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
pub struct Settings {
    /// HTTP server.
    pub server: Server,
    /// Which model answers.
    pub model: Model,
    /// How photographs are computed.
    pub inference: Inference,
    /// How measured cracks are judged.
    pub inspection: Inspection,
    /// What is kept.
    pub store: Store,
    /// What people are asked to look at.
    pub review: Review,
    /// When a model is trained again.
    pub retrain: Retrain,
    /// How long predictions are kept.
    pub history: History,
    /// Who is told of trainings.
    pub tracking: Tracking,
    /// Log output.
    pub log: Log,
}

/// HTTP server.
#[derive(Debug, Clone, Deserialize)]
pub struct Server {
    /// Address to listen on.
    pub addr: SocketAddr,
    /// Largest request body in MB.
    pub max_upload_mb: u64,
    /// Largest archive of labels in MB.
    pub max_import_mb: u64,
    /// Largest photograph in megapixels.
    pub max_megapixels: u64,
    /// Further host names.
    pub allowed_hosts: Vec<String>,
    /// Grace for running requests in seconds.
    pub shutdown_seconds: u64,
}

impl Server {
    /// Largest request body in bytes.
    pub fn max_upload_bytes(&self) -> u64 {
        self.max_upload_mb * 1_000_000
    }

    /// Largest archive of labels in bytes, as it comes and unpacked.
    pub fn max_import_bytes(&self) -> u64 {
        self.max_import_mb * 1_000_000
    }

    /// What a photograph may be at most.
    pub fn decode_limits(&self) -> DecodeLimits {
        DecodeLimits { max_pixels: self.max_megapixels * 1_000_000 }
    }
}

/// Which model answers.
#[derive(Debug, Clone, Deserialize)]
pub struct Model {
    /// Name or path.
    pub active: String,
    /// Folder of named models.
    pub directory: PathBuf,
}

/// How photographs are computed.
#[derive(Debug, Clone, Deserialize)]
pub struct Inference {
    /// Threads; 0 means all cores.
    pub threads: usize,
    /// Wished side of a tile in pixels.
    pub tile: u32,
    /// Overlap of neighbouring tiles in pixels.
    pub overlap: u32,
    /// Whether the network sees each tile mirrored as well.
    pub mirror: bool,
    /// Photographs accepted at once.
    pub queue_photos: usize,
    /// Megapixels accepted at once.
    pub queue_megapixels: u64,
}

/// How measured cracks are judged.
#[derive(Debug, Clone, Deserialize)]
pub struct Inspection {
    /// Id of the standard, or `ID/ROW`; empty for none.
    pub standard: String,
    /// File with more standards; empty for none.
    pub standards: PathBuf,
}

impl Inspection {
    /// The file with more standards, if there is one.
    pub fn standards_file(&self) -> Option<&Path> {
        Some(self.standards.as_path()).filter(|path| !path.as_os_str().is_empty())
    }
}

/// What is kept.
#[derive(Debug, Clone, Deserialize)]
pub struct Store {
    /// Folder of rows and blobs.
    pub directory: PathBuf,
    /// Space for probabilities of the latest predictions in MB.
    pub recent_mb: u64,
}

/// What people are asked to look at.
#[derive(Debug, Clone, Deserialize)]
pub struct Review {
    /// Data folders whose photographs judge models.
    pub evaluation_data: Vec<PathBuf>,
}

/// When a model is trained again.
#[derive(Debug, Clone, Deserialize)]
pub struct Retrain {
    /// Labels after which a retraining is due.
    pub threshold: u64,
}

/// How long predictions are kept.
#[derive(Debug, Clone, Deserialize)]
pub struct History {
    /// Days after which a prediction goes; 0 for never.
    pub max_days: u32,
    /// MB of photographs, masks and thumbnails; 0 for no limit.
    pub max_mb: u64,
    /// Days for which a deleted prediction can be restored.
    pub deleted_days: u32,
}

/// Who is told of trainings.
#[derive(Debug, Clone, Deserialize)]
pub struct Tracking {
    /// Address of an MLflow server; empty for none.
    pub mlflow_uri: String,
    /// Name of the experiment.
    pub experiment: String,
    /// Name of the registered model; empty to register none.
    pub registered_model: String,
}

impl Tracking {
    /// The address of the server, if there is one.
    pub fn server(&self) -> Option<&str> {
        Some(self.mlflow_uri.as_str()).filter(|uri| !uri.is_empty())
    }
}

/// Log output.
#[derive(Debug, Clone, Deserialize)]
pub struct Log {
    /// Level or filter.
    pub level: String,
    /// Text or JSON lines.
    pub format: LogFormat,
}

/// Shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors.
    Json,
}

/// All problems of the settings at once.
#[derive(Debug, thiserror::Error)]
#[error("{} in the settings:\n{}", plural(.0.len()), .0.iter().map(|p| format!("  - {p}")).collect::<Vec<_>>().join("\n"))]
pub struct SettingsError(pub Vec<String>);

fn plural(count: usize) -> String {
    if count == 1 { "1 problem".into() } else { format!("{count} problems") }
}

impl Settings {
    /// Reads all sources; `overrides` are flags as (`section.key`, value).
    ///
    /// # Errors
    /// Every problem that was found, not only the first.
    pub fn load(file: Option<&Path>, overrides: &[(&str, Value)]) -> Result<Self, SettingsError> {
        let environment = Environment::with_prefix(ENVIRONMENT_PREFIX)
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("server.allowed_hosts")
            .with_list_parse_key("review.evaluation_data");
        Self::from_sources(file, environment, overrides)
    }

    fn from_sources(
        file: Option<&Path>,
        environment: Environment,
        overrides: &[(&str, Value)],
    ) -> Result<Self, SettingsError> {
        let one = |e: config::ConfigError| SettingsError(vec![e.to_string()]);
        let defaults = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        let defaults = defaults.build().map_err(one)?;
        let mut builder = Config::builder().add_source(defaults.clone());
        if let Some(path) = file {
            builder = builder.add_source(File::from(path).format(FileFormat::Toml).required(true));
        }
        builder = builder.add_source(environment);
        for (key, value) in overrides {
            builder = builder.set_override(key, value.clone()).map_err(one)?;
        }
        let merged = builder.build().map_err(one)?;
        let mut problems = check::compare(&defaults, &merged);
        if !problems.is_empty() {
            return Err(SettingsError(problems));
        }
        let settings: Self = merged.try_deserialize().map_err(one)?;
        problems.extend(check::ranges(&settings));
        if problems.is_empty() { Ok(settings) } else { Err(SettingsError(problems)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str, environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("own.toml");
        fs_err::write(&path, toml).unwrap();
        let variables = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let environment = Environment::with_prefix(ENVIRONMENT_PREFIX)
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("server.allowed_hosts")
            .with_list_parse_key("review.evaluation_data")
            .source(Some(variables));
        Settings::from_sources(Some(&path), environment, &[("log.level", "debug".into())])
    }

    #[test]
    fn later_sources_win() {
        let variables =
            [("HAIRLINE__SERVER__MAX_UPLOAD_MB", "7"), ("HAIRLINE__SERVER__ALLOWED_HOSTS", "a.example,b.example")];
        let settings = load("[server]\naddr = \"127.0.0.1:9\"\nmax_upload_mb = 5", &variables).unwrap();
        assert_eq!(settings.server.addr.port(), 9);
        assert_eq!(settings.server.max_upload_mb, 7);
        assert_eq!(settings.server.allowed_hosts, ["a.example", "b.example"]);
        assert_eq!(settings.log.level, "debug");
        assert_eq!(settings.inference.tile, 768);
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let error = load("[server]\nadr = 1\n[inference]\ntile = \"big\"\n[nonsense]\nx = 1", &[]).unwrap_err();
        assert_eq!(error.0.len(), 3, "{error}");
        let error = load("[inference]\ntile = 8\noverlap = 900\n[log]\nformat = \"xml\"", &[]).unwrap_err();
        assert!(!error.0.is_empty(), "{error}");
    }

    #[test]
    fn a_tracking_server_has_an_address_without_secrets() {
        let with = |uri: &str| load(&format!("[tracking]\nmlflow_uri = \"{uri}\""), &[]);
        for good in ["", "http://127.0.0.1:5000", "https://ml.example.org/mlflow/"] {
            assert!(with(good).is_ok(), "{good}");
        }
        for bad in ["127.0.0.1:5000", "sqlite:///a.db", "http://", "https://me:secret@h", "http://h?a=1", "http://a b"]
        {
            let error = with(bad).unwrap_err().to_string();
            assert!(error.contains("tracking.mlflow_uri") && !error.contains("secret"), "{bad}: {error}");
        }
        let names = "[tracking]\nexperiment = \" \"\nregistered_model = \"a/b\"";
        assert_eq!(load(names, &[]).unwrap_err().0.len(), 2);
    }

    #[test]
    fn flags_keep_their_type() {
        let settings =
            Settings::load(None, &[("inference.mirror", true.into()), ("model.active", "true".into())]).unwrap();
        assert!(settings.inference.mirror);
        assert_eq!(settings.model.active, "true");
    }

    #[test]
    fn the_documented_file_is_valid() {
        assert!(load("", &[]).is_ok());
    }
}
