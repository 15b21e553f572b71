use uuid::Uuid;

use super::*;
use crate::domain::{ModelName, Prediction, Summary, TimingMs};
use crate::measure::survey_mask;
use crate::vision::{BinaryMask, Capture, ProbabilityMap};

mod history;
mod keeping;

fn submission(content: &'static [u8], label: Option<BinaryMask>) -> Submission {
    Submission {
        photo: content.into(),
        sha256: crate::digest::sha256_hex(content),
        extension: "png",
        size: (4, 2),
        label,
        comment: Some("by the stairs".into()),
        actor: "local".into(),
    }
}

#[tokio::test]
async fn labels_are_appended_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let mask = |on: bool| BinaryMask { width: 4, height: 2, pixels: vec![on; 8] };
    let first = store.save_submission(submission(b"photo", Some(mask(false)))).await.unwrap();
    let second = store.save_submission(submission(b"photo", Some(mask(true)))).await.unwrap();
    assert_eq!(first.photo_path, second.photo_path);
    assert_eq!(fs_err::read(&first.photo_path).unwrap(), b"photo");
    let label = |saved: &Saved| image::open(saved.label_path.as_ref().unwrap()).unwrap().into_luma8();
    assert_eq!(BinaryMask::from_label(&label(&first)), mask(false));
    assert_eq!(BinaryMask::from_label(&label(&second)), mask(true));
    assert_eq!(store.submission(first.id).await.unwrap().as_ref(), Some(&first));
    assert_eq!(store.submission(second.id).await.unwrap().as_ref(), Some(&second));
    assert_eq!(store.submission(Uuid::now_v7()).await.unwrap(), None);
}

#[tokio::test]
async fn many_writers_share_commits_and_all_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..60 {
        let store = store.clone();
        tasks.spawn(async move { store.save_submission(submission(b"same", None)).await });
    }
    while let Some(saved) = tasks.join_next().await {
        saved.unwrap().unwrap();
    }
    assert_eq!(store.count_submissions().await.unwrap(), 60);
    store.close().await;
    let again = Store::open(folder.path()).await.unwrap();
    assert_eq!(again.count_submissions().await.unwrap(), 60);
}

#[tokio::test]
async fn one_bad_write_does_not_take_its_neighbours_down() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let row = |id: Uuid| submissions::SubmissionRow {
        id,
        created_ms: 1,
        image: images::ImageRow { sha256: "s".into(), blob_key: "k".into(), bytes: 5, size: (4, 2) },
        label: None,
        comment: None,
        actor: "local".into(),
    };
    let twice = Uuid::now_v7();
    let results =
        futures_util::future::join_all([twice, twice, Uuid::now_v7()].map(|id| store.writer.write(row(id)))).await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 2, "the second use of an id fails alone");
    assert_eq!(store.count_submissions().await.unwrap(), 2);
}

#[tokio::test]
async fn tokens_are_valid_until_revoked_and_kept_as_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let secret = store.create_token("site-office").await.unwrap();
    assert_eq!(store.verify_token(&secret).await.unwrap().as_deref(), Some("site-office"));
    assert_eq!(store.verify_token("hl_guess").await.unwrap(), None);
    assert!(matches!(store.create_token("site-office").await, Err(TokenError::Exists(_))));
    assert!(matches!(store.create_token("a b").await, Err(TokenError::BadName)));
    store.revoke_token("site-office").await.unwrap();
    assert_eq!(store.verify_token(&secret).await.unwrap(), None);
    assert!(matches!(store.revoke_token("site-office").await, Err(TokenError::Unknown(_))));
    store.close().await;
    let database = fs_err::read(folder.path().join(DATABASE)).unwrap();
    assert!(!database.windows(secret.len()).any(|window| window == secret.as_bytes()), "the secret itself is on disk");
}

fn prediction() -> Prediction {
    prediction_of(3, 2)
}

fn prediction_of(width: u32, height: u32) -> Prediction {
    Prediction {
        id: Uuid::now_v7(),
        file_name: "wall.jpg".into(),
        media_type: "image/jpeg".into(),
        summary: Summary { width, height, threshold: 0.6, crack_pixels: 1, crack_ratio: 1.0 / 6.0 },
        model: ModelName { name: "m".into(), licence: "l".into(), sha256: "s".into() },
        timing_ms: TimingMs::default(),
    }
}

fn measured() -> Measured {
    let survey = survey_mask(&BinaryMask { width: 3, height: 2, pixels: vec![false; 6] });
    Measured { survey, capture: Capture { focal_35mm: Some(26.0), ..Capture::default() } }
}

#[test]
fn predictions_of_an_earlier_version_can_be_read_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let map = ProbabilityMap::new(3, 2, vec![0; 6]);
    let old = prediction();
    let recent = Recent::open(folder.path(), 1_000_000).unwrap();
    recent.put(&old, &map, &measured()).unwrap();
    fs_err::remove_file(folder.path().join(format!("{}.cracks", old.id))).unwrap();
    let photo = folder.path().join(format!("{}.photo", old.id));
    fs_err::write(&photo, b"photo").unwrap();
    let record = folder.path().join(format!("{}.json", old.id));
    let mut json: serde_json::Value = serde_json::from_slice(&fs_err::read(&record).unwrap()).unwrap();
    json["timing_ms"].as_object_mut().unwrap().remove("measure");
    fs_err::write(&record, json.to_string()).unwrap();
    let recent = Recent::open(folder.path(), 10).unwrap();
    assert_eq!(recent.prediction(old.id).unwrap(), old);
    assert_eq!(recent.photo(old.id).unwrap(), b"photo");
    assert!(matches!(recent.measured(old.id), Err(RecentError::Gone)), "it is to be measured again");
    recent.put(&prediction(), &map, &measured()).unwrap();
    assert!(matches!(recent.prediction(old.id), Err(RecentError::Gone)));
    assert!(!photo.exists());
}

#[test]
fn recent_predictions_survive_a_restart_and_make_room() {
    let folder = tempfile::tempdir().unwrap();
    let map = ProbabilityMap::new(30, 20, (0..600).map(|i| i * 109).collect());
    let measured = measured();
    let all: Vec<Prediction> = (0..4).map(|_| prediction_of(30, 20)).collect();
    let recent = Recent::open(folder.path(), 1_000_000).unwrap();
    for prediction in &all {
        recent.put(prediction, &map, &measured).unwrap();
    }
    fs_err::write(folder.path().join(format!("{}.u16", Uuid::now_v7())), b"cut off").unwrap();
    let recent = Recent::open(folder.path(), 4_000).unwrap();
    assert!(matches!(recent.prediction(all[0].id), Err(RecentError::Gone)), "the oldest went first");
    assert_eq!(recent.prediction(all[3].id).unwrap(), all[3]);
    assert_eq!(recent.probabilities(&all[3]).unwrap(), map);
    assert_eq!(recent.measured(all[3].id).unwrap(), measured);
    let files = fs_err::read_dir(folder.path()).unwrap().count();
    assert_eq!(files % 3, 0, "nothing incomplete is left");
    assert!(files <= 6);
}

#[tokio::test]
async fn what_waits_for_a_server_keeps_its_order_and_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let [run, other] = [Uuid::now_v7(), Uuid::now_v7()];
    for (id, title) in [(run, "one"), (other, "two"), (run, "again")] {
        store.track_run(id, title).await.unwrap();
    }
    for (name, file) in [("z", None), ("a", Some("first".into())), ("m", None), ("a", Some("second".into()))] {
        store.queue_entry(run, name, name, file).await.unwrap();
    }
    store.queue_entry(other, "a", "", None).await.unwrap();
    store.close().await;

    let store = Store::open(folder.path()).await.unwrap();
    let names = |entries: Vec<WaitingEntry>| entries.into_iter().map(|entry| entry.name).collect::<Vec<_>>();
    let waiting = store.waiting_entries(run).await.unwrap();
    let file = waiting[1].file.clone().unwrap();
    assert_eq!(fs_err::read(&file).unwrap(), b"first", "what stands in the queue stays");
    assert_eq!(names(waiting), ["z", "a", "m"]);
    assert_eq!(
        store.waiting_runs().await.unwrap().iter().map(|run| run.title.as_str()).collect::<Vec<_>>(),
        ["one", "two"]
    );

    for name in ["z", "a"] {
        store.entry_sent(run, name).await.unwrap();
    }
    assert!(!file.exists());
    store.queue_entry(run, "a", "anew", None).await.unwrap();
    assert_eq!(names(store.waiting_entries(run).await.unwrap()), ["m"], "what was sent is remembered");
    let server = ServerRun { uri: "http://h".into(), id: "7".into(), artifact_uri: "mlflow-artifacts:/7".into() };
    store.name_run(run, &server).await.unwrap();
    store.finish_run(run, "cafe").await.unwrap();
    let found = store.tracked_model("cafe").await.unwrap().unwrap();
    assert_eq!((found.id, found.server, found.finished), (run, Some(server), true));
    store.queue_entry(run, "n", "later", Some("sheet".into())).await.unwrap();
    assert_eq!(names(store.waiting_entries(run).await.unwrap()), ["m", "n"]);
    assert_eq!(store.drop_waiting(run).await.unwrap(), 2);
    assert_eq!(store.waiting_runs().await.unwrap().len(), 1);
    assert!(!folder.path().join("outbox").join(run.to_string()).exists(), "no file is left");
}
