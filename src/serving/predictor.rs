//! From an uploaded file to a stored prediction.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use metrics::{counter, histogram};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::admission::{Admission, Overloaded};
use super::ring::{Finished, Job, Progress, Ring, Stage, WorkError};
use super::worker::Workers;
use crate::digest::sha256_hex;
use crate::domain::{ModelName, Prediction, Summary, TimingMs};
use crate::measure::{self, CrackSurvey};
use crate::segment::Segmenter;
use crate::store::{Measured, NewPrediction, Recent, Store, StoreError};
use crate::vision::decode::{self, DecodeError, DecodeLimits, Photo, PhotoHeader};
use crate::vision::{BinaryMask, Capture, Colour, ProbabilityMap, encode, exif, thumbnail};

/// Photographs that are decoded at once; each holds its pixels in memory.
const DECODERS: usize = 2;

/// What bounds the predictor.
#[derive(Debug, Clone, Copy)]
pub struct PredictorSettings {
    /// What a photograph may be at most.
    pub limits: DecodeLimits,
    /// Photographs accepted at once.
    pub queue_photos: usize,
    /// Pixels accepted at once.
    pub queue_pixels: u64,
}

/// A file that somebody sent.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its name at the sender's.
    pub file_name: String,
    /// Its content.
    pub content: Bytes,
    /// Who sent it.
    pub actor: String,
}

/// A finished prediction and the map it summarises.
#[derive(Debug)]
pub struct Predicted {
    /// The stored result.
    pub prediction: Prediction,
    /// A probability for every pixel.
    pub map: ProbabilityMap,
    /// Its cracks at the model's threshold, and what the camera wrote.
    pub measured: Measured,
}

/// A photograph with what its file says of it, and how long both took.
struct Decoded {
    photo: Photo,
    capture: Capture,
    waited: Duration,
    decoding: Duration,
}

/// What was made of the map and the photograph: what is measured, and the pictures that are kept for long.
struct Worked {
    map: ProbabilityMap,
    survey: CrackSurvey,
    image_sha256: String,
    mask_png: Vec<u8>,
    thumbnail_jpeg: Vec<u8>,
    marks_png: Vec<u8>,
    took: Duration,
}

/// Why there is no prediction.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    /// The file is not a photograph that can be used.
    #[error(transparent)]
    Photo(#[from] DecodeError),
    /// Too much is waiting.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// The workers gave nothing back.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// The result could not be kept.
    #[error("the result could not be kept: {0}")]
    Keep(#[from] StoreError),
    /// A picture could not be made.
    #[error("a picture could not be made: {0}")]
    Picture(#[from] image::ImageError),
    /// A mask could not be encoded.
    #[error("a mask could not be encoded: {0}")]
    Mask(#[from] png::EncodingError),
    /// A background task died.
    #[error("a background task died: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// The mask at `threshold` as it is kept for long, in its own size and in the thumbnail's, both PNG.
pub(super) fn masks(map: &ProbabilityMap, threshold: f32) -> Result<(Vec<u8>, Vec<u8>), PredictError> {
    let mask = BinaryMask::from_probabilities(map, threshold);
    let (mut mask_png, mut marks_png) = (Vec::new(), Vec::new());
    encode::label_png(&mask, &mut mask_png)?;
    encode::marks_png(&thumbnail::marks(&mask), Colour::default(), &mut marks_png)?;
    Ok((mask_png, marks_png))
}

/// Predicts photographs with one model; cheap to share.
#[derive(Debug)]
pub struct Predictor {
    segmenter: Segmenter,
    settings: PredictorSettings,
    admission: Arc<Admission>,
    decoders: Semaphore,
    ring: Arc<Ring>,
    recent: Arc<Recent>,
    store: Store,
    _workers: Workers,
}

impl Predictor {
    /// Starts the worker thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(
        segmenter: Segmenter,
        (recent, store): (Arc<Recent>, Store),
        settings: PredictorSettings,
    ) -> std::io::Result<Self> {
        let ring = Arc::new(Ring::default());
        // One thread: the network itself uses all cores for each tile.
        let workers = Workers::start(&ring, 1)?;
        Ok(Self {
            admission: Admission::new(settings.queue_photos, settings.queue_pixels),
            decoders: Semaphore::new(DECODERS),
            segmenter,
            settings,
            ring,
            recent,
            store,
            _workers: workers,
        })
    }

    /// The model that answers.
    pub fn segmenter(&self) -> &Segmenter {
        &self.segmenter
    }

    /// What a photograph may be at most.
    pub fn limits(&self) -> DecodeLimits {
        self.settings.limits
    }

    /// A place to decode a photograph in; only a few are decoded at once, for the memory's sake.
    ///
    /// # Errors
    /// If Hairline is shutting down.
    pub async fn decoding_place(&self) -> Result<SemaphorePermit<'_>, PredictError> {
        Ok(self.decoders.acquire().await.map_err(|_| WorkError::Closed)?)
    }

    /// Photographs accepted and not finished.
    pub fn photos_in_work(&self) -> usize {
        self.admission.photos()
    }

    /// Predicts `upload`. Dropping the future stops the work.
    ///
    /// # Errors
    /// If the file is unusable, the queue is full, or the network fails.
    pub async fn predict(&self, upload: Upload, progress: Arc<Progress>) -> Result<Predicted, PredictError> {
        self.predict_as(Uuid::now_v7(), upload, progress).await
    }

    /// As [`Self::predict`], under an identity that the caller has announced.
    ///
    /// # Errors
    /// As [`Self::predict`].
    pub async fn predict_as(
        &self,
        id: Uuid,
        upload: Upload,
        progress: Arc<Progress>,
    ) -> Result<Predicted, PredictError> {
        let result = self.run(id, upload, progress).await;
        let outcome = match &result {
            Ok(_) => "done",
            Err(PredictError::Photo(_)) => "unusable",
            Err(PredictError::Overloaded(_)) => "overloaded",
            Err(PredictError::Work(WorkError::Cancelled)) => "cancelled",
            Err(
                PredictError::Work(_)
                | PredictError::Keep(_)
                | PredictError::Picture(_)
                | PredictError::Mask(_)
                | PredictError::Task(_),
            ) => "failed",
        };
        counter!("hairline_predictions_total", "outcome" => outcome).increment(1);
        result
    }

    async fn run(&self, id: Uuid, upload: Upload, progress: Arc<Progress>) -> Result<Predicted, PredictError> {
        let started = Instant::now();
        let (limits, content) = (self.settings.limits, upload.content.clone());
        let header = spawn_blocking(move || decode::probe(&content, limits)).await??;
        let _permit = self.admission.admit(header.pixels())?;
        let cancel = CancelOnDrop(Arc::clone(&progress));
        let Decoded { photo, capture, waited, decoding } = self.decode(&upload.content, &progress).await?;
        let (job, result) = Job::new(self.segmenter.clone(), photo.pixels, Arc::clone(&progress));
        self.ring.push(job);
        let finished = result.await.map_err(|_| WorkError::Cancelled)??;
        self.admission.measured(header.pixels(), finished.network);
        let mut timing_ms = TimingMs {
            queue: milliseconds(waited + finished.waited),
            decode: milliseconds(decoding),
            network: milliseconds(finished.network),
            ..TimingMs::default()
        };
        drop(cancel);
        progress.enter(Stage::Measuring);
        let worked = self.measure(&upload.content, finished).await?;
        timing_ms.measure = milliseconds(worked.took);
        timing_ms.total = milliseconds(started.elapsed());
        let prediction = self.prediction(id, &upload.file_name, header, (&worked.map, timing_ms));
        record(&prediction);
        self.keep(prediction, upload, header, (worked, capture)).await
    }

    async fn decode(&self, content: &Bytes, progress: &Arc<Progress>) -> Result<Decoded, PredictError> {
        let queued = Instant::now();
        let _place = self.decoding_place().await?;
        let started = Instant::now();
        progress.enter(Stage::Decoding);
        let (limits, content) = (self.settings.limits, content.clone());
        let (capture, photo) = spawn_blocking(move || {
            let capture = exif::read(&content);
            Ok::<_, DecodeError>((capture, decode::decode(&content, limits)?))
        })
        .await??;
        progress.enter(Stage::Waiting);
        Ok(Decoded { photo, capture, waited: started - queued, decoding: started.elapsed() })
    }

    /// Measures what the network found, few photographs at a time as in decoding.
    async fn measure(&self, content: &Bytes, finished: Finished) -> Result<Worked, PredictError> {
        let _place = self.decoding_place().await?;
        let Finished { map, photo, .. } = finished;
        let (limits, content) = (self.settings.limits, content.clone());
        let threshold = self.segmenter.model().metadata.threshold;
        let measured = spawn_blocking(move || {
            let started = Instant::now();
            // Only where the network saw it squeezed is it decoded again; to keep it would cost its memory all along.
            let photo = photo.map_or_else(|| decode::decode(&content, limits).map(|photo| photo.pixels), Ok)?;
            let survey = measure::survey(&photo, &map, threshold);
            let took = started.elapsed();
            let thumbnail_jpeg = thumbnail::jpeg(&photo)?;
            drop(photo);
            let (mask_png, marks_png) = masks(&map, threshold)?;
            let image_sha256 = sha256_hex(&content);
            Ok(Worked { map, survey, image_sha256, mask_png, thumbnail_jpeg, marks_png, took })
        });
        measured.await?
    }

    fn prediction(
        &self,
        id: Uuid,
        file_name: &str,
        header: PhotoHeader,
        (map, timing_ms): (&ProbabilityMap, TimingMs),
    ) -> Prediction {
        let threshold = self.segmenter.model().metadata.threshold;
        let summary = Summary {
            width: header.width,
            height: header.height,
            threshold,
            crack_pixels: map.crack_pixels(threshold),
            crack_ratio: map.crack_ratio(threshold),
        };
        Prediction {
            id,
            file_name: file_name.to_owned(),
            media_type: header.format.to_mime_type().to_owned(),
            summary,
            model: self.model_name(),
            timing_ms,
        }
    }

    /// Keeps the map for a while, and the prediction for long; what cannot be kept is no result.
    async fn keep(
        &self,
        prediction: Prediction,
        upload: Upload,
        header: PhotoHeader,
        (worked, capture): (Worked, Capture),
    ) -> Result<Predicted, PredictError> {
        let Worked { map, survey, image_sha256, mask_png, thumbnail_jpeg, marks_png, .. } = worked;
        let recent = Arc::clone(&self.recent);
        let predicted = spawn_blocking(move || {
            let measured = Measured { survey, capture };
            recent.put(&prediction, &map, &measured)?;
            Ok::<_, std::io::Error>(Predicted { prediction, map, measured })
        });
        let predicted = predicted.await?.map_err(StoreError::from)?;
        let new = NewPrediction {
            prediction: predicted.prediction.clone(),
            photo: upload.content,
            image_sha256,
            extension: decode::extension(header.format),
            mask_png,
            thumbnail_jpeg,
            marks_png,
            uncertainty: predicted.map.uncertainty(predicted.prediction.summary.threshold),
            actor: upload.actor,
        };
        self.store.keep_prediction(new).await?;
        Ok(predicted)
    }

    /// Name and licence of the model that answers.
    pub fn model_name(&self) -> ModelName {
        let model = self.segmenter.model();
        ModelName {
            name: model.metadata.name.clone(),
            licence: model.metadata.licence.clone(),
            sha256: model.file_sha256.clone(),
        }
    }
}

struct CancelOnDrop(Arc<Progress>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn record(prediction: &Prediction) {
    let TimingMs { queue, decode, network, measure, total: _ } = prediction.timing_ms;
    for (stage, ms) in [("queue", queue), ("decode", decode), ("network", network), ("measure", measure)] {
        histogram!("hairline_inference_stage_duration_seconds", "stage" => stage).record(ms / 1e3);
    }
    let summary = prediction.summary;
    counter!("hairline_photo_pixels_total").increment(u64::from(summary.width) * u64::from(summary.height));
    histogram!("hairline_crack_ratio").record(summary.crack_ratio);
}
