//! A table with a row for each crack, for spreadsheets.
//!
//! Every table has all columns, whether there is a scale or not, so that those
//! of many photographs can be put below each other.

use std::io::{self, Write};

use ::csv::{Terminator, Writer, WriterBuilder};

use super::{CrackView, Figure, SurveyView, kind_name};

struct Row<'a> {
    file: &'a str,
    photo: &'a SurveyView,
    crack: &'a CrackView,
}

type Cell = fn(&Row) -> String;

const COLUMNS: [(&str, Cell); 44] = [
    ("file", |row| text(row.file)),
    ("crack", |row| row.crack.number.to_string()),
    ("kind", |row| kind_name(row.crack.kind).to_owned()),
    ("orientation_deg", |row| row.crack.orientation_deg.to_string()),
    ("length_mm", |row| value(row.crack.length_mm)),
    ("length_low_mm", |row| low(row.crack.length_mm)),
    ("length_high_mm", |row| high(row.crack.length_mm)),
    ("width_mean_mm", |row| value(row.crack.width_mean_mm)),
    ("width_mean_low_mm", |row| low(row.crack.width_mean_mm)),
    ("width_mean_high_mm", |row| high(row.crack.width_mean_mm)),
    ("width_median_mm", |row| value(row.crack.width_median_mm)),
    ("width_p95_mm", |row| value(row.crack.width_p95_mm)),
    ("width_max_mm", |row| value(row.crack.width_max_mm)),
    ("width_max_low_mm", |row| low(row.crack.width_max_mm)),
    ("width_max_high_mm", |row| high(row.crack.width_max_mm)),
    ("width_max_x_px", |row| row.crack.width_max_at_px[0].to_string()),
    ("width_max_y_px", |row| row.crack.width_max_at_px[1].to_string()),
    ("area_mm2", |row| number(row.crack.area_mm2)),
    ("mm_per_px", |row| number(row.photo.scale.as_ref().map(|scale| scale.mm_per_px))),
    ("mm_per_px_relative_error", |row| number(row.photo.scale.as_ref().map(|scale| scale.relative_error))),
    ("resolved", |row| row.crack.resolved.to_string()),
    ("length_px", |row| row.crack.length_px.value.to_string()),
    ("length_low_px", |row| row.crack.length_px.low.to_string()),
    ("length_high_px", |row| row.crack.length_px.high.to_string()),
    ("width_mean_px", |row| row.crack.width_mean_px.value.to_string()),
    ("width_mean_low_px", |row| row.crack.width_mean_px.low.to_string()),
    ("width_mean_high_px", |row| row.crack.width_mean_px.high.to_string()),
    ("width_median_px", |row| row.crack.width_median_px.value.to_string()),
    ("width_p95_px", |row| row.crack.width_p95_px.value.to_string()),
    ("width_max_px", |row| row.crack.width_max_px.value.to_string()),
    ("width_max_low_px", |row| row.crack.width_max_px.low.to_string()),
    ("width_max_high_px", |row| row.crack.width_max_px.high.to_string()),
    ("area_px2", |row| row.crack.area_px2.to_string()),
    ("bounds_x0_px", |row| row.crack.bounds_px[0].to_string()),
    ("bounds_y0_px", |row| row.crack.bounds_px[1].to_string()),
    ("bounds_x1_px", |row| row.crack.bounds_px[2].to_string()),
    ("bounds_y1_px", |row| row.crack.bounds_px[3].to_string()),
    ("junctions", |row| row.crack.junctions.to_string()),
    ("branches", |row| row.crack.branches.to_string()),
    ("photo_width_px", |row| row.photo.photo_width_px.to_string()),
    ("photo_height_px", |row| row.photo.photo_height_px.to_string()),
    ("threshold", |row| row.photo.threshold.to_string()),
    ("widths_note", |row| text(row.crack.widths_note.as_deref().unwrap_or_default())),
    ("severity", severity),
];

/// Writes the names of the columns; once a table.
pub fn write_header(out: impl Write) -> io::Result<()> {
    let mut table = table(out);
    table.write_record(COLUMNS.map(|(name, _)| name))?;
    table.flush()
}

/// Writes a row for each crack of `photo`, which came as `file`.
pub fn write_rows(out: impl Write, file: &str, photo: &SurveyView) -> io::Result<()> {
    let mut table = table(out);
    for crack in &photo.cracks {
        let row = Row { file, photo, crack };
        table.write_record(COLUMNS.iter().map(|(_, cell)| cell(&row)))?;
    }
    table.flush()
}

/// Commas, quotes where they are needed, and line ends as RFC 4180 has them.
fn table<W: Write>(out: W) -> Writer<W> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out)
}

fn number(number: Option<f64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

fn value(figure: Option<Figure>) -> String {
    number(figure.map(|figure| figure.value))
}

fn low(figure: Option<Figure>) -> String {
    number(figure.map(|figure| figure.low))
}

fn high(figure: Option<Figure>) -> String {
    number(figure.map(|figure| figure.high))
}

fn severity(row: &Row) -> String {
    let rows: Vec<String> =
        row.crack.severity.iter().map(|row| format!("{} ({}): {}", row.standard, row.class, row.level)).collect();
    text(&rows.join("; "))
}

/// `words` so that no spreadsheet takes them for a formula: one that starts
/// like a formula gets an apostrophe in front.
fn text(words: &str) -> String {
    let starts_formula = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if words.trim_start_matches(' ').starts_with(starts_formula) { format!("'{words}") } else { words.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::super::testing::{scale, survey, verdict};
    use super::*;

    fn written(file: &str, photo: &SurveyView) -> String {
        let mut out = Vec::new();
        write_header(&mut out).unwrap();
        write_rows(&mut out, file, photo).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_row_for_each_crack() {
        let text = written("a.jpg", &SurveyView::new(&survey(), Some(&scale()), verdict));
        insta::assert_snapshot!("with_a_scale", text);
        let text = written("a.jpg", &SurveyView::new(&survey(), None, |_| Verdict::default()));
        insta::assert_snapshot!("without_a_scale", text);
    }

    #[test]
    fn figures_stand_under_their_own_names() {
        let photo = SurveyView::new(&survey(), Some(&scale()), verdict);
        let text = written("a.jpg", &photo);
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let names = reader.headers().unwrap().clone();
        let json = serde_json::to_value(&photo.cracks[0]).unwrap();
        let row = reader.records().next().unwrap().unwrap();
        let mut compared = 0;
        for (name, cell) in names.iter().zip(&row) {
            let (base, part) = match (name.contains("_low_"), name.contains("_high_")) {
                (true, _) => (name.replace("_low_", "_"), "low"),
                (_, true) => (name.replace("_high_", "_"), "high"),
                _ => (name.to_owned(), "value"),
            };
            let Some(figure) = json[&base].get(part) else { continue };
            assert_eq!(cell.parse::<f64>().unwrap(), figure.as_f64().unwrap(), "{name}");
            compared += 1;
        }
        assert_eq!(compared, 22, "value, low and high of length, mean and maximum; median and p95: in mm and px");
    }

    #[test]
    fn names_of_files_are_no_formulas_and_break_no_rows() {
        let photo = SurveyView::new(&survey(), None, verdict);
        for (name, cell) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1.jpg", "'+1.jpg"),
            ("-1.jpg", "'-1.jpg"),
            ("@sum.jpg", "'@sum.jpg"),
            ("  =1.jpg", "'  =1.jpg"),
            ("\t=1.jpg", "'\t=1.jpg"),
            ("＝1.jpg", "'＝1.jpg"),
            ("Brücke, \"Süd\"\r\n3.jpg", "Brücke, \"Süd\"\r\n3.jpg"),
            ("a=b.jpg", "a=b.jpg"),
        ] {
            let text = written(name, &photo);
            let rows: Vec<_> = ::csv::Reader::from_reader(text.as_bytes()).into_records().map(Result::unwrap).collect();
            assert_eq!(rows.len(), 2);
            assert_eq!(&rows[0][0], cell);
        }
    }

    #[test]
    fn a_photograph_without_cracks_adds_no_row() {
        let mut empty = survey();
        empty.cracks.clear();
        let text = written("a.jpg", &SurveyView::new(&empty, None, verdict));
        assert_eq!(text.lines().count(), 1);
    }
}
