//! Photographs and labels as files that are synced before they are spoken of.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::StoreError;
use crate::vision::{BinaryMask, encode};

/// Files under the store's folder, by key.
#[derive(Debug, Clone)]
pub struct Blobs {
    files: Arc<LocalFileSystem>,
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

    /// The content of a file.
    pub async fn get(&self, key: &str) -> Result<Bytes, StoreError> {
        Ok(self.files.get(&Key::from(key)).await?.bytes().await?)
    }

    /// Writes `mask` as a label of photograph `sha256`, probably its `version`; gives the key.
    ///
    /// No file is ever written over: where one of that version is there already, because two people save at once or
    /// because a crash left it, the key gets a suffix. Which label has which version is decided by the rows.
    pub async fn put_label(&self, sha256: &str, version: i64, mask: BinaryMask) -> Result<String, StoreError> {
        let encoded = spawn_blocking(move || {
            let mut png = Vec::new();
            encode::label_png(&mask, &mut png).map(|()| Bytes::from(png))
        });
        let png = encoded.await.map_err(std::io::Error::from)??;
        let mut key = format!("masks/{sha256}/{version}.png");
        loop {
            let create = PutOptions::from(PutMode::Create);
            match self.files.put_opts(&Key::from(key.as_str()), png.clone().into(), create).await {
                Ok(_) => return Ok(key),
                Err(Error::AlreadyExists { .. }) => {
                    key = format!("masks/{sha256}/{version}.{}.png", Uuid::now_v7().simple());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}
