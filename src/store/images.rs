//! Photographs by content: one row and one blob, however often one came.

use std::path::PathBuf;

use sqlx::SqliteConnection;

use super::{Store, StoreError};

/// A photograph as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptImage {
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Where the file is.
    pub path: PathBuf,
    /// Width and height in pixels, upright.
    pub size: (u32, u32),
}

pub(super) struct ImageRow {
    pub sha256: String,
    pub blob_key: String,
    pub bytes: i64,
    pub size: (u32, u32),
}

/// Adds a photograph; one that is known stays as it is.
pub(super) async fn insert_image(db: &mut SqliteConnection, row: &ImageRow, created_ms: i64) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO images (sha256, blob_key, size_bytes, width_px, height_px, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (sha256) DO NOTHING",
    )
    .bind(&row.sha256)
    .bind(&row.blob_key)
    .bind(row.bytes)
    .bind(i64::from(row.size.0))
    .bind(i64::from(row.size.1))
    .bind(created_ms)
    .execute(db)
    .await?;
    Ok(())
}

impl Store {
    /// The photograph with this SHA-256.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn image(&self, sha256: &str) -> Result<Option<KeptImage>, StoreError> {
        let query = "SELECT blob_key, width_px, height_px FROM images WHERE sha256 = $1";
        let row: Option<(String, u32, u32)> = sqlx::query_as(query).bind(sha256).fetch_optional(&self.pool).await?;
        Ok(row.map(|(key, width, height)| KeptImage {
            sha256: sha256.to_owned(),
            path: self.directory.join(key),
            size: (width, height),
        }))
    }
}
