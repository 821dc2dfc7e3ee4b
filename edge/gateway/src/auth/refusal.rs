//! The words of a refusal: AWS's, down to which kind of policy decided.

use tidegate_policy::{Decision, Outcome, Reason, Request, Source};
use tidegate_ports::{IdentityPolicies, NamedPolicy};
use tidegate_protocol::{Call, ErrorShape, Fault, ProtocolId, ServiceError, ServiceModel, errors};

/// Who has not signed and may not do it.
pub(super) fn unsigned(model: &ServiceModel) -> ServiceError {
    match model.name {
        // S3 has things for everybody, and does not ask for a signature where it has none.
        "s3" => ServiceError::new(ErrorShape::new("AccessDenied", 403, Fault::Sender), "Access Denied"),
        _ => ServiceError::new(errors::MISSING_AUTHENTICATION_TOKEN, "Request is missing Authentication Token"),
    }
}

/// Who has signed and may not do it.
pub(super) fn denied(model: &ServiceModel, call: &Call, request: &Request, decision: &Decision) -> ServiceError {
    // AWS documents the names of actions as they are written in policies; SQS says them in lower case.
    let action = match model.name {
        "sqs" => request.action.to_ascii_lowercase(),
        _ => request.action.clone(),
    };
    let (who, resource) = (&request.principal.arn, &request.resource);
    let mut message = format!("User: {who} is not authorized to perform: {action} on resource: {resource}");
    // STS does not say which policies it looked at: to strangers a role's are none of their business.
    if model.name != "sts" {
        message.push_str(&why(decision, &action));
    }
    ServiceError::new(shape(model, call.protocol), message)
}

fn shape(model: &ServiceModel, protocol: ProtocolId) -> ErrorShape {
    match protocol {
        // Of the JSON services those that never spoke query answer every refusal with a 400.
        ProtocolId::AwsJson1_0 | ProtocolId::AwsJson1_1 if !model.query_compatible => {
            ErrorShape { status: 400, ..errors::ACCESS_DENIED }
        }
        ProtocolId::AwsJson1_0
        | ProtocolId::AwsJson1_1
        | ProtocolId::AwsQuery
        | ProtocolId::Ec2Query
        | ProtocolId::RestJson1
        | ProtocolId::RestXml
        | ProtocolId::RpcV2Cbor => errors::ACCESS_DENIED,
    }
}

fn why(decision: &Decision, action: &str) -> String {
    match (decision.outcome, &decision.reason) {
        (_, Reason::Statement { source, .. }) => {
            let article = if *source == Source::Boundary || matches!(source, Source::Session(_) | Source::Resource) {
                "a"
            } else {
                "an"
            };
            format!(" with an explicit deny in {article} {}", kind(*source))
        }
        (Outcome::Allow, _) | (_, Reason::AccountRoot) => String::new(),
        (_, Reason::NoIdentityAllow) => format!(" because no identity-based policy allows the {action} action"),
        (_, Reason::NoResourceAllow) => format!(" because no resource-based policy allows the {action} action"),
        (_, Reason::NoBoundaryAllow) => format!(" because no permissions boundary allows the {action} action"),
        (_, Reason::NoSessionAllow) => format!(" because no session policy allows the {action} action"),
    }
}

/// What a kind of policy is called.
pub(super) fn kind(source: Source) -> &'static str {
    match source {
        Source::Identity(_) => "identity-based policy",
        Source::Resource => "resource-based policy",
        Source::Boundary => "permissions boundary",
        Source::Session(_) => "session policy",
    }
}

/// The name of the policy in which the deciding statement stands, where it has one.
pub(super) fn policy_name(
    decision: &Decision,
    own: Option<&IdentityPolicies>,
    session: Option<&[NamedPolicy]>,
) -> Option<String> {
    let Reason::Statement { source, .. } = &decision.reason else { return None };
    let policy = match *source {
        Source::Identity(index) => own?.policies.get(index),
        Source::Boundary => own?.boundary.as_ref(),
        Source::Session(index) => session?.get(index),
        Source::Resource => None,
    };
    policy.map(|policy| policy.name.clone())
}
