//! A service that does what its operations' names say.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::stream::{self, StreamExt};
use parking_lot::Mutex;
use tidegate_env::Env;
use tidegate_policy::Document;
use tidegate_ports::ResourcePolicies;
use tidegate_protocol::{
    Call, Coverage, ErrorShape, EventStream, Fault, Need, Operation, ProtocolId, Reader, ResponseFuture, Service,
    ServiceError, ServiceModel, Shape, StreamEvent, Validation,
};
use tokio::sync::Notify;

const fn operation(name: &'static str) -> Operation {
    Operation { name, method: "POST", uri: "/", header: None, status: 200, has_output: false }
}

static OPERATIONS: [Operation; 7] = [
    operation("Fail"),
    operation("Nothing"),
    operation("Panic"),
    operation("PanicLater"),
    operation("Stream"),
    operation("Wait"),
    operation("Work"),
];

pub static MODEL: ServiceModel = ServiceModel {
    name: "fake",
    title: "Fake Service",
    signing_name: "fake",
    endpoint_prefix: "fake",
    target_prefix: Some("AmazonFake"),
    protocols: &[ProtocolId::AwsJson1_0, ProtocolId::AwsQuery],
    api_version: "2026-01-01",
    xml_namespace: Some("http://fake.amazonaws.com/doc/2026-01-01/"),
    error_namespace: "com.amazonaws.fake",
    validation: Validation::Coral,
    query_compatible: true,
    operations: &OPERATIONS,
};

/// The one thing that there is, of the default account.
pub const THING: &str = "arn:aws:fake:us-east-1:000000000000:thing";

const BROKEN: ErrorShape = ErrorShape::new("Broken", 418, Fault::Sender);

pub struct Fake {
    pub env: Env,
    /// All calls, as they came.
    pub calls: Mutex<Vec<Call>>,
    /// The policy of the one thing that there is.
    pub policy: Mutex<Option<Arc<Document>>>,
    /// Given whenever a call has begun to work or to wait.
    pub begun: Notify,
    /// Lets one working call go on.
    pub go_on: Notify,
    /// Lets an answer that goes on end.
    pub more: Arc<Notify>,
    /// Calls whose future was dropped before it ended.
    pub dropped: Arc<AtomicUsize>,
    /// Given at each of these.
    pub gone: Arc<Notify>,
}

struct OnDrop<'a>(&'a Fake, bool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        if !self.1 {
            self.0.dropped.fetch_add(1, Ordering::SeqCst);
            self.0.gone.notify_one();
        }
    }
}

impl Fake {
    pub fn new(env: Env) -> Arc<Fake> {
        Arc::new(Fake {
            env,
            calls: Mutex::default(),
            policy: Mutex::default(),
            begun: Notify::new(),
            go_on: Notify::new(),
            more: Arc::default(),
            dropped: Arc::default(),
            gone: Arc::default(),
        })
    }

    pub fn last_call(&self) -> Call {
        self.calls.lock().last().cloned().expect("there was a call")
    }

    async fn work(&self) {
        let mut guard = OnDrop(self, false);
        self.begun.notify_one();
        self.go_on.notified().await;
        guard.1 = true;
    }

    /// Two events: one now, one once it is asked for.
    fn stream(&self) -> EventStream {
        let event = |name| Ok(StreamEvent { name, shape: Box::new(()) });
        let more = self.more.clone();
        let second = async move {
            more.notified().await;
            event("second")
        };
        EventStream::new(stream::iter([event("first")]).chain(stream::once(second)).boxed())
    }

    async fn wait(&self) {
        let mut guard = OnDrop(self, false);
        let _wait = self.env.waits().begin();
        self.begun.notify_one();
        self.env.waits().over().await;
        guard.1 = true;
    }
}

impl ResourcePolicies for Fake {
    fn service(&self) -> &'static str {
        "fake"
    }

    fn policy_of(&self, arn: &str) -> Option<Arc<Document>> {
        self.policy.lock().clone().filter(|_| arn == THING)
    }
}

impl Service for Fake {
    fn model(&self) -> &'static ServiceModel {
        &MODEL
    }

    fn coverage(&self) -> &'static [(&'static str, Coverage)] {
        &[]
    }

    fn knows_needs_of(&self, _operation: &str) -> bool {
        true
    }

    fn call<'a>(&'a self, call: &'a Call, _input: &mut dyn Reader) -> Result<ResponseFuture<'a>, ServiceError> {
        if let Some(guard) = call.caller.permissions.guard() {
            guard.check(call, &Need::new(format!("fake:{}", call.operation.name), THING).into())?;
        }
        self.calls.lock().push(call.clone());
        assert_ne!(call.operation.name, "Panic", "as it was asked to");
        Ok(async move {
            match call.operation.name {
                "Fail" => return Err(ServiceError::new(BROKEN, "as it was asked to")),
                "PanicLater" => panic!("as it was asked to"),
                "Work" => self.work().await,
                "Stream" => return Ok(Box::new(self.stream()) as Box<dyn Shape>),
                "Wait" => self.wait().await,
                _ => {}
            }
            Ok(Box::new(()) as Box<dyn Shape>)
        }
        .boxed())
    }
}
