//! Requests that may come again with the same key: the first answer is given once more.

use sqlx::SqliteConnection;

use super::StoreError;

/// Names a request of one sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Who sends it.
    pub actor: String,
    /// What the sender calls it.
    pub key: String,
    /// SHA-256 of all that was asked, so that a key does not stand for two things.
    pub fingerprint: String,
}

/// What is known of a key.
pub(super) enum Recalled {
    New,
    /// The answer of the first time.
    Same(String),
    /// The key was used for something else.
    Reused,
}

/// How long a key is remembered.
pub(super) const REMEMBERED_MS: i64 = 7 * 24 * 3_600_000;

pub(super) async fn recall(db: &mut SqliteConnection, key: Option<&IdempotencyKey>) -> Result<Recalled, StoreError> {
    let Some(key) = key else { return Ok(Recalled::New) };
    let query = "SELECT fingerprint, answer FROM idempotent_answers WHERE actor = $1 AND key = $2";
    let row: Option<(String, String)> =
        sqlx::query_as(query).bind(&key.actor).bind(&key.key).fetch_optional(db).await?;
    Ok(match row {
        None => Recalled::New,
        Some((fingerprint, answer)) if fingerprint == key.fingerprint => Recalled::Same(answer),
        Some(_) => Recalled::Reused,
    })
}

/// Remembers `answer`, in the transaction that does what was asked, and forgets what is too old.
pub(super) async fn remember(
    db: &mut SqliteConnection,
    key: Option<&IdempotencyKey>,
    answer: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    let Some(key) = key else { return Ok(()) };
    sqlx::query("DELETE FROM idempotent_answers WHERE created_ms < $1")
        .bind(now_ms - REMEMBERED_MS)
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "INSERT INTO idempotent_answers (actor, key, fingerprint, answer, created_ms) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(&key.actor)
    .bind(&key.key)
    .bind(&key.fingerprint)
    .bind(answer)
    .bind(now_ms)
    .execute(db)
    .await?;
    Ok(())
}
