//! Photographs and labels as files that are synced before they are spoken of.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use super::StoreError;
use crate::vision::{BinaryMask, encode};

/// Files under the store's folder, by key.
#[derive(Debug, Clone)]
pub struct Blobs {
    files: Arc<LocalFileSystem>,
}

/// A label version that was written.
#[derive(Debug, Clone)]
pub struct LabelBlob {
    /// Counts from 1 for each photograph.
    pub version: i64,
    /// Path below the store's folder.
    pub key: String,
    /// Crack pixels in it.
    pub crack_pixels: i64,
}

impl Blobs {
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        // The folder does not sync by itself; without this a power cut would take acknowledged files.
        let files = LocalFileSystem::new_with_prefix(directory)?.with_fsync(true).with_automatic_cleanup(true);
        Ok(Self { files: Arc::new(files) })
    }

    /// Writes `content`, syncs it and its folder.
    pub async fn put(&self, key: &str, content: Bytes) -> Result<(), StoreError> {
        self.files.put(&Key::from(key), content.into()).await?;
        Ok(())
    }

    /// Removes the file and, where it was the last, its folder; one that is gone already is no error.
    pub async fn remove(&self, key: &str) -> Result<(), StoreError> {
        match self.files.delete(&Key::from(key)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes `mask` as the next version of the labels of photograph `sha256`.
    pub async fn append_label(&self, sha256: &str, mask: &BinaryMask) -> Result<LabelBlob, StoreError> {
        let mut png = Vec::new();
        encode::label_png(mask, &mut png)?;
        let content = Bytes::from(png);
        for version in 1.. {
            let key = format!("masks/{sha256}/{version}.png");
            let create = PutOptions::from(PutMode::Create);
            match self.files.put_opts(&Key::from(key.as_str()), content.clone().into(), create).await {
                Ok(_) => return Ok(LabelBlob { version, key, crack_pixels: mask.count() as i64 }),
                Err(Error::AlreadyExists { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        unreachable!("versions do not end")
    }
}
