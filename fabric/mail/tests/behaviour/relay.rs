use std::time::Duration;

use tidegate_mail::Search;

use crate::bed::{Bed, mail, text};
use crate::fake_relay::{Does, FakeRelay, Taken};

#[tokio::test]
async fn a_mail_leaves_as_it_is() {
    let relay = FakeRelay::new(&["SIZE 100000", "8BITMIME"]).await;
    let bed = Bed::with_relay(&relay.url()).await;
    let mime = text("dots") + ".\r\n..two\r\nümlaut\r\n";
    bed.send(&mail("m", &["b@x", "c@y"], mime.clone())).await;
    bed.settle().await;
    let taken = Taken { from: "bounces@sender.example".to_owned(), to: vec!["b@x".to_owned(), "c@y".to_owned()], mime };
    assert_eq!(relay.taken(), [taken]);
    assert_eq!(bed.told("m").await, ["delivered b@x,c@y 250 2.0.0 Ok: queued as 1"]);
    let size = relay.taken()[0].mime.len();
    assert!(relay.commands().contains(&format!("MAIL FROM:<bounces@sender.example> SIZE={size} BODY=8BITMIME")));
    assert_eq!(bed.mail.count(), 1, "the mailbox shows what was sent");
    assert_eq!(bed.report().next_due(), None);
}

#[tokio::test]
async fn a_mail_to_nobody_is_only_kept() {
    let relay = FakeRelay::new(&[]).await;
    let bed = Bed::with_relay(&relay.url()).await;
    bed.send(&mail("m", &[], text("x"))).await;
    bed.settle().await;
    assert_eq!((bed.told("m").await.len(), bed.mail.count(), relay.connections()), (0, 1, 0));
}

#[tokio::test]
async fn each_recipient_has_its_own_fate() {
    let relay = FakeRelay::new(&[]).await;
    relay.once("RCPT TO:<no@x>", Does::Says("550-5.1.1 no such\r\n550 5.1.1 user"));
    relay.once("RCPT TO:<later@x>", Does::Says("450 4.2.0 greylisted"));
    let bed = Bed::with_relay(&relay.url()).await;
    bed.send(&mail("m", &["yes@x", "no@x", "later@x"], text("x"))).await;
    bed.settle().await;
    assert_eq!(
        bed.told("m").await,
        [
            "delivered yes@x 250 2.0.0 Ok: queued as 1",
            "bounced true no@x smtp; 550 5.1.1 no such user",
            "delayed 1 later@x smtp; 450 4.2.0 greylisted",
        ]
    );
    let pause = bed.next().await;
    assert!((60..=68).contains(&pause.as_secs()), "{pause:?}");
    assert_eq!(bed.told("m").await[3..], ["delivered later@x 250 2.0.0 Ok: queued as 2"]);
    let to: Vec<_> = relay.taken().into_iter().map(|taken| taken.to).collect();
    assert_eq!(to, [["yes@x"], ["later@x"]], "nobody gets it twice");
    assert_eq!(bed.report().next_due(), None);
}

#[tokio::test]
async fn what_is_refused_as_a_whole_bounces_for_all() {
    for (command, line) in
        [("MAIL", "550 5.7.1 you may not send"), ("DATA", "554 5.5.1 no valid recipients"), (".", "552 5.3.4 too big")]
    {
        let relay = FakeRelay::new(&[]).await;
        relay.once(command, Does::Says(line));
        let bed = Bed::with_relay(&relay.url()).await;
        bed.send(&mail("m", &["a@x", "b@x"], text("x"))).await;
        bed.settle().await;
        assert_eq!(bed.told("m").await, [format!("bounced true a@x smtp; {line},b@x smtp; {line}")], "{command}");
        // The connection is good for the next one.
        bed.send(&mail("n", &["a@x"], text("x"))).await;
        bed.settle().await;
        assert_eq!((relay.taken().len(), relay.connections()), (1, 1), "{command}");
    }
}

#[tokio::test]
async fn a_relay_that_is_away_gets_everything_later() {
    let relay = FakeRelay::new(&[]).await;
    let (url, port) = (relay.url(), relay.port);
    drop(relay);
    let bed = Bed::with_relay(&url).await;
    for number in 0..30 {
        bed.send(&mail(&format!("m-{number}"), &["a@x"], text("x"))).await;
    }
    bed.settle().await;
    assert!(bed.report().next_due().is_some(), "what waits is said to wait");
    let bed = bed.killed().await;
    bed.settle().await;
    bed.clock.advance(Duration::from_secs(600));
    bed.settle().await;
    let relay = FakeRelay::on(port, &[]).await;
    while bed.report().next_due().is_some() {
        bed.next().await;
    }
    assert_eq!(relay.taken().len(), 30);
}

#[tokio::test]
async fn patience_runs_out_after_840_minutes() {
    let relay = FakeRelay::new(&[]).await;
    for _ in 0..100 {
        relay.once("MAIL", Does::Says("451 4.3.0 try later"));
    }
    let bed = Bed::with_relay(&relay.url()).await;
    bed.send(&mail("m", &["a@x"], text("x"))).await;
    bed.settle().await;
    let mut waited = Duration::ZERO;
    while bed.report().next_due().is_some() {
        waited += bed.next().await;
    }
    assert_eq!(waited.as_secs(), 840 * 60);
    let told = bed.told("m").await;
    let expired =
        "bounced false a@x smtp; 554 4.4.7 Message expired: unable to deliver in 840 minutes.<451 4.3.0 try later>";
    assert_eq!(told.last().unwrap(), expired);
    assert!(told[..told.len() - 1].iter().all(|line| line.starts_with("delayed ")), "{told:?}");
    assert!((10..13).contains(&told.len()), "{told:?}");
}

#[tokio::test]
async fn a_refused_login_loses_nothing_ever() {
    let relay = FakeRelay::new(&["AUTH PLAIN"]).await;
    for _ in 0..1000 {
        relay.once("AUTH", Does::Says("535 5.7.8 who are you"));
    }
    let url = format!("smtp://me:wrong@127.0.0.1:{}", relay.port);
    let bed = Bed::with_relay(&url).await;
    bed.send(&mail("m", &["a@x"], text("x"))).await;
    bed.settle().await;
    bed.clock.advance(Duration::from_secs(24 * 3600));
    bed.settle().await;
    for _ in 0..5 {
        bed.next().await;
    }
    let told = bed.told("m").await;
    assert!(told.iter().all(|line| line.starts_with("delayed ")), "{told:?}");
    assert!(bed.report().next_due().is_some());

    let relay = FakeRelay::new(&["AUTH PLAIN"]).await;
    drop(bed);
    let bed = Bed::with_relay(&format!("smtp://me:right@127.0.0.1:{}", relay.port)).await;
    bed.send(&mail("n", &["a@x"], text("x"))).await;
    bed.settle().await;
    assert_eq!(bed.told("n").await, ["delivered a@x 250 2.0.0 Ok: queued as 1"]);
    // "\0me\0right" in base64.
    assert!(relay.commands().contains(&"AUTH PLAIN AG1lAHJpZ2h0".to_owned()), "{:?}", relay.commands());
}

#[tokio::test]
async fn a_demand_for_a_login_is_no_bounce() {
    let relay = FakeRelay::new(&[]).await;
    relay.once("MAIL", Does::Says("530 5.7.0 Authentication required"));
    let bed = Bed::with_relay(&relay.url()).await;
    bed.send(&mail("m", &["a@x"], text("x"))).await;
    bed.settle().await;
    assert_eq!(bed.told("m").await, ["delayed 1 a@x smtp; 530 5.7.0 Authentication required"]);
}

#[tokio::test]
async fn a_relay_that_breaks_off_or_says_421_gets_it_again() {
    for does in [Does::HangsUp, Does::Says("421 4.3.2 shutting down"), Does::Says("nonsense")] {
        for command in ["connect", "EHLO", "MAIL", "RCPT", "DATA", "."] {
            let relay = FakeRelay::new(&[]).await;
            let does = match &does {
                Does::Says(line) => Does::Says(line),
                Does::HangsUp | Does::Hangs => Does::HangsUp,
            };
            relay.once(command, does);
            let bed = Bed::with_relay(&relay.url()).await;
            bed.send(&mail("m", &["a@x", "b@x"], text("x"))).await;
            bed.settle().await;
            let told = bed.told("m").await;
            assert!(told.len() == 1 && told[0].starts_with("delayed 1 "), "{command}: {told:?}");
            while bed.report().next_due().is_some() {
                bed.next().await;
            }
            assert_eq!(bed.told("m").await[1..], ["delivered a@x,b@x 250 2.0.0 Ok: queued as 1"], "{command}");
        }
    }
}

#[tokio::test]
async fn a_relay_that_hangs_is_cut() {
    for command in ["connect", "EHLO", "MAIL", "DATA"] {
        let relay = FakeRelay::new(&[]).await;
        relay.once(command, Does::Hangs);
        let bed = Bed::with_relay(&format!("{}?timeout=1", relay.url())).await;
        bed.send(&mail("m", &["a@x"], text("x"))).await;
        // Patience with a relay is real time.
        while bed.told("m").await.is_empty() {
            bed.clock.advance(Duration::from_millis(50));
            tokio::task::yield_now().await;
        }
        let told = bed.told("m").await;
        assert!(told[0].starts_with("delayed 1 ") && told[0].contains("timed out"), "{command}: {told:?}");
    }
}

#[tokio::test]
async fn connections_are_few_and_used_again() {
    let relay = FakeRelay::new(&[]).await;
    let bed = Bed::with_relay(&format!("{}?connections=3", relay.url())).await;
    for number in 0..120 {
        bed.send(&mail(&format!("m-{number}"), &["a@x"], text("x"))).await;
    }
    bed.settle().await;
    assert_eq!(relay.taken().len(), 120);
    assert!(relay.most_open() <= 3, "{}", relay.most_open());
    assert!(relay.connections() <= 6, "{}", relay.connections());
}

#[tokio::test]
async fn one_that_is_being_handed_over_when_the_server_dies_is_handed_over_again() {
    let relay = FakeRelay::new(&[]).await;
    relay.once(".", Does::Hangs);
    let bed = Bed::with_relay(&relay.url()).await;
    bed.send(&mail("m", &["a@x"], text("x"))).await;
    while !relay.commands().contains(&".".to_owned()) {
        tokio::task::yield_now().await;
    }
    let bed = bed.killed().await;
    bed.settle().await;
    assert_eq!(bed.told("m").await, ["delivered a@x 250 2.0.0 Ok: queued as 1"]);
}

#[tokio::test]
async fn a_mail_that_is_deleted_from_the_mailbox_is_sent_all_the_same() {
    let relay = FakeRelay::new(&[]).await;
    relay.once("MAIL", Does::Says("451 later"));
    let bed = Bed::with_relay(&relay.url()).await;
    bed.send(&mail("m", &["a@x"], text("x"))).await;
    bed.settle().await;
    assert!(bed.mail.remove("m").await.unwrap());
    assert_eq!((bed.mail.read("m").await.unwrap(), bed.mail.count()), (None, 0));
    assert!(!bed.mail.remove("m").await.unwrap());
    bed.next().await;
    assert_eq!(relay.taken().len(), 1);
    assert_eq!(bed.records().await, 0);
}

#[tokio::test]
async fn a_reset_forgets_what_waits() {
    let relay = FakeRelay::new(&[]).await;
    relay.once("MAIL", Does::Says("451 later"));
    let bed = Bed::with_relay(&relay.url()).await;
    bed.send(&mail("m", &["a@x"], text("x"))).await;
    bed.settle().await;
    bed.mail.remove("m").await.unwrap();
    bed.send(&mail("n", &["a@x"], text("x"))).await;
    bed.settle().await;
    bed.mail.reset().await.unwrap();
    assert_eq!((bed.records().await, bed.mail.count()), (0, 0));
    bed.clock.advance(Duration::from_secs(3600));
    bed.settle().await;
    assert_eq!(relay.taken().len(), 1, "only the one that had left");
    bed.send(&mail("o", &["a@x"], text("x"))).await;
    bed.settle().await;
    assert_eq!(relay.taken().len(), 2);
    assert_eq!(bed.mail.list(&Search::default(), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn addresses_that_the_relay_cannot_take_bounce_without_being_sent() {
    let relay = FakeRelay::new(&["SIZE 200"]).await;
    let bed = Bed::with_relay(&relay.url()).await;
    bed.send(&mail("utf8", &["ä@x"], text("x"))).await;
    bed.send(&mail("evil", &["a@x> SIZE=1"], text("x"))).await;
    bed.send(&mail("large", &["a@x"], text(&"x".repeat(300)))).await;
    bed.settle().await;
    for (id, status) in [("utf8", "5.6.7"), ("evil", "5.1.3"), ("large", "5.3.4")] {
        let told = bed.told(id).await;
        assert!(told[0].starts_with("bounced true ") && told[0].contains(status), "{told:?}");
    }
    assert_eq!(relay.taken(), []);
}
