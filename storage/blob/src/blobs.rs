use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use tidegate_env::Env;

use crate::backup::Pinned;
use crate::disk::{Disk, make_folder};
use crate::partial::Partial;
use crate::{BlobError, BlobId, BlobReader, BlobRef, Expected, Upload};

/// The blobs of a store. Cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    pub(crate) env: Env,
    pub(crate) disk: Disk,
    pub(crate) root: Arc<Path>,
    /// The name from which the sweep goes on.
    pub(crate) sweep_next: Arc<Mutex<BlobId>>,
    pub(crate) pinned: Arc<Mutex<Pinned>>,
}

impl Blobs {
    /// Opens the folder `root`, makes it if it is not there, and removes what uploads of an earlier
    /// run left. The caller holds the store's lock: nobody else may write here.
    ///
    /// # Errors
    /// What the disk answers.
    pub async fn open(root: impl Into<PathBuf>, env: Env) -> Result<Blobs, BlobError> {
        Blobs::open_on(Disk::default(), root.into(), env).await
    }

    /// As [`Blobs::open`], on a disk whose steps `hook` lets fail.
    ///
    /// # Errors
    /// What the disk answers.
    #[cfg(any(test, feature = "test-util"))]
    pub async fn open_with_hook(
        root: impl Into<PathBuf>,
        env: Env,
        hook: crate::disk::Hook,
    ) -> Result<Blobs, BlobError> {
        Blobs::open_on(Disk::with_hook(hook), root.into(), env).await
    }

    async fn open_on(disk: Disk, root: PathBuf, env: Env) -> Result<Blobs, BlobError> {
        let root: Arc<Path> = root.into();
        let folder = root.clone();
        env.run_blocking(move || prepare(&folder)).await.map_err(BlobError::io("prepare the folder of"))?;
        Ok(Blobs { env, disk, root, sweep_next: Arc::default(), pinned: Arc::default() })
    }

    /// Begins an upload.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`] if the announced length is, or what the disk answers.
    pub async fn upload(&self, expected: Expected) -> Result<Upload, BlobError> {
        let id = BlobId(self.env.uuid().as_u128());
        let (disk, root) = (self.disk.clone(), self.root.clone());
        let partial = self.env.run_blocking(move || Partial::create(disk, &root, id, expected)).await?;
        Ok(Upload::new(self.env.clone(), partial))
    }

    /// Opens a blob for reading.
    ///
    /// # Errors
    /// [`BlobError::Missing`] or [`BlobError::Corrupt`] if its file is not what the reference says.
    pub async fn read(&self, blob: BlobRef) -> Result<BlobReader, BlobError> {
        let (env, path) = (self.env.clone(), self.path(blob.id));
        let open = move || match File::open(path) {
            Ok(file) => BlobReader::open(env, blob, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(BlobError::Missing(blob.id)),
            Err(error) => Err(BlobError::io("open")(error)),
        };
        self.env.run_blocking(open).await
    }

    /// Reads a blob from end to end: what `tidegate check` does with each.
    ///
    /// # Errors
    /// As reading it.
    pub async fn verify(&self, blob: BlobRef) -> Result<(), BlobError> {
        let mut chunks = self.read(blob).await?.all();
        while chunks.next().await?.is_some() {}
        Ok(())
    }

    /// Removes a blob whose last reference has been deleted *and that is durable*; nothing if it is
    /// gone. What a crash leaves in between, the sweep finds.
    ///
    /// # Errors
    /// What the disk answers.
    pub async fn remove(&self, id: BlobId) -> Result<(), BlobError> {
        if self.is_deferred(id) {
            return Ok(());
        }
        let (disk, path) = (self.disk.clone(), self.path(id));
        self.env.run_blocking(move || disk.remove(&path)).await.map_err(BlobError::io("remove"))
    }

    pub(crate) fn path(&self, id: BlobId) -> PathBuf {
        self.folder(id.folder()).join(id.to_string())
    }

    pub(crate) fn folder(&self, number: u8) -> PathBuf {
        self.root.join(format!("{number:02x}"))
    }
}

/// Makes the root, and the folder of temporary files in it, or empties that.
fn prepare(root: &Path) -> io::Result<()> {
    let temporary = root.join("tmp");
    // One after the other, so that the names of both are durable.
    make_folder(root)?;
    make_folder(&temporary)?;
    for left in fs::read_dir(temporary)? {
        fs::remove_file(left?.path())?;
    }
    Ok(())
}
