//! `hairline store`: check, backup and restore beside a server that runs.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::{BINARY, Part, Request, Server, ServerOptions, encode, wall_numbered};

/// Runs `hairline store` on the store below `folder`.
fn store(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(BINARY).arg("store").args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn label() -> Vec<u8> {
    let picture = image::GrayImage::from_fn(96, 64, |x, _| image::Luma([if x % 3 == 0 { 255 } else { 0 }]));
    encode(&picture.into(), image::ImageFormat::Png)
}

#[test]
fn a_store_is_checked_backed_up_and_restored_beside_a_server() {
    let server = Server::start();
    let photo = wall_numbered(96, 64, 1);
    let mask = label();
    let parts = [Part::file("file", "wall.png", &photo), Part::file("mask", "mask.png", &mask)];
    assert_eq!(Request::new("POST", "/save-for-retrain").form(&parts).send(&server).status, 200);
    let id = server.post_file("/predict?mask=none", "wall.png", &photo).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(Request::new("DELETE", &format!("/api/v1/predictions/{id}")).send(&server).status, 204);
    let other = server.post_file("/predict?mask=none", "deck.png", &photo).json()["id"].as_str().unwrap().to_owned();

    let folder = server.folder.path().to_owned();
    let checked = store(&folder, &["check"]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert!(text(&checked.stdout).contains("1 photographs, 2 predictions, 1 label versions, 1 submissions"));
    let backed_up = store(&folder, &["backup", "saved.zip"]);
    assert!(backed_up.status.success(), "{}", text(&backed_up.stderr));
    let again = store(&folder, &["backup", "saved.zip"]);
    assert!(again.status.code() == Some(2) && text(&again.stderr).contains("is there already"));
    let in_use = store(&folder, &["restore", "saved.zip"]);
    assert!(
        in_use.status.code() == Some(2) && text(&in_use.stderr).contains("is not empty"),
        "{}",
        text(&in_use.stderr)
    );

    let place = tempfile::tempdir().unwrap();
    fs_err::copy(folder.join("saved.zip"), place.path().join("saved.zip")).unwrap();
    let restored = store(place.path(), &["restore", "saved.zip"]);
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    let second = Server::with(ServerOptions::default(), place);
    let sha256 =
        second.get(&format!("/api/v1/predictions/{other}")).json()["image_sha256"].as_str().unwrap().to_owned();
    let back = second.get(&format!("/api/v1/images/{sha256}/labels/1.png")).body;
    let pixels = |png: &[u8]| image::load_from_memory(png).unwrap().into_luma8();
    assert_eq!(pixels(&back), pixels(&mask));
    assert_eq!(second.get(&format!("/api/v1/predictions/{other}/photo")).body, photo);
    let page = second.get(&format!("/predictions/{other}")).text();
    assert!(page.contains("data-state=\"kept\""), "the cache is no part of a backup, and the page says so");
    assert_eq!(second.get(&format!("/api/v1/predictions/{other}/overlay.png")).status, 200);
    second.get(&format!("/api/v1/predictions/{other}/probabilities.png")).problem(404, "not_found");
    assert_eq!(Request::new("POST", &format!("/api/v1/predictions/{id}/restore")).send(&second).status, 200);

    fs_err::remove_file(folder.join(format!("feedback/images/{sha256}.png"))).unwrap();
    let missing = store(&folder, &["check"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains(&format!("missing: images/{sha256}.png")), "{}", text(&missing.stderr));
    let nowhere = store(tempfile::tempdir().unwrap().path(), &["check"]);
    assert!(nowhere.status.code() == Some(2) && text(&nowhere.stderr).contains("there is no store"));
}

#[test]
fn the_log_says_what_was_found_at_start() {
    let server = Server::start();
    let photo = wall_numbered(96, 64, 1);
    assert_eq!(server.post_file("/predict?mask=none", "wall.png", &photo).status, 200);
    let folder = server.kill();
    let masks = folder.path().join("feedback/masks/cafe");
    fs_err::create_dir_all(&masks).unwrap();
    fs_err::write(masks.join("1.png"), b"half").unwrap();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(7_200);
    std::fs::File::options().write(true).open(masks.join("1.png")).unwrap().set_modified(old).unwrap();
    let picture = fs_err::read_dir(folder.path().join("feedback/predictions")).unwrap().next().unwrap().unwrap();
    fs_err::remove_file(picture.path()).unwrap();
    let server = Server::with(ServerOptions::default(), folder);
    let started = std::time::Instant::now();
    while !server.log().contains("a file that was kept is missing") {
        assert!(started.elapsed().as_secs() < 20, "{}", server.log());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let log = server.log();
    let line = log.lines().find(|line| line.contains("rows and files were compared")).unwrap();
    for figure in ["predictions=1", "missing=1", "removed=1"] {
        assert!(line.contains(figure), "{line}");
    }
    assert!(!masks.join("1.png").exists());
}
