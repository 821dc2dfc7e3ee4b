//! What a need is about: a bucket, or an object in it; whose it is, and what its list grants the caller.

use tidegate_api_s3::{AccessControlPolicy, Tagging};
use tidegate_protocol::rest_xml::XmlReader;
use tidegate_protocol::{Call, Need, Shape};
use tidegate_types::AccountId;

use crate::domain::acl::{self, Asker, Listed};
use crate::error::Error;
use crate::ops::configs::{access_block, has_abac, is_owner_enforced};
use crate::ops::versions::find;
use crate::service::S3;
use crate::store::{Bucket, ConfigKind, ObjectRecord, Stands};

/// Set on what a list grants. Every bucket that has lists allows, in its policy, whatever has this key
/// (`ports/policies.rs`): so what lists grant is evaluated as the rest is, and a policy can still deny it.
pub(crate) const GRANTED_BY_LIST: &str = "tidegate:GrantedByList";

/// A bucket or an object that permissions are asked for.
#[derive(Debug)]
pub(super) struct Target<'a> {
    name: &'a str,
    key: Option<&'a str>,
    /// `None`: whoever may do it learns that there is no such bucket, or that it cannot be read.
    bucket: Option<Bucket>,
    stands: Standing,
}

#[derive(Debug)]
enum Standing {
    /// Nobody looked, or what was looked for is no version's number.
    Unknown,
    /// Nothing, or a deletion.
    Nothing,
    Object(Box<ObjectRecord>),
}

impl<'a> Target<'a> {
    pub(super) fn of(s3: &S3, name: &'a str, key: Option<&'a str>) -> Target<'a> {
        Target { name, key, bucket: s3.directory.get(name).ok().flatten(), stands: Standing::Unknown }
    }

    /// With the object as it stands.
    pub(super) async fn looked_at(self, s3: &S3, version: Option<&str>) -> Result<Target<'a>, Error> {
        let (Some(bucket), Some(key)) = (&self.bucket, self.key) else { return Ok(self) };
        let stands = match find(&*s3.store.snapshot()?, bucket.id(), key, version).await {
            Ok((found, _)) => match found.stands {
                Stands::Object(object) => Standing::Object(object),
                Stands::Marker { .. } => Standing::Nothing,
            },
            Err(Error::NoSuchKey(_) | Error::NoSuchVersion { .. }) => Standing::Nothing,
            Err(Error::InvalidArgument { .. }) => Standing::Unknown,
            Err(error) => return Err(error),
        };
        Ok(Target { stands, ..self })
    }

    /// What an action on it needs. That there is no such object is told to those alone who may list the bucket.
    pub(super) fn needs(&self, call: &Call, action: String) -> Vec<Need> {
        let mut all = vec![self.need(call, action)];
        if matches!(self.stands, Standing::Nothing) {
            let bucket = Target { key: None, stands: Standing::Unknown, bucket: self.bucket.clone(), ..*self };
            all.push(bucket.need(call, "s3:ListBucket".to_owned()));
        }
        all
    }

    /// What a writer needs besides for what it says of its object. Whom the bucket's list lets write may say it.
    pub(super) fn need_of_writer(&self, call: &Call, action: &'static str) -> Need {
        self.stated(action.to_owned(), self.is_granted(call, "s3:PutObject"))
    }

    fn need(&self, call: &Call, action: String) -> Need {
        let is_granted = self.is_granted(call, &action);
        self.stated(action, is_granted)
    }

    fn stated(&self, action: String, is_granted: bool) -> Need {
        let object = self.key.map(|key| format!("/{key}")).unwrap_or_default();
        let mut need = Need::new(action, format!("arn:aws:s3:::{}{object}", self.name));
        if let Some(owner) = self.owner() {
            need = need.with("aws:ResourceAccount", owner.to_string()).with("s3:ResourceAccount", owner.to_string());
        }
        if let Some(bucket) = self.bucket.as_ref().filter(|bucket| has_abac(bucket)) {
            let tags: Option<Tagging> = bucket.config(ConfigKind::Tagging);
            for tag in tags.and_then(|tags| tags.tag_set).into_iter().flatten() {
                if let Some((name, value)) = tag.key.zip(tag.value) {
                    need = need.with(format!("s3:BucketTag/{name}"), value.as_str());
                    need = need.with(format!("aws:ResourceTag/{name}"), value);
                }
            }
        }
        if let Standing::Object(object) = &self.stands {
            let with = |need: Need, (name, value): (&String, &String)| {
                need.with(format!("s3:ExistingObjectTag/{name}"), value.as_str())
            };
            need = object.tags.iter().fold(need, with);
        }
        if is_granted { need.with(GRANTED_BY_LIST, "true") } else { need }
    }

    /// Whose it is: where lists weigh, an object is its writer's.
    fn owner(&self) -> Option<AccountId> {
        let bucket = self.bucket.as_ref()?;
        match &self.stands {
            Standing::Object(object) if !is_owner_enforced(bucket) => Some(object.owner),
            Standing::Object(_) | Standing::Nothing | Standing::Unknown => Some(bucket.record.account),
        }
    }

    fn is_granted(&self, call: &Call, action: &str) -> bool {
        let (Some(bucket), Some((listed, permission))) = (&self.bucket, acl::permission_of(action)) else {
            return false;
        };
        let Some(owner) = self.owner().filter(|_| !is_owner_enforced(bucket)) else { return false };
        let kept = match (listed, &self.stands) {
            (Listed::Bucket, _) => bucket.document(ConfigKind::Acl),
            (Listed::Object, Standing::Object(object)) => object.acl.as_deref(),
            (Listed::Object, Standing::Nothing | Standing::Unknown) => return false,
        };
        // One that cannot be read grants nothing; it was read before it was kept.
        let list = kept.and_then(|text| {
            let read = XmlReader::new(text.as_bytes()).and_then(|mut reader| AccessControlPolicy::read(&mut reader));
            read.ok()
        });
        let asker = Asker {
            // To an owner's own people a list grants what it grants to everybody: what is its account's is for its
            // policies to hand on.
            stranger: call.caller.access_key.as_ref().map(|_| call.account).filter(|account| *account != owner),
            has_signed: call.caller.access_key.is_some(),
            is_public_ignored: access_block(bucket).ignore_public_acls == Some(true),
        };
        list.is_some_and(|list| asker.is_granted(&list, permission))
    }
}
