//! On a full disk nothing that was acknowledged is lost, what is refused says why, and reading goes on.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use hairline::digest::sha256_hex;
use hairline::store::Store;
use serde_json::json;

use crate::support::{Answer, Part, Request, Server, ServerOptions, encode, wall_numbered};

const SIZE: (u32, u32) = (96, 64);

/// A small disk in memory.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it; nothing where that is not allowed.
    fn mount(path: &Path, size: &str) -> Option<Self> {
        fs_err::create_dir(path).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(path).output().unwrap();
        if !mounted.status.success() {
            println!(
                "skipped: a small disk cannot be mounted here: {}",
                String::from_utf8_lossy(&mounted.stderr).trim()
            );
            return None;
        }
        Some(Self(path.to_owned()))
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let mut file = fs_err::File::create(self.0.join("filler")).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        while file.write_all(&[0]).is_ok() {}
    }

    fn free(&self) {
        fs_err::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A label of noise, so that it needs more than one block of the disk.
fn noise(seed: u32) -> Vec<u8> {
    let pixel =
        |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ (y + seed).wrapping_mul(40_503)).wrapping_mul(977) >> 31;
    let picture = image::GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| image::Luma([255 * pixel(x, y) as u8]));
    encode(&picture.into(), image::ImageFormat::Png)
}

fn append(server: &Server, sha256: &str, base: i64, png: Vec<u8>) -> Answer {
    Request::new("POST", &format!("/api/v1/images/{sha256}/labels"))
        .header("Content-Type", "image/png")
        .header("If-Match", &format!("\"{base}\""))
        .body(png)
        .send(server)
}

fn say(server: &Server, id: &str, word: &str) -> Answer {
    let body = json!({ "verdict": word }).to_string().into_bytes();
    Request::new("PUT", &format!("/api/v1/predictions/{id}/verdict")).body(body).send(server)
}

#[track_caller]
fn refused(answer: &Answer) {
    let problem = answer.problem(507, "disk_full");
    assert!(problem["detail"].as_str().unwrap().contains("The disk is full: nothing was saved."), "{problem}");
}

#[test]
#[ignore = "needs to mount a small disk"]
fn a_full_disk_refuses_clearly_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("disk");
    let Some(disk) = SmallDisk::mount(&place, "6m") else { return };
    let directory = place.join("feedback").display().to_string();
    let settings: [(&str, &str); 1] = [("store.directory", &directory)];
    let server = Server::with(ServerOptions { settings: &settings, ..ServerOptions::default() }, folder);
    let photo = wall_numbered(SIZE.0, SIZE.1, 1);
    let id = server.post_file("/predict?mask=none", "wall.png", &photo).json()["id"].as_str().unwrap().to_owned();
    let sha256 = sha256_hex(&photo);
    let mut kept = 0;
    while kept < 5 {
        assert_eq!(append(&server, &sha256, kept, noise(kept as u32)).status, 201);
        kept += 1;
    }

    disk.fill();
    let other = wall_numbered(SIZE.0, SIZE.1, 2);
    let given = [Part::file("file", "wall.png", &other)];
    for _ in 0..3 {
        refused(&append(&server, &sha256, kept, noise(99)));
        refused(&say(&server, &id, "nothing"));
        refused(&Request::new("POST", "/predict?mask=none").form(&given).send(&server));
        refused(&Request::new("POST", "/save-for-retrain").form(&given).send(&server));
    }
    let right = say(&server, &id, "right");
    assert!([200, 507].contains(&right.status), "a row may still fit, or not: {}", right.text());
    let clicked = Request::new("POST", &format!("/predictions/{id}/verdict"))
        .header("HX-Request", "true")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(b"verdict=nothing".to_vec())
        .send(&server);
    assert!(clicked.status == 507 && clicked.text().contains("The disk is full"), "{}", clicked.text());
    for path in ["/history", "/api/v1/predictions", "/readyz"] {
        let answer = server.get(path);
        assert!(answer.status == 200 || path == "/readyz" && answer.status == 503, "{path}: {}", answer.text());
    }
    for name in ["", "/photo", "/thumbnail.jpg", "/mask.png", "/cracks"] {
        assert_eq!(server.get(&format!("/api/v1/predictions/{id}{name}")).status, 200, "{name}");
    }
    assert_eq!(server.get(&format!("/predictions/{id}")).status, 200);
    let list = server.get(&format!("/api/v1/images/{sha256}/labels"));
    assert_eq!(list.json()["labels"].as_array().unwrap().len() as i64, kept);
    let label = |version: i64| server.get(&format!("/api/v1/images/{sha256}/labels/{version}.png"));
    let pixels = |png: &[u8]| image::load_from_memory(png).unwrap().into_luma8();
    for version in 1..=kept {
        assert_eq!(pixels(&label(version).body), pixels(&noise(version as u32 - 1)), "version {version}");
    }

    disk.free();
    assert_eq!(append(&server, &sha256, kept, noise(99)).status, 201, "with room again it goes on");
    assert_eq!(pixels(&label(kept + 1).body), pixels(&noise(99)));
    assert_eq!(say(&server, &id, "wrong").status, 200);
    assert_eq!(server.post_file("/predict?mask=none", "wall.png", &other).status, 200);
    let folder = server.kill();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Store::open(Path::new(&directory)).await.unwrap();
        let findings = store.check(true).await.unwrap();
        assert!(findings.is_sound() && findings.left_over.is_empty(), "{findings:?}");
        assert_eq!((findings.predictions, findings.labels), (2, kept + 1));
        store.close().await;
    });
    drop(disk);
    drop(folder);
}
