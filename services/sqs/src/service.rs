use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tidegate_env::Env;
use tidegate_ports::{AdminRoute, QueueSource, ResourcePolicies, Sink};
use tidegate_protocol::{
    Call, Coverage, ProtocolId, Reader, ResponseFuture, Router, Service, ServiceError, ServiceModel,
};
use tidegate_queue::Queues;
use tidegate_store::{LatchKey, Space, Store, TransactError, Tx, transact};
use tidegate_types::Timestamp;
use tidegate_workers::{Hint, Supervisor};

use crate::domain::{QueueAddress, QueueReference, ReceiptKey};
use crate::error::Error;
use crate::meters::Meters;
use crate::ports::{Peek, QueueFollowers, QueuePolicies, QueueSink};
use crate::store::{Directory, Queue, SecretRecord, decode, keys};
use crate::wire;
use crate::workers::{Expiry, Housekeeping, Leftovers, MoveTasks};
use tidegate_record::Stored;

/// What can be chosen about the service as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether a queue's name may be used again only a minute after its queue was deleted, as AWS has
    /// it. Off by default: nobody's tests should wait a minute for nothing.
    pub names_rest_after_deletion: bool,
    /// Whether a queue can be purged once a minute only, as AWS has it.
    pub purges_rest: bool,
    /// How many messages of one queue may be in flight.
    pub max_in_flight: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { names_rest_after_deletion: false, purges_rest: true, max_in_flight: 120_000 }
    }
}

/// The service. One of it serves all accounts and regions.
pub struct Sqs {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) queues: Arc<Queues>,
    pub(crate) env: Env,
    pub(crate) directory: Arc<Directory>,
    pub(crate) receipts: ReceiptKey,
    pub(crate) options: Options,
    pub(crate) meters: Meters,
    /// Given when a message move task was started.
    pub(crate) task_started: Hint,
    /// Given when a queue changed, or something may expire sooner than was known.
    pub(crate) expiry_due: Hint,
    /// When the expiry looks next, in milliseconds of product time; the highest while it looks.
    pub(crate) expiry_looks_at: AtomicU64,
    /// Noted when a record was written that must be removed one day.
    pub(crate) leftovers: Leftovers,
    router: Router<Sqs>,
}

impl Sqs {
    /// The service over a store, whose directory of queues it builds before it answers.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Commit`].
    pub async fn open(
        store: Arc<dyn Store>,
        queues: Arc<Queues>,
        env: Env,
        options: Options,
    ) -> Result<Arc<Sqs>, Error> {
        let receipts = ReceiptKey::new(&secret(&*store, &env).await?.0);
        let expiry_due = Hint::new();
        let directory = Arc::new(Directory::new(expiry_due.clone()));
        store.attach(directory.clone()).await?;
        let (task_started, router) = (Hint::new(), wire::router());
        Ok(Arc::new(Sqs {
            store,
            queues,
            env,
            directory,
            receipts,
            options,
            meters: Meters::new(),
            task_started,
            expiry_due,
            expiry_looks_at: AtomicU64::new(u64::MAX),
            leftovers: Leftovers::default(),
            router,
        }))
    }

    /// Starts what runs beside the requests: the expiry of messages, message move tasks, and the
    /// removal of records that nobody will ask for any more.
    pub fn start_workers(self: &Arc<Self>, supervisor: &Supervisor) {
        supervisor.start(Expiry::new(self.clone()), &self.expiry_due);
        supervisor.start(MoveTasks::new(self.clone()), &self.task_started);
        supervisor.start(Housekeeping::new(self.clone()), &self.leftovers.hint);
    }

    /// What other services send to queues through.
    pub fn sink(self: &Arc<Self>) -> Arc<dyn Sink> {
        Arc::new(QueueSink::new(self.clone()))
    }

    /// What event source mappings and pipes follow queues through.
    pub fn followed(self: &Arc<Self>) -> Arc<dyn QueueSource> {
        Arc::new(QueueFollowers::new(self.clone()))
    }

    /// What decides about requests asks for the policies of queues through.
    pub fn resource_policies(self: &Arc<Self>) -> Arc<dyn ResourcePolicies> {
        Arc::new(QueuePolicies::new(self.clone()))
    }

    /// The pages that the service adds to the admin API.
    pub fn admin_routes(self: &Arc<Self>) -> Vec<Arc<dyn AdminRoute>> {
        vec![Arc::new(Peek::new(self.clone()))]
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// The queue that a request names.
    pub(crate) fn queue(&self, call: &Call, url: Option<String>) -> Result<Arc<Queue>, Error> {
        let address = address(call, url)?;
        self.directory.get(&address)?.ok_or(Error::NoSuchQueue { protocol: call.protocol })
    }

    /// Runs a transaction; see [`transact`].
    pub(crate) async fn transact<T>(
        &self,
        latches: &[LatchKey],
        body: impl AsyncFnOnce(&mut Tx) -> Result<T, Error> + Clone,
    ) -> Result<tidegate_store::Transacted<T>, Error> {
        Ok(transact(&*self.store, latches, body).await?)
    }
}

/// The address that a request names its queue by.
pub(crate) fn address(call: &Call, url: Option<String>) -> Result<QueueAddress, Error> {
    let url = url.ok_or(Error::Missing("QueueUrl"))?;
    let reference = QueueReference::parse(&url).ok_or(Error::NoSuchQueue { protocol: call.protocol })?;
    Ok(reference.resolve(call.account, &call.region))
}

/// Refuses an action that concerns no single queue and came, by the query protocol, to a queue's own URL.
pub(crate) fn check_endpoint(call: &Call) -> Result<(), Error> {
    let is_query = call.protocol == ProtocolId::AwsQuery;
    let is_queue = is_query && QueueReference::parse(&call.path).is_some_and(|queue| queue.is_whole());
    if is_queue { Err(Error::NotOfAQueue(call.operation.name)) } else { Ok(()) }
}

/// The store's secret, made up when the store is new.
async fn secret(store: &dyn Store, env: &Env) -> Result<SecretRecord, Error> {
    let mut fresh = [0; 32];
    env.fill_random(&mut fresh);
    let secret = transact(store, &[], async |tx: &mut Tx| -> Result<SecretRecord, Error> {
        let key = keys::secret();
        if let Some(record) = tx.get(Space::Map, &key).await? {
            return Ok(decode(Space::Map, &key, &record)?);
        }
        let secret = SecretRecord(fresh);
        tx.put(Space::Map, key, secret.encode());
        Ok(secret)
    });
    let transacted = secret.await.map_err(|error: TransactError<Error>| Error::from(error))?;
    Ok(transacted.value)
}

impl Service for Sqs {
    fn model(&self) -> &'static ServiceModel {
        self.router.model()
    }

    fn coverage(&self) -> &'static [(&'static str, Coverage)] {
        wire::COVERAGE
    }

    fn call<'a>(&'a self, call: &'a Call, input: &mut dyn Reader) -> Result<ResponseFuture<'a>, ServiceError> {
        self.router.dispatch(self, call, input)
    }

    fn knows_needs_of(&self, operation: &str) -> bool {
        self.router.knows_needs_of(operation)
    }
}
