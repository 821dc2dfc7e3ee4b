//! The operations: validate, decide, one transaction, answer.

mod aliases;
mod concurrency;
mod event_source_mappings;
mod functions;
mod images;
mod invoke_configs;
mod layer_permissions;
mod layers;
mod permissions;
mod provisioned;
mod runtime_management;
mod scaling;
mod settings;
mod signing;
mod tags;
mod update;
mod urls;
mod versions;

use bytes::Bytes;
use tidegate_api_lambda::FunctionCode;
use tidegate_ports::{Acting, ObjectAddress};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, StoreError, Tx};
use tidegate_types::Arn;

pub(crate) use aliases::{create_alias, delete_alias, get_alias, list_aliases, update_alias};
pub(crate) use concurrency::{delete_function_concurrency, get_function_concurrency, put_function_concurrency};
pub(crate) use event_source_mappings::{
    Following, create_event_source_mapping, delete_event_source_mapping, delete_mapping, get_event_source_mapping,
    list_event_source_mappings, update_event_source_mapping,
};
pub(crate) use functions::{
    create_function, delete_function, delete_whole, get_function, get_function_configuration, list_functions,
};
pub(crate) use images::{check_ready, image_code};
pub(crate) use invoke_configs::{
    delete_function_event_invoke_config, get_function_event_invoke_config, list_function_event_invoke_configs,
    put_function_event_invoke_config, update_function_event_invoke_config,
};
pub(crate) use layer_permissions::{
    add_layer_version_permission, get_layer_version_policy, remove_layer_version_permission,
};
pub(crate) use layers::{
    bytes_of, delete_layer_version, folders, get_layer_version, get_layer_version_by_arn, list_layer_versions,
    list_layers, policy as layer_policy, publish_layer_version, remove_unused as remove_unused_layers,
    used as used_layers,
};
pub(crate) use permissions::{add_permission, document, get_policy, remove_permission};
pub(crate) use provisioned::{
    delete_provisioned_concurrency_config, get_provisioned_concurrency_config, list_provisioned_concurrency_configs,
    put_provisioned_concurrency_config,
};
pub(crate) use runtime_management::{get_runtime_management_config, put_runtime_management_config};
pub(crate) use scaling::{get_function_scaling_config, put_function_scaling_config};
pub(crate) use settings::{get_account_settings, get_function_recursion_config, put_function_recursion_config};
pub(crate) use signing::{
    create_code_signing_config, delete_all as delete_code_signing_configs, delete_code_signing_config,
    delete_function_code_signing_config, get_code_signing_config, get_function_code_signing_config,
    list_code_signing_configs, list_functions_by_code_signing_config, put_function_code_signing_config,
    update_code_signing_config,
};
pub(crate) use tags::{list_tags, tag_resource, untag_resource};
pub(crate) use update::{update_function_code, update_function_configuration};
pub(crate) use urls::{
    create_function_url_config, delete_function_url_config, get_function_url_config, list_function_url_configs,
    update_function_url_config,
};
pub(crate) use versions::{list_versions_by_function, publish_version};

use images::{GivenImage, check_settled, take_image};

use crate::code::Arrived;
use crate::domain::{MAX_OBJECT_BYTES, MAX_UNZIPPED_BYTES, MAX_ZIPPED_BYTES};
use crate::error::Error;
use crate::permits::{role_use, verb};
use crate::service::Lambda;
use crate::store::{Address, Code, FunctionRecord, VersionRecord, keys, put_code};

/// The name of S3's bucket that stands for folders of this machine.
const FOLDERS_BUCKET: &str = "hot-reload";

/// Code that has arrived: a zip file, or the name of a folder or an image.
enum GivenCode {
    Zip(Arrived),
    Folder(String),
    Image(GivenImage),
}

impl GivenCode {
    /// Whether it may be used together with layers of so many bytes.
    fn check(&self, layers: u64) -> Result<(), Error> {
        match self {
            GivenCode::Zip(arrived) if arrived.unzipped + layers > MAX_UNZIPPED_BYTES => {
                Err(Error::Unzipped(arrived.unzipped))
            }
            GivenCode::Zip(_) | GivenCode::Folder(_) | GivenCode::Image(_) => Ok(()),
        }
    }

    /// Makes it the code of a version, and keeps what it needs. `is_first`: the version has never been able to run.
    fn put(&self, tx: &mut Tx, function: u64, version: &mut VersionRecord, is_first: bool) {
        match self {
            GivenCode::Image(image) => image.put(version, is_first),
            GivenCode::Zip(arrived) => {
                version.code = Code::Zip(arrived.sha256);
                (version.code_size, version.unzipped_size) = (arrived.size, arrived.unzipped);
                put_code(tx, function, &arrived.sha256, &arrived.zip);
            }
            GivenCode::Folder(path) => {
                version.code = Code::Folder(path.clone());
                (version.code_size, version.unzipped_size) = (0, 0);
            }
        }
    }
}

/// Takes the code of a request. `image`: whether it is to be an image, and for which architecture.
async fn take_code(lambda: &Lambda, call: &Call, given: FunctionCode, image: Option<&str>) -> Result<GivenCode, Error> {
    let FunctionCode { zip_file, s3_bucket, s3_key, s3_object_version, image_uri, .. } = given;
    if let (Some(uri), Some(architecture)) = (image_uri, image) {
        return Ok(GivenCode::Image(take_image(lambda, uri, architecture).await?));
    }
    match (zip_file, s3_bucket, s3_key) {
        (Some(zip), _, _) => Ok(GivenCode::Zip(take_zip(lambda, zip).await?)),
        (None, Some(bucket), Some(path)) if bucket == FOLDERS_BUCKET => {
            let folder = path.clone();
            let is_there = lambda.env.run_blocking(move || std::path::Path::new(&folder).is_dir()).await;
            if !is_there || !path.starts_with('/') {
                return Err(Error::Invalid(format!(
                    "The S3Key of the bucket {FOLDERS_BUCKET} is the absolute path of a folder on Tidegate's machine; \
                     there is none at {path}"
                )));
            }
            Ok(GivenCode::Folder(path))
        }
        (None, Some(bucket), Some(key)) => {
            let address = ObjectAddress { bucket, key, version: s3_object_version };
            Ok(GivenCode::Zip(take_object(lambda, call, &address).await?))
        }
        (None, Some(_), None) => Err(Error::Invalid("Please provide a source for function code.".to_owned())),
        (None, None, _) => Err(Error::Invalid("Please provide a source for function code.".to_owned())),
    }
}

async fn take_zip(lambda: &Lambda, zip: Bytes) -> Result<Arrived, Error> {
    if zip.is_empty() {
        return Err(Error::Invalid("Uploaded file must be a non-empty zip".to_owned()));
    }
    if zip.len() > MAX_ZIPPED_BYTES {
        return Err(Error::ZipTooLarge { limit: MAX_ZIPPED_BYTES });
    }
    lambda.codes.take(zip).await
}

/// Takes a zip file out of a bucket, with the caller's permissions.
async fn take_object(lambda: &Lambda, call: &Call, address: &ObjectAddress) -> Result<Arrived, Error> {
    let found = lambda.objects.read(Acting::Caller(call), address, MAX_OBJECT_BYTES).await.map_err(Error::Object)?;
    if found.body.is_empty() {
        return Err(Error::Invalid("Uploaded file must be a non-empty zip".to_owned()));
    }
    lambda.codes.take(found.body).await
}

/// Whether Lambda may use a role. Where permissions are not checked, a role that was never made will do.
fn check_role(lambda: &Lambda, role: &str, function: &Address) -> Result<(), Error> {
    lambda.permits().check(&role_use(&function.arn(), role)).map_err(Error::Role)
}

/// Whether a function's role may tell its dead letter.
fn check_dead_letter(lambda: &Lambda, function: &Address, version: &VersionRecord) -> Result<(), Error> {
    let Some(target) = version.dead_letter.as_ref().and_then(|target| target.parse::<Arn>().ok()) else {
        return Ok(());
    };
    match lambda.permits().may_tell(&role_use(&function.arn(), &version.role), &target) {
        Ok(()) => Ok(()),
        Err(action) => Err(Error::Invalid(format!(
            "The provided execution role does not have permissions to call {} on {}",
            verb(action),
            target.service.to_uppercase()
        ))),
    }
}

/// All functions of an account take turns here, so that together they cannot take too much concurrency.
fn account_concurrency(address: &Address) -> Bytes {
    Bytes::from(format!("lambda concurrency {} {}", address.account, address.region))
}

/// A function's record as this transaction sees it.
async fn read_function(tx: &mut Tx, address: &Address) -> Result<FunctionRecord, Error> {
    let found = read::<FunctionRecord>(tx, &keys::function(address)).await?;
    found.ok_or_else(|| Error::NoFunction(address.arn().to_string()))
}

/// A function and its `$LATEST` as this transaction sees them.
async fn read_latest(tx: &mut Tx, address: &Address) -> Result<(FunctionRecord, VersionRecord), Error> {
    let function = read_function(tx, address).await?;
    let latest = read::<VersionRecord>(tx, &keys::version(function.id, 0)).await?;
    let latest = latest.ok_or_else(|| Error::NoFunction(address.arn().to_string()))?;
    Ok((function, latest))
}

pub(crate) async fn read<T: Stored>(tx: &mut Tx, key: &Bytes) -> Result<Option<T>, Error> {
    let Some(found) = tx.get(Space::Map, key).await? else { return Ok(None) };
    let decoded = T::decode(&found.value);
    let corrupt = |error: tidegate_record::DecodeError| StoreError::Corrupt {
        space: Space::Map,
        key: key.clone(),
        what: error.to_string().into(),
    };
    Ok(Some(decoded.map_err(corrupt)?))
}

/// Refuses a change that was made for another revision.
fn check_revision(given: Option<&str>, present: &str, getter: &'static str) -> Result<(), Error> {
    match given {
        Some(given) if given != present => Err(Error::OtherRevision { getter }),
        _ => Ok(()),
    }
}

/// One page of a list: from behind `marker` on, at most `max` of them, and the marker of the next page. The list must
/// be in the order of its markers: what one of them names may be gone by the time it comes back.
fn page<T>(
    all: Vec<T>,
    marker: Option<&str>,
    max: Option<i32>,
    name: impl Fn(&T) -> String,
) -> (Vec<T>, Option<String>) {
    const MOST: usize = 50;
    let max = max.map_or(MOST, |max| (max.max(1) as usize).min(MOST));
    let mut rest = all.into_iter().skip_while(|one| marker.is_some_and(|marker| *name(one) <= *marker)).peekable();
    let page: Vec<T> = rest.by_ref().take(max).collect();
    let next = rest.peek().is_some().then(|| page.last().map(&name)).flatten();
    (page, next)
}

/// A version's part of a marker: `$LATEST` comes first, and 10 behind 9.
fn marker_of_version(version: Option<&str>) -> String {
    format!("{:020}", version.and_then(|version| version.parse::<u64>().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_begins_behind_its_marker_even_if_that_is_gone() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (first, marker) = page(list(&["a", "b", "c", "d"]), None, Some(2), String::clone);
        assert_eq!((first, marker.as_deref()), (list(&["a", "b"]), Some("b")));
        let (second, marker) = page(list(&["c", "d"]), marker.as_deref(), Some(2), String::clone);
        assert_eq!((second, marker), (list(&["c", "d"]), None));
    }

    #[test]
    fn markers_of_versions_are_in_their_order() {
        let markers = ["$LATEST", "1", "9", "10"].map(|version| marker_of_version(Some(version)));
        assert!(markers.is_sorted(), "{markers:?}");
    }
}
