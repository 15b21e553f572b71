//! SHA-256, hexadecimal.

use sha2::{Digest, Sha256};

/// SHA-256 of `bytes` as 64 lower-case digits.
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

/// Two lower-case digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
