//! Series of photographs: those of one place, which a model finds alike easy or hard.

use std::collections::BTreeMap;
use std::ops::AddAssign;

/// The series of a photograph: its stem up to the first part that has a digit.
///
/// Parts stand between hyphens, underscores, dots and spaces; a single letter behind the digits goes as well. So
/// `wall_12-3` belongs to `wall_12`, `IMG_5776-1` to `IMG_5776`, `DSC00557b` to `DSC00557`, `20160328_151252` to that
/// day, and `sut_001` stands alone.
pub fn series_of(stem: &str) -> &str {
    let Some(digit) = stem.find(|c: char| c.is_ascii_digit()) else {
        return stem;
    };
    let end = stem[digit..].find(['-', '_', '.', ' ']).map_or(stem.len(), |at| digit + at);
    let series = &stem[..end];
    let without_letter = series.strip_suffix(|c: char| c.is_ascii_alphabetic()).unwrap_or(series);
    if without_letter.ends_with(|c: char| c.is_ascii_digit()) { without_letter } else { series }
}

/// What is drawn at random as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Units<T> {
    /// Number of series.
    pub series: usize,
    /// The sum of each series; of each photograph where all are of one series, which could not be drawn from.
    pub sums: Vec<T>,
}

impl<T: Copy + Default + AddAssign> Units<T> {
    /// Sums `values` of the photographs `stems` by series.
    pub fn new(stems: &[String], values: &[T]) -> Self {
        let mut by_series: BTreeMap<&str, T> = BTreeMap::new();
        for (stem, &value) in stems.iter().zip(values) {
            *by_series.entry(series_of(stem)).or_default() += value;
        }
        let series = by_series.len();
        let sums = if series == 1 { values.to_vec() } else { by_series.into_values().collect() };
        Self { series, sums }
    }

    /// What the units are.
    pub fn name(&self) -> &'static str {
        if self.series == 1 { "photographs" } else { "series" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_the_stem_up_to_its_first_number() {
        for (stem, series) in [
            ("test_11215-10", "test_11215"),
            ("test_11129", "test_11129"),
            ("test_IMG_5776-1", "test_IMG_5776"),
            ("train_IMG25-10", "train_IMG25"),
            ("a_115_241", "a_115"),
            ("riss_9S6A2875_1254_6_2177_2528", "riss_9S6A2875"),
            ("noncrack_18_17", "noncrack_18"),
            ("20160328_151252", "20160328"),
            ("DSC00557b", "DSC00557"),
            ("sut_001", "sut_001"),
            ("12ab", "12ab"),
            ("wall", "wall"),
            ("mur_é3é", "mur_é3é"),
        ] {
            assert_eq!(series_of(stem), series);
        }
    }

    #[test]
    fn sums_are_by_series_and_by_photograph_where_there_is_but_one() {
        let stems = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let units = Units::new(&stems(&["b1-1", "a1-1", "b1-2"]), &[1, 10, 100]);
        assert_eq!((units.series, units.name(), units.sums), (2, "series", vec![10, 101]));
        let single = Units::new(&stems(&["b1-1", "b1-2"]), &[1, 2]);
        assert_eq!((single.series, single.name(), single.sums), (1, "photographs", vec![1, 2]));
    }
}
