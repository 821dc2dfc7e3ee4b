//! Stores to test: the same suite runs on both engines.

use std::sync::Arc;

use tidegate_env::Env;
use tidegate_store::{Committed, EmbeddedStore, Options, Store, StoreError, TransactError, Tx, transact};

/// Runs `test` on a store on disk and on one in memory.
pub fn on_both_engines(test: impl AsyncFn(Arc<EmbeddedStore>)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(Env::real(), Options::new(folder.path())).unwrap();
        test(store.clone()).await;
        store.close();
        let store = EmbeddedStore::ephemeral(Env::real()).unwrap();
        test(store.clone()).await;
        store.close();
    });
}

/// Runs a future to its end.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A transaction that cannot refuse.
pub async fn write(store: &dyn Store, body: impl Fn(&mut Tx)) -> Committed {
    let done: Result<_, TransactError<StoreError>> = transact(store, &[], async |tx| {
        body(tx);
        Ok(())
    })
    .await;
    done.unwrap().committed
}
