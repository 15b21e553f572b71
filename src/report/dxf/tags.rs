//! Pairs of a group code and a value, of which a DXF file is made.

use std::fmt::Display;
use std::io::{self, Write};

use super::frame::{FIRST_ENTITY, MODEL_SPACE};

/// Writes tags and numbers the entities.
pub struct Tags<W> {
    out: W,
    next_handle: usize,
}

impl<W: Write> Tags<W> {
    /// Nothing is written yet.
    pub fn new(out: W) -> Self {
        Self { out, next_handle: FIRST_ENTITY }
    }

    /// Any value as it prints.
    pub fn tag(&mut self, code: u16, value: impl Display) -> io::Result<()> {
        write!(self.out, "{code:>3}\r\n{value}\r\n")
    }

    /// A number with six decimal places.
    pub fn real(&mut self, code: u16, value: f64) -> io::Result<()> {
        self.tag(code, format_args!("{value:.6}"))
    }

    /// A handle of this or another record.
    pub fn handle(&mut self, code: u16, handle: usize) -> io::Result<()> {
        self.tag(code, format_args!("{handle:X}"))
    }

    /// A point in the plane.
    pub fn point_2d(&mut self, [x, y]: [f64; 2]) -> io::Result<()> {
        self.real(10, x)?;
        self.real(20, y)
    }

    /// A point in space, on the plane.
    pub fn point_3d(&mut self, at: [f64; 2]) -> io::Result<()> {
        self.point_2d(at)?;
        self.real(30, 0.0)
    }

    /// The head of something drawn, with the next free handle.
    pub fn entity(&mut self, name: &str, layer: &str, class: &str) -> io::Result<()> {
        self.tag(0, name)?;
        self.handle(5, self.next_handle)?;
        self.next_handle += 1;
        self.handle(330, MODEL_SPACE)?;
        self.tag(100, "AcDbEntity")?;
        self.tag(8, layer)?;
        self.tag(100, class)
    }

    /// Opens a section.
    pub fn section(&mut self, name: &str) -> io::Result<()> {
        self.tag(0, "SECTION")?;
        self.tag(2, name)
    }

    /// Opens a table of so many records.
    pub fn table(&mut self, name: &str, handle: usize, records: usize) -> io::Result<()> {
        self.tag(0, "TABLE")?;
        self.tag(2, name)?;
        self.handle(5, handle)?;
        self.handle(330, 0)?;
        self.tag(100, "AcDbSymbolTable")?;
        self.tag(70, records)
    }

    /// The head of a record with its name.
    pub fn record(&mut self, table: &Record, handle: usize, name: &str) -> io::Result<()> {
        self.tag(0, table.kind)?;
        // Dimension styles have had their handle elsewhere ever since.
        self.handle(if table.kind == "DIMSTYLE" { 105 } else { 5 }, handle)?;
        self.handle(330, table.owner)?;
        self.tag(100, "AcDbSymbolTableRecord")?;
        self.tag(100, table.class)?;
        self.tag(2, name)
    }

    /// Ends the file.
    pub fn finish(&mut self) -> io::Result<()> {
        self.tag(0, "EOF")?;
        self.out.flush()
    }
}

/// What the records of one table have in common.
pub struct Record {
    /// Name of the table and of its records.
    pub kind: &'static str,
    /// Class of its records.
    pub class: &'static str,
    /// Handle of the table.
    pub owner: usize,
}
