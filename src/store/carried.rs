//! Labels with their photographs, as they are carried out and in.

use std::path::PathBuf;

use bytes::Bytes;
use sqlx::Row;
use uuid::Uuid;

use super::images::ImageRow;
use super::label_reviews::LabelState;
use super::labels::LabelRow;
use super::submissions::SubmissionRow;
use super::verdicts::NOTHING;
use super::{Store, StoreError};
use crate::domain::now_ms;
use crate::vision::BinaryMask;

/// Tool of a label that came in an archive.
const IMPORTED: &str = "imported";

/// The label of a photograph, with its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLabel {
    /// SHA-256 of the photograph, hexadecimal.
    pub image_sha256: String,
    /// Version of the label.
    pub version: i64,
    /// Who made it.
    pub actor: String,
    /// When, Unix milliseconds.
    pub created_ms: i64,
    /// What it was made with.
    pub tool: Option<String>,
    /// Whether a person said that there is no crack.
    pub nothing_here: bool,
    /// Whether it may train; none if it was not looked at yet.
    pub state: Option<LabelState>,
    /// The photograph's file.
    pub photo: PathBuf,
    /// The mask's file, PNG.
    pub mask: PathBuf,
}

/// A photograph that is carried in.
#[derive(Debug, Clone)]
pub struct CarriedPhoto {
    /// SHA-256 of `content`, hexadecimal.
    pub sha256: String,
    /// The file as it came.
    pub content: Bytes,
    /// Usual ending of its format.
    pub extension: &'static str,
    /// Width and height in pixels, upright.
    pub size: (u32, u32),
}

/// The label that came with it.
#[derive(Debug, Clone)]
pub struct CarriedLabel {
    /// What is crack; its size may differ from the photograph's, which keeps it in quarantine.
    pub mask: BinaryMask,
    /// Whether a person said that there is no crack.
    pub nothing_here: bool,
}

impl Store {
    /// The labels of up to `limit` photographs whose SHA-256 comes behind `after`, in that order.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn labels_after(&self, after: &str, limit: u32) -> Result<Vec<StoredLabel>, StoreError> {
        let query = "SELECT l.image_sha256, l.version, l.actor, l.created_ms, l.tool, l.blob_key AS mask_key,
                images.blob_key AS photo_key, label_reviews.state
             FROM current_labels l JOIN images ON images.sha256 = l.image_sha256
             LEFT JOIN label_reviews ON label_reviews.image_sha256 = l.image_sha256
                 AND label_reviews.version = l.version
             WHERE l.image_sha256 > $1 ORDER BY l.image_sha256 LIMIT $2";
        let rows = sqlx::query(query).bind(after).bind(limit).fetch_all(&self.pool).await?;
        let stored = |row: &sqlx::sqlite::SqliteRow| -> Result<StoredLabel, sqlx::Error> {
            let tool: Option<String> = row.try_get("tool")?;
            let state: Option<String> = row.try_get("state")?;
            Ok(StoredLabel {
                image_sha256: row.try_get("image_sha256")?,
                version: row.try_get("version")?,
                actor: row.try_get("actor")?,
                created_ms: row.try_get("created_ms")?,
                nothing_here: tool.as_deref() == Some(NOTHING),
                tool,
                state: state.and_then(|state| state.parse().ok()),
                photo: self.directory.join(row.try_get::<String, _>("photo_key")?),
                mask: self.directory.join(row.try_get::<String, _>("mask_key")?),
            })
        };
        Ok(rows.iter().map(stored).collect::<Result<_, _>>()?)
    }

    /// Keeps a photograph and its label unless both are there already, to the pixel; says whether something was new.
    /// When this returns, it survives a crash.
    ///
    /// # Errors
    /// If anything could not be written; then nothing is visible.
    pub async fn carry_in(
        &self,
        photo: CarriedPhoto,
        label: Option<CarriedLabel>,
        actor: &str,
    ) -> Result<bool, StoreError> {
        let _kept = self.sweeping.read().await;
        let CarriedPhoto { sha256, content, extension, size } = photo;
        let known = match &label {
            Some(label) => self.has_label(&sha256, label).await?,
            None => self.was_given(&sha256).await?,
        };
        if known {
            return Ok(false);
        }
        let image =
            ImageRow { blob_key: format!("images/{sha256}.{extension}"), bytes: content.len() as i64, sha256, size };
        self.blobs.put(&image.blob_key, content).await?;
        let label = match label {
            Some(label) => Some(self.carried_row(&image.sha256, label, actor).await?),
            None => None,
        };
        let (id, actor) = (Uuid::now_v7(), actor.to_owned());
        self.writer.write(SubmissionRow { id, created_ms: now_ms(), image, label, comment: None, actor }).await?;
        Ok(true)
    }

    async fn carried_row(&self, sha256: &str, label: CarriedLabel, actor: &str) -> Result<LabelRow, StoreError> {
        let before = self.latest_version(sha256).await?;
        let changed = self.compare_label(sha256, before, &label.mask).await?;
        Ok(LabelRow {
            image_sha256: sha256.to_owned(),
            crack_pixels: label.mask.count() as i64,
            blob_key: self.blobs.put_label(sha256, before + 1, label.mask).await?,
            actor: actor.to_owned(),
            tool: Some(if label.nothing_here { NOTHING } else { IMPORTED }.into()),
            parent: None,
            changed,
            prediction_id: None,
        })
    }

    /// Whether the photograph's latest label is this one.
    async fn has_label(&self, sha256: &str, label: &CarriedLabel) -> Result<bool, StoreError> {
        let query = "SELECT version, tool FROM current_labels WHERE image_sha256 = $1 AND crack_pixels = $2";
        let row: Option<(i64, Option<String>)> =
            sqlx::query_as(query).bind(sha256).bind(label.mask.count() as i64).fetch_optional(&self.pool).await?;
        let Some((version, tool)) = row else { return Ok(false) };
        let says_nothing = tool.as_deref() == Some(NOTHING);
        Ok(says_nothing == label.nothing_here && self.label_mask(sha256, version).await?.as_ref() == Some(&label.mask))
    }

    /// Whether somebody gave the photograph for retraining already, or labelled it.
    async fn was_given(&self, sha256: &str) -> Result<bool, StoreError> {
        let query = "SELECT (SELECT count(*) FROM submissions WHERE image_sha256 = $1)
             + (SELECT count(*) FROM label_versions WHERE image_sha256 = $1)";
        Ok(sqlx::query_scalar::<_, i64>(query).bind(sha256).fetch_one(&self.pool).await? > 0)
    }

    /// The folder that everything is kept in.
    pub fn directory(&self) -> &std::path::Path {
        &self.directory
    }
}
