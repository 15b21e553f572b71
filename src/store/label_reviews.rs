//! Which labels may train: what was found when they were looked at, and what people decided.

use std::path::PathBuf;
use std::str::FromStr;

use futures_util::future::BoxFuture;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::verdicts::NOTHING;
use super::writer::Write;
use super::{Store, StoreError};
use crate::domain::now_ms;

/// Whether a label may train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LabelState {
    /// Nothing odd was found.
    Clear,
    /// It waits for a person.
    Quarantined,
    /// A person says that it may train.
    Accepted,
    /// A person says that it may not.
    Rejected,
}

impl LabelState {
    /// As it is written in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Quarantined => "quarantined",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

impl FromStr for LabelState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Clear, Self::Quarantined, Self::Accepted, Self::Rejected];
        all.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// A label that was not looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncheckedLabel {
    /// SHA-256 of the photograph, hexadecimal.
    pub image_sha256: String,
    /// Version of the label.
    pub version: i64,
    /// Who made it.
    pub actor: String,
    /// Whether a person said that there is no crack.
    pub nothing_here: bool,
    /// The photograph's file.
    pub photo: PathBuf,
    /// The mask's file, PNG.
    pub mask: PathBuf,
}

/// A label by somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelBySomebodyElse {
    /// Version of the label.
    pub version: i64,
    /// Who made it.
    pub actor: String,
    /// The mask's file, PNG.
    pub mask: PathBuf,
}

/// A label that waits in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedLabel {
    /// SHA-256 of the photograph, hexadecimal.
    pub image_sha256: String,
    /// Version of the label.
    pub version: i64,
    /// Who made it.
    pub actor: String,
    /// When it was made, Unix milliseconds.
    pub created_ms: i64,
    /// When it was looked at, Unix milliseconds.
    pub checked_ms: i64,
    /// Why, as JSON.
    pub reasons: String,
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It is written.
    Done,
    /// There is no such label.
    Unknown,
    /// The label was not looked at yet.
    Unchecked,
}

struct Decide {
    image_sha256: String,
    version: i64,
    state: LabelState,
    actor: String,
    now_ms: i64,
}

impl Write for Decide {
    type Output = bool;

    fn apply<'a>(&'a self, db: &'a mut SqliteConnection) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let query = "UPDATE label_reviews SET state = $1, decided_by = $2, decided_ms = $3
                 WHERE image_sha256 = $4 AND version = $5";
            let result = sqlx::query(query)
                .bind(self.state.as_str())
                .bind(&self.actor)
                .bind(self.now_ms)
                .bind(&self.image_sha256)
                .bind(self.version)
                .execute(db)
                .await?;
            Ok(result.rows_affected() == 1)
        })
    }
}

impl Store {
    /// Up to `limit` labels that were not looked at yet, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unchecked_labels(&self, limit: u32) -> Result<Vec<UncheckedLabel>, StoreError> {
        let query = "SELECT l.image_sha256, l.version, l.actor, l.tool, l.blob_key AS mask_key,
                images.blob_key AS photo_key
             FROM current_labels l JOIN images ON images.sha256 = l.image_sha256
             WHERE NOT EXISTS (SELECT 1 FROM label_reviews r WHERE r.image_sha256 = l.image_sha256
                 AND r.version = l.version)
             ORDER BY l.created_ms, l.image_sha256 LIMIT $1";
        let rows = sqlx::query(query).bind(limit).fetch_all(&self.pool).await?;
        let label = |row: &SqliteRow| -> Result<UncheckedLabel, sqlx::Error> {
            Ok(UncheckedLabel {
                image_sha256: row.try_get("image_sha256")?,
                version: row.try_get("version")?,
                actor: row.try_get("actor")?,
                nothing_here: row.try_get::<Option<String>, _>("tool")?.as_deref() == Some(NOTHING),
                photo: self.directory.join(row.try_get::<String, _>("photo_key")?),
                mask: self.directory.join(row.try_get::<String, _>("mask_key")?),
            })
        };
        Ok(rows.iter().map(label).collect::<Result<_, _>>()?)
    }

    /// The latest version before this one that another person made and nobody rejected.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn label_by_somebody_else(
        &self,
        label: &UncheckedLabel,
    ) -> Result<Option<LabelBySomebodyElse>, StoreError> {
        let query = "SELECT l.version, l.actor, l.blob_key FROM label_versions l
             LEFT JOIN label_reviews r ON r.image_sha256 = l.image_sha256 AND r.version = l.version
             WHERE l.image_sha256 = $1 AND l.version < $2 AND l.actor <> $3 AND l.withdrawn_ms IS NULL
                 AND COALESCE(r.state, '') <> 'rejected'
             ORDER BY l.version DESC LIMIT 1";
        let row: Option<(i64, String, String)> = sqlx::query_as(query)
            .bind(&label.image_sha256)
            .bind(label.version)
            .bind(&label.actor)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|(version, actor, key)| LabelBySomebodyElse { version, actor, mask: self.directory.join(key) }))
    }

    /// Keeps what was found: reasons as a JSON list, which clears the label if it is empty.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn save_label_review(&self, label: &UncheckedLabel, reasons: &str) -> Result<(), StoreError> {
        let state = if reasons == "[]" { LabelState::Clear } else { LabelState::Quarantined };
        sqlx::query(
            "INSERT INTO label_reviews (image_sha256, version, state, reasons, checked_ms) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (image_sha256, version) DO NOTHING",
        )
        .bind(&label.image_sha256)
        .bind(label.version)
        .bind(state.as_str())
        .bind(reasons)
        .bind(now_ms())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Up to `limit` labels in quarantine, first those that wait longest; `after` is the last of the page before.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn quarantined_labels(
        &self,
        after: Option<(i64, String)>,
        limit: u32,
    ) -> Result<Vec<QuarantinedLabel>, StoreError> {
        let (checked_ms, sha256) = after.unwrap_or((-1, String::new()));
        let query = "SELECT r.image_sha256, r.version, l.actor, l.created_ms, r.checked_ms, r.reasons
             FROM label_reviews r JOIN current_labels l ON l.image_sha256 = r.image_sha256 AND l.version = r.version
             WHERE r.state = 'quarantined' AND (r.checked_ms, r.image_sha256) > ($1, $2)
             ORDER BY r.checked_ms, r.image_sha256 LIMIT $3";
        let rows: Vec<(String, i64, String, i64, i64, String)> =
            sqlx::query_as(query).bind(checked_ms).bind(sha256).bind(limit).fetch_all(&self.pool).await?;
        let label = |(image_sha256, version, actor, created_ms, checked_ms, reasons)| QuarantinedLabel {
            image_sha256,
            version,
            actor,
            created_ms,
            checked_ms,
            reasons,
        };
        Ok(rows.into_iter().map(label).collect())
    }

    /// State and reasons (JSON) of a label version; none if it was not looked at yet.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn label_review(&self, sha256: &str, version: i64) -> Result<Option<(LabelState, String)>, StoreError> {
        let query = "SELECT state, reasons FROM label_reviews WHERE image_sha256 = $1 AND version = $2";
        let row: Option<(String, String)> =
            sqlx::query_as(query).bind(sha256).bind(version).fetch_optional(&self.pool).await?;
        Ok(row.and_then(|(state, reasons)| Some((state.parse().ok()?, reasons))))
    }

    /// Keeps that `actor` accepts or rejects a label; when this returns, it survives a crash.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn decide_label(
        &self,
        sha256: &str,
        version: i64,
        state: LabelState,
        actor: &str,
    ) -> Result<Decided, StoreError> {
        if self.label(sha256, version).await?.is_none() {
            return Ok(Decided::Unknown);
        }
        let (image_sha256, actor, now_ms) = (sha256.to_owned(), actor.to_owned(), now_ms());
        let written = self.writer.write(Decide { image_sha256, version, state, actor, now_ms }).await?;
        Ok(if written { Decided::Done } else { Decided::Unchecked })
    }
}
