//! What was acknowledged is on disk.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hairline::digest::sha256_hex;
use hairline::domain::{ModelName, Prediction, Summary, TimingMs};
use hairline::store::{NewPrediction, Store};
use tempfile::TempDir;

use crate::support::{Part, Request, Server, ServerOptions, encode, wall_numbered};

/// A submission that the server acknowledged.
struct Acknowledged {
    id: uuid::Uuid,
    photo: Vec<u8>,
    labelled: bool,
}

fn label() -> Vec<u8> {
    encode(&image::DynamicImage::new_luma8(48, 32), image::ImageFormat::Png)
}

/// Posts until the server is gone.
fn submit_until_killed(server: &Server, next: &AtomicU32, acknowledged: &Mutex<Vec<Acknowledged>>) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let (photo, mask, labelled) = (wall_numbered(48, 32, number), label(), number.is_multiple_of(2));
        let mut parts = vec![Part::file("file", "wall.png", &photo)];
        if labelled {
            parts.push(Part::file("mask", "mask.png", &mask));
        }
        match Request::new("POST", "/save-for-retrain").form(&parts).try_send(server) {
            Ok(answer) if answer.status == 200 => {
                let id = answer.json()["id"].as_str().unwrap().parse().unwrap();
                acknowledged.lock().unwrap().push(Acknowledged { id, photo, labelled });
            }
            Ok(answer) => panic!("refused: {}", answer.text()),
            Err(_) => return,
        }
    }
}

fn kill_under_load(folder: TempDir, round: u32, next: &AtomicU32, acknowledged: &Mutex<Vec<Acknowledged>>) -> TempDir {
    let mut server = Server::with(ServerOptions::default(), folder);
    let pid = server.child.id().to_string();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| submit_until_killed(&server, next, acknowledged));
        }
        std::thread::sleep(Duration::from_millis(u64::from(60 + round * 37 % 240)));
        assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    });
    let _ = server.child.wait();
    server.kill()
}

#[test]
fn twenty_kills_lose_nothing_that_was_acknowledged() {
    let (next, acknowledged) = (AtomicU32::new(0), Mutex::new(Vec::new()));
    let mut folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        folder = kill_under_load(folder, round, &next, &acknowledged);
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    println!("{} submissions were acknowledged", acknowledged.len());
    assert!(acknowledged.len() >= 100, "only {}", acknowledged.len());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&folder.path().join("feedback")).await.unwrap();
        for Acknowledged { id, photo, labelled } in &acknowledged {
            let saved = store.submission(*id).await.unwrap().unwrap_or_else(|| panic!("{id} is lost"));
            assert_eq!(&fs_err::read(&saved.photo_path).unwrap(), photo);
            assert_eq!(saved.label_path.is_some(), *labelled);
            if let Some(path) = saved.label_path {
                assert_eq!(image::open(path).unwrap().into_luma8().dimensions(), (48, 32));
            }
        }
    });
}

/// A photograph that one thread judges and labels again and again.
struct Judged {
    id: uuid::Uuid,
    sha256: String,
}

/// What the server acknowledged.
#[derive(Default)]
struct Told {
    /// Photograph, version and the column that is crack.
    labels: Vec<(String, i64, u32)>,
    /// Predictions, as often as a verdict on them was acknowledged.
    verdicts: Vec<uuid::Uuid>,
}

fn column_label(column: u32) -> Vec<u8> {
    let picture = image::GrayImage::from_fn(48, 32, |x, _| image::Luma([if x == column { 255 } else { 0 }]));
    encode(&picture.into(), image::ImageFormat::Png)
}

/// Appends labels and verdicts in turn until the server is gone.
fn judge_until_killed(server: &Server, judged: &Judged, next: &AtomicU32, told: &Mutex<Told>) {
    let Judged { id, sha256 } = judged;
    let labels = format!("/api/v1/images/{sha256}/labels");
    let Ok(list) = Request::new("GET", &labels).try_send(server) else { return };
    let mut version =
        list.json()["labels"].as_array().unwrap().first().map_or(0, |label| label["version"].as_i64().unwrap());
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let request = Request::new("POST", &labels)
            .header("Content-Type", "image/png")
            .header("If-Match", &format!("\"{version}\""))
            .body(column_label(number % 48));
        let Ok(answer) = request.try_send(server) else { return };
        assert_eq!(answer.status, 201, "{}", answer.text());
        version = answer.json()["version"].as_i64().unwrap();
        told.lock().unwrap().labels.push((sha256.clone(), version, number % 48));
        let word = if number.is_multiple_of(2) { "right" } else { "wrong" };
        let body = format!("{{\"verdict\":\"{word}\"}}").into_bytes();
        let verdict = Request::new("PUT", &format!("/api/v1/predictions/{id}/verdict")).body(body);
        let Ok(answer) = verdict.try_send(server) else { return };
        assert_eq!(answer.status, 200, "{}", answer.text());
        if answer.json()["verdict"] == word {
            told.lock().unwrap().verdicts.push(*id);
        }
    }
}

/// A prediction as the server would have kept it.
fn prediction(photo: Vec<u8>) -> NewPrediction {
    let summary = Summary { width: 48, height: 32, threshold: 0.5, crack_pixels: 0, crack_ratio: 0.0 };
    let model = ModelName { name: "m".into(), licence: "l".into(), sha256: "s".into() };
    NewPrediction {
        prediction: Prediction {
            id: uuid::Uuid::now_v7(),
            file_name: "wall.png".into(),
            media_type: "image/png".into(),
            summary,
            model,
            timing_ms: TimingMs::default(),
        },
        image_sha256: sha256_hex(&photo),
        photo: photo.into(),
        extension: "png",
        mask_png: label(),
        thumbnail_jpeg: vec![0],
        marks_png: vec![0],
        uncertainty: 0.0,
        actor: "local".into(),
    }
}

#[test]
fn twenty_kills_lose_no_verdict_and_no_mask() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut folder = tempfile::tempdir().unwrap();
    let judged: Vec<Judged> = runtime.block_on(async {
        let store = Store::open(&folder.path().join("feedback")).await.unwrap();
        let mut judged = Vec::new();
        for number in 0..4 {
            let new = prediction(wall_numbered(48, 32, number));
            judged.push(Judged { id: new.prediction.id, sha256: new.image_sha256.clone() });
            store.keep_prediction(new).await.unwrap();
        }
        store.close().await;
        judged
    });
    let (next, told) = (AtomicU32::new(0), Mutex::new(Told::default()));
    for round in 0..20 {
        let mut server = Server::with(ServerOptions::default(), folder);
        let pid = server.child.id().to_string();
        std::thread::scope(|scope| {
            for judged in &judged {
                scope.spawn(|| judge_until_killed(&server, judged, &next, &told));
            }
            std::thread::sleep(Duration::from_millis(200 + round * 37 % 240));
            assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
        });
        let _ = server.child.wait();
        folder = server.kill();
    }
    let Told { labels, verdicts } = told.into_inner().unwrap();
    println!("{} masks and {} verdicts were acknowledged", labels.len(), verdicts.len());
    assert!(labels.len() + verdicts.len() >= 200);
    runtime.block_on(async {
        let store = Store::open(&folder.path().join("feedback")).await.unwrap();
        for (sha256, version, column) in &labels {
            let mask = store.label_mask(sha256, *version).await.unwrap().unwrap_or_else(|| panic!("{version} is lost"));
            let on = mask.pixels.iter().enumerate().filter(|(_, on)| **on).map(|(i, _)| i % 48);
            assert!(mask.count() == 32 && on.into_iter().all(|x| x == *column as usize), "{version} is another's");
        }
        for Judged { id, sha256 } in &judged {
            let kept = store.verdicts(*id).await.unwrap().len();
            let acknowledged = verdicts.iter().filter(|told| *told == id).count();
            // A kill may come between the commit and the answer.
            assert!((acknowledged..=acknowledged + 20).contains(&kept), "{kept} kept, {acknowledged} acknowledged");
            for label in store.labels(sha256).await.unwrap() {
                let mask = store.label_mask(sha256, label.version).await.unwrap().unwrap();
                assert_eq!((mask.width, mask.height, mask.count()), (48, 32, 32), "half of {}", label.version);
            }
        }
        let findings = store.check(true).await.unwrap();
        println!("{} files were left over by {} kills", findings.left_over.len(), 20);
        assert!(findings.is_sound(), "{findings:?}");
    });
}

/// A system call; where other threads came between, strace writes its beginning and its end as two lines.
struct Call {
    begun: usize,
    ended: usize,
    text: String,
}

fn calls(trace: &str) -> Vec<Call> {
    let (mut open, mut calls) = (HashMap::new(), Vec::new());
    for (line, text) in trace.lines().enumerate() {
        let (thread, text) = text.split_once(' ').unwrap();
        if let Some((head, _)) = text.split_once(" <unfinished") {
            open.insert(thread, (line, head));
        } else if let Some((_, tail)) = text.split_once(" resumed>") {
            let (begun, head) = open.remove(thread).unwrap();
            calls.push(Call { begun, ended: line, text: format!("{head}{tail}") });
        } else {
            calls.push(Call { begun: line, ended: line, text: text.to_owned() });
        }
    }
    calls
}

/// The first call that ended after line `from` and in which all `words` occur.
fn find<'a>(calls: &'a [Call], from: usize, words: &[&str]) -> &'a Call {
    let found = calls.iter().find(|call| call.ended >= from && words.iter().all(|word| call.text.contains(word)));
    found.unwrap_or_else(|| {
        calls.iter().for_each(|call| println!("{:5}–{:5} {}", call.begun, call.ended, call.text));
        panic!("no call with {words:?} after line {from}")
    })
}

/// A server whose system calls are written down.
fn traced_server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("trace.txt").display().to_string();
    let traced = "trace=openat,fsync,fdatasync,rename,renameat,renameat2,link,linkat,write,writev,sendto,pwrite64";
    let under = ["strace", "-f", "-y", "-s", "40", "-e", traced, "-o", &output];
    Server::with(ServerOptions { under: &under, ..ServerOptions::default() }, folder)
}

fn traced(server: &Server) -> Vec<Call> {
    std::thread::sleep(Duration::from_millis(300));
    calls(&fs_err::read_to_string(server.folder.path().join("trace.txt")).unwrap())
}

#[test]
#[ignore = "needs strace"]
fn a_label_and_a_verdict_are_on_disk_before_the_answer() {
    let server = traced_server();
    let (photo, first) = (wall_numbered(48, 32, 1), label());
    let parts = [Part::file("file", "wall.png", &photo), Part::file("mask", "mask.png", &first)];
    assert_eq!(Request::new("POST", "/save-for-retrain").form(&parts).send(&server).status, 200);
    let id = server.post_file("/predict?mask=none", "wall.png", &photo).json()["id"].as_str().unwrap().to_owned();
    let sha256 = sha256_hex(&photo);
    let made = Request::new("POST", &format!("/api/v1/images/{sha256}/labels"))
        .header("Content-Type", "image/png")
        .header("If-Match", "\"1\"")
        .body(column_label(3))
        .send(&server);
    assert_eq!(made.status, 201, "{}", made.text());
    let said = Request::new("PUT", &format!("/api/v1/predictions/{id}/verdict"))
        .body(br#"{"verdict":"nothing"}"#.to_vec())
        .send(&server);
    assert_eq!(said.status, 200, "{}", said.text());
    let calls = traced(&server);

    let mut from = 0;
    for (version, status) in [(2, "201"), (3, "200")] {
        let key = format!("/feedback/masks/{sha256}/{version}.png");
        let blob = find(&calls, from, &["sync(", &key]);
        let published = find(&calls, blob.ended, &["link", &key]);
        let folder = find(&calls, published.ended, &["sync(", &format!("/feedback/masks/{sha256}>")]);
        let row = find(&calls, folder.ended, &["sync(", "hairline.sqlite-wal"]);
        let answered = find(&calls, folder.ended, &[&format!("HTTP/1.1 {status}")]);
        for Call { begun, ended, text } in [blob, published, folder, row, answered] {
            println!("{begun:5}–{ended:5} {text}");
        }
        assert!(row.ended < answered.begun, "the answer came before the row was on disk");
        from = answered.ended;
    }
}

#[test]
#[ignore = "needs strace"]
fn blob_folder_and_row_are_synced_in_this_order_before_the_answer() {
    let server = traced_server();
    let (photo, mask) = (wall_numbered(48, 32, 1), label());
    let parts = [Part::file("file", "wall.png", &photo), Part::file("mask", "mask.png", &mask)];
    let answer = Request::new("POST", "/save-for-retrain").form(&parts).send(&server);
    assert_eq!(answer.status, 200);
    let calls = traced(&server);
    let image = answer.json()["path"].as_str().unwrap().to_owned();

    let blob = find(&calls, 0, &["sync(", &image]);
    let published = find(&calls, blob.ended, &[&image, "("]);
    let folder_synced = find(&calls, published.ended, &["sync(", "/feedback/images>"]);
    let label_synced = find(&calls, folder_synced.ended, &["sync(", "/feedback/masks/", ".png"]);
    let label_folder = find(&calls, label_synced.ended + 1, &["sync(", "/feedback/masks/"]);
    let row = find(&calls, label_folder.ended, &["sync(", "hairline.sqlite-wal"]);
    let answered = find(&calls, 0, &["HTTP/1.1 200"]);
    for Call { begun, ended, text } in [blob, published, folder_synced, label_synced, label_folder, row, answered] {
        println!("{begun:5}–{ended:5} {text}");
    }
    assert!(row.ended < answered.begun, "the answer came before the row was on disk");
}
