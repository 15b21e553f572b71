"""Prints as JSON what an MLflow server knows of an experiment and a registered model, by MLflow's own client.

usage: read_tracking.py URI EXPERIMENT MODEL
"""

import hashlib
import json
import pathlib
import sys
import tempfile

import mlflow
from mlflow import MlflowClient


def files(folder):
    paths = sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def downloaded(**source):
    with tempfile.TemporaryDirectory() as folder:
        return files(mlflow.artifacts.download_artifacts(dst_path=folder, **source))


def described(client, run):
    history = {key: client.get_metric_history(run.info.run_id, key) for key in run.data.metrics}
    return {
        "id": run.info.run_id,
        "name": run.info.run_name,
        "status": run.info.status,
        "ended": run.info.end_time,
        "params": run.data.params,
        "tags": run.data.tags,
        "metrics": {key: [[metric.step, metric.value] for metric in values] for key, values in history.items()},
        "files": downloaded(run_id=run.info.run_id),
    }


def main(uri, experiment, model):
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    found = client.get_experiment_by_name(experiment)
    runs = client.search_runs([found.experiment_id]) if found else []
    versions = client.search_model_versions(f"name = '{model}'")
    aliases = client.get_registered_model(model).aliases if versions else {}
    result = {
        "runs": [described(client, run) for run in runs],
        "versions": [
            {"version": version.version, "run": version.run_id, "tags": version.tags, "status": version.status}
            for version in versions
        ],
        "aliases": {alias: str(version) for alias, version in aliases.items()},
        "aliased": {alias: downloaded(artifact_uri=f"models:/{model}@{alias}") for alias in aliases},
    }
    print(json.dumps(result))


main(*sys.argv[1:])
