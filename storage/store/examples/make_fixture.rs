//! Writes the data folder that a release leaves behind as a test for all later ones.
//!
//! `cargo run -p tidegate-store --example make_fixture -- storage/store/tests/fixtures/VERSION`

use std::fs::OpenOptions;
use std::path::PathBuf;

use tidegate_env::Env;
use tidegate_store::{EmbeddedStore, Options, Space, StoreError, TransactError, transact};

fn main() {
    let dir = PathBuf::from(std::env::args().nth(1).expect("the folder to be written"));
    let store = EmbeddedStore::open(Env::real(), Options::new(&dir)).expect("a new store");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        for number in 0..10 {
            let done: Result<_, TransactError<StoreError>> = transact(&*store, &[], async |tx| {
                let slot = tx.position();
                tx.put_at(Space::Log, "log/", slot, "", vec![7; 100]);
                tx.put(Space::Map, format!("key/{number:04}"), format!("value {number}"));
                Ok(())
            })
            .await;
            done.expect("a commit");
        }
    });
    store.close();
    drop(store);
    // Journals are preallocated; only what is in them belongs into a repository.
    for entry in dir.join("engine").read_dir().expect("the engine's folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "jnl") {
            let bytes = std::fs::read(&path).expect("a journal");
            let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 16);
            OpenOptions::new()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_len(end as u64))
                .expect("a cut journal");
        }
    }
}
