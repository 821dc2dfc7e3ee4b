//! What a function's role must be allowed to do beside running: reading what a mapping follows, telling destinations.
//!
//! Where callers are not checked, a role that was never made may do everything; one that was made must be right, as
//! on AWS.

use tidegate_ports::{RoleRefusal, RoleUse, ServiceRoles};
use tidegate_types::Arn;

/// Roles, and how strict the server is about them.
#[derive(Clone, Copy)]
pub(crate) struct Permits<'a> {
    pub roles: &'a dyn ServiceRoles,
    /// Whether a role must exist.
    pub strict: bool,
}

impl Permits<'_> {
    /// Whether Lambda may use a role.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn check(self, used: &RoleUse) -> Result<(), RoleRefusal> {
        match self.roles.check(used) {
            Err(RoleRefusal::NoSuchRole(_)) if !self.strict => Ok(()),
            checked => checked,
        }
    }

    /// The first of some actions that a role may not perform on a resource.
    pub(crate) fn denied<'a>(self, used: &RoleUse, actions: &[&'a str], resource: &str) -> Option<&'a str> {
        let is_made_up = matches!(self.roles.check(used), Err(RoleRefusal::NoSuchRole(_)));
        if is_made_up && !self.strict {
            return None;
        }
        actions.iter().copied().find(|action| !self.roles.may(used, action, resource).is_allowed())
    }

    /// Whether a role may tell a destination; if not, the action that it lacks.
    pub(crate) fn may_tell(self, used: &RoleUse, destination: &Arn) -> Result<(), &'static str> {
        let denied = telling(destination).and_then(|action| self.denied(used, &[action], &destination.to_string()));
        denied.map_or(Ok(()), Err)
    }
}

/// A function's use of a role.
pub(crate) fn role_use(function: &Arn, role: &str) -> RoleUse {
    RoleUse {
        role: role.to_owned(),
        service: "lambda.amazonaws.com".to_owned(),
        source: Some(function.to_string()),
        session: function.resource.rsplit(':').next().unwrap_or_default().to_owned(),
    }
}

/// How a destination is told. Nothing is asked for buckets: their objects' names may be part of a policy, so each is
/// asked for when it is written.
fn telling(destination: &Arn) -> Option<&'static str> {
    match destination.service.as_str() {
        "sqs" => Some("sqs:SendMessage"),
        "sns" => Some("sns:Publish"),
        "lambda" => Some("lambda:InvokeFunction"),
        "events" => Some("events:PutEvents"),
        _ => None,
    }
}

/// An action as AWS's messages name it: without its service.
pub(crate) fn verb(action: &str) -> &str {
    action.split_once(':').map_or(action, |(_, verb)| verb)
}
