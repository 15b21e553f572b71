//! Lists that are too long for memory wait in a file without a name.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Items, a line of JSON each.
pub struct Spool {
    lines: BufWriter<std::fs::File>,
    length: u64,
}

impl Spool {
    /// An empty list in `directory`; its file is gone with it, also after a crash.
    ///
    /// # Errors
    /// If no file can be made there.
    pub fn new(directory: &Path) -> io::Result<Self> {
        Ok(Self { lines: BufWriter::new(tempfile::tempfile_in(directory)?), length: 0 })
    }

    /// Adds an item and says where it is.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn push(&mut self, item: &impl Serialize) -> io::Result<u64> {
        let at = self.length;
        let mut line = serde_json::to_vec(item)?;
        line.push(b'\n');
        self.lines.write_all(&line)?;
        self.length += line.len() as u64;
        Ok(at)
    }

    /// The item at a place that [`Self::push`] gave.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn get<T: DeserializeOwned>(&mut self, at: u64) -> io::Result<T> {
        let mut file = self.rewound(at)?;
        let mut line = Vec::new();
        BufReader::new(&mut file).read_until(b'\n', &mut line)?;
        Ok(serde_json::from_slice(&line)?)
    }

    /// Writes all items with commas between them.
    ///
    /// # Errors
    /// If the file cannot be read, or `out` not be written.
    pub fn write_list(mut self, mut out: impl Write) -> io::Result<()> {
        let file = self.rewound(0)?;
        let mut first = true;
        for line in BufReader::new(file.take(u64::MAX)).split(b'\n') {
            if !first {
                out.write_all(b",\n")?;
            }
            out.write_all(&line?)?;
            first = false;
        }
        Ok(())
    }

    fn rewound(&mut self, at: u64) -> io::Result<&std::fs::File> {
        self.lines.flush()?;
        self.lines.seek(SeekFrom::Start(at))?;
        Ok(self.lines.get_ref())
    }
}
