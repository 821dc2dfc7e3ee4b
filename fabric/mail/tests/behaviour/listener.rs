//! The listener, spoken to as a client would.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tidegate_mail::{Incoming, Login, Options, Received, Refusal, Submission};
use tidegate_types::{AccountId, Region};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::bed::Bed;

/// Knows everybody at `here.example`, and whoever has the password `secret`.
#[derive(Default)]
struct House {
    received: Mutex<Vec<Received>>,
    submitted: Mutex<Vec<(Login, Received)>>,
}

impl Incoming for House {
    fn accepts<'a>(&'a self, recipient: &'a str) -> BoxFuture<'a, bool> {
        async move { recipient.ends_with("@here.example") }.boxed()
    }

    fn receive(&self, mail: Received) -> BoxFuture<'_, Result<(), Refusal>> {
        async move {
            if mail.recipients.iter().any(|one| one.starts_with("spam@")) {
                let (code, status) = (550, "5.7.1".to_owned());
                return Err(Refusal::Answer { code, status, text: "no\r\n250 spam".to_owned() });
            }
            self.received.lock().push(mail);
            Ok(())
        }
        .boxed()
    }
}

impl Submission for House {
    fn login<'a>(&'a self, user: &'a str, password: &'a str) -> BoxFuture<'a, Option<Login>> {
        let login = || Login { key_id: user.to_owned(), account: AccountId::DEFAULT, region: Region::us_east_1() };
        async move { (password == "secret").then(login) }.boxed()
    }

    fn submit<'a>(&'a self, login: &'a Login, mail: Received) -> BoxFuture<'a, Result<String, Refusal>> {
        async move {
            self.submitted.lock().push((login.clone(), mail));
            Ok("0100-id".to_owned())
        }
        .boxed()
    }
}

struct Talk {
    wire: BufReader<TcpStream>,
    house: Arc<House>,
    _bed: Bed,
    _task: tidegate_env::TaskHandle<()>,
}

impl Talk {
    async fn new() -> Talk {
        let bed = Bed::new(Options::default()).await;
        let house = Arc::<House>::default();
        let (incoming, submission) = (Arc::downgrade(&house), Arc::downgrade(&house));
        bed.mail.receive_by(incoming);
        bed.mail.submit_to(submission);
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let task = bed.mail.listen(tcp, None);
        let wire = BufReader::new(TcpStream::connect(address).await.unwrap());
        let mut talk = Talk { wire, house, _bed: bed, _task: task };
        assert!(talk.read().await.starts_with("220 "));
        talk
    }

    async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.wire.get_mut().write_all(bytes.as_ref()).await.unwrap();
    }

    /// An answer, its lines joined by `|`.
    async fn read(&mut self) -> String {
        let mut answer = String::new();
        loop {
            let mut line = String::new();
            assert!(self.wire.read_line(&mut line).await.unwrap() > 0, "it hung up behind {answer:?}");
            answer.push_str(line.trim_end());
            if line.as_bytes()[3] != b'-' {
                return answer;
            }
            answer.push('|');
        }
    }

    async fn ask(&mut self, line: &str) -> String {
        self.say(format!("{line}\r\n")).await;
        self.read().await
    }

    async fn expect(&mut self, line: &str, answer: &str) {
        let got = self.ask(line).await;
        assert!(got.starts_with(answer), "{line:?} was answered with {got:?}, not {answer:?}");
    }
}

#[tokio::test]
async fn a_mail_comes_in() {
    let mut talk = Talk::new().await;
    let hello = talk.ask("EHLO client.example").await;
    for extension in ["SIZE 41943040", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN"]
    {
        assert!(hello.contains(extension), "{hello}");
    }
    assert!(!hello.contains("STARTTLS"), "there is no certificate");
    talk.expect("MAIL FROM:<a@client.example> SIZE=100 BODY=8BITMIME", "250 2.1.0").await;
    talk.expect("RCPT TO:<Bob@HERE.example>", "250 2.1.5").await;
    talk.expect("RCPT TO:<eve@there.example>", "550 5.1.1").await;
    talk.expect("DATA", "354").await;
    talk.say("Subject: x\r\n\r\n..dot\r\n.\r\n").await;
    assert_eq!(talk.read().await, "250 2.0.0 Ok");
    talk.expect("MAIL FROM:<>", "250").await;
    talk.expect("RSET", "250").await;
    talk.expect("QUIT", "221").await;
    let received = talk.house.received.lock().clone();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].recipients, ["Bob@here.example"]);
    assert_eq!((&received[0].helo[..], received[0].tls), ("client.example", false));
    assert_eq!(received[0].mime, Bytes::from_static(b"Subject: x\r\n\r\n.dot\r\n"));
}

#[tokio::test]
async fn commands_may_come_in_a_row() {
    let mut talk = Talk::new().await;
    talk.say(
        "EHLO c\r\nMAIL FROM:<a@c>\r\nRCPT TO:<b@here.example>\r\nDATA\r\n\
         one\r\n.\r\nMAIL FROM:<a@c>\r\nRCPT TO:<c@here.example>\r\nDATA\r\ntwo\r\n.\r\nQUIT\r\n",
    )
    .await;
    let mut codes = Vec::new();
    for _ in 0..10 {
        codes.push(talk.read().await[..3].to_owned());
    }
    assert_eq!(codes, ["250", "250", "250", "354", "250", "250", "250", "354", "250", "221"]);
    let bodies: Vec<_> = talk.house.received.lock().iter().map(|mail| mail.mime.clone()).collect();
    assert_eq!(bodies, ["one\r\n", "two\r\n"]);
}

#[tokio::test]
async fn one_message_cannot_be_made_to_look_like_two() {
    for smuggled in ["\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r"] {
        let mut talk = Talk::new().await;
        talk.expect("EHLO c", "250").await;
        talk.expect("MAIL FROM:<a@c>", "250").await;
        talk.expect("RCPT TO:<b@here.example>", "250").await;
        talk.expect("DATA", "354").await;
        talk.say(format!("x{smuggled}MAIL FROM:<evil@c>\r\nRCPT TO:<b@here.example>\r\nDATA\r\ny\r\n.\r\n")).await;
        assert!(talk.read().await.starts_with("250"));
        talk.expect("NOOP", "250").await;
        let received = talk.house.received.lock().clone();
        assert_eq!(received.len(), 1, "{smuggled:?}");
        assert!(received[0].mime.ends_with(b"y\r\n"));
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let mut talk = Talk::new().await;
    for (line, answer) in [
        ("MAIL FROM:<a@c>", "503"),
        ("EHLO", "501"),
        ("EHLO c", "250"),
        ("RCPT TO:<b@here.example>", "503"),
        ("DATA", "503"),
        ("MAIL FROM:<a@c> SIZE=99999999999", "552 5.3.4"),
        ("MAIL FROM:<\u{e4}@c>", "553 5.6.7"),
        ("MAIL FROM:<a@c>", "250"),
        ("MAIL FROM:<a@c>", "503"),
        ("DATA", "554"),
        ("STARTTLS", "502"),
        ("VRFY root", "252"),
        ("EXPN all", "502"),
        ("GARBAGE", "500"),
        ("RCPT TO:<b@here.example> NOTIFY=NEVER", "555"),
    ] {
        talk.expect(line, answer).await;
    }
    talk.expect(&"x".repeat(20_000), "500 5.5.2 Line too long").await;
    talk.expect("RCPT TO:<spam@here.example>", "250").await;
    talk.expect("DATA", "354").await;
    talk.say("x\r\n.\r\n").await;
    assert_eq!(talk.read().await, "550 5.7.1 no  250 spam", "a refusal is one line");
    let mut last = String::new();
    for _ in 0..21 {
        last = talk.ask("NONSENSE").await;
        if last.starts_with("421") {
            break;
        }
    }
    let mut rest = String::new();
    talk.wire.read_to_string(&mut rest).await.unwrap();
    assert!(last.starts_with("421") || rest.starts_with("421 4.7.0"), "{last} {rest}");
}

#[tokio::test]
async fn who_has_logged_in_sends_to_anybody() {
    // "\0key\0secret" and its parts in base64.
    for logins in
        [&["AUTH PLAIN AGtleQBzZWNyZXQ="][..], &["AUTH PLAIN", "AGtleQBzZWNyZXQ="], &["AUTH LOGIN", "a2V5", "c2VjcmV0"]]
    {
        let mut talk = Talk::new().await;
        talk.expect("EHLO c", "250").await;
        let (last, first) = logins.split_last().unwrap();
        for line in first {
            talk.expect(line, "334").await;
        }
        talk.expect(last, "235 2.7.0").await;
        talk.expect("MAIL FROM:<a@c>", "250").await;
        talk.expect("RCPT TO:<anybody@there.example>", "250").await;
        talk.expect("DATA", "354").await;
        talk.say("x\r\n.\r\n").await;
        assert_eq!(talk.read().await, "250 Ok 0100-id");
        assert_eq!(talk.house.submitted.lock()[0].0.key_id, "key");
        assert_eq!(talk.house.received.lock().len(), 0);
    }
    let mut talk = Talk::new().await;
    talk.expect("EHLO c", "250").await;
    talk.expect("AUTH PLAIN AGtleQB3cm9uZw==", "535 5.7.8").await;
    talk.expect("AUTH CRAM-MD5", "504").await;
    talk.expect("AUTH LOGIN", "334").await;
    talk.expect("*", "334").await;
    talk.expect("*", "501").await;
}

#[tokio::test]
async fn a_large_message_is_read_to_its_end_and_refused() {
    let mut talk = Talk::new().await;
    talk.expect("EHLO c", "250").await;
    talk.expect("MAIL FROM:<a@c>", "250").await;
    talk.expect("RCPT TO:<b@here.example>", "250").await;
    talk.expect("DATA", "354").await;
    let line = [b'x'; 998];
    let chunk: Vec<u8> = [&line[..], b"\r\n"].concat().repeat(1000);
    for _ in 0..42 {
        talk.say(&chunk).await;
    }
    talk.say(".\r\n").await;
    assert!(talk.read().await.starts_with("552 5.3.4"));
    talk.expect("NOOP", "250").await;
    assert_eq!(talk.house.received.lock().len(), 0);
}
