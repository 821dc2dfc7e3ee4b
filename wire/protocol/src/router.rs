use std::future::Future;

use futures::FutureExt;

use crate::constraints;
use crate::model::{Coverage, ServiceModel};
use crate::service::{Call, ResponseFuture, ServiceError};
use crate::shape::{Reader, Shape};

/// Reads an operation's input and starts it.
pub type Route<S> = Box<
    dyn for<'a> Fn(&'a S, &'a Call, &'static ServiceModel, &mut dyn Reader) -> Result<ResponseFuture<'a>, ServiceError>
        + Send
        + Sync,
>;

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

/// The route to an operation's function: decode, check the model's constraints, run, box the answer.
pub fn route<S, I, O, E, F>(handler: F) -> Route<S>
where
    S: Sync + 'static,
    I: Shape,
    O: Shape,
    E: Into<ServiceError> + 'static,
    F: for<'a> Handler<'a, S, I, O, E> + 'static,
{
    Box::new(move |service, call, model, reader| {
        let input = I::read(reader)?;
        constraints::check(model.validation, &input)?;
        let running = handler.start(service, call, input);
        Ok(async move {
            match running.await {
                Ok(output) => Ok(Box::new(output) as Box<dyn Shape>),
                Err(error) => Err(error.into()),
            }
        }
        .boxed())
    })
}

/// A service's routing table: one line for each operation that it serves.
pub struct Router<S> {
    model: &'static ServiceModel,
    /// By the operation's index in the model.
    routes: Vec<Option<Route<S>>>,
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
        Router { model, routes }
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
        let route = self.model.index_of(name).and_then(|index| self.routes[index].as_ref());
        match route {
            Some(route) => route(service, call, self.model, input),
            None => Err(ServiceError::not_implemented(self.model.name, name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws_json::JsonReader;
    use crate::model::{ErrorShape, Fault, Operation, ProtocolId, Validation};
    use crate::service::Caller;
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
            Operation { name: "Close", method: "POST", uri: "/", header: None, has_output: false },
            Operation { name: "Open", method: "POST", uri: "/", header: None, has_output: false },
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
        }
    }

    fn answer(operation: &str, path: &str, body: &str) -> Result<(), &'static str> {
        let router = Router::new(&MODEL, COVERAGE, [("Open", route(open))]);
        let doors = Doors("/front".to_owned());
        let call = call(operation, path);
        let mut reader = JsonReader::new(body.as_bytes()).unwrap();
        let future = router.dispatch(&doors, &call, &mut reader).map_err(|error| error.shape.code)?;
        futures::executor::block_on(future).map(drop).map_err(|error| error.shape.code)
    }

    #[test]
    fn a_call_reaches_its_operation_or_says_why_not() {
        assert_eq!(answer("Open", "/front", "{}"), Ok(()));
        assert_eq!(answer("Open", "/back", "{}"), Err("DoorIsStuck"));
        assert_eq!(answer("Open", "/front", "[]"), Err("SerializationException"));
        assert_eq!(answer("Close", "/front", "{}"), Err("NotImplemented"));
    }

    #[test]
    #[should_panic(expected = "disagree")]
    fn coverage_that_promises_what_no_route_serves_is_refused() {
        Router::<Doors>::new(&MODEL, COVERAGE, []);
    }
}
