//! Mails: made from parts, and read as far as SES must.

use std::borrow::Cow;

use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;
use tidegate_types::Timestamp;

use super::address::Mailbox;

/// A mail in parts.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Who it is from.
    pub from: Option<Mailbox>,
    /// Who it is to.
    pub to: Vec<Mailbox>,
    /// Who gets a copy.
    pub cc: Vec<Mailbox>,
    /// Where answers go.
    pub reply_to: Vec<Mailbox>,
    /// The subject.
    pub subject: String,
    /// The body as text.
    pub text: Option<String>,
    /// The body as HTML.
    pub html: Option<String>,
    /// Headers of the sender's own.
    pub headers: Vec<(String, String)>,
    /// What is attached.
    pub attachments: Vec<Attachment>,
}

/// Something attached.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub content: Vec<u8>,
    /// Whether it is shown within the mail.
    pub inline: bool,
    /// By what the mail's HTML refers to it.
    pub content_id: Option<String>,
    /// What is said about it.
    pub description: Option<String>,
}

/// What SES itself puts into a mail.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// `id@email.amazonses.com`.
    pub message_id: String,
    /// When it was sent.
    pub date: Timestamp,
}

/// The mail, its lines ended by CR LF.
pub fn compose(draft: Draft, stamp: Option<&Stamp>) -> Vec<u8> {
    let mut builder = MessageBuilder::new();
    if let Some(from) = &draft.from {
        builder = builder.from(shown(from));
    }
    let all = |list: &[Mailbox]| Address::new_list(list.iter().map(shown).collect());
    if !draft.reply_to.is_empty() {
        builder = builder.reply_to(all(&draft.reply_to));
    }
    if !draft.to.is_empty() {
        builder = builder.to(all(&draft.to));
    }
    if !draft.cc.is_empty() {
        builder = builder.cc(all(&draft.cc));
    }
    builder = builder.subject(draft.subject);
    if let Some(stamp) = stamp {
        builder = builder.message_id(stamp.message_id.clone());
        builder = builder.date(i64::try_from(stamp.date.as_secs()).unwrap_or(i64::MAX));
    }
    for (name, value) in draft.headers {
        builder = builder.header(name, Raw::new(value));
    }
    builder = builder.body(body(draft.text, draft.html, draft.attachments));
    builder.write_to_vec().expect("writing into memory does not fail")
}

fn shown<'x>(mailbox: &Mailbox) -> Address<'x> {
    let name = (!mailbox.name.is_empty()).then(|| mailbox.name.clone());
    Address::new_address(name, mailbox.address.clone())
}

/// The body: what is inline lies beside the HTML that shows it, what is attached behind both.
fn body<'x>(text: Option<String>, html: Option<String>, attachments: Vec<Attachment>) -> MimePart<'x> {
    let part = |kind: &'static str, text: String| MimePart::new(kind, text);
    let shown = match (text, html) {
        (Some(text), Some(html)) => {
            MimePart::new("multipart/alternative", vec![part("text/plain", text), part("text/html", html)])
        }
        (None, Some(html)) => part("text/html", html),
        (text, None) => part("text/plain", text.unwrap_or_default()),
    };
    let (inline, attached): (Vec<_>, Vec<_>) = attachments.into_iter().partition(|attachment| attachment.inline);
    let with = |shown: MimePart<'x>, kind: &'static str, more: Vec<Attachment>| match more.is_empty() {
        true => shown,
        false => {
            let parts = std::iter::once(shown).chain(more.into_iter().map(attached_part));
            MimePart::new(kind, parts.collect::<Vec<_>>())
        }
    };
    with(with(shown, "multipart/related", inline), "multipart/mixed", attached)
}

fn attached_part<'x>(attachment: Attachment) -> MimePart<'x> {
    // What is a message itself must not be encoded (RFC 2046, section 5.2.1).
    let is_message = attachment.media_type.starts_with("message/") && attachment.content.is_ascii();
    let part = MimePart::new(attachment.media_type, attachment.content);
    let part = if is_message { part.transfer_encoding("7bit") } else { part };
    let part = match attachment.inline {
        true => part.inline(),
        false => part.attachment(attachment.name),
    };
    let part = match attachment.content_id {
        Some(id) => part.cid(id),
        None => part,
    };
    match attachment.description {
        Some(text) => part.header("Content-Description", mail_builder::headers::text::Text::new(text)),
        None => part,
    }
}

/// Where a mail's body begins, and its headers, unfolded, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// Names and values.
    pub all: Vec<(String, String)>,
    /// The first byte of the body.
    pub body: usize,
}

impl Headers {
    /// The headers of a mail whose lines end by CR LF.
    pub fn read(mime: &[u8]) -> Headers {
        let mut headers = Headers::default();
        let mut at = 0;
        while at < mime.len() {
            let start = at;
            let end = mime[at..].windows(2).position(|pair| pair == b"\r\n").map_or(mime.len(), |found| at + found);
            let line = String::from_utf8_lossy(&mime[at..end]);
            at = (end + 2).min(mime.len());
            if line.is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = headers.all.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                headers.all.push((name.trim_end().to_owned(), value.trim().to_owned()));
            } else {
                // Not a header, so the body begins here without an empty line.
                at = start;
                break;
            }
        }
        headers.body = at;
        headers
    }

    /// The first header of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The name of a header that occurs twice and must not.
    pub fn doubled(&self) -> Option<&str> {
        self.all.iter().enumerate().find_map(|(at, (name, _))| {
            let once = ONCE.iter().any(|once| once.eq_ignore_ascii_case(name));
            let again = self.all[..at].iter().any(|(earlier, _)| earlier.eq_ignore_ascii_case(name));
            (once && again).then_some(name.as_str())
        })
    }

    /// The mail without the headers that `drops` names, and with `more` in front.
    pub fn rewrite(&self, mime: &[u8], drops: impl Fn(&str) -> bool, more: &[(&str, String)]) -> Vec<u8> {
        let mut new = Vec::with_capacity(mime.len() + 256);
        for (name, value) in more {
            new.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        let mut keeps = true;
        for line in mime[..self.body].split_inclusive(|byte| *byte == b'\n') {
            let is_first = !line.starts_with(b" ") && !line.starts_with(b"\t");
            if is_first {
                let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
                keeps = !drops(String::from_utf8_lossy(name).trim_end());
            }
            if keeps {
                new.extend_from_slice(line);
            }
        }
        if !new.ends_with(b"\r\n\r\n") {
            new.extend_from_slice(b"\r\n");
        }
        new.extend_from_slice(&mime[self.body..]);
        new
    }
}

/// Headers that a mail has at most once.
const ONCE: [&str; 15] = [
    "From",
    "Sender",
    "To",
    "Cc",
    "Bcc",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Return-Path",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// The same with every line ended by CR LF.
pub fn with_crlf(mime: &[u8]) -> Cow<'_, [u8]> {
    let bare = mime.iter().enumerate().any(|(at, byte)| *byte == b'\n' && (at == 0 || mime[at - 1] != b'\r'));
    if !bare {
        return Cow::Borrowed(mime);
    }
    let mut all = Vec::with_capacity(mime.len() + mime.len() / 32);
    for (at, byte) in mime.iter().enumerate() {
        if *byte == b'\n' && (at == 0 || mime[at - 1] != b'\r') {
            all.push(b'\r');
        }
        all.push(*byte);
    }
    Cow::Owned(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(draft: Draft) -> String {
        let stamp = Stamp { message_id: "1@email.amazonses.com".to_owned(), date: Timestamp::from_secs(1_700_000_000) };
        String::from_utf8(compose(draft, Some(&stamp))).unwrap()
    }

    fn draft() -> Draft {
        Draft {
            from: Some(Mailbox::parse("Ä <a@example.com>").unwrap()),
            to: vec![Mailbox::parse("b@example.com").unwrap()],
            subject: "Grüße".to_owned(),
            text: Some("Hällo".to_owned()),
            ..Draft::default()
        }
    }

    #[test]
    fn a_mail_is_read_as_it_was_meant() {
        let mime = text(draft());
        assert!(mime.is_ascii(), "{mime}");
        let message = mail_parser::MessageParser::default().parse(mime.as_bytes()).unwrap();
        assert_eq!(message.subject(), Some("Grüße"));
        assert_eq!(message.from().unwrap().first().unwrap().name(), Some("Ä"));
        assert_eq!(message.body_text(0).unwrap().trim_end(), "Hällo");
        assert_eq!(message.message_id(), Some("1@email.amazonses.com"));
        assert_eq!(message.date().unwrap().to_timestamp(), 1_700_000_000);
    }

    #[test]
    fn what_is_attached_comes_along() {
        let attachment = |name: &str, inline| Attachment {
            name: name.to_owned(),
            media_type: "application/octet-stream".to_owned(),
            content: vec![0, 255, 10],
            inline,
            content_id: inline.then(|| "x".to_owned()),
            description: None,
        };
        let attachments = vec![attachment("a.bin", false), attachment("b.bin", true)];
        let mime = text(Draft { html: Some("<img src=cid:x>".to_owned()), attachments, ..draft() });
        let message = mail_parser::MessageParser::default().parse(mime.as_bytes()).unwrap();
        assert_eq!(message.attachment_count(), 2, "{mime}");
        assert!(mime.contains("multipart/mixed") && mime.contains("multipart/related"), "{mime}");
    }

    #[test]
    fn headers_are_unfolded_and_the_body_is_found() {
        let mime = b"From: a@example.com\r\nSubject: a\r\n b\r\nX: \r\n\r\nbody\r\n";
        let headers = Headers::read(mime);
        assert_eq!(headers.get("subject"), Some("a b"));
        assert_eq!(headers.get("x"), Some(""));
        assert_eq!(&mime[headers.body..], b"body\r\n");
        assert_eq!(headers.doubled(), None);
        assert_eq!(Headers::read(b"To: a\r\nTO: b\r\n\r\n").doubled(), Some("TO"));
        assert_eq!(Headers::read(b"").all, []);
    }

    #[test]
    fn headers_are_dropped_with_their_folds() {
        let mime = b"From: a\r\nBcc: b,\r\n c\r\nTo: d\r\n\r\nbody";
        let new = Headers::read(mime).rewrite(mime, |name| name.eq_ignore_ascii_case("bcc"), &[("X", "1".to_owned())]);
        assert_eq!(String::from_utf8(new).unwrap(), "X: 1\r\nFrom: a\r\nTo: d\r\n\r\nbody");
        let bare = b"From: a";
        let new = Headers::read(bare).rewrite(bare, |_| false, &[]);
        assert_eq!(String::from_utf8(new).unwrap(), "From: a\r\n");
    }

    #[test]
    fn lines_end_by_crlf() {
        assert_eq!(&*with_crlf(b"a\nb\r\n\n"), b"a\r\nb\r\n\r\n");
        assert!(matches!(with_crlf(b"a\r\n"), Cow::Borrowed(_)));
    }
}
