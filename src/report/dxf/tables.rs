//! The tables of a DXF file: view, line types, layers, styles and blocks.

use std::io::{self, Write};

use super::frame::{PLOT_STYLE, SPACES};
use super::tags::{Record, Tags};
use super::{JUNCTION_LAYER, KINDS, NUMBER_LAYER, OUTLINE_LAYER, Sheet, layer};

const FIRST_LAYER: usize = 0x40;

const VIEWPORTS: Record = Record { kind: "VPORT", class: "AcDbViewportTableRecord", owner: 0x1 };
const LINE_TYPES: Record = Record { kind: "LTYPE", class: "AcDbLinetypeTableRecord", owner: 0x2 };
const LAYERS: Record = Record { kind: "LAYER", class: "AcDbLayerTableRecord", owner: 0x3 };
const STYLES: Record = Record { kind: "STYLE", class: "AcDbTextStyleTableRecord", owner: 0x4 };
const APPLICATIONS: Record = Record { kind: "APPID", class: "AcDbRegAppTableRecord", owner: 0x7 };
const DIMENSION_STYLES: Record = Record { kind: "DIMSTYLE", class: "AcDbDimStyleTableRecord", owner: 0x8 };
const BLOCKS: Record = Record { kind: "BLOCK_RECORD", class: "AcDbBlockTableRecord", owner: 0x9 };

/// Writes the section of tables.
pub fn tables(tags: &mut Tags<impl Write>, sheet: &Sheet) -> io::Result<()> {
    tags.section("TABLES")?;
    viewport(tags, sheet)?;
    line_types(tags)?;
    layers(tags)?;
    text_style(tags)?;
    for (name, handle) in [("VIEW", 0x5), ("UCS", 0x6)] {
        tags.table(name, handle, 0)?;
        tags.tag(0, "ENDTAB")?;
    }
    tags.table(APPLICATIONS.kind, APPLICATIONS.owner, 1)?;
    tags.record(&APPLICATIONS, 0x15, "ACAD")?;
    tags.tag(70, 0)?;
    tags.tag(0, "ENDTAB")?;
    tags.table(DIMENSION_STYLES.kind, DIMENSION_STYLES.owner, 1)?;
    tags.tag(100, "AcDbDimStyleTable")?;
    tags.tag(71, 1)?;
    tags.record(&DIMENSION_STYLES, 0x16, "Standard")?;
    tags.tag(70, 0)?;
    tags.tag(0, "ENDTAB")?;
    tags.table(BLOCKS.kind, BLOCKS.owner, 2)?;
    for (handle, name) in SPACES {
        tags.record(&BLOCKS, handle, name)?;
        tags.handle(340, 0)?;
    }
    tags.tag(0, "ENDTAB")?;
    tags.tag(0, "ENDSEC")
}

/// The view that the file opens with: the whole photograph.
fn viewport(tags: &mut Tags<impl Write>, sheet: &Sheet) -> io::Result<()> {
    let [width, height] = sheet.size;
    tags.table(VIEWPORTS.kind, VIEWPORTS.owner, 1)?;
    tags.record(&VIEWPORTS, 0x10, "*ACTIVE")?;
    tags.tag(70, 0)?;
    let corners = [[0.0, 0.0], [1.0, 1.0], [width / 2.0, height / 2.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]];
    for (code, [x, y]) in (10..).zip(corners) {
        tags.real(code, x)?;
        tags.real(code + 10, y)?;
    }
    for (code, [x, y, z]) in [(16, [0.0, 0.0, 1.0]), (17, [0.0; 3])] {
        tags.real(code, x)?;
        tags.real(code + 10, y)?;
        tags.real(code + 20, z)?;
    }
    for (code, value) in
        [(40, height * 1.05), (41, width / height), (42, 50.0), (43, 0.0), (44, 0.0), (50, 0.0), (51, 0.0)]
    {
        tags.real(code, value)?;
    }
    for (code, value) in (71..).zip([0, 100, 1, 3, 0, 0, 0, 0]) {
        tags.tag(code, value)?;
    }
    tags.tag(0, "ENDTAB")
}

fn line_types(tags: &mut Tags<impl Write>) -> io::Result<()> {
    let names = ["ByBlock", "ByLayer", "Continuous"];
    tags.table(LINE_TYPES.kind, LINE_TYPES.owner, names.len())?;
    for (handle, name) in (0x11..).zip(names) {
        tags.record(&LINE_TYPES, handle, name)?;
        tags.tag(70, 0)?;
        tags.tag(3, "")?;
        tags.tag(72, 65)?;
        tags.tag(73, 0)?;
        tags.real(40, 0.0)?;
    }
    tags.tag(0, "ENDTAB")
}

fn layers(tags: &mut Tags<impl Write>) -> io::Result<()> {
    // Colours of the AutoCAD index: 7 is black or white, 8 grey, 1 to 6 red, yellow, green, cyan, blue, magenta.
    let mut layers = vec![("0".to_owned(), 7)];
    layers.extend(KINDS.map(layer).into_iter().zip([1, 5, 3, 6, 30]));
    layers.extend(
        [(OUTLINE_LAYER, 8), (NUMBER_LAYER, 7), (JUNCTION_LAYER, 4)].map(|(name, colour)| (name.to_owned(), colour)),
    );
    tags.table(LAYERS.kind, LAYERS.owner, layers.len())?;
    for (handle, (name, colour)) in (FIRST_LAYER..).zip(layers) {
        tags.record(&LAYERS, handle, &name)?;
        tags.tag(70, 0)?;
        tags.tag(62, colour)?;
        tags.tag(6, "Continuous")?;
        tags.handle(390, PLOT_STYLE)?;
    }
    tags.tag(0, "ENDTAB")
}

fn text_style(tags: &mut Tags<impl Write>) -> io::Result<()> {
    tags.table(STYLES.kind, STYLES.owner, 1)?;
    tags.record(&STYLES, 0x14, "Standard")?;
    tags.tag(70, 0)?;
    for (code, value) in [(40, 0.0), (41, 1.0), (50, 0.0)] {
        tags.real(code, value)?;
    }
    tags.tag(71, 0)?;
    tags.real(42, 1.0)?;
    tags.tag(3, "txt")?;
    tags.tag(4, "")?;
    tags.tag(0, "ENDTAB")
}
