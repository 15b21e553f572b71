//! Access tokens: 256 random bits, shown once, kept as SHA-256.
//!
//! A slow hash guards guessable passwords; nobody guesses 256 bits.

use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::digest::{hex, sha256_hex};
use crate::domain::now_ms;

const PREFIX: &str = "hl_";

/// Why a token could not be made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Names are unique, so that an actor is one person or program.
    #[error("there is a token named `{0}` already")]
    Exists(String),
    /// Nothing of that name is valid.
    #[error("there is no valid token named `{0}`")]
    Unknown(String),
    /// The name cannot be used.
    #[error("a token's name has 1 to 64 letters, digits, `-`, `_`, `.` or `@`")]
    BadName,
    /// No randomness.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A token as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Name, which stands as the actor on every row.
    pub name: String,
    /// When it was made, Unix milliseconds.
    pub created_ms: i64,
    /// When it was revoked, Unix milliseconds.
    pub revoked_ms: Option<i64>,
}

impl Store {
    /// Makes a token and returns its secret, which is not kept.
    ///
    /// # Errors
    /// If the name is taken or unusable, or the store fails.
    pub async fn create_token(&self, name: &str) -> Result<String, TokenError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
            return Err(TokenError::BadName);
        }
        let mut random = [0u8; 32];
        getrandom::fill(&mut random)?;
        let secret = format!("{PREFIX}{}", hex(&random));
        let query =
            "INSERT INTO tokens (id, name, hash, created_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING";
        let result = sqlx::query(query)
            .bind(Uuid::now_v7().to_string())
            .bind(name)
            .bind(sha256_hex(&secret))
            .bind(now_ms())
            .execute(&self.pool)
            .await
            .map_err(StoreError::from)?;
        if result.rows_affected() == 1 { Ok(secret) } else { Err(TokenError::Exists(name.into())) }
    }

    /// All tokens, oldest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list_tokens(&self) -> Result<Vec<Token>, StoreError> {
        let query = "SELECT name, created_ms, revoked_ms FROM tokens ORDER BY created_ms";
        let rows: Vec<(String, i64, Option<i64>)> = sqlx::query_as(query).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|(name, created_ms, revoked_ms)| Token { name, created_ms, revoked_ms }).collect())
    }

    /// Makes a token worthless from now on.
    ///
    /// # Errors
    /// If there is none of that name, or the store fails.
    pub async fn revoke_token(&self, name: &str) -> Result<(), TokenError> {
        let query = "UPDATE tokens SET revoked_ms = $1 WHERE name = $2 AND revoked_ms IS NULL";
        let result =
            sqlx::query(query).bind(now_ms()).bind(name).execute(&self.pool).await.map_err(StoreError::from)?;
        if result.rows_affected() == 1 { Ok(()) } else { Err(TokenError::Unknown(name.into())) }
    }

    /// The name of the valid token with this secret.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn verify_token(&self, secret: &str) -> Result<Option<String>, StoreError> {
        let query = "SELECT name, hash FROM tokens WHERE revoked_ms IS NULL";
        let rows: Vec<(String, String)> = sqlx::query_as(query).fetch_all(&self.pool).await?;
        let given = sha256_hex(secret);
        let same = |stored: &str| bool::from(stored.as_bytes().ct_eq(given.as_bytes()));
        Ok(rows.into_iter().find(|(_, stored)| same(stored)).map(|(name, _)| name))
    }
}
