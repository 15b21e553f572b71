//! The bytes of a pickle: numbers, texts and lines.

use super::PickleError;

/// Where reading stands.
#[derive(Default)]
pub struct Input<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], PickleError> {
        let taken = self.bytes[self.at..].get(..count).ok_or(PickleError::Truncated)?;
        self.at += count;
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        self.take(N)?.try_into().map_err(|_| PickleError::Truncated)
    }

    pub fn byte(&mut self) -> Result<u8, PickleError> {
        Ok(self.array::<1>()?[0])
    }

    pub fn skip(&mut self, count: usize) -> Result<(), PickleError> {
        self.take(count).map(drop)
    }

    /// A count that takes `bytes` bytes, one or four.
    pub fn length(&mut self, bytes: usize) -> Result<usize, PickleError> {
        Ok(if bytes == 1 { self.byte()?.into() } else { u32::from_le_bytes(self.array()?) as usize })
    }

    /// A text behind its length.
    pub fn text(&mut self, bytes: usize) -> Result<String, PickleError> {
        let count = self.length(bytes)?;
        Ok(String::from_utf8_lossy(self.take(count)?).into_owned())
    }

    /// All up to the next end of a line.
    pub fn line(&mut self) -> Result<String, PickleError> {
        let end = self.bytes[self.at..].iter().position(|b| *b == b'\n').ok_or(PickleError::Truncated)?;
        let line = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.skip(1)?;
        Ok(line)
    }

    /// Python's long integer; none if it does not fit, as nothing of a state dict.
    pub fn long(&mut self) -> Result<Option<i64>, PickleError> {
        let count = self.length(1)?;
        let bytes = self.take(count)?;
        if count > 8 {
            return Ok(None);
        }
        let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
        let mut whole = [if negative { 0xff } else { 0 }; 8];
        whole[..count].copy_from_slice(bytes);
        Ok(Some(i64::from_le_bytes(whole)))
    }
}
