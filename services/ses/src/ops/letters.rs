//! What a request wants to be sent, read and checked.

use crate::domain::address::{Fault, Mailbox};
use crate::domain::configuration_set::is_plain_name;
use crate::domain::message::{Draft, Headers, with_crlf};
use crate::domain::rendering;
use crate::error::Error;

/// The most recipients of a mail.
pub(crate) const MAX_RECIPIENTS: usize = 50;
/// The most bytes of a mail, in version 1 of the API.
pub(crate) const MAX_BYTES_V1: usize = 10 * 1024 * 1024;
/// The most bytes of a mail, in version 2 of the API.
pub(crate) const MAX_BYTES_V2: usize = 40 * 1024 * 1024;

/// Something to be sent.
pub(crate) struct Letter {
    /// By which operation.
    pub(crate) operation: &'static str,
    /// Who sends it.
    pub(crate) source: Mailbox,
    /// Who it says that it is from, if that is somebody else.
    pub(crate) from: Option<Mailbox>,
    /// Where bounces go.
    pub(crate) return_path: Option<Mailbox>,
    /// The identity of another account that is used.
    pub(crate) source_arn: Option<String>,
    /// Who gets it.
    pub(crate) recipients: Vec<Mailbox>,
    /// The configuration set that it names.
    pub(crate) configuration_set: Option<String>,
    /// Its tags.
    pub(crate) tags: Vec<(String, String)>,
    /// The contact list that it is for, and the topic.
    pub(crate) list: Option<(String, Option<String>)>,
    /// What is in it.
    pub(crate) content: Content,
    /// The most bytes it may have.
    pub(crate) max_bytes: usize,
}

/// What is in a mail.
pub(crate) enum Content {
    /// Parts.
    Draft(Box<Draft>),
    /// The whole mail.
    Mime(Vec<u8>),
    /// A template that could not be rendered, and why. Nobody is told in the answer: "the email will not be
    /// sent", and an event says so.
    Unrendered { template: String, why: String, draft: Box<Draft> },
}

/// An address of a request.
pub(crate) fn mailbox(text: &str) -> Result<Mailbox, Error> {
    Mailbox::parse(text).map_err(|Fault(what)| Error::invalid(what))
}

/// Addresses of a request.
pub(crate) fn mailboxes(texts: Option<&Vec<String>>) -> Result<Vec<Mailbox>, Error> {
    let mut all = Vec::new();
    for text in texts.into_iter().flatten() {
        match Mailbox::parse_list(text) {
            Ok(some) if !some.is_empty() => all.extend(some),
            Ok(_) => return Err(Error::invalid("Empty address")),
            Err(Fault(what)) => return Err(Error::invalid(what)),
        }
    }
    Ok(all)
}

/// Checks how many there are.
pub(crate) fn counted(recipients: &[Mailbox]) -> Result<(), Error> {
    match recipients.len() {
        0 => Err(Error::invalid("Missing required header 'To'.")),
        count if count > MAX_RECIPIENTS => Err(Error::invalid(format!("Recipient count exceeds {MAX_RECIPIENTS}."))),
        _ => Ok(()),
    }
}

/// Tags of a mail.
pub(crate) fn tags<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Vec<(String, String)>, Error> {
    let mut all: Vec<(String, String)> = Vec::new();
    for (name, value) in pairs {
        if name.is_empty() {
            return Err(Error::invalid("The tag name must be specified."));
        }
        if value.is_empty() {
            return Err(Error::invalid("The tag value must be specified."));
        }
        if name.len() > 256 || value.len() > 256 {
            return Err(Error::invalid("The length of a tag's name and value cannot exceed 256 characters."));
        }
        if !is_plain_name(name.strip_prefix("ses:").unwrap_or(name)) {
            let text =
                format!("Invalid tag name <{name}>: only alphanumeric ASCII characters, '_', and '-' are allowed.");
            return Err(Error::invalid(text));
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.@".contains(&b);
        if !value.bytes().all(allowed) {
            let text = format!(
                "Invalid tag value <{value}>: only alphanumeric ASCII characters, '_', '-', '.', and '@' are allowed."
            );
            return Err(Error::invalid(text));
        }
        if all.iter().any(|(own, _)| own == name) {
            return Err(Error::invalid(format!("Duplicate tag <{name}>.")));
        }
        all.push((name.to_owned(), value.to_owned()));
    }
    Ok(all)
}

/// The parts of a template as a mail's, or why there are none.
pub(crate) fn rendered(
    template: &str,
    rendered: Result<rendering::Rendered, rendering::Fault>,
    draft: Draft,
) -> Content {
    match rendered {
        Ok(rendered) => Content::Draft(Box::new(Draft {
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            ..draft
        })),
        Err(fault) => Content::Unrendered { template: template.to_owned(), why: why(&fault), draft: Box::new(draft) },
    }
}

/// What is said of a template that could not be rendered.
pub(crate) fn why(fault: &rendering::Fault) -> String {
    match fault {
        rendering::Fault::Missing(name) => format!("Attribute '{name}' is not present in the rendering data."),
        rendering::Fault::Data(what) | rendering::Fault::Template(what) => what.clone(),
    }
}

/// What a raw mail says of itself.
pub(crate) struct Raw {
    /// The mail, its lines ended by CR LF.
    pub(crate) mime: Vec<u8>,
    /// Its headers.
    pub(crate) headers: Headers,
}

/// What a request says beside a raw mail.
pub(crate) struct Beside<'a> {
    pub(crate) operation: &'static str,
    pub(crate) source: Option<&'a str>,
    pub(crate) destinations: Option<Vec<Mailbox>>,
    pub(crate) return_path: Option<&'a str>,
    pub(crate) source_arn: Option<String>,
    pub(crate) configuration_set: Option<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) max_bytes: usize,
}

impl Raw {
    /// Reads it.
    pub(crate) fn read(data: &[u8], max_bytes: usize) -> Result<Raw, Error> {
        too_long(data.len(), max_bytes)?;
        let mime = with_crlf(data).into_owned();
        let headers = Headers::read(&mime);
        if let Some(name) = headers.doubled() {
            return Err(Error::invalid(format!("Duplicate header '{name}'.")));
        }
        Ok(Raw { mime, headers })
    }

    fn addresses(&self, header: &str) -> Result<Vec<Mailbox>, Error> {
        let value = self.headers.get(header).unwrap_or_default();
        Mailbox::parse_list(value).map_err(|Fault(what)| Error::invalid(what))
    }

    /// What is to be sent.
    pub(crate) fn into_letter(self, beside: Beside<'_>) -> Result<Letter, Error> {
        let own = |name: &str| self.headers.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let from = self.addresses("From")?.into_iter().next();
        let source = match (beside.source.filter(|source| !source.is_empty()), &from) {
            (Some(source), _) => mailbox(source)?,
            (None, Some(from)) => from.clone(),
            (None, None) => return Err(Error::invalid("Missing required header 'From'.")),
        };
        let recipients = match beside.destinations {
            Some(destinations) => destinations,
            None => [self.addresses("To")?, self.addresses("Cc")?, self.addresses("Bcc")?].concat(),
        };
        counted(&recipients)?;
        let return_path = match beside.return_path.map(str::to_owned).or_else(|| own("Return-Path")) {
            Some(path) => Some(mailbox(&path)?),
            None => None,
        };
        let mut all_tags = beside.tags;
        if let Some(text) = own("X-SES-MESSAGE-TAGS") {
            let pairs = text.split(',').filter_map(|pair| pair.trim().split_once('='));
            let more = tags(pairs.map(|(name, value)| (name.trim(), value.trim())))?;
            all_tags.extend(
                more.into_iter()
                    .filter(|(name, _)| !all_tags.iter().any(|(known, _)| known == name))
                    .collect::<Vec<_>>(),
            );
        }
        Ok(Letter {
            operation: beside.operation,
            from: from.filter(|from| from.address != source.address),
            source,
            return_path,
            source_arn: beside.source_arn.or_else(|| own("X-SES-SOURCE-ARN")),
            recipients,
            configuration_set: beside.configuration_set.or_else(|| own("X-SES-CONFIGURATION-SET")),
            tags: all_tags,
            list: list_options(own("X-SES-LIST-MANAGEMENT-OPTIONS").as_deref()),
            content: Content::Mime(self.mime),
            max_bytes: beside.max_bytes,
        })
    }
}

/// `contactListName; topic=topicName`, or without a topic.
fn list_options(text: Option<&str>) -> Option<(String, Option<String>)> {
    let text = text?.trim_matches(['{', '}']);
    let (list, topic) = text.split_once([';', ',']).map_or((text, None), |(list, topic)| (list, Some(topic)));
    let value = |text: &str| text.trim().rsplit_once('=').map_or(text, |(_, value)| value).trim().to_owned();
    Some((value(list), topic.map(value)))
}

/// Checks a mail's size.
pub(crate) fn too_long(bytes: usize, max_bytes: usize) -> Result<(), Error> {
    match bytes > max_bytes {
        true => Err(Error::invalid(format!("Message length is more than {max_bytes} bytes long: '{bytes}'."))),
        false => Ok(()),
    }
}
