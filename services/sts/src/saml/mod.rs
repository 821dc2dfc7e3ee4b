//! Responses of SAML identity providers: read, verified, and held against what AWS asks of them.
//!
//! Signatures over XML are easily verified and then not heeded: what was signed is one element, what is read
//! another ("XML signature wrapping"). So nothing here looks an element up by the id that a signature names. There is
//! one assertion, in one place; a signature lies directly in what it signs and must name exactly that; digests are
//! made from the same nodes that are read. All that IdPs do not send is refused: document types, processing
//! instructions, other transforms, second assertions, ids that occur twice. Keys come from the provider's metadata
//! alone: what a signature says of its key is not looked at.
//!
//! There are crates for all of XML-DSig; each brings transforms, key lookups and algorithms of which every one is
//! a way in, and which nobody here needs. The profile is these few files over `roxmltree`.

mod assertion;
mod canonical;
mod metadata;
mod signature;

pub use assertion::{Assertion, read};
pub use metadata::Metadata;

/// Why a response is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no response, or has something in it that no identity provider sends.
    #[error("it is no response: {0}")]
    Malformed(&'static str),
    /// No signature, or one that does not hold.
    #[error("its signature does not hold: {0}")]
    Signature(&'static str),
    /// It is somebody else's.
    #[error("its issuer is not the provider")]
    Issuer,
    /// It is for somebody else.
    #[error("it is for another audience")]
    Audience,
    /// It came too late, or too early.
    #[error("it is not good at this time")]
    Expired,
}

const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// How deep elements may stand in each other. Those of assertions stand less than ten deep.
const MAX_DEPTH: usize = 64;
/// The most nodes of a document. Assertions have some hundred.
const MAX_NODES: u32 = 20_000;
/// The most attributes of an element, and the most namespaces in its scope. Assertions have less than ten.
const MAX_ATTRIBUTES: usize = 64;

fn parse(text: &str) -> Result<roxmltree::Document<'_>, Fault> {
    let options = roxmltree::ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..Default::default() };
    let document =
        roxmltree::Document::parse_with_options(text, options).map_err(|_| Fault::Malformed("it is no XML"))?;
    for node in document.descendants() {
        if node.is_pi() {
            return Err(Fault::Malformed("it has processing instructions"));
        }
        // What is read is walked down by recursion.
        if node.ancestors().nth(MAX_DEPTH).is_some() {
            return Err(Fault::Malformed("it is too deep"));
        }
        // Each is compared with others.
        if node.attributes().len() > MAX_ATTRIBUTES || node.namespaces().len() > MAX_ATTRIBUTES {
            return Err(Fault::Malformed("an element has too many attributes"));
        }
    }
    Ok(document)
}

/// The children of this name.
fn children<'a, 'i>(
    node: roxmltree::Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = roxmltree::Node<'a, 'i>> {
    node.children().filter(move |child| child.has_tag_name((namespace, name)))
}

/// The only child of this name.
fn only<'a, 'i>(
    node: roxmltree::Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> Option<roxmltree::Node<'a, 'i>> {
    let mut found = children(node, namespace, name);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// All of an element's text. A comment in its middle is not in what is signed, so it must not end what is read.
fn text_of(node: roxmltree::Node<'_, '_>) -> Option<String> {
    if node.children().any(|child| child.is_element()) {
        return None;
    }
    let parts = node.children().filter(|child| child.is_text()).filter_map(|child| child.text());
    Some(parts.collect::<String>().trim().to_owned())
}

/// The bytes of an element that holds base64, in lines or not.
fn bytes_of(node: roxmltree::Node<'_, '_>) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let text: String = text_of(node)?.split_ascii_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
