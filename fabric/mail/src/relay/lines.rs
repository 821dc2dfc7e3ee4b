//! What is sent must be what is meant: no address can end its command early, no line its message.

/// An address that cannot end its command early or begin another one.
pub(crate) fn is_safe(address: &str) -> bool {
    !address.chars().any(|c| c.is_control() || matches!(c, '<' | '>') || (c == ' ' && !address.starts_with('"')))
}

/// The message as it is sent: lines ended by CR LF, those that begin with a dot given another one, and the
/// end of the data.
pub(crate) fn stuffed(mime: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mime.len() + mime.len() / 64 + 8);
    let mut rest = mime;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let (line, behind) = match end {
            Some(at) if rest[at..].starts_with(b"\r\n") => (&rest[..at], &rest[at + 2..]),
            // A bare CR or LF would be a line's end to some relays and not to others, which could make one
            // message look like two.
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, &rest[rest.len()..]),
        };
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        rest = behind;
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_end_its_data_early() {
        for (mime, sent) in [
            ("", ".\r\n"),
            ("a\r\nb\r\n", "a\r\nb\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            (".\r\n..\r\na.\r\n", "..\r\n...\r\na.\r\n.\r\n"),
            ("a\n.\nb\r.\r", "a\r\n..\r\nb\r\n..\r\n.\r\n"),
            ("\r\n\r\n", "\r\n\r\n.\r\n"),
        ] {
            assert_eq!(String::from_utf8(stuffed(mime.as_bytes())).unwrap(), sent, "{mime:?}");
        }
    }

    #[test]
    fn an_address_cannot_be_a_command() {
        for (address, safe) in [
            ("a@x", true),
            ("", true),
            ("\"a b\"@x", true),
            ("é@x", true),
            ("a@x>\r\nDATA", false),
            ("a@x> SIZE=1", false),
            ("a b@x", false),
            ("a\0@x", false),
        ] {
            assert_eq!(is_safe(address), safe, "{address:?}");
        }
    }
}
