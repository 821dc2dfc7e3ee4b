//! Backups: whoever restores one has nothing else left, so a file that is not the very one that was written must be
//! refused, whatever happened to it.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tidegate_env::Env;
use tidegate_fuzz::{Material, fuzz};
use tidegate_store::{Batch, EmbeddedStore, Options, Space, Store, backup, restore};

/// A small backup.
fn written(folder: &Path) -> Vec<u8> {
    let (data, file) = (folder.join("data"), folder.join("written"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store: Arc<EmbeddedStore> = EmbeddedStore::open(Env::real(), Options::new(&data)).unwrap();
        let mut batch = Batch::new();
        for (space, key) in [(Space::Map, "a"), (Space::Map, "b"), (Space::Queue, "c"), (Space::Log, "d")] {
            batch.put(space, Bytes::from_static(key.as_bytes()), Bytes::from_static(b"value"));
        }
        store.submit(batch).await.unwrap().durable().await.unwrap();
        store.close();
    });
    backup(&data, &file).unwrap();
    std::fs::read(file).unwrap()
}

#[test]
fn a_changed_backup_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let original = written(folder.path());
    let material = Material { examples: &[&original], words: &["tidegate backup\u{1}", "\0\0\0\u{11}", "value"] };
    fuzz(material, |bytes| {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("file");
        std::fs::write(&file, bytes).unwrap();
        match restore(&file, &scratch.path().join("data")) {
            Ok(report) => assert!(bytes == original, "restored {report:?} from a changed file"),
            Err(error) => assert!(bytes != original, "{error}"),
        }
    });
}
