use std::fmt::Write;

use tidegate_mail::{Options, Search};
use tidegate_store::{Space, StoreError, TransactError, transact};

use crate::bed::{Bed, mail, text};

#[tokio::test]
async fn a_mail_is_in_the_mailbox_whole_and_told_of() {
    let bed = Bed::new(Options::default()).await;
    let mime = text("=?utf-8?q?Gr=C3=BC=C3=9Fe?=");
    bed.send(&mail("m-1", &["bob@example.com", "eve@example.com"], mime.clone())).await;
    let listed = bed.mail.list(&Search::default(), 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    let line = &listed[0];
    assert_eq!((line.from.as_str(), line.subject.as_str()), ("Ann <ann@sender.example>", "Grüße"));
    assert_eq!(
        (line.size, &line.to[..]),
        (mime.len() as u64, &["bob@example.com", "eve@example.com"].map(String::from)[..])
    );
    let kept = bed.mail.read("m-1").await.unwrap().unwrap();
    assert_eq!((kept.mime, kept.configuration_set.as_deref()), (mime.into(), Some("set")));
    assert_eq!(bed.told("m-1").await, ["delivered bob@example.com,eve@example.com 250 2.0.0 Ok: in the mailbox"]);
    assert_eq!(bed.mail.read("m-2").await.unwrap(), None);
}

#[tokio::test]
async fn large_mails_lie_in_pieces_and_leave_none() {
    let bed = Bed::new(Options::default()).await;
    for (id, size) in [("a", 64 << 10), ("b", (64 << 10) + 1), ("c", 1 << 20), ("d", (3 << 20) + 17)] {
        let mut mime = text(id);
        while mime.len() < size {
            write!(mime, "{:076}\r\n", mime.len()).unwrap();
        }
        mime.truncate(size);
        bed.send(&mail(id, &["x@example.com"], mime.clone())).await;
        assert_eq!(bed.mail.read(id).await.unwrap().unwrap().mime, mime.as_bytes(), "{id}");
    }
    let bed = bed.killed().await;
    assert_eq!(bed.mail.count(), 4);
    assert!(bed.mail.remove("c").await.unwrap());
    assert!(!bed.mail.remove("c").await.unwrap());
    assert_eq!((bed.mail.clear().await.unwrap(), bed.mail.count()), (3, 0));
    assert_eq!(bed.records().await, 0);
}

#[tokio::test]
async fn what_does_not_belong_together_is_found() {
    let bed = Bed::new(Options::default()).await;
    let mime = text("x") + &"y".repeat(100_000);
    for id in ["a", "b", "c"] {
        bed.send(&mail(id, &["x@example.com"], mime.clone())).await;
    }
    assert_eq!(bed.violations().await, Vec::<String>::new());
    // A line, a mail and a piece go, as nothing but damage could make them go.
    let listed = bed.mail.list(&Search::default(), 10).await.unwrap();
    let entry = [&[0x08, 1][..], &listed[0].place.to_be_bytes()].concat();
    let keys = [entry, b"\x08\x02b\x00\x01".to_vec(), b"\x08\x03a\x00\x01\0\0\0\0".to_vec()];
    let deleted: Result<_, TransactError<StoreError>> = transact(&*bed.store, &[], async |tx| {
        keys.iter().for_each(|key| tx.delete(Space::Log, key.clone()));
        Ok(())
    })
    .await;
    deleted.unwrap();
    let size = mime.len();
    assert_eq!(
        bed.violations().await,
        [
            "MAIL-1: mail b is listed and not there".to_owned(),
            format!("MAIL-3: mail a has 0 of its {size} bytes"),
            "MAIL-2: mail c: listed: false, kept for the relay alone: false".to_owned(),
            "MAIL-3: piece 0 of mail b belongs to nothing".to_owned(),
        ]
    );
}

#[tokio::test]
async fn the_newest_come_first_a_page_at_a_time_and_can_be_searched() {
    let bed = Bed::new(Options::default()).await;
    for number in 0..25 {
        let to = format!("user-{number}@example.com");
        bed.send(&mail(&format!("m-{number}"), &[&to], text(&format!("Number {number}")))).await;
    }
    let mut search = Search::default();
    let mut seen = Vec::new();
    loop {
        let page = bed.mail.list(&search, 10).await.unwrap();
        let Some(last) = page.last() else { break };
        search.before = Some(last.place);
        seen.extend(page.into_iter().map(|line| line.id));
    }
    assert_eq!(seen, (0..25).rev().map(|number| format!("m-{number}")).collect::<Vec<_>>());
    let found = async |search: Search| {
        let found = bed.mail.list(&search, 100).await.unwrap();
        found.into_iter().map(|line| line.id).collect::<Vec<_>>()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(found(Search { to: some("USER-7@"), ..Search::default() }).await, ["m-7"]);
    assert_eq!(found(Search { subject: some("number 2"), ..Search::default() }).await.len(), 6);
    assert_eq!(found(Search { from: some("ann"), to: some("user-3@"), ..Search::default() }).await, ["m-3"]);
    assert_eq!(found(Search { any: some("user-4@"), ..Search::default() }).await, ["m-4"]);
    assert_eq!(found(Search { any: some("nobody"), ..Search::default() }).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_oldest_go_when_there_are_too_many() {
    let bed = Bed::new(Options { keep: 320, ..Options::default() }).await;
    for number in 0..700 {
        bed.send(&mail(&format!("m-{number}"), &["x@example.com"], text("x"))).await;
        assert!(bed.mail.count() <= 700);
    }
    bed.settle().await;
    let count = bed.mail.count();
    assert!((320..=340).contains(&count), "{count}");
    assert_eq!(bed.records().await, 2 * count, "what is removed leaves nothing");
    let newest = bed.mail.list(&Search::default(), 1).await.unwrap();
    assert_eq!(newest[0].id, "m-699");
    let bed = bed.killed().await;
    assert_eq!(bed.mail.count(), count, "memory equals a rebuild from the store");
}

#[tokio::test]
async fn what_is_no_message_is_kept_all_the_same() {
    let bed = Bed::new(Options::default()).await;
    for (number, mime) in
        [&b""[..], b"\0\xff\xfe", b"no colon", b"Subject: \xff\xff\r\n\r\n", b":\r\n:\r\n"].iter().enumerate()
    {
        bed.send(&mail(&format!("m-{number}"), &[], mime.to_vec())).await;
    }
    let listed = bed.mail.list(&Search::default(), 10).await.unwrap();
    assert_eq!(listed.len(), 5);
    assert!(listed.iter().all(|line| line.from == "bounces@sender.example"));
}
