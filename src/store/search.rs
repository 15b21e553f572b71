//! Pages of the history, newest first, filtered and searched.
//!
//! The inner query walks one index that holds all it asks for; only the rows of the page are then read.

use std::fmt;
use std::str::FromStr;

use super::history::{COLUMNS, PredictionRow};
use super::{KeptPrediction, Store, StoreError};
use crate::domain::Verdict;

/// What a list of predictions is narrowed to; what is absent does not narrow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HistoryFilter {
    /// What was said.
    pub verdict: Option<VerdictFilter>,
    /// Name of the model.
    pub model: Option<String>,
    /// Made at this time or later, Unix milliseconds.
    pub from_ms: Option<i64>,
    /// Made before this time, Unix milliseconds.
    pub to_ms: Option<i64>,
    /// Least share of crack pixels, 0 to 1.
    pub min_crack_ratio: Option<f64>,
    /// Greatest share of crack pixels, 0 to 1.
    pub max_crack_ratio: Option<f64>,
    /// Least uncertainty, 0 to 1.
    pub min_uncertainty: Option<f64>,
    /// Part of the file's name or of a comment on the photograph; the case of A to Z is ignored.
    pub text: Option<String>,
}

/// Predictions by their latest verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictFilter {
    /// This one.
    Is(Verdict),
    /// None yet.
    None,
}

impl VerdictFilter {
    /// As it is written in requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Is(verdict) => verdict.as_str(),
            Self::None => "none",
        }
    }
}

impl FromStr for VerdictFilter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "one of: right, wrong, nothing, none";
        if text == "none" { Ok(Self::None) } else { text.parse().map(Self::Is).map_err(|_| expected) }
    }
}

/// Where a page ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    created_ms: i64,
    number: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.created_ms, self.number)
    }
}

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('.').and_then(|(ms, number)| Some((ms.parse().ok()?, number.parse().ok()?)));
        parts.map(|(created_ms, number)| Self { created_ms, number }).ok_or("a cursor as an earlier answer gave it")
    }
}

/// A page of predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryPage {
    /// Newest first.
    pub predictions: Vec<KeptPrediction>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// Finds `text` anywhere: `%` and `_` stand for themselves.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern + "%"
}

const LIST: &str = r"
    (SELECT number, created_ms FROM predictions
     WHERE deleted_ms IS NULL AND created_ms >= $1 AND created_ms < $2 AND (created_ms, number) < ($3, $4)
         AND ($5 IS NULL OR COALESCE(verdict, 'none') = $5) AND ($6 IS NULL OR model_name = $6)
         AND crack_ratio >= $7 AND crack_ratio <= $8 AND uncertainty >= $9
         AND ($10 IS NULL OR file_name LIKE $10 ESCAPE '\' OR number IN (
             SELECT commented.number FROM submissions
             JOIN predictions AS commented ON commented.image_sha256 = submissions.image_sha256
             WHERE submissions.comment IS NOT NULL AND submissions.comment LIKE $10 ESCAPE '\'))
     ORDER BY created_ms DESC, number DESC LIMIT $11) AS page";

impl Store {
    /// At most `limit` predictions that pass `filter`, newest first, from `after` on.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn list_predictions(
        &self,
        filter: &HistoryFilter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<HistoryPage, StoreError> {
        let query = format!(
            "SELECT {COLUMNS} FROM {LIST} JOIN predictions ON predictions.number = page.number
             ORDER BY page.created_ms DESC, page.number DESC"
        );
        let after = after.unwrap_or(Cursor { created_ms: i64::MAX, number: i64::MAX });
        let mut rows: Vec<PredictionRow> = sqlx::query_as(sqlx::AssertSqlSafe(query))
            .bind(filter.from_ms.unwrap_or(i64::MIN))
            .bind(filter.to_ms.unwrap_or(i64::MAX))
            .bind(after.created_ms)
            .bind(after.number)
            .bind(filter.verdict.map(VerdictFilter::as_str))
            .bind(&filter.model)
            .bind(filter.min_crack_ratio.unwrap_or(0.0))
            .bind(filter.max_crack_ratio.unwrap_or(1.0))
            .bind(filter.min_uncertainty.unwrap_or(0.0))
            .bind(filter.text.as_deref().map(like))
            .bind(limit as i64 + 1)
            .fetch_all(&self.pool)
            .await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().map(|row| Cursor { created_ms: row.created_ms, number: row.number });
        let predictions = rows.into_iter().map(PredictionRow::kept).collect::<Result<_, _>>()?;
        Ok(HistoryPage { predictions, next: last.filter(|_| more) })
    }

    /// Names of all models that made a prediction.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn predicting_models(&self) -> Result<Vec<String>, StoreError> {
        // One look-up a name, however many predictions each made.
        let query = "WITH RECURSIVE names (name) AS (
                 SELECT MIN(model_name) FROM predictions
                 UNION ALL
                 SELECT (SELECT MIN(model_name) FROM predictions WHERE model_name > names.name) FROM names
                 WHERE names.name IS NOT NULL)
             SELECT name FROM names WHERE name IS NOT NULL";
        Ok(sqlx::query_scalar(query).fetch_all(&self.pool).await?)
    }
}
