//! Looks at what is new in the store: labels that may train or not, photographs and what a label of them is worth.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OnceCell};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::{Benefit, Label, Neighbours, OtherLabel, Reason, SamePicture, Signals, check};
use crate::domain::DecodeLimits;
use crate::store::{LabelBySomebodyElse, PhotoReview, SeenBy, Store, StoreError, UncheckedLabel, UnseenPhoto};
use crate::vision::{BinaryMask, DecodeError, PerceptualHash, Photo, decode};

/// What is asked of the store at once.
const BATCH: u32 = 64;
/// After something was written: what comes shortly after is looked at together.
const PAUSE: Duration = Duration::from_millis(200);

/// Keeps reviews up to date; cheap to share.
#[derive(Debug, Clone)]
pub struct Keeper {
    store: Store,
    limits: DecodeLimits,
    /// Data folders whose photographs judge models.
    evaluation_folders: Arc<Vec<PathBuf>>,
    evaluation: Arc<OnceCell<Vec<SamePicture>>>,
    /// Two at once would look at everything twice.
    busy: Arc<Mutex<()>>,
}

/// What was found on a label, and the hash of its photograph.
type Found = (Vec<Reason>, Option<PerceptualHash>);

impl Keeper {
    /// A keeper of `store`; photographs in `evaluation_folders` judge models and must not train them.
    pub fn new(store: Store, limits: DecodeLimits, evaluation_folders: Vec<PathBuf>) -> Self {
        let (evaluation_folders, evaluation) = (Arc::new(evaluation_folders), Arc::default());
        Self { store, limits, evaluation_folders, evaluation, busy: Arc::default() }
    }

    /// Looks at everything that is new, each time something is; never ends by itself.
    pub async fn run(&self) {
        loop {
            if let Err(error) = self.catch_up().await {
                tracing::warn!(%error, "labels and photographs could not be looked at");
            }
            self.store.changed().await;
            sleep(PAUSE).await;
        }
    }

    /// Looks at all labels and photographs that are new.
    ///
    /// # Errors
    /// If the store fails; what was looked at before stays.
    pub async fn catch_up(&self) -> Result<(), StoreError> {
        let _alone = self.busy.lock().await;
        let labels = self.check_labels().await?;
        let photos = self.weigh_photos().await?;
        self.store.note_waiting().await?;
        if labels + photos > 0 {
            tracing::info!(labels, photos, "looked at {labels} labels and {photos} photographs");
        }
        Ok(())
    }

    async fn check_labels(&self) -> Result<usize, StoreError> {
        let mut labels = self.store.unchecked_labels(BATCH).await?;
        if labels.is_empty() {
            return Ok(0);
        }
        let evaluation = self.evaluation.get_or_init(|| self.read_evaluation()).await;
        let mut labelled = self.labelled().await?;
        let (mut count, mut new_hashes) = (0, Vec::new());
        while !labels.is_empty() {
            for label in &labels {
                let other = self.store.label_by_somebody_else(label).await?;
                let others = labelled.iter().filter(|same| same.name != label.image_sha256).cloned().collect();
                let (reasons, hash) = self.look_at(label, other, (others, evaluation.clone())).await?;
                if let Some(hash) = hash {
                    self.store.save_photo_hash(&label.image_sha256, hash.0).await?;
                    if reasons.is_empty() {
                        labelled.push(SamePicture { name: label.image_sha256.clone(), hash });
                        new_hashes.push(hash);
                    }
                }
                let reasons = serde_json::to_string(&reasons).map_err(std::io::Error::from)?;
                self.store.save_label_review(label, &reasons).await?;
                count += 1;
            }
            labels = self.store.unchecked_labels(BATCH).await?;
        }
        self.come_nearer(&new_hashes).await?;
        Ok(count)
    }

    async fn look_at(
        &self,
        label: &UncheckedLabel,
        other: Option<LabelBySomebodyElse>,
        (labelled, evaluation): (Vec<SamePicture>, Vec<SamePicture>),
    ) -> Result<Found, StoreError> {
        let (label, limits) = (label.clone(), self.limits);
        let work = move || {
            let photo = match read_photo(&label.photo, limits) {
                Ok(photo) => photo.pixels,
                Err(problem) => return (vec![Reason::Unreadable { problem }], None),
            };
            let hash = PerceptualHash::of(&photo);
            let mask = match read_mask(&label.mask, limits) {
                Ok(mask) => mask,
                Err(problem) => return (vec![Reason::Unreadable { problem }], Some(hash)),
            };
            let other = other.and_then(|other| {
                let mask = read_mask(&other.mask, limits).ok()?;
                Some(OtherLabel { version: other.version, actor: other.actor, mask })
            });
            let neighbours = Neighbours { labelled: &labelled, evaluation: &evaluation, other_label: other.as_ref() };
            (
                check(&Label { photo: &photo, mask: &mask, nothing_here: label.nothing_here }, hash, &neighbours),
                Some(hash),
            )
        };
        Ok(spawn_blocking(work).await.map_err(std::io::Error::from)?)
    }

    async fn labelled(&self) -> Result<Vec<SamePicture>, StoreError> {
        let hashes = self.store.labelled_hashes().await?;
        Ok(hashes.into_iter().map(|(name, hash)| SamePicture { name, hash: PerceptualHash(hash) }).collect())
    }

    /// Photographs without a label are less novel once one like them has a label.
    async fn come_nearer(&self, new: &[PerceptualHash]) -> Result<(), StoreError> {
        if new.is_empty() {
            return Ok(());
        }
        let mut nearer = Vec::new();
        for mut review in self.store.unlabelled_reviews().await? {
            let Some(hash) = review.hash.map(PerceptualHash) else { continue };
            let nearest = new.iter().map(|other| hash.distance(*other)).min();
            if nearest.is_some_and(|bits| review.nearest_bits.is_none_or(|before| bits < before)) {
                review.nearest_bits = nearest;
                review.benefit = Benefit::of(signals(&review)).total();
                nearer.push((review, None));
            }
        }
        for batch in nearer.chunks(BATCH as usize) {
            self.store.save_photo_reviews(batch).await?;
        }
        Ok(())
    }

    async fn weigh_photos(&self) -> Result<usize, StoreError> {
        let (mut photos, mut count) = (self.store.unseen_photos(BATCH).await?, 0);
        let labelled = if photos.is_empty() { Vec::new() } else { self.labelled().await? };
        while !photos.is_empty() {
            let mut reviews = Vec::with_capacity(photos.len());
            for photo in &photos {
                reviews.push((self.weigh(photo, &labelled).await?, photo.number));
            }
            self.store.save_photo_reviews(&reviews).await?;
            count += reviews.len();
            photos = self.store.unseen_photos(BATCH).await?;
        }
        Ok(count)
    }

    async fn weigh(&self, photo: &UnseenPhoto, labelled: &[SamePicture]) -> Result<PhotoReview, StoreError> {
        let models = self.store.seen_by(&photo.image_sha256).await?;
        let (path, known, limits) = (photo.photo.clone(), photo.hash, self.limits);
        let masks: Vec<PathBuf> = models.iter().map(|SeenBy { mask, .. }| mask.clone()).collect();
        let work = move || {
            let read = || read_photo(&path, limits).ok().map(|photo| PerceptualHash::of(&photo.pixels));
            (known.map(PerceptualHash).or_else(read), disagreement(&masks, limits))
        };
        let (hash, disagreement) = spawn_blocking(work).await.map_err(std::io::Error::from)?;
        let others = labelled.iter().filter(|other| other.name != photo.image_sha256);
        let mut review = PhotoReview {
            image_sha256: photo.image_sha256.clone(),
            hash: hash.map(|hash| hash.0),
            uncertainty: models.first().map(|seen| seen.uncertainty),
            disagreement,
            nearest_bits: hash.and_then(|hash| others.map(|other| hash.distance(other.hash)).min()),
            benefit: 0.0,
        };
        review.benefit = Benefit::of(signals(&review)).total();
        Ok(review)
    }

    /// Hashes of the photographs that judge models; what cannot be read is said once and left out.
    async fn read_evaluation(&self) -> Vec<SamePicture> {
        let (folders, limits) = (Arc::clone(&self.evaluation_folders), self.limits);
        let work = move || folders.iter().flat_map(|folder| hashes_in(folder, limits)).collect();
        spawn_blocking(work).await.unwrap_or_default()
    }
}

/// What is known of a photograph's worth.
pub fn signals(review: &PhotoReview) -> Signals {
    let PhotoReview { uncertainty, disagreement, nearest_bits, .. } = *review;
    Signals { uncertainty, disagreement, nearest_bits }
}

fn hashes_in(folder: &Path, limits: DecodeLimits) -> Vec<SamePicture> {
    let files = match fs_err::read_dir(folder.join("images")) {
        Ok(files) => files.filter_map(Result::ok).map(|file| file.path()).collect::<Vec<_>>(),
        Err(error) => {
            tracing::warn!(%error, "photographs that judge models cannot be told from others");
            Vec::new()
        }
    };
    let name = crate::evaluation::name_of(folder);
    let hash = |path: &PathBuf| {
        let photo = read_photo(path, limits).inspect_err(|error| tracing::warn!(error, "{}", path.display())).ok()?;
        let file = path.file_name()?.to_string_lossy();
        Some(SamePicture { name: format!("{name}/{file}"), hash: PerceptualHash::of(&photo.pixels) })
    };
    files.iter().filter_map(hash).collect()
}

/// 1 − Dice of two masks; none unless there are two of one size.
fn disagreement(masks: &[PathBuf], limits: DecodeLimits) -> Option<f64> {
    let [first, second] = masks else { return None };
    let (first, second) = (read_mask(first, limits).ok()?, read_mask(second, limits).ok()?);
    if first.pixels.len() != second.pixels.len() {
        return None;
    }
    let both = first.pixels.iter().zip(&second.pixels).filter(|(a, b)| **a && **b).count() as f64;
    let all = (first.count() + second.count()) as f64;
    Some(if all > 0.0 { 1.0 - 2.0 * both / all } else { 0.0 })
}

fn read_photo(path: &Path, limits: DecodeLimits) -> Result<Photo, String> {
    let content = fs_err::read(path).map_err(|error| error.to_string())?;
    decode::decode(&content, limits).map_err(|error: DecodeError| error.to_string())
}

fn read_mask(path: &Path, limits: DecodeLimits) -> Result<BinaryMask, String> {
    let content = fs_err::read(path).map_err(|error| error.to_string())?;
    let label = decode::decode_label(&content, limits).map_err(|error| error.to_string())?;
    Ok(BinaryMask::from_label(&label))
}
