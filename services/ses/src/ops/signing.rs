//! Who signs a mail, and with which key.
//!
//! A domain's key is made when it first signs. That is the work of a tenth of a second or more, which no
//! transaction shall wait for: whoever needs a key that is not there says so ([`Error::NoSigningKey`]), and begins
//! anew when it has been made.

use std::sync::Arc;

use tidegate_store::{Tx, transact};
use tidegate_types::{AccountId, Arn, Region};

use super::letters::Letter;
use crate::chance::Chance;
use crate::desk::Desk;
use crate::domain::dkim;
use crate::domain::identity::{Identity, Status, verifying};
use crate::domain::signing_key::{BadKey, Opened, SigningKey};
use crate::error::Error;
use crate::service::Ses;
use crate::store::{Place, Shelf};

/// Keys that are kept ready to be used.
const MAX_OPENED: usize = 256;

/// A key that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedKey {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub region: Region,
    /// Of which domain.
    pub domain: String,
    /// Under which of its selectors.
    pub selector: String,
    /// Of how many bits.
    pub bits: usize,
}

/// The mail with the signature of its sender's domain; as it is if that does not sign.
pub(crate) async fn signed(desk: &mut Desk<'_>, letter: &Letter, mime: Vec<u8>) -> Result<Vec<u8>, Error> {
    let from = letter.from.as_ref().unwrap_or(&letter.source);
    let place = lender(letter).unwrap_or_else(|| desk.shelf.place.clone());
    let Some(identity) = signer(desk, &place, &from.address).await? else { return Ok(mime) };
    let Some(selector) = identity.dkim.tokens.first() else { return Ok(mime) };
    let mut shelf = Shelf { tx: desk.shelf.tx, place: place.clone() };
    let key = shelf.find::<SigningKey>(&identity.name).await?.filter(|key| key.selector == *selector);
    let Some(key) = key else {
        if identity.dkim.external {
            // It was brought to an earlier release, which did not keep it.
            tracing::warn!(domain = %identity.name, "a mail is not signed: bring the domain's key again");
            return Ok(mime);
        }
        let Place { account, region } = place;
        let (domain, selector) = (identity.name.clone(), selector.clone());
        return Err(Error::NoSigningKey(Box::new(WantedKey {
            account,
            region,
            domain,
            selector,
            bits: bits(&identity),
        })));
    };
    let opened = match desk.ses.opened(&key) {
        Ok(opened) => opened,
        Err(error) => {
            tracing::error!(domain = %key.domain, %error, "a stored signing key cannot be read");
            return Ok(mime);
        }
    };
    let mut chance = Chance(desk.ses.env.clone());
    Ok(dkim::signed(&mime, &key, &opened, desk.now.as_secs(), &mut chance))
}

fn bits(identity: &Identity) -> usize {
    if identity.dkim.next_key.as_deref() == Some("RSA_1024_BIT") { 1024 } else { 2048 }
}

/// Where the identity is that is named by its ARN.
fn lender(letter: &Letter) -> Option<Place> {
    let arn: Arn = letter.source_arn.as_deref()?.parse().ok()?;
    Some(Place { account: arn.account?, region: arn.region? })
}

/// The nearest verified domain of an address, if it signs.
async fn signer(desk: &mut Desk<'_>, place: &Place, address: &str) -> Result<Option<Identity>, Error> {
    let mut shelf = Shelf { tx: desk.shelf.tx, place: place.clone() };
    for name in verifying(address).iter().filter(|name| !name.contains('@')) {
        if let Some(found) = shelf.find::<Identity>(name).await?.filter(Identity::is_verified) {
            let signs = found.dkim.enabled && found.dkim.status == Status::Success;
            return Ok(signs.then_some(found));
        }
    }
    Ok(None)
}

/// Takes over the key that an owner brings along.
pub(crate) fn bring(desk: &mut Desk<'_>, domain: &str, selector: &str, key: &str) -> Result<(), Error> {
    let key = SigningKey::brought(domain, selector, key, desk.millis())
        .map_err(|BadKey(why)| Error::invalid(format!("DomainSigningPrivateKey is invalid: {why}.")))?;
    desk.shelf.put(&key);
    Ok(())
}

impl Ses {
    /// A key, ready to be used.
    pub(crate) fn opened(&self, key: &SigningKey) -> Result<Arc<Opened>, BadKey> {
        if let Some(known) = self.opened_keys.lock().get(&key.private_key) {
            return Ok(known.clone());
        }
        let opened = Arc::new(key.open()?);
        let mut known = self.opened_keys.lock();
        if known.len() >= MAX_OPENED {
            known.clear();
        }
        known.insert(key.private_key.clone(), opened.clone());
        Ok(opened)
    }

    /// Makes a key, unless somebody else just has.
    pub(crate) async fn make_key(&self, wanted: WantedKey) -> Result<(), Error> {
        // One at a time: many mails ask for the same at once, and two keys of a domain are one too many.
        let _one = self.making_keys.lock().await;
        let WantedKey { account, region, domain, selector, bits } = wanted;
        let place = Place { account, region };
        let is = |key: &SigningKey| key.selector == selector;
        let known = transact(&*self.store, &[], async |tx: &mut Tx| -> Result<bool, Error> {
            let mut shelf = Shelf { tx, place: place.clone() };
            Ok(shelf.find::<SigningKey>(&domain).await?.is_some_and(|key| is(&key)))
        });
        if known.await.map_err(Error::from)?.value {
            return Ok(());
        }
        let (env, now) = (self.env.clone(), self.env.now().as_millis());
        let (for_domain, for_selector) = (domain.clone(), selector.clone());
        let made = self
            .env
            .run_blocking(move || SigningKey::generate(&for_domain, &for_selector, bits, now, &mut Chance(env)));
        let key = made.await.map_err(|BadKey(why)| Error::invalid(format!("no signing key could be made: {why}")))?;
        let put = transact(&*self.store, &[], async |tx: &mut Tx| -> Result<(), Error> {
            let mut shelf = Shelf { tx, place: place.clone() };
            let identity = shelf.find::<Identity>(&domain).await?;
            if identity.is_some_and(|identity| identity.dkim.tokens.first() == Some(&selector)) {
                shelf.put(&key);
            }
            Ok(())
        });
        put.await.map_err(Error::from)?;
        Ok(())
    }

    /// What a name server must answer so that a domain's mails are believed: name and value.
    pub(crate) async fn signing_record(&self, place: Place, domain: &str) -> Result<Option<(String, String)>, Error> {
        loop {
            let read = transact(&*self.store, &[], async |tx: &mut Tx| -> Result<Option<SigningKey>, Error> {
                let mut shelf = Shelf { tx, place: place.clone() };
                let Some(identity) = shelf.identity(domain).await? else { return Ok(None) };
                let Some(selector) = identity.dkim.tokens.first() else { return Ok(None) };
                match shelf.find::<SigningKey>(&identity.name).await? {
                    Some(key) if key.selector == *selector => Ok(Some(key)),
                    _ if identity.dkim.external => Ok(None),
                    _ => {
                        let Place { account, region } = place.clone();
                        let (domain, selector) = (identity.name.clone(), selector.clone());
                        let bits = bits(&identity);
                        Err(Error::NoSigningKey(Box::new(WantedKey { account, region, domain, selector, bits })))
                    }
                }
            });
            match read.await.map_err(Error::from) {
                Ok(read) => {
                    let Some(key) = read.value else { return Ok(None) };
                    let record = self.opened(&key).and_then(|opened| opened.record());
                    let record = record.map_err(|BadKey(why)| Error::invalid(why))?;
                    return Ok(Some((key.record_name(), record)));
                }
                Err(Error::NoSigningKey(wanted)) => self.make_key(*wanted).await?,
                Err(error) => return Err(error),
            }
        }
    }
}
