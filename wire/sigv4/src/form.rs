use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::error::SignatureError;
use crate::header::ALGORITHM;
use crate::key::Keys;
use crate::policy::{PolicyError, PostPolicy};
use crate::scope::Scope;
use crate::verify::{Expected, parsed_scope, signing_key};

/// The fields of a browser's upload form, without the file. Their names are not case-sensitive.
#[derive(Debug, Clone, Copy)]
pub struct PostForm<'a> {
    /// The bucket that the form was posted to.
    pub bucket: &'a str,
    /// Names and values, in the form's order.
    pub fields: &'a [(String, String)],
    /// The file's size in bytes; not held against the policy before it is known.
    pub content_length: Option<u64>,
}

impl PostForm<'_> {
    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn required(&self, name: &str) -> Result<&str, SignatureError> {
        let absent = || {
            let text = format!(
                "Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields."
            );
            SignatureError::Incomplete(text)
        };
        self.field(name).ok_or_else(absent)
    }
}

/// Verifies a signed upload form: its signature over the policy, and that it keeps to the policy.
///
/// # Errors
/// The signature's fault, or the policy's.
pub fn verify_form(form: &PostForm<'_>, expected: &Expected<'_>, keys: &dyn Keys) -> Result<Scope, PolicyError> {
    if form.field("policy").is_none() && form.field("x-amz-signature").is_none() {
        return Err(SignatureError::Missing.into());
    }
    if form.required("x-amz-algorithm")? != ALGORITHM {
        return Err(SignatureError::Unsupported.into());
    }
    let scope = parsed_scope(form.required("x-amz-credential")?)?;
    if scope.service != expected.service {
        let text = format!("Credential should be scoped to correct service: '{}'. ", expected.service);
        return Err(SignatureError::Scope(text).into());
    }
    let encoded = form.required("policy")?;
    let signature = form.required("x-amz-signature")?;
    let key = signing_key(&scope, form.field("x-amz-security-token"), expected.now, keys)?;
    if !key.verifies(encoded, signature) {
        return Err(SignatureError::Mismatch { canonical: String::new(), to_sign: encoded.to_owned() }.into());
    }
    let text = BASE64.decode(encoded).map_err(|_| PolicyError::Invalid("Invalid Policy: not Base64."))?;
    PostPolicy::parse(&text)?.check(form, expected.now)?;
    Ok(scope)
}
