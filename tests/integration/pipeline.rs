//! The pipeline of `dvc.yaml` in a small repository of its own, with the real DVC.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::BINARY;

/// Sets that the pipeline wants to find, beside the one that it draws.
const SETS: [&str; 5] = ["deepcrack", "sut_crack", "crack500", "bauhaus_walls", "masonry"];

/// A repository with the project's pipeline, small hyper-parameters and drawn photographs in place of the public sets.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["dvc.yaml", ".dvcignore", ".gitignore", ".dvc/config", ".dvc/.gitignore"] {
            let to = repository.path(file);
            fs_err::create_dir_all(to.parent().unwrap()).unwrap();
            fs_err::copy(root.join(file), to).unwrap();
        }
        let params = small(&fs_err::read_to_string(root.join("params.yaml")).unwrap());
        fs_err::write(repository.path("params.yaml"), params).unwrap();
        for (seed, set) in SETS.iter().enumerate() {
            repository.draw(&format!("data/{set}"), seed);
        }
        repository.succeeds("git", &["init", "-q"]);
        repository
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Six photographs of 64×64 pixels, two each for training, validation and test.
    fn draw(&self, folder: &str, seed: usize) {
        let seed = seed.to_string();
        self.succeeds("hairline", &["synth", "--out", folder, "-n", "6", "--size", "64x64", "--seed", &seed]);
        for (split, first) in [("train", 0), ("val", 2), ("test", 4)] {
            let list = format!("synth-{seed}-{first:05}\nsynth-{seed}-{:05}\n", first + 1);
            fs_err::write(self.path(folder).join(format!("{split}.txt")), list).unwrap();
        }
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let python = PathBuf::from(std::env::var_os("HAIRLINE_PYTHON").expect("HAIRLINE_PYTHON names an interpreter"));
        let folders = [Path::new(BINARY).parent().unwrap(), python.parent().unwrap()].map(Path::to_path_buf);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&path))).unwrap();
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.0.path()).env("PATH", path).env_remove("HAIRLINE_DATA");
        command.env("DVC_NO_ANALYTICS", "1").output().unwrap()
    }

    #[track_caller]
    fn succeeds(&self, program: &str, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.run(program, arguments);
        let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(status.success(), "{program} {arguments:?}\n{stdout}\n{stderr}");
        stdout
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs_err::read(self.path(name)).unwrap()
    }
}

/// The project's hyper-parameters, so small that all runs in seconds.
fn small(params: &str) -> String {
    let changes = [
        ("base_width", "8"),
        ("epochs", "1"),
        ("batch", "2"),
        ("crop", "64"),
        ("crops_per_photo", "1"),
        ("photographs", "20"),
        ("size", "64x64"),
    ];
    let change = |line: &str| {
        let found = changes.iter().find(|(key, _)| line.trim_start().starts_with(&format!("{key}:")));
        found.map_or_else(|| line.to_owned(), |(key, value)| format!("  {key}: {value}"))
    };
    params.lines().map(|line| change(line) + "\n").collect()
}

#[test]
#[ignore = "needs DVC"]
fn the_pipeline_runs_once_and_gives_the_same_again() {
    let repository = Repository::new();
    repository.succeeds("dvc", &["repro"]);
    let weights = ["models/open.safetensors", "models/research.safetensors"].map(|name| repository.read(name));
    let lock = repository.read("dvc.lock");

    let metrics: Value = serde_json::from_str(&repository.succeeds("dvc", &["metrics", "show", "--json"])).unwrap();
    for model in ["open", "research"] {
        for (split, sets) in [("val", &["synth"][..]), ("test", &[])] {
            for set in ["deepcrack", "masonry"].iter().chain(sets) {
                let f1 = &metrics[""]["data"][format!("models/scores/{model}-{split}.json")]["data"][set]["f1"];
                assert!(f1.as_f64().is_some_and(|f1| (0.0..=1.0).contains(&f1)), "{model} {split} {set}: {metrics}");
            }
        }
    }
    repository.succeeds("dvc", &["plots", "show", "--out", "plots"]);
    let page = String::from_utf8(repository.read("plots/index.html")).unwrap();
    assert!(page.contains("vega") && page.contains("crack_share"), "{page}");

    assert!(repository.succeeds("dvc", &["repro"]).contains("up to date"), "nothing has changed");
    repository.succeeds("dvc", &["repro", "--force"]);
    let again = ["models/open.safetensors", "models/research.safetensors"].map(|name| repository.read(name));
    assert!(weights == again, "the same data, parameters and binary give other weights");

    let params = String::from_utf8(repository.read("params.yaml")).unwrap();
    fs_err::write(repository.path("params.yaml"), params.replacen("learning_rate:", "learning_rate: 0.001 #", 1))
        .unwrap();
    let status: Value = serde_json::from_str(&repository.succeeds("dvc", &["status", "--json"])).unwrap();
    let changed: Vec<&String> = status.as_object().unwrap().keys().collect();
    assert!(changed.contains(&&"train-open".to_owned()) && !changed.contains(&&"prepare".to_owned()), "{changed:?}");
    assert!(!lock.is_empty());
}

#[test]
#[ignore = "needs DVC"]
fn a_data_folder_goes_to_the_storage_and_comes_back() {
    let repository = Repository::new();
    repository.draw("data/own", 9);
    let photo = repository.read("data/own/images/synth-9-00003.jpg");
    repository.succeeds("dvc", &["add", "data/own"]);
    let unknown = repository.succeeds("git", &["status", "--porcelain", "--untracked-files=all", "data"]);
    assert!(unknown.contains("data/own.dvc") && !unknown.contains("images"), "git sees the pointer alone: {unknown}");
    repository.succeeds("dvc", &["push"]);
    assert!(repository.path(".dvc_storage/files/md5").is_dir());
    for gone in ["data/own", ".dvc/cache"] {
        fs_err::remove_dir_all(repository.path(gone)).unwrap();
    }
    repository.succeeds("dvc", &["pull", "data/own.dvc"]);
    assert_eq!(repository.read("data/own/images/synth-9-00003.jpg"), photo);
}
