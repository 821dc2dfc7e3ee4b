use std::sync::Arc;

use futures::FutureExt;
use http::{HeaderMap, Method};
use tidegate_api_s3::MODEL;
use tidegate_blob::Blobs;
use tidegate_env::Env;
use tidegate_ports::{HostedHttp, Objects, Post, ResourcePolicies};
use tidegate_protocol::{
    Call, Coverage, Operation, Reader, ResponseFuture, Router, Service, ServiceError, ServiceModel,
};
use tidegate_store::{LatchKey, Store, Transacted, Tx, transact};
use tidegate_types::Timestamp;
use tidegate_workers::{Hint, Supervisor};

use crate::error::Error;
use crate::ops::content::Leftovers;
use crate::ports::{BucketObjects, BucketPolicies, Websites};
use crate::store::{Bucket, Directory, VersionId};
use crate::wire::{self, COVERAGE};
use crate::workers::{AccessLogs, Lifecycle, Removal, Sweep};

/// What the service is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Where larger bodies are.
    pub blobs: Blobs,
    /// Time, chance, spawning.
    pub env: Env,
    /// Where events go.
    pub post: Arc<dyn Post>,
}

/// The service.
pub struct S3 {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) blobs: Blobs,
    pub(crate) env: Env,
    pub(crate) post: Arc<dyn Post>,
    pub(crate) directory: Arc<Directory>,
    /// Given when a bucket or its configuration changes.
    pub(crate) lifecycle_due: Hint,
    /// Given when there is a line of an access log.
    pub(crate) logs_due: Hint,
    pub(crate) leftovers: Leftovers,
    /// Given when there are some.
    pub(crate) leftovers_due: Hint,
    router: Router<S3>,
}

impl S3 {
    /// The service over a store, whose directory of buckets it builds before it answers.
    ///
    /// # Errors
    /// What reading the store answers.
    pub async fn open(parts: Parts) -> Result<Arc<S3>, Error> {
        let Parts { store, blobs, env, post } = parts;
        let lifecycle_due = Hint::new();
        let directory = Arc::new(Directory::new(lifecycle_due.clone()));
        store.attach(directory.clone()).await?;
        let router = wire::router();
        let (leftovers, leftovers_due) = (Leftovers::default(), Hint::new());
        let logs_due = Hint::new();
        let s3 = Arc::new(S3 {
            store,
            blobs,
            env,
            post,
            directory,
            lifecycle_due,
            logs_due,
            leftovers,
            leftovers_due,
            router,
        });
        crate::ops::unmark_all(&s3).await?;
        Ok(s3)
    }

    /// Removes every bucket and all that is in them.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn reset(&self) -> Result<(), Error> {
        crate::ops::delete_everything(self).await
    }

    /// Starts what runs beside the requests: access logs, lifecycle, and the removal of files that nothing refers to.
    pub fn start_workers(self: &Arc<Self>, supervisor: &Supervisor) {
        supervisor.start(AccessLogs::new(self.clone()), &self.logs_due);
        supervisor.start(Lifecycle::new(self.clone()), &self.lifecycle_due);
        supervisor.start(Removal::new(self.clone()), &self.leftovers_due);
        supervisor.start(Sweep::new(self.clone()), &Hint::new());
    }

    /// What other services read from buckets and write into them through.
    pub fn objects(self: &Arc<Self>) -> Arc<dyn Objects> {
        Arc::new(BucketObjects::new(self.clone()))
    }

    /// What decides about requests asks for the policies of buckets through.
    pub fn resource_policies(self: &Arc<Self>) -> Arc<dyn ResourcePolicies> {
        Arc::new(BucketPolicies::new(self.clone()))
    }

    /// The hosts under which buckets are websites.
    pub fn websites(self: &Arc<Self>) -> Arc<dyn HostedHttp> {
        Arc::new(Websites::new(self.clone()))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// A new version's number.
    pub(crate) fn draw_version(&self) -> VersionId {
        VersionId::draw(self.now(), self.env.uuid().as_u128())
    }

    /// The bucket of a request.
    pub(crate) fn bucket(&self, name: Option<&str>) -> Result<Bucket, Error> {
        let name = name.unwrap_or_default();
        let found = self.directory.get(name)?.filter(|bucket| !bucket.record.is_going);
        found.ok_or_else(|| Error::NoSuchBucket(name.to_owned()))
    }

    /// The bucket of a request that may say whose it takes it to be.
    pub(crate) fn bucket_of(&self, name: Option<&str>, owner: Option<&str>) -> Result<Bucket, Error> {
        let bucket = self.bucket(name)?;
        match owner.filter(|owner| *owner != bucket.record.account.to_string()) {
            Some(_) => Err(Error::Denied("Access Denied".to_owned())),
            None => Ok(bucket),
        }
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

impl Service for S3 {
    fn model(&self) -> &'static ServiceModel {
        &MODEL
    }

    fn coverage(&self) -> &'static [(&'static str, Coverage)] {
        COVERAGE
    }

    fn call<'a>(&'a self, call: &'a Call, input: &mut dyn Reader) -> Result<ResponseFuture<'a>, ServiceError> {
        let started = wire::check_head(call)
            .and_then(|()| self.router.dispatch(self, call, input))
            .map_err(|error| wire::in_own_words(call, error));
        match crate::ops::logged(self, call) {
            None => started,
            Some(bucket) => Ok(crate::ops::noted(self, call, bucket, started).boxed()),
        }
    }

    fn is_streamed(&self, operation: &Operation) -> bool {
        matches!(operation.name, "PutObject" | "UploadPart" | "PostObject")
    }

    fn wants_http(&self) -> bool {
        true
    }

    fn answers_preflight(&self, path: &str) -> bool {
        let name = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        matches!(self.directory.get(name), Ok(Some(_)))
    }

    fn allows_page(&self, path: &str, method: &Method, origin: &str) -> bool {
        let name = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let bucket = self.directory.get(name).ok().flatten();
        bucket.is_some_and(|bucket| crate::ops::is_page_allowed(&bucket, method, origin))
    }

    fn adorn(&self, call: &Call, headers: &mut HeaderMap) {
        let Some(request) = call.http.as_deref() else { return };
        let name = call.path.trim_start_matches('/').split('/').next().unwrap_or_default();
        // Preflights have said it themselves.
        if request.head.method != Method::OPTIONS
            && let Ok(Some(bucket)) = self.directory.get(name)
        {
            crate::ops::allow_page(&bucket, &request.head.method, &request.head.headers, headers);
        }
    }

    fn knows_needs_of(&self, operation: &str) -> bool {
        self.router.knows_needs_of(operation)
    }
}
