//! Which permissions operations need that need more than one.
//!
//! Sending needs the identity, and the configuration set and the template that are named; the sender, the
//! recipients and where bounces go are what conditions may be about. The action is about what is sent, not about
//! the operation: `SendEmail` of version 2 with a raw mail needs `ses:SendRawEmail`, and with a template
//! `ses:SendTemplatedEmail`, as refusals of the real service say.

use tidegate_api_ses as one;
use tidegate_api_sesv2 as two;
use tidegate_protocol::{Access, Call, Need, needs};

use super::access::Never;
use crate::domain::address::Mailbox;
use crate::domain::import::bucket_and_key;
use crate::domain::message::{Headers, with_crlf};
use crate::service::{Api, SesV1, SesV2};
use crate::store::Place;

/// What of a request to send permissions are about.
#[derive(Default)]
struct Asked<'a> {
    action: &'static str,
    /// Which version of the API.
    version: &'static str,
    /// Who it is from.
    from: Option<String>,
    /// The identity of another account that is used.
    lent: Option<&'a str>,
    /// Where bounces go.
    feedback: Option<String>,
    recipients: Vec<String>,
    set: Option<&'a str>,
    /// Names or ARNs.
    templates: Vec<&'a str>,
}

impl Asked<'_> {
    fn needs<A: Api>(self, api: &A, call: &Call) -> Result<Vec<Need>, Never> {
        let place = Place { account: call.account, region: call.region.clone() };
        let mailbox = self.from.as_deref().and_then(|from| Mailbox::parse(from).ok());
        let own = mailbox.as_ref().map(|mailbox| {
            let name = api.ses().directory.nearest(&place, &mailbox.address);
            place.arn(&format!("identity/{}", name.unwrap_or_else(|| mailbox.address.clone())))
        });
        let identity = self.lent.map(str::to_owned).or(own).unwrap_or_else(|| "*".to_owned());
        let set = self.set.filter(|name| !name.is_empty()).map(|name| place.arn(&format!("configuration-set/{name}")));
        let templates =
            self.templates.iter().filter(|name| !name.is_empty()).map(|name| match name.starts_with("arn:") {
                true => (*name).to_owned(),
                false => place.arn(&format!("template/{name}")),
            });
        let resources = std::iter::once(identity).chain(set).chain(templates);
        let with_keys = |resource| {
            Need::new(self.action, resource)
                .with("ses:ApiVersion", self.version)
                .with_some("ses:FromAddress", mailbox.as_ref().map(|mailbox| mailbox.address.clone()))
                .with_some(
                    "ses:FromDisplayName",
                    mailbox.as_ref().map(|own| own.name.clone()).filter(|name| !name.is_empty()),
                )
                .with_some("ses:FeedbackAddress", self.feedback.clone())
                .with_all("ses:Recipients", self.recipients.clone())
        };
        Ok(resources.map(with_keys).collect())
    }
}

/// The addresses of texts, without names. What cannot be read is refused by the operation itself.
fn addresses<'t>(texts: impl IntoIterator<Item = &'t String>) -> Vec<String> {
    let all = texts.into_iter().filter_map(|text| Mailbox::parse_list(text).ok());
    all.flatten().map(|mailbox| mailbox.address).collect()
}

/// An address without its name.
fn address(text: Option<&str>) -> Option<String> {
    let text = text.filter(|text| !text.is_empty())?;
    Some(Mailbox::parse(text).map_or_else(|_| text.to_owned(), |mailbox| mailbox.address))
}

/// A raw mail says itself who it is from and for, where the request does not.
fn raw<'a>(data: &[u8], asked: Asked<'a>, recipients: Vec<String>) -> Asked<'a> {
    let headers = Headers::read(&with_crlf(data));
    let from = headers.get("From").map(str::to_owned).or(asked.from);
    let named = ["To", "Cc", "Bcc"].iter().filter_map(|name| headers.get(name).map(str::to_owned)).collect::<Vec<_>>();
    let recipients = if recipients.is_empty() { addresses(&named) } else { recipients };
    let feedback = asked.feedback.or_else(|| address(headers.get("Return-Path")));
    Asked { from, recipients, feedback, ..asked }
}

fn to_one(destination: &Option<one::Destination>) -> Vec<String> {
    let own = destination.iter();
    addresses(own.flat_map(|own| [&own.to_addresses, &own.cc_addresses, &own.bcc_addresses]).flatten().flatten())
}

fn to_two(destination: &Option<two::Destination>) -> Vec<String> {
    let own = destination.iter();
    addresses(own.flat_map(|own| [&own.to_addresses, &own.cc_addresses, &own.bcc_addresses]).flatten().flatten())
}

/// The entries of version 1.
pub(super) fn v1() -> Vec<(&'static str, Access<SesV1>)> {
    vec![
        (
            "SendEmail",
            needs(|api: &SesV1, call: &Call, input: &one::SendEmailRequest| {
                let asked = Asked {
                    action: "ses:SendEmail",
                    version: "1",
                    from: input.source.clone(),
                    lent: input.source_arn.as_deref(),
                    feedback: address(input.return_path.as_deref()),
                    recipients: to_one(&input.destination),
                    set: input.configuration_set_name.as_deref(),
                    ..Asked::default()
                };
                asked.needs(api, call)
            }),
        ),
        (
            "SendRawEmail",
            needs(|api: &SesV1, call: &Call, input: &one::SendRawEmailRequest| {
                let asked = Asked {
                    action: "ses:SendRawEmail",
                    version: "1",
                    from: input.source.clone(),
                    lent: input.source_arn.as_deref().or(input.from_arn.as_deref()),
                    set: input.configuration_set_name.as_deref(),
                    ..Asked::default()
                };
                let data = input.raw_message.as_ref().and_then(|raw| raw.data.as_deref()).unwrap_or_default();
                raw(data, asked, addresses(input.destinations.iter().flatten())).needs(api, call)
            }),
        ),
        (
            "SendTemplatedEmail",
            needs(|api: &SesV1, call: &Call, input: &one::SendTemplatedEmailRequest| {
                let asked = Asked {
                    action: "ses:SendTemplatedEmail",
                    version: "1",
                    from: input.source.clone(),
                    lent: input.source_arn.as_deref(),
                    feedback: address(input.return_path.as_deref()),
                    recipients: to_one(&input.destination),
                    set: input.configuration_set_name.as_deref(),
                    templates: input.template_arn.as_deref().or(input.template.as_deref()).into_iter().collect(),
                };
                asked.needs(api, call)
            }),
        ),
        (
            "SendBulkTemplatedEmail",
            needs(|api: &SesV1, call: &Call, input: &one::SendBulkTemplatedEmailRequest| {
                let asked = Asked {
                    action: "ses:SendBulkTemplatedEmail",
                    version: "1",
                    from: input.source.clone(),
                    lent: input.source_arn.as_deref(),
                    feedback: address(input.return_path.as_deref()),
                    recipients: input.destinations.iter().flatten().flat_map(|own| to_one(&own.destination)).collect(),
                    set: input.configuration_set_name.as_deref(),
                    templates: input.template_arn.as_deref().or(input.template.as_deref()).into_iter().collect(),
                };
                asked.needs(api, call)
            }),
        ),
        (
            "SendBounce",
            needs(|api: &SesV1, call: &Call, input: &one::SendBounceRequest| {
                let asked = Asked {
                    action: "ses:SendBounce",
                    version: "1",
                    from: input.bounce_sender.clone(),
                    lent: input.bounce_sender_arn.as_deref(),
                    ..Asked::default()
                };
                asked.needs(api, call)
            }),
        ),
    ]
}

fn template(own: &two::Template) -> Option<&str> {
    own.template_arn.as_deref().or(own.template_name.as_deref())
}

/// The entries of version 2.
pub(super) fn v2() -> Vec<(&'static str, Access<SesV2>)> {
    vec![
        (
            "CreateImportJob",
            needs(|_: &SesV2, _: &Call, input: &two::CreateImportJobRequest| {
                let job = Need::anywhere("ses:CreateImportJob").with("ses:ApiVersion", "2");
                let url = input.import_data_source.as_ref().and_then(|source| source.s3_url.as_deref());
                // The file is read later, in nobody's name: so it is asked now whether the caller may read it.
                let file = url
                    .and_then(bucket_and_key)
                    .map(|(bucket, key)| Need::new("s3:GetObject", format!("arn:aws:s3:::{bucket}/{key}")));
                Ok::<_, Never>(std::iter::once(job).chain(file).collect::<Vec<Need>>())
            }),
        ),
        (
            "SendEmail",
            needs(|api: &SesV2, call: &Call, input: &two::SendEmailRequest| {
                let content = input.content.as_ref();
                let asked = Asked {
                    action: "ses:SendEmail",
                    version: "2",
                    from: input.from_email_address.clone(),
                    lent: input.from_email_address_identity_arn.as_deref(),
                    feedback: address(input.feedback_forwarding_email_address.as_deref()),
                    recipients: to_two(&input.destination),
                    set: input.configuration_set_name.as_deref(),
                    templates: Vec::new(),
                };
                if let Some(mail) = content.and_then(|content| content.raw.as_ref()) {
                    let recipients = asked.recipients.clone();
                    let asked = Asked { action: "ses:SendRawEmail", ..asked };
                    return raw(mail.data.as_deref().unwrap_or_default(), asked, recipients).needs(api, call);
                }
                match content.and_then(|content| content.template.as_ref()) {
                    Some(own) => {
                        let templates = template(own).into_iter().collect();
                        Asked { action: "ses:SendTemplatedEmail", templates, ..asked }.needs(api, call)
                    }
                    None => asked.needs(api, call),
                }
            }),
        ),
        (
            "SendBulkEmail",
            needs(|api: &SesV2, call: &Call, input: &two::SendBulkEmailRequest| {
                let own = input.default_content.as_ref().and_then(|content| content.template.as_ref());
                let asked = Asked {
                    action: "ses:SendBulkTemplatedEmail",
                    version: "2",
                    from: input.from_email_address.clone(),
                    lent: input.from_email_address_identity_arn.as_deref(),
                    feedback: address(input.feedback_forwarding_email_address.as_deref()),
                    recipients: input
                        .bulk_email_entries
                        .iter()
                        .flatten()
                        .flat_map(|own| to_two(&own.destination))
                        .collect(),
                    set: input.configuration_set_name.as_deref(),
                    templates: own.and_then(template).into_iter().collect(),
                };
                asked.needs(api, call)
            }),
        ),
    ]
}
