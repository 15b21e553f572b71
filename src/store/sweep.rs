//! What makes room: old predictions that nobody judged, and those that were deleted.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::writer::Write;
use super::{Findings, Recent, Store, StoreError};
use crate::domain::now_ms;

/// Predictions that are removed in one transaction, while others wait.
const BATCH: i64 = 50;
/// How often the store is looked after.
const EVERY: Duration = Duration::from_secs(3_600);
/// A file without a row that is younger may belong to a write that is under way.
const LEFT_OVER_AFTER: Duration = Duration::from_secs(3_600);
const DAY_MS: i64 = 24 * 3_600_000;

/// How long predictions are kept. What was judged or corrected stays until a person deletes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days after which a prediction goes; 0 for never.
    pub max_days: u32,
    /// Bytes of photographs, masks and thumbnails beyond which the oldest go; 0 for no limit.
    pub max_bytes: u64,
    /// Days for which a deleted prediction can be restored.
    pub deleted_days: u32,
}

/// Removes predictions with all that only they need, and says which files are to go.
struct Purge {
    ids: Vec<String>,
    /// Whether they were deleted by a person; one that was restored meanwhile stays.
    deleted: bool,
}

impl Write for Purge {
    type Output = Vec<String>;

    fn apply<'a>(&'a self, db: &'a mut SqliteConnection) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        Box::pin(async move {
            let mut keys = Vec::new();
            for id in &self.ids {
                let query = "DELETE FROM predictions WHERE id = $1 AND (deleted_ms IS NOT NULL) = $2
                     RETURNING image_sha256, mask_key, thumbnail_key, marks_key";
                let row: Option<(String, String, String, String)> =
                    sqlx::query_as(query).bind(id).bind(self.deleted).fetch_optional(&mut *db).await?;
                let Some((sha256, mask, thumbnail, marks)) = row else { continue };
                keys.extend([mask, thumbnail, marks]);
                let query = "DELETE FROM images WHERE sha256 = $1
                         AND NOT EXISTS (SELECT 1 FROM predictions WHERE image_sha256 = $1)
                         AND NOT EXISTS (SELECT 1 FROM submissions WHERE image_sha256 = $1)
                         AND NOT EXISTS (SELECT 1 FROM label_versions WHERE image_sha256 = $1)
                     RETURNING blob_key";
                keys.extend(sqlx::query_scalar::<_, String>(query).bind(sha256).fetch_optional(&mut *db).await?);
            }
            Ok(keys)
        })
    }
}

impl Store {
    /// Removes what `retention` does not keep at the time `now_ms`; gives the predictions that went.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn sweep(&self, retention: Retention, now_ms: i64) -> Result<Vec<Uuid>, StoreError> {
        let before = |days: u32| now_ms - i64::from(days) * DAY_MS;
        let mut gone = Vec::new();
        loop {
            let ids = self.deleted_before(before(retention.deleted_days)).await?;
            if !self.purge(ids, true, &mut gone).await? {
                break;
            }
        }
        while retention.max_days > 0 {
            let ids = self.oldest_unjudged(before(retention.max_days), i64::MAX).await?;
            if !self.purge(ids, false, &mut gone).await? {
                break;
            }
        }
        while retention.max_bytes > 0 {
            let excess = self.kept_bytes().await? - i64::try_from(retention.max_bytes).unwrap_or(i64::MAX);
            let ids = if excess > 0 { self.oldest_unjudged(i64::MAX, excess).await? } else { Vec::new() };
            if !self.purge(ids, false, &mut gone).await? {
                break;
            }
        }
        Ok(gone)
    }

    /// Bytes of all photographs, and of masks and thumbnails of predictions.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn kept_bytes(&self) -> Result<i64, StoreError> {
        let query = "SELECT (SELECT COALESCE(SUM(size_bytes), 0) FROM images)
             + (SELECT COALESCE(SUM(kept_bytes), 0) FROM predictions)";
        Ok(sqlx::query_scalar(query).fetch_one(&self.pool).await?)
    }

    async fn deleted_before(&self, time_ms: i64) -> Result<Vec<String>, StoreError> {
        let query = "SELECT id FROM predictions WHERE deleted_ms <= $1 LIMIT $2";
        Ok(sqlx::query_scalar(query).bind(time_ms).bind(BATCH).fetch_all(&self.pool).await?)
    }

    /// The oldest predictions that nobody judged or corrected, made before `time_ms`, as many as free these `bytes`.
    async fn oldest_unjudged(&self, time_ms: i64, bytes: i64) -> Result<Vec<String>, StoreError> {
        let query = "SELECT predictions.id, predictions.kept_bytes + images.size_bytes FROM predictions
             JOIN images ON images.sha256 = predictions.image_sha256
             WHERE deleted_ms IS NULL AND predictions.created_ms < $1 AND verdict IS NULL
                 AND NOT EXISTS (SELECT 1 FROM label_versions WHERE prediction_id = predictions.id)
             ORDER BY predictions.created_ms, predictions.number LIMIT $2";
        let rows: Vec<(String, i64)> = sqlx::query_as(query).bind(time_ms).bind(BATCH).fetch_all(&self.pool).await?;
        let mut freed = 0;
        let needed = rows.into_iter().take_while(|(_, size)| {
            let still = freed < bytes;
            freed += size;
            still
        });
        Ok(needed.map(|(id, _)| id).collect())
    }

    /// Purges these; false if there were none.
    async fn purge(&self, ids: Vec<String>, deleted: bool, gone: &mut Vec<Uuid>) -> Result<bool, StoreError> {
        if ids.is_empty() {
            return Ok(false);
        }
        let _alone = self.sweeping.write().await;
        gone.extend(ids.iter().filter_map(|id| Uuid::parse_str(id).ok()));
        for key in self.writer.write(Purge { ids, deleted }).await? {
            self.blobs.remove(&key).await?;
        }
        Ok(true)
    }
}

/// Looks after the store for ever: at once, then every hour.
pub async fn look_after(store: Store, recent: Arc<Recent>, retention: Retention) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        match store.reconcile(LEFT_OVER_AFTER).await {
            Ok(findings) => tell(&findings),
            Err(error) => tracing::error!(%error, "the store could not be checked"),
        }
        match store.sweep(retention, now_ms()).await {
            Ok(gone) if gone.is_empty() => {}
            Ok(gone) => {
                tracing::info!(predictions = gone.len(), "old and deleted predictions were removed");
                let recent = Arc::clone(&recent);
                let _ = tokio::task::spawn_blocking(move || gone.into_iter().for_each(|id| recent.remove(id))).await;
            }
            Err(error) => tracing::error!(%error, "old predictions could not be removed"),
        }
    }
}

fn tell(findings: &Findings) {
    let Findings { images, predictions, labels, submissions, missing, left_over, .. } = findings;
    tracing::info!(
        images,
        predictions,
        labels,
        submissions,
        missing = missing.len(),
        removed = left_over.len(),
        "rows and files were compared"
    );
    for key in missing.iter().take(10) {
        tracing::error!(file = key, "a file that was kept is missing; see `hairline store check`");
    }
}
