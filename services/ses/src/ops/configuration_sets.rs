//! Configuration sets and their event destinations.

use crate::desk::Desk;
use crate::domain::configuration_set::{ConfigurationSet, Destination, EventTarget, is_plain_name};
use crate::domain::identity::is_domain;
use crate::error::{Error, Target, Thing};

/// The most event destinations of a set.
const MAX_DESTINATIONS: usize = 10;

/// Stores a new set.
pub(crate) async fn create(desk: &mut Desk<'_>, set: ConfigurationSet) -> Result<(), Error> {
    if !is_plain_name(&set.name) {
        let text = format!(
            "Invalid configuration set name <{}>: only alphanumeric ASCII characters, '_', and '-' are allowed.",
            set.name
        );
        return Err(Error::invalid(text));
    }
    if set.name.len() > 64 {
        return Err(Error::invalid("Configuration set name cannot exceed 64 characters."));
    }
    if desk.shelf.find::<ConfigurationSet>(&set.name).await?.is_some() {
        return Err(Error::Exists(Thing::ConfigurationSet, set.name));
    }
    desk.shelf.put(&set);
    Ok(())
}

/// Changes a set.
pub(crate) async fn change(
    desk: &mut Desk<'_>,
    name: &str,
    change: impl FnOnce(&mut ConfigurationSet) -> Result<(), Error> + Send,
) -> Result<(), Error> {
    let mut set = desk.shelf.set(name).await?;
    change(&mut set)?;
    desk.shelf.put(&set);
    Ok(())
}

/// Removes a set.
pub(crate) async fn delete(desk: &mut Desk<'_>, name: &str) -> Result<(), Error> {
    desk.shelf.set(name).await?;
    desk.shelf.remove::<ConfigurationSet>(name);
    Ok(())
}

/// Checks an event destination. What it names must be of the right kind; whether it exists shows when
/// something is sent to it.
fn check(destination: &Destination) -> Result<(), Error> {
    let Destination { name, events, target, .. } = destination;
    if name.len() > 64 {
        return Err(Error::invalid("Event destination name cannot exceed 64 characters."));
    }
    if !is_plain_name(name) {
        return Err(Error::invalid(format!(
            "Invalid event destination name <{name}>: only alphanumeric ASCII characters, '_', and '-' are allowed."
        )));
    }
    if events.is_empty() {
        return Err(Error::invalid("At least one event type must be specified."));
    }
    let is = |arn: &str, service: &str| {
        let parsed: Result<tidegate_types::Arn, _> = arn.parse();
        parsed.is_ok_and(|arn| arn.service == service)
    };
    let fault = |target, what: String| Err(Error::Target { target, what });
    match target {
        EventTarget::Sns(arn) if !is(arn, "sns") => {
            fault(Target::SnsDestination, format!("Invalid SNS topic ARN provided: {arn}."))
        }
        EventTarget::EventBridge(arn) if !is(arn, "events") || !arn.ends_with(":event-bus/default") => {
            Err(Error::invalid(format!("Invalid EventBridge event bus ARN provided: {arn}.")))
        }
        EventTarget::CloudWatch(dimensions) if dimensions.is_empty() => {
            fault(Target::CloudWatch, "CloudWatch metrics dimension configuration list cannot be empty.".to_owned())
        }
        EventTarget::Firehose { role, .. } if !is(role, "iam") => {
            fault(Target::Firehose, format!("Invalid IAM role ARN provided: {role}."))
        }
        EventTarget::Firehose { stream, .. } if !is(stream, "firehose") => {
            fault(Target::Firehose, format!("Invalid delivery stream ARN provided: {stream}."))
        }
        EventTarget::Pinpoint(Some(arn)) if !is(arn, "mobiletargeting") => {
            Err(Error::invalid(format!("Invalid Pinpoint application ARN provided: {arn}.")))
        }
        _ => Ok(()),
    }
}

/// Adds an event destination.
pub(crate) async fn add_destination(desk: &mut Desk<'_>, set: &str, destination: Destination) -> Result<(), Error> {
    let mut found = desk.shelf.set(set).await?;
    check(&destination)?;
    if found.destination(&destination.name).is_some() {
        return Err(Error::DestinationExists { set: set.to_owned(), name: destination.name });
    }
    if found.destinations.len() >= MAX_DESTINATIONS {
        let text =
            format!("Number of event destinations exceeds the limit of {MAX_DESTINATIONS} per configuration set.");
        return Err(Error::Limit(text));
    }
    greet(desk, set, &destination).await?;
    found.destinations.push(destination);
    desk.shelf.put(&found);
    Ok(())
}

/// Replaces an event destination.
pub(crate) async fn replace_destination(desk: &mut Desk<'_>, set: &str, new: Destination) -> Result<(), Error> {
    let mut found = desk.shelf.set(set).await?;
    check(&new)?;
    let Some(own) = found.destination(&new.name) else {
        return Err(Error::NoDestination { set: set.to_owned(), name: new.name });
    };
    let is_new_target = own.target != new.target;
    *own = new.clone();
    if is_new_target {
        greet(desk, set, &new).await?;
    }
    desk.shelf.put(&found);
    Ok(())
}

async fn greet(desk: &mut Desk<'_>, set: &str, destination: &Destination) -> Result<(), Error> {
    if let EventTarget::Sns(topic) = &destination.target {
        let place = desk.shelf.place.clone();
        desk.ses.greet(desk.shelf.tx, &place, set, topic, desk.now).await?;
    }
    Ok(())
}

/// Removes an event destination.
pub(crate) async fn remove_destination(desk: &mut Desk<'_>, set: &str, name: &str) -> Result<(), Error> {
    let mut found = desk.shelf.set(set).await?;
    if found.destination(name).is_none() {
        return Err(Error::NoDestination { set: set.to_owned(), name: name.to_owned() });
    }
    found.destinations.retain(|own| own.name != name);
    desk.shelf.put(&found);
    Ok(())
}

/// The domain of links, which must be verified.
pub(crate) async fn redirect_domain(desk: &mut Desk<'_>, domain: Option<&str>) -> Result<String, Error> {
    let fault = |what: String| Error::Target { target: Target::Tracking, what };
    let Some(domain) = domain.filter(|domain| !domain.is_empty()) else {
        return Err(fault("At least one field of TrackingOptions must contain a value.".to_owned()));
    };
    let verified = match is_domain(domain) {
        true => desk.shelf.verified(&format!("_@{domain}")).await?,
        false => None,
    };
    match verified {
        Some(_) => Ok(domain.to_ascii_lowercase()),
        None => Err(fault(format!("Domain <{domain}> is not verified under this account."))),
    }
}
