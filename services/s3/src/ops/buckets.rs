//! Buckets themselves: made, found, listed, removed.

use bytes::Bytes;
use tidegate_api_s3::{
    Bucket as ShownBucket, CreateBucketOutput, CreateBucketRequest, DeleteBucketRequest, GetBucketLocationOutput,
    GetBucketLocationRequest, HeadBucketOutput, HeadBucketRequest, ListBucketsOutput, ListBucketsRequest, Tag, Tagging,
};
use tidegate_protocol::{Answered, Call, HttpAnswer};
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};
use tidegate_types::Region;

use super::abort_upload_in_tx;
use super::acl_headers::acl_of_headers;
use super::configs::document;
use super::configs::{ALL_BLOCKED, refuse_public};
use crate::domain::{MAX_BUCKET_TAGS, acl, bucket_name_fault, checked_tags};
use crate::error::Error;
use crate::service::S3;
use crate::store::{
    Bucket, BucketId, BucketRecord, ConfigKey, ConfigKind, ConfigRecord, Versioning, behind, corrupt, decode, keys,
};

/// Makes a bucket.
pub(crate) async fn create_bucket(
    s3: &S3,
    call: &Call,
    input: CreateBucketRequest,
) -> Result<Answered<CreateBucketOutput>, Error> {
    let name = &*input.bucket.clone().unwrap_or_default();
    if bucket_name_fault(name).is_some() {
        return Err(Error::InvalidBucketName(name.to_owned()));
    }
    let asked = input.create_bucket_configuration.as_ref().and_then(|config| config.location_constraint.as_deref());
    let region = region_of(call, asked.filter(|asked| !asked.is_empty()))?;
    let grants = [
        ("FULL_CONTROL", input.grant_full_control.as_deref()),
        ("READ", input.grant_read.as_deref()),
        ("READ_ACP", input.grant_read_acp.as_deref()),
        ("WRITE", input.grant_write.as_deref()),
        ("WRITE_ACP", input.grant_write_acp.as_deref()),
    ];
    let list = acl_of_headers(call, call.account, input.acl.as_deref(), &grants)?;
    refuse_public(list.as_deref())?;
    let has_lock = input.object_lock_enabled_for_bucket == Some(true);
    let record = &BucketRecord {
        id: BucketId(s3.env.random_u64()),
        account: call.account,
        region: region.clone(),
        created_at: s3.now(),
        // Locks are of versions.
        versioning: if has_lock { Versioning::Enabled } else { Versioning::Never },
        has_lock,
        default_lock: None,
        is_going: false,
    };
    let ownership = ownership_of(input.object_ownership.as_deref(), list.is_some())?;
    let tags = input.create_bucket_configuration.as_ref().and_then(|config| config.tags.clone());
    let tags = tags.map(tags_document).transpose()?;
    let configs = &[
        (ConfigKind::Acl, list),
        (ConfigKind::OwnershipControls, ownership),
        (ConfigKind::PublicAccessBlock, Some(ALL_BLOCKED.to_owned())),
        (ConfigKind::Tagging, tags),
    ];
    let created = s3.transact(&[], async |tx: &mut Tx| {
        if let Some(existing) = tx.get(Space::Map, &keys::bucket(name)).await? {
            let existing: BucketRecord = decode(Space::Map, &keys::bucket(name), &existing)?;
            return match () {
                () if existing.is_going => Err(Error::Aborted),
                () if existing.account != call.account => Err(Error::BucketExists(name.to_owned())),
                // In the oldest region, to make a bucket that one has is to have it.
                () if existing.region == Region::us_east_1() && region == Region::us_east_1() => Ok(()),
                () => Err(Error::BucketIsYours(name.to_owned())),
            };
        }
        tx.put(Space::Map, keys::bucket(name), record.encode());
        for (kind, document) in configs {
            if let Some(document) = document.clone() {
                let place = keys::config(record.id, &ConfigKey::of(*kind));
                tx.put(Space::Map, place, ConfigRecord { document }.encode());
            }
        }
        Ok(())
    });
    created.await?;
    let location =
        if region == Region::us_east_1() { format!("/{name}") } else { format!("{}/{name}/", call.base_url) };
    Ok(CreateBucketOutput { location: Some(location), bucket_arn: Some(format!("arn:aws:s3:::{name}")) }.into())
}

/// The tags that a bucket is made with, as they are kept.
fn tags_document(tags: Vec<Tag>) -> Result<String, Error> {
    let pairs = tags.iter().map(|tag| (tag.key.clone().unwrap_or_default(), tag.value.clone().unwrap_or_default()));
    checked_tags(pairs, MAX_BUCKET_TAGS)?;
    Ok(document("Tagging", &Tagging { tag_set: Some(tags) }))
}

/// Where a bucket is made: where its maker signs for, which its constraint must agree with.
fn region_of(call: &Call, asked: Option<&str>) -> Result<Region, Error> {
    let signed = &call.region;
    let invalid = |words: String| Error::Refused { code: "InvalidLocationConstraint", status: 400, words };
    let incompatible = |name: &str| Error::Refused {
        code: "IllegalLocationConstraintException",
        status: 400,
        words: format!(
            "The {name} location constraint is incompatible for the region specific endpoint this request was sent to."
        ),
    };
    match asked {
        None if *signed == Region::us_east_1() => Ok(signed.clone()),
        None => Err(incompatible("unspecified")),
        Some("EU") => Ok("eu-west-1".parse().unwrap_or_else(|_| signed.clone())),
        Some("us-east-1") => Err(invalid("The specified location-constraint is not valid".to_owned())),
        Some(name) => {
            let region = name.parse().ok().filter(|_| is_region_name(name));
            let region: Region =
                region.ok_or_else(|| invalid("The specified location-constraint is not valid".to_owned()))?;
            if region == *signed || *signed == Region::us_east_1() { Ok(region) } else { Err(incompatible(name)) }
        }
    }
}

/// `eu-west-1`, `us-gov-east-1`: a country of two letters, words, a number.
fn is_region_name(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.as_slice() {
        [country, words @ .., number] if !words.is_empty() => {
            country.len() == 2 && is_word(country) && words.iter().all(is_word) && number.parse::<u8>().is_ok()
        }
        _ => false,
    }
}

/// Lists of access weigh something only where the bucket's owner does not own every object.
fn ownership_of(asked: Option<&str>, has_list: bool) -> Result<Option<String>, Error> {
    let known = ["BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"];
    let asked = asked.unwrap_or("BucketOwnerEnforced");
    if !known.contains(&asked) {
        return Err(Error::InvalidArgument {
            words: format!("Invalid x-amz-object-ownership header: {asked}"),
            name: "x-amz-object-ownership".to_owned(),
            value: asked.to_owned(),
        });
    }
    if has_list && asked == "BucketOwnerEnforced" {
        let words = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting".to_owned();
        return Err(Error::Refused { code: "InvalidBucketAclWithObjectOwnership", status: 400, words });
    }
    let rule = format!("<Rule><ObjectOwnership>{asked}</ObjectOwnership></Rule>");
    Ok(Some(format!("<OwnershipControls>{rule}</OwnershipControls>")))
}

/// Whether there is a bucket, and where.
pub(crate) async fn head_bucket(s3: &S3, _call: &Call, input: HeadBucketRequest) -> Result<HeadBucketOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    Ok(HeadBucketOutput {
        bucket_arn: Some(bucket.arn()),
        bucket_region: Some(bucket.record.region.to_string()),
        access_point_alias: Some(false),
        ..HeadBucketOutput::default()
    })
}

/// Where a bucket is.
pub(crate) async fn get_bucket_location(
    s3: &S3,
    _call: &Call,
    input: GetBucketLocationRequest,
) -> Result<GetBucketLocationOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let region = &bucket.record.region;
    let location_constraint = (*region != Region::us_east_1()).then(|| region.to_string());
    Ok(GetBucketLocationOutput { location_constraint })
}

/// Lists an account's buckets.
pub(crate) async fn list_buckets(s3: &S3, call: &Call, input: ListBucketsRequest) -> Result<ListBucketsOutput, Error> {
    let most = match input.max_buckets {
        None => usize::MAX,
        Some(most @ 1..=10_000) => usize::try_from(most).unwrap_or(usize::MAX),
        Some(other) => {
            return Err(Error::InvalidArgument {
                words: "Argument max-buckets must be an integer between 1 and 10000".to_owned(),
                name: "max-buckets".to_owned(),
                value: other.to_string(),
            });
        }
    };
    let prefix = input.prefix.clone().unwrap_or_default();
    let after = input.continuation_token.as_deref().unwrap_or_default();
    let wanted = |bucket: &Bucket| {
        let in_region = input.bucket_region.as_deref().is_none_or(|region| region == bucket.record.region.as_str());
        !bucket.record.is_going && bucket.name.starts_with(&prefix) && *bucket.name > *after && in_region
    };
    let mut buckets: Vec<Bucket> = s3.directory.of_account(Some(call.account))?.into_iter().filter(wanted).collect();
    let more = buckets.len() > most;
    buckets.truncate(most);
    let token = buckets.last().filter(|_| more).map(|bucket| bucket.name.clone());
    let is_paged = input.max_buckets.is_some();
    let shown = |bucket: Bucket| ShownBucket {
        creation_date: Some(bucket.record.created_at),
        bucket_region: is_paged.then(|| bucket.record.region.to_string()),
        bucket_arn: is_paged.then(|| bucket.arn()),
        name: Some(bucket.name),
    };
    Ok(ListBucketsOutput {
        buckets: Some(buckets.into_iter().map(shown).collect()),
        owner: Some(acl::owner(call.account)),
        continuation_token: token,
        prefix: input.prefix,
    })
}

/// Removes a bucket that has nothing in it. It is first marked, so that nothing comes into it while it is looked
/// at; a mark that a crash leaves is taken away at the next start.
pub(crate) async fn delete_bucket(s3: &S3, _call: &Call, input: DeleteBucketRequest) -> Result<Answered<()>, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    mark(s3, &bucket.name, true).await?;
    if !is_empty(s3, bucket.id()).await? {
        mark(s3, &bucket.name, false).await?;
        let has_versions = bucket.record.versioning != Versioning::Never;
        return Err(Error::BucketNotEmpty { name: bucket.name, has_versions });
    }
    remove(s3, &bucket).await?;
    Ok(Answered { shape: (), http: HttpAnswer::default().with_status(204) })
}

async fn mark(s3: &S3, name: &str, is_going: bool) -> Result<(), Error> {
    let place = &keys::bucket(name);
    let marked = s3.transact(&[], async |tx: &mut Tx| {
        let record = tx.get(Space::Map, place).await?.ok_or_else(|| Error::NoSuchBucket(name.to_owned()))?;
        let mut record: BucketRecord = decode(Space::Map, place, &record)?;
        if is_going && record.is_going {
            return Err(Error::Aborted);
        }
        record.is_going = is_going;
        tx.put(Space::Map, place.clone(), record.encode());
        Ok(())
    });
    marked.await.map(drop)
}

async fn is_empty(s3: &S3, bucket: BucketId) -> Result<bool, Error> {
    let snapshot = s3.store.snapshot()?;
    for prefix in [keys::currents(bucket), keys::olders(bucket)] {
        let range = KeyRange::prefix(&prefix);
        if !snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1)).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes the records of a bucket that is empty, and what is left of uploads into it.
async fn remove(s3: &S3, bucket: &Bucket) -> Result<(), Error> {
    forget_uploads(s3, bucket.id()).await?;
    let range = KeyRange::prefix(&keys::configs(bucket.id()));
    let configs = s3.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, Page::of(10_000)).await?;
    let configs: &[Bytes] = &configs.into_iter().map(|entry| entry.key).collect::<Vec<_>>();
    let removed = s3.transact(&[], async |tx: &mut Tx| {
        configs.iter().for_each(|place| tx.delete(Space::Map, place.clone()));
        tx.delete(Space::Map, keys::bucket(&bucket.name));
        Ok(())
    });
    removed.await.map(drop)
}

/// Removes uploads in parts that nobody has ended, and all that has come of them.
async fn forget_uploads(s3: &S3, bucket: BucketId) -> Result<(), Error> {
    let mut range = KeyRange::prefix(&keys::uploads(bucket));
    loop {
        let uploads = s3.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, Page::of(100)).await?;
        let Some(last) = uploads.last() else { return Ok(()) };
        range.start = behind(&last.key);
        for place in uploads.iter().map(|entry| &entry.key) {
            let read = keys::read_upload(place, bucket).map_err(|error| corrupt(Space::Map, place, &error))?;
            let (key, upload) = &read;
            let forgotten = s3.transact(&[], async |tx: &mut Tx| abort_upload_in_tx(tx, bucket, key, *upload).await);
            s3.remove_files(forgotten.await?.value).await;
        }
    }
}

/// Takes the marks away that a crash has left on buckets that were about to be deleted.
pub(crate) async fn unmark_all(s3: &S3) -> Result<(), Error> {
    for bucket in s3.directory.of_account(None)?.iter().filter(|bucket| bucket.record.is_going) {
        mark(s3, &bucket.name, false).await?;
    }
    Ok(())
}
