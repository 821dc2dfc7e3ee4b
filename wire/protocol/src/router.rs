use std::any::TypeId;
use std::future::Future;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::access::{Access, Finding, Guard, Input, Told};
use crate::constraints;
use crate::errors;
use crate::model::{Coverage, ServiceModel};
use crate::service::{Call, ResponseFuture, ServiceError};
use crate::shape::{Reader, Shape};

type Start<S> = Box<
    dyn for<'a> Fn(
            &'a S,
            &'a Call,
            &'static ServiceModel,
            Option<&Access<S>>,
            &mut dyn Reader,
        ) -> Result<ResponseFuture<'a>, ServiceError>
        + Send
        + Sync,
>;

/// Reads an operation's input and starts it.
pub struct Route<S> {
    input: TypeId,
    start: Start<S>,
}

/// An operation's function: `async fn(&S, &Call, Input) -> Result<Output, E>`.
///
/// It exists because a bound on a plain closure cannot say that the future may borrow the service and
/// the call; every function of that form implements it.
pub trait Handler<'a, S: 'a, I, O, E>: Send + Sync {
    /// The function's future.
    type Future: Future<Output = Result<O, E>> + Send + 'a;

    /// Calls the function.
    fn start(&self, service: &'a S, call: &'a Call, input: I) -> Self::Future;
}

impl<'a, S: 'a, I, O, E, F, R> Handler<'a, S, I, O, E> for F
where
    F: Fn(&'a S, &'a Call, I) -> R + Send + Sync,
    R: Future<Output = Result<O, E>> + Send + 'a,
{
    type Future = R;

    fn start(&self, service: &'a S, call: &'a Call, input: I) -> R {
        self(service, call, input)
    }
}

/// The route to an operation's function: decode, check the model's constraints and the caller's
/// permissions, run, box the answer.
pub fn route<S, I, O, E, F>(handler: F) -> Route<S>
where
    S: Sync + 'static,
    I: Shape,
    O: Shape,
    E: Into<ServiceError> + 'static,
    F: for<'a> Handler<'a, S, I, O, E> + 'static,
{
    let start: Start<S> = Box::new(move |service, call, model, access, reader| {
        let input = I::read(reader)?;
        constraints::check(model.validation, &input)?;
        let guard = call.caller.permissions.guard();
        let asked = guard.map_or(Ok(None), |guard| ask(guard, service, call, access, Input::new(&input)))?;
        // Nothing of it happens before the future is polled.
        let running = handler.start(service, call, input);
        Ok(async move {
            if let Some((guard, finding)) = asked {
                decide(guard, call, finding.await)?;
            }
            match running.await {
                Ok(output) => Ok(Box::new(output) as Box<dyn Shape>),
                Err(error) => Err(error.into()),
            }
        }
        .boxed())
    });
    Route { input: TypeId::of::<I>(), start }
}

/// Asks the guard at once, or answers what must be found out first.
#[allow(clippy::type_complexity, reason = "a pair for one caller")]
fn ask<'a, S>(
    guard: &'a dyn Guard,
    service: &'a S,
    call: &'a Call,
    access: Option<&Access<S>>,
    input: Input<'_>,
) -> Result<Option<(&'a dyn Guard, BoxFuture<'a, Told>)>, ServiceError> {
    match needs_of(service, call, access, input) {
        Finding::Told(told) => decide(guard, call, told).map(|()| None),
        Finding::Later(finding) => Ok(Some((guard, finding))),
    }
}

fn decide(guard: &dyn Guard, call: &Call, told: Told) -> Result<(), ServiceError> {
    match told {
        Ok(needs) => guard.check(call, &needs),
        Err(error) => guard.unknown(call, error),
    }
}

/// Fails closed: an operation that was forgotten in its service's table is nobody's.
fn needs_of<'a, S>(service: &'a S, call: &'a Call, access: Option<&Access<S>>, input: Input<'_>) -> Finding<'a> {
    match access {
        Some(access) => access.needs(service, call, input),
        None => {
            let name = call.operation.name;
            let message = format!("Tidegate cannot tell yet which permissions {name} needs, so nobody has them");
            Finding::Told(Err(ServiceError::new(errors::ACCESS_DENIED, message)))
        }
    }
}

/// A service's routing table: one line for each operation that it serves.
pub struct Router<S> {
    model: &'static ServiceModel,
    /// By the operation's index in the model.
    routes: Vec<Option<Route<S>>>,
    /// What each needs, by the same index.
    accesses: Vec<Option<Access<S>>>,
}

impl<S> Router<S> {
    /// A table from the operations' names and routes.
    ///
    /// # Panics
    /// If a name is not the model's, occurs twice, or disagrees with `coverage`: the table is written
    /// by hand, and a slip in it must not wait for the first caller of that operation.
    pub fn new(
        model: &'static ServiceModel,
        coverage: &[(&str, Coverage)],
        table: impl IntoIterator<Item = (&'static str, Route<S>)>,
    ) -> Router<S> {
        let mut routes: Vec<Option<Route<S>>> = model.operations.iter().map(|_| None).collect();
        for (name, route) in table {
            let index = model.index_of(name);
            let slot = index.and_then(|index| routes.get_mut(index));
            let Some(slot) = slot else { panic!("{} has no operation {name}", model.name) };
            assert!(slot.replace(route).is_none(), "{} routes {name} twice", model.name);
        }
        for (operation, route) in model.operations.iter().zip(&routes) {
            let listed = coverage.iter().find(|(name, _)| *name == operation.name).map(|(_, state)| *state);
            let claimed = !matches!(listed, None | Some(Coverage::NotImplemented));
            assert_eq!(claimed, route.is_some(), "{}: coverage and routes of {} disagree", model.name, operation.name);
        }
        let accesses = routes.iter().map(|_| None).collect();
        Router { model, routes, accesses }
    }

    /// The same with what each operation needs permissions for.
    ///
    /// # Panics
    /// If an entry is for an operation that is not routed, for another input than its route's, or for one
    /// that has an entry already.
    #[must_use]
    pub fn with_accesses(mut self, table: impl IntoIterator<Item = (&'static str, Access<S>)>) -> Router<S> {
        for (name, access) in table {
            let index = self.model.index_of(name);
            let Some(route) = index.and_then(|index| self.routes[index].as_ref()) else {
                panic!("{} does not route {name}", self.model.name)
            };
            assert!(access.reads(route.input), "{}: the needs of {name} are of another input", self.model.name);
            let slot = index.and_then(|index| self.accesses.get_mut(index));
            let Some(slot) = slot else { unreachable!("there is a slot for each operation") };
            assert!(slot.replace(access).is_none(), "{} says twice what {name} needs", self.model.name);
        }
        self
    }

    /// Whether the table says what an operation needs.
    pub fn knows_needs_of(&self, operation: &str) -> bool {
        self.model.index_of(operation).is_some_and(|index| self.accesses[index].is_some())
    }

    /// The model behind the table.
    pub fn model(&self) -> &'static ServiceModel {
        self.model
    }

    /// Reads the input of `call` and starts its operation.
    ///
    /// # Errors
    /// As [`Service::call`](crate::Service::call).
    pub fn dispatch<'a>(
        &self,
        service: &'a S,
        call: &'a Call,
        input: &mut dyn Reader,
    ) -> Result<ResponseFuture<'a>, ServiceError> {
        let name = call.operation.name;
        let index = self.model.index_of(name);
        let route = index.and_then(|index| Some((self.routes[index].as_ref()?, self.accesses[index].as_ref())));
        match route {
            Some((route, access)) => (route.start)(service, call, self.model, access, input),
            None => Err(ServiceError::not_implemented(self.model.name, name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Need, Needs, Permissions, needs, needs_of_stored};
    use crate::aws_json::JsonReader;
    use crate::members::Members;
    use crate::model::{ErrorShape, Fault, Operation, ProtocolId, Validation};
    use crate::service::Caller;
    use std::sync::Arc;
    use tidegate_types::{AccountId, Region};

    struct Doors(String);

    static MODEL: ServiceModel = ServiceModel {
        name: "doors",
        title: "Doors",
        signing_name: "doors",
        endpoint_prefix: "doors",
        target_prefix: Some("Doors"),
        protocols: &[ProtocolId::AwsJson1_0],
        api_version: "2020-01-01",
        xml_namespace: None,
        error_namespace: "com.example.doors",
        validation: Validation::Coral,
        query_compatible: false,
        operations: &[
            Operation { name: "Close", method: "POST", uri: "/", header: None, status: 200, has_output: false },
            Operation { name: "Open", method: "POST", uri: "/", header: None, status: 200, has_output: false },
        ],
    };

    const COVERAGE: &[(&str, Coverage)] = &[("Open", Coverage::Complete)];

    struct Stuck;

    impl From<Stuck> for ServiceError {
        fn from(_: Stuck) -> ServiceError {
            ServiceError::new(ErrorShape::new("DoorIsStuck", 409, Fault::Sender), "it does not move")
        }
    }

    /// Borrows both the service and the call over an await, as real operations do.
    async fn open(doors: &Doors, call: &Call, _: ()) -> Result<(), Stuck> {
        futures::future::ready(()).await;
        if doors.0 == call.path { Ok(()) } else { Err(Stuck) }
    }

    fn call(operation: &str, path: &str) -> Call {
        Call {
            operation: MODEL.operation(operation).unwrap(),
            account: AccountId::DEFAULT,
            region: Region::us_east_1(),
            caller: Caller::root(AccountId::DEFAULT),
            base_url: "http://localhost".to_owned(),
            request_id: "1".to_owned(),
            trace: None,
            path: path.to_owned(),
            protocol: ProtocolId::AwsJson1_0,
            user_agent: None,
            http: None,
        }
    }

    fn answer(operation: &str, path: &str, body: &str) -> Result<(), &'static str> {
        let router = Router::new(&MODEL, COVERAGE, [("Open", route(open))]);
        ask(&router, &call(operation, path), body)
    }

    fn ask(router: &Router<Doors>, call: &Call, body: &str) -> Result<(), &'static str> {
        let doors = Doors("/front".to_owned());
        let mut reader = JsonReader::new(body.as_bytes()).unwrap();
        let future = router.dispatch(&doors, call, &mut reader).map_err(|error| error.shape.code)?;
        futures::executor::block_on(future).map(drop).map_err(|error| error.shape.code)
    }

    #[test]
    fn a_call_reaches_its_operation_or_says_why_not() {
        assert_eq!(answer("Open", "/front", "{}"), Ok(()));
        assert_eq!(answer("Open", "/back", "{}"), Err("DoorIsStuck"));
        assert_eq!(answer("Open", "/front", "[]"), Err("SerializationException"));
        assert_eq!(answer("Close", "/front", "{}"), Err("NotImplemented"));
    }

    /// Lets through what is asked of the front door.
    struct Porter;

    impl Guard for Porter {
        fn check(&self, _call: &Call, needs: &Needs) -> Result<(), ServiceError> {
            match needs {
                Needs::Nothing | Needs::Signature => Ok(()),
                Needs::All(all) if all.iter().all(|need| need.resource == "/front") => Ok(()),
                Needs::All(_) => Err(ServiceError::new(errors::ACCESS_DENIED, "not you")),
            }
        }
    }

    /// Reads what is needed, as if from a store.
    fn stored<'a>(_: &'a Doors, call: &'a Call, _: Members) -> BoxFuture<'a, Told> {
        async move { Ok(Need::new("doors:Open", call.path.clone()).into()) }.boxed()
    }

    #[test]
    fn a_guard_is_asked_before_the_operation_starts() {
        let open_needs = |_: &Doors, call: &Call, _: &()| -> Result<Need, Stuck> {
            if call.path == "/nowhere" { Err(Stuck) } else { Ok(Need::new("doors:Open", call.path.clone())) }
        };
        let forgetful = Router::new(&MODEL, COVERAGE, [("Open", route(open))]);
        let router =
            Router::new(&MODEL, COVERAGE, [("Open", route(open))]).with_accesses([("Open", needs(open_needs))]);
        let guarded = |path: &str| {
            let mut call = call("Open", path);
            call.caller.permissions = Permissions::guarded(Arc::new(Porter));
            call
        };
        assert_eq!(ask(&router, &guarded("/front"), "{}"), Ok(()));
        assert_eq!(ask(&router, &guarded("/back"), "{}"), Err("AccessDeniedException"));
        assert_eq!(ask(&router, &guarded("/nowhere"), "{}"), Err("DoorIsStuck"));
        assert_eq!(ask(&router, &call("Open", "/back"), "{}"), Err("DoorIsStuck"), "nobody is asked without a guard");
        assert_eq!(ask(&forgetful, &guarded("/front"), "{}"), Err("AccessDeniedException"), "it fails closed");
        let later =
            Router::new(&MODEL, COVERAGE, [("Open", route(open))]).with_accesses([("Open", needs_of_stored(stored))]);
        assert_eq!(ask(&later, &guarded("/front"), "{}"), Ok(()));
        assert_eq!(ask(&later, &guarded("/back"), "{}"), Err("AccessDeniedException"), "before the operation runs");
        assert!(router.knows_needs_of("Open") && !router.knows_needs_of("Close") && !forgetful.knows_needs_of("Open"));
    }

    #[test]
    #[should_panic(expected = "another input")]
    fn needs_of_another_input_are_refused() {
        let wrong = |_: &Doors, _: &Call, _: &String| -> Result<Needs, Stuck> { Ok(Needs::Nothing) };
        drop(Router::new(&MODEL, COVERAGE, [("Open", route(open))]).with_accesses([("Open", needs(wrong))]));
    }

    #[test]
    #[should_panic(expected = "disagree")]
    fn coverage_that_promises_what_no_route_serves_is_refused() {
        Router::<Doors>::new(&MODEL, COVERAGE, []);
    }
}
