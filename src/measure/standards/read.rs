//! Reads standards from TOML and tells every problem, not only the first.

#![expect(clippy::wildcard_enum_match_arm, reason = "whatever else TOML may hold is refused")]

use toml::{Table, Value};

use super::{Class, JudgedWidth, Row, Standard};

/// Widest bound that is believed, in millimetres.
const MAX_BOUND_MM: f64 = 10_000.0;
/// Longest text of a field, in characters.
const MAX_TEXT: usize = 500;
/// Longest id, in characters.
const MAX_ID: usize = 60;

/// The standards in `text`.
pub fn standards(text: &str) -> Result<Vec<Standard>, Vec<String>> {
    let table: Table = text.parse().map_err(|e: toml::de::Error| vec![e.to_string().trim_end().to_owned()])?;
    let mut problems = Vec::new();
    let mut file = Fields { table, place: String::new(), problems: &mut problems };
    let tables = file.tables("standard");
    file.finish();
    let mut standards: Vec<Standard> = Vec::new();
    for (i, table) in tables.into_iter().enumerate() {
        let standard = standard(table, i + 1, &mut problems);
        if standards.iter().any(|earlier| earlier.id == standard.id && !standard.id.is_empty()) {
            problems.push(format!("{}: id is given twice", standard.id));
        }
        standards.push(standard);
    }
    if problems.is_empty() { Ok(standards) } else { Err(problems) }
}

fn standard(table: Table, number: usize, problems: &mut Vec<String>) -> Standard {
    let name = table.get("id").and_then(Value::as_str).map_or_else(|| format!("standard {number}"), str::to_owned);
    let mut fields = Fields { table, place: format!("{name}: "), problems };
    let mut standard = Standard {
        id: fields.id(),
        title: fields.text("title"),
        edition: fields.text("edition"),
        material: fields.text("material"),
        width: fields.width(),
        caveat: fields.text("caveat"),
        remark: fields.optional_text("remark"),
        rows: Vec::new(),
    };
    let tables = fields.tables("row");
    fields.finish();
    for (i, table) in tables.into_iter().enumerate() {
        let row = row(table, &name, i + 1, problems);
        if standard.rows.iter().any(|earlier| earlier.id == row.id && !row.id.is_empty()) {
            problems.push(format!("{name}: row {}: id is given twice", row.id));
        }
        standard.rows.push(row);
    }
    standard
}

fn row(table: Table, standard: &str, number: usize, problems: &mut Vec<String>) -> Row {
    let name = table.get("id").and_then(Value::as_str).map_or_else(|| number.to_string(), str::to_owned);
    let place = format!("{standard}: row {name}: ");
    let mut fields = Fields { table, place: place.clone(), problems };
    let (id, exposure) = (fields.id(), fields.text("exposure"));
    let tables = fields.tables("classes");
    fields.finish();
    let count = tables.len();
    if count == 1 {
        problems.push(format!("{place}classes has 1 entry; at least 2 are needed"));
    }
    let mut classes: Vec<Class> = Vec::new();
    for (i, table) in tables.into_iter().enumerate() {
        let place = format!("{place}class {}: ", i + 1);
        let class = class(table, &place, i + 1 == count, problems);
        let before = classes.iter().rev().find_map(Class::end_mm);
        if let (Some(before), Some(end)) = (before, class.end_mm())
            && end <= before
        {
            problems.push(format!("{place}its end {end} mm is not beyond {before} mm, the end of the class before"));
        }
        classes.push(class);
    }
    Row { id, exposure, classes }
}

fn class(table: Table, place: &str, last: bool, problems: &mut Vec<String>) -> Class {
    let mut fields = Fields { table, place: place.to_owned(), problems };
    let class =
        Class { name: fields.text("name"), below_mm: fields.bound("below_mm"), up_to_mm: fields.bound("up_to_mm") };
    fields.finish();
    match (class.below_mm, class.up_to_mm, last) {
        (Some(_), Some(_), _) => problems.push(format!("{place}below_mm and up_to_mm exclude each other")),
        (None, None, false) => {
            problems.push(format!("{place}below_mm or up_to_mm is missing; only the last has no end"))
        }
        (Some(_), None, true) | (None, Some(_), true) => {
            problems.push(format!("{place}it is the last and must have no end, or wider cracks belong nowhere"));
        }
        _ => {}
    }
    class
}

/// A table whose fields are taken out one by one; what remains is unknown.
struct Fields<'a> {
    table: Table,
    place: String,
    problems: &'a mut Vec<String>,
}

impl Fields<'_> {
    fn problem(&mut self, text: &str) {
        self.problems.push(format!("{}{text}", self.place));
    }

    fn optional_text(&mut self, field: &str) -> Option<String> {
        match self.table.remove(field)? {
            Value::String(text) if (1..=MAX_TEXT).contains(&text.trim().chars().count()) => {
                return Some(text.trim().to_owned());
            }
            Value::String(_) => self.problem(&format!("{field} must have 1 to {MAX_TEXT} characters")),
            other => self.problem(&format!("{field} is {}; a text is expected", other.type_str())),
        }
        None
    }

    fn text(&mut self, field: &str) -> String {
        if !self.table.contains_key(field) {
            self.problem(&format!("{field} is missing"));
        }
        self.optional_text(field).unwrap_or_default()
    }

    fn id(&mut self) -> String {
        let id = self.text("id");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        if !id.is_empty() && (id.len() > MAX_ID || !id.chars().all(plain)) {
            self.problem(&format!("id may have up to {MAX_ID} of a-z, 0-9, - and ."));
        }
        id
    }

    fn width(&mut self) -> JudgedWidth {
        match self.text("width").as_str() {
            "maximum" | "" => JudgedWidth::Maximum,
            "mean" => JudgedWidth::Mean,
            other => {
                self.problem(&format!("width is {other:?}; \"maximum\" or \"mean\" is allowed"));
                JudgedWidth::Maximum
            }
        }
    }

    fn bound(&mut self, field: &str) -> Option<f64> {
        let value = match self.table.remove(field)? {
            Value::Float(value) => value,
            Value::Integer(value) => value as f64,
            other => {
                self.problem(&format!("{field} is {}; a number of millimetres is expected", other.type_str()));
                return None;
            }
        };
        if value > 0.0 && value <= MAX_BOUND_MM {
            return Some(value);
        }
        self.problem(&format!("{field} is {value}; above 0 to {MAX_BOUND_MM} is allowed"));
        None
    }

    /// The tables in list `field`, at least one.
    fn tables(&mut self, field: &str) -> Vec<Table> {
        let mut tables = Vec::new();
        match self.table.remove(field) {
            Some(Value::Array(items)) if !items.is_empty() => {
                for (i, item) in items.into_iter().enumerate() {
                    match item {
                        Value::Table(table) => tables.push(table),
                        other => {
                            let number = i + 1;
                            self.problem(&format!("{field} {number} is {}; a table is expected", other.type_str()));
                        }
                    }
                }
            }
            Some(Value::Array(_)) | None => self.problem(&format!("{field} is missing; at least one is needed")),
            Some(other) => self.problem(&format!("{field} is {}; a list of tables is expected", other.type_str())),
        }
        tables
    }

    fn finish(self) {
        for field in self.table.keys() {
            self.problems.push(format!("{}{field} is not a field", self.place));
        }
    }
}
