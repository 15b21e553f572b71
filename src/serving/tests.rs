use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use image::{DynamicImage, ImageFormat, RgbImage};

use super::*;
use crate::net::{InputScale, Model};
use crate::segment::{Segmenter, TileSettings};
use crate::store::{PredictionFile, Recent, Store};
use crate::vision::DecodeLimits;

struct Setup {
    predictor: Arc<Predictor>,
    _folder: tempfile::TempDir,
}

async fn setup(queue_photos: usize, queue_pixels: u64) -> Setup {
    setup_seeing(InputScale::Native, queue_photos, queue_pixels).await
}

async fn setup_seeing(scale: InputScale, queue_photos: usize, queue_pixels: u64) -> Setup {
    let folder = tempfile::tempdir().unwrap();
    let model = crate::net::tests::small_model(|metadata, _| metadata.input.scale = scale);
    let model = Model::from_bytes(&model).unwrap();
    let segmenter = Segmenter::new(model, TileSettings { tile: 64, overlap: 8, mirror: false });
    let recent = Arc::new(Recent::open(&folder.path().join("recent"), 100_000_000).unwrap());
    let store = Store::open(folder.path()).await.unwrap();
    let limits = DecodeLimits { max_pixels: 10_000_000 };
    let settings = PredictorSettings { limits, queue_photos, queue_pixels };
    Setup { predictor: Arc::new(Predictor::start(segmenter, (recent, store), settings).unwrap()), _folder: folder }
}

fn upload(width: u32, height: u32) -> Upload {
    let mut bytes = Vec::new();
    let picture = DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 9])));
    picture.write_to(&mut std::io::Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    Upload { file_name: "wall.png".into(), content: Bytes::from(bytes), actor: "local".into() }
}

fn progress() -> Arc<Progress> {
    Arc::new(Progress::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_photograph_does_not_wait_behind_a_huge_one() {
    let Setup { predictor, _folder } = setup(10, 100_000_000).await;
    let huge_progress = progress();
    let huge = {
        let (predictor, progress) = (Arc::clone(&predictor), Arc::clone(&huge_progress));
        tokio::spawn(async move { predictor.predict(upload(2500, 1200), progress).await })
    };
    while huge_progress.tiles().0 == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    predictor.predict(upload(60, 60), progress()).await.unwrap();
    let (done, total) = huge_progress.tiles();
    assert!(done < total / 2, "the small one came after {done} of {total} tiles of the huge one");
    huge.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
    let Setup { predictor, _folder } = setup(1, 100_000_000).await;
    let running = progress();
    let first = {
        let (predictor, progress) = (Arc::clone(&predictor), Arc::clone(&running));
        tokio::spawn(async move { predictor.predict(upload(1500, 1000), progress).await })
    };
    while running.tiles().1 == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let refused = predictor.predict(upload(60, 60), progress()).await;
    let Err(PredictError::Overloaded(Overloaded { photos: 1, retry_after, .. })) = refused else {
        panic!("{refused:?}")
    };
    assert!(retry_after >= Duration::from_secs(1));
    first.await.unwrap().unwrap();
    predictor.predict(upload(60, 60), progress()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pixels_are_bounded_together_but_a_single_photograph_is_always_taken() {
    let Setup { predictor, _folder } = setup(10, 1_000).await;
    predictor.predict(upload(200, 100), progress()).await.unwrap();
    assert_eq!(predictor.photos_in_work(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_computed_for_who_has_gone_away() {
    let Setup { predictor, _folder } = setup(10, 100_000_000).await;
    let gone = progress();
    let task = {
        let (predictor, progress) = (Arc::clone(&predictor), Arc::clone(&gone));
        tokio::spawn(async move { predictor.predict(upload(2500, 1200), progress).await })
    };
    while gone.tiles().0 == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    task.abort();
    let _ = task.await;
    let (done, total) = gone.tiles();
    predictor.predict(upload(60, 60), progress()).await.unwrap();
    let later = gone.tiles().0;
    assert!(later <= done + 1 && later < total, "{done} then {later} of {total}");
    assert_eq!(predictor.photos_in_work(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_running_is_finished_when_the_predictor_goes() {
    let Setup { predictor, _folder } = setup(10, 100_000_000).await;
    let running = progress();
    let task = {
        let (predictor, progress) = (Arc::clone(&predictor), Arc::clone(&running));
        tokio::spawn(async move { predictor.predict(upload(900, 700), progress).await })
    };
    drop(predictor);
    let predicted = task.await.unwrap().unwrap();
    assert_eq!((predicted.map.width(), predicted.map.height()), (900, 700));
}

#[tokio::test(flavor = "multi_thread")]
async fn results_do_not_depend_on_company() {
    let Setup { predictor, _folder } = setup(10, 100_000_000).await;
    let alone = predictor.predict(upload(300, 200), progress()).await.unwrap();
    let together =
        futures_util::future::join_all((0..4).map(|_| predictor.predict(upload(300, 200), progress()))).await;
    for predicted in together {
        assert_eq!(predicted.unwrap().map, alone.map);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cracks_are_measured_on_the_photograph_whatever_the_network_saw() {
    for scale in [InputScale::Native, InputScale::Squeeze(32)] {
        let Setup { predictor, _folder } = setup_seeing(scale, 10, 100_000_000).await;
        let upload = upload(300, 200);
        let limits = DecodeLimits { max_pixels: 1_000_000 };
        let photo = crate::vision::decode::decode(&upload.content, limits).unwrap().pixels;
        let Predicted { prediction, map, measured } = predictor.predict(upload, progress()).await.unwrap();
        let expected = crate::measure::survey(&photo, &map, prediction.summary.threshold);
        assert_eq!(measured.survey, expected, "{scale:?}");
        assert!(prediction.timing_ms.measure > 0.0 && prediction.timing_ms.total >= prediction.timing_ms.measure);
    }
}

#[test]
fn waiting_time_is_learned() {
    let admission = Admission::new(1, 1_000_000_000);
    for _ in 0..50 {
        admission.measured(1_000_000, Duration::from_secs(10));
    }
    let started = Instant::now();
    let _first = admission.admit(1_000_000).unwrap();
    let refused = admission.admit(1).unwrap_err();
    assert!((8..=12).contains(&refused.retry_after.as_secs()), "{refused:?}");
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn predictions_of_before_the_history_are_brought_into_it() {
    let Setup { predictor, _folder } = setup(10, 100_000_000).await;
    let sent = upload(120, 90);
    let predicted = predictor.predict(sent.clone(), progress()).await.unwrap();
    let (id, sha256) = (predicted.prediction.id, crate::digest::sha256_hex(&sent.content));
    drop(predictor);

    // An old folder: the photograph lies in the cache, and there is no row.
    let old = tempfile::tempdir().unwrap();
    let cache = old.path().join("recent");
    fs_err::create_dir_all(&cache).unwrap();
    for ending in ["json", "u16", "cracks"] {
        let name = format!("{id}.{ending}");
        fs_err::copy(_folder.path().join("recent").join(&name), cache.join(&name)).unwrap();
    }
    fs_err::write(cache.join(format!("{id}.photo")), &sent.content).unwrap();
    let store = Store::open(old.path()).await.unwrap();
    let recent = Arc::new(Recent::open(&cache, 100_000_000).unwrap());
    for _ in 0..2 {
        adopt_old(&recent, &store, DecodeLimits { max_pixels: 10_000_000 }).await;
        let kept = store.prediction(id).await.unwrap().unwrap();
        assert_eq!((&kept.prediction, &kept.image_sha256), (&predicted.prediction, &sha256));
        assert!(recent.with_photo().is_empty() && recent.photo(id).is_err());
        let photo = store.prediction_file(id, PredictionFile::Photo).await.unwrap().unwrap();
        assert_eq!(photo, sent.content);
        let mask = store.predicted_mask(id).await.unwrap().unwrap();
        assert_eq!(mask.count() as u64, predicted.prediction.summary.crack_pixels);
    }
}
