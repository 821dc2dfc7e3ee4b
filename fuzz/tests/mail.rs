//! Mail: what relays answer, what clients of the listener say, and where a message ends.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a failure")]

use tidegate_fuzz::{Material, fuzz};
use tidegate_mail::RelayAddress;
use tidegate_mail::listener::command::{self, Command};
use tidegate_mail::listener::data::Data;
use tidegate_mail::relay::reply::{Reply, parse_line};

const ANSWERS: Material<'static> = Material {
    examples: &[b"250-5.1.1 <a@x> no\r\n", b"550 5.1.1 no such user\r\n", b"354", b"smtp://u:p@h:25?tls=required"],
    words: &["250", "550", "4.2.0", "-", " ", "\r\n", "5.", ".", "smtps://", "%", "@", ":", "[::1]", "?", "&ca="],
};

#[test]
fn answers_of_relays() {
    fuzz(ANSWERS, |bytes| {
        if let Some(line) = parse_line(bytes) {
            assert!((200..600).contains(&line.code));
            assert!(!line.text.chars().any(char::is_control));
            let reply = Reply { code: line.code, lines: vec![line.text.clone(), line.text] };
            assert!(reply.status().starts_with(&(line.code / 100).to_string()[..]) || line.code / 100 == 3);
            assert!(reply.text().starts_with(&line.code.to_string()));
        }
        if let Ok(address) = String::from_utf8_lossy(bytes).parse::<RelayAddress>() {
            assert!(!address.to_string().contains(['\r', '\n', ' ']) && !address.helo.contains(['\r', '\n', ' ']));
        }
    });
}

const COMMANDS: Material<'static> = Material {
    examples: &[
        b"MAIL FROM:<a@b> SIZE=10 BODY=8BITMIME SMTPUTF8",
        b"RCPT TO:<@relay:\"a > \\\" b\"@[IPv6:::1]>",
        b"EHLO client.example",
        b"AUTH PLAIN AGEAYg==",
    ],
    words: &[
        "MAIL FROM:",
        "RCPT TO:",
        "<",
        ">",
        "\"",
        "\\",
        "@",
        "[",
        "]",
        "SIZE=",
        " ",
        "\r",
        "\n",
        "\0",
        "\u{e4}",
        ":",
    ],
};

#[test]
fn commands_of_clients() {
    fuzz(COMMANDS, |bytes| match command::parse(bytes) {
        Ok(Command::Mail(mail)) if mail.from.is_empty() => {}
        Ok(Command::Mail(command::Mail { from: address, .. }) | Command::Recipient(address)) => {
            assert!(!address.chars().any(char::is_control) && address.contains('@'), "{address:?}");
            // What was accepted is accepted again, and is the same.
            let again = command::parse(format!("RCPT TO:<{address}>").as_bytes());
            assert_eq!(again, Ok(Command::Recipient(address)));
        }
        Ok(_) => {}
        Err(command::Mistake(answer)) => assert!(answer.starts_with('5')),
    });
}

const MESSAGES: Material<'static> = Material {
    examples: &[b"Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n", b"a\n.\nb\r.\rc\r\n.\r\n"],
    words: &["\r\n.\r\n", "\n.\n", "\r.\r", "\r\n", "\r", "\n", "."],
};

fn read(bytes: &[u8], piece: usize) -> Option<(Vec<u8>, usize)> {
    let (mut data, mut taken) = (Data::default(), 0);
    for piece in bytes.chunks(piece) {
        if let Some(last) = data.take(piece, 1 << 16) {
            return Some((data.finish(), taken + last));
        }
        taken += piece.len();
    }
    None
}

#[test]
fn messages_end_where_they_end() {
    fuzz(MESSAGES, |bytes| {
        let whole = read(bytes, usize::MAX);
        assert_eq!(whole, read(bytes, 1), "how it comes in pieces does not matter");
        let first = match bytes.starts_with(b".\r\n") {
            true => Some(3),
            false => bytes.windows(5).position(|window| window == b"\r\n.\r\n").map(|at| at + 5),
        };
        assert_eq!(whole.as_ref().map(|(_, taken)| *taken), first, "there is one way to end a message");
        if let Some((message, _)) = whole {
            let bare = |at: usize| match message[at] {
                b'\r' => message.get(at + 1) != Some(&b'\n'),
                b'\n' => at == 0 || message[at - 1] != b'\r',
                _ => false,
            };
            assert!(!(0..message.len()).any(bare), "its lines are ended by CR LF: {message:?}");
        }
    });
}
