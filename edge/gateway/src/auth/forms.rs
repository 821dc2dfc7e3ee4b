use std::sync::Arc;

use tidegate_env::Env;
use tidegate_ports::Identity;
use tidegate_protocol::{Caller, FormSigners, Permissions, ServiceError, ServiceModel, UploadForm};
use tidegate_sigv4::{Expected, PostForm, SignatureError, Style, verify_form};
use tidegate_types::AccountId;

use super::Auth;
use super::context::Circumstances;
use super::guard::Door;

/// Finds out who signed a form that came in one request.
pub(super) struct Forms {
    pub auth: Auth,
    pub env: Env,
    pub model: &'static ServiceModel,
    pub circumstances: Circumstances,
}

impl FormSigners for Forms {
    fn signer(&self, form: &UploadForm<'_>) -> Result<(AccountId, Caller), ServiceError> {
        let UploadForm { bucket, fields } = *form;
        let lookup = self.auth.lookup();
        let expected =
            Expected { style: Style::S3, service: self.model.signing_name, body: None, now: self.env.real_now() };
        let form = PostForm { bucket, fields, content_length: None };
        let scope = verify_form(&form, &expected, &lookup).map_err(|error| error.to_service_error())?;
        let found = lookup.found().ok_or_else(|| SignatureError::UnknownKey.to_service_error(Style::S3))?;
        Ok(self.caller(&scope.access_key, found.identity.clone()))
    }
}

impl Forms {
    fn caller(&self, access_key: &str, identity: Arc<Identity>) -> (AccountId, Caller) {
        let account = identity.account;
        let caller = Caller {
            access_key: Some(access_key.to_owned()),
            principal_arn: identity.principal.arn.clone(),
            user_id: identity.user_id.clone(),
            authenticated: true,
            permissions: Permissions::guarded(Arc::new(Door {
                authority: self.auth.authority.clone(),
                model: self.model,
                access_key: Some(access_key.to_owned()),
                principal: identity.principal.clone(),
                identity: Some(identity),
                circumstances: self.circumstances.clone(),
            })),
        };
        (account, caller)
    }
}
