use tidegate_mail::{Received, Refusal};
use tidegate_ses::Options;

use crate::bed::{Bed, START};

fn mail(from: &str, to: &str) -> Received {
    Received {
        peer: "127.0.0.1".parse().unwrap(),
        helo: "localhost".to_owned(),
        tls: false,
        envelope_from: from.to_owned(),
        recipients: vec![to.to_owned()],
        mime: format!("From: {from}\r\nTo: {to}\r\nSubject: by SMTP\r\n\r\nbody\r\n").into(),
        at: START,
    }
}

#[tokio::test]
async fn who_logs_in_sends_by_smtp() {
    let bed = Bed::new().await.verified(&["sender@example.com"]).await;
    let smtp = bed.ses.smtp_interface(Vec::new(), false);
    let login = smtp.login("AKIA", "anything").await.unwrap();
    let id = smtp.submit(&login, mail("sender@example.com", "to@example.org")).await.unwrap();
    let kept = bed.newest().await;
    assert_eq!((kept.id.as_str(), &kept.recipients[..]), (id.as_str(), &["to@example.org".to_owned()][..]));
    for (from, code, words) in [
        ("nobody@example.com", 554, "Message rejected: Email address is not verified. The following identities"),
        ("nobody", 554, "Transaction failed: Missing final '@domain'"),
    ] {
        let refused = smtp.submit(&login, mail(from, "to@example.org")).await.unwrap_err();
        let Refusal::Answer { code: own, text, .. } = refused else { panic!("{refused:?}") };
        assert_eq!(own, code);
        assert!(text.starts_with(words), "{text}");
    }
    assert_eq!(bed.count(), 1);
}

#[tokio::test]
async fn nobody_logs_in_unknown_where_passwords_are_checked() {
    let bed = Bed::with(Options::default()).await;
    let smtp = bed.ses.smtp_interface(Vec::new(), true);
    assert_eq!(smtp.login("AKIA", "anything").await, None);
}
