//! What a provider's metadata says: its name and the keys that it signs with.

use x509_cert::der::asn1::AnyRef;
use x509_cert::der::oid::db::rfc5912::RSA_ENCRYPTION;
use x509_cert::der::{Reader, SliceReader, Tag, Tagged};
use x509_cert::spki::SubjectPublicKeyInfoRef;

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
            for certificate in certificates {
                match bytes_of(certificate).and_then(|certificate| public_key(&certificate)) {
                    Some(key) => keys.push(key),
                    None => tracing::warn!(
                        entity,
                        "a certificate in a SAML provider's metadata has no RSA key that can be read"
                    ),
                }
            }
        }
        match keys.is_empty() {
            true => Err(Fault::Malformed("it has no certificate of an RSA key")),
            false => Ok(Metadata { entity: entity.to_owned(), keys }),
        }
    }
}

/// The RSA key in a certificate (RFC 5280, 4.1). Nothing else of it is looked at: identity providers make their own,
/// and not all keep to the standard in how they number them, say when they are good, or what they put behind.
fn public_key(certificate: &[u8]) -> Option<Vec<u8>> {
    let mut fields = sequence(sequence(SliceReader::new(certificate).ok()?)?)?;
    // The version is there or not; then come serial number, algorithm, issuer, validity and subject.
    if fields.peek_byte() == Some(VERSION) {
        fields.decode::<AnyRef<'_>>().ok()?;
    }
    for _ in 0..5 {
        fields.decode::<AnyRef<'_>>().ok()?;
    }
    let key: SubjectPublicKeyInfoRef<'_> = fields.decode().ok()?;
    let is_rsa = key.algorithm.oid == RSA_ENCRYPTION;
    key.subject_public_key.as_bytes().filter(|_| is_rsa).map(<[u8]>::to_vec)
}

/// The tag of a certificate's version.
const VERSION: u8 = 0xa0;

/// What is in the sequence that comes next.
fn sequence(mut reader: SliceReader<'_>) -> Option<SliceReader<'_>> {
    let element: AnyRef<'_> = reader.decode().ok()?;
    SliceReader::new(element.value()).ok().filter(|_| element.tag() == Tag::Sequence)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// A certificate with a serial number of 30 octets, a validity that is none, and bytes behind it.
    fn odd_certificate() -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| {
            let length = u8::try_from(content.len()).expect("short");
            [&[tag, length], content].concat()
        };
        let rsa = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
        let parts = [
            wrap(0xa0, &[2, 1, 2]),
            wrap(0x02, &[7; 30]),
            wrap(0x30, &rsa),
            wrap(0x30, &[]),
            wrap(0x30, &wrap(0x17, b"500101000000Z")),
            wrap(0x30, &[]),
            wrap(0x30, &[wrap(0x30, &rsa), wrap(0x03, b"\0the key")].concat()),
        ];
        [wrap(0x30, &wrap(0x30, &parts.concat())), vec![0; 3]].concat()
    }

    #[test]
    fn odd_certificates_are_read_and_broken_ones_passed_over() {
        let metadata = |certificates: &[&[u8]]| {
            let written = |bytes: &&[u8]| format!("<d:X509Certificate>{}</d:X509Certificate>", STANDARD.encode(bytes));
            let certificates: String = certificates.iter().map(written).collect();
            Metadata::read(&format!(
                r#"<EntityDescriptor xmlns="{METADATA}" xmlns:d="{DSIG}" entityID="idp"><IDPSSODescriptor><KeyDescriptor>
                <d:KeyInfo><d:X509Data>{certificates}</d:X509Data></d:KeyInfo></KeyDescriptor></IDPSSODescriptor></EntityDescriptor>"#
            ))
        };
        let odd = odd_certificate();
        let keys = vec![b"the key".to_vec()];
        assert_eq!(metadata(&[b"none", &odd]), Ok(Metadata { entity: "idp".to_owned(), keys }));
        let cut_off = &odd[..odd.len() - 4];
        assert_eq!(metadata(&[cut_off]), Err(Fault::Malformed("it has no certificate of an RSA key")));
    }
}
