use std::time::Duration;

use super::history::{draft, mask, new_prediction, with_prediction};
use super::*;
use crate::domain::{Verdict, now_ms};

const NO_LIMIT: Retention = Retention { max_days: 0, max_bytes: 0, deleted_days: 30 };
const DAY_MS: i64 = 24 * 3_600_000;

/// All files below `folder`, but those of the database.
fn files(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for name in ["images", "masks", "predictions"] {
        let mut folders = vec![folder.join(name)];
        while let Some(path) = folders.pop() {
            for entry in path.read_dir().into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path.strip_prefix(folder).unwrap().display().to_string());
                }
            }
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn a_check_finds_what_is_missing_damaged_and_left_over() {
    let folder = tempfile::tempdir().unwrap();
    let (store, id, sha256) = with_prediction(folder.path()).await;
    store.append_label(draft(&sha256, &[1], 0)).await.unwrap();
    let sound = store.check(true).await.unwrap();
    assert!(sound.is_sound() && sound.left_over.is_empty(), "{sound:?}");
    assert_eq!((sound.images, sound.predictions, sound.labels, sound.submissions), (1, 1, 1, 0));

    fs_err::remove_file(folder.path().join(format!("predictions/{id}.png"))).unwrap();
    fs_err::write(folder.path().join(format!("images/{sha256}.png")), b"another").unwrap();
    fs_err::write(folder.path().join(format!("masks/{sha256}/9.png#1")), b"half").unwrap();
    let found = store.check(true).await.unwrap();
    assert_eq!(found.missing, [format!("predictions/{id}.png")]);
    assert_eq!(found.damaged, [format!("images/{sha256}.png")]);
    assert_eq!(found.left_over, [format!("masks/{sha256}/9.png#1")]);
    assert!(!found.is_sound());
}

#[tokio::test]
async fn only_files_that_no_row_names_are_removed_and_not_while_they_are_young() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _, sha256) = with_prediction(folder.path()).await;
    store.append_label(draft(&sha256, &[1], 0)).await.unwrap();
    let before = files(folder.path());
    let left_over = ["images/cafe.png", "masks/cafe/1.png", "predictions/x.jpg#7"];
    fs_err::create_dir_all(folder.path().join("masks/cafe")).unwrap();
    for name in left_over {
        fs_err::write(folder.path().join(name), b"half").unwrap();
    }
    assert!(store.reconcile(Duration::from_secs(600)).await.unwrap().left_over.is_empty());
    assert_eq!(files(folder.path()).len(), before.len() + 3);
    let mut removed = store.reconcile(Duration::ZERO).await.unwrap().left_over;
    removed.sort();
    assert_eq!(removed, left_over);
    assert_eq!(files(folder.path()), before);
}

#[tokio::test]
async fn what_was_deleted_is_purged_after_its_days_and_labels_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (store, id, sha256) = with_prediction(folder.path()).await;
    let corrected = LabelDraft { prediction_id: Some(id), ..draft(&sha256, &[1], 0) };
    store.append_label(corrected).await.unwrap();
    let other = new_prediction("other.png", b"other", 0.1);
    let (other, other_sha256) = (other.prediction.id, {
        let sha = other.image_sha256.clone();
        store.keep_prediction(other).await.unwrap();
        sha
    });
    for id in [id, other] {
        store.delete_prediction(id).await.unwrap();
    }
    assert!(store.sweep(NO_LIMIT, now_ms() + 29 * DAY_MS).await.unwrap().is_empty());
    let mut gone = store.sweep(NO_LIMIT, now_ms() + 31 * DAY_MS).await.unwrap();
    gone.sort();
    assert_eq!(gone, [id, other]);
    assert!(store.prediction_or_deleted(id).await.unwrap().is_none());
    assert_eq!(store.label_mask(&sha256, 1).await.unwrap(), Some(mask(&[1])), "a label belongs to the photograph");
    assert!(store.image(&other_sha256).await.unwrap().is_none());
    assert_eq!(files(folder.path()), [format!("images/{sha256}.png"), format!("masks/{sha256}/1.png")]);
    assert!(store.check(true).await.unwrap().is_sound());
}

#[tokio::test]
async fn age_and_size_take_the_oldest_that_nobody_judged() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let mut ids = Vec::new();
    for photo in [b"a", b"b", b"c", b"d", b"e"] {
        let new = new_prediction("wall.png", photo, 0.1);
        ids.push(new.prediction.id);
        store.keep_prediction(new).await.unwrap();
    }
    store.say_verdict(ids[0], Verdict::Right, "local").await.unwrap();
    let given = Submission { sha256: crate::digest::sha256_hex(b"b"), ..submission(b"b", None) };
    store.save_submission(given).await.unwrap();
    let each = store.kept_bytes().await.unwrap() / 5;
    let limit = Retention { max_bytes: (each * 3) as u64 + 1, ..NO_LIMIT };
    assert_eq!(store.sweep(limit, now_ms()).await.unwrap(), [ids[1], ids[2]], "the first was judged");
    assert!(store.kept_bytes().await.unwrap() <= limit.max_bytes as i64);
    assert!(store.image(&crate::digest::sha256_hex(b"b")).await.unwrap().is_some(), "it was given for retraining");
    assert!(store.image(&crate::digest::sha256_hex(b"c")).await.unwrap().is_none());

    let days = Retention { max_days: 7, ..NO_LIMIT };
    assert!(store.sweep(days, now_ms() + 6 * DAY_MS).await.unwrap().is_empty());
    assert_eq!(store.sweep(days, now_ms() + 8 * DAY_MS).await.unwrap(), [ids[3], ids[4]]);
    assert!(store.prediction(ids[0]).await.unwrap().is_some());
    assert!(store.check(true).await.unwrap().is_sound());
}

#[tokio::test]
async fn a_backup_of_a_store_in_use_is_restored_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (store, id, sha256) = with_prediction(&folder.path().join("live")).await;
    store.append_label(draft(&sha256, &[1, 2], 0)).await.unwrap();
    let writing = {
        let store = store.clone();
        tokio::spawn(async move {
            for base in 1..30 {
                store
                    .append_label(draft(&crate::digest::sha256_hex(b"photo"), &[base as usize % 8], base))
                    .await
                    .unwrap();
            }
        })
    };
    let file = folder.path().join("backup.zip");
    let backed_up = store.backup(&file).await.unwrap();
    assert!(backed_up.missing.is_empty() && backed_up.files >= 5, "{backed_up:?}");
    writing.await.unwrap();
    assert!(matches!(store.backup(&file).await, Err(BackupError::Exists(_))));
    assert!(matches!(Store::restore(&file, &folder.path().join("live")).await, Err(BackupError::InUse(_))));

    let other = folder.path().join("other");
    fs_err::create_dir(&other).unwrap();
    let findings = Store::restore(&file, &other).await.unwrap();
    assert_eq!((findings.images, findings.predictions), (1, 1));
    let restored = Store::open(&other).await.unwrap();
    assert_eq!(restored.label_mask(&sha256, 1).await.unwrap(), Some(mask(&[1, 2])));
    assert_eq!(restored.predicted_mask(id).await.unwrap(), Some(mask(&[0])));
    assert_eq!(restored.prediction_file(id, PredictionFile::Photo).await.unwrap().unwrap(), b"photo".as_slice());
    let names: Vec<String> =
        folder.path().read_dir().unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.len(), 3, "nothing is left beside it: {names:?}");
}

#[tokio::test]
async fn what_is_no_whole_backup_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _, sha256) = with_prediction(&folder.path().join("live")).await;
    fs_err::remove_file(folder.path().join(format!("live/images/{sha256}.png"))).unwrap();
    let file = folder.path().join("backup.zip");
    assert_eq!(store.backup(&file).await.unwrap().missing, [format!("images/{sha256}.png")]);
    let other = folder.path().join("other");
    assert!(matches!(Store::restore(&file, &other).await, Err(BackupError::NotWhole(_))));
    fs_err::write(folder.path().join("text.zip"), b"no archive").unwrap();
    assert!(matches!(Store::restore(&folder.path().join("text.zip"), &other).await, Err(BackupError::Archive(_))));
    for (name, foreign) in [("evil.zip", "../outside"), ("odd.zip", "config.toml")] {
        let archive = folder.path().join(name);
        let mut zip = zip::ZipWriter::new(fs_err::File::create(&archive).unwrap());
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for entry in [DATABASE, foreign] {
            zip.start_file(entry, stored).unwrap();
        }
        zip.finish().unwrap();
        assert!(matches!(Store::restore(&archive, &other).await, Err(BackupError::Foreign(_))));
    }
    assert!(!other.exists() && !folder.path().join("outside").exists());
}
