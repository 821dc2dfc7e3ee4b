use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidegate_record::{DecodeError, Reader, Stored, Writer};

/// Something that has a name within an account and a region.
pub trait Row: Serialize + DeserializeOwned + Send + Sync {
    /// What it is, in keys. Numbers are never reused.
    const KIND: u8;
    /// What errors call it.
    const NAME: &'static str;

    /// Its name, by which it is found.
    fn key(&self) -> String;
}

/// A row as it is stored: a version, and the row's fields by name as JSON.
///
/// By name, because these are settings: deep, rarely written, and a service grows a member every few months.
/// A member that an earlier release did not know is absent and gets its default; the version is for what
/// that cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept<T>(pub T);

impl<T: Row> Stored for Kept<T> {
    const NAME: &'static str = T::NAME;
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.bytes(&serde_json::to_vec(&self.0).expect("rows have text keys and no failing serializers"));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes: Bytes = from.bytes()?;
        serde_json::from_slice(&bytes).map(Kept).map_err(|_| from.malformed("not the fields of this record"))
    }
}

/// Which row each kind of thing is.
mod kinds {
    use super::Row;
    use crate::domain::account::{Pool, Settings, Suppressed};
    use crate::domain::configuration_set::ConfigurationSet;
    use crate::domain::contact::{Contact, ContactList};
    use crate::domain::identity::Identity;
    use crate::domain::import::ImportJob;
    use crate::domain::receipt::{Filter, RuleSet};
    use crate::domain::signing_key::SigningKey;
    use crate::domain::template::{CustomTemplate, Template};
    use crate::domain::tenant::Tenant;
    use crate::ops::tracking::TrackingSecret;

    impl Row for Settings {
        const KIND: u8 = 1;
        const NAME: &'static str = "ses settings";
        fn key(&self) -> String {
            String::new()
        }
    }

    impl Row for Identity {
        const KIND: u8 = 2;
        const NAME: &'static str = "ses identity";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for ConfigurationSet {
        const KIND: u8 = 3;
        const NAME: &'static str = "ses configuration set";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for Template {
        const KIND: u8 = 4;
        const NAME: &'static str = "ses template";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for CustomTemplate {
        const KIND: u8 = 5;
        const NAME: &'static str = "ses verification template";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for RuleSet {
        const KIND: u8 = 6;
        const NAME: &'static str = "ses rule set";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for Filter {
        const KIND: u8 = 7;
        const NAME: &'static str = "ses filter";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for Suppressed {
        const KIND: u8 = 8;
        const NAME: &'static str = "ses suppressed address";
        fn key(&self) -> String {
            self.address.clone()
        }
    }

    impl Row for ContactList {
        const KIND: u8 = 9;
        const NAME: &'static str = "ses contact list";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for Contact {
        const KIND: u8 = 10;
        const NAME: &'static str = "ses contact";
        fn key(&self) -> String {
            Contact::key(&self.list, &self.address)
        }
    }

    impl Row for SigningKey {
        const KIND: u8 = 12;
        const NAME: &'static str = "ses signing key";
        fn key(&self) -> String {
            self.domain.clone()
        }
    }

    impl Row for TrackingSecret {
        const KIND: u8 = 13;
        const NAME: &'static str = "ses tracking secret";
        fn key(&self) -> String {
            String::new()
        }
    }

    impl Row for Tenant {
        const KIND: u8 = 14;
        const NAME: &'static str = "ses tenant";
        fn key(&self) -> String {
            self.name.clone()
        }
    }

    impl Row for ImportJob {
        const KIND: u8 = 15;
        const NAME: &'static str = "ses import job";
        fn key(&self) -> String {
            self.id.clone()
        }
    }

    impl Row for Pool {
        const KIND: u8 = 11;
        const NAME: &'static str = "ses pool";
        fn key(&self) -> String {
            self.name.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{Settings, Suppressed};
    use crate::domain::configuration_set::{ConfigurationSet, Destination, EventTarget, EventType, Reason};
    use crate::domain::identity::{Identity, Notification};
    use crate::domain::import::{ImportJob, JobStatus, Target};
    use crate::domain::receipt::{Action, Rule, RuleSet, What};
    use crate::domain::signing_key::SigningKey;
    use crate::domain::tags::Tags;
    use crate::domain::template::{Parts, Template};
    use crate::domain::tenant::Tenant;
    use crate::ops::tracking::TrackingSecret;
    use tidegate_record::testing::{assert_golden, assert_round_trip, to_hex};

    /// The bytes of a row whose fields are this JSON.
    fn golden(json: &str) -> String {
        let mut bytes = vec![1];
        match u8::try_from(json.len()) {
            Ok(short) if short < 0x80 => bytes.push(short),
            _ => bytes.extend([0x80 | (json.len() & 0x7f) as u8, (json.len() >> 7) as u8]),
        }
        to_hex(&[&bytes[..], json.as_bytes()].concat())
    }

    #[test]
    fn golden_bytes() {
        let suppressed = Suppressed {
            address: "a@b.c".to_owned(),
            reason: Reason::Bounce,
            at: 5,
            message_id: None,
            feedback_id: Some("f".to_owned()),
        };
        let json = r#"{"address":"a@b.c","reason":"Bounce","at":5,"message_id":null,"feedback_id":"f"}"#;
        assert_golden(&golden(json), &Kept(suppressed));
        let key = SigningKey {
            domain: "b.c".to_owned(),
            selector: "s".to_owned(),
            private_key: "AAAA".to_owned(),
            made_at: 5,
        };
        let json = r#"{"domain":"b.c","selector":"s","private_key":"AAAA","made_at":5}"#;
        assert_golden(&golden(json), &Kept(key));
        let json = r#"{"secret":"AAAA"}"#;
        assert_golden(&golden(json), &Kept(TrackingSecret { secret: "AAAA".to_owned() }));
        let tenant = Tenant {
            name: "t".to_owned(),
            id: "tn-1".to_owned(),
            created_at: 5,
            tags: Tags::new(),
            resources: vec![("arn".to_owned(), 6)],
        };
        let json = r#"{"name":"t","id":"tn-1","created_at":5,"tags":{},"resources":[["arn",6]]}"#;
        assert_golden(&golden(json), &Kept(tenant));
        let job = ImportJob {
            id: "1".to_owned(),
            target: Target::Contacts("l".to_owned()),
            deletes: false,
            url: "s3://b/k".to_owned(),
            is_json: true,
            status: JobStatus::Created,
            created_at: 5,
            completed_at: None,
            processed: 0,
            failed: 0,
            failure: None,
        };
        let json = concat!(
            r#"{"id":"1","target":{"Contacts":"l"},"deletes":false,"url":"s3://b/k","is_json":true,"#,
            r#""status":"Created","created_at":5,"completed_at":null,"processed":0,"failed":0,"failure":null}"#
        );
        assert_golden(&golden(json), &Kept(job));
        let template = Template {
            name: "t".to_owned(),
            created_at: 5,
            parts: Parts { subject: Some("s".to_owned()), ..Parts::default() },
            tags: [("k".to_owned(), "v".to_owned())].into(),
        };
        let json = r#"{"name":"t","created_at":5,"parts":{"subject":"s","text":null,"html":null},"tags":{"k":"v"}}"#;
        assert_golden(&golden(json), &Kept(template));
        let json = r#"{"sending_enabled":true,"suppression":["Bounce","Complaint"],"active_rule_set":null,"details":null,"vdm_enabled":null,"vdm":{"engagement_metrics":null,"optimized_shared_delivery":null},"auto_warmup":false}"#;
        assert_golden(&golden(json), &Kept(Settings::default()));
    }

    #[test]
    fn rows_survive() {
        let mut identity = Identity::new("example.com", 5, "token".to_owned());
        identity.notice(Notification::Bounce).topic = Some("arn:aws:sns:us-east-1:000000000000:t".to_owned());
        identity.verify(6);
        assert_round_trip(&Kept(identity));
        let mut set = ConfigurationSet::new("set", 5);
        set.destinations.push(Destination {
            name: "d".to_owned(),
            enabled: true,
            events: vec![EventType::RenderingFailure],
            target: EventTarget::Firehose { role: "r".to_owned(), stream: "s".to_owned() },
        });
        assert_round_trip(&Kept(set));
        let what = What::S3 { bucket: "b".to_owned(), prefix: None, kms_key: None, role: None };
        let rule = Rule {
            name: "r".to_owned(),
            enabled: true,
            requires_tls: false,
            recipients: vec![],
            actions: vec![Action { topic: None, what }, Action { topic: None, what: What::Stop }],
            scan: true,
        };
        assert_round_trip(&Kept(RuleSet { name: "s".to_owned(), created_at: 5, rules: vec![rule] }));
    }

    #[test]
    fn what_is_no_row_is_damaged() {
        assert!(Kept::<Settings>::decode(&Bytes::from_static(&[1, 1, b'{'])).is_err());
    }
}
