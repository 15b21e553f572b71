//! Where a crack's width lies in a standard, with all its uncertainty.

use serde::Serialize;
use utoipa::ToSchema;

use super::{JudgedWidth, Row, Standard};
use crate::measure::resolution::Width;
use crate::measure::{CrackMeasurement, Scale};

/// Why there is no verdict where no scale is known.
pub const WITHOUT_SCALE: &str = "No scale is known, so widths are in pixels and no standard applies; \
    give mm per pixel, a distance with the lens's focal length, or two points a known distance apart.";

/// Where one crack's width lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Verdict {
    /// Id of the standard.
    pub standard: String,
    /// Edition of the standard.
    pub edition: String,
    /// Which width of the crack was judged.
    pub width: JudgedWidth,
    /// Whether the width was measured; if not, it is an upper bound, and classes can only be excluded.
    pub measured: bool,
    /// One for each row of the standard.
    pub rows: Vec<RowVerdict>,
}

/// Where a width lies in one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RowVerdict {
    /// Id of the row.
    pub row: String,
    /// What the row holds for.
    pub exposure: String,
    /// Every class that the width's 95 % interval reaches, the narrowest first.
    pub classes: Vec<String>,
    /// Every class that is out of question.
    pub excluded: Vec<String>,
    /// In words, such as "CS1 to CS2".
    pub text: String,
}

impl Standard {
    /// Places the width of `crack` that this standard judges.
    pub fn verdict(&self, crack: &CrackMeasurement, scale: &Scale) -> Verdict {
        let px = match self.width {
            JudgedWidth::Maximum => crack.width_max_px,
            JudgedWidth::Mean => crack.width_mean_px,
        };
        self.verdict_of(&Width::in_mm(px, scale))
    }

    /// Places a width in millimetres.
    pub fn verdict_of(&self, width: &Width) -> Verdict {
        Verdict {
            standard: self.id.clone(),
            edition: self.edition.clone(),
            width: self.width,
            measured: width.resolved,
            rows: self.rows.iter().map(|row| row.verdict(width)).collect(),
        }
    }
}

impl Row {
    fn verdict(&self, width: &Width) -> RowVerdict {
        let low = if width.resolved { width.estimate.low } else { 0.0 };
        let (first, last) = (self.class_of(low), self.class_of(width.estimate.high));
        let names = |from: usize, to: usize| self.classes[from..to].iter().map(|class| class.name.clone());
        let classes: Vec<String> = names(first, last + 1).collect();
        let excluded: Vec<String> = names(0, first).chain(names(last + 1, self.classes.len())).collect();
        let text = match (width.resolved, excluded.as_slice()) {
            (true, _) if first == last => classes[0].clone(),
            (true, _) => format!("{} to {}", classes[0], classes[classes.len() - 1]),
            (false, []) => "not resolved: no class can be excluded".to_owned(),
            (false, _) => format!(
                "not resolved: excluded {} {}",
                if excluded.len() == 1 { "is" } else { "are" },
                excluded.join(", ")
            ),
        };
        RowVerdict { row: self.id.clone(), exposure: self.exposure.clone(), classes, excluded, text }
    }

    fn class_of(&self, width_mm: f64) -> usize {
        self.classes.iter().position(|class| class.reaches(width_mm)).unwrap_or(self.classes.len() - 1)
    }
}
