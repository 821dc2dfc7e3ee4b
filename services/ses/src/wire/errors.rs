//! AWS's codes and words for everything that can go wrong, in each of the two APIs. No other file knows them.
//!
//! Where the words come from: recordings of the real service in public test suites and issues.

use tidegate_api_ses::errors as one;
use tidegate_api_sesv2::errors as two;
use tidegate_protocol::errors::{THROTTLING, VALIDATION};
use tidegate_protocol::{ErrorShape, Fault, ServiceError};
use tidegate_store::{CommitError, StoreError};
use tidegate_types::ErrorKind;

use crate::error::{Error, Target, Thing};

const INVALID: ErrorShape = ErrorShape::new("InvalidParameterValue", 400, Fault::Sender);

fn new(shape: ErrorShape, message: impl Into<String>) -> ServiceError {
    ServiceError::new(shape, message)
}

/// Version 2 says `BadRequestException` where the model's constraints are broken.
pub(crate) fn reworded(error: ServiceError) -> ServiceError {
    match error.shape.code == VALIDATION.code {
        true => new(two::BAD_REQUEST_EXCEPTION, error.message),
        false => error,
    }
}

/// As version 1 of the API says it.
pub(crate) fn v1(error: Error) -> ServiceError {
    let message = words(&error, Version::One);
    let shape = match error {
        Error::Invalid(_) | Error::NoSuch(Thing::Identity | Thing::Policy | Thing::Filter, _) => INVALID,
        Error::Constraint(_) => VALIDATION,
        Error::Unverified { .. } | Error::Rejected(_) => one::MESSAGE_REJECTED,
        Error::FromUnverified(_) => one::FROM_EMAIL_ADDRESS_NOT_VERIFIED_EXCEPTION,
        Error::MailFrom(_) => one::MAIL_FROM_DOMAIN_NOT_VERIFIED_EXCEPTION,
        Error::NoSuch(Thing::ConfigurationSet, _) => one::CONFIGURATION_SET_DOES_NOT_EXIST_EXCEPTION,
        Error::NoSuch(Thing::TrackingOptions, _) => one::TRACKING_OPTIONS_DOES_NOT_EXIST_EXCEPTION,
        Error::NoSuch(Thing::Template, _) => one::TEMPLATE_DOES_NOT_EXIST_EXCEPTION,
        Error::NoSuch(Thing::CustomTemplate, _) => one::CUSTOM_VERIFICATION_EMAIL_TEMPLATE_DOES_NOT_EXIST_EXCEPTION,
        Error::NoSuch(Thing::RuleSet, _) => one::RULE_SET_DOES_NOT_EXIST_EXCEPTION,
        Error::NoSuch(Thing::Rule, _) => one::RULE_DOES_NOT_EXIST_EXCEPTION,
        Error::NoSuch(
            Thing::Suppressed | Thing::ContactList | Thing::Contact | Thing::Pool | Thing::Tenant | Thing::Resource,
            _,
        ) => INVALID,
        Error::Exists(Thing::ConfigurationSet, _) => one::CONFIGURATION_SET_ALREADY_EXISTS_EXCEPTION,
        Error::Exists(Thing::TrackingOptions, _) => one::TRACKING_OPTIONS_ALREADY_EXISTS_EXCEPTION,
        Error::Exists(Thing::CustomTemplate, _) => one::CUSTOM_VERIFICATION_EMAIL_TEMPLATE_ALREADY_EXISTS_EXCEPTION,
        Error::Exists(..) => one::ALREADY_EXISTS_EXCEPTION,
        Error::NoDestination { .. } => one::EVENT_DESTINATION_DOES_NOT_EXIST_EXCEPTION,
        Error::DestinationExists { .. } => one::EVENT_DESTINATION_ALREADY_EXISTS_EXCEPTION,
        Error::Limit(_) => one::LIMIT_EXCEEDED_EXCEPTION,
        Error::Throttled(what) => return new(THROTTLING, what).with_kind(ErrorKind::Throttled),
        Error::AccountPaused => one::ACCOUNT_SENDING_PAUSED_EXCEPTION,
        Error::SetPaused(_) => one::CONFIGURATION_SET_SENDING_PAUSED_EXCEPTION,
        Error::Active(_) => one::CANNOT_DELETE_EXCEPTION,
        Error::Template(_) => one::INVALID_TEMPLATE_EXCEPTION,
        Error::MissingAttribute(_) => one::MISSING_RENDERING_ATTRIBUTE_EXCEPTION,
        Error::RenderingData(_) => one::INVALID_RENDERING_PARAMETER_EXCEPTION,
        Error::CustomContent(_) => one::CUSTOM_VERIFICATION_EMAIL_INVALID_CONTENT_EXCEPTION,
        Error::PolicyDocument(_) => one::INVALID_POLICY_EXCEPTION,
        Error::Target { target, .. } => target_v1(target),
        Error::NotServed(what, operation) => {
            return ServiceError::not_implemented("ses", operation).with_detail(what);
        }
        // It is made, and the operation begins anew: nobody is told.
        Error::NoSigningKey(_) => return ServiceError::unavailable(message),
        Error::Store(error) | Error::Commit(CommitError::Store(error)) => return store(&error),
        Error::Commit(error) => return commit(&error),
    };
    new(shape, message)
}

/// What is said of one mail of many that was not sent.
pub(crate) struct Bulk {
    /// Its status, in version 1 and in version 2 of the API.
    pub(crate) status: (&'static str, &'static str),
    /// Why.
    pub(crate) words: String,
}

/// The status of one mail of many. What the store says is nobody's status: the request fails.
pub(crate) fn bulk_status(error: Error) -> Result<Bulk, Error> {
    let status = match error {
        Error::Store(_) | Error::Commit(_) | Error::NoSigningKey(_) => return Err(error),
        Error::Unverified { .. } | Error::Rejected(_) => ("MessageRejected", "MESSAGE_REJECTED"),
        Error::MailFrom(_) => ("MailFromDomainNotVerified", "MAIL_FROM_DOMAIN_NOT_VERIFIED"),
        Error::NoSuch(Thing::ConfigurationSet, _) => ("ConfigurationSetDoesNotExist", "CONFIGURATION_SET_NOT_FOUND"),
        Error::NoSuch(Thing::Template, _) => ("TemplateDoesNotExist", "TEMPLATE_NOT_FOUND"),
        Error::AccountPaused => ("AccountSendingPaused", "ACCOUNT_SENDING_PAUSED"),
        Error::SetPaused(_) => ("ConfigurationSetSendingPaused", "CONFIGURATION_SET_SENDING_PAUSED"),
        Error::Throttled(_) => ("AccountDailyQuotaExceeded", "ACCOUNT_DAILY_QUOTA_EXCEEDED"),
        Error::Invalid(_) | Error::Constraint(_) => ("InvalidParameterValue", "INVALID_PARAMETER"),
        _ => ("Failed", "FAILED"),
    };
    Ok(Bulk { status, words: words(&error, Version::One) })
}

fn target_v1(target: Target) -> ErrorShape {
    match target {
        Target::SnsDestination => one::INVALID_SNS_DESTINATION_EXCEPTION,
        Target::CloudWatch => one::INVALID_CLOUD_WATCH_DESTINATION_EXCEPTION,
        Target::Firehose => one::INVALID_FIREHOSE_DESTINATION_EXCEPTION,
        Target::SnsTopic => one::INVALID_SNS_TOPIC_EXCEPTION,
        Target::S3 => one::INVALID_S3_CONFIGURATION_EXCEPTION,
        Target::Lambda => one::INVALID_LAMBDA_FUNCTION_EXCEPTION,
        Target::Tracking => one::INVALID_TRACKING_OPTIONS_EXCEPTION,
        Target::Delivery => one::INVALID_DELIVERY_OPTIONS_EXCEPTION,
    }
}

/// As version 2 of the API says it.
pub(crate) fn v2(error: Error) -> ServiceError {
    let message = words(&error, Version::Two);
    let shape = match error {
        Error::Invalid(_)
        | Error::Constraint(_)
        | Error::FromUnverified(_)
        | Error::Active(_)
        | Error::Template(_)
        | Error::MissingAttribute(_)
        | Error::RenderingData(_)
        | Error::CustomContent(_)
        | Error::PolicyDocument(_)
        | Error::Target { .. } => two::BAD_REQUEST_EXCEPTION,
        Error::Unverified { .. } | Error::Rejected(_) => two::MESSAGE_REJECTED,
        Error::MailFrom(_) => two::MAIL_FROM_DOMAIN_NOT_VERIFIED_EXCEPTION,
        Error::NoSuch(..) | Error::NoDestination { .. } => two::NOT_FOUND_EXCEPTION,
        Error::Exists(..) | Error::DestinationExists { .. } => two::ALREADY_EXISTS_EXCEPTION,
        Error::Limit(_) => two::LIMIT_EXCEEDED_EXCEPTION,
        Error::Throttled(what) => {
            return new(two::TOO_MANY_REQUESTS_EXCEPTION, what).with_kind(ErrorKind::Throttled);
        }
        Error::AccountPaused | Error::SetPaused(_) => two::SENDING_PAUSED_EXCEPTION,
        Error::NotServed(what, operation) => {
            return ServiceError::not_implemented("sesv2", operation).with_detail(what);
        }
        // It is made, and the operation begins anew: nobody is told.
        Error::NoSigningKey(_) => return ServiceError::unavailable(message),
        Error::Store(error) | Error::Commit(CommitError::Store(error)) => return store(&error),
        Error::Commit(error) => return commit(&error),
    };
    new(shape, message)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// What is said of an error; the two APIs differ in little.
fn words(error: &Error, version: Version) -> String {
    match error {
        Error::Unverified { addresses, region } => format!(
            "Email address is not verified. The following identities failed the check in region {}: {}",
            region.as_str().to_uppercase(),
            addresses.join(", ")
        ),
        Error::FromUnverified(address) => format!("The from email address <{address}> is not verified"),
        Error::MailFrom(domain) => format!("The MAIL FROM domain {domain} is not verified."),
        Error::NoSuch(thing, name) => no_such(*thing, name, version),
        Error::Exists(thing, name) => exists(*thing, name, version),
        Error::NoDestination { set, name } => {
            format!("An event destination with name <{name}> does not exist for configuration set <{set}>.")
        }
        Error::DestinationExists { set, name } => {
            format!("An event destination with name <{name}> already exists for configuration set <{set}>.")
        }
        Error::AccountPaused => "Account sending is disabled.".to_owned(),
        Error::SetPaused(name) => format!("Sending is paused for configuration set {name}"),
        Error::Active(name) => format!("Cannot delete active rule set: {name}"),
        Error::MissingAttribute(name) => format!("Attribute '{name}' is not present in the rendering data."),
        Error::PolicyDocument(what) => format!("Policy is invalid: {what}"),
        Error::Invalid(what)
        | Error::Constraint(what)
        | Error::Rejected(what)
        | Error::Limit(what)
        | Error::Template(what)
        | Error::RenderingData(what)
        | Error::CustomContent(what)
        | Error::Target { what, .. } => what.clone(),
        Error::Throttled(what) => (*what).to_owned(),
        Error::NotServed(..) | Error::NoSigningKey(_) | Error::Store(_) | Error::Commit(_) => error.to_string(),
    }
}

fn no_such(thing: Thing, name: &str, version: Version) -> String {
    match (thing, version) {
        (Thing::Identity, Version::One) => format!("Identity <{name}> does not exist."),
        (Thing::Identity, Version::Two) => format!("Email identity {name} does not exist."),
        (Thing::Policy, _) => format!("Policy <{name}> does not exist"),
        (Thing::ConfigurationSet, _) => format!("Configuration set <{name}> does not exist."),
        (Thing::TrackingOptions, _) => format!("There are no tracking options for configuration set <{name}>"),
        (Thing::Template, _) => format!("Template {name} does not exist."),
        (Thing::CustomTemplate, _) => format!("Custom verification email template <{name}> does not exist"),
        (Thing::RuleSet, _) => format!("Rule set does not exist: {name}"),
        (Thing::Rule, _) => format!("Rule does not exist: {name}"),
        (Thing::Filter, _) => format!("Receipt filter does not exist: {name}"),
        (Thing::Suppressed, _) => format!("Email address {name} does not exist on your suppression list."),
        (Thing::ContactList, _) => format!("List with name: {name} doesn't exist."),
        (Thing::Contact, _) => format!("{name} doesn't exist in List."),
        (Thing::Pool, _) => format!("The requested pool <{name}> does not exist."),
        (Thing::Tenant, _) => format!("Tenant {name} does not exist."),
        (Thing::Resource, _) => name.to_owned(),
    }
}

fn exists(thing: Thing, name: &str, version: Version) -> String {
    match (thing, version) {
        (Thing::Identity, _) => format!("Email identity {name} already exist."),
        (Thing::Policy, _) => format!("Policy <{name}> already exists"),
        (Thing::ConfigurationSet, _) => format!("Configuration set <{name}> already exists."),
        (Thing::TrackingOptions, _) => format!("Configuration set <{name}> already has tracking options."),
        (Thing::Template, _) => format!("Template {name} already exists."),
        (Thing::CustomTemplate, _) => format!("Custom verification email template <{name}> already exists"),
        (Thing::RuleSet, _) => format!("Rule set already exists: {name}"),
        (Thing::Rule, _) => format!("Rule already exists: {name}"),
        (Thing::Filter, _) => format!("Receipt filter already exists: {name}"),
        (Thing::Contact, _) => format!("{name} already exists in List."),
        (Thing::Pool, _) => format!("The pool <{name}> already exists."),
        (Thing::Suppressed | Thing::ContactList | Thing::Tenant | Thing::Resource, _) => {
            format!("{name} already exists.")
        }
    }
}

fn commit(error: &CommitError) -> ServiceError {
    match error {
        CommitError::Store(error) => store(error),
        CommitError::Conflict { .. } => ServiceError::unavailable(error.to_string()),
        CommitError::TooLarge { .. } => ServiceError::internal(error.to_string()),
    }
}

fn store(error: &StoreError) -> ServiceError {
    match error {
        StoreError::Unavailable { .. } | StoreError::Engine(_) => ServiceError::unavailable(error.to_string()),
        StoreError::Corrupt { .. } => ServiceError::internal(error.to_string()).with_kind(ErrorKind::Corrupt),
    }
}
