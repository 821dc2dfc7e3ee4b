use http::{Method, header};
use serde_json::{Value, json};
use tidegate_mail::Options;
use tidegate_ports::{AdminDocument, AdminVisit};

use crate::bed::{Bed, mail, text};
use crate::fake_relay::{Does, FakeRelay};

async fn ask(bed: &Bed, method: Method, target: &str) -> AdminDocument {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    bed.mail.site().answer(AdminVisit { method, path: path.to_owned(), query, accept: None, user_agent: None }).await
}

async fn get(bed: &Bed, target: &str) -> Value {
    let document = ask(bed, Method::GET, target).await;
    assert_eq!(document.status, 200, "{target}: {document:?}");
    serde_json::from_slice(&document.body).unwrap()
}

const FULL: &str = "From: =?utf-8?b?w4Ru?= <ann@sender.example>\r\nTo: Bob <bob@example.com>\r\n\
    Cc: cy@example.com\r\nSubject: =?utf-8?q?T=C3=A4st?=\r\nX-Folded: a\r\n b\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=B\r\n\r\n\
    --B\r\nContent-Type: multipart/alternative; boundary=C\r\n\r\n\
    --C\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nT=C3=A4xt\r\n\
    --C\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p onclick=x>Hi</p><img src=\"cid:pic\">\r\n--C--\r\n\
    --B\r\nContent-Type: image/png\r\nContent-ID: <pic>\r\nContent-Disposition: inline; filename=\"a b.png\"\r\n\
    Content-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n\
    --B\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename*=utf-8''%C3%A4.html\r\n\r\n\
    <script>alert(1)</script>\r\n--B--\r\n";

#[tokio::test]
async fn a_mail_is_shown_as_a_mail_client_would() {
    let bed = Bed::new(Options::default()).await;
    bed.send(&mail("m/1", &["bob@example.com", "cy@example.com", "hidden@example.com"], FULL)).await;
    let list = get(&bed, "/_tidegate/mail").await;
    assert_eq!((&list["count"], &list["messages"][0]["subject"]), (&json!(1), &json!("Täst")));
    let shown = get(&bed, "/_tidegate/mail/m%2F1").await;
    assert_eq!(shown["from"], json!(["Än <ann@sender.example>"]));
    assert_eq!(shown["text"], "Täxt");
    assert_eq!(shown["html"], "<p onclick=x>Hi</p><img src=\"cid:pic\">");
    assert_eq!(shown["tags"], json!({ "campaign": "welcome" }));
    assert!(shown["headers"].as_array().unwrap().contains(&json!({ "name": "X-Folded", "value": "a b" })));
    let attachments: Vec<_> = shown["attachments"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(attachments, ["a b.png", "ä.html"]);
    assert_eq!(shown["attachments"][0]["contentId"], "pic");

    let raw = ask(&bed, Method::GET, "/_tidegate/mail/m%2F1/raw").await;
    assert_eq!(raw.body, FULL);
    let picture = ask(&bed, Method::GET, "/_tidegate/mail/m%2F1/attachments/0").await;
    assert_eq!(
        (&picture.body[..], &picture.headers[header::CONTENT_TYPE]),
        (&b"\x89PNG"[..], &"image/png".parse().unwrap())
    );
    let page = ask(&bed, Method::GET, "/_tidegate/mail/m%2F1/attachments/1").await;
    assert_eq!(page.headers[header::CONTENT_DISPOSITION], "attachment; filename*=UTF-8''%C3%A4%2Ehtml");
    assert_eq!(page.headers[header::CONTENT_SECURITY_POLICY], "sandbox; default-src 'none'");
    assert_eq!(page.headers["x-content-type-options"], "nosniff");

    let sent = get(&bed, "/_aws/ses").await;
    let message = &sent["messages"][0];
    assert_eq!(
        message["Destination"],
        json!({
            "ToAddresses": ["Bob <bob@example.com>"], "CcAddresses": ["cy@example.com"], "BccAddresses": ["hidden@example.com"],
        })
    );
    assert_eq!(message["Body"]["text_part"], "Täxt");
    assert_eq!((&message["Timestamp"], &message["Subject"]), (&json!("2023-11-14T22:13:20"), &json!("Täst")));
    for (path, status) in [
        ("/_tidegate/mail/none", 404),
        ("/_tidegate/mail/m%2F1/attachments/9", 404),
        ("/_tidegate/mail/m%2F1/attachments/x", 400),
        ("/_tidegate/mail?limit=x", 400),
        ("/_tidegate/mail/m%2F1/x", 404),
    ] {
        assert_eq!(ask(&bed, Method::GET, path).await.status, status, "{path}");
    }
    assert_eq!(ask(&bed, Method::POST, "/_tidegate/mail").await.status, 405);
}

#[tokio::test]
async fn pages_go_on_and_mails_can_be_deleted() {
    let bed = Bed::new(Options::default()).await;
    for number in 0..5 {
        let from_text = text(&format!("n{number}"));
        bed.send(&mail(&format!("m{number}"), &["a@x"], from_text)).await;
    }
    let ids = |list: &Value| list["messages"].as_array().unwrap().iter().map(|m| m["id"].clone()).collect::<Vec<_>>();
    let first = get(&bed, "/_tidegate/mail?limit=3").await;
    assert_eq!(ids(&first), ["m4", "m3", "m2"]);
    let cursor = first["cursor"].as_str().unwrap();
    let second = get(&bed, &format!("/_tidegate/mail?limit=3&cursor={cursor}")).await;
    assert_eq!((ids(&second), &second["cursor"]), (vec![json!("m1"), json!("m0")], &Value::Null));
    assert_eq!(ids(&get(&bed, "/_tidegate/mail?subject=N2").await), ["m2"]);

    let sent = get(&bed, "/_aws/ses").await;
    let order: Vec<_> = sent["messages"].as_array().unwrap().iter().map(|m| m["Id"].clone()).collect();
    assert_eq!(order, ["m0", "m1", "m2", "m3", "m4"], "the oldest first, as LocalStack's");
    let one = get(&bed, "/_aws/ses?id=m3").await;
    assert_eq!(one["messages"].as_array().unwrap().len(), 1);
    let by_source = get(&bed, "/_aws/ses?email=Ann <ann@sender.example>").await;
    assert_eq!(by_source["messages"].as_array().unwrap().len(), 5);
    assert_eq!(get(&bed, "/_aws/ses?email=nobody@x").await, json!({ "messages": [] }));

    assert_eq!(ask(&bed, Method::DELETE, "/_aws/ses?id=m3").await.status, 204);
    assert_eq!(ask(&bed, Method::DELETE, "/_tidegate/mail/m4").await.status, 200);
    assert_eq!(ask(&bed, Method::DELETE, "/_tidegate/mail/m4").await.status, 404);
    assert_eq!(ids(&get(&bed, "/_tidegate/mail").await), ["m2", "m1", "m0"]);
    assert_eq!(ask(&bed, Method::DELETE, "/_aws/ses").await.status, 204);
    assert_eq!(get(&bed, "/_tidegate/mail").await["count"], 0);
}

#[tokio::test]
async fn a_page_can_wait_for_the_next_mail() {
    let bed = Bed::new(Options::default()).await;
    let change = get(&bed, "/_tidegate/mail").await["change"].clone();
    let waiting = format!("/_tidegate/mail?wait=50&since={change}");
    let (list, ()) = tokio::join!(get(&bed, &waiting), async {
        while bed.env.waits().count() == 0 {
            tokio::task::yield_now().await;
        }
        bed.send(&mail("m", &["a@x"], text("x"))).await;
    });
    assert_eq!(list["count"], 1);
    assert_ne!(list["change"], change);
    assert_eq!(get(&bed, &waiting).await["count"], 1, "what has changed already is answered at once");
}

#[tokio::test]
async fn the_page_runs_no_script_but_its_own() {
    let bed = Bed::new(Options::default()).await;
    let site = bed.mail.site();
    let visit = |path: &str, accept: &str| AdminVisit {
        method: Method::GET,
        path: path.to_owned(),
        query: Vec::new(),
        accept: Some(accept.to_owned()),
        user_agent: None,
    };
    let page = site.answer(visit("/_tidegate/mail", "text/html,application/xhtml+xml,*/*;q=0.8")).await;
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"), "{policy}");
    assert!(!String::from_utf8_lossy(&page.body).contains("<script>"), "it has no script in itself");
    for path in ["/_tidegate/mail.html", "/_tidegate/mail.js", "/_tidegate/mail.css"] {
        assert!(site.is_open(path));
        assert_eq!(site.answer(visit(path, "*/*")).await.status, 200, "{path}");
    }
    for path in ["/_tidegate/mail", "/_tidegate/mail/x", "/_aws/ses"] {
        assert!(!site.is_open(path), "{path} holds data");
    }
}

#[tokio::test]
async fn how_far_a_relay_has_got_is_shown() {
    let relay = FakeRelay::new(&[]).await;
    relay.once("RCPT TO:<no@x>", Does::Says("550 5.1.1 nobody"));
    relay.once("RCPT TO:<later@x>", Does::Says("450 4.2.0 greylisted"));
    let bed = Bed::with_relay(&relay.url()).await;
    bed.send(&mail("m", &["yes@x", "no@x", "later@x"], text("x"))).await;
    bed.settle().await;
    let shown = get(&bed, "/_tidegate/mail/m").await;
    let stops: Vec<_> = shown["delivery"]["recipients"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stop| (stop["state"].as_str().unwrap(), stop["diagnosis"].as_str().unwrap()))
        .collect();
    assert_eq!(
        stops,
        [
            ("delivered", "250 2.0.0 Ok: queued as 1"),
            ("bounced", "smtp; 550 5.1.1 nobody"),
            ("waiting", "smtp; 450 4.2.0 greylisted"),
        ]
    );
    assert_eq!(shown["delivery"]["attempts"], 1);
}
