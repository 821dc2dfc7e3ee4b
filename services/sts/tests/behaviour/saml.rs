//! Responses of a SAML provider, signed by an implementation that is not ours (`fixtures/saml/make.py`), and what an
//! attacker makes of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tidegate_sts::saml::{Assertion, Fault, Metadata, read};

use super::bed::{Bed, Role, START};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../fixtures/saml/", $name, ".xml"))
    };
}

const METADATA: &str = fixture!("metadata");
const PROVIDER: &str = "arn:aws:iam::000000000000:saml-provider/corp";
const ROLE: &str = "arn:aws:iam::000000000000:role/people";
const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
    "Principal":{"Federated":"arn:aws:iam::000000000000:saml-provider/corp"},
    "Action":["sts:AssumeRoleWithSAML","sts:TagSession"],
    "Condition":{"StringEquals":{"saml:aud":"https://signin.aws.amazon.com/saml","saml:iss":"https://idp.example/",
        "saml:sub":"jane@corp.example","saml:sub_type":"persistent","saml:doc":"000000000000/corp",
        "aws:RequestTag/team":"blue"},
        "ForAnyValue:StringEquals":{"saml:edupersonaffiliation":"staff"}}}}"#;
const UNTRUSTING: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
    "Principal":{"Federated":"arn:aws:iam::000000000000:saml-provider/corp"},
    "Action":["sts:AssumeRoleWithSAML","sts:TagSession"],
    "Condition":{"StringEquals":{"saml:sub":"john@corp.example"}}}}"#;

fn believed(text: &str) -> Result<Assertion, Fault> {
    read(&STANDARD.encode(text), &Metadata::read(METADATA).unwrap(), START)
}

#[test]
fn what_a_provider_signs_is_believed() {
    for text in [fixture!("assertion"), fixture!("response"), fixture!("both"), fixture!("sha1"), fixture!("sha512")] {
        let said = believed(text).unwrap();
        assert_eq!((&*said.issuer, &*said.subject), ("https://idp.example/", "jane@corp.example"));
        assert_eq!((&*said.subject_type, &*said.recipient), ("persistent", "https://signin.aws.amazon.com/saml"));
        assert_eq!(
            said.attribute("https://aws.amazon.com/SAML/Attributes/RoleSessionName"),
            Ok(Some("jane@corp.example"))
        );
        assert_eq!(said.attributes["urn:oid:1.3.6.1.4.1.5923.1.1.1.1"], ["staff", "member"]);
        assert_eq!(said.attribute("note"), Ok(Some("a&b")));
    }
}

#[test]
fn others_are_not() {
    for (text, fault) in [
        (fixture!("unsigned"), Fault::Signature("there is none")),
        (fixture!("other_key"), Fault::Signature("no key of the provider made it")),
        (fixture!("expired"), Fault::Expired),
        (fixture!("stale"), Fault::Expired),
        (fixture!("early"), Fault::Expired),
        (fixture!("over"), Fault::Expired),
        (fixture!("audience"), Fault::Audience),
        (fixture!("recipient"), Fault::Audience),
        (fixture!("issuer"), Fault::Issuer),
    ] {
        assert_eq!(believed(text), Err(fault));
    }
    assert_eq!(read("%", &Metadata::read(METADATA).unwrap(), START), Err(Fault::Malformed("it is not in base64")));
    assert_eq!(Metadata::read("<a/>"), Err(Fault::Malformed("it names no entity")));
}

/// The text between two marks, both of them with it.
fn part<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).unwrap();
    let end = text[start..].find(to).unwrap() + start + to.len();
    &text[start..end]
}

#[test]
fn what_was_changed_is_not_believed() {
    let both = fixture!("both");
    for (from, to) in [
        ("jane@corp.example</saml:AttributeValue>", "root@corp.example</saml:AttributeValue>"),
        (">blue<", ">red<"),
        ("role/people", "role/admin"),
        ("NotOnOrAfter=\"2120", "NotOnOrAfter=\"2121"),
        ("xsi:type=\"xs:string\"", "xsi:type=\"xs:int\""),
        ("ID=\"_assertion\"", "ID=\"_another\""),
        ("URI=\"#_assertion\"", "URI=\"#_response\""),
        ("URI=\"#_assertion\"", "URI=\"\""),
        ("rsa-sha256", "hmac-sha256"),
        ("xmlenc#sha256", "xmlenc#md5"),
        ("xml-exc-c14n#", "xml-exc-c14n#WithComments"),
        ("xmldsig#enveloped-signature", "xmldsig#base64"),
    ] {
        assert!(both.contains(from), "{from}");
        for text in [both.replace(from, to), fixture!("assertion").replace(from, to)] {
            assert!(matches!(believed(&text), Err(Fault::Signature(_) | Fault::Malformed(_))), "{from}");
        }
    }
    // A comment is not signed, and does not end what is read.
    let text = fixture!("assertion").replace("jane<!-- a comment -->@corp.example", "jane@corp.<!---->example");
    assert_eq!(believed(&text).unwrap().subject, "jane@corp.example");
    let text = fixture!("assertion").replace("jane<!-- a comment -->@corp.example", "<x/>jane@corp.example");
    assert!(believed(&text).is_err());
}

#[test]
fn wrapped_signatures_are_refused() {
    let signed = fixture!("assertion");
    let assertion = part(signed, "<saml:Assertion ", "</saml:Assertion>");
    let signature = part(signed, "<ds:Signature ", "</ds:Signature>");
    let bare = assertion.replace(signature, "");
    let evil = bare.replace("jane@corp.example", "root@corp.example");
    let renamed = evil.replace("_assertion", "_evil");
    let at = |text: &str| signed.replace(assertion, text);
    let wrapped = |inner: &str| evil.replace("<saml:Subject>", &format!("{inner}<saml:Subject>"));
    let cases = [
        // A second assertion before, behind or around the one that is signed.
        at(&format!("{renamed}{assertion}")),
        at(&format!("{assertion}{renamed}")),
        at(&format!("{evil}{assertion}")),
        at(&renamed.replace("</saml:Assertion>", &format!("{assertion}</saml:Assertion>"))),
        // The signature taken along, with what it signs inside of it, beside it or in an extension.
        at(&wrapped(&signature.replace("</ds:Signature>", &format!("<ds:Object>{bare}</ds:Object></ds:Signature>")))),
        at(&renamed.replace("<saml:Subject>", &format!("{signature}<saml:Subject>"))),
        at(&format!("<samlp:Extensions>{assertion}</samlp:Extensions>{renamed}")),
        at(&format!("{signature}{renamed}")),
        at(&format!("<x xmlns=\"urn:x\">{signature}</x>{evil}")),
        // Its own name in another namespace.
        at(&format!("{renamed}{}", assertion.replace("saml:", "samlp:"))),
        // Two signatures in one place.
        signed.replace(signature, &format!("{signature}{signature}")),
        // What a parser may be told to do.
        format!("<!DOCTYPE r [<!ENTITY e \"root\">]>{signed}"),
        signed.replace("<saml:Subject>", "<?x y?><saml:Subject>"),
        signed.replace("<saml:Assertion ", "<saml:EncryptedAssertion/><saml:Assertion "),
        // More than anybody's stack or time.
        signed.replace("<saml:Subject>", &format!("{}{}<saml:Subject>", "<a>".repeat(5000), "</a>".repeat(5000))),
        // A response in a response.
        format!("<a>{signed}</a>"),
        assertion.to_owned(),
    ];
    for (index, text) in cases.iter().enumerate() {
        assert!(believed(text).is_err(), "case {index}: {text}");
    }
    // One signature that holds does not make up for one that does not.
    let both = fixture!("both");
    let value = part(both, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let broken = both.replace(value, "<ds:SignatureValue>AAAA</ds:SignatureValue>");
    assert!(matches!(believed(&broken), Err(Fault::Signature(_))));
}

#[test]
fn strangers_make_no_work() {
    // Neither the key nor the digest holds: the key is looked at first.
    let text = fixture!("other_key").replace(">blue<", ">red<");
    assert_eq!(believed(&text), Err(Fault::Signature("no key of the provider made it")));
    let many = |name: &str| (0..65).map(|at| format!(" {name}{at}=\"u\"")).collect::<String>();
    for more in [many("a"), many("xmlns:n")] {
        let text = fixture!("unsigned").replace("<saml:Subject>", &format!("<saml:Subject{more}>"));
        assert_eq!(believed(&text), Err(Fault::Malformed("an element has too many attributes")));
    }
}

async fn bed() -> Bed {
    let role = |trust| Role { trust, policy: ALLOW, boundary: None };
    let bed = Bed::new(&[
        (ROLE.rsplit('/').next().unwrap(), role(TRUST)),
        ("others", role(UNTRUSTING)),
        ("unnamed", role(TRUST)),
    ])
    .await;
    bed.people.metadata.lock().insert(PROVIDER.to_owned(), METADATA.to_owned());
    bed
}

fn asking(role: &str, text: &str) -> Value {
    json!({ "RoleArn": role, "PrincipalArn": PROVIDER, "SAMLAssertion": STANDARD.encode(text) })
}

#[tokio::test]
async fn a_session_for_whom_an_assertion_names() {
    let bed = bed().await;
    let answer = bed.call("AssumeRoleWithSAML", asking(ROLE, fixture!("both"))).await.unwrap();
    assert_eq!(answer["AssumedRoleUser"]["Arn"], "arn:aws:sts::000000000000:assumed-role/people/jane@corp.example");
    assert_eq!((&answer["Subject"], &answer["SubjectType"]), (&json!("jane@corp.example"), &json!("persistent")));
    assert_eq!(
        (&answer["Issuer"], &answer["Audience"]),
        (&json!("https://idp.example/"), &json!("https://signin.aws.amazon.com/saml"))
    );
    // base64(sha1("https://idp.example/" + "000000000000" + "/corp"))
    assert_eq!(answer["NameQualifier"], "tnLpEKgsqkhtWUmxr/DCEaNkWWg=");
    // The assertion says half an hour.
    assert_eq!(answer["Credentials"]["Expiration"].as_f64(), Some(1_700_001_800.0));
    let shorter = asking(ROLE, fixture!("both")).as_object().unwrap().clone();
    let shorter: serde_json::Map<_, _> =
        shorter.into_iter().chain([("DurationSeconds".to_owned(), json!(900))]).collect();
    let answer = bed.call("AssumeRoleWithSAML", Value::Object(shorter)).await.unwrap();
    assert_eq!(answer["Credentials"]["Expiration"].as_f64(), Some(1_700_000_900.0));
    // The session at the provider ends before the half hour does.
    let answer = bed.call("AssumeRoleWithSAML", asking(ROLE, fixture!("session"))).await.unwrap();
    assert_eq!(answer["Credentials"]["Expiration"].as_f64(), Some(1_700_001_200.0));
}

#[tokio::test]
async fn what_a_session_is_refused_for() {
    let bed = bed().await;
    let refused = |code: &str, message: &str| Err::<Value, _>((code.to_owned(), message.to_owned()));
    let untrusted = || refused("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML");
    let others = "arn:aws:iam::000000000000:role/others";
    // Named by the assertion, and not trusting its subject; and not named by it.
    assert_eq!(bed.call("AssumeRoleWithSAML", asking(others, fixture!("both"))).await, untrusted());
    let unnamed = "arn:aws:iam::000000000000:role/unnamed";
    assert_eq!(bed.call("AssumeRoleWithSAML", asking(unnamed, fixture!("both"))).await, untrusted());
    for (text, code, message) in [
        (fixture!("other_key"), "InvalidIdentityToken", "Response signature invalid"),
        (fixture!("issuer"), "InvalidIdentityToken", "Issuer not present in specified provider"),
        (fixture!("audience"), "InvalidIdentityToken", "Response does not contain the required audience."),
        (fixture!("stale"), "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance"),
        (fixture!("over"), "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance"),
        (fixture!("several"), "InvalidIdentityToken", "Your request included an invalid SAML response."),
        (fixture!("tags"), "InvalidIdentityToken", "A session can have at most 50 session tags"),
        (
            fixture!("long_tag"),
            "InvalidIdentityToken",
            "Session tag keys must have between 1 and 128 characters, and values at most 256",
        ),
        ("<a/>", "InvalidIdentityToken", "Your request included an invalid SAML response."),
    ] {
        assert_eq!(bed.call("AssumeRoleWithSAML", asking(ROLE, text)).await, refused(code, message));
    }
    bed.people.metadata.lock().clear();
    let missing = refused("InvalidIdentityToken", "Specified provider doesn't exist");
    assert_eq!(bed.call("AssumeRoleWithSAML", asking(ROLE, fixture!("both"))).await, missing);
}
