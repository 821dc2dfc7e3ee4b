//! Signatures in the profile that identity providers send: enveloped, exclusive canonical form, RSA.

use ring::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RsaParameters, UnparsedPublicKey,
};
use roxmltree::Node;

use super::canonical::canonical;
use super::{DSIG, Fault, bytes_of, children, only};

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// The most prefixes that a signature may have declared everywhere: each costs something for each element.
const MAX_PREFIXES: usize = 32;

fn hash(name: &str) -> Option<&'static Algorithm> {
    Some(match name {
        "http://www.w3.org/2000/09/xmldsig#sha1" => &SHA1_FOR_LEGACY_USE_ONLY,
        "http://www.w3.org/2001/04/xmlenc#sha256" => &SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => &SHA384,
        "http://www.w3.org/2001/04/xmlenc#sha512" => &SHA512,
        _ => return None,
    })
}

fn method(name: &str) -> Option<&'static RsaParameters> {
    Some(match name {
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" => &RSA_PKCS1_2048_8192_SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => &RSA_PKCS1_2048_8192_SHA384,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => &RSA_PKCS1_2048_8192_SHA512,
        _ => return None,
    })
}

/// Whether an element has a signature of its own, which holds. One that does not hold is a fault.
pub(super) fn is_signed(element: Node<'_, '_>, keys: &[Vec<u8>]) -> Result<bool, Fault> {
    if children(element, DSIG, "Signature").next().is_none() {
        return Ok(false);
    }
    let signature = only(element, DSIG, "Signature").ok_or(Fault::Signature("there are several"))?;
    holds(element, signature, keys)?;
    Ok(true)
}

fn holds(element: Node<'_, '_>, signature: Node<'_, '_>, keys: &[Vec<u8>]) -> Result<(), Fault> {
    let info = only(signature, DSIG, "SignedInfo").ok_or(Fault::Signature("it signs nothing"))?;
    let (form, inclusive) = algorithm(info, "CanonicalizationMethod")?;
    if form != EXCLUSIVE {
        return Err(Fault::Signature("its canonical form is not the exclusive one"));
    }
    let parameters = method(algorithm(info, "SignatureMethod")?.0).ok_or(Fault::Signature("its method"))?;
    let reference = only(info, DSIG, "Reference").ok_or(Fault::Signature("it does not sign one thing"))?;
    let prefixes = refers(element, reference)?;
    let signed = canonical(info, None, &inclusive).ok_or(Fault::Signature("it has no canonical form"))?;
    let value = only(signature, DSIG, "SignatureValue").and_then(bytes_of);
    let value = value.ok_or(Fault::Signature("it has no value"))?;
    // Before anything large is looked at: whoever is not the provider gets no further.
    if !keys.iter().any(|key| UnparsedPublicKey::new(parameters, key).verify(&signed, &value).is_ok()) {
        return Err(Fault::Signature("no key of the provider made it"));
    }
    is_unchanged(element, signature, reference, &prefixes)
}

/// Whether a reference is to the element in which the signature lies, and to the element as it is; answers the
/// prefixes of its canonical form.
fn refers<'a>(element: Node<'_, '_>, reference: Node<'a, '_>) -> Result<Vec<&'a str>, Fault> {
    let id = element.attribute("ID").filter(|id| !id.is_empty());
    if id.is_none() || reference.attribute("URI").and_then(|uri| uri.strip_prefix('#')) != id {
        return Err(Fault::Signature("it signs something else"));
    }
    let transforms = only(reference, DSIG, "Transforms").ok_or(Fault::Signature("it has no transforms"))?;
    let all: Vec<_> = transforms.children().filter(Node::is_element).collect();
    let [enveloped, exclusive] = all[..] else { return Err(Fault::Signature("its transforms")) };
    let is_transform =
        |node: Node<'_, '_>, name| node.has_tag_name((DSIG, "Transform")) && node.attribute("Algorithm") == Some(name);
    let takes_nothing = enveloped.children().all(|child| !child.is_element());
    if !is_transform(enveloped, ENVELOPED) || !takes_nothing || !is_transform(exclusive, EXCLUSIVE) {
        return Err(Fault::Signature("its transforms"));
    }
    prefixes(exclusive)
}

/// Whether an element is what a reference has the digest of.
fn is_unchanged(
    element: Node<'_, '_>,
    signature: Node<'_, '_>,
    reference: Node<'_, '_>,
    prefixes: &[&str],
) -> Result<(), Fault> {
    let signed = canonical(element, Some(signature), prefixes);
    let signed = signed.ok_or(Fault::Signature("what it signs has no canonical form"))?;
    let hash = hash(algorithm(reference, "DigestMethod")?.0).ok_or(Fault::Signature("its digest"))?;
    let value = only(reference, DSIG, "DigestValue").and_then(bytes_of);
    // No secret is compared: whoever sends it knows both.
    match value.is_some_and(|value| value == digest(hash, &signed).as_ref()) {
        true => Ok(()),
        false => Err(Fault::Signature("what it signs was changed")),
    }
}

/// The algorithm that a child names, and the prefixes that it declares anyway.
fn algorithm<'a>(node: Node<'a, '_>, name: &'static str) -> Result<(&'a str, Vec<&'a str>), Fault> {
    let child = only(node, DSIG, name).ok_or(Fault::Signature("it names no algorithm"))?;
    let algorithm = child.attribute("Algorithm").ok_or(Fault::Signature("it names no algorithm"))?;
    Ok((algorithm, prefixes(child)?))
}

/// The list of prefixes of an exclusive canonical form, the only parameter that anything here may have.
fn prefixes<'a>(node: Node<'a, '_>) -> Result<Vec<&'a str>, Fault> {
    let mut given = node.children().filter(Node::is_element);
    match (given.next(), given.next()) {
        (None, _) => Ok(Vec::new()),
        (Some(list), None) if list.has_tag_name((EXCLUSIVE, "InclusiveNamespaces")) => {
            let prefixes: Vec<&str> = list
                .attribute("PrefixList")
                .unwrap_or_default()
                .split_ascii_whitespace()
                .take(MAX_PREFIXES + 1)
                .collect();
            match prefixes.len() {
                ..=MAX_PREFIXES => Ok(prefixes),
                _ => Err(Fault::Signature("it names too many prefixes")),
            }
        }
        _ => Err(Fault::Signature("it has parameters")),
    }
}
