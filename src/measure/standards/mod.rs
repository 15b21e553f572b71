//! Crack widths in standards, as data: context for the reader, never a safety verdict.

mod read;
mod verdict;

use std::path::{Path, PathBuf};

use serde::Serialize;
use utoipa::ToSchema;

pub use verdict::{RowVerdict, Verdict, WITHOUT_SCALE};

/// What comes with Hairline.
const BUILT_IN: &str = include_str!("../standards.toml");

/// Which width of a crack a standard judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JudgedWidth {
    /// The largest local width.
    Maximum,
    /// The mean along the centre line.
    Mean,
}

/// One class of a row; the last of a row has no end.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Class {
    /// What the standard calls it.
    pub name: String,
    /// Widths below this many millimetres belong to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below_mm: Option<f64>,
    /// Widths up to this many millimetres, and this one, belong to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_to_mm: Option<f64>,
}

impl Class {
    /// Where it ends, in millimetres.
    pub fn end_mm(&self) -> Option<f64> {
        self.below_mm.or(self.up_to_mm)
    }

    /// Whether `width_mm` is not beyond its end.
    fn reaches(&self, width_mm: f64) -> bool {
        match (self.below_mm, self.up_to_mm) {
            (Some(end), _) => width_mm < end,
            (None, Some(end)) => width_mm <= end,
            (None, None) => true,
        }
    }
}

/// Classes for one exposure.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Row {
    /// How it is asked for: `STANDARD/ROW`.
    pub id: String,
    /// What it holds for.
    pub exposure: String,
    /// Classes, the narrowest first.
    pub classes: Vec<Class>,
}

/// One standard, or some of its rows.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Standard {
    /// How it is asked for.
    pub id: String,
    /// Its name and table.
    pub title: String,
    /// Which edition the figures are from.
    pub edition: String,
    /// What it holds for.
    pub material: String,
    /// Which width it judges.
    pub width: JudgedWidth,
    /// What its figures do not say.
    pub caveat: String,
    /// What was not checked at the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Its rows.
    pub rows: Vec<Row>,
}

impl Standard {
    /// Every width at which a class ends, in millimetres, ascending.
    pub fn limits_mm(&self) -> Vec<f64> {
        let mut limits: Vec<f64> = self.rows.iter().flat_map(|row| &row.classes).filter_map(Class::end_mm).collect();
        limits.sort_by(f64::total_cmp);
        limits.dedup();
        limits
    }
}

/// All standards that can be asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Standards(Vec<Standard>);

/// Why there are no standards, or not the one that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum StandardsError {
    /// The file is not there or not readable.
    #[error("the standards cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The file is not what it should be; all of it is told.
    #[error("problems in the standards of {}:\n{}", .file.display(), .problems.iter().map(|p| format!("  - {p}")).collect::<Vec<_>>().join("\n"))]
    Invalid {
        /// The file.
        file: PathBuf,
        /// What is wrong, with the name of the standard and the field.
        problems: Vec<String>,
    },
    /// There is no such standard or row.
    #[error("there is no standard `{asked}`; there are: {}", .known.join(", "))]
    Unknown {
        /// What was asked for.
        asked: String,
        /// What can be asked for.
        known: Vec<String>,
    },
}

impl Standards {
    /// The standards that come with Hairline.
    pub fn built_in() -> Self {
        Self(read::standards(BUILT_IN).expect("a test reads the built-in standards"))
    }

    /// The built-in standards, and those in `file`, which replace built-in ones of the same id.
    ///
    /// # Errors
    /// If the file cannot be read, and with every problem in it.
    pub fn load(file: Option<&Path>) -> Result<Self, StandardsError> {
        let mut all = Self::built_in();
        let Some(file) = file else { return Ok(all) };
        let own = read::standards(&fs_err::read_to_string(file)?)
            .map_err(|problems| StandardsError::Invalid { file: file.to_owned(), problems })?;
        for standard in own {
            match all.0.iter_mut().find(|known| known.id == standard.id) {
                Some(known) => *known = standard,
                None => all.0.push(standard),
            }
        }
        Ok(all)
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Standard> {
        self.0.iter()
    }

    /// The standard `ID`, or with one row only: `ID/ROW`.
    ///
    /// # Errors
    /// If there is none.
    pub fn choose(&self, asked: &str) -> Result<Standard, StandardsError> {
        let (id, row) = asked.split_once('/').map_or((asked, None), |(id, row)| (id, Some(row)));
        let unknown = |known: Vec<String>| StandardsError::Unknown { asked: asked.to_owned(), known };
        let Some(standard) = self.0.iter().find(|standard| standard.id == id) else {
            return Err(unknown(self.0.iter().map(|standard| standard.id.clone()).collect()));
        };
        let mut standard = standard.clone();
        if let Some(row) = row {
            let rows = standard.rows.iter().map(|row| format!("{id}/{}", row.id)).collect();
            standard.rows.retain(|known| known.id == row);
            if standard.rows.is_empty() {
                return Err(unknown(rows));
            }
        }
        Ok(standard)
    }

    /// As [`Self::choose`]; nothing asked, nothing chosen.
    ///
    /// # Errors
    /// If there is none.
    pub fn choose_if_asked(&self, asked: &str) -> Result<Option<Standard>, StandardsError> {
        if asked.is_empty() { Ok(None) } else { self.choose(asked).map(Some) }
    }
}

#[cfg(test)]
mod tests;
