//! What people say of predictions, in one word.

use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::labels::{LabelRow, insert_label, latest_version};
use super::writer::Write;
use super::{LatestVerdict, Store, StoreError};
use crate::domain::{Verdict, now_ms};
use crate::vision::BinaryMask;

/// Tool of the empty label that the verdict `nothing` appends.
pub(super) const NOTHING: &str = "nothing";

struct SayVerdict {
    id: String,
    image_sha256: String,
    verdict: Verdict,
    actor: String,
    created_ms: i64,
    /// The empty label of the verdict `nothing`.
    empty: Option<LabelRow>,
}

enum Said {
    Unknown,
    Done { appended: bool },
}

/// Appends a verdict and makes it the latest.
pub(super) async fn say(
    db: &mut SqliteConnection,
    id: &str,
    verdict: Verdict,
    actor: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO verdicts (id, prediction_id, verdict, actor, created_ms) VALUES ($1, $2, $3, $4, $5)")
        .bind(Uuid::now_v7().to_string())
        .bind(id)
        .bind(verdict.as_str())
        .bind(actor)
        .bind(now_ms)
        .execute(&mut *db)
        .await?;
    sqlx::query("UPDATE predictions SET verdict = $1, verdict_actor = $2, verdict_ms = $3 WHERE id = $4")
        .bind(verdict.as_str())
        .bind(actor)
        .bind(now_ms)
        .bind(id)
        .execute(&mut *db)
        .await?;
    if verdict != Verdict::Nothing {
        sqlx::query(
            "UPDATE label_versions SET withdrawn_ms = $1
             WHERE prediction_id = $2 AND tool = $3 AND withdrawn_ms IS NULL",
        )
        .bind(now_ms)
        .bind(id)
        .bind(NOTHING)
        .execute(db)
        .await?;
    }
    Ok(())
}

impl SayVerdict {
    /// Whether the photograph's latest label is this prediction's empty one.
    async fn is_empty_already(&self, db: &mut SqliteConnection) -> Result<bool, StoreError> {
        let latest = latest_version(db, &self.image_sha256).await?;
        let query = "SELECT count(*) FROM label_versions WHERE image_sha256 = $1 AND version = $2
             AND prediction_id = $3 AND tool = $4 AND withdrawn_ms IS NULL";
        let row = sqlx::query_scalar::<_, i64>(query);
        Ok(row.bind(&self.image_sha256).bind(latest).bind(&self.id).bind(NOTHING).fetch_one(db).await? > 0)
    }
}

impl Write for SayVerdict {
    type Output = Said;

    fn apply<'a>(&'a self, db: &'a mut SqliteConnection) -> BoxFuture<'a, Result<Said, StoreError>> {
        Box::pin(async move {
            let query = "SELECT verdict, verdict_actor FROM predictions WHERE id = $1 AND deleted_ms IS NULL";
            let latest: Option<(Option<String>, Option<String>)> =
                sqlx::query_as(query).bind(&self.id).fetch_optional(&mut *db).await?;
            let Some((verdict, actor)) = latest else { return Ok(Said::Unknown) };
            if verdict.as_deref() != Some(self.verdict.as_str()) || actor.as_deref() != Some(&self.actor) {
                say(db, &self.id, self.verdict, &self.actor, self.created_ms).await?;
            }
            let Some(empty) = &self.empty else { return Ok(Said::Done { appended: false }) };
            if self.is_empty_already(db).await? {
                return Ok(Said::Done { appended: false });
            }
            insert_label(db, empty, self.created_ms).await?;
            Ok(Said::Done { appended: true })
        })
    }
}

impl Store {
    /// Keeps what `actor` says of prediction `id`; `nothing` appends an empty label. When this returns true, it survives
    /// a crash; false means that there is no such prediction.
    ///
    /// # Errors
    /// If the store fails; then nothing has changed.
    pub async fn say_verdict(&self, id: Uuid, verdict: Verdict, actor: &str) -> Result<bool, StoreError> {
        let _kept = self.sweeping.read().await;
        let Some(kept) = self.prediction(id).await? else { return Ok(false) };
        let empty = match verdict {
            Verdict::Nothing => Some(self.empty_label(id, &kept.image_sha256, actor).await?),
            Verdict::Right | Verdict::Wrong => None,
        };
        let blob = empty.as_ref().map(|row| row.blob_key.clone());
        let said = SayVerdict {
            id: id.to_string(),
            image_sha256: kept.image_sha256,
            verdict,
            actor: actor.to_owned(),
            created_ms: now_ms(),
            empty,
        };
        let said = self.writer.write(said).await;
        if let (Some(key), false) = (blob, matches!(said, Ok(Said::Done { appended: true }))) {
            self.blobs.remove(&key).await?;
        }
        Ok(matches!(said?, Said::Done { .. }))
    }

    /// All that was said of prediction `id`, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn verdicts(&self, id: Uuid) -> Result<Vec<LatestVerdict>, StoreError> {
        let query = "SELECT verdict, actor, created_ms FROM verdicts WHERE prediction_id = $1 ORDER BY id";
        let rows: Vec<(String, String, i64)> = sqlx::query_as(query).bind(id.to_string()).fetch_all(&self.pool).await?;
        let said = |(word, actor, said_ms): (String, String, i64)| {
            word.parse().ok().map(|verdict| LatestVerdict { verdict, actor, said_ms })
        };
        Ok(rows.into_iter().filter_map(said).collect())
    }

    async fn empty_label(&self, id: Uuid, sha256: &str, actor: &str) -> Result<LabelRow, StoreError> {
        let (width, height) = self.image(sha256).await?.map(|image| image.size).unwrap_or_default();
        let mask = BinaryMask { width, height, pixels: vec![false; width as usize * height as usize] };
        let before = self.latest_version(sha256).await?;
        let changed = self.compare_label(sha256, before, &mask).await?;
        Ok(LabelRow {
            image_sha256: sha256.to_owned(),
            blob_key: self.blobs.put_label(sha256, before + 1, mask).await?,
            crack_pixels: 0,
            actor: actor.to_owned(),
            tool: Some(NOTHING.into()),
            parent: None,
            changed,
            prediction_id: Some(id.to_string()),
        })
    }
}
