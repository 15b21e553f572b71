//! Every prediction that was made, with its photograph, mask and thumbnail.

use bytes::Bytes;
use futures_util::future::{BoxFuture, try_join4};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row, SqliteConnection};
use uuid::Uuid;

use super::images::{ImageRow, insert_image};
use super::labels::read_mask;
use super::writer::Write;
use super::{Store, StoreError};
use crate::domain::{Prediction, Verdict, now_ms};
use crate::vision::BinaryMask;

/// A finished prediction that is to be kept.
#[derive(Debug)]
pub struct NewPrediction {
    /// What was predicted.
    pub prediction: Prediction,
    /// The photograph as it came.
    pub photo: Bytes,
    /// SHA-256 of `photo`, hexadecimal.
    pub image_sha256: String,
    /// Usual ending of the photograph's format.
    pub extension: &'static str,
    /// The mask at the model's threshold, as PNG.
    pub mask_png: Vec<u8>,
    /// The photograph in small, as JPEG.
    pub thumbnail_jpeg: Vec<u8>,
    /// The mask in the thumbnail's size, as PNG.
    pub marks_png: Vec<u8>,
    /// How unsure the model is, 0 to 1; see `ProbabilityMap::uncertainty`.
    pub uncertainty: f64,
    /// Who asked.
    pub actor: String,
}

/// A prediction as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptPrediction {
    /// What was predicted.
    pub prediction: Prediction,
    /// SHA-256 of the photograph, hexadecimal.
    pub image_sha256: String,
    /// When the photograph came, Unix milliseconds.
    pub created_ms: i64,
    /// How unsure the model is, 0 to 1.
    pub uncertainty: f64,
    /// Who asked.
    pub actor: String,
    /// What was last said of it.
    pub verdict: Option<LatestVerdict>,
    /// Since when it waits to be purged, Unix milliseconds.
    pub deleted_ms: Option<i64>,
}

/// What was last said of a prediction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatestVerdict {
    /// The word.
    pub verdict: Verdict,
    /// Who said it.
    pub actor: String,
    /// When, Unix milliseconds.
    pub said_ms: i64,
}

/// A file that is kept with a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PredictionFile {
    /// The photograph as it came.
    Photo,
    /// The mask at the model's threshold, PNG.
    Mask,
    /// The photograph in small, JPEG.
    Thumbnail,
    /// The mask in the thumbnail's size, PNG.
    Marks,
}

/// Columns of [`PredictionRow`].
pub(super) const COLUMNS: &str = "predictions.record, predictions.image_sha256, predictions.created_ms,
    predictions.uncertainty, predictions.actor, predictions.verdict, predictions.verdict_actor, predictions.verdict_ms,
    predictions.deleted_ms, predictions.number";

#[derive(Debug)]
pub(super) struct PredictionRow {
    record: String,
    image_sha256: String,
    pub created_ms: i64,
    uncertainty: f64,
    actor: String,
    verdict: Option<String>,
    verdict_actor: Option<String>,
    verdict_ms: Option<i64>,
    deleted_ms: Option<i64>,
    pub number: i64,
}

impl FromRow<'_, SqliteRow> for PredictionRow {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            record: row.try_get("record")?,
            image_sha256: row.try_get("image_sha256")?,
            created_ms: row.try_get("created_ms")?,
            uncertainty: row.try_get("uncertainty")?,
            actor: row.try_get("actor")?,
            verdict: row.try_get("verdict")?,
            verdict_actor: row.try_get("verdict_actor")?,
            verdict_ms: row.try_get("verdict_ms")?,
            deleted_ms: row.try_get("deleted_ms")?,
            number: row.try_get("number")?,
        })
    }
}

impl PredictionRow {
    pub fn kept(self) -> Result<KeptPrediction, StoreError> {
        let verdict = self.verdict.as_deref().and_then(|word| word.parse::<Verdict>().ok());
        Ok(KeptPrediction {
            prediction: serde_json::from_str(&self.record).map_err(std::io::Error::from)?,
            image_sha256: self.image_sha256,
            created_ms: self.created_ms,
            uncertainty: self.uncertainty,
            actor: self.actor,
            verdict: verdict.map(|verdict| LatestVerdict {
                verdict,
                actor: self.verdict_actor.unwrap_or_default(),
                said_ms: self.verdict_ms.unwrap_or_default(),
            }),
            deleted_ms: self.deleted_ms,
        })
    }
}

struct InsertPrediction {
    image: ImageRow,
    prediction: Prediction,
    record: String,
    created_ms: i64,
    uncertainty: f64,
    actor: String,
    mask_key: String,
    thumbnail_key: String,
    marks_key: String,
    kept_bytes: i64,
}

impl Write for InsertPrediction {
    type Output = ();

    fn apply<'a>(&'a self, db: &'a mut SqliteConnection) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            insert_image(db, &self.image, self.created_ms).await?;
            let Prediction { id, file_name, summary, model, .. } = &self.prediction;
            sqlx::query(
                "INSERT INTO predictions (id, image_sha256, file_name, created_ms, model_name, model_sha256,
                     model_licence, width_px, height_px, threshold, crack_pixels, crack_ratio, uncertainty, actor,
                     mask_key, thumbnail_key, marks_key, kept_bytes, record)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
            )
            .bind(id.to_string())
            .bind(&self.image.sha256)
            .bind(file_name)
            .bind(self.created_ms)
            .bind(&model.name)
            .bind(&model.sha256)
            .bind(&model.licence)
            .bind(i64::from(summary.width))
            .bind(i64::from(summary.height))
            .bind(f64::from(summary.threshold))
            .bind(summary.crack_pixels as i64)
            .bind(summary.crack_ratio)
            .bind(self.uncertainty)
            .bind(&self.actor)
            .bind(&self.mask_key)
            .bind(&self.thumbnail_key)
            .bind(&self.marks_key)
            .bind(self.kept_bytes)
            .bind(&self.record)
            .execute(db)
            .await?;
            Ok(())
        })
    }
}

/// Marks a prediction as deleted, or takes that back.
struct Delete {
    id: String,
    deleted_ms: Option<i64>,
}

impl Write for Delete {
    type Output = bool;

    fn apply<'a>(&'a self, db: &'a mut SqliteConnection) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let query = "UPDATE predictions SET deleted_ms = $1 WHERE id = $2 AND (deleted_ms IS NULL) = $3";
            let changed = sqlx::query(query).bind(self.deleted_ms).bind(&self.id).bind(self.deleted_ms.is_some());
            Ok(changed.execute(db).await?.rows_affected() == 1)
        })
    }
}

/// When the identity was made, Unix milliseconds.
fn created_ms(id: Uuid) -> i64 {
    let unix = |(seconds, nanoseconds): (u64, u32)| seconds as i64 * 1_000 + i64::from(nanoseconds / 1_000_000);
    id.get_timestamp().map_or_else(now_ms, |time| unix(time.to_unix()))
}

impl Store {
    /// Keeps a prediction; when this returns, it survives a crash.
    ///
    /// # Errors
    /// If anything could not be written; then nothing is visible.
    pub async fn keep_prediction(&self, new: NewPrediction) -> Result<(), StoreError> {
        let _kept = self.sweeping.read().await;
        let NewPrediction { prediction, photo, image_sha256, extension, mask_png, thumbnail_jpeg, marks_png, .. } = new;
        let id = prediction.id;
        let insert = InsertPrediction {
            image: ImageRow {
                blob_key: format!("images/{image_sha256}.{extension}"),
                bytes: photo.len() as i64,
                sha256: image_sha256,
                size: (prediction.summary.width, prediction.summary.height),
            },
            record: serde_json::to_string(&prediction).map_err(std::io::Error::from)?,
            created_ms: created_ms(id),
            uncertainty: new.uncertainty,
            actor: new.actor,
            mask_key: format!("predictions/{id}.png"),
            thumbnail_key: format!("predictions/{id}.jpg"),
            marks_key: format!("predictions/{id}.marks.png"),
            kept_bytes: (mask_png.len() + thumbnail_jpeg.len() + marks_png.len()) as i64,
            prediction,
        };
        let keys = [insert.mask_key.clone(), insert.thumbnail_key.clone(), insert.marks_key.clone()];
        let blobs = try_join4(
            self.blobs.put(&insert.image.blob_key, photo),
            self.blobs.put(&insert.mask_key, mask_png.into()),
            self.blobs.put(&insert.thumbnail_key, thumbnail_jpeg.into()),
            self.blobs.put(&insert.marks_key, marks_png.into()),
        );
        let kept = match blobs.await {
            Ok(_) => self.writer.write(insert).await,
            Err(error) => Err(error),
        };
        if kept.is_err() {
            // The photograph may belong to others; whether it does is looked up when the server starts.
            for key in keys {
                let _ = self.blobs.remove(&key).await;
            }
        }
        kept
    }

    /// Prediction `id`, unless it was deleted.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn prediction(&self, id: Uuid) -> Result<Option<KeptPrediction>, StoreError> {
        Ok(self.prediction_or_deleted(id).await?.filter(|kept| kept.deleted_ms.is_none()))
    }

    /// Prediction `id`, even if it was deleted and is not purged yet.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn prediction_or_deleted(&self, id: Uuid) -> Result<Option<KeptPrediction>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM predictions WHERE id = $1");
        let query = sqlx::query_as::<_, PredictionRow>(sqlx::AssertSqlSafe(query));
        query.bind(id.to_string()).fetch_optional(&self.pool).await?.map(PredictionRow::kept).transpose()
    }

    /// Deletes prediction `id` so that it can be restored for some days; false if there is none.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_prediction(&self, id: Uuid) -> Result<bool, StoreError> {
        self.writer.write(Delete { id: id.to_string(), deleted_ms: Some(now_ms()) }).await
    }

    /// Takes back a deletion; false if there is nothing to restore.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn restore_prediction(&self, id: Uuid) -> Result<bool, StoreError> {
        self.writer.write(Delete { id: id.to_string(), deleted_ms: None }).await
    }

    /// A file of prediction `id`, if the prediction is kept and not deleted.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn prediction_file(&self, id: Uuid, file: PredictionFile) -> Result<Option<Bytes>, StoreError> {
        let query = match file {
            PredictionFile::Photo => {
                "SELECT images.blob_key FROM predictions JOIN images ON images.sha256 = predictions.image_sha256
                 WHERE predictions.id = $1 AND deleted_ms IS NULL"
            }
            PredictionFile::Mask => "SELECT mask_key FROM predictions WHERE id = $1 AND deleted_ms IS NULL",
            PredictionFile::Thumbnail => "SELECT thumbnail_key FROM predictions WHERE id = $1 AND deleted_ms IS NULL",
            PredictionFile::Marks => "SELECT marks_key FROM predictions WHERE id = $1 AND deleted_ms IS NULL",
        };
        let key: Option<String> = sqlx::query_scalar(query).bind(id.to_string()).fetch_optional(&self.pool).await?;
        match key {
            Some(key) => Ok(Some(self.blobs.get(&key).await?)),
            None => Ok(None),
        }
    }

    /// The mask of prediction `id` at its model's threshold.
    ///
    /// # Errors
    /// If the store fails, or the file is damaged.
    pub async fn predicted_mask(&self, id: Uuid) -> Result<Option<BinaryMask>, StoreError> {
        match self.prediction_file(id, PredictionFile::Mask).await? {
            Some(png) => Ok(Some(read_mask(png).await?)),
            None => Ok(None),
        }
    }
}
