//! The house stays as `docs/architecture.md` draws it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Rooms from the top of the house to its foundation; a room may use those below it.
const ROOMS: [&str; 22] = [
    "cli",
    "app",
    "web",
    "serving",
    "exchange",
    "review",
    "report",
    "registry",
    "bench",
    "training",
    "evaluation",
    "tracking",
    "store",
    "segment",
    "measure",
    "net",
    "synth",
    "vision",
    "telemetry",
    "settings",
    "domain",
    "digest",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

fn room_of(file: &Path, root: &Path) -> String {
    let first = file.strip_prefix(root).unwrap().components().next().unwrap();
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// The words behind each `crate::`.
fn used_rooms(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("crate::").map(|(at, found)| {
        let rest = &text[at + found.len()..];
        &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())]
    })
}

#[test]
fn rooms_use_only_rooms_below_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let height: BTreeMap<&str, usize> = ROOMS.iter().enumerate().map(|(i, room)| (*room, i)).collect();
    let mut seen = 0;
    for file in sources(&root) {
        let room = room_of(&file, &root);
        if ["lib", "main"].contains(&room.as_str()) {
            continue;
        }
        let own = *height.get(room.as_str()).unwrap_or_else(|| panic!("{room} is not in the picture"));
        let text = fs_err::read_to_string(&file).unwrap();
        for used in used_rooms(&text) {
            let other = *height.get(used).unwrap_or_else(|| panic!("{}: crate::{used} is no room", file.display()));
            assert!(other >= own, "{}: {room} uses {used}, which is above it", file.display());
            seen += 1;
        }
    }
    assert!(seen > 50, "only {seen} uses were found; does this test still read the code?");
}

#[test]
fn only_web_knows_actix_and_only_net_and_training_know_tensors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in sources(&root) {
        let room = room_of(&file, &root);
        let text = fs_err::read_to_string(&file).unwrap();
        let allowed = |words: &[&str], rooms: &[&str]| {
            let uses = words.iter().find(|word| text.contains(**word));
            assert!(uses.is_none() || rooms.contains(&room.as_str()), "{} uses {uses:?}", file.display());
        };
        allowed(&["actix_web::", "actix_multipart::"], &["web", "app"]);
        allowed(&["askama::"], &["web"]);
        allowed(&["candle_core::", "candle_nn::"], &["net", "training"]);
        allowed(&["sqlx::"], &["store"]);
        allowed(&["println!", "print!("], &["cli"]);
    }
}
