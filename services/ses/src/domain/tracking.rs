//! What is changed of a mail's HTML so that SES hears of it: its links lead through SES, and a picture that nobody
//! sees is at its end.
//!
//! The HTML is never built anew: what is not a link stays byte by byte as its sender wrote it.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, MessageParser, MimeHeaders, PartType};

/// Where in the HTML the sender wants the picture to be.
const PLACE: &[u8] = b"{{ses:openTracker}}";

/// The most links of a mail that are followed, as at AWS.
const MAX_LINKS: usize = 250;

/// The longest line that we leave in a part that is not encoded; mails may have lines of 998 bytes.
const LONGEST: usize = 900;

/// A link of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it leads.
    pub url: String,
    /// The tags that its sender gave it.
    pub tags: Vec<(String, String)>,
}

/// What is put into the HTML.
pub struct Tracker<'a> {
    /// Where a link leads instead; `None`: links stay.
    pub link: Option<&'a dyn Fn(&Link) -> String>,
    /// Where the picture is; `None`: there is none.
    pub picture: Option<String>,
}

/// The mail with its HTML so changed; `None` if there is nothing to change.
pub fn tracked(mime: &[u8], tracker: &Tracker<'_>) -> Option<Vec<u8>> {
    let message = MessageParser::default().parse(mime)?;
    let mut changes: Vec<(Range<usize>, Vec<u8>)> = Vec::new();
    for part in message.html_bodies().filter(|part| matches!(part.body, PartType::Html(_))) {
        if part.content_disposition().is_some_and(mail_parser::ContentType::is_attachment) {
            continue;
        }
        let place = part.offset_body as usize..part.offset_end as usize;
        let body = mime.get(place.clone())?;
        let (html, longest) = match part.encoding {
            Encoding::None => (body.to_vec(), LONGEST),
            Encoding::QuotedPrintable => (quoted_printable_decode(body)?, usize::MAX),
            Encoding::Base64 => (
                STANDARD.decode(body.iter().filter(|b| !b.is_ascii_whitespace()).copied().collect::<Vec<_>>()).ok()?,
                usize::MAX,
            ),
        };
        // What is not written in bytes of ASCII (UTF-16) is left alone.
        if html.contains(&0) {
            continue;
        }
        let new = rewritten(&html, tracker, longest);
        if new != html {
            let encoded = match part.encoding {
                Encoding::None => new,
                Encoding::QuotedPrintable => quoted_printable(&new),
                Encoding::Base64 => in_lines(&STANDARD.encode(&new)),
            };
            changes.push((place, encoded));
        }
    }
    (!changes.is_empty()).then(|| spliced(mime, changes))
}

fn spliced(whole: &[u8], mut changes: Vec<(Range<usize>, Vec<u8>)>) -> Vec<u8> {
    changes.sort_by_key(|(place, _)| place.start);
    let (mut new, mut at) = (Vec::with_capacity(whole.len() * 2), 0);
    for (place, bytes) in changes {
        new.extend_from_slice(&whole[at..place.start]);
        new.extend_from_slice(&bytes);
        at = place.end;
    }
    new.extend_from_slice(&whole[at..]);
    new
}

/// The HTML with its links and its picture.
fn rewritten(html: &[u8], tracker: &Tracker<'_>, longest: usize) -> Vec<u8> {
    let mut changes = Vec::new();
    let mut links = 0;
    for anchor in anchors(html) {
        changes.extend(anchor.ours.into_iter().map(|place| (place, Vec::new())));
        let (Some(to), Some((place, url))) = (tracker.link, anchor.href) else { continue };
        if anchor.is_exempt || links == MAX_LINKS || !is_web(&url) {
            continue;
        }
        let new = to(&Link { url, tags: anchor.tags });
        if new.len() <= longest {
            links += 1;
            // On a line of its own, because the line may be long already. The URL has nothing to be escaped.
            let text = if longest == usize::MAX { format!("\"{new}\"") } else { format!("\r\n\"{new}\"") };
            changes.push((place, text.into_bytes()));
        }
    }
    let html = spliced(html, changes);
    placed(html, tracker.picture.as_deref())
}

fn is_web(url: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| url.get(..scheme.len()).is_some_and(|own| own.eq_ignore_ascii_case(scheme)))
}

/// The HTML with the picture where its sender wants it, or else at its end.
fn placed(html: Vec<u8>, picture: Option<&str>) -> Vec<u8> {
    let image = picture.map_or_else(String::new, |url| {
        format!("\r\n<img alt=\"\" src=\"{url}\"\r\n style=\"display: none; width: 1px; height: 1px;\">\r\n")
    });
    if let Some(at) = find(&html, PLACE, 0) {
        return spliced(&html, vec![(at..at + PLACE.len(), image.into_bytes())]);
    }
    if image.is_empty() {
        return html;
    }
    let at = (0..html.len()).rev().find(|at| starts_with(&html[*at..], b"</body")).unwrap_or(html.len());
    spliced(&html, vec![(at..at, image.into_bytes())])
}

fn find(text: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    rest.windows(wanted.len()).position(|window| window == wanted).map(|at| from + at)
}

fn starts_with(text: &[u8], wanted: &[u8]) -> bool {
    text.get(..wanted.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(wanted))
}

/// An `<a …>`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Anchor {
    /// Where its `href`'s value is, quotes included, and what it says.
    href: Option<(Range<usize>, String)>,
    /// Whether its sender does not want it to be followed.
    is_exempt: bool,
    /// The tags that its sender gave it.
    tags: Vec<(String, String)>,
    /// Where the attributes are that are for SES only.
    ours: Vec<Range<usize>>,
}

/// Every `<a …>` outside of comments, scripts and styles.
fn anchors(html: &[u8]) -> Vec<Anchor> {
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some(open) = html.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'<')) {
        at += open;
        let rest = &html[at..];
        if rest.starts_with(b"<!--") {
            match find(html, b"-->", at + 4) {
                Some(end) => at = end + 3,
                None => return all,
            }
            continue;
        }
        let is = |name: &[u8]| {
            starts_with(&rest[1..], name) && rest.get(1 + name.len()).is_some_and(|byte| b" \t\r\n/>".contains(byte))
        };
        let raw = [&b"script"[..], b"style", b"textarea", b"title"].into_iter().find(|name| is(name));
        let is_anchor = is(b"a");
        let (anchor, end) = tag(html, at + 1);
        at = end;
        if is_anchor {
            all.push(anchor);
        }
        if let Some(name) = raw {
            let closing = [b"</", name].concat();
            at = (at..html.len()).find(|at| starts_with(&html[*at..], &closing)).unwrap_or(html.len());
        }
    }
    all
}

/// Reads a tag from its name on; where it ends.
fn tag(html: &[u8], start: usize) -> (Anchor, usize) {
    let mut anchor = Anchor::default();
    let until = |mut at: usize, ends: &[u8]| {
        while html.get(at).is_some_and(|byte| !ends.contains(byte)) {
            at += 1;
        }
        at
    };
    let mut at = until(start, b" \t\r\n/>");
    loop {
        let gap = at;
        while html.get(at).is_some_and(|byte| b" \t\r\n/".contains(byte)) {
            at += 1;
        }
        match html.get(at) {
            None => return (anchor, html.len()),
            Some(b'>') => return (anchor, at + 1),
            Some(_) => {}
        }
        // A name may begin with `=`, and a lone one is a name: so each turn goes on.
        let name_end = until(at + 1, b" \t\r\n/>=");
        let name = html[at..name_end].to_ascii_lowercase();
        let mut value_at = name_end;
        while html.get(value_at).is_some_and(|byte| b" \t\r\n".contains(byte)) {
            value_at += 1;
        }
        let (value, end) = match html.get(value_at) {
            Some(b'=') => value_of(html, value_at + 1),
            _ => (None, name_end),
        };
        attribute(&mut anchor, html, &name, value, gap..end);
        at = end;
    }
}

/// A value, quotes included, and where it ends.
fn value_of(html: &[u8], mut at: usize) -> (Option<Range<usize>>, usize) {
    while html.get(at).is_some_and(|byte| b" \t\r\n".contains(byte)) {
        at += 1;
    }
    let end = match html.get(at) {
        Some(quote @ (b'"' | b'\'')) => match html[at + 1..].iter().position(|byte| byte == quote) {
            Some(length) => at + length + 2,
            // It never ends, so it is no tag either.
            None => return (None, html.len()),
        },
        _ => {
            at + html[at.min(html.len())..]
                .iter()
                .position(|byte| b" \t\r\n>".contains(byte))
                .unwrap_or(html.len() - at.min(html.len()))
        }
    };
    (Some(at..end), end)
}

fn attribute(anchor: &mut Anchor, html: &[u8], name: &[u8], value: Option<Range<usize>>, whole: Range<usize>) {
    let text = value.clone().map(|value| String::from_utf8_lossy(&html[value]).trim_matches(['"', '\'']).to_owned());
    match (name, text) {
        // Of two, browsers take the first.
        (b"href", Some(text)) if anchor.href.is_none() => {
            anchor.href = value.map(|value| (value, unescaped(text.trim())));
        }
        (b"ses:no-track", _) => {
            anchor.is_exempt = true;
            anchor.ours.push(whole);
        }
        (b"ses:tags", Some(text)) => {
            let pairs = text.split(';').filter_map(|pair| pair.split_once(':'));
            anchor.tags.extend(pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())));
            anchor.ours.push(whole);
        }
        _ => {}
    }
}

/// A URL as a browser reads it from an attribute.
fn unescaped(text: &str) -> String {
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, behind)) = rest.split_once('&') {
        plain.push_str(before);
        let (name, after) = behind.split_once(';').unwrap_or((behind, ""));
        let is_closed = name.len() < behind.len();
        match entity(name).filter(|_| is_closed) {
            Some(c) => {
                plain.push(c);
                rest = after;
            }
            None => {
                plain.push('&');
                rest = behind;
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "lt" => Some('<'),
        "gt" => Some('>'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// Quoted-printable, in lines of at most 76 bytes.
fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(text.len() + text.len() / 4);
    let mut column = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(b"\r\n") {
            encoded.extend_from_slice(b"\r\n");
            (column, at) = (0, at + 2);
            continue;
        }
        let byte = text[at];
        let ends_line = text[at + 1..].is_empty() || text[at + 1..].starts_with(b"\r\n");
        let is_plain = (b'!'..=b'~').contains(&byte) && byte != b'=' || matches!(byte, b' ' | b'\t') && !ends_line;
        let width = if is_plain { 1 } else { 3 };
        if column + width > 75 {
            encoded.extend_from_slice(b"=\r\n");
            column = 0;
        }
        match is_plain {
            true => encoded.push(byte),
            false => encoded.extend_from_slice(format!("={byte:02X}").as_bytes()),
        }
        column += width;
        at += 1;
    }
    encoded
}

fn in_lines(text: &str) -> Vec<u8> {
    let lines: Vec<&[u8]> = text.as_bytes().chunks(76).collect();
    let mut all = lines.join(&b"\r\n"[..]);
    all.extend_from_slice(b"\r\n");
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn through(link: &Link) -> String {
        let tags: Vec<String> = link.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("T({}|{})", link.url, tags.join(","))
    }

    fn both(html: &str) -> String {
        let tracker = Tracker { link: Some(&through), picture: Some("P".to_owned()) };
        String::from_utf8(rewritten(html.as_bytes(), &tracker, usize::MAX)).unwrap()
    }

    const PICTURE: &str = "\r\n<img alt=\"\" src=\"P\"\r\n style=\"display: none; width: 1px; height: 1px;\">\r\n";

    #[test]
    fn links() {
        for (html, expected) in [
            ("<a href=\"http://a/\">x</a>", "<a href=\"T(http://a/|)\">x</a>"),
            ("<A class=b HREF = 'https://a/?b=1&amp;c=2' id=c>", "<A class=b HREF = \"T(https://a/?b=1&c=2|)\" id=c>"),
            ("<a href=http://a/b>x", "<a href=\"T(http://a/b|)\">x"),
            ("<a\r\n\thref=\"HTTP://a\"/>", "<a\r\n\thref=\"T(HTTP://a|)\"/>"),
            ("<a href=\"http://a\" href=\"http://b\">", "<a href=\"T(http://a|)\" href=\"http://b\">"),
            (
                "<a href=\"mailto:a@b.c\"><a href=\"#x\"><a name=x>",
                "<a href=\"mailto:a@b.c\"><a href=\"#x\"><a name=x>",
            ),
            ("<abbr href=\"http://a\"><img src=\"http://a\">", "<abbr href=\"http://a\"><img src=\"http://a\">"),
            ("<a ses:no-track href=\"http://a\">", "<a href=\"http://a\">"),
            ("<a ses:tags=\"k:v;l:w;\" href=\"http://a\">", "<a href=\"T(http://a|k=v,l=w)\">"),
            (
                "<!-- <a href=\"http://a\"> --><a href='http://b'>",
                "<!-- <a href=\"http://a\"> --><a href=\"T(http://b|)\">",
            ),
            ("<script>'<a href=\"http://a\">'</script>", "<script>'<a href=\"http://a\">'</script>"),
            ("<a title=\"a > b\" href=\"http://a\">", "<a title=\"a > b\" href=\"T(http://a|)\">"),
            ("<a href=\"http://a", "<a href=\"http://a"),
            ("a < b <a", "a < b <a"),
        ] {
            assert_eq!(both(html), format!("{expected}{PICTURE}"), "{html}");
        }
    }

    #[test]
    fn the_picture() {
        assert_eq!(both("<html><body>x</body></html>"), format!("<html><body>x{PICTURE}</body></html>"));
        assert_eq!(both("a{{ses:openTracker}}b</body>"), format!("a{PICTURE}b</body>"));
        let none = Tracker { link: None, picture: None };
        assert_eq!(
            rewritten(b"<a href=\"http://a\">{{ses:openTracker}}</a>", &none, usize::MAX),
            b"<a href=\"http://a\"></a>"
        );
    }

    #[test]
    fn every_encoding() {
        let html = "<p>Grüße, <a href=\"http://a\">x</a></p>";
        let new = "<p>Grüße, <a href=\"T(http://a|)\">x</a></p>";
        type Encode = fn(&str) -> Vec<u8>;
        let encode: [(&str, Encode); 3] = [
            ("8bit", |html| html.as_bytes().to_vec()),
            ("quoted-printable", |html| quoted_printable(html.as_bytes())),
            ("base64", |html| in_lines(&STANDARD.encode(html))),
        ];
        for (encoding, encode) in encode {
            let head = format!(
                "From: a@b.c\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: \
                 text/html; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
            );
            let mime = [
                head.as_bytes(),
                &encode(html),
                b"\r\n--b\r\nContent-Type: text/plain\r\n\r\n<a href=\"http://a\">\r\n--b--\r\n",
            ]
            .concat();
            let changed = tracked(&mime, &Tracker { link: Some(&through), picture: None }).unwrap();
            let message = MessageParser::default().parse(&changed).unwrap();
            let text = message.body_html(0).unwrap().replace("\r\n", "");
            assert_eq!(text, new, "{encoding}");
            assert!(String::from_utf8_lossy(&changed).contains("\r\n\r\n<a href=\"http://a\">\r\n--b--"), "texts stay");
            assert_eq!(tracked(&mime, &Tracker { link: None, picture: None }), None);
        }
    }

    proptest! {
        #[test]
        fn anything_is_read(html in "(<a|href=|\"|'|>|http://a|<!--|-->|<script|</script>| |=|/|x|é){0,40}") {
            let tracker = Tracker { link: Some(&through), picture: None };
            rewritten(html.as_bytes(), &tracker, usize::MAX);
        }

        #[test]
        fn quoted_printable_is_read_back(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut text = text;
            text.retain(|byte| *byte != b'\r' && *byte != b'\n');
            let encoded = quoted_printable(&text);
            prop_assert!(encoded.split(|byte| *byte == b'\n').all(|line| line.len() <= 77));
            prop_assert_eq!(quoted_printable_decode(&encoded).unwrap(), text);
        }
    }
}
