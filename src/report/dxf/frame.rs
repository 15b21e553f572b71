//! What stands around the drawn things: header, tables, blocks and objects.
//!
//! The least that AutoCAD 2000 and its like ask for, in their order.

use std::io::{self, Write};

use super::Sheet;
use super::tables::tables;
use super::tags::Tags;

/// Handle of the block that holds what is drawn.
pub const MODEL_SPACE: usize = 0x20;
const PAPER_SPACE: usize = 0x21;
/// Handles and names of the blocks for drawing and for sheets.
pub const SPACES: [(usize, &str); 2] = [(MODEL_SPACE, "*Model_Space"), (PAPER_SPACE, "*Paper_Space")];
const ROOT_DICTIONARY: usize = 0x30;
const GROUP_DICTIONARY: usize = 0x31;
const PLOT_STYLE_DICTIONARY: usize = 0x32;
/// Handle of the plot style that every layer has.
pub const PLOT_STYLE: usize = 0x33;
/// Handle of the first thing drawn; all before are taken by the frame.
pub const FIRST_ENTITY: usize = 0x100;

/// Writes all that comes before the first of so many entities.
pub fn open(tags: &mut Tags<impl Write>, sheet: &Sheet, entities: usize) -> io::Result<()> {
    header(tags, sheet, FIRST_ENTITY + entities)?;
    classes(tags)?;
    tables(tags, sheet)?;
    blocks(tags)?;
    tags.section("ENTITIES")
}

/// Writes all that comes after the last entity.
pub fn close(tags: &mut Tags<impl Write>) -> io::Result<()> {
    tags.tag(0, "ENDSEC")?;
    tags.section("OBJECTS")?;
    dictionary(tags, ROOT_DICTIONARY, 0)?;
    tags.tag(3, "ACAD_GROUP")?;
    tags.handle(350, GROUP_DICTIONARY)?;
    tags.tag(3, "ACAD_PLOTSTYLENAME")?;
    tags.handle(350, PLOT_STYLE_DICTIONARY)?;
    dictionary(tags, GROUP_DICTIONARY, ROOT_DICTIONARY)?;
    plot_style(tags)?;
    tags.tag(0, "ENDSEC")?;
    tags.finish()
}

/// Names the two kinds of objects that are not built into AutoCAD.
fn classes(tags: &mut Tags<impl Write>) -> io::Result<()> {
    tags.section("CLASSES")?;
    for (name, class) in [("ACDBDICTIONARYWDFLT", "AcDbDictionaryWithDefault"), ("ACDBPLACEHOLDER", "AcDbPlaceHolder")]
    {
        tags.tag(0, "CLASS")?;
        tags.tag(1, name)?;
        tags.tag(2, class)?;
        tags.tag(3, "ObjectDBX Classes")?;
        for code in [90, 280, 281] {
            tags.tag(code, 0)?;
        }
    }
    tags.tag(0, "ENDSEC")
}

fn header(tags: &mut Tags<impl Write>, sheet: &Sheet, free_handle: usize) -> io::Result<()> {
    let millimetres = if sheet.is_mm { 4 } else { 0 };
    let variables = [
        ("$ACADVER", 1, "AC1015".to_owned()),
        ("$DWGCODEPAGE", 3, "ANSI_1252".to_owned()),
        ("$HANDSEED", 5, format!("{free_handle:X}")),
        ("$INSUNITS", 70, millimetres.to_string()),
        ("$MEASUREMENT", 70, "1".to_owned()),
        ("$FILLMODE", 70, "1".to_owned()),
        // Points are drawn as crosses, half as high as the numbers.
        ("$PDMODE", 70, "3".to_owned()),
        ("$PDSIZE", 40, format!("{:.6}", sheet.text_height / 2.0)),
    ];
    tags.section("HEADER")?;
    for (name, code, value) in variables {
        tags.tag(9, name)?;
        tags.tag(code, value)?;
    }
    for (name, corner) in [("$EXTMIN", [0.0, 0.0]), ("$EXTMAX", sheet.size)] {
        tags.tag(9, name)?;
        tags.point_3d(corner)?;
    }
    for (name, corner) in [("$LIMMIN", [0.0, 0.0]), ("$LIMMAX", sheet.size)] {
        tags.tag(9, name)?;
        tags.point_2d(corner)?;
    }
    tags.tag(0, "ENDSEC")
}

fn blocks(tags: &mut Tags<impl Write>) -> io::Result<()> {
    tags.section("BLOCKS")?;
    for (i, (owner, name)) in SPACES.into_iter().enumerate() {
        for (part, class, handle) in
            [("BLOCK", "AcDbBlockBegin", 0x24 + 2 * i), ("ENDBLK", "AcDbBlockEnd", 0x25 + 2 * i)]
        {
            tags.tag(0, part)?;
            tags.handle(5, handle)?;
            tags.handle(330, owner)?;
            tags.tag(100, "AcDbEntity")?;
            if owner == PAPER_SPACE {
                tags.tag(67, 1)?;
            }
            tags.tag(8, "0")?;
            tags.tag(100, class)?;
            if part == "BLOCK" {
                tags.tag(2, name)?;
                tags.tag(70, 0)?;
                tags.point_3d([0.0, 0.0])?;
                tags.tag(3, name)?;
                tags.tag(1, "")?;
            }
        }
    }
    tags.tag(0, "ENDSEC")
}

fn dictionary(tags: &mut Tags<impl Write>, handle: usize, owner: usize) -> io::Result<()> {
    tags.tag(0, "DICTIONARY")?;
    tags.handle(5, handle)?;
    tags.handle(330, owner)?;
    tags.tag(100, "AcDbDictionary")?;
    tags.tag(281, 1)
}

/// The plot style that changes nothing; AutoCAD wants each layer to name one.
fn plot_style(tags: &mut Tags<impl Write>) -> io::Result<()> {
    tags.tag(0, "ACDBDICTIONARYWDFLT")?;
    tags.handle(5, PLOT_STYLE_DICTIONARY)?;
    tags.handle(330, ROOT_DICTIONARY)?;
    tags.tag(100, "AcDbDictionary")?;
    tags.tag(281, 1)?;
    tags.tag(3, "Normal")?;
    tags.handle(350, PLOT_STYLE)?;
    tags.tag(100, "AcDbDictionaryWithDefault")?;
    tags.handle(340, PLOT_STYLE)?;
    tags.tag(0, "ACDBPLACEHOLDER")?;
    tags.handle(5, PLOT_STYLE)?;
    tags.handle(330, PLOT_STYLE_DICTIONARY)
}
