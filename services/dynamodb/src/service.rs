use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tidegate_env::Env;
use tidegate_log::Logs;
use tidegate_ports::{ResourcePolicies, StreamSource};
use tidegate_protocol::{Call, Coverage, Reader, ResponseFuture, Router, Service, ServiceError, ServiceModel};
use tidegate_store::{LatchKey, Store, Transacted, Tx, transact};
use tidegate_types::Timestamp;
use tidegate_workers::{Hint, Supervisor};

use crate::domain::{MAX_COLLECTION, Misuse, TableAddress};
use crate::error::Error;
use crate::ops::{Counts, Meter};
use crate::ports::{TablePolicies, TableStreams};
use crate::store::{Directory, Known};
use crate::wire;
use crate::workers::{Backfill, Copies, Expiry, Housekeeping, Sharding, Sweep};

/// The service. One of it serves all accounts and regions.
pub struct DynamoDb {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) env: Env,
    pub(crate) directory: Arc<Directory>,
    /// The items that transactions are at.
    pub(crate) engaged: Mutex<HashSet<Bytes>>,
    /// The counts of large tables that are under way.
    pub(crate) counts: Counts,
    /// What is taken of the tables' throughput, if it is enforced.
    pub(crate) meter: Option<Arc<Meter>>,
    /// When the expiry worker means to look again, in milliseconds.
    pub(crate) next_expiry: AtomicU64,
    /// When the housekeeping has something to do again, in milliseconds.
    pub(crate) next_housekeeping: AtomicU64,
    hints: Hints,
    router: Router<DynamoDb>,
}

/// What of DynamoDB is chosen when a server is started.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether requests beyond a table's throughput are refused.
    pub enforce_throughput: bool,
    /// The largest item collection of a table with local indexes, in bytes: 10 GiB, as AWS has it.
    pub max_collection: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options { enforce_throughput: false, max_collection: MAX_COLLECTION }
    }
}

/// One for each worker that a change of a table may concern.
#[derive(Default)]
struct Hints {
    backfill: Hint,
    sweep: Hint,
    expiry: Hint,
    copies: Hint,
    shards: Hint,
    housekeeping: Hint,
}

impl DynamoDb {
    /// The service over a store, whose directory of tables it builds before it answers.
    ///
    /// # Errors
    /// What reading the store answers.
    pub async fn open(store: Arc<dyn Store>, logs: Arc<Logs>, env: Env) -> Result<Arc<DynamoDb>, Error> {
        DynamoDb::open_with(store, logs, env, Options::default()).await
    }

    /// The same with other options.
    ///
    /// # Errors
    /// As those of [`DynamoDb::open`].
    pub async fn open_with(
        store: Arc<dyn Store>,
        logs: Arc<Logs>,
        env: Env,
        options: Options,
    ) -> Result<Arc<DynamoDb>, Error> {
        let hints = Hints::default();
        let told = [&hints.backfill, &hints.sweep, &hints.expiry, &hints.copies, &hints.housekeeping];
        let told = told.into_iter().cloned().collect();
        let directory = Arc::new(Directory::new(told, hints.shards.clone(), options.max_collection));
        store.attach(directory.clone()).await?;
        let (engaged, router) = (Mutex::default(), wire::router());
        Ok(Arc::new(DynamoDb {
            store,
            logs,
            env,
            directory,
            engaged,
            counts: Counts::default(),
            meter: options.enforce_throughput.then(Arc::default),
            next_expiry: AtomicU64::new(u64::MAX),
            next_housekeeping: AtomicU64::new(u64::MAX),
            hints,
            router,
        }))
    }

    /// Starts what runs beside the requests: backfills, time to live, the sweep of what was deleted,
    /// the splitting and trimming of streams.
    pub fn start_workers(self: &Arc<Self>, supervisor: &Supervisor) {
        crate::workers::describe_counters();
        supervisor.start(Backfill::new(self.clone()), &self.hints.backfill);
        supervisor.start(Sweep::new(self.clone()), &self.hints.sweep);
        supervisor.start(Expiry::new(self.clone()), &self.hints.expiry);
        supervisor.start(Copies::new(self.clone()), &self.hints.copies);
        supervisor.start(Sharding::new(self.clone()), &self.hints.shards);
        supervisor.start(Housekeeping::new(self.clone()), &self.hints.housekeeping);
    }

    /// The API of its streams, which is a service of its own on the wire.
    pub fn streams(self: &Arc<Self>) -> Arc<DynamoDbStreams> {
        Arc::new(DynamoDbStreams { dynamodb: self.clone(), router: wire::streams_router() })
    }

    /// What decides about requests asks for the policies of tables through.
    pub fn resource_policies(self: &Arc<Self>) -> Arc<dyn ResourcePolicies> {
        Arc::new(TablePolicies::new(self.clone()))
    }

    /// What event source mappings follow the streams of tables through.
    pub fn stream_source(self: &Arc<Self>) -> Arc<dyn StreamSource> {
        Arc::new(TableStreams::new(self.clone()))
    }

    /// Removes every table.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn reset(&self) -> Result<(), Error> {
        crate::ops::delete_all_tables(self).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// The address of the table that a request names.
    pub(crate) fn address(&self, call: &Call, name: Option<&str>) -> Result<TableAddress, Error> {
        let name = name
            .ok_or_else(|| Misuse::new("The parameter 'TableName' is required but was not present in the request"))?;
        Ok(TableAddress::parse(name, call.account, &call.region)?)
    }

    /// The table that a request about items names.
    pub(crate) fn table(&self, call: &Call, name: Option<&str>) -> Result<Arc<Known>, Error> {
        self.known(&self.address(call, name)?)
    }

    /// The table of an address, for a request about its items: of one that is being restored there is none.
    pub(crate) fn known(&self, address: &TableAddress) -> Result<Arc<Known>, Error> {
        let known = self.directory.get(address)?.filter(|known| !known.table.is_restoring());
        known.ok_or(Error::NoSuchTable)
    }

    /// Runs a transaction; see [`transact`].
    pub(crate) async fn transact<T>(
        &self,
        latches: &[LatchKey],
        body: impl AsyncFnOnce(&mut Tx) -> Result<T, Error> + Clone,
    ) -> Result<Transacted<T>, Error> {
        Ok(transact(&*self.store, latches, body).await?)
    }

    /// Lets the expiry worker look again if an item expires sooner than it means to look.
    pub(crate) fn expires(&self, second: u64) {
        if second.saturating_mul(1000) < self.next_expiry.load(Ordering::SeqCst) {
            self.hints.expiry.give();
        }
    }

    /// Lets the housekeeping look again if a token is to be forgotten sooner than it means to look.
    pub(crate) fn forgets(&self, at: Timestamp) {
        if at.as_millis() < self.next_housekeeping.load(Ordering::SeqCst) {
            self.hints.housekeeping.give();
        }
    }
}

impl Service for DynamoDb {
    fn model(&self) -> &'static ServiceModel {
        self.router.model()
    }

    fn coverage(&self) -> &'static [(&'static str, Coverage)] {
        wire::COVERAGE
    }

    fn call<'a>(&'a self, call: &'a Call, input: &mut dyn Reader) -> Result<ResponseFuture<'a>, ServiceError> {
        input.be_strict(self.model().error_namespace);
        let dispatched = self.router.dispatch(self, call, input);
        dispatched.map_err(|error| wire::reworded(call.operation.name, error))
    }

    fn knows_needs_of(&self, operation: &str) -> bool {
        self.router.knows_needs_of(operation)
    }
}

/// The streams of tables.
pub struct DynamoDbStreams {
    pub(crate) dynamodb: Arc<DynamoDb>,
    router: Router<DynamoDbStreams>,
}

impl Service for DynamoDbStreams {
    fn model(&self) -> &'static ServiceModel {
        self.router.model()
    }

    fn coverage(&self) -> &'static [(&'static str, Coverage)] {
        wire::STREAMS_COVERAGE
    }

    fn call<'a>(&'a self, call: &'a Call, input: &mut dyn Reader) -> Result<ResponseFuture<'a>, ServiceError> {
        input.be_strict(self.model().error_namespace);
        self.router.dispatch(self, call, input)
    }

    fn knows_needs_of(&self, operation: &str) -> bool {
        self.router.knows_needs_of(operation)
    }
}
