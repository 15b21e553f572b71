//! What people say is crack: versions of a photograph's label, appended and never overwritten.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row, SqliteConnection};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::idempotency::{IdempotencyKey, Recalled, recall, remember};
use super::verdicts::say;
use super::writer::Write;
use super::{Store, StoreError};
use crate::domain::{Verdict, now_ms};
use crate::vision::BinaryMask;

/// A version as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LabelVersion {
    /// Counts from 1 for each photograph.
    pub version: i64,
    /// Who saved it.
    pub actor: String,
    /// When, Unix milliseconds.
    pub created_ms: i64,
    /// What it was made with, such as `brush,trace`; `nothing` for an empty label by verdict.
    pub tool: Option<String>,
    /// The version whose pixels it began with.
    pub parent: Option<i64>,
    /// Crack pixels in it.
    pub crack_pixels: i64,
    /// Pixels that are crack here and were not in the version before; in the first one, not in the predicted mask.
    pub added_px: Option<i64>,
    /// Pixels that were crack before and are not here.
    pub removed_px: Option<i64>,
    /// The prediction that was corrected.
    pub prediction_id: Option<String>,
    /// Since when the verdict that made this label does not hold any more, Unix milliseconds.
    pub withdrawn_ms: Option<i64>,
}

impl FromRow<'_, SqliteRow> for LabelVersion {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            version: row.try_get("version")?,
            actor: row.try_get("actor")?,
            created_ms: row.try_get("created_ms")?,
            tool: row.try_get("tool")?,
            parent: row.try_get("parent")?,
            crack_pixels: row.try_get("crack_pixels")?,
            added_px: row.try_get("added_px")?,
            removed_px: row.try_get("removed_px")?,
            prediction_id: row.try_get("prediction_id")?,
            withdrawn_ms: row.try_get("withdrawn_ms")?,
        })
    }
}

/// A label that somebody wants to save.
#[derive(Debug)]
pub struct LabelDraft {
    /// SHA-256 of the photograph.
    pub image_sha256: String,
    /// What is crack, in the photograph's upright size.
    pub mask: BinaryMask,
    /// The version that must be the latest, 0 for none; absent if that does not matter.
    pub base: Option<i64>,
    /// The version whose pixels it began with.
    pub parent: Option<i64>,
    /// What it was made with.
    pub tool: Option<String>,
    /// Who saves it.
    pub actor: String,
    /// The prediction that is corrected.
    pub prediction_id: Option<Uuid>,
    /// Names the request, if it may come again.
    pub idempotency: Option<IdempotencyKey>,
}

/// Why a label was not saved or found.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// Another version came in between.
    #[error("version {current} was saved in between")]
    Conflict {
        /// The latest version.
        current: i64,
    },
    /// No such photograph.
    #[error("No photograph has this SHA-256.")]
    UnknownImage,
    /// No such version.
    #[error("The photograph has no label of this version.")]
    UnknownVersion,
    /// No such prediction of this photograph.
    #[error("The photograph has no prediction of this id.")]
    UnknownPrediction,
    /// The size is another.
    #[error("The mask has {} × {} pixels, the upright photograph {} × {}.", .label.0, .label.1, .photo.0, .photo.1)]
    Size {
        /// Width and height of the label.
        label: (u32, u32),
        /// Width and height of the upright photograph.
        photo: (u32, u32),
    },
    /// The key stands for another request.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A label version before it has its number.
#[derive(Debug)]
pub(super) struct LabelRow {
    pub image_sha256: String,
    pub blob_key: String,
    pub crack_pixels: i64,
    pub actor: String,
    pub tool: Option<String>,
    pub parent: Option<i64>,
    pub changed: Changed,
    pub prediction_id: Option<String>,
}

/// How many pixels differ from the version before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Changed {
    /// The version it was compared with, 0 for none.
    pub from: i64,
    pub added: i64,
    pub removed: i64,
}

impl Changed {
    fn between(from: i64, before: Option<&BinaryMask>, now: &BinaryMask) -> Self {
        let (mut added, mut removed) = (0, 0);
        let nothing = vec![false; if before.is_none() { now.pixels.len() } else { 0 }];
        let before = before.map_or(&nothing, |before| &before.pixels);
        for (&was, &is) in before.iter().zip(&now.pixels) {
            added += i64::from(is && !was);
            removed += i64::from(was && !is);
        }
        Self { from, added, removed }
    }
}

struct Append {
    row: LabelRow,
    base: Option<i64>,
    idempotency: Option<IdempotencyKey>,
    created_ms: i64,
}

enum Appended {
    Version(i64),
    /// The answer of the first time.
    Repeated(String),
    Conflict(i64),
    KeyReused,
    UnknownPrediction,
}

/// Adds a version behind the latest and says its number.
pub(super) async fn insert_label(
    db: &mut SqliteConnection,
    row: &LabelRow,
    created_ms: i64,
) -> Result<i64, StoreError> {
    let before = latest_version(db, &row.image_sha256).await?;
    // Counted before the write lock was taken: where another version came in between, they tell nothing.
    let changed = Some(row.changed).filter(|changed| changed.from == before);
    sqlx::query(
        "INSERT INTO label_versions (image_sha256, version, blob_key, crack_pixels, actor, created_ms, tool, parent,
             added_px, removed_px, prediction_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(&row.image_sha256)
    .bind(before + 1)
    .bind(&row.blob_key)
    .bind(row.crack_pixels)
    .bind(&row.actor)
    .bind(created_ms)
    .bind(&row.tool)
    .bind(row.parent)
    .bind(changed.map(|changed| changed.added))
    .bind(changed.map(|changed| changed.removed))
    .bind(&row.prediction_id)
    .execute(db)
    .await?;
    Ok(before + 1)
}

/// The number of the latest version; 0 for none.
pub(super) async fn latest_version(db: &mut SqliteConnection, sha256: &str) -> Result<i64, StoreError> {
    let query = "SELECT COALESCE(MAX(version), 0) FROM label_versions WHERE image_sha256 = $1";
    Ok(sqlx::query_scalar(query).bind(sha256).fetch_one(db).await?)
}

impl Write for Append {
    type Output = Appended;

    fn apply<'a>(&'a self, db: &'a mut SqliteConnection) -> BoxFuture<'a, Result<Appended, StoreError>> {
        Box::pin(async move {
            match recall(db, self.idempotency.as_ref()).await? {
                Recalled::New => {}
                Recalled::Same(answer) => return Ok(Appended::Repeated(answer)),
                Recalled::Reused => return Ok(Appended::KeyReused),
            }
            let current = latest_version(db, &self.row.image_sha256).await?;
            if self.base.is_some_and(|base| base != current) {
                return Ok(Appended::Conflict(current));
            }
            if let Some(id) = &self.row.prediction_id {
                let query =
                    "SELECT verdict FROM predictions WHERE id = $1 AND image_sha256 = $2 AND deleted_ms IS NULL";
                let verdict: Option<(Option<String>,)> =
                    sqlx::query_as(query).bind(id).bind(&self.row.image_sha256).fetch_optional(&mut *db).await?;
                let Some((verdict,)) = verdict else { return Ok(Appended::UnknownPrediction) };
                // Whoever corrects a prediction says that it is wrong.
                if verdict.as_deref() != Some(Verdict::Wrong.as_str()) {
                    say(db, id, Verdict::Wrong, &self.row.actor, self.created_ms).await?;
                }
            }
            let version = insert_label(db, &self.row, self.created_ms).await?;
            remember(db, self.idempotency.as_ref(), &version.to_string(), self.created_ms).await?;
            Ok(Appended::Version(version))
        })
    }
}

impl Store {
    /// Appends a version; when this returns, it survives a crash.
    ///
    /// # Errors
    /// If another version came in between, something named is unknown, the size is wrong, or the store fails; then
    /// nothing has changed.
    pub async fn append_label(&self, draft: LabelDraft) -> Result<LabelVersion, LabelError> {
        let _kept = self.sweeping.read().await;
        let image = self.image(&draft.image_sha256).await?.ok_or(LabelError::UnknownImage)?;
        let label = (draft.mask.width, draft.mask.height);
        if label != image.size {
            return Err(LabelError::Size { label, photo: image.size });
        }
        let LabelDraft { image_sha256, mask, base, parent, tool, actor, prediction_id, idempotency } = draft;
        let mut changed = self.compare_label(&image_sha256, self.latest_version(&image_sha256).await?, &mask).await?;
        if let (0, Some(id)) = (changed.from, prediction_id) {
            let predicted = self.predicted_mask(id).await?.ok_or(LabelError::UnknownPrediction)?;
            changed = Changed::between(0, Some(&predicted), &mask);
        }
        let crack_pixels = mask.count() as i64;
        let blob_key = self.blobs.put_label(&image_sha256, changed.from + 1, mask).await?;
        let prediction_id = prediction_id.map(|id| id.to_string());
        let row = LabelRow {
            image_sha256: image_sha256.clone(),
            blob_key: blob_key.clone(),
            crack_pixels,
            actor,
            tool,
            parent,
            changed,
            prediction_id,
        };
        let appended = self.writer.write(Append { row, base, idempotency, created_ms: now_ms() }).await;
        if !matches!(appended, Ok(Appended::Version(_))) {
            self.blobs.remove(&blob_key).await?;
        }
        let version = match appended? {
            Appended::Version(version) => version,
            Appended::Repeated(answer) => answer.parse().map_err(|_| LabelError::UnknownVersion)?,
            Appended::Conflict(current) => return Err(LabelError::Conflict { current }),
            Appended::KeyReused => return Err(LabelError::KeyReused),
            Appended::UnknownPrediction => return Err(LabelError::UnknownPrediction),
        };
        self.label(&image_sha256, version).await?.ok_or(LabelError::UnknownVersion)
    }

    /// Appends a copy of `version` as the newest.
    ///
    /// # Errors
    /// As [`Self::append_label`].
    pub async fn restore_label(
        &self,
        sha256: &str,
        version: i64,
        actor: String,
        idempotency: Option<IdempotencyKey>,
    ) -> Result<LabelVersion, LabelError> {
        let mask = self.label_mask(sha256, version).await?.ok_or(LabelError::UnknownVersion)?;
        let draft = LabelDraft {
            image_sha256: sha256.to_owned(),
            mask,
            base: None,
            parent: Some(version),
            tool: Some("restored".into()),
            actor,
            prediction_id: None,
            idempotency,
        };
        self.append_label(draft).await
    }

    /// All versions of a photograph's label, newest first.
    ///
    /// # Errors
    /// If the photograph is unknown, or the database fails.
    pub async fn labels(&self, sha256: &str) -> Result<Vec<LabelVersion>, LabelError> {
        self.image(sha256).await?.ok_or(LabelError::UnknownImage)?;
        let query =
            "SELECT version, actor, created_ms, tool, parent, crack_pixels, added_px, removed_px, prediction_id,
                withdrawn_ms
             FROM label_versions WHERE image_sha256 = $1 ORDER BY version DESC";
        Ok(sqlx::query_as(query).bind(sha256).fetch_all(&self.pool).await.map_err(StoreError::from)?)
    }

    /// One version.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn label(&self, sha256: &str, version: i64) -> Result<Option<LabelVersion>, StoreError> {
        let query =
            "SELECT version, actor, created_ms, tool, parent, crack_pixels, added_px, removed_px, prediction_id,
                withdrawn_ms
             FROM label_versions WHERE image_sha256 = $1 AND version = $2";
        Ok(sqlx::query_as(query).bind(sha256).bind(version).fetch_optional(&self.pool).await?)
    }

    /// The picture of one version: PNG, 1-bit grey, white for crack.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn label_png(&self, sha256: &str, version: i64) -> Result<Option<Bytes>, StoreError> {
        let query = "SELECT blob_key FROM label_versions WHERE image_sha256 = $1 AND version = $2";
        let key: Option<String> =
            sqlx::query_scalar(query).bind(sha256).bind(version).fetch_optional(&self.pool).await?;
        match key {
            Some(key) => Ok(Some(self.blobs.get(&key).await?)),
            None => Ok(None),
        }
    }

    /// The pixels of one version.
    ///
    /// # Errors
    /// If the store fails, or the file is damaged.
    pub async fn label_mask(&self, sha256: &str, version: i64) -> Result<Option<BinaryMask>, StoreError> {
        let Some(png) = self.label_png(sha256, version).await? else { return Ok(None) };
        Ok(Some(read_mask(png).await?))
    }

    /// The number of the latest version; 0 for none.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn latest_version(&self, sha256: &str) -> Result<i64, StoreError> {
        latest_version(&mut *self.pool.acquire().await?, sha256).await
    }

    /// How `mask` differs from version `from`, or from nothing if that is 0.
    pub(super) async fn compare_label(
        &self,
        sha256: &str,
        from: i64,
        mask: &BinaryMask,
    ) -> Result<Changed, StoreError> {
        let before = if from > 0 { self.label_mask(sha256, from).await? } else { None };
        Ok(Changed::between(from, before.as_ref(), mask))
    }
}

/// Decodes a mask that the store wrote.
pub(super) async fn read_mask(png: Bytes) -> Result<BinaryMask, StoreError> {
    let decoded = spawn_blocking(move || image::load_from_memory_with_format(&png, image::ImageFormat::Png));
    let picture = decoded.await.map_err(std::io::Error::from)?.map_err(StoreError::DamagedMask)?;
    Ok(BinaryMask::from_label(&picture.into_luma8()))
}
