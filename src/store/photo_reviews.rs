//! Which photographs to label next.

use std::path::PathBuf;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError};

/// A photograph to be looked at, because it is new or was predicted again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnseenPhoto {
    /// SHA-256, hexadecimal.
    pub image_sha256: String,
    /// Its file, or its thumbnail's: they look the same.
    pub photo: PathBuf,
    /// Its perceptual hash, if that is known.
    pub hash: Option<u64>,
    /// The prediction because of which it is looked at; none if it has none.
    pub number: Option<i64>,
}

/// A prediction that is compared with that of another model.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenBy {
    /// SHA-256 of the model file.
    pub model_sha256: String,
    /// How unsure the model is, 0 to 1.
    pub uncertainty: f64,
    /// The mask's file, PNG.
    pub mask: PathBuf,
}

/// What is known of a photograph's worth.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotoReview {
    /// SHA-256, hexadecimal.
    pub image_sha256: String,
    /// Its perceptual hash; none if it cannot be read.
    pub hash: Option<u64>,
    /// Of the latest prediction.
    pub uncertainty: Option<f64>,
    /// Between the two latest models.
    pub disagreement: Option<f64>,
    /// Bits to the nearest photograph with a label.
    pub nearest_bits: Option<u32>,
    /// The sum by which photographs are ranked.
    pub benefit: f64,
}

/// A photograph that waits to be labelled.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewItem {
    /// What it is worth.
    pub review: PhotoReview,
    /// Whether a person asked for a label of it.
    pub waiting: bool,
    /// Width and height in pixels, upright.
    pub size: (u32, u32),
    /// Its latest prediction.
    pub prediction_id: Option<String>,
    /// Name of the file at the sender's, from that prediction.
    pub file_name: Option<String>,
    /// Whether a person said that the prediction is wrong.
    pub said_wrong: bool,
    /// What was said when it was given for retraining.
    pub comment: Option<String>,
}

/// Where a page of the queue begins.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewPlace {
    /// Whether the last item before was waiting.
    pub waiting: bool,
    /// Its benefit.
    pub benefit: f64,
    /// Its photograph.
    pub image_sha256: String,
}

/// How many labels there are, and how many photographs wait for one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct ReviewCounts {
    /// Labels that may train and came since the last retraining.
    pub labelled: i64,
    /// Photographs that a person asked a label for.
    pub waiting: i64,
    /// Labels in quarantine.
    pub quarantined: i64,
    /// Labels that were not looked at yet.
    pub unchecked: i64,
}

/// Rows of photographs that are to be labelled: they have no label, and nobody agreed with what the model says.
const QUEUE: &str = "FROM photo_reviews p JOIN images i ON i.sha256 = p.image_sha256
    LEFT JOIN predictions q ON q.number = (SELECT MAX(number) FROM predictions
        WHERE image_sha256 = p.image_sha256 AND deleted_ms IS NULL)
    WHERE NOT EXISTS (SELECT 1 FROM current_labels l WHERE l.image_sha256 = p.image_sha256)
        AND COALESCE(q.verdict, '') <> 'right'
        AND (q.id IS NOT NULL OR EXISTS (SELECT 1 FROM submissions s WHERE s.image_sha256 = p.image_sha256))";

/// SQLite has no unsigned numbers of 64 bits.
fn signed(hash: u64) -> i64 {
    i64::from_ne_bytes(hash.to_ne_bytes())
}

fn unsigned(hash: i64) -> u64 {
    u64::from_ne_bytes(hash.to_ne_bytes())
}

fn photo_review(row: &SqliteRow) -> Result<PhotoReview, sqlx::Error> {
    Ok(PhotoReview {
        image_sha256: row.try_get("image_sha256")?,
        hash: row.try_get::<Option<i64>, _>("hash")?.map(unsigned),
        uncertainty: row.try_get("uncertainty")?,
        disagreement: row.try_get("disagreement")?,
        nearest_bits: row.try_get("nearest_bits")?,
        benefit: row.try_get("benefit")?,
    })
}

impl Store {
    /// Up to `limit` photographs that were not looked at yet, or not since their latest prediction.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unseen_photos(&self, limit: u32) -> Result<Vec<UnseenPhoto>, StoreError> {
        let predicted = "SELECT q.number, q.image_sha256, q.thumbnail_key AS blob_key, p.hash FROM predictions q
             LEFT JOIN photo_reviews p ON p.image_sha256 = q.image_sha256
             WHERE q.number > (SELECT COALESCE(MAX(seen_number), 0) FROM photo_reviews) ORDER BY q.number LIMIT $1";
        let given = "SELECT DISTINCT NULL AS number, i.sha256 AS image_sha256, i.blob_key, NULL AS hash
             FROM submissions s JOIN images i ON i.sha256 = s.image_sha256
             WHERE NOT EXISTS (SELECT 1 FROM photo_reviews p WHERE p.image_sha256 = s.image_sha256) LIMIT $1";
        let mut rows = sqlx::query(predicted).bind(limit).fetch_all(&self.pool).await?;
        if rows.is_empty() {
            rows = sqlx::query(given).bind(limit).fetch_all(&self.pool).await?;
        }
        let photo = |row: &SqliteRow| -> Result<UnseenPhoto, sqlx::Error> {
            Ok(UnseenPhoto {
                image_sha256: row.try_get("image_sha256")?,
                photo: self.directory.join(row.try_get::<String, _>("blob_key")?),
                hash: row.try_get::<Option<i64>, _>("hash")?.map(unsigned),
                number: row.try_get("number")?,
            })
        };
        Ok(rows.iter().map(photo).collect::<Result<_, _>>()?)
    }

    /// The latest prediction of a photograph and the latest one by another model, as far as there are such.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn seen_by(&self, sha256: &str) -> Result<Vec<SeenBy>, StoreError> {
        let query = "SELECT model_sha256, uncertainty, mask_key FROM predictions
             WHERE image_sha256 = $1 AND deleted_ms IS NULL ORDER BY number DESC LIMIT 50";
        let rows: Vec<(String, f64, String)> = sqlx::query_as(query).bind(sha256).fetch_all(&self.pool).await?;
        let mut models: Vec<SeenBy> = Vec::new();
        for (model_sha256, uncertainty, key) in rows {
            if models.iter().all(|seen| seen.model_sha256 != model_sha256) {
                models.push(SeenBy { model_sha256, uncertainty, mask: self.directory.join(key) });
            }
        }
        models.truncate(2);
        Ok(models)
    }

    /// Hashes of photographs whose label may train.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn labelled_hashes(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let query = "SELECT p.image_sha256, p.hash FROM current_labels l
             JOIN label_reviews r ON r.image_sha256 = l.image_sha256 AND r.version = l.version
             JOIN photo_reviews p ON p.image_sha256 = l.image_sha256
             WHERE r.state IN ('clear', 'accepted') AND p.hash IS NOT NULL";
        let rows: Vec<(String, i64)> = sqlx::query_as(query).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|(sha256, hash)| (sha256, unsigned(hash))).collect())
    }

    /// Keeps what is known of photographs' worth, each with the prediction up to which it was looked at.
    ///
    /// # Errors
    /// If the database fails; then nothing of it is kept.
    pub async fn save_photo_reviews(&self, reviews: &[(PhotoReview, Option<i64>)]) -> Result<(), StoreError> {
        let query =
            "INSERT INTO photo_reviews (image_sha256, hash, seen_number, uncertainty, disagreement, nearest_bits,
                 waiting, benefit)
             SELECT $1, $2, $3, $4, $5, $6, 0, $7 WHERE EXISTS (SELECT 1 FROM images WHERE sha256 = $1)
             ON CONFLICT (image_sha256) DO UPDATE SET hash = excluded.hash,
                 seen_number = COALESCE(excluded.seen_number, photo_reviews.seen_number),
                 uncertainty = excluded.uncertainty, disagreement = excluded.disagreement,
                 nearest_bits = excluded.nearest_bits, benefit = excluded.benefit";
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for (review, number) in reviews {
            sqlx::query(query)
                .bind(&review.image_sha256)
                .bind(review.hash.map(signed))
                .bind(number)
                .bind(review.uncertainty)
                .bind(review.disagreement)
                .bind(review.nearest_bits)
                .bind(review.benefit)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Keeps the perceptual hash of a photograph; what else is known of it stays.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn save_photo_hash(&self, sha256: &str, hash: u64) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO photo_reviews (image_sha256, hash, waiting, benefit) VALUES ($1, $2, 0, 0)
             ON CONFLICT (image_sha256) DO UPDATE SET hash = excluded.hash",
        )
        .bind(sha256)
        .bind(signed(hash))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What is known of all photographs without a label.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unlabelled_reviews(&self) -> Result<Vec<PhotoReview>, StoreError> {
        let query = "SELECT p.image_sha256, p.hash, p.uncertainty, p.disagreement, p.nearest_bits, p.benefit
             FROM photo_reviews p
             WHERE NOT EXISTS (SELECT 1 FROM label_versions l WHERE l.image_sha256 = p.image_sha256)";
        let rows = sqlx::query(query).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(photo_review).collect::<Result<_, _>>()?)
    }

    /// Notes which photographs people asked a label for: given without one, called wrong, or with a rejected label.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn note_waiting(&self) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE photo_reviews SET waiting = 1 WHERE waiting <> 1 AND image_sha256 IN (
                 SELECT image_sha256 FROM submissions WHERE label_version IS NULL
                 UNION SELECT image_sha256 FROM predictions WHERE verdict = 'wrong' AND deleted_ms IS NULL
                 UNION SELECT image_sha256 FROM label_reviews WHERE state = 'rejected')",
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Up to `limit` photographs to label: first those that people asked for, then by benefit.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn review_queue(&self, after: Option<ReviewPlace>, limit: u32) -> Result<Vec<ReviewItem>, StoreError> {
        let begin = ReviewPlace { waiting: true, benefit: f64::MAX, image_sha256: String::new() };
        let after = after.unwrap_or(begin);
        let query = format!(
            "SELECT p.image_sha256, p.hash, p.uncertainty, p.disagreement, p.nearest_bits, p.benefit, p.waiting,
                 i.width_px, i.height_px, q.id, q.file_name, q.verdict,
                 (SELECT comment FROM submissions s WHERE s.image_sha256 = p.image_sha256 AND comment IS NOT NULL
                     ORDER BY created_ms DESC LIMIT 1) AS comment
             {QUEUE} AND (p.waiting, p.benefit, p.image_sha256) < ($1, $2, $3)
             ORDER BY p.waiting DESC, p.benefit DESC, p.image_sha256 DESC LIMIT $4"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(i64::from(after.waiting))
            .bind(after.benefit)
            .bind(after.image_sha256)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        let item = |row: &SqliteRow| -> Result<ReviewItem, sqlx::Error> {
            Ok(ReviewItem {
                review: photo_review(row)?,
                waiting: row.try_get::<i64, _>("waiting")? != 0,
                size: (row.try_get("width_px")?, row.try_get("height_px")?),
                prediction_id: row.try_get("id")?,
                file_name: row.try_get("file_name")?,
                said_wrong: row.try_get::<Option<String>, _>("verdict")?.as_deref() == Some("wrong"),
                comment: row.try_get("comment")?,
            })
        };
        Ok(rows.iter().map(item).collect::<Result<_, _>>()?)
    }

    /// Counts labels made after `since_ms` (Unix milliseconds), and what waits.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn review_counts(&self, since_ms: i64) -> Result<ReviewCounts, StoreError> {
        let labels = "SELECT COALESCE(SUM(r.state IN ('clear', 'accepted') AND l.created_ms > $1), 0),
                COALESCE(SUM(r.state = 'quarantined'), 0), COALESCE(SUM(r.state IS NULL), 0)
             FROM current_labels l
             LEFT JOIN label_reviews r ON r.image_sha256 = l.image_sha256 AND r.version = l.version";
        let (labelled, quarantined, unchecked): (i64, i64, i64) =
            sqlx::query_as(labels).bind(since_ms).fetch_one(&self.pool).await?;
        let waiting = format!("SELECT count(*) {QUEUE} AND p.waiting = 1");
        let waiting: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(waiting)).fetch_one(&self.pool).await?;
        Ok(ReviewCounts { labelled, waiting, quarantined, unchecked })
    }
}
