//! Cracks as drawing programs open them: DXF of AutoCAD 2000 (AC1015).
//!
//! Written here because what is needed is small and the one crate for it
//! writes records without handles, which drawing programs refuse.

mod frame;
mod tables;
mod tags;

use std::io::{self, Write};

use super::kind_name;
use super::simplify::simplify;
use crate::measure::{Branch, CrackKind, CrackMeasurement, CrackSurvey, Scale};
use tags::Tags;

/// Layer of the photograph's outline.
pub const OUTLINE_LAYER: &str = "PHOTOGRAPH";
/// Layer of the cracks' numbers.
pub const NUMBER_LAYER: &str = "CRACK_NUMBERS";
/// Layer of the points where branches meet.
pub const JUNCTION_LAYER: &str = "CRACK_JUNCTIONS";

const KINDS: [CrackKind; 5] =
    [CrackKind::Longitudinal, CrackKind::Transverse, CrackKind::Diagonal, CrackKind::Branched, CrackKind::Map];

/// Layer of the cracks of one course, as `CRACK_TRANSVERSE`.
pub fn layer(kind: CrackKind) -> String {
    format!("CRACK_{}", kind_name(kind).to_uppercase())
}

/// Writes the cracks of `survey`: in millimetres with a scale, in pixels without.
///
/// The origin is the photograph's lower left corner, y is up. Each branch is a
/// polyline as wide as the crack, true to 0.25 px.
pub fn write(out: impl Write, survey: &CrackSurvey, scale: Option<&Scale>) -> io::Result<()> {
    let sheet = Sheet::new(survey, scale);
    let mut tags = Tags::new(out);
    frame::open(&mut tags, &sheet, entities(survey))?;
    outline(&mut tags, &sheet)?;
    for crack in &survey.cracks {
        for branch in &crack.branches {
            polyline(&mut tags, &sheet, crack.kind, branch)?;
        }
        for &junction in &crack.junctions {
            point(&mut tags, &sheet, junction)?;
        }
        number(&mut tags, &sheet, crack)?;
    }
    frame::close(&mut tags)
}

/// How many drawn things there will be; the head of the file has to know.
fn entities(survey: &CrackSurvey) -> usize {
    1 + survey.cracks.iter().map(|crack| crack.branches.len() + crack.junctions.len() + 1).sum::<usize>()
}

/// From pixels of the photograph to units of the drawing.
struct Sheet {
    unit_per_px: f64,
    height_px: f64,
    /// Width and height in units of the drawing.
    size: [f64; 2],
    /// Height of the numbers in units of the drawing.
    text_height: f64,
    is_mm: bool,
}

impl Sheet {
    fn new(survey: &CrackSurvey, scale: Option<&Scale>) -> Self {
        let unit_per_px = scale.map_or(1.0, |scale| scale.mm_per_px);
        let size = [survey.photo_width_px, survey.photo_height_px].map(|side| f64::from(side.max(1)) * unit_per_px);
        let text_height = size[0].max(size[1]) / 60.0;
        Self { unit_per_px, height_px: f64::from(survey.photo_height_px), size, text_height, is_mm: scale.is_some() }
    }

    fn place(&self, x: f64, y: f64) -> [f64; 2] {
        [x * self.unit_per_px, (self.height_px - y) * self.unit_per_px]
    }
}

fn outline(tags: &mut Tags<impl Write>, sheet: &Sheet) -> io::Result<()> {
    let [width, height] = sheet.size;
    tags.entity("LWPOLYLINE", OUTLINE_LAYER, "AcDbPolyline")?;
    tags.tag(90, 4)?;
    tags.tag(70, 1)?;
    for corner in [[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]] {
        tags.point_2d(corner)?;
    }
    Ok(())
}

fn polyline(tags: &mut Tags<impl Write>, sheet: &Sheet, kind: CrackKind, branch: &Branch) -> io::Result<()> {
    let points = simplify(&branch.points);
    tags.entity("LWPOLYLINE", &layer(kind), "AcDbPolyline")?;
    tags.tag(90, points.len())?;
    tags.tag(70, 0)?;
    for (i, point) in points.iter().enumerate() {
        let next = points.get(i + 1).unwrap_or(point);
        tags.point_2d(sheet.place(point.x, point.y))?;
        tags.real(40, point.width_px * sheet.unit_per_px)?;
        tags.real(41, next.width_px * sheet.unit_per_px)?;
    }
    Ok(())
}

fn point(tags: &mut Tags<impl Write>, sheet: &Sheet, [x, y]: [f64; 2]) -> io::Result<()> {
    tags.entity("POINT", JUNCTION_LAYER, "AcDbPoint")?;
    tags.point_3d(sheet.place(x, y))
}

/// The crack's number beside the start of its longest branch.
fn number(tags: &mut Tags<impl Write>, sheet: &Sheet, crack: &CrackMeasurement) -> io::Result<()> {
    let start = crack.branches.first().and_then(|branch| branch.points.first());
    let [x, y] = start.map_or([0.0, 0.0], |start| sheet.place(start.x, start.y));
    let aside = sheet.text_height / 2.0 + start.map_or(0.0, |start| start.width_px / 2.0) * sheet.unit_per_px;
    tags.entity("TEXT", NUMBER_LAYER, "AcDbText")?;
    tags.point_3d([x + aside, y + aside])?;
    tags.real(40, sheet.text_height)?;
    tags.tag(1, crack.number)?;
    tags.tag(7, "Standard")?;
    tags.tag(100, "AcDbText")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{scale, survey};
    use super::*;

    /// Code and value of every pair of lines.
    fn written(scale: Option<&Scale>) -> Vec<(i32, String)> {
        let mut out = Vec::new();
        write(&mut out, &survey(), scale).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(text.is_ascii() && lines.len().is_multiple_of(2));
        lines.chunks(2).map(|pair| (pair[0].trim().parse().unwrap(), pair[1].to_owned())).collect()
    }

    fn header<'a>(tags: &'a [(i32, String)], name: &str) -> &'a str {
        let at = tags.iter().position(|(code, value)| *code == 9 && value == name).unwrap();
        &tags[at + 1].1
    }

    #[test]
    fn every_handle_is_used_once_and_the_next_is_free() {
        let tags = written(Some(&scale()));
        let handles: Vec<u32> = tags
            .iter()
            .enumerate()
            .filter(|(i, (code, _))| [5, 105].contains(code) && tags[i - 1].1 != "$HANDSEED")
            .map(|(_, (_, value))| u32::from_str_radix(value, 16).unwrap())
            .collect();
        let mut distinct = handles.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), handles.len());
        let free = u32::from_str_radix(header(&tags, "$HANDSEED"), 16).unwrap();
        assert_eq!(distinct.last().map(|last| last + 1), Some(free));
        for (_, owner) in tags.iter().filter(|(code, _)| [330, 340, 350, 390].contains(code)) {
            let owner = u32::from_str_radix(owner, 16).unwrap();
            assert!(owner == 0 || distinct.contains(&owner), "{owner:x} is nowhere");
        }
    }

    #[test]
    fn units_are_named() {
        assert_eq!(header(&written(Some(&scale())), "$INSUNITS"), "4");
        assert_eq!(header(&written(None), "$INSUNITS"), "0");
    }

    #[test]
    fn a_branch_is_as_wide_as_the_crack() {
        let tags = written(Some(&scale()));
        let stem = tags.iter().position(|(code, value)| *code == 8 && value == "CRACK_BRANCHED").unwrap();
        let stem: Vec<_> = tags[stem + 2..].iter().take_while(|(code, _)| *code != 0).collect();
        let text: Vec<String> = stem.iter().map(|(code, value)| format!("{code} {value}")).collect();
        insta::assert_snapshot!(text.join("\n"));
    }
}
