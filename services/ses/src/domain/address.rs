//! Mail addresses as SES takes them.
//!
//! SES reads addresses with JavaMail's strict parser and answers its words; this follows the same order of
//! checks, so that the same mistake gets the same words.

use std::fmt;

/// What is wrong with an address, in the words of the parser that SES uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault(pub &'static str);

/// An address with the name that stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The name as people read it; empty if there is none.
    pub name: String,
    /// `local@domain`.
    pub address: String,
}

/// Characters that may not stand unquoted before the `@`.
const SPECIALS: &str = "()<>,;:\\\"[]@";

impl Mailbox {
    /// One address: `a@example.com`, `A <a@example.com>`, `"A, B" <a@example.com>`, `a@example.com (A)`.
    ///
    /// # Errors
    /// A [`Fault`].
    pub fn parse(text: &str) -> Result<Mailbox, Fault> {
        let mut all = Mailbox::parse_list(text)?;
        match all.len() {
            1 => Ok(all.remove(0)),
            0 => Err(Fault("Empty address")),
            _ => Err(Fault("Illegal address")),
        }
    }

    /// Addresses with commas between them.
    ///
    /// # Errors
    /// A [`Fault`].
    pub fn parse_list(text: &str) -> Result<Vec<Mailbox>, Fault> {
        let mut all = Vec::new();
        for part in split(text)? {
            let part = part.trim();
            if !part.is_empty() {
                all.push(one(part)?);
            }
        }
        Ok(all)
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        domain_of(&self.address)
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() { f.write_str(&self.address) } else { write!(f, "{} <{}>", self.name, self.address) }
    }
}

/// What stands behind the last `@`.
pub fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Without the label behind `+`: `user+label@example.com` is verified by `user@example.com`.
pub fn without_label(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{domain}", local.split('+').next().unwrap_or(local)),
        None => address.to_owned(),
    }
}

/// Splits at commas that are not within quotes, comments or angle brackets.
fn split(text: &str) -> Result<Vec<&str>, Fault> {
    let (mut parts, mut from, mut comment) = (Vec::new(), 0, 0usize);
    let (mut quoted, mut angled, mut escaped) = (false, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted || comment > 0 => escaped = true,
            '"' if comment == 0 => quoted = !quoted,
            _ if quoted => {}
            '(' => comment += 1,
            ')' if comment > 0 => comment -= 1,
            _ if comment > 0 => {}
            '<' if angled => return Err(Fault("Extra route-addr")),
            '<' => angled = true,
            '>' => angled = false,
            ',' if !angled => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    if quoted {
        return Err(Fault("Missing '\"'"));
    }
    if comment > 0 {
        return Err(Fault("Missing ')'"));
    }
    if angled {
        return Err(Fault("Missing '>'"));
    }
    parts.push(&text[from..]);
    Ok(parts)
}

fn one(text: &str) -> Result<Mailbox, Fault> {
    if let Some(open) = unquoted(text, '<') {
        let close = text.rfind('>').filter(|close| *close > open).ok_or(Fault("Missing '>'"))?;
        if !text[close + 1..].trim().is_empty() && !text[close + 1..].trim().starts_with('(') {
            return Err(Fault("Illegal address"));
        }
        let address = text[open + 1..close].trim();
        check(address)?;
        return Ok(Mailbox { name: name_of(&text[..open]), address: address.to_owned() });
    }
    let (address, name) = match text.split_once('(') {
        Some((address, comment)) => (address.trim(), comment.trim_end().trim_end_matches(')').to_owned()),
        None => (text, String::new()),
    };
    check(address)?;
    Ok(Mailbox { name, address: address.to_owned() })
}

fn unquoted(text: &str, wanted: char) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.char_indices().find_map(|(at, c)| match c {
        _ if escaped => {
            escaped = false;
            None
        }
        '\\' => {
            escaped = true;
            None
        }
        '"' => {
            quoted = !quoted;
            None
        }
        c => (c == wanted && !quoted).then_some(at),
    })
}

/// The name before an address: unquoted, its encoded words read.
fn name_of(text: &str) -> String {
    let text = text.trim();
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let plain = match inner {
        Some(inner) => {
            let mut plain = String::with_capacity(inner.len());
            let mut characters = inner.chars();
            while let Some(c) = characters.next() {
                plain.extend(if c == '\\' { characters.next() } else { Some(c) });
            }
            plain
        }
        None => text.to_owned(),
    };
    if plain.contains("=?") { decode_words(&plain) } else { plain }
}

/// Reads RFC 2047's encoded words.
fn decode_words(text: &str) -> String {
    let header = format!("Subject: {text}\r\n\r\n");
    let message = mail_parser::MessageParser::default().parse(header.as_bytes());
    message.as_ref().and_then(|message| message.subject()).unwrap_or(text).to_owned()
}

/// Checks `local@domain`, in JavaMail's order.
///
/// # Errors
/// A [`Fault`].
pub fn check(address: &str) -> Result<(), Fault> {
    if address.is_empty() {
        return Err(Fault("Empty address"));
    }
    let rest = local(address)?;
    let Some(domain) = rest else { return Err(Fault("Missing final '@domain'")) };
    check_domain(domain)
}

/// Checks what stands before the `@`; answers what stands behind it.
fn local(address: &str) -> Result<Option<&str>, Fault> {
    let (mut quoted, mut last, mut escaped) = (false, '\0', false);
    for (at, c) in address.char_indices() {
        if escaped {
            escaped = false;
        } else if quoted && c == '\\' {
            escaped = true;
        } else if c == '"' {
            if !quoted && at != 0 && last != '.' {
                return Err(Fault("Quote not at start of local address"));
            }
            quoted = !quoted;
        } else if !quoted {
            match c {
                '@' if at == 0 => return Err(Fault("Missing local name")),
                '@' if last == '.' => return Err(Fault("Local address ends with dot")),
                '@' => return Ok(Some(&address[at + 1..])),
                '.' if at == 0 => return Err(Fault("Local address starts with dot")),
                '.' if last == '.' => return Err(Fault("Local address contains dot-dot")),
                c if c <= ' ' || c == '\u{7f}' || !c.is_ascii() => {
                    return Err(Fault("Local address contains control or whitespace"));
                }
                c if SPECIALS.contains(c) => return Err(Fault("Local address contains illegal character")),
                _ => {}
            }
        }
        last = c;
    }
    if quoted { Err(Fault("Unterminated quote")) } else { Ok(None) }
}

/// Checks a domain, in JavaMail's order.
///
/// # Errors
/// A [`Fault`].
pub fn check_domain(domain: &str) -> Result<(), Fault> {
    if domain.is_empty() {
        return Err(Fault("Missing domain"));
    }
    if domain.starts_with('.') {
        return Err(Fault("Domain starts with dot"));
    }
    let mut last = '\0';
    for c in domain.chars() {
        match c {
            '[' if last == '\0' => return Ok(()),
            c if c <= ' ' || c == '\u{7f}' => return Err(Fault("Domain contains control or whitespace")),
            '.' if last == '.' => return Err(Fault("Domain contains dot-dot")),
            c if c.is_ascii_alphanumeric() || c == '-' || c == '.' => {}
            _ => return Err(Fault("Domain contains illegal character")),
        }
        last = c;
    }
    if last == '.' { Err(Fault("Domain ends with dot")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_and_without_names() {
        for (text, name, address) in [
            ("a@example.com", "", "a@example.com"),
            (" a@example.com ", "", "a@example.com"),
            ("A B <a@example.com>", "A B", "a@example.com"),
            ("\"B, A\" <a@example.com>", "B, A", "a@example.com"),
            ("\"A \\\"x\\\" B\" <a@example.com>", "A \"x\" B", "a@example.com"),
            ("=?UTF-8?B?w4TDtg==?= <a@example.com>", "Äö", "a@example.com"),
            ("=?utf-8?Q?J=C3=BCrgen?= <a@example.com>", "Jürgen", "a@example.com"),
            ("Jürgen <a@example.com>", "Jürgen", "a@example.com"),
            ("a@example.com (A B)", "A B", "a@example.com"),
            ("\"a b\"@example.com", "", "\"a b\"@example.com"),
            ("<a@example.com>", "", "a@example.com"),
            ("a+b@[127.0.0.1]", "", "a+b@[127.0.0.1]"),
        ] {
            let expected = Mailbox { name: name.to_owned(), address: address.to_owned() };
            assert_eq!(Mailbox::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn mistakes_have_the_words_of_aws() {
        for (text, fault) in [
            ("", "Empty address"),
            ("a", "Missing final '@domain'"),
            ("A <a>", "Missing final '@domain'"),
            ("@example.com", "Missing local name"),
            ("a@", "Missing domain"),
            ("a@.com", "Domain starts with dot"),
            ("a@example..com", "Domain contains dot-dot"),
            ("a@example.com.", "Domain ends with dot"),
            ("a@exa mple.com", "Domain contains control or whitespace"),
            ("a@exa_mple.com", "Domain contains illegal character"),
            ("a@b@example.com", "Domain contains illegal character"),
            ("a b@example.com", "Local address contains control or whitespace"),
            ("ä@example.com", "Local address contains control or whitespace"),
            (".a@example.com", "Local address starts with dot"),
            ("a.@example.com", "Local address ends with dot"),
            ("a..b@example.com", "Local address contains dot-dot"),
            ("a:b@example.com", "Local address contains illegal character"),
            ("A <a@example.com", "Missing '>'"),
            ("\"A <a@example.com>", "Missing '\"'"),
            ("A (b <a@example.com>", "Missing ')'"),
            ("A <a@example.com> b", "Illegal address"),
            ("a@example.com, b@example.com", "Illegal address"),
        ] {
            assert_eq!(Mailbox::parse(text), Err(Fault(fault)), "{text}");
        }
    }

    #[test]
    fn lists_are_split_outside_of_quotes() {
        let all = Mailbox::parse_list("\"a, b\" <a@example.com>, c@example.com,").unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].name.as_str(), all[1].address.as_str()), ("a, b", "c@example.com"));
    }

    #[test]
    fn labels_do_not_count() {
        assert_eq!(without_label("a+b+c@example.com"), "a@example.com");
        assert_eq!(without_label("a@example.com"), "a@example.com");
    }
}
