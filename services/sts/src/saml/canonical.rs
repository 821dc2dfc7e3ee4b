//! Exclusive XML canonicalization without comments (<https://www.w3.org/TR/xml-exc-c14n/>): the bytes that are
//! signed.

use std::collections::BTreeMap;

use roxmltree::Node;

/// An element in canonical form, without one of its descendants: the signature that lies in it.
pub(super) fn canonical(node: Node<'_, '_>, without: Option<Node<'_, '_>>, inclusive: &[&str]) -> Option<Vec<u8>> {
    let mut writer = Writer { out: Vec::new(), without, inclusive };
    writer.element(node, &BTreeMap::new())?;
    Some(writer.out)
}

/// Namespaces that are declared in what was written already, by prefix; the empty one is the default.
type Declared<'a> = BTreeMap<&'a str, &'a str>;

struct Writer<'n, 'i, 'p> {
    out: Vec<u8>,
    without: Option<Node<'n, 'i>>,
    /// Prefixes that are declared wherever they are in scope, used or not.
    inclusive: &'p [&'p str],
}

impl Writer<'_, '_, '_> {
    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn element(&mut self, node: Node<'_, '_>, declared: &Declared<'_>) -> Option<()> {
        let name = name_of(node)?;
        let mut new: Declared<'_> = BTreeMap::new();
        let mut used: Vec<&str> = vec![prefix(name)];
        for attribute in node.attributes() {
            let name = node.document().input_text().get(attribute.range_qname())?;
            used.extend(Some(prefix(name)).filter(|prefix| !prefix.is_empty()));
        }
        let in_scope = |prefix: &str| node.lookup_namespace_uri(Some(prefix).filter(|prefix| !prefix.is_empty()));
        used.extend(self.inclusive.iter().copied().map(|prefix| if prefix == "#default" { "" } else { prefix }));
        for prefix in used {
            let uri = match (prefix, in_scope(prefix)) {
                ("xml", _) => continue,
                (_, Some(uri)) => uri,
                // The default namespace may be undone; another prefix that is not in scope is no prefix at all.
                ("", None) => "",
                (_, None) if self.inclusive.contains(&prefix) => continue,
                (_, None) => return None,
            };
            let known = declared.get(prefix).copied().unwrap_or_default();
            if known != uri {
                new.insert(prefix, uri);
            }
        }
        self.put("<");
        self.put(name);
        for (prefix, uri) in &new {
            match *prefix {
                "" => self.put(" xmlns=\""),
                prefix => {
                    self.put(" xmlns:");
                    self.put(prefix);
                    self.put("=\"");
                }
            }
            self.attribute_value(uri);
            self.put("\"");
        }
        // Most elements declare nothing.
        let extended;
        let declared = match new.is_empty() {
            true => declared,
            false => {
                extended = declared.iter().map(|(&prefix, &uri)| (prefix, uri)).chain(new).collect();
                &extended
            }
        };
        let mut attributes: Vec<_> = node.attributes().collect();
        attributes.sort_by_key(|attribute| (attribute.namespace().unwrap_or_default(), attribute.name()));
        for attribute in attributes {
            let name = node.document().input_text().get(attribute.range_qname())?;
            self.put(" ");
            self.put(name);
            self.put("=\"");
            self.attribute_value(attribute.value());
            self.put("\"");
        }
        self.put(">");
        for child in node.children() {
            if child.is_element() {
                if self.without.is_none_or(|without| without.id() != child.id()) {
                    self.element(child, declared)?;
                }
            } else if child.is_text() {
                self.text(child.text().unwrap_or_default());
            }
        }
        self.put("</");
        self.put(name);
        self.put(">");
        Some(())
    }

    fn attribute_value(&mut self, value: &str) {
        for c in value.chars() {
            match c {
                '&' => self.put("&amp;"),
                '<' => self.put("&lt;"),
                '"' => self.put("&quot;"),
                '\t' => self.put("&#x9;"),
                '\n' => self.put("&#xA;"),
                '\r' => self.put("&#xD;"),
                c => self.put(c.encode_utf8(&mut [0; 4])),
            }
        }
    }

    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.put("&amp;"),
                '<' => self.put("&lt;"),
                '>' => self.put("&gt;"),
                '\r' => self.put("&#xD;"),
                c => self.put(c.encode_utf8(&mut [0; 4])),
            }
        }
    }
}

/// An element's name as it is written, with its prefix: canonical form keeps it, the parser does not.
fn name_of<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    let text = node.document().input_text().get(node.range())?.strip_prefix('<')?;
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>')?;
    let name = &text[..end];
    let local = name.split_once(':').map_or(name, |(_, local)| local);
    (local == node.tag_name().name()).then_some(name)
}

fn prefix(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str, of: &str, inclusive: &[&str]) -> String {
        let document = roxmltree::Document::parse(text).unwrap();
        let node = document.descendants().find(|node| node.tag_name().name() == of).unwrap();
        String::from_utf8(canonical(node, None, inclusive).unwrap()).unwrap()
    }

    #[test]
    fn what_is_not_used_is_not_declared() {
        // From the recommendation, section 2.2: the same element in two places has one form.
        let inner = r#"<n1:elem2 xmlns:n1="http://example.net" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"></n3:stuff></n1:elem2>"#;
        let first = r#"<n0:local xmlns:n0="foo:bar" xmlns:n3="ftp://example.org"><n1:elem2 xmlns:n1="http://example.net" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"/></n1:elem2></n0:local>"#;
        let second = r#"<n2:pdu xmlns:n1="http://example.com" xmlns:n2="http://foo.example" xml:lang="fr" xml:space="retain"><n1:elem2 xmlns:n1="http://example.net" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"/></n1:elem2></n2:pdu>"#;
        assert_eq!(form(first, "elem2", &[]), inner);
        assert_eq!(form(second, "elem2", &[]), inner);
    }

    #[test]
    fn canonical_forms() {
        for (text, of, inclusive, expected) in [
            ("<a b='1' a=\"2\"/>", "a", &[][..], "<a a=\"2\" b=\"1\"></a>"),
            ("<a>x<!-- c -->y</a>", "a", &[], "<a>xy</a>"),
            ("<a><![CDATA[<&>]]>&#13;</a>", "a", &[], "<a>&lt;&amp;&gt;&#xD;</a>"),
            ("<a b='&quot;&#9;&lt;'/>", "a", &[], "<a b=\"&quot;&#x9;&lt;\"></a>"),
            ("<a xmlns='u'><b xmlns=''/></a>", "a", &[], "<a xmlns=\"u\"><b xmlns=\"\"></b></a>"),
            ("<a xmlns='u'><b xmlns=''/></a>", "b", &[], "<b></b>"),
            ("<a xmlns:p='u'><b/></a>", "b", &["p"], "<b xmlns:p=\"u\"></b>"),
            (
                "<a xmlns:p='u' xmlns:q='v' p:x='1' q:b='2' y='3'/>",
                "a",
                &[],
                "<a xmlns:p=\"u\" xmlns:q=\"v\" y=\"3\" p:x=\"1\" q:b=\"2\"></a>",
            ),
            (
                "<p:a xmlns:p='u'><p:b/><c xmlns:p='w'><p:d/></c></p:a>",
                "a",
                &[],
                "<p:a xmlns:p=\"u\"><p:b></p:b><c><p:d xmlns:p=\"w\"></p:d></c></p:a>",
            ),
        ] {
            assert_eq!(form(text, of, inclusive), expected, "{text}");
        }
    }
}
