//! What a request needs a permission for.
//!
//! Each service says, operation by operation and from the typed input, which actions on which resources a
//! request is about and under which circumstances ([`Needs`]). Whether its caller has that permission is
//! somebody else's question: a [`Guard`], which the edge gives to the [`Caller`](crate::Caller) where
//! callers are checked at all. The router asks between reading the input and starting the operation, so
//! an operation that is not allowed has not begun; an operation whose table has no entry is refused. Where
//! what is needed depends on what is stored (an object's tags, say), it is read in between, too.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::members::Members;
use crate::service::{Call, ServiceError};
use crate::shape::Shape;

/// One action on one resource, under these circumstances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The action, such as `sqs:SendMessage`.
    pub action: Cow<'static, str>,
    /// The resource's ARN; `*` for actions that name none.
    pub resource: String,
    /// Condition keys and their values, such as `dynamodb:LeadingKeys`.
    pub keys: Vec<(String, Vec<String>)>,
    /// What the resource's policy can do for the caller.
    pub rule: ResourceRule,
}

/// What the policy of a resource, if it has one, can do for a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceRule {
    /// Within the account it can allow by itself, across accounts it must allow: the rule.
    Ordinary,
    /// It must allow, even within the account: a role's trust policy.
    MustAllow,
    /// It cannot let other accounts do this: what is its owner's alone.
    OwnersAlone,
}

impl Need {
    /// An action on a resource.
    pub fn new(action: impl Into<Cow<'static, str>>, resource: impl Into<String>) -> Need {
        Need { action: action.into(), resource: resource.into(), keys: Vec::new(), rule: ResourceRule::Ordinary }
    }

    /// An action that names no resource.
    pub fn anywhere(action: impl Into<Cow<'static, str>>) -> Need {
        Need::new(action, "*")
    }

    /// With a condition key of one value.
    #[must_use]
    pub fn with(self, key: impl Into<String>, value: impl Into<String>) -> Need {
        self.with_all(key, vec![value.into()])
    }

    /// With a condition key of several values; without it if there are none.
    #[must_use]
    pub fn with_all(mut self, key: impl Into<String>, values: Vec<String>) -> Need {
        if !values.is_empty() {
            self.keys.push((key.into(), values));
        }
        self
    }

    /// With a condition key, if it has a value.
    #[must_use]
    pub fn with_some(self, key: impl Into<String>, value: Option<impl Into<String>>) -> Need {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// With the tags that the request sets: `aws:RequestTag/…` and `aws:TagKeys`.
    #[must_use]
    pub fn with_request_tags<'a>(self, tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Need {
        let (mut need, mut names) = (self, Vec::new());
        for (name, value) in tags {
            names.push(name.to_owned());
            need = need.with(format!("aws:RequestTag/{name}"), value);
        }
        need.with_all("aws:TagKeys", names)
    }

    /// With the names of tags that the request removes: `aws:TagKeys`.
    #[must_use]
    pub fn with_tag_names<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Need {
        self.with_all("aws:TagKeys", names.into_iter().map(str::to_owned).collect())
    }

    /// With the tags that the resource has: `aws:ResourceTag/…`.
    #[must_use]
    pub fn with_resource_tags<'a>(self, tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Need {
        tags.into_iter().fold(self, |need, (name, value)| need.with(format!("aws:ResourceTag/{name}"), value))
    }

    /// The resource's policy must allow it, whoever asks.
    #[must_use]
    pub fn by_resource(self) -> Need {
        Need { rule: ResourceRule::MustAllow, ..self }
    }

    /// No policy of the resource lets other accounts do it.
    #[must_use]
    pub fn owners_alone(self) -> Need {
        Need { rule: ResourceRule::OwnersAlone, ..self }
    }
}

/// What a request needs permissions for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// None, and not even a signature: `AssumeRoleWithWebIdentity`, whose token says who asks.
    Nothing,
    /// None but a signature; no policy can deny it: `GetCallerIdentity`.
    Signature,
    /// Each of these.
    All(Vec<Need>),
}

impl From<Need> for Needs {
    fn from(need: Need) -> Needs {
        Needs::All(vec![need])
    }
}

impl From<Vec<Need>> for Needs {
    fn from(needs: Vec<Need>) -> Needs {
        Needs::All(needs)
    }
}

/// Decides whether a caller may do what a request needs.
pub trait Guard: Send + Sync {
    /// Passes, or answers the error that the caller sees.
    ///
    /// # Errors
    /// The refusal, in the service's own words.
    fn check(&self, call: &Call, needs: &Needs) -> Result<(), ServiceError>;

    /// What becomes of a request whose needs cannot be told: it is refused with this error, unless the
    /// guard only watches.
    ///
    /// # Errors
    /// The refusal.
    fn unknown(&self, _call: &Call, error: ServiceError) -> Result<(), ServiceError> {
        Err(error)
    }
}

/// The guard of a caller; none where callers are not checked.
#[derive(Clone, Default)]
pub struct Permissions(Option<Arc<dyn Guard>>);

impl Permissions {
    /// What this guard allows.
    pub fn guarded(guard: Arc<dyn Guard>) -> Permissions {
        Permissions(Some(guard))
    }

    /// The guard, if there is one.
    pub fn guard(&self) -> Option<&dyn Guard> {
        self.0.as_deref()
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Permissions(guarded)" } else { "Permissions(all)" })
    }
}

/// An input, of whose type the caller knows nothing.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    any: &'a dyn Any,
    shape: &'a dyn Shape,
}

impl<'a> Input<'a> {
    pub(crate) fn new<I: Shape>(input: &'a I) -> Input<'a> {
        Input { any: input, shape: input }
    }
}

/// What a request needs, or an error that the operation itself would answer.
pub(crate) type Told = Result<Needs, ServiceError>;

/// What a request needs, or the way to find out.
pub(crate) enum Finding<'a> {
    Told(Told),
    Later(BoxFuture<'a, Told>),
}

type Find<S> = Box<dyn for<'a> Fn(&'a S, &'a Call, Input<'_>) -> Finding<'a> + Send + Sync>;

/// An operation's entry in a service's table of accesses.
pub struct Access<S> {
    /// The input that it can read; `None` if it reads any.
    input: Option<TypeId>,
    find: Find<S>,
}

impl<S> Access<S> {
    /// What a request with this input needs.
    pub(crate) fn needs<'a>(&self, service: &'a S, call: &'a Call, input: Input<'_>) -> Finding<'a> {
        (self.find)(service, call, input)
    }

    /// Whether it can read inputs of this type.
    pub(crate) fn reads(&self, input: TypeId) -> bool {
        self.input.is_none_or(|own| own == input)
    }
}

/// The entry of an operation whose needs follow from its input. An input that names nothing the service
/// understands answers the error that the operation itself would.
pub fn needs<S, I, N, E, F>(find: F) -> Access<S>
where
    I: 'static,
    N: Into<Needs>,
    E: Into<ServiceError>,
    F: Fn(&S, &Call, &I) -> Result<N, E> + Send + Sync + 'static,
{
    let find: Find<S> = Box::new(move |service, call, input| {
        Finding::Told(match input.any.downcast_ref() {
            Some(input) => find(service, call, input).map(Into::into).map_err(Into::into),
            // The router compared the types when it was built.
            None => Err(ServiceError::internal("an access entry got another operation's input")),
        })
    });
    Access { input: Some(TypeId::of::<I>()), find }
}

/// The entry of an operation whose needs follow from what its input says by name.
pub fn needs_by_name<S, N, E, F>(find: F) -> Access<S>
where
    N: Into<Needs>,
    E: Into<ServiceError>,
    F: Fn(&S, &Call, &Members) -> Result<N, E> + Send + Sync + 'static,
{
    let find: Find<S> = Box::new(move |service, call, input| {
        Finding::Told(find(service, call, &Members::of(input.shape)).map(Into::into).map_err(Into::into))
    });
    Access { input: None, find }
}

/// The entry of an operation whose needs follow from what its input says by name and from what is stored.
pub fn needs_of_stored<S, F>(find: F) -> Access<S>
where
    F: for<'a> Fn(&'a S, &'a Call, Members) -> BoxFuture<'a, Result<Needs, ServiceError>> + Send + Sync + 'static,
{
    let find: Find<S> =
        Box::new(move |service, call, input| Finding::Later(find(service, call, Members::of(input.shape))));
    Access { input: None, find }
}
