//! IAM policies: their documents, and the decisions they lead to.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a failure")]

use tidegate_fuzz::{Material, fuzz};
use tidegate_policy::{Document, Outcome, Policies, Principal, Request, evaluate, wildcard_matches};

const DOCUMENTS: Material<'static> = Material {
    examples: &[
        br#"{"Version":"2012-10-17","Id":"i","Statement":[{"Sid":"a","Effect":"Allow","Action":["sqs:Send*","sqs:ReceiveMessage"],"Resource":"arn:aws:sqs:*:111111111111:${aws:username}-*"}]}"#,
        br#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","NotAction":"sqs:Get*","NotResource":["arn:aws:sqs:us-east-1:111111111111:o?ders"],"Condition":{"StringNotEqualsIfExists":{"aws:PrincipalTag/team":"a"},"ForAllValues:StringLike":{"aws:TagKeys":["x*","${*}"]},"Null":{"aws:MultiFactorAuthAge":"true"}}}}"#,
        br#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["111111111111","arn:aws:iam::222222222222:role/r"],"Service":"sns.amazonaws.com"},"Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::/32"]},"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"},"NumericGreaterThanEquals":{"n":"1.5"},"Bool":{"aws:SecureTransport":false},"BinaryEquals":{"b":"AAEC"},"ArnLike":{"aws:SourceArn":"arn:aws:s*:*:*:t"}}},{"Effect":"Deny","NotPrincipal":{"AWS":"*"},"Action":"sqs:*","Resource":"*"}]}"#,
    ],
    words: &[
        "{", "}", "[", "]", "\"", ",", ":", "*", "?", "${", "}", "${aws:username, 'x'}", "null", "true", "1e99", "Effect",
        "Allow", "Deny", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition",
        "IfExists", "ForAnyValue:", "ForAllValues:", "StringLike", "NumericLessThan", "DateGreaterThan", "IpAddress",
        "arn:aws:sqs:us-east-1:111111111111:orders", "999.0.0.0/99", "::/129", "2012-10-17",
    ],
};

fn request() -> Request {
    let account = "111111111111".parse().unwrap();
    let principal = Principal::user(account, "arn:aws:iam::111111111111:user/ann");
    let mut request =
        Request::new(principal, "sqs:SendMessage", "arn:aws:sqs:us-east-1:111111111111:orders", Some(account));
    request.set("aws:username", "ann");
    request.set("aws:SourceIp", "10.1.2.3");
    request.set("aws:CurrentTime", "2026-01-01T00:00:00Z");
    request.set("n", "2");
    request.set_all("aws:TagKeys", vec!["x1".into(), "${*}".into()]);
    request
}

/// Whatever a document says: a decision comes, a denial is never lost by adding policies, and nothing is
/// allowed by no policy.
#[test]
fn documents_and_decisions() {
    let everything =
        Document::parse(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#)
            .unwrap();
    fuzz(DOCUMENTS, |bytes| {
        let Ok(document) = Document::parse(&String::from_utf8_lossy(bytes)) else { return };
        let request = request();
        let identity = |identity| Policies { identity, ..Policies::default() };
        let alone = evaluate(&request, &identity(vec![&document]));
        let with_all = evaluate(&request, &identity(vec![&document, &everything]));
        let denied = |outcome: &Outcome| matches!(outcome, Outcome::ExplicitDeny);
        assert_eq!(denied(&alone.outcome), denied(&with_all.outcome));
        assert_eq!(with_all.is_allowed(), !denied(&with_all.outcome));
        let limited = Policies { boundary: Some(&document), ..identity(vec![&everything]) };
        assert_eq!(
            evaluate(&request, &limited).is_allowed(),
            alone.is_allowed(),
            "a boundary allows what it would alone"
        );
        let of_resource = Policies { resource: Some(&document), ..identity(vec![]) };
        drop(evaluate(&request, &of_resource));
    });
}

const WILDCARDS: Material<'static> = Material {
    examples: &[b"a*b?c\nabxc", b"*\n", b"arn:aws:*\narn:aws:sqs", b"***a***\naaa"],
    words: &["*", "?", "**", "a", "\n", "${*}", "${?}", "${$}", "\u{e4}"],
};

/// The matcher against the rule written down: what a pattern without stars matches has its length.
#[test]
fn wildcards() {
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => {
                naive(rest, text) || text.split_first().is_some_and(|(_, text)| naive(pattern, text))
            }
            (Some(('?', rest)), Some((_, text))) => naive(rest, text),
            (Some((own, rest)), Some((c, text))) => own == c && naive(rest, text),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
    fuzz(WILDCARDS, |bytes| {
        let both = String::from_utf8_lossy(bytes);
        let Some((pattern, text)) = both.split_once('\n') else { return };
        let matched = wildcard_matches(pattern, text);
        // The naive matcher is exponential, and knows no variables.
        if pattern.matches('*').count() <= 4 && text.len() <= 24 && !pattern.contains('$') {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(matched, naive(&characters(pattern), &characters(text)), "{pattern} {text}");
        }
    });
}
