use serde::{Deserialize, Serialize};
use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::{AccountId, Region, Timestamp};

/// What events say about a mail: whatever becomes of it, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailFacts {
    /// Milliseconds since the epoch.
    pub at: u64,
    /// The envelope's sender.
    pub source: String,
    /// The identity that allowed it.
    pub source_arn: String,
    /// Who sent it, as events call it.
    pub caller: String,
    /// Where bounces go, if not to the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback_to: Option<String>,
    /// Whom it is for.
    pub destination: Vec<String>,
    /// The headers, in order, as they are in the mail.
    pub headers: Vec<(String, String)>,
    /// Whether there were more.
    pub headers_truncated: bool,
    /// The configuration set.
    #[serde(default)]
    pub configuration_set: Option<String>,
    /// The tags: SES's own and the sender's.
    pub tags: Vec<(String, Vec<String>)>,
    /// What it was sent with: `SendEmail` and so on.
    #[serde(default)]
    pub operation: String,
    /// Recipients that were not sent to, because they are suppressed.
    #[serde(default)]
    pub suppressed: Vec<String>,
    /// What became of recipients: who, what (`DELIVERY`, `PERMANENT_BOUNCE` …), when.
    #[serde(default)]
    pub outcomes: Vec<(String, String, u64)>,
}

/// A mail that was sent. Kept for two weeks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub region: Region,
    /// Its message id.
    pub id: String,
    /// What events say.
    pub facts: MailFacts,
}

impl Sent {
    /// When it was sent.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.facts.at)
    }
}

impl Stored for Sent {
    const NAME: &'static str = "ses sent mail";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.varint(self.account.as_u64());
        to.text(self.region.as_str());
        to.text(&self.id);
        to.bytes(&serde_json::to_vec(&self.facts).expect("it has text keys and no failing serializers"));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let account = format!("{:012}", from.varint()?).parse().map_err(|_| from.malformed("an account"))?;
        let region = from.text()?.parse().map_err(|_| from.malformed("a region"))?;
        let id = from.text()?;
        let facts = from.bytes()?;
        let facts = serde_json::from_slice(&facts).map_err(|_| from.malformed("the facts of a mail"))?;
        Ok(Sent { account, region, id, facts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_round_trip;

    #[test]
    fn a_sent_mail_survives() {
        let facts = MailFacts {
            at: 5,
            source: "a@example.com".to_owned(),
            headers: vec![("From".to_owned(), "a@example.com".to_owned())],
            outcomes: vec![("b@example.com".to_owned(), "DELIVERY".to_owned(), 6)],
            ..MailFacts::default()
        };
        let sent = Sent { account: AccountId::DEFAULT, region: Region::us_east_1(), id: "1".to_owned(), facts };
        assert_round_trip(&sent);
        assert_eq!(sent.at(), Timestamp::from_millis(5));
    }

    #[test]
    fn facts_of_an_earlier_release_are_read() {
        let old = r#"{"at":1,"source":"a","source_arn":"b","caller":"c","destination":[],"headers":[],
            "headers_truncated":false,"tags":[]}"#;
        let facts: MailFacts = serde_json::from_str(old).unwrap();
        assert_eq!((facts.at, facts.outcomes.len()), (1, 0));
    }
}
