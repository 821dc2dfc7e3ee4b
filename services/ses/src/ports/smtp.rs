use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate_api_ses as api;
use tidegate_mail::{Login, Received, Refusal, Submission, smtp_password};
use tidegate_ports::Credentials;
use tidegate_protocol::{Call, Caller, ProtocolId};
use tidegate_types::{AccountId, ErrorKind, Region};

use crate::service::Ses;
use crate::store::Place;
use crate::wire;

/// The operation that a mail sent by SMTP stands for.
const OPERATION: &str = "SendRawEmail";

/// SES's SMTP interface: a mail handed in after a login is a raw mail of its account.
pub(crate) struct SmtpInterface {
    pub(crate) ses: Arc<Ses>,
    /// Who issues access keys.
    pub(crate) issuers: Vec<Arc<dyn Credentials>>,
    /// Whether passwords are checked. Then only roots log in: what others may do is decided where requests
    /// come in by HTTP, and not here.
    pub(crate) checks: bool,
}

impl SmtpInterface {
    /// The regions for which somebody may have a password: the default one, and those with identities.
    fn regions(&self) -> Vec<Region> {
        let mut regions = self.ses.directory.regions();
        regions.insert(0, Region::us_east_1());
        regions
    }

    fn find(&self, user: &str, password: &str) -> Option<Login> {
        let credential = self.issuers.iter().find_map(|issuer| issuer.find(user));
        let fits = |secret: &str, region: &Region| {
            smtp_password(secret, region.as_str()).is_ok_and(|expected| expected == password)
        };
        let login = |account, region| Login { key_id: user.to_owned(), account, region };
        match credential {
            Some(known) if self.checks && (known.identity.policies_of.is_some() || known.session_token.is_some()) => {
                tracing::warn!(user, "only roots of accounts log in by SMTP");
                None
            }
            Some(known) => {
                let region = self.regions().into_iter().find(|region| fits(&known.secret, region));
                let region = region.or_else(|| (!self.checks).then(Region::us_east_1))?;
                Some(login(known.identity.account, region))
            }
            None => (!self.checks).then(|| login(AccountId::DEFAULT, Region::us_east_1())),
        }
    }

    async fn send(&self, who: &Login, mail: Received) -> Result<String, Refusal> {
        let Some(operation) = api::MODEL.operation(OPERATION) else {
            return Err(answer(554, "5.3.0", "this server sends nothing"));
        };
        let call = Call {
            operation,
            account: who.account,
            region: who.region.clone(),
            caller: Caller::root(who.account),
            base_url: String::new(),
            request_id: self.ses.env.uuid().to_string(),
            trace: None,
            path: "/".to_owned(),
            protocol: ProtocolId::AwsQuery,
            user_agent: None,
            http: None,
        };
        let input = api::SendRawEmailRequest {
            source: Some(mail.envelope_from).filter(|from| !from.is_empty()),
            destinations: Some(mail.recipients),
            raw_message: Some(api::RawMessage { data: Some(mail.mime) }),
            ..api::SendRawEmailRequest::default()
        };
        let place = Place { account: who.account, region: who.region.clone() };
        let latches = self.ses.latches(&place, self.ses.env.now());
        let sent = self.ses.carry_out(&call, &input, &latches, wire::v1::send_raw_email).await;
        let sent = sent.map_err(|error| {
            let error = wire::errors::v1(error);
            match error.kind {
                ErrorKind::Throttled => answer(454, "4.7.0", format!("Throttling failure: {}", error.message)),
                ErrorKind::Unavailable | ErrorKind::Conflict => answer(451, "4.3.0", "Temporary service failure"),
                _ if error.shape.code == "MessageRejected" => {
                    answer(554, "5.7.1", format!("Message rejected: {}", error.message))
                }
                _ => answer(554, "5.6.0", format!("Transaction failed: {}", error.message)),
            }
        })?;
        Ok(sent.message_id.unwrap_or_default())
    }
}

fn answer(code: u16, status: &str, text: impl Into<String>) -> Refusal {
    Refusal::Answer { code, status: status.to_owned(), text: text.into() }
}

impl Submission for SmtpInterface {
    fn login<'a>(&'a self, user: &'a str, password: &'a str) -> BoxFuture<'a, Option<Login>> {
        async move { self.find(user, password) }.boxed()
    }

    fn submit<'a>(&'a self, login: &'a Login, mail: Received) -> BoxFuture<'a, Result<String, Refusal>> {
        self.send(login, mail).boxed()
    }
}
