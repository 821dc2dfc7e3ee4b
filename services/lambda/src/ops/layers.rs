use std::path::PathBuf;
use std::sync::Arc;

use tidegate_api_lambda::{
    DeleteLayerVersionRequest, GetLayerVersionByArnRequest, GetLayerVersionRequest, GetLayerVersionResponse,
    LayerVersionContentInput, LayersListItem, ListLayerVersionsRequest, ListLayerVersionsResponse, ListLayersRequest,
    ListLayersResponse, PublishLayerVersionRequest, PublishLayerVersionResponse,
};
use tidegate_policy::Document;
use tidegate_ports::ObjectAddress;
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::{document, page, read, take_object, take_zip};
use crate::domain::{LayerName, LayerRef, layers_of};
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Code, LayerRecord, LayerUse, LayerVersionRecord, VersionRecord, delete_code, keys, put_code};
use crate::wire;

/// The layer that a request names.
pub(super) fn named(call: &Call, name: Option<String>) -> Result<LayerName, Error> {
    let name = name.unwrap_or_default();
    LayerName::parse(&name, call.account, &call.region).ok_or(Error::LayerName(name))
}

/// The number of a version that a request names.
pub(super) fn number(given: Option<i64>) -> Result<u64, Error> {
    let given = u64::try_from(given.unwrap_or_default()).ok().filter(|number| *number > 0);
    given.ok_or_else(|| Error::Invalid("Layer Version Cannot be less than 1.".to_owned()))
}

/// Publishes a version of a layer, and the layer with its first.
pub(crate) async fn publish_layer_version(
    lambda: &Lambda,
    call: &Call,
    input: PublishLayerVersionRequest,
) -> Result<PublishLayerVersionResponse, Error> {
    let name = &named(call, input.layer_name)?;
    let arrived = match input.content.unwrap_or_default() {
        LayerVersionContentInput { zip_file: Some(zip), .. } => take_zip(lambda, zip).await?,
        LayerVersionContentInput { s3_bucket: Some(bucket), s3_key: Some(key), s3_object_version: version, .. } => {
            take_object(lambda, call, &ObjectAddress { bucket, key, version }).await?
        }
        _ => return Err(Error::Invalid("Please provide a source for layer content.".to_owned())),
    };
    let record = &LayerVersionRecord {
        id: lambda.env.random_u64(),
        created_at: lambda.now(),
        description: input.description.unwrap_or_default(),
        license: input.license_info,
        runtimes: input.compatible_runtimes.unwrap_or_default(),
        architectures: input.compatible_architectures.unwrap_or_default(),
        sha256: arrived.sha256,
        code_size: arrived.size,
        unzipped_size: arrived.unzipped,
        is_deleted: false,
        policy: None,
    };
    let published = lambda
        .transact(&[keys::layer(name)], async |tx: &mut Tx| {
            let mut layer = read::<LayerRecord>(tx, &keys::layer(name)).await?.unwrap_or_default();
            layer.last_version += 1;
            tx.put(Space::Map, keys::layer(name), layer.encode());
            put_code(tx, record.id, &record.sha256, &arrived.zip);
            tx.put(Space::Map, keys::layer_version(name, layer.last_version), record.encode());
            Ok(layer.last_version)
        })
        .await?;
    let shown = wire::layer_version(call, name, published.value, record);
    Ok(PublishLayerVersionResponse {
        content: shown.content,
        layer_arn: shown.layer_arn,
        layer_version_arn: shown.layer_version_arn,
        description: shown.description,
        created_date: shown.created_date,
        version: shown.version,
        compatible_runtimes: shown.compatible_runtimes,
        license_info: shown.license_info,
        compatible_architectures: shown.compatible_architectures,
    })
}

/// A version of a layer.
pub(crate) async fn get_layer_version(
    lambda: &Lambda,
    call: &Call,
    input: GetLayerVersionRequest,
) -> Result<GetLayerVersionResponse, Error> {
    let layer = named(call, input.layer_name)?;
    let version = number(input.version_number)?;
    show(lambda, call, &LayerRef { layer, version })
}

/// A version of a layer, named by its ARN.
pub(crate) async fn get_layer_version_by_arn(
    lambda: &Lambda,
    call: &Call,
    input: GetLayerVersionByArnRequest,
) -> Result<GetLayerVersionResponse, Error> {
    let arn = input.arn.unwrap_or_default();
    let version = LayerRef::parse(&arn).ok_or(Error::LayerArn(arn))?;
    show(lambda, call, &version)
}

fn show(lambda: &Lambda, call: &Call, of: &LayerRef) -> Result<GetLayerVersionResponse, Error> {
    let arn = of.layer.version_arn(of.version);
    let record = lambda.layers.present(&of.layer, of.version).ok_or_else(|| Error::NoResource(arn.clone()))?;
    if !may_use(call, of, &record) {
        return Err(Error::LayerDenied(arn));
    }
    Ok(wire::layer_version(call, &of.layer, of.version, &record))
}

fn matches(record: &LayerVersionRecord, runtime: Option<&str>, architecture: Option<&str>) -> bool {
    let has = |all: &[String], one: Option<&str>| one.is_none_or(|one| all.iter().any(|known| known == one));
    !record.is_deleted && has(&record.runtimes, runtime) && has(&record.architectures, architecture)
}

/// An account's layers, each with the newest of its versions that matches.
pub(crate) async fn list_layers(
    lambda: &Lambda,
    call: &Call,
    input: ListLayersRequest,
) -> Result<ListLayersResponse, Error> {
    let (runtime, architecture) = (input.compatible_runtime.as_deref(), input.compatible_architecture.as_deref());
    let layers = lambda.layers.of_account(call.account, &call.region).into_iter().filter_map(|(name, versions)| {
        let (number, newest) = versions.iter().rev().find(|(_, version)| matches(version, runtime, architecture))?;
        Some(LayersListItem {
            layer_name: Some(name.name.clone()),
            layer_arn: Some(name.arn().to_string()),
            latest_matching_version: Some(wire::layer_item(&name, *number, newest)),
        })
    });
    let marker = |layer: &LayersListItem| layer.layer_name.clone().unwrap_or_default();
    let (layers, next_marker) = page(layers.collect(), input.marker.as_deref(), input.max_items, marker);
    Ok(ListLayersResponse { next_marker, layers: Some(layers) })
}

/// A layer's versions, the newest first.
pub(crate) async fn list_layer_versions(
    lambda: &Lambda,
    call: &Call,
    input: ListLayerVersionsRequest,
) -> Result<ListLayerVersionsResponse, Error> {
    let name = named(call, input.layer_name)?;
    let (runtime, architecture) = (input.compatible_runtime.as_deref(), input.compatible_architecture.as_deref());
    let versions = lambda.layers.versions(&name);
    let found = versions.iter().rev().filter(|(_, version)| matches(version, runtime, architecture));
    let shown = found.map(|(number, version)| wire::layer_item(&name, *number, version)).collect();
    let marker = |item: &tidegate_api_lambda::LayerVersionsListItem| {
        format!("{:020}", u64::MAX - item.version.unwrap_or_default().unsigned_abs())
    };
    let (versions, next_marker) = page(shown, input.marker.as_deref(), input.max_items, marker);
    Ok(ListLayerVersionsResponse { next_marker, layer_versions: Some(versions) })
}

/// Deletes a version of a layer. Functions that use it go on, so its files stay until the next start at which
/// none does; see [`remove_unused`].
pub(crate) async fn delete_layer_version(
    lambda: &Lambda,
    call: &Call,
    input: DeleteLayerVersionRequest,
) -> Result<(), Error> {
    let name = &named(call, input.layer_name)?;
    let version = number(input.version_number)?;
    lambda
        .transact(&[keys::layer(name)], async |tx: &mut Tx| {
            let key = keys::layer_version(name, version);
            if let Some(mut record) = read::<LayerVersionRecord>(tx, &key).await? {
                record.is_deleted = true;
                record.policy = None;
                tx.put(Space::Map, key, record.encode());
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Removes deleted versions that no function uses: all of them, if `all`. Only while nobody creates functions.
pub(crate) async fn remove_unused(lambda: &Lambda, all: bool) -> Result<(), Error> {
    let functions = lambda.directory.all();
    let used: Vec<&str> = functions
        .iter()
        .flat_map(|function| function.versions.values())
        .flat_map(|version| version.layers.iter().map(|layer| layer.arn.as_str()))
        .collect();
    for (name, number, record) in lambda.layers.all() {
        let is_used = used.contains(&name.version_arn(number).as_str());
        if !all && (is_used || !record.is_deleted) {
            continue;
        }
        let (name, record) = (&name, &record);
        lambda
            .transact(&[keys::layer(name)], async |tx: &mut Tx| {
                delete_code(tx, record.id, &record.sha256).await?;
                tx.delete(Space::Map, keys::layer_version(name, number));
                if all {
                    tx.delete(Space::Map, keys::layer(name));
                }
                Ok(())
            })
            .await?;
    }
    Ok(())
}

/// Whether an account may use a version: its own always, another's if the policy of that says so.
fn may_use(call: &Call, of: &LayerRef, record: &LayerVersionRecord) -> bool {
    if of.layer.account == call.account {
        return true;
    }
    let Some(policy) = &record.policy else { return false };
    let account = call.account.to_string();
    policy.statements.iter().any(|statement| {
        let read: Option<serde_json::Value> = serde_json::from_str(&statement.text).ok();
        // Organizations are not kept here: what is open to the members of one is open to nobody.
        read.filter(|read| read.get("Condition").is_none()).is_some_and(|read| match &read["Principal"] {
            serde_json::Value::String(whoever) => whoever == "*",
            given => given["AWS"].as_str().is_some_and(|arn| arn.split(':').nth(4) == Some(&account)),
        })
    })
}

/// The layers that a request names for a function, and the bytes of their files.
pub(crate) fn used(lambda: &Lambda, call: &Call, arns: &[String]) -> Result<(Vec<LayerUse>, u64), Error> {
    let (mut uses, mut bytes) = (Vec::with_capacity(arns.len()), 0);
    for layer in layers_of(arns, &call.region)? {
        let arn = layer.layer.version_arn(layer.version);
        let record = lambda.layers.present(&layer.layer, layer.version);
        let record = record.ok_or_else(|| Error::Invalid(format!("Layer version {arn} does not exist.")))?;
        if !may_use(call, &layer, &record) {
            return Err(Error::LayerDenied(arn));
        }
        bytes += record.unzipped_size;
        uses.push(LayerUse { arn, code_size: record.code_size });
    }
    Ok((uses, bytes))
}

/// The bytes of the files of a version's layers.
pub(crate) fn bytes_of(lambda: &Lambda, version: &VersionRecord) -> u64 {
    version.layers.iter().filter_map(|layer| Some(found(lambda, layer)?.unzipped_size)).sum()
}

fn found(lambda: &Lambda, layer: &LayerUse) -> Option<Arc<LayerVersionRecord>> {
    let named = LayerRef::parse(&layer.arn)?;
    lambda.layers.get(&named.layer, named.version)
}

/// The folders of a version's layers, in order.
pub(crate) async fn folders(lambda: &Lambda, version: &VersionRecord) -> Result<Vec<PathBuf>, Error> {
    let mut folders = Vec::with_capacity(version.layers.len());
    for layer in &version.layers {
        let gone = || Error::CannotRun(format!("its layer {} is gone from the data folder", layer.arn));
        let record = found(lambda, layer).ok_or_else(gone)?;
        folders.push(lambda.codes.folder(record.id, &Code::Zip(record.sha256)).await?.0);
    }
    Ok(folders)
}

/// The policy of a layer's version, for whoever asks about permissions.
pub(crate) fn policy(lambda: &Lambda, of: &LayerRef) -> Option<Arc<Document>> {
    let record = lambda.layers.present(&of.layer, of.version)?;
    match Document::parse(&document(record.policy.as_ref()?)) {
        Ok(document) => Some(Arc::new(document)),
        Err(error) => {
            tracing::error!(layer = of.layer.name, %error, "the policy of a layer cannot be read and allows nothing");
            None
        }
    }
}
