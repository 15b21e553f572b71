//! MLflow's calls, each of which may be repeated without harm.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::client::Client;
use super::entry::{Begin, Log, Pair, Status, Version};
use super::{TrackingError, clean_name};
use crate::store::ServerRun;

/// The tag by which a run is found again.
const RUN_TAG: &str = "hairline.run";
/// MLflow's limits for one request: 1000 items, of which 100 parameters and 100 tags.
const METRICS: usize = 800;
const PARAMS: usize = 100;
const TAGS: usize = 100;
/// What may stand in a path as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An MLflow server.
#[derive(Debug)]
pub struct Server {
    client: Client,
}

impl Server {
    /// A server at `uri`, with credentials from the environment.
    ///
    /// # Errors
    /// If the credentials cannot be used.
    pub fn new(uri: &str) -> Result<Self, TrackingError> {
        Ok(Self { client: Client::new(uri)? })
    }

    /// Its address.
    pub fn uri(&self) -> &str {
        &self.client.uri
    }

    /// The run with our identity `run`: the one that is there, or a new one.
    ///
    /// # Errors
    /// If the server cannot be reached, or refuses.
    pub fn run(&self, run: Uuid, begin: &Begin) -> Result<ServerRun, TrackingError> {
        let experiment = self.experiment(&begin.experiment)?;
        let search = json!({
            "experiment_ids": [experiment],
            "filter": format!("tags.`{RUN_TAG}` = '{run}'"),
            "max_results": 1,
        });
        let found = self.client.post("mlflow/runs/search", &search)?;
        let info = match found["runs"].get(0) {
            Some(run) => run["info"].clone(),
            None => self.create_run(&experiment, run, begin)?,
        };
        let (id, artifact_uri) = (self.text(&info["run_id"])?, self.text(&info["artifact_uri"])?);
        Ok(ServerRun { uri: self.uri().to_owned(), id, artifact_uri })
    }

    fn create_run(&self, experiment: &str, run: Uuid, begin: &Begin) -> Result<Value, TrackingError> {
        let mut tags = begin.tags.clone();
        tags.push(Pair::new(RUN_TAG, run));
        let body = json!({
            "experiment_id": experiment,
            "run_name": begin.name,
            "start_time": begin.started_ms,
            "tags": tags,
        });
        Ok(self.client.post("mlflow/runs/create", &body)?["run"]["info"].clone())
    }

    /// The experiment called `name`: the one that is there, or a new one.
    fn experiment(&self, name: &str) -> Result<String, TrackingError> {
        match self.experiment_id(name) {
            Err(TrackingError::Refused { code, .. }) if code == "RESOURCE_DOES_NOT_EXIST" => {
                let body = json!({ "name": name });
                match self.client.post("mlflow/experiments/create", &body) {
                    Ok(made) => self.text(&made["experiment_id"]),
                    Err(error) if exists(&error) => self.experiment_id(name),
                    Err(error) => Err(error),
                }
            }
            result => result,
        }
    }

    fn experiment_id(&self, name: &str) -> Result<String, TrackingError> {
        let found = self.client.get("mlflow/experiments/get-by-name", &[("experiment_name", name)])?;
        self.text(&found["experiment"]["experiment_id"])
    }

    /// Adds figures and words. Equal ones count once.
    ///
    /// # Errors
    /// If the server cannot be reached, or refuses.
    pub fn log(&self, run: &ServerRun, log: &Log) -> Result<(), TrackingError> {
        let Log { metrics, params, tags } = log;
        let requests = [metrics.len().div_ceil(METRICS), params.len().div_ceil(PARAMS), tags.len().div_ceil(TAGS)];
        for index in 0..requests.into_iter().max().unwrap_or(0) {
            let body = json!({
                "run_id": run.id,
                "metrics": metrics.chunks(METRICS).nth(index).unwrap_or_default(),
                "params": params.chunks(PARAMS).nth(index).unwrap_or_default(),
                "tags": tags.chunks(TAGS).nth(index).unwrap_or_default(),
            });
            self.client.post("mlflow/runs/log-batch", &body)?;
        }
        Ok(())
    }

    /// Writes a file of the run, at `path` among its files.
    ///
    /// # Errors
    /// If the server cannot be reached, refuses, or does not take files.
    pub fn file(&self, run: &ServerRun, path: &str, content: &[u8]) -> Result<(), TrackingError> {
        let root =
            served_path(&run.artifact_uri).ok_or_else(|| TrackingError::ArtifactStore(run.artifact_uri.clone()))?;
        let path = utf8_percent_encode(path, PATH);
        self.client.put(&format!("mlflow-artifacts/artifacts/{root}/{path}"), content)?;
        Ok(())
    }

    /// Makes the run's version of the registered model, unless it is there, and points the alias to it.
    ///
    /// # Errors
    /// If the server cannot be reached, or refuses.
    pub fn version(&self, run: &ServerRun, version: &Version) -> Result<(), TrackingError> {
        match self.client.post("mlflow/registered-models/create", &json!({ "name": version.model })) {
            Err(error) if !exists(&error) => return Err(error),
            _ => {}
        }
        let number = match self.version_of(run, &version.model)? {
            Some(number) => number,
            None => self.create_version(run, version)?,
        };
        let alias = json!({ "name": version.model, "alias": version.alias, "version": number });
        self.client.post("mlflow/registered-models/alias", &alias)?;
        Ok(())
    }

    fn version_of(&self, run: &ServerRun, model: &str) -> Result<Option<String>, TrackingError> {
        let filter = format!("run_id = '{}'", run.id);
        let found = self.client.get("mlflow/model-versions/search", &[("filter", &filter), ("max_results", "1000")])?;
        let versions = found["model_versions"].as_array().map(Vec::as_slice).unwrap_or_default();
        versions.iter().find(|v| v["name"] == model).map(|v| self.text(&v["version"])).transpose()
    }

    fn create_version(&self, run: &ServerRun, version: &Version) -> Result<String, TrackingError> {
        let body = json!({
            "name": version.model,
            "source": format!("{}/{}", run.artifact_uri, version.folder),
            "run_id": run.id,
            "tags": version.tags,
        });
        let made = self.client.post("mlflow/model-versions/create", &body)?;
        self.text(&made["model_version"]["version"])
    }

    /// Tells how the run stands.
    ///
    /// # Errors
    /// If the server cannot be reached, or refuses.
    pub fn status(&self, run: &ServerRun, status: &Status) -> Result<(), TrackingError> {
        let body = json!({ "run_id": run.id, "status": status.status, "end_time": status.ended_ms });
        self.client.post("mlflow/runs/update", &body)?;
        Ok(())
    }

    fn text(&self, value: &Value) -> Result<String, TrackingError> {
        let foreign = || TrackingError::Foreign { uri: self.uri().to_owned(), answer: "a field is missing".into() };
        value.as_str().map(str::to_owned).ok_or_else(foreign)
    }
}

fn exists(error: &TrackingError) -> bool {
    matches!(error, TrackingError::Refused { code, .. } if code == "RESOURCE_ALREADY_EXISTS")
}

/// Path below the server's own files; none where it keeps them elsewhere.
fn served_path(artifact_uri: &str) -> Option<&str> {
    let rest = artifact_uri.strip_prefix("mlflow-artifacts:")?;
    let path = match rest.strip_prefix("//") {
        // `//host:port/path`; an empty host is `///path`.
        Some(rest) => rest.split_once('/')?.1,
        None => rest,
    };
    Some(path.trim_start_matches('/'))
}

/// Path of a file called `name` in `folder` among a run's files.
pub fn file_path(folder: &str, name: &str) -> String {
    format!("{folder}/{}", clean_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_where_the_server_keeps_them() {
        for (uri, path) in [
            ("mlflow-artifacts:/1/ab/artifacts", Some("1/ab/artifacts")),
            ("mlflow-artifacts:///1/ab/artifacts", Some("1/ab/artifacts")),
            ("mlflow-artifacts://host:5000/1/ab/artifacts", Some("1/ab/artifacts")),
            ("s3://bucket/1/ab/artifacts", None),
            ("/srv/1/ab/artifacts", None),
        ] {
            assert_eq!(served_path(uri), path, "{uri}");
        }
        let path = file_path("model", "Brücke 3#1.png");
        assert_eq!(utf8_percent_encode(&path, PATH).to_string(), "model/Br%C3%BCcke%203_1.png");
    }
}
