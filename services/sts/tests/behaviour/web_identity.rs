//! Sessions for whoever a provider's token names. The provider is a server on this machine.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use tidegate_ports::{Credentials, KnownProvider};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto};

use super::bed::{Bed, Role, START};

const ROLE: &str = "arn:aws:iam::000000000000:role/web";
const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}}"#;

/// An identity provider, and the key that it signs with.
struct Provider {
    key: EcdsaKeyPair,
    /// Its address.
    issuer: String,
    thumbprint: Option<String>,
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, issuer: String, keys: String) {
    let mut request = vec![0; 4096];
    let count = stream.read(&mut request).await.unwrap_or(0);
    let request = String::from_utf8_lossy(&request[..count]).into_owned();
    let body = match request.contains("GET /.well-known/openid-configuration ") {
        true => json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") }).to_string(),
        false => keys,
    };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    drop(stream.write_all(format!("{head}{body}").as_bytes()).await);
    drop(stream.shutdown().await);
}

impl Provider {
    async fn start(with_tls: bool) -> Provider {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        let point = key.public_key().as_ref();
        let keys = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "k", "use": "sig",
            "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..]) }] });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let scheme = if with_tls { "https" } else { "http" };
        let issuer = format!("{scheme}://localhost:{port}");
        let mut thumbprint = None;
        let acceptor = with_tls.then(|| {
            let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
            let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, made.cert.der());
            thumbprint = Some(digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect());
            let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
            let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
            let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
            TlsAcceptor::from(Arc::new(config.with_single_cert(vec![made.cert.der().clone()], key).unwrap()))
        });
        let (at, keys) = (issuer.clone(), keys.to_string());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                match &acceptor {
                    // A client that does not trust the certificate hangs up.
                    Some(acceptor) => match acceptor.accept(stream).await {
                        Ok(stream) => answer(stream, at.clone(), keys.clone()).await,
                        Err(_) => continue,
                    },
                    None => answer(stream, at.clone(), keys.clone()).await,
                }
            }
        });
        Provider { key, issuer, thumbprint }
    }

    fn place(&self) -> &str {
        self.issuer.split_once("://").unwrap().1
    }

    fn token(&self, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&json!({ "alg": "ES256", "kid": "k" })), encode(claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    fn claims(&self) -> Value {
        json!({ "iss": self.issuer, "sub": "repo:a", "aud": "sts", "exp": START.as_secs() + 60 })
    }

    /// A server whose role trusts this provider's tokens for one subject.
    async fn bed(&self) -> Bed {
        let arn = format!("arn:aws:iam::000000000000:oidc-provider/{}", self.place());
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Federated": arn }, "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
            "Condition": { "StringLike": { format!("{}:sub", self.place()): "repo:*" },
                "StringEquals": { format!("{}:aud", self.place()): "sts" } } }] });
        let trust: &'static str = Box::leak(trust.to_string().into_boxed_str());
        let bed = Bed::new(&[("web", Role { trust, policy: ALLOW, boundary: None })]).await;
        let known = KnownProvider {
            client_ids: vec!["sts".to_owned(), "web".to_owned()],
            thumbprints: self.thumbprint.iter().cloned().collect(),
        };
        bed.people.providers.lock().insert(arn, known);
        bed
    }
}

async fn assume(bed: &Bed, token: &str) -> Result<Value, (String, String)> {
    let input = json!({ "RoleArn": ROLE, "RoleSessionName": "run", "WebIdentityToken": token });
    bed.call("AssumeRoleWithWebIdentity", input).await
}

#[tokio::test]
async fn a_token_of_the_provider_makes_a_session() {
    let provider = Provider::start(false).await;
    let bed = provider.bed().await;
    let mut claims = provider.claims();
    claims["https://aws.amazon.com/tags"] = json!({ "principal_tags": { "team": ["a"] } });
    let answer = assume(&bed, &provider.token(&claims)).await.unwrap();
    assert_eq!(answer["SubjectFromWebIdentityToken"], "repo:a");
    assert_eq!(answer["Audience"], "sts");
    let arn = format!("arn:aws:iam::000000000000:oidc-provider/{}", provider.place());
    assert_eq!(answer["Provider"], arn);
    let found = bed.sts.find(answer["Credentials"]["AccessKeyId"].as_str().unwrap()).unwrap();
    assert_eq!(found.identity.principal.arn, "arn:aws:sts::000000000000:assumed-role/web/run");
    let session = found.identity.session.as_ref().unwrap();
    assert_eq!(session.tags, [("team".to_owned(), "a".to_owned())]);
    assert!(session.keys.contains(&("aws:FederatedProvider".to_owned(), vec![arn])));
}

#[tokio::test]
async fn other_tokens_make_none() {
    let (provider, stranger) = (Provider::start(false).await, Provider::start(false).await);
    let bed = provider.bed().await;
    let with = |claim: &str, value: Value| {
        let mut claims = provider.claims();
        claims[claim] = value;
        provider.token(&claims)
    };
    let now = START.as_secs();
    let cases = [
        (
            "test".to_owned(),
            "InvalidIdentityToken",
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)".to_owned(),
        ),
        (with("sub", Value::Null), "InvalidIdentityToken", "Missing a required claim: sub".to_owned()),
        (with("aud", json!(["other"])), "InvalidIdentityToken", "Incorrect token audience".to_owned()),
        (
            stranger.token(&stranger.claims()),
            "InvalidIdentityToken",
            format!("No OpenIDConnect provider found in your account for {}", stranger.issuer),
        ),
        (
            stranger.token(&provider.claims()),
            "InvalidIdentityToken",
            "The signature of the token is not valid.".to_owned(),
        ),
        (
            with("exp", json!(now)),
            "ExpiredTokenException",
            "Token expired: current date/time 2023-11-14T22:13:20Z must be before the expiration date/time \
             2023-11-14T22:13:20Z"
                .to_owned(),
        ),
        (with("nbf", json!(now + 1)), "InvalidIdentityToken", "The token is not valid yet.".to_owned()),
        (
            with("sub", json!("user:a")),
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned(),
        ),
        // One of the provider's audiences, but not the one that the role trusts.
        (
            with("aud", json!("web")),
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned(),
        ),
        (
            with("https://aws.amazon.com/source_identity", json!("ann")),
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned(),
        ),
    ];
    for (token, code, message) in cases {
        let (found, text) = assume(&bed, &token).await.unwrap_err();
        assert_eq!((found.as_str(), text.as_str()), (code, message.as_str()), "{token}");
    }
}

#[tokio::test]
async fn a_provider_with_https_is_known_by_its_thumbprint() {
    let provider = Provider::start(true).await;
    let bed = provider.bed().await;
    let token = provider.token(&provider.claims());
    assert_eq!(assume(&bed, &token).await.unwrap()["SubjectFromWebIdentityToken"], "repo:a");
    // Another server with that name, and one that is not there.
    let other = Provider::start(true).await;
    let bed = other.bed().await;
    bed.people.providers.lock().values_mut().for_each(|known| known.thumbprints = vec!["a".repeat(40)]);
    let (code, _) = assume(&bed, &other.token(&other.claims())).await.unwrap_err();
    assert_eq!(code, "IDPCommunicationError");
}
