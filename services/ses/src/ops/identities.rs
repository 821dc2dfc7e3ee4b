//! Identities: made, verified, and told that they are.

use tidegate_mail::Outgoing;
use tidegate_policy::Document;
use tidegate_store::StoreError;

use super::sending::message_id;
use crate::desk::Desk;
use crate::domain::address::{self, Mailbox};
use crate::domain::configuration_set::is_plain_name;
use crate::domain::identity::{Identity, Status, canonical, is_domain};
use crate::domain::message::{Draft, Stamp, compose};
use crate::domain::signing_key::SigningKey;
use crate::error::Error;
use crate::service::Verification;

/// The most policies of an identity.
const MAX_POLICIES: usize = 20;

/// Where the link of a verification mail leads.
pub(crate) const VERIFY_PATH: &str = "ses/verify";

/// Letters and digits of AWS's tokens.
const TOKEN_LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A token of `length` letters and digits.
pub(crate) fn token(desk: &Desk<'_>, length: usize) -> String {
    let mut bytes = vec![0; length];
    desk.ses.env.fill_random(&mut bytes);
    bytes.iter().map(|byte| char::from(TOKEN_LETTERS[usize::from(byte % 32)])).collect()
}

/// Checks an address that is to be verified.
pub(crate) fn check_address(address: &str) -> Result<(), Error> {
    if address.trim().is_empty() {
        return Err(Error::invalid("Email address not specified."));
    }
    match address::check(address) {
        Ok(()) if address.len() <= 320 => Ok(()),
        _ => Err(Error::invalid(format!("Invalid email address<{address}>."))),
    }
}

/// Checks a domain that is to be verified.
pub(crate) fn check_domain(domain: &str) -> Result<(), Error> {
    if is_domain(domain) { Ok(()) } else { Err(Error::invalid(format!("Invalid domain name {domain}."))) }
}

/// The identity of this name: the one that is there, or a new one that is then put down.
pub(crate) async fn begin(desk: &mut Desk<'_>, name: &str) -> Result<Identity, StoreError> {
    let name = canonical(name);
    if let Some(found) = desk.shelf.find::<Identity>(&name).await? {
        return Ok(found);
    }
    let token = base64_token(desk);
    let mut identity = Identity::new(&name, desk.millis(), token);
    settle(desk, &mut identity);
    desk.shelf.put(&identity);
    Ok(identity)
}

/// Forgets an identity, and its key with it.
pub(crate) fn forget(desk: &mut Desk<'_>, name: &str) {
    let name = canonical(name);
    desk.shelf.remove::<Identity>(&name);
    desk.shelf.remove::<SigningKey>(&name);
}

/// A token as a domain's `_amazonses` record holds it: 32 bytes.
fn base64_token(desk: &Desk<'_>) -> String {
    use base64::Engine as _;
    let mut bytes = [0; 32];
    desk.ses.env.fill_random(&mut bytes);
    // Of the alphabet of URLs: it also ends the verification link.
    base64::engine::general_purpose::URL_SAFE.encode(bytes)
}

/// Verifies what waits, where identities verify themselves.
pub(crate) fn settle(desk: &Desk<'_>, identity: &mut Identity) {
    if desk.ses.options.verification == Verification::Auto {
        identity.verify(desk.millis());
    }
}

/// Sends the mail that asks the owner of an address.
pub(crate) async fn ask(desk: &mut Desk<'_>, identity: &Identity) -> Result<(), Error> {
    let link = link(desk, identity);
    let text = format!(
        "Dear Amazon Web Services Customer,\n\n\
         We have received a request to authorize this email address for use with Amazon SES in region {}. If you \
         requested this verification, please go to the following URL to confirm that you are authorized to use this \
         email address:\n\n{link}\n\n\
         Your request will not be processed unless you confirm the address using this URL.\n",
        desk.shelf.place.region
    );
    let subject =
        format!("Amazon Web Services – Email Address Verification Request in region {}", desk.shelf.place.region);
    let draft = Draft { subject, text: Some(text), ..Draft::default() };
    ask_with(desk, identity, "no-reply-aws@amazon.com", draft).await.map(drop)
}

/// The link that verifies an identity.
pub(crate) fn link(desk: &Desk<'_>, identity: &Identity) -> String {
    format!("{}/_tidegate/{VERIFY_PATH}?token={}", desk.call.base_url.trim_end_matches('/'), identity.token)
}

/// Sends a mail to the owner of an address. What it answers is the mail's id.
pub(crate) async fn ask_with(
    desk: &mut Desk<'_>,
    identity: &Identity,
    from: &str,
    draft: Draft,
) -> Result<String, Error> {
    let id = message_id(desk);
    let mailbox = |address: &str| Mailbox { name: String::new(), address: address.to_owned() };
    let draft = Draft { from: Some(mailbox(from)), to: vec![mailbox(&identity.name)], ..draft };
    let stamp = Stamp { message_id: format!("{id}@email.amazonses.com"), date: desk.now };
    let outgoing = Outgoing {
        id: id.clone(),
        account: desk.shelf.place.account,
        region: desk.shelf.place.region.clone(),
        envelope_from: from.to_owned(),
        recipients: vec![identity.name.clone()],
        mime: compose(draft, Some(&stamp)).into(),
        configuration_set: None,
        tags: Vec::new(),
        trace: desk.call.trace.clone(),
    };
    desk.ses.mail.send_in_tx(desk.shelf.tx, &outgoing).await?;
    Ok(id)
}

/// Gives a domain its three signing tokens, if it has none.
pub(crate) fn sign(desk: &Desk<'_>, identity: &mut Identity) {
    if identity.dkim.external || identity.dkim.tokens.is_empty() {
        identity.dkim.tokens = (0..3).map(|_| token(desk, 32)).collect();
        identity.dkim.external = false;
        identity.dkim.key_made_at = Some(desk.millis());
    }
    identity.dkim.enabled = true;
    if identity.dkim.status != Status::Success {
        identity.dkim.status = Status::Pending;
    }
}

/// Checks a policy of an identity.
pub(crate) fn check_policy(identity: &Identity, name: &str, text: &str) -> Result<(), Error> {
    if name.len() > 64 {
        let text = "1 validation error detected: Value at 'policyName' failed to satisfy constraint: Member must have \
                    length less than or equal to 64";
        return Err(Error::Constraint(text.to_owned()));
    }
    if !is_plain_name(name) {
        let text = "PolicyName is invalid. Policy names must only include alpha-numeric characters, dashes, and \
                    underscores.";
        return Err(Error::invalid(text));
    }
    if !identity.policies.contains_key(name) && identity.policies.len() >= MAX_POLICIES {
        return Err(Error::Limit(format!("Maximum number of policies per identity ({MAX_POLICIES}) exceeded")));
    }
    match Document::parse(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::PolicyDocument(error.to_string())),
    }
}
