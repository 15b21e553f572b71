//! Photographs that people give for retraining.

use std::path::PathBuf;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::images::{ImageRow, insert_image};
use super::labels::{LabelRow, insert_label};
use super::writer::Write;
use super::{Store, StoreError};
use crate::domain::now_ms;
use crate::vision::BinaryMask;

/// A photograph that somebody gives for retraining.
#[derive(Debug)]
pub struct Submission {
    /// The file as it came.
    pub photo: Bytes,
    /// SHA-256 of `photo`, hexadecimal; names the blob.
    pub sha256: String,
    /// Usual ending of its format.
    pub extension: &'static str,
    /// Width and height in pixels, upright.
    pub size: (u32, u32),
    /// What the person says is crack.
    pub label: Option<BinaryMask>,
    /// Free text.
    pub comment: Option<String>,
    /// Who gave it.
    pub actor: String,
}

/// What became of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Identity of the submission.
    pub id: Uuid,
    /// Path of the photograph.
    pub photo_path: PathBuf,
    /// Path of the label, if one was given.
    pub label_path: Option<PathBuf>,
}

/// A submission with all that was decided about it.
pub(super) struct SubmissionRow {
    pub id: Uuid,
    pub created_ms: i64,
    pub image: ImageRow,
    pub label: Option<LabelRow>,
    pub comment: Option<String>,
    pub actor: String,
}

impl Store {
    /// Keeps a submission; when this returns, it survives a crash.
    ///
    /// # Errors
    /// If anything could not be written; then nothing is visible.
    pub async fn save_submission(&self, submission: Submission) -> Result<Saved, StoreError> {
        let _kept = self.sweeping.read().await;
        let Submission { photo, sha256, extension, size, label, comment, actor } = submission;
        let image =
            ImageRow { blob_key: format!("images/{sha256}.{extension}"), bytes: photo.len() as i64, sha256, size };
        self.blobs.put(&image.blob_key, photo).await?;
        let label = match label {
            Some(mask) => Some(self.submitted_label(&image.sha256, mask, &actor).await?),
            None => None,
        };
        let id = Uuid::now_v7();
        let saved = Saved {
            id,
            photo_path: self.directory.join(&image.blob_key),
            label_path: label.as_ref().map(|label| self.directory.join(&label.blob_key)),
        };
        self.writer.write(SubmissionRow { id, created_ms: now_ms(), image, label, comment, actor }).await?;
        Ok(saved)
    }

    async fn submitted_label(&self, sha256: &str, mask: BinaryMask, actor: &str) -> Result<LabelRow, StoreError> {
        let before = self.latest_version(sha256).await?;
        let compared = self.compare_label(sha256, before, &mask).await?;
        let crack_pixels = mask.count() as i64;
        let blob_key = self.blobs.put_label(sha256, before + 1, mask).await?;
        Ok(LabelRow {
            image_sha256: sha256.to_owned(),
            blob_key,
            crack_pixels,
            actor: actor.to_owned(),
            tool: Some("submitted".into()),
            parent: None,
            changed: compared,
            prediction_id: None,
        })
    }

    /// Number of submissions.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn count_submissions(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM submissions").fetch_one(&self.pool).await?)
    }

    /// Where the photograph and the label of submission `id` are kept.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn submission(&self, id: Uuid) -> Result<Option<Saved>, StoreError> {
        let query = "SELECT images.blob_key, label_versions.blob_key FROM submissions
             JOIN images ON images.sha256 = submissions.image_sha256
             LEFT JOIN label_versions ON label_versions.image_sha256 = submissions.image_sha256
                 AND label_versions.version = submissions.label_version
             WHERE submissions.id = $1";
        let row: Option<(String, Option<String>)> =
            sqlx::query_as(query).bind(id.to_string()).fetch_optional(&self.pool).await?;
        Ok(row.map(|(photo, label)| Saved {
            id,
            photo_path: self.directory.join(photo),
            label_path: label.map(|key| self.directory.join(key)),
        }))
    }
}

impl Write for SubmissionRow {
    type Output = ();

    fn apply<'a>(&'a self, db: &'a mut SqliteConnection) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            insert_image(db, &self.image, self.created_ms).await?;
            let version = match &self.label {
                Some(label) => Some(insert_label(db, label, self.created_ms).await?),
                None => None,
            };
            sqlx::query(
                "INSERT INTO submissions (id, image_sha256, label_version, comment, actor, created_ms)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(self.id.to_string())
            .bind(&self.image.sha256)
            .bind(version)
            .bind(&self.comment)
            .bind(&self.actor)
            .bind(self.created_ms)
            .execute(db)
            .await?;
            Ok(())
        })
    }
}
