use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate_effects::enqueue_in_tx;
use tidegate_env::Env;
use tidegate_ports::{Delivery, Refusal, Sink};
use tidegate_record::Stored;
use tidegate_store::{LatchKey, Tx};

use super::sink::store_error;
use crate::invoke::{BucketRecord, BucketRecords};

/// Buckets as the target of deliveries: the delivery's deduplication id is the object's key, so that one that is
/// delivered twice is one object. Whether the bucket is there shows when it is written.
pub(crate) struct BucketSink {
    pub env: Env,
}

impl BucketSink {
    async fn enqueue(&self, tx: &mut Tx, delivery: Delivery) -> Result<(), Refusal> {
        let Delivery { source, target, deduplication_id, payload, role, raised_at, .. } = delivery;
        let (Some(account), Some(key)) = (source.account, deduplication_id) else {
            return Err(Refusal::Unacceptable { target, what: "an object has a key and an account that writes it" });
        };
        let role = role.map(|role| role.to_string());
        let body = BucketRecord { account, key, body: payload, function: source.to_string(), role }.encode();
        let now = self.env.now();
        let enqueued = enqueue_in_tx::<BucketRecords>(tx, &self.env, &target.resource, body, raised_at, now).await;
        enqueued.map_err(|error| Refusal::Retry(store_error(error)))
    }
}

impl Sink for BucketSink {
    fn service(&self) -> &'static str {
        "s3"
    }

    fn latches(&self, _delivery: &Delivery) -> Vec<LatchKey> {
        Vec::new()
    }

    fn accept<'a>(&'a self, tx: &'a mut Tx, delivery: Delivery) -> BoxFuture<'a, Result<(), Refusal>> {
        self.enqueue(tx, delivery).boxed()
    }
}
