//! What a response says, once it is known who says it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roxmltree::Node;
use tidegate_types::Timestamp;

use super::signature::is_signed;
use super::{ASSERTION, DSIG, Fault, Metadata, PROTOCOL, children, only, parse, text_of};

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const NAME_FORMAT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:";
/// How long an assertion can be redeemed: so long after it was issued, and so much before by another clock.
const REDEEMED_MS: u64 = 5 * 60 * 1000;
/// Whom assertions for AWS are for.
const AUDIENCES: [&str; 2] = ["urn:amazon:webservices", "https://signin.aws.amazon.com/saml"];

/// What a verified assertion says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// Who made it.
    pub issuer: String,
    /// Whom it is about.
    pub subject: String,
    /// `persistent`, `transient`, or another format's name.
    pub subject_type: String,
    /// Where it was to be presented.
    pub recipient: String,
    /// When whoever signed in with it has to sign in anew.
    pub session_end: Option<Timestamp>,
    /// Its attributes, by name.
    pub attributes: BTreeMap<String, Vec<String>>,
}

impl Assertion {
    /// The only value of an attribute.
    ///
    /// # Errors
    /// [`Fault::Malformed`] if there are several: which of them counts is nothing to be guessed.
    pub fn attribute(&self, name: &str) -> Result<Option<&str>, Fault> {
        match self.attributes.get(name).map_or(&[][..], Vec::as_slice) {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => Err(Fault::Malformed("an attribute has several values")),
        }
    }
}

/// Reads a response (in base64), verifies it with the provider's keys and holds it against this moment.
///
/// # Errors
/// [`Fault`].
pub fn read(encoded: &str, provider: &Metadata, now: Timestamp) -> Result<Assertion, Fault> {
    let encoded: String = encoded.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(encoded).map_err(|_| Fault::Malformed("it is not in base64"))?;
    let text = String::from_utf8(bytes).map_err(|_| Fault::Malformed("it is not in UTF-8"))?;
    let document = parse(&text)?;
    let response = document.root_element();
    let assertion = the_assertion(response)?;
    let issuer = only(assertion, ASSERTION, "Issuer").and_then(text_of);
    let issuer = issuer.ok_or(Fault::Malformed("it has no issuer"))?;
    if issuer != provider.entity {
        return Err(Fault::Issuer);
    }
    // What one of them signs is all that is read below; one that is there and does not hold is never passed over.
    let is_all_signed = is_signed(response, &provider.keys)?;
    if !is_signed(assertion, &provider.keys)? && !is_all_signed {
        return Err(Fault::Signature("there is none"));
    }
    if let Some(issuer) = only(response, ASSERTION, "Issuer").and_then(text_of)
        && issuer != provider.entity
    {
        return Err(Fault::Issuer);
    }
    let status = only(response, PROTOCOL, "Status").and_then(|status| only(status, PROTOCOL, "StatusCode"));
    if status.and_then(|status| status.attribute("Value")) != Some(SUCCESS) {
        return Err(Fault::Malformed("it tells of no success"));
    }
    issued(assertion, now)?;
    conditions(assertion, now)?;
    let subject = only(assertion, ASSERTION, "Subject").ok_or(Fault::Malformed("it has no subject"))?;
    let recipient = confirmed(subject, now)?;
    let name = only(subject, ASSERTION, "NameID").ok_or(Fault::Malformed("it has no subject"))?;
    let format = name.attribute("Format").unwrap_or("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified");
    Ok(Assertion {
        issuer,
        subject: text_of(name).filter(|name| !name.is_empty()).ok_or(Fault::Malformed("it has no subject"))?,
        subject_type: format.strip_prefix(NAME_FORMAT).unwrap_or(format).to_owned(),
        recipient,
        session_end: session_end(assertion, now)?,
        attributes: attributes(assertion)?,
    })
}

/// The one assertion, after the document was seen to hold nothing that could be taken for another.
fn the_assertion<'a, 'i>(response: Node<'a, 'i>) -> Result<Node<'a, 'i>, Fault> {
    if !response.has_tag_name((PROTOCOL, "Response")) {
        return Err(Fault::Malformed("it is no response"));
    }
    let mut ids: Vec<&str> = Vec::new();
    for node in response.descendants().filter(Node::is_element) {
        let ids_of = node.attributes().filter(|attribute| attribute.name().eq_ignore_ascii_case("id"));
        ids.extend(ids_of.map(|attribute| attribute.value()));
        let is_foreign = node.tag_name().name() == "Assertion" && node.parent() != Some(response);
        let is_stray_signature = node.has_tag_name((DSIG, "Signature"))
            && node.parent().is_none_or(|parent| {
                parent != response
                    && !(parent.has_tag_name((ASSERTION, "Assertion")) && parent.parent() == Some(response))
            });
        if is_foreign || is_stray_signature {
            return Err(Fault::Malformed("it has assertions or signatures within others"));
        }
        if node.tag_name().name().starts_with("Encrypted") {
            return Err(Fault::Malformed("it is encrypted"));
        }
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != count {
        return Err(Fault::Malformed("an id occurs twice"));
    }
    only(response, ASSERTION, "Assertion").ok_or(Fault::Malformed("it does not have one assertion"))
}

fn time(text: &str) -> Result<Timestamp, Fault> {
    let instant = text.parse::<jiff::Timestamp>().ok();
    let millis = instant.and_then(|instant| u64::try_from(instant.as_millisecond()).ok());
    millis.map(Timestamp::from_millis).ok_or(Fault::Malformed("a time is none"))
}

/// Whether an element's times let it hold now.
fn holds(node: Node<'_, '_>, now: Timestamp) -> Result<(), Fault> {
    let at = |name| node.attribute(name).map(time).transpose();
    let is_early = at("NotBefore")?.is_some_and(|begin| now < begin);
    let is_late = at("NotOnOrAfter")?.is_some_and(|end| now >= end);
    if is_early || is_late { Err(Fault::Expired) } else { Ok(()) }
}

/// Whether it was issued just now.
fn issued(assertion: Node<'_, '_>, now: Timestamp) -> Result<(), Fault> {
    let at = assertion.attribute("IssueInstant").ok_or(Fault::Malformed("it has no time"))?;
    let at = time(at)?;
    let is_late = now > at.plus_millis(REDEEMED_MS);
    let is_early = at > now.plus_millis(REDEEMED_MS);
    if is_early || is_late { Err(Fault::Expired) } else { Ok(()) }
}

/// The first end of the sessions that its statements tell of; none of them may be over.
fn session_end(assertion: Node<'_, '_>, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let statements = children(assertion, ASSERTION, "AuthnStatement");
    let ends = statements.filter_map(|statement| statement.attribute("SessionNotOnOrAfter")).map(time);
    let end = ends.collect::<Result<Vec<_>, _>>()?.into_iter().min();
    if end.is_some_and(|end| now >= end) { Err(Fault::Expired) } else { Ok(end) }
}

fn conditions(assertion: Node<'_, '_>, now: Timestamp) -> Result<(), Fault> {
    let conditions = only(assertion, ASSERTION, "Conditions").ok_or(Fault::Audience)?;
    holds(conditions, now)?;
    let mut restrictions = children(conditions, ASSERTION, "AudienceRestriction").peekable();
    if restrictions.peek().is_none() {
        return Err(Fault::Audience);
    }
    // Each restriction must be met; one of its audiences does.
    let is_for_us = |restriction: Node<'_, '_>| {
        children(restriction, ASSERTION, "Audience")
            .filter_map(text_of)
            .any(|audience| AUDIENCES.contains(&audience.as_str()) || is_sign_in(&audience))
    };
    if restrictions.all(is_for_us) { Ok(()) } else { Err(Fault::Audience) }
}

/// AWS's page that takes assertions, everywhere or of a region.
fn is_sign_in(url: &str) -> bool {
    let place = url.strip_prefix("https://").and_then(|rest| rest.split_once('/'));
    place.is_some_and(|(host, path)| {
        (host == "signin.aws.amazon.com" || host.ends_with(".signin.aws.amazon.com"))
            && (path == "saml" || path.starts_with("saml/acs/"))
    })
}

/// Where the bearer was to present it; it must do so in time.
fn confirmed(subject: Node<'_, '_>, now: Timestamp) -> Result<String, Fault> {
    let bearers = children(subject, ASSERTION, "SubjectConfirmation")
        .filter(|confirmation| confirmation.attribute("Method") == Some(BEARER));
    let mut late = false;
    for data in bearers.filter_map(|confirmation| only(confirmation, ASSERTION, "SubjectConfirmationData")) {
        let Some(recipient) = data.attribute("Recipient").filter(|recipient| is_sign_in(recipient)) else { continue };
        if data.attribute("NotOnOrAfter").is_some() && holds(data, now).is_ok() {
            return Ok(recipient.to_owned());
        }
        late = true;
    }
    Err(if late { Fault::Expired } else { Fault::Audience })
}

fn attributes(assertion: Node<'_, '_>) -> Result<BTreeMap<String, Vec<String>>, Fault> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let statements = children(assertion, ASSERTION, "AttributeStatement");
    for attribute in statements.flat_map(|statement| children(statement, ASSERTION, "Attribute")) {
        let name = attribute.attribute("Name").ok_or(Fault::Malformed("an attribute has no name"))?;
        let values = found.entry(name.to_owned()).or_default();
        for value in children(attribute, ASSERTION, "AttributeValue") {
            values.push(text_of(value).ok_or(Fault::Malformed("an attribute is not a text"))?);
        }
    }
    Ok(found)
}
