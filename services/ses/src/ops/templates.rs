//! Templates, and what they make of data.

use serde_json::{Map, Value};
use tidegate_store::StoreError;

use super::letters::why;
use super::sending::message_id;
use crate::desk::Desk;
use crate::domain::message::{Draft, Stamp, compose};
use crate::domain::rendering::{self, Fault};
use crate::domain::template::{CustomTemplate, Parts, Template};
use crate::error::{Error, Thing};

/// The most bytes of a template.
const MAX_BYTES: usize = 500 * 1024;

/// Checks a template that is to be stored.
pub(crate) fn check(name: &str, parts: &Parts) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::invalid("The name must be specified."));
    }
    if name.len() > 64 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)) {
        return Err(Error::invalid(format!(
            "Invalid template name <{name}>: only alphanumeric ASCII characters, '_', and '-' are allowed, at most 64."
        )));
    }
    if parts.subject.is_none() {
        return Err(Error::invalid("The subject must be specified."));
    }
    let bytes: usize = [&parts.subject, &parts.text, &parts.html].into_iter().flatten().map(String::len).sum();
    if bytes > MAX_BYTES {
        return Err(Error::Template("Template size exceeds 500 KB.".to_owned()));
    }
    rendering::check(parts).map_err(|fault| Error::Template(why(&fault)))
}

/// The template of this name.
pub(crate) async fn find(desk: &mut Desk<'_>, name: &str) -> Result<Template, Error> {
    desk.shelf.find(name).await?.ok_or_else(|| Error::NoSuch(Thing::Template, name.to_owned()))
}

/// The template that an ARN names: of this account and region.
pub(crate) fn name_of_arn(arn: &str) -> Result<&str, Error> {
    match arn.split_once(":template/") {
        Some((_, name)) if !name.is_empty() => Ok(name),
        _ => Err(Error::invalid(format!("Invalid ARN: {arn}"))),
    }
}

/// Stores a new template.
pub(crate) async fn create(desk: &mut Desk<'_>, template: Template) -> Result<(), Error> {
    check(&template.name, &template.parts)?;
    if desk.shelf.find::<Template>(&template.name).await?.is_some() {
        return Err(Error::Exists(Thing::Template, template.name));
    }
    desk.shelf.put(&template);
    Ok(())
}

/// Replaces a template's parts.
pub(crate) async fn update(desk: &mut Desk<'_>, name: &str, parts: Parts) -> Result<(), Error> {
    check(name, &parts)?;
    let template = find(desk, name).await?;
    desk.shelf.put(&Template { parts, ..template });
    Ok(())
}

/// The mail that a template makes of data, for whoever tries it.
pub(crate) async fn test(desk: &mut Desk<'_>, name: &str, data: &str) -> Result<String, Error> {
    let template = find(desk, name).await?;
    let rendered = rendering::data(data).and_then(|data| rendering::render(&template.parts, &data));
    let rendered = rendered.map_err(|fault| match fault {
        Fault::Missing(name) => Error::MissingAttribute(name),
        Fault::Data(what) => Error::RenderingData(what),
        Fault::Template(what) => Error::Template(what),
    })?;
    let draft = Draft { subject: rendered.subject, text: rendered.text, html: rendered.html, ..Draft::default() };
    let stamp = Stamp { message_id: format!("{}@email.amazonses.com", message_id(desk)), date: desk.now };
    Ok(String::from_utf8_lossy(&compose(draft, Some(&stamp))).into_owned())
}

/// What a template makes of data that are given as text; the defaults are below them.
pub(crate) fn render(parts: &Parts, defaults: Option<&str>, data: Option<&str>) -> Result<rendering::Rendered, Fault> {
    let read = |text: Option<&str>| match text.filter(|text| !text.trim().is_empty()) {
        Some(text) => rendering::data(text),
        None => Ok(Map::<String, Value>::new()),
    };
    let all = rendering::merged(&read(defaults)?, read(data)?);
    rendering::render(parts, &all)
}

/// Checks a template of verification mails that is to be stored.
pub(crate) async fn check_custom(desk: &mut Desk<'_>, template: &CustomTemplate) -> Result<(), Error> {
    let is_url = |url: &str| {
        ["http://", "https://"].iter().any(|start| url.strip_prefix(start).is_some_and(|rest| !rest.is_empty()))
    };
    if !is_url(&template.success_url) {
        return Err(Error::invalid("The success redirection URL is invalid"));
    }
    if !is_url(&template.failure_url) {
        return Err(Error::invalid("The failure redirection URL is invalid"));
    }
    if template.content.trim().is_empty() || template.content.len() > 10 * 1024 * 1024 {
        return Err(Error::CustomContent("The content of the template is invalid".to_owned()));
    }
    match desk.shelf.verified(&template.from).await? {
        Some(_) => Ok(()),
        None => Err(Error::FromUnverified(template.from.clone())),
    }
}

/// The template of verification mails of this name.
pub(crate) async fn find_custom(desk: &mut Desk<'_>, name: &str) -> Result<CustomTemplate, Error> {
    desk.shelf.find(name).await?.ok_or_else(|| Error::NoSuch(Thing::CustomTemplate, name.to_owned()))
}

/// Stores a new template of verification mails.
pub(crate) async fn create_custom(desk: &mut Desk<'_>, template: CustomTemplate) -> Result<(), Error> {
    check_custom(desk, &template).await?;
    if desk.shelf.find::<CustomTemplate>(&template.name).await?.is_some() {
        return Err(Error::Exists(Thing::CustomTemplate, template.name));
    }
    desk.shelf.put(&template);
    Ok(())
}

/// Removes a template of verification mails, if it is there. Returns whether it was.
pub(crate) async fn delete_custom(desk: &mut Desk<'_>, name: &str) -> Result<bool, StoreError> {
    let was = desk.shelf.find::<CustomTemplate>(name).await?.is_some();
    desk.shelf.remove::<CustomTemplate>(name);
    Ok(was)
}

/// Asks the owner of an address with a mail of one's own.
pub(crate) async fn send_custom(
    desk: &mut Desk<'_>,
    address: &str,
    name: &str,
    configuration_set: Option<&str>,
) -> Result<String, Error> {
    super::identities::check_address(address)?;
    let template = find_custom(desk, name).await?;
    if let Some(set) = configuration_set.filter(|set| !set.is_empty()) {
        let set = desk.shelf.set(set).await?;
        if !set.sending_enabled {
            return Err(Error::SetPaused(set.name));
        }
    }
    if desk.shelf.verified(&template.from).await?.is_none() {
        return Err(Error::FromUnverified(template.from));
    }
    let identity = super::identities::begin(desk, address).await?;
    let link = super::identities::link(desk, &identity);
    let html = format!("{}<br/><a href=\"{link}\">{link}</a>", template.content);
    let draft = Draft { subject: template.subject, html: Some(html), ..Draft::default() };
    super::identities::ask_with(desk, &identity, &template.from, draft).await
}
