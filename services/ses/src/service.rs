use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tidegate_env::Env;
use tidegate_mail::Mail;
use tidegate_ports::{AdminRoute, AdminSite, Credentials, Delivery, Functions, Objects, Post, ResourcePolicies};
use tidegate_protocol::{
    Call, Coverage, Handler, Operation as Asked, Reader, ResponseFuture, Router, Service, ServiceError, ServiceModel,
    Shape,
};
use tidegate_store::{KeyRange, LatchKey, Order, Page, Space, Store, StoreError, Tx, transact};
use tidegate_types::{Arn, Timestamp};
use tidegate_workers::{Hint, Supervisor};

use crate::desk::{Desk, Operation};
use crate::domain::signing_key::Opened;
use crate::error::Error;
use crate::ports::{Dkim, IdentityPolicies, Inbound, SmtpInterface, Tracking, Verify};
use crate::store::{Directory, Place, Shelf, keys};
use crate::wire;
use crate::workers::{Imports, Trim};

/// How identities become verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verification {
    /// At once: for local use.
    #[default]
    Auto,
    /// By the link that the verification mail ends with.
    Manual,
}

/// What of SES is chosen when a server is started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// How identities become verified.
    pub verification: Verification,
    /// Whether accounts are in the sandbox: they send to verified recipients only, and little.
    pub sandbox: bool,
}

/// What SES works with.
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Time and chance.
    pub env: Env,
    /// How mail leaves.
    pub mail: Arc<Mail>,
    /// How events leave.
    pub post: Arc<dyn Post>,
}

/// What both APIs are about. One of it serves all accounts and regions.
pub struct Ses {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) env: Env,
    pub(crate) mail: Arc<Mail>,
    pub(crate) post: Arc<dyn Post>,
    pub(crate) options: Options,
    pub(crate) directory: Arc<Directory>,
    /// What receipt rules run.
    pub(crate) functions: OnceLock<Arc<dyn Functions>>,
    /// Where receipt rules put mails.
    pub(crate) objects: OnceLock<Arc<dyn Objects>>,
    /// Whoever makes a signing key.
    pub(crate) making_keys: futures::lock::Mutex<()>,
    /// Signing keys that are ready to be used, by how they are stored.
    pub(crate) opened_keys: Mutex<HashMap<String, Arc<Opened>>>,
}

impl Ses {
    /// The service over a store, from which it reads what it must know before it answers.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn open(parts: Parts, options: Options) -> Result<Arc<Ses>, StoreError> {
        let Parts { store, env, mail, post } = parts;
        let directory = Arc::new(Directory::default());
        store.attach(directory.clone()).await?;
        let ses = Arc::new(Ses {
            store,
            env,
            mail,
            post,
            options,
            directory,
            functions: OnceLock::new(),
            objects: OnceLock::new(),
            making_keys: futures::lock::Mutex::default(),
            opened_keys: Mutex::default(),
        });
        let outcomes: Weak<dyn tidegate_mail::Outcomes> = Arc::downgrade(&(ses.clone() as _));
        ses.mail.tell(outcomes);
        Ok(ses)
    }

    /// Both APIs, each of which is a service of its own on the wire.
    pub fn apis(self: &Arc<Self>) -> Vec<Arc<dyn Service>> {
        vec![
            Arc::new(SesV1 { ses: self.clone(), router: wire::v1::router() }),
            Arc::new(SesV2 { ses: self.clone(), router: wire::v2::router() }),
        ]
    }

    /// Starts what runs beside the requests: old mails' facts and counters are forgotten, files of addresses are
    /// taken over.
    pub fn start_workers(self: &Arc<Self>, supervisor: &Supervisor) {
        supervisor.start(Trim(self.clone()), &Hint::new());
        supervisor.start(Imports(self.clone()), &self.directory.imports);
    }

    /// What decides about requests asks for the policies of identities through.
    pub fn resource_policies(self: &Arc<Self>) -> Arc<dyn ResourcePolicies> {
        Arc::new(IdentityPolicies(self.clone()))
    }

    /// The pages under `/_tidegate/`: where the link of a verification mail leads, and by what signatures are
    /// verified.
    pub fn admin_routes(self: &Arc<Self>) -> Vec<Arc<dyn AdminRoute>> {
        vec![Arc::new(Verify(self.clone())), Arc::new(Dkim(self.clone()))]
    }

    /// Where the links and pictures of mails lead that SES wants to hear of.
    pub fn site(self: &Arc<Self>) -> Arc<dyn AdminSite> {
        Arc::new(Tracking(self.clone()))
    }

    /// Makes known what receipt rules run, and where they put mails. The first call counts.
    pub fn know(&self, functions: Arc<dyn Functions>, objects: Arc<dyn Objects>) {
        self.functions.get_or_init(|| functions);
        self.objects.get_or_init(|| objects);
    }

    /// Whether there is such a function.
    pub(crate) fn has_function(&self, function: &Arn) -> bool {
        self.functions.get().is_some_and(|functions| functions.exists(function))
    }

    /// What takes mail that comes in by SMTP: the receipt rules.
    pub fn incoming(self: &Arc<Self>) -> Arc<dyn tidegate_mail::Incoming> {
        Arc::new(Inbound { ses: self.clone() })
    }

    /// SES's SMTP interface, for the access keys of these issuers. Unless `checks`, anybody logs in.
    pub fn smtp_interface(
        self: &Arc<Self>,
        issuers: Vec<Arc<dyn Credentials>>,
        checks: bool,
    ) -> Arc<dyn tidegate_mail::Submission> {
        Arc::new(SmtpInterface { ses: self.clone(), issuers, checks })
    }

    /// Forgets everything of every account.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Commit`].
    pub async fn reset(&self) -> Result<(), Error> {
        let prefix = keys::everything();
        loop {
            let gone = transact(&*self.store, &[], async |tx: &mut Tx| -> Result<usize, Error> {
                let page = tx.scan(Space::Map, &KeyRange::prefix(&prefix), Order::Ascending, Page::of(1000)).await?;
                page.iter().for_each(|entry| tx.delete(Space::Map, entry.key.clone()));
                Ok(page.len())
            });
            if gone.await.map_err(Error::from)?.value == 0 {
                return Ok(());
            }
        }
    }

    /// The latches that events of this place may need. There are few destinations, and which of them a mail
    /// concerns is only known within its transaction: all of them are taken.
    pub(crate) fn latches(&self, place: &Place, now: Timestamp) -> Vec<LatchKey> {
        let targets = self.directory.targets(place);
        let deliveries: Vec<Delivery> =
            targets.iter().filter_map(|target| crate::events::delivery(place, "", target, Vec::new(), now)).collect();
        match deliveries.is_empty() {
            true => Vec::new(),
            false => self.post.latches(&deliveries),
        }
    }

    pub(crate) async fn carry_out<I, O, F>(
        &self,
        call: &Call,
        input: &I,
        latches: &[LatchKey],
        run: F,
    ) -> Result<O, Error>
    where
        F: for<'d> Operation<'d, I, O>,
    {
        let now = self.env.now();
        loop {
            let done = transact(&*self.store, latches, async |tx: &mut Tx| {
                let place = Place { account: call.account, region: call.region.clone() };
                let desk = Desk { ses: self, call, now, shelf: Shelf { tx, place } };
                run.run(desk, input).await
            });
            match done.await.map_err(Error::from) {
                Ok(done) => return Ok(done.value),
                Err(Error::NoSigningKey(wanted)) => self.make_key(*wanted).await?,
                Err(error) => return Err(error),
            }
        }
    }
}

/// One of the two APIs.
pub(crate) trait Api: Send + Sync + 'static {
    /// What both are about.
    fn ses(&self) -> &Ses;

    /// What this one says of an error.
    fn fault(error: Error) -> ServiceError;
}

/// An operation as a handler. Those that send anything hold what their events need.
pub(crate) struct Run<F> {
    pub(crate) operation: F,
    pub(crate) sends: bool,
}

impl<'a, A: Api, I: Shape, O: Shape, F> Handler<'a, A, I, O, ServiceError> for Run<F>
where
    F: for<'d> Operation<'d, I, O>,
{
    type Future = BoxFuture<'a, Result<O, ServiceError>>;

    fn start(&self, api: &'a A, call: &'a Call, input: I) -> Self::Future {
        let (operation, sends) = (self.operation, self.sends);
        async move {
            let ses = api.ses();
            let place = Place { account: call.account, region: call.region.clone() };
            let latches = if sends { ses.latches(&place, ses.env.now()) } else { Vec::new() };
            ses.carry_out(call, &input, &latches, operation).await.map_err(A::fault)
        }
        .boxed()
    }
}

/// Version 1 of the API.
pub(crate) struct SesV1 {
    pub(crate) ses: Arc<Ses>,
    router: Router<SesV1>,
}

/// Version 2 of the API.
pub(crate) struct SesV2 {
    pub(crate) ses: Arc<Ses>,
    router: Router<SesV2>,
}

impl Api for SesV1 {
    fn ses(&self) -> &Ses {
        &self.ses
    }

    fn fault(error: Error) -> ServiceError {
        wire::errors::v1(error)
    }
}

impl Api for SesV2 {
    fn ses(&self) -> &Ses {
        &self.ses
    }

    fn fault(error: Error) -> ServiceError {
        wire::errors::v2(error)
    }
}

impl Service for SesV1 {
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

impl Service for SesV2 {
    fn model(&self) -> &'static ServiceModel {
        self.router.model()
    }

    fn coverage(&self) -> &'static [(&'static str, Coverage)] {
        wire::V2_COVERAGE
    }

    fn call<'a>(&'a self, call: &'a Call, input: &mut dyn Reader) -> Result<ResponseFuture<'a>, ServiceError> {
        self.router.dispatch(self, call, input).map_err(wire::errors::reworded)
    }

    fn body_limit(&self, operation: &Asked) -> Option<usize> {
        wire::v2::body_limit(operation.name)
    }

    fn knows_needs_of(&self, operation: &str) -> bool {
        self.router.knows_needs_of(operation)
    }
}
