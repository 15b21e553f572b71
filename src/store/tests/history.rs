use super::*;
use crate::domain::{Verdict, now_ms};

/// A prediction of a photograph of 4 × 2 pixels, whose first pixel is crack.
pub fn new_prediction(name: &str, photo: &'static [u8], ratio: f64) -> NewPrediction {
    let mut prediction = prediction_of(4, 2);
    prediction.file_name = name.into();
    prediction.summary.crack_ratio = ratio;
    let mut mask_png = Vec::new();
    crate::vision::encode::label_png(&mask(&[0]), &mut mask_png).unwrap();
    NewPrediction {
        prediction,
        photo: photo.into(),
        image_sha256: crate::digest::sha256_hex(photo),
        extension: "png",
        mask_png,
        thumbnail_jpeg: b"thumbnail".to_vec(),
        marks_png: b"marks".to_vec(),
        uncertainty: ratio / 2.0,
        actor: "local".into(),
    }
}

pub fn mask(on: &[usize]) -> BinaryMask {
    BinaryMask { width: 4, height: 2, pixels: (0..8).map(|i| on.contains(&i)).collect() }
}

pub fn draft(sha256: &str, on: &[usize], base: i64) -> LabelDraft {
    LabelDraft {
        image_sha256: sha256.into(),
        mask: mask(on),
        base: Some(base),
        parent: Some(base).filter(|base| *base > 0),
        tool: Some("brush".into()),
        actor: "local".into(),
        prediction_id: None,
        idempotency: None,
    }
}

/// A store with one prediction.
pub async fn with_prediction(folder: &std::path::Path) -> (Store, Uuid, String) {
    let store = Store::open(folder).await.unwrap();
    let new = new_prediction("wall.png", b"photo", 0.2);
    let (id, sha256) = (new.prediction.id, new.image_sha256.clone());
    store.keep_prediction(new).await.unwrap();
    (store, id, sha256)
}

/// Files below the folder of labels.
fn label_files(folder: &std::path::Path, sha256: &str) -> usize {
    fs_err::read_dir(folder.join("masks").join(sha256)).map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_prediction_is_read_back_with_its_files_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (store, id, sha256) = with_prediction(folder.path()).await;
    store.close().await;
    let store = Store::open(folder.path()).await.unwrap();
    let kept = store.prediction(id).await.unwrap().unwrap();
    assert_eq!((kept.prediction.file_name.as_str(), kept.image_sha256, kept.verdict), ("wall.png", sha256, None));
    assert!((now_ms() - kept.created_ms).abs() < 60_000, "the time is that of the id");
    let file = |file| store.prediction_file(id, file);
    assert_eq!(file(PredictionFile::Photo).await.unwrap().unwrap(), b"photo".as_slice());
    assert_eq!(file(PredictionFile::Thumbnail).await.unwrap().unwrap(), b"thumbnail".as_slice());
    assert_eq!(file(PredictionFile::Marks).await.unwrap().unwrap(), b"marks".as_slice());
    assert_eq!(store.predicted_mask(id).await.unwrap(), Some(mask(&[0])));
    assert_eq!(store.prediction(Uuid::now_v7()).await.unwrap(), None);
}

#[tokio::test]
async fn deleting_can_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let (store, id, _) = with_prediction(folder.path()).await;
    assert!(store.delete_prediction(id).await.unwrap());
    assert!(!store.delete_prediction(id).await.unwrap(), "once is enough");
    assert_eq!(store.prediction(id).await.unwrap(), None);
    assert!(store.prediction_file(id, PredictionFile::Mask).await.unwrap().is_none());
    assert!(!store.say_verdict(id, Verdict::Right, "local").await.unwrap());
    let listed = store.list_predictions(&HistoryFilter::default(), None, 10).await.unwrap();
    assert!(listed.predictions.is_empty());
    assert!(store.restore_prediction(id).await.unwrap());
    assert!(store.prediction(id).await.unwrap().is_some());
}

#[tokio::test]
async fn of_two_who_save_at_once_one_is_told_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _, sha256) = with_prediction(folder.path()).await;
    for base in 0..5 {
        let (mine, theirs) = tokio::join!(
            store.append_label(draft(&sha256, &[1], base)),
            store.append_label(draft(&sha256, &[2], base))
        );
        let (saved, refused) = if mine.is_ok() { (mine, theirs) } else { (theirs, mine) };
        assert_eq!(saved.unwrap().version, base + 1);
        assert!(matches!(refused, Err(LabelError::Conflict { current }) if current == base + 1));
    }
    let labels = store.labels(&sha256).await.unwrap();
    assert_eq!(labels.iter().map(|label| label.version).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
    assert_eq!(label_files(folder.path(), &sha256), 5, "what was refused leaves no file");
    let later = store.append_label(draft(&sha256, &[2, 3], 5)).await.unwrap();
    assert_eq!(store.label_mask(&sha256, later.version).await.unwrap(), Some(mask(&[2, 3])));
}

#[tokio::test]
async fn versions_tell_what_changed_and_can_be_restored() {
    let folder = tempfile::tempdir().unwrap();
    let (store, id, sha256) = with_prediction(folder.path()).await;
    let first = LabelDraft { prediction_id: Some(id), ..draft(&sha256, &[0, 1, 2], 0) };
    let first = store.append_label(first).await.unwrap();
    assert_eq!(
        (first.added_px, first.removed_px, first.parent),
        (Some(2), Some(0), None),
        "against the predicted mask"
    );
    let said = store.prediction(id).await.unwrap().unwrap().verdict.unwrap();
    assert_eq!(said.verdict, Verdict::Wrong, "who corrects says so");
    let second = store.append_label(draft(&sha256, &[2, 3], 1)).await.unwrap();
    assert_eq!((second.added_px, second.removed_px, second.parent), (Some(1), Some(2), Some(1)));
    let third = store.restore_label(&sha256, 1, "local".into(), None).await.unwrap();
    assert_eq!((third.version, third.parent, third.crack_pixels), (3, Some(1), 3));
    assert_eq!((third.added_px, third.removed_px), (Some(2), Some(1)));
    assert_eq!(store.label_mask(&sha256, 3).await.unwrap(), Some(mask(&[0, 1, 2])));
    assert!(matches!(store.restore_label(&sha256, 9, "local".into(), None).await, Err(LabelError::UnknownVersion)));
}

#[tokio::test]
async fn what_cannot_be_a_label_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _, sha256) = with_prediction(folder.path()).await;
    let small = BinaryMask { width: 2, height: 2, pixels: vec![true; 4] };
    let wrong = store.append_label(LabelDraft { mask: small, ..draft(&sha256, &[], 0) }).await;
    assert!(matches!(wrong, Err(LabelError::Size { label: (2, 2), photo: (4, 2) })));
    assert!(matches!(store.append_label(draft("cafe", &[], 0)).await, Err(LabelError::UnknownImage)));
    let foreign = LabelDraft { prediction_id: Some(Uuid::now_v7()), ..draft(&sha256, &[], 0) };
    assert!(matches!(store.append_label(foreign).await, Err(LabelError::UnknownPrediction)));
    assert_eq!(label_files(folder.path(), &sha256), 0);
}

#[tokio::test]
async fn a_repeated_request_is_done_once() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _, sha256) = with_prediction(folder.path()).await;
    let key = |key: &str, fingerprint: &str| {
        Some(IdempotencyKey { actor: "local".into(), key: key.into(), fingerprint: fingerprint.into() })
    };
    let keyed = |idempotency| LabelDraft { idempotency, ..draft(&sha256, &[4], 0) };
    let first = store.append_label(keyed(key("k", "f"))).await.unwrap();
    let again = store.append_label(keyed(key("k", "f"))).await.unwrap();
    assert_eq!(first, again);
    assert!(matches!(store.append_label(keyed(key("k", "other"))).await, Err(LabelError::KeyReused)));
    assert!(matches!(store.append_label(keyed(key("l", "f"))).await, Err(LabelError::Conflict { current: 1 })));
    assert_eq!(store.labels(&sha256).await.unwrap().len(), 1);
    assert_eq!(label_files(folder.path(), &sha256), 1);
}

#[tokio::test]
async fn nothing_here_is_an_empty_label_until_somebody_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let (store, id, sha256) = with_prediction(folder.path()).await;
    store.append_label(draft(&sha256, &[1, 2], 0)).await.unwrap();
    for _ in 0..2 {
        assert!(store.say_verdict(id, Verdict::Nothing, "local").await.unwrap());
    }
    let labels = store.labels(&sha256).await.unwrap();
    assert_eq!(labels.len(), 2, "saying it twice appends once");
    assert_eq!(
        (labels[0].crack_pixels, labels[0].removed_px, labels[0].tool.as_deref()),
        (0, Some(2), Some("nothing"))
    );
    assert_eq!(labels[0].prediction_id, Some(id.to_string()));
    assert_eq!(store.label_mask(&sha256, 2).await.unwrap(), Some(mask(&[])));
    assert!(store.say_verdict(id, Verdict::Right, "site").await.unwrap());
    let labels = store.labels(&sha256).await.unwrap();
    assert!(labels[0].withdrawn_ms.is_some() && labels[1].withdrawn_ms.is_none());
    assert!(store.say_verdict(id, Verdict::Nothing, "local").await.unwrap());
    assert_eq!(store.latest_version(&sha256).await.unwrap(), 3);
    let said: Vec<Verdict> = store.verdicts(id).await.unwrap().iter().map(|said| said.verdict).collect();
    assert_eq!(said, [Verdict::Nothing, Verdict::Right, Verdict::Nothing], "appended; a repetition is none");
    assert!(!store.say_verdict(Uuid::now_v7(), Verdict::Right, "local").await.unwrap());
}

#[tokio::test]
async fn pages_are_filtered_searched_and_joined_without_gap() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let mut ids = Vec::new();
    for (i, name) in ["Pier_1.jpg", "pier 2.jpg", "100%.jpg", "wall.jpg", "wall_b.jpg"].into_iter().enumerate() {
        let mut new = new_prediction(name, b"photo", i as f64 / 10.0);
        new.prediction.model.name = if i < 2 { "old" } else { "new" }.into();
        ids.push(new.prediction.id);
        store.keep_prediction(new).await.unwrap();
    }
    store.say_verdict(ids[3], Verdict::Wrong, "local").await.unwrap();
    let found = async |filter: HistoryFilter| {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = store.list_predictions(&filter, after, 2).await.unwrap();
            found.extend(
                page.predictions.iter().map(|kept| ids.iter().position(|id| *id == kept.prediction.id).unwrap()),
            );
            assert!(page.predictions.len() == 2 || page.next.is_none());
            let Some(next) = page.next else { return found };
            after = Some(next.to_string().parse().unwrap());
        }
    };
    let all = HistoryFilter::default();
    let text = |text: &str| HistoryFilter { text: Some(text.into()), ..HistoryFilter::default() };
    assert_eq!(found(all.clone()).await, [4, 3, 2, 1, 0]);
    assert_eq!(found(text("PIER")).await, [1, 0]);
    assert_eq!(found(text("r_1")).await, [0], "an underscore is an underscore");
    assert_eq!(found(text("0%")).await, [2]);
    assert_eq!(found(HistoryFilter { model: Some("old".into()), ..all.clone() }).await, [1, 0]);
    assert_eq!(found(HistoryFilter { min_crack_ratio: Some(0.3), ..all.clone() }).await, [4, 3]);
    assert_eq!(found(HistoryFilter { max_crack_ratio: Some(0.1), ..all.clone() }).await, [1, 0]);
    assert_eq!(found(HistoryFilter { min_uncertainty: Some(0.2), ..all.clone() }).await, [4]);
    let wrong = VerdictFilter::Is(Verdict::Wrong);
    assert_eq!(found(HistoryFilter { verdict: Some(wrong), ..all.clone() }).await, [3]);
    assert_eq!(found(HistoryFilter { verdict: Some(VerdictFilter::None), ..all.clone() }).await, [4, 2, 1, 0]);
    assert_eq!(found(HistoryFilter { from_ms: Some(now_ms() + 60_000), ..all.clone() }).await, [0; 0]);
    assert_eq!(store.predicting_models().await.unwrap(), ["new", "old"]);

    let commented = Submission { comment: Some("under the Stairs".into()), ..submission(b"photo", None) };
    store.save_submission(commented).await.unwrap();
    assert_eq!(
        found(text("the stairs")).await,
        [4, 3, 2, 1, 0],
        "a comment is found with all predictions of its photograph"
    );
}

#[tokio::test]
async fn a_folder_of_the_first_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join(DATABASE)).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let mut old = schema::migrator();
    old.migrations = old.migrations.iter().take(1).cloned().collect();
    old.run(&pool).await.unwrap();
    let rows = "INSERT INTO images VALUES ('cafe', 'images/cafe.png', 5, 4, 2, 1);
         INSERT INTO label_versions VALUES ('cafe', 1, 'masks/cafe/1.png', 3, 'local', 1);
         INSERT INTO submissions VALUES ('s', 'cafe', 1, 'old', 'local', 1)";
    sqlx::raw_sql(rows).execute(&pool).await.unwrap();
    pool.close().await;
    fs_err::create_dir_all(folder.path().join("masks/cafe")).unwrap();
    let mut png = Vec::new();
    crate::vision::encode::label_png(&mask(&[0, 1, 2]), &mut png).unwrap();
    fs_err::write(folder.path().join("masks/cafe/1.png"), png).unwrap();

    let store = Store::open(folder.path()).await.unwrap();
    assert_eq!(store.count_submissions().await.unwrap(), 1);
    assert_eq!(store.label_mask("cafe", 1).await.unwrap(), Some(mask(&[0, 1, 2])));
    assert_eq!(store.append_label(draft("cafe", &[0], 1)).await.unwrap().removed_px, Some(2));
}
