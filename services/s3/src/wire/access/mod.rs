//! Which permissions each operation needs: the action, the bucket or the object, and what conditions may be
//! about. As "Actions, resources, and condition keys for Amazon S3" of the Service Authorization Reference has
//! it.
//!
//! ARNs of buckets name no account, so a need says by `aws:ResourceAccount` whose the bucket is, or whose the
//! object is, where objects have owners of their own. What lists (ACLs) grant is said by a key of our own,
//! which a statement in every such bucket's policy asks for ([`GRANTED_BY_LIST`]).

mod actions;
mod circumstances;
mod target;

use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate_api_s3::ObjectIdentifier;
use tidegate_protocol::{Access, Call, Coverage, Members, Need, Needs, ServiceError, needs_of_stored};

use super::COVERAGE;
use crate::error::Error;
use crate::ops::CopySource;
use crate::service::S3;
use crate::store::Bucket;
use actions::{action_of, reads_what_stands, said_of_buckets, said_with_writes, versioned};
use circumstances::Circumstances;
use target::Target;

pub(crate) use circumstances::Posted;
pub(crate) use target::GRANTED_BY_LIST;

const BYPASS: &str = "s3:BypassGovernanceRetention";

/// Every operation and what it needs.
pub(crate) fn accesses() -> impl Iterator<Item = (&'static str, Access<S3>)> {
    let served = COVERAGE.iter().filter(|(_, coverage)| *coverage != Coverage::NotImplemented);
    served.map(|(name, _)| (*name, needs_of_stored(find)))
}

fn find<'a>(s3: &'a S3, call: &'a Call, input: Members) -> BoxFuture<'a, Result<Needs, ServiceError>> {
    async move { Ok(needs_of(s3, call, &input).await?) }.boxed()
}

async fn needs_of(s3: &S3, call: &Call, input: &Members) -> Result<Needs, Error> {
    let (operation, version) = (call.operation.name, input.text("VersionId"));
    let action = match operation {
        // Browsers ask before they sign. A form asks its guard once it is known who signed it, and many deletions
        // ask for each.
        "OptionsBucket" | "OptionsObject" | "PostObject" | "DeleteObjects" => return Ok(Needs::Nothing),
        "ListBuckets" => return Ok(Need::anywhere("s3:ListAllMyBuckets").into()),
        _ => action_of(operation, version.is_some()),
    };
    let bucket = input.text("Bucket").unwrap_or_default();
    let mut target = Target::of(s3, bucket, input.text("Key"));
    if reads_what_stands(operation) {
        target = target.looked_at(s3, version).await?;
    }
    let mut all = target.needs(call, action);
    if operation == "GetObjectAttributes" {
        all.extend(target.needs(call, versioned("s3:GetObject", "Attributes", version.is_some())));
    }
    if operation == "UpdateObjectEncryption" {
        all.extend(target.needs(call, "s3:PutObject".to_owned()));
    }
    if matches!(operation, "PutObject" | "CreateMultipartUpload" | "CopyObject") {
        all.extend(said_with_writes(input).map(|action| target.need_of_writer(call, action)));
    }
    if operation == "CreateBucket" {
        all.extend(said_of_buckets(call, input).map(|action| target.need_of_writer(call, action)));
    }
    if bypasses_governance(call) {
        all.extend(target.needs(call, BYPASS.to_owned()));
    }
    let circumstances = Circumstances::of(s3, call, input)?;
    let mut all: Vec<Need> = all.into_iter().map(|need| circumstances.describe(need)).collect();
    // What names nothing fails the operation itself.
    if let Some(source) = input.text("CopySource").and_then(|source| CopySource::parse(source).ok()) {
        let version = source.version.as_deref();
        let from = Target::of(s3, &source.bucket, Some(&source.key)).looked_at(s3, version).await?;
        let needs = from.needs(call, versioned("s3:GetObject", "", version.is_some()));
        let signed = Circumstances::of_signature(s3, call);
        all.extend(needs.into_iter().map(|need| signed.describe(need).with_some("s3:VersionId", version)));
    }
    Ok(Needs::All(all))
}

fn bypasses_governance(call: &Call) -> bool {
    let header = call.http.as_ref().and_then(|http| http.header("x-amz-bypass-governance-retention"));
    header.is_some_and(|header| header.eq_ignore_ascii_case("true"))
}

/// Whether the caller may delete one of the objects that it names: IAM knows no action for many deletions.
///
/// # Errors
/// The refusal.
pub(crate) fn may_delete(s3: &S3, call: &Call, bucket: &Bucket, object: &ObjectIdentifier) -> Result<(), Error> {
    let Some(guard) = call.caller.permissions.guard() else { return Ok(()) };
    let version = object.version_id.as_deref();
    let target = Target::of(s3, &bucket.name, object.key.as_deref());
    let mut all = target.needs(call, versioned("s3:DeleteObject", "", version.is_some()));
    if bypasses_governance(call) {
        all.extend(target.needs(call, BYPASS.to_owned()));
    }
    let signed = Circumstances::of_signature(s3, call);
    let all = all.into_iter().map(|need| signed.describe(need).with_some("s3:VersionId", version));
    guard.check(call, &Needs::All(all.collect())).map_err(Error::from)
}

/// Whether a caller of another service may do this with an object here.
///
/// # Errors
/// The refusal.
pub(crate) async fn may(
    s3: &S3,
    call: &Call,
    action: &str,
    bucket: &Bucket,
    key: &str,
    version: Option<&str>,
) -> Result<(), Error> {
    let Some(guard) = call.caller.permissions.guard() else { return Ok(()) };
    let mut target = Target::of(s3, &bucket.name, Some(key));
    if action.starts_with("s3:Get") {
        target = target.looked_at(s3, version).await?;
    }
    guard.check(call, &Needs::All(target.needs(call, action.to_owned()))).map_err(Error::from)
}

/// Whether whoever signed a form may write what it describes.
///
/// # Errors
/// The refusal.
pub(crate) fn may_post(s3: &S3, call: &Call, bucket: &Bucket, key: &str, form: &Posted<'_>) -> Result<(), Error> {
    let Some(guard) = call.caller.permissions.guard() else { return Ok(()) };
    let target = Target::of(s3, &bucket.name, Some(key));
    let circumstances = Circumstances::of_form(s3, form);
    let mut all = target.needs(call, "s3:PutObject".to_owned());
    all.extend(form.said().map(|action| target.need_of_writer(call, action)));
    let all = all.into_iter().map(|need| circumstances.describe(need));
    guard.check(call, &Needs::All(all.collect())).map_err(Error::from)
}
