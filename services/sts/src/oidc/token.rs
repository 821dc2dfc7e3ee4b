//! JSON web tokens (RFC 7515, RFC 7519) and the keys that verify them (RFC 7517, RFC 7518).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::{Map, Value};
use tidegate_types::Timestamp;

/// A token that was read and not verified.
#[derive(Debug, Clone)]
pub struct Token {
    algorithm: String,
    key_id: Option<String>,
    /// What was signed.
    signed: String,
    signature: Vec<u8>,
    claims: Map<String, Value>,
}

fn part(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn object(text: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&part(text)?).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

impl Token {
    /// Reads a token; `None` if it is none.
    pub fn read(text: &str) -> Option<Token> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let (header, claims) = (object(header)?, object(claims)?);
        let text = |name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
        // What must be understood and is not would be ignored.
        if header.contains_key("crit") {
            return None;
        }
        Some(Token {
            algorithm: text("alg")?,
            key_id: text("kid"),
            signed: signed.to_owned(),
            signature: part(signature)?,
            claims,
        })
    }

    /// A claim that is a text.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    /// A claim that is a text or a list of texts.
    pub fn texts(&self, claim: &str) -> Vec<&str> {
        match self.claims.get(claim) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// A claim of any shape.
    pub fn claim(&self, claim: &str) -> Option<&Value> {
        self.claims.get(claim)
    }

    /// A claim that is a time.
    pub fn time(&self, claim: &str) -> Option<Timestamp> {
        let seconds = self.claims.get(claim)?;
        // Both whole seconds and fractions are in use.
        let seconds = seconds.as_u64().or_else(|| seconds.as_f64().filter(|seconds| *seconds >= 0.0).map(|s| s as u64));
        seconds.filter(|seconds| *seconds < 1 << 40).map(Timestamp::from_secs)
    }

    /// Whether a key of this set may be the one: it has the token's id, or the token names none.
    pub fn has_key_in(&self, keys: &[Value]) -> bool {
        self.candidates(keys).next().is_some()
    }

    /// Whether the signature is made with one of these keys.
    pub fn is_signed_by(&self, keys: &[Value]) -> bool {
        self.candidates(keys).any(|key| self.verify(key).is_some())
    }

    fn candidates<'a>(&'a self, keys: &'a [Value]) -> impl Iterator<Item = &'a Value> {
        keys.iter().filter(|key| match (&self.key_id, key.get("kid").and_then(Value::as_str)) {
            (Some(wanted), Some(id)) => wanted == id,
            _ => true,
        })
    }

    fn verify(&self, key: &Value) -> Option<()> {
        let member = |name: &str| part(key.get(name)?.as_str()?);
        let (message, signature) = (self.signed.as_bytes(), &self.signature[..]);
        // The key says what it is for; the token must not choose another use of it.
        let is_for = |wanted: &str| key.get("alg").and_then(Value::as_str).is_none_or(|alg| alg == wanted);
        if !is_for(&self.algorithm) {
            return None;
        }
        let kind = key.get("kty")?.as_str()?;
        let curve = key.get("crv").and_then(Value::as_str);
        match (kind, self.algorithm.as_str(), curve) {
            ("RSA", algorithm, _) => {
                let parameters = match algorithm {
                    "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
                    "RS384" => &signature::RSA_PKCS1_2048_8192_SHA384,
                    "RS512" => &signature::RSA_PKCS1_2048_8192_SHA512,
                    _ => return None,
                };
                let key = RsaPublicKeyComponents { n: member("n")?, e: member("e")? };
                key.verify(parameters, message, signature).ok()
            }
            ("EC", "ES256", Some("P-256")) => {
                let key = [vec![4], member("x")?, member("y")?].concat();
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, key).verify(message, signature).ok()
            }
            ("EC", "ES384", Some("P-384")) => {
                let key = [vec![4], member("x")?, member("y")?].concat();
                UnparsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, key).verify(message, signature).ok()
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The example of RFC 7515, appendix A.3, signed with ES256.
    const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
        DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    #[test]
    fn the_example_of_the_standard_is_verified() {
        let mut key = json!({ "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
        let token = Token::read(TOKEN).expect("a token");
        assert!(token.is_signed_by(&[json!({ "kty": "oct", "k": "AAAA" }), key.clone()]));
        assert_eq!((token.text("iss"), token.time("exp")), (Some("joe"), Some(Timestamp::from_secs(1_300_819_380))));
        let other = TOKEN.replace("eyJpc3MiOiJqb2Ui", "eyJpc3MiOiJqb2Uj");
        assert!(Token::read(&other).is_none_or(|token| !token.is_signed_by(&[key.clone()])));
        key["alg"] = json!("ES384");
        assert!(!token.is_signed_by(&[key]), "the key is for something else");
    }

    #[test]
    fn what_is_no_token_is_none() {
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let unsigned = format!("{none}.{}.", URL_SAFE_NO_PAD.encode("{}"));
        assert!(!Token::read(&unsigned).expect("a token").is_signed_by(&[json!({ "kty": "RSA" })]));
        for text in ["", "a.b.c", "..", "e30.e30.", "test"] {
            assert!(Token::read(text).is_none(), "{text}");
        }
    }
}
