use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate_env::Env;
use tidegate_protocol::{
    Call, Coverage, Handler, Reader, ResponseFuture, Router, Service, ServiceError, ServiceModel, Shape,
};
use tidegate_store::{Space, Store, StoreError, Tx, transact};
use tidegate_types::{AccountId, Timestamp};

use crate::domain::{Row, State, Table};
use crate::error::Error;
use crate::store::{Accesses, Directory, Uses, keys};
use crate::wire;

/// How often uses are written down.
const KEEP_EVERY: Duration = Duration::from_secs(60);

/// The service. One of it serves all accounts; regions it does not know.
pub struct Iam {
    store: Arc<dyn Store>,
    env: Env,
    pub(crate) directory: Arc<Directory>,
    /// Writes go one after the other: an account's state is decided on as a whole.
    turn: tokio::sync::Mutex<()>,
    pub(crate) uses: Uses,
    pub(crate) accesses: Accesses,
    router: Router<Iam>,
}

/// What an operation works on: an account as it is, and with [`Desk::edit`] as it will be.
pub(crate) struct Desk<'a> {
    pub(crate) call: &'a Call,
    pub(crate) env: &'a Env,
    pub(crate) now: Timestamp,
    pub(crate) account: AccountId,
    pub(crate) state: Arc<State>,
    /// When keys and roles were last used.
    pub(crate) uses: &'a Uses,
    /// Which services users and roles last asked for what.
    pub(crate) accesses: &'a Accesses,
}

impl Desk<'_> {
    /// The account, to be changed. The first change copies tables, never rows.
    pub(crate) fn edit(&mut self) -> &mut State {
        Arc::make_mut(&mut self.state)
    }
}

/// An operation that looks.
pub(crate) type Look<I, O> = fn(&Desk<'_>, &I) -> Result<O, Error>;
/// An operation that changes something.
pub(crate) type Edit<I, O> = fn(&mut Desk<'_>, &I) -> Result<O, Error>;

/// A function as a handler.
pub(crate) struct Looking<I, O>(pub(crate) Look<I, O>);
/// A function as a handler.
pub(crate) struct Editing<I, O>(pub(crate) Edit<I, O>);

impl<'a, I: Shape, O: Shape> Handler<'a, Iam, I, O, Error> for Looking<I, O> {
    type Future = BoxFuture<'a, Result<O, Error>>;

    fn start(&self, iam: &'a Iam, call: &'a Call, input: I) -> Self::Future {
        let run = self.0;
        async move { run(&iam.desk(call), &input) }.boxed()
    }
}

impl<'a, I: Shape, O: Shape> Handler<'a, Iam, I, O, Error> for Editing<I, O> {
    type Future = BoxFuture<'a, Result<O, Error>>;

    fn start(&self, iam: &'a Iam, call: &'a Call, input: I) -> Self::Future {
        let run = self.0;
        async move { iam.edit(call, &input, run).await }.boxed()
    }
}

impl Iam {
    /// The service over a store, whose accounts it reads before it answers.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn open(store: Arc<dyn Store>, env: Env) -> Result<Arc<Iam>, StoreError> {
        let directory = Arc::new(Directory::default());
        store.attach(directory.clone()).await?;
        let uses = Uses::open(&*store).await?;
        let accesses = Accesses::open(&*store).await?;
        Ok(Arc::new(Iam {
            store,
            env,
            directory,
            turn: tokio::sync::Mutex::default(),
            uses,
            accesses,
            router: wire::router(),
        }))
    }

    fn desk<'a>(&'a self, call: &'a Call) -> Desk<'a> {
        let state = self.directory.state(call.account);
        Desk {
            call,
            env: &self.env,
            now: self.env.now(),
            account: call.account,
            state,
            uses: &self.uses,
            accesses: &self.accesses,
        }
    }

    /// Lets `run` change the account and commits what it touched.
    ///
    /// It decides from memory, which is durable, and the commit demands that nobody was faster: a client
    /// that went away may have left a commit on its way.
    async fn edit<I: Sync, O: Send>(&self, call: &Call, input: &I, run: Edit<I, O>) -> Result<O, Error> {
        let _turn = self.turn.lock().await;
        let answer = transact(&*self.store, &[], async |tx: &mut Tx| {
            let mut desk = self.desk(call);
            let stamp = keys::stamp(call.account);
            tx.check(Space::Map, stamp.clone(), desk.state.version);
            let answer = run(&mut desk, input)?;
            if write(tx, call.account, &desk.state) {
                tx.put(Space::Map, stamp, desk.now.as_millis().to_be_bytes().to_vec());
            }
            Ok(answer)
        });
        Ok(answer.await.map_err(Error::from)?.value)
    }

    /// Writes down what keys and roles were used for, once a minute. In real time and not as a worker: it
    /// keeps nobody waiting, and moving the clock by a day must not stop at each of its runs.
    pub async fn keep_uses(self: Arc<Self>) {
        loop {
            self.env.sleep_real(KEEP_EVERY).await;
            if let Err(error) = self.write_uses().await {
                tracing::warn!(%error, "when keys and roles were last used was not written down; trying again");
            }
        }
    }

    /// Writes down what keys and roles were used for since the last time.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Commit`].
    pub async fn write_uses(&self) -> Result<(), Error> {
        self.uses.keep(&*self.store, &self.directory).await?;
        self.accesses.keep(&*self.store, &self.directory).await
    }

    /// Forgets everything of every account.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Commit`].
    pub async fn reset(&self) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        for account in self.directory.accounts() {
            let gone = transact(&*self.store, &[], async |tx: &mut Tx| -> Result<(), Error> {
                let state = self.directory.state(account);
                tx.check(Space::Map, keys::stamp(account), state.version);
                forget(tx, account, &state);
                Ok(())
            });
            gone.await.map_err(Error::from)?;
        }
        self.uses.forget(&*self.store).await?;
        self.accesses.forget(&*self.store).await
    }
}

/// Writes the rows that were touched. Returns whether there were any.
fn write(tx: &mut Tx, account: AccountId, state: &State) -> bool {
    let tables = [
        write_table(tx, account, &state.users),
        write_table(tx, account, &state.groups),
        write_table(tx, account, &state.roles),
        write_table(tx, account, &state.policies),
        write_table(tx, account, &state.profiles),
        write_table(tx, account, &state.oidc),
        write_table(tx, account, &state.saml),
        write_table(tx, account, &state.devices),
        write_table(tx, account, &state.certificates),
        write_table(tx, account, &state.reports),
        write_table(tx, account, &state.account),
    ];
    tables.contains(&true)
}

fn write_table<T: Row>(tx: &mut Tx, account: AccountId, table: &Table<T>) -> bool {
    let key = |name: &str| keys::entity(account, T::KIND, name);
    // What goes goes first: a user that is renamed takes its access keys along.
    table.touched().filter(|(_, row)| row.is_none()).for_each(|(name, _)| tx.delete(Space::Map, key(name)));
    for (name, row) in table.touched() {
        if let Some(row) = row {
            tx.put(Space::Map, key(name), row.encode());
        }
    }
    table.touched().next().is_some()
}

fn forget(tx: &mut Tx, account: AccountId, state: &State) {
    let mut gone = vec![keys::stamp(account)];
    fn all<T: Row>(gone: &mut Vec<bytes::Bytes>, account: AccountId, table: &Table<T>) {
        let names = table.all().map(|(name, _)| name).chain(table.unreadable());
        gone.extend(names.map(|name| keys::entity(account, T::KIND, name)));
    }
    all(&mut gone, account, &state.users);
    all(&mut gone, account, &state.groups);
    all(&mut gone, account, &state.roles);
    all(&mut gone, account, &state.policies);
    all(&mut gone, account, &state.profiles);
    all(&mut gone, account, &state.oidc);
    all(&mut gone, account, &state.saml);
    all(&mut gone, account, &state.devices);
    all(&mut gone, account, &state.certificates);
    all(&mut gone, account, &state.reports);
    all(&mut gone, account, &state.account);
    gone.into_iter().for_each(|key| tx.delete(Space::Map, key));
}

impl Service for Iam {
    fn model(&self) -> &'static ServiceModel {
        self.router.model()
    }

    fn coverage(&self) -> &'static [(&'static str, Coverage)] {
        wire::COVERAGE
    }

    fn call<'a>(&'a self, call: &'a Call, input: &mut dyn Reader) -> Result<ResponseFuture<'a>, ServiceError> {
        self.router.dispatch(self, call, input).map_err(wire::reworded)
    }

    fn knows_needs_of(&self, operation: &str) -> bool {
        self.router.knows_needs_of(operation)
    }
}
