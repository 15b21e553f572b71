//! The database's migrations, in order. A migration that was released never changes.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

const MIGRATIONS: [(i64, &str, &str); 4] = [
    (1, "submissions and tokens", include_str!("migrations/0001_submissions.sql")),
    (2, "tracking", include_str!("migrations/0002_tracking.sql")),
    (3, "history", include_str!("migrations/0003_history.sql")),
    (4, "review", include_str!("migrations/0004_review.sql")),
];

/// Brings a database of any age up to date.
pub fn migrator() -> Migrator {
    let migrations = MIGRATIONS.map(|(version, description, sql)| {
        Migration::new(version, Cow::Borrowed(description), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.into())
}
