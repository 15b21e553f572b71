//! Structure of a JPEG stream (ITU-T T.81, annex B), read without decoding it.
//!
//! The decoder fills what is missing of a cut-off file with grey, which a
//! segmentation network would take for a wall. The markers tell the difference.

const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

/// Whether the stream in `bytes` reaches its end-of-image marker.
pub fn is_complete(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some((marker, after)) = next_marker(bytes, at) {
        if marker == EOI {
            return true;
        }
        if has_no_segment(marker) {
            at = after;
            continue;
        }
        let Some(length) = segment_length(bytes, after) else {
            return false;
        };
        at = after + length;
        if marker == SOS {
            at = skip_entropy_coded_data(bytes, at);
        }
    }
    false
}

/// The next marker code at or after `at`, and the position behind it.
fn next_marker(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let start = at + bytes.get(at..)?.iter().position(|&b| b == 0xFF)?;
    let code = start + bytes[start..].iter().position(|&b| b != 0xFF)?;
    Some((bytes[code], code + 1))
}

/// Restart markers, TEM, SOI and stuffed zeros stand alone.
fn has_no_segment(marker: u8) -> bool {
    matches!(marker, 0x00 | 0x01 | 0xD0..=0xD8)
}

fn segment_length(bytes: &[u8], at: usize) -> Option<usize> {
    let length = u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]);
    (length >= 2).then_some(usize::from(length))
}

/// Position of the marker that ends the scan which starts at `at`.
fn skip_entropy_coded_data(bytes: &[u8], mut at: usize) -> usize {
    while at + 1 < bytes.len() {
        if bytes[at] == 0xFF && !matches!(bytes[at + 1], 0x00 | 0xFF | 0xD0..=0xD7) {
            return at;
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};

    fn jpeg() -> Vec<u8> {
        let pixels: Vec<u8> = (0..64 * 48 * 3).map(|i| (i * 31 % 251) as u8).collect();
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90)
            .encode(&pixels, 64, 48, ExtendedColorType::Rgb8)
            .expect("encodes");
        bytes
    }

    #[test]
    fn a_whole_file_is_complete_and_every_prefix_is_not() {
        let bytes = jpeg();
        assert!(is_complete(&bytes));
        for length in 0..bytes.len() - 1 {
            assert!(!is_complete(&bytes[..length]), "prefix of {length} bytes");
        }
    }

    #[test]
    fn an_end_marker_inside_a_segment_does_not_count() {
        let mut bytes = jpeg();
        let thumbnail = [0xFF, 0xE1, 0x00, 0x06, 0xFF, 0xD8, 0xFF, 0xD9];
        bytes.splice(2..2, thumbnail);
        assert!(is_complete(&bytes));
        bytes.truncate(bytes.len() / 2);
        assert!(!is_complete(&bytes));
    }

    #[test]
    fn bytes_behind_the_end_are_ignored() {
        let mut bytes = jpeg();
        bytes.extend_from_slice(b"maker notes");
        assert!(is_complete(&bytes));
    }
}
