//! What a provider's metadata says: its name and the keys that it signs with.

use super::{DSIG, Fault, METADATA, bytes_of, children, only, parse};

/// A provider, as its metadata has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Its name: what assertions call their issuer.
    pub entity: String,
    /// Its public keys (`RSAPublicKey` of RFC 8017, in DER).
    pub keys: Vec<Vec<u8>>,
}

impl Metadata {
    /// Reads metadata.
    ///
    /// # Errors
    /// [`Fault::Malformed`] if it describes no identity provider with a key.
    pub fn read(text: &str) -> Result<Metadata, Fault> {
        let document = parse(text)?;
        let root = document.root_element();
        let is_entity = root.has_tag_name((METADATA, "EntityDescriptor"));
        let entity = root.attribute("entityID").filter(|_| is_entity).ok_or(Fault::Malformed("it names no entity"))?;
        let mut keys = Vec::new();
        let descriptors = children(root, METADATA, "IDPSSODescriptor")
            .flat_map(|idp| children(idp, METADATA, "KeyDescriptor"))
            .filter(|descriptor| descriptor.attribute("use").is_none_or(|used| used == "signing"));
        for descriptor in descriptors {
            let Some(info) = only(descriptor, DSIG, "KeyInfo") else { continue };
            let certificates =
                children(info, DSIG, "X509Data").flat_map(|data| children(data, DSIG, "X509Certificate"));
            keys.extend(certificates.filter_map(|certificate| public_key(&bytes_of(certificate)?)));
        }
        match keys.is_empty() {
            true => Err(Fault::Malformed("it has no certificate of an RSA key")),
            false => Ok(Metadata { entity: entity.to_owned(), keys }),
        }
    }
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
/// The object identifier of RSA encryption, as it is written.
const RSA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// The RSA key in a certificate (RFC 5280, 4.1).
fn public_key(certificate: &[u8]) -> Option<Vec<u8>> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    // The version is there or not; then come serial number, algorithm, issuer, validity and subject.
    if let Some((_, behind)) = element(rest, 0xa0) {
        rest = behind;
    }
    for tag in [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE] {
        (_, rest) = element(rest, tag)?;
    }
    let (key, _) = element(rest, SEQUENCE)?;
    let (algorithm, behind) = element(key, SEQUENCE)?;
    let (bits, _) = element(behind, BIT_STRING)?;
    let (&unused, key) = bits.split_first()?;
    (algorithm.starts_with(&RSA) && unused == 0).then(|| key.to_vec())
}

/// The content of the element that begins here, and what stands behind it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let count = usize::from(first & 0x7f);
        let (digits, behind) = rest.split_at_checked(count).filter(|_| count <= 4)?;
        length = digits.iter().fold(0, |sum, &digit| sum << 8 | usize::from(digit));
        rest = behind;
    }
    rest.split_at_checked(length).filter(|_| found == tag)
}
