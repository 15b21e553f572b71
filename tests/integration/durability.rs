//! What was acknowledged is on disk.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hairline::store::Store;
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

#[test]
#[ignore = "needs strace"]
fn blob_folder_and_row_are_synced_in_this_order_before_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("trace.txt").display().to_string();
    let traced = "trace=openat,fsync,fdatasync,rename,renameat,renameat2,link,linkat,write,writev,sendto,pwrite64";
    let under = ["strace", "-f", "-y", "-s", "40", "-e", traced, "-o", &output];
    let server = Server::with(ServerOptions { under: &under, ..ServerOptions::default() }, folder);
    let (photo, mask) = (wall_numbered(48, 32, 1), label());
    let parts = [Part::file("file", "wall.png", &photo), Part::file("mask", "mask.png", &mask)];
    let answer = Request::new("POST", "/save-for-retrain").form(&parts).send(&server);
    assert_eq!(answer.status, 200);
    std::thread::sleep(Duration::from_millis(300));
    let trace = fs_err::read_to_string(server.folder.path().join("trace.txt")).unwrap();
    let calls = calls(&trace);
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
