use std::sync::{Arc, OnceLock, Weak};

use tidegate_api_logs::errors::INVALID_PARAMETER_EXCEPTION;
use tidegate_env::Env;
use tidegate_log::Logs;
use tidegate_ports::{LogLines, Objects, Post, Sink};
use tidegate_protocol::{
    Call, Coverage, Reader, ResponseFuture, Router, Service, ServiceError, ServiceModel, errors::VALIDATION,
};
use tidegate_store::{LatchKey, Store, Transacted, Tx, transact};
use tidegate_types::Timestamp;
use tidegate_workers::{Hint, Supervisor};

use crate::domain::{GroupAddress, GroupReference};
use crate::error::Error;
use crate::meters::Meters;
use crate::ports::{GroupSink, Lines};
use crate::store::{Board, Directory, Group, Tails};
use crate::wire;
use crate::workers::{Exports, Queries, Retention, Sweep};

/// The service. One of it serves all accounts and regions.
pub struct CloudWatchLogs {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) env: Env,
    pub(crate) post: Arc<dyn Post>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) tails: Arc<Tails>,
    pub(crate) meters: Meters,
    /// Given when a group changed, or an event was written that may expire sooner than was known.
    retention_due: Hint,
    /// Given when a group or stream was deleted.
    pub(crate) garbage_left: Hint,
    /// The queries of Insights that have not ended.
    pub(crate) board: Board,
    /// Given when a query was started.
    pub(crate) queries_due: Hint,
    /// Where exports go, once it is known.
    objects: OnceLock<Arc<dyn Objects>>,
    /// Given when an export was asked for, and when buckets became known.
    pub(crate) exports_due: Hint,
    router: Router<CloudWatchLogs>,
    /// For answers that go on after their operation has returned.
    pub(crate) me: Weak<CloudWatchLogs>,
}

impl CloudWatchLogs {
    /// The service over a store, whose directory of groups it builds before it answers. Subscribers are
    /// reached through `post`.
    ///
    /// # Errors
    /// What reading the store answers.
    pub async fn open(
        store: Arc<dyn Store>,
        logs: Arc<Logs>,
        env: Env,
        post: Arc<dyn Post>,
    ) -> Result<Arc<CloudWatchLogs>, Error> {
        let retention_due = Hint::new();
        let directory = Arc::new(Directory::new(retention_due.clone()));
        store.attach(directory.clone()).await?;
        let tails = Arc::new(Tails::default());
        store.attach(tails.clone()).await?;
        let (garbage_left, router, meters) = (Hint::new(), wire::router(), Meters::new());
        Ok(Arc::new_cyclic(|me| CloudWatchLogs {
            store,
            logs,
            env,
            post,
            directory,
            tails,
            meters,
            retention_due,
            garbage_left,
            board: Board::default(),
            queries_due: Hint::new(),
            objects: OnceLock::new(),
            exports_due: Hint::new(),
            router,
            me: me.clone(),
        }))
    }

    /// Starts what runs beside the requests: the removal of events that have outlived their group's
    /// retention, and of what deleted groups and streams left; queries; exports.
    pub fn start_workers(self: &Arc<Self>, supervisor: &Supervisor) {
        supervisor.start(Retention::new(self.clone()), &self.retention_due);
        supervisor.start(Sweep::new(self.clone()), &self.garbage_left);
        supervisor.start(Queries::new(self.clone()), &self.queries_due);
        supervisor.start(Exports::new(self.clone()), &self.exports_due);
    }

    /// Makes buckets known, which exports go to. The first call counts.
    pub fn know(&self, objects: Arc<dyn Objects>) {
        self.objects.get_or_init(|| objects);
        self.exports_due.give();
    }

    pub(crate) fn objects(&self) -> Result<&dyn Objects, Error> {
        self.objects.get().map(|objects| &**objects).ok_or(Error::NotImplemented("exports without buckets"))
    }

    /// What other services send to groups through.
    pub fn sink(self: &Arc<Self>) -> Arc<dyn Sink> {
        Arc::new(GroupSink::new(self.clone()))
    }

    /// What functions write their output through.
    pub fn lines(self: &Arc<Self>) -> Arc<dyn LogLines> {
        Arc::new(Lines::new(self.clone()))
    }

    /// Removes every group, policy and destination.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn reset(&self) -> Result<(), Error> {
        crate::ops::delete_everything(self).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// The address of the group that a request names by exactly one of the two parameters.
    pub(crate) fn address(
        &self,
        call: &Call,
        name: Option<String>,
        identifier: Option<String>,
    ) -> Result<GroupAddress, Error> {
        match (name, identifier) {
            (Some(_), Some(_)) => Err(Error::NameAndIdentifier),
            (None, None) => Err(Error::NeitherNameNorIdentifier),
            (Some(name), None) => Ok(GroupAddress { account: call.account, region: call.region.clone(), name }),
            (None, Some(identifier)) => {
                GroupReference(identifier).resolve(call.account, &call.region).ok_or(Error::NoSuchGroup)
            }
        }
    }

    /// The group that a request names by exactly one of the two parameters.
    pub(crate) fn group(&self, call: &Call, name: Option<String>, identifier: Option<String>) -> Result<Group, Error> {
        self.known(&self.address(call, name, identifier)?)
    }

    /// The group of an address.
    pub(crate) fn known(&self, address: &GroupAddress) -> Result<Group, Error> {
        self.directory.get(address)?.ok_or(Error::NoSuchGroup)
    }

    /// Runs a transaction; see [`transact`].
    pub(crate) async fn transact<T>(
        &self,
        latches: &[LatchKey],
        body: impl AsyncFnOnce(&mut Tx) -> Result<T, Error> + Clone,
    ) -> Result<Transacted<T>, Error> {
        Ok(transact(&*self.store, latches, body).await?)
    }
}

impl Service for CloudWatchLogs {
    fn model(&self) -> &'static ServiceModel {
        self.router.model()
    }

    fn coverage(&self) -> &'static [(&'static str, Coverage)] {
        wire::COVERAGE
    }

    fn call<'a>(&'a self, call: &'a Call, input: &mut dyn Reader) -> Result<ResponseFuture<'a>, ServiceError> {
        self.router.dispatch(self, call, input).map_err(in_its_words)
    }

    fn knows_needs_of(&self, operation: &str) -> bool {
        self.router.knows_needs_of(operation)
    }
}

/// CloudWatch Logs says what is wrong with an input under a code of its own, and of the names of groups in
/// words of its own: so it was recorded.
fn in_its_words(mut error: ServiceError) -> ServiceError {
    if error.shape.code == VALIDATION.code {
        *error.shape = INVALID_PARAMETER_EXCEPTION;
        if wire::is_about_a_long_name(&error.message) {
            error.message = wire::LONG_NAME.to_owned();
        }
    }
    error
}
