//! What a provider's metadata says: its name and the keys that it signs with.

use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::oid::db::rfc5912::RSA_ENCRYPTION;

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

/// The RSA key in a certificate (RFC 5280, 4.1).
fn public_key(certificate: &[u8]) -> Option<Vec<u8>> {
    let key = Certificate::from_der(certificate).ok()?.tbs_certificate.subject_public_key_info;
    let is_rsa = key.algorithm.oid == RSA_ENCRYPTION;
    key.subject_public_key.as_bytes().filter(|_| is_rsa).map(<[u8]>::to_vec)
}
