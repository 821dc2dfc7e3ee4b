use std::collections::BTreeMap;

use bytes::Bytes;
use tidegate_api_lambda::{
    AllowedPublishers, CodeSigningConfig, CodeSigningPolicies, CreateCodeSigningConfigRequest,
    CreateCodeSigningConfigResponse, DeleteCodeSigningConfigRequest, DeleteCodeSigningConfigResponse,
    DeleteFunctionCodeSigningConfigRequest, GetCodeSigningConfigRequest, GetCodeSigningConfigResponse,
    GetFunctionCodeSigningConfigRequest, GetFunctionCodeSigningConfigResponse, ListCodeSigningConfigsRequest,
    ListCodeSigningConfigsResponse, ListFunctionsByCodeSigningConfigRequest, ListFunctionsByCodeSigningConfigResponse,
    PutFunctionCodeSigningConfigRequest, PutFunctionCodeSigningConfigResponse, UpdateCodeSigningConfigRequest,
    UpdateCodeSigningConfigResponse,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, StoreError, Tx};
use tidegate_types::Arn;

use super::{page, read, read_function, read_latest};
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{SignedByRecord, SigningRecord, VersionRecord, keys};
use crate::wire;

/// What comes before the id in an ARN's resource.
const KIND: &str = "code-signing-config:";

fn arn_of(call: &Call, id: &str) -> String {
    Arn::new("lambda", &call.region, call.account, format!("{KIND}{id}")).to_string()
}

fn missing(arn: &str) -> Error {
    Error::Missing(format!("The Lambda code signing configuration {arn} can not be found."))
}

/// Where the configuration of an ARN lies, if it is one of the caller's account and region.
fn key_of(call: &Call, arn: &str) -> Option<(Bytes, String)> {
    let parsed: Arn = arn.parse().ok()?;
    let is_own = parsed.service == "lambda"
        && parsed.account == Some(call.account)
        && parsed.region.as_ref() == Some(&call.region);
    let id = parsed.resource.strip_prefix(KIND).filter(|_| is_own)?;
    Some((keys::signing(call.account, &call.region, id), id.to_owned()))
}

fn publishers(given: AllowedPublishers) -> Result<Vec<String>, Error> {
    let arns = given.signing_profile_version_arns.unwrap_or_default();
    for arn in &arns {
        if !arn.parse::<Arn>().is_ok_and(|arn| arn.service == "signer") {
            return Err(Error::Invalid(format!("{arn} is not the ARN of a signing profile's version.")));
        }
    }
    Ok(arns)
}

fn enforces(given: &CodeSigningPolicies) -> bool {
    given.untrusted_artifact_on_deployment.as_deref() == Some("Enforce")
}

fn shown(call: &Call, id: &str, record: &SigningRecord) -> CodeSigningConfig {
    let policy = if record.enforces { "Enforce" } else { "Warn" };
    CodeSigningConfig {
        code_signing_config_id: Some(id.to_owned()),
        code_signing_config_arn: Some(arn_of(call, id)),
        description: Some(record.description.clone()),
        allowed_publishers: Some(AllowedPublishers { signing_profile_version_arns: Some(record.publishers.clone()) }),
        code_signing_policies: Some(CodeSigningPolicies { untrusted_artifact_on_deployment: Some(policy.to_owned()) }),
        last_modified: Some(wire::time(record.modified_at)),
    }
}

async fn find(lambda: &Lambda, call: &Call, arn: &str) -> Result<(String, SigningRecord), Error> {
    let (key, id) = key_of(call, arn).ok_or_else(|| missing(arn))?;
    let found = lambda.store.snapshot()?.get(Space::Map, &key).await?.ok_or_else(|| missing(arn))?;
    Ok((id, decode(&key, &found.value)?))
}

fn decode(key: &Bytes, value: &Bytes) -> Result<SigningRecord, StoreError> {
    SigningRecord::decode(value).map_err(|error| StoreError::Corrupt {
        space: Space::Map,
        key: key.clone(),
        what: error.to_string().into(),
    })
}

/// Creates a configuration.
pub(crate) async fn create_code_signing_config(
    lambda: &Lambda,
    call: &Call,
    input: CreateCodeSigningConfigRequest,
) -> Result<CreateCodeSigningConfigResponse, Error> {
    let id = format!("csc-{:.17}", lambda.env.uuid().simple().to_string());
    let record = &SigningRecord {
        modified_at: lambda.now(),
        description: input.description.unwrap_or_default(),
        publishers: publishers(input.allowed_publishers.unwrap_or_default())?,
        enforces: input.code_signing_policies.as_ref().is_some_and(enforces),
        tags: wire::tags(input.tags)?,
    };
    let key = &keys::signing(call.account, &call.region, &id);
    lambda
        .transact(std::slice::from_ref(key), async |tx: &mut Tx| {
            tx.put(Space::Map, key.clone(), record.encode());
            Ok(())
        })
        .await?;
    Ok(CreateCodeSigningConfigResponse { code_signing_config: Some(shown(call, &id, record)) })
}

/// Whether a resource's ARN names a configuration, there or not.
pub(crate) fn is_config(resource: &str) -> bool {
    resource.parse::<Arn>().is_ok_and(|arn| arn.resource.starts_with(KIND))
}

/// A configuration's tags.
pub(crate) async fn tags_of(lambda: &Lambda, call: &Call, arn: &str) -> Result<BTreeMap<String, String>, Error> {
    Ok(find(lambda, call, arn).await?.1.tags)
}

/// Changes a configuration's tags.
pub(crate) async fn change_tags(
    lambda: &Lambda,
    call: &Call,
    arn: &str,
    change: impl Fn(&mut BTreeMap<String, String>) + Copy,
) -> Result<(), Error> {
    let (key, _) = &key_of(call, arn).ok_or_else(|| missing(arn))?;
    lambda
        .transact(std::slice::from_ref(key), async |tx: &mut Tx| {
            let mut record = read::<SigningRecord>(tx, key).await?.ok_or_else(|| missing(arn))?;
            change(&mut record.tags);
            record.tags = wire::tags(Some(record.tags))?;
            tx.put(Space::Map, key.clone(), record.encode());
            Ok(())
        })
        .await?;
    Ok(())
}

/// A configuration.
pub(crate) async fn get_code_signing_config(
    lambda: &Lambda,
    call: &Call,
    input: GetCodeSigningConfigRequest,
) -> Result<GetCodeSigningConfigResponse, Error> {
    let (id, record) = find(lambda, call, &input.code_signing_config_arn.unwrap_or_default()).await?;
    Ok(GetCodeSigningConfigResponse { code_signing_config: Some(shown(call, &id, &record)) })
}

/// Changes what a request speaks of.
pub(crate) async fn update_code_signing_config(
    lambda: &Lambda,
    call: &Call,
    input: UpdateCodeSigningConfigRequest,
) -> Result<UpdateCodeSigningConfigResponse, Error> {
    let arn = &input.code_signing_config_arn.unwrap_or_default();
    let (key, id) = &key_of(call, arn).ok_or_else(|| missing(arn))?;
    let given = &input.allowed_publishers.map(publishers).transpose()?;
    let (description, policies, now) = (&input.description, &input.code_signing_policies, lambda.now());
    let changed = lambda
        .transact(std::slice::from_ref(key), async |tx: &mut Tx| {
            let mut record = read::<SigningRecord>(tx, key).await?.ok_or_else(|| missing(arn))?;
            record.modified_at = now;
            if let Some(description) = description {
                record.description.clone_from(description);
            }
            if let Some(given) = given {
                record.publishers.clone_from(given);
            }
            if let Some(policies) = policies {
                record.enforces = enforces(policies);
            }
            tx.put(Space::Map, key.clone(), record.encode());
            Ok(record)
        })
        .await?;
    Ok(UpdateCodeSigningConfigResponse { code_signing_config: Some(shown(call, id, &changed.value)) })
}

/// Deletes a configuration that no function has.
pub(crate) async fn delete_code_signing_config(
    lambda: &Lambda,
    call: &Call,
    input: DeleteCodeSigningConfigRequest,
) -> Result<DeleteCodeSigningConfigResponse, Error> {
    let arn = &input.code_signing_config_arn.unwrap_or_default();
    let (key, _) = &key_of(call, arn).ok_or_else(|| missing(arn))?;
    lambda
        .transact(std::slice::from_ref(key), async |tx: &mut Tx| {
            read::<SigningRecord>(tx, key).await?.ok_or_else(|| missing(arn))?;
            // Seen from within the latch, which whoever gives it to a function takes too.
            if !users(lambda, call, arn).is_empty() {
                return Err(Error::Conflict(format!(
                    "Cannot delete the code signing configuration {arn}: it is attached to functions"
                )));
            }
            tx.delete(Space::Map, key.clone());
            Ok(())
        })
        .await?;
    Ok(DeleteCodeSigningConfigResponse {})
}

/// The ARNs of the functions with a configuration.
fn users(lambda: &Lambda, call: &Call, config: &str) -> Vec<String> {
    let functions = lambda.directory.of_account(call.account, &call.region);
    let with = functions.iter().filter(|of| of.signed_by.as_ref().is_some_and(|by| by.config == config));
    with.map(|function| function.address.arn().to_string()).collect()
}

/// An account's configurations.
pub(crate) async fn list_code_signing_configs(
    lambda: &Lambda,
    call: &Call,
    input: ListCodeSigningConfigsRequest,
) -> Result<ListCodeSigningConfigsResponse, Error> {
    let prefix = keys::signings(call.account, &call.region);
    let mut range = KeyRange::prefix(&prefix);
    let (snapshot, mut all) = (lambda.store.snapshot()?, Vec::new());
    loop {
        let found = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
        let Some(last) = found.last() else { break };
        range.start = [&last.key[..], &[0]].concat().into();
        for one in &found {
            let id = keys::read_signing(&one.key, &prefix).map_err(|error| StoreError::Corrupt {
                space: Space::Map,
                key: one.key.clone(),
                what: error.to_string().into(),
            })?;
            all.push(shown(call, &id, &decode(&one.key, &one.record.value)?));
        }
    }
    let name = |one: &CodeSigningConfig| one.code_signing_config_arn.clone().unwrap_or_default();
    let (configs, next_marker) = page(all, input.marker.as_deref(), input.max_items, name);
    Ok(ListCodeSigningConfigsResponse { next_marker, code_signing_configs: Some(configs) })
}

/// The functions with a configuration.
pub(crate) async fn list_functions_by_code_signing_config(
    lambda: &Lambda,
    call: &Call,
    input: ListFunctionsByCodeSigningConfigRequest,
) -> Result<ListFunctionsByCodeSigningConfigResponse, Error> {
    let arn = input.code_signing_config_arn.unwrap_or_default();
    find(lambda, call, &arn).await?;
    let (arns, next_marker) = page(users(lambda, call, &arn), input.marker.as_deref(), input.max_items, String::clone);
    Ok(ListFunctionsByCodeSigningConfigResponse { next_marker, function_arns: Some(arns) })
}

/// Gives a function a configuration.
pub(crate) async fn put_function_code_signing_config(
    lambda: &Lambda,
    call: &Call,
    input: PutFunctionCodeSigningConfigRequest,
) -> Result<PutFunctionCodeSigningConfigResponse, Error> {
    let arn = &input.code_signing_config_arn.unwrap_or_default();
    let (key, _) = &key_of(call, arn).ok_or_else(|| Error::NoSigning(arn.clone()))?;
    let named = lambda.named(call, input.function_name, None)?;
    let address = &crate::store::Address::of(&named);
    lambda
        .transact(&[key.clone(), keys::function(address)], async |tx: &mut Tx| {
            read::<SigningRecord>(tx, key).await?.ok_or_else(|| Error::NoSigning(arn.clone()))?;
            let (function, latest) = read_latest(tx, address).await?;
            check_signable(&latest)?;
            let id = function.id;
            tx.put(Space::Map, keys::signed_by(id), SignedByRecord { config: arn.clone() }.encode());
            Ok(())
        })
        .await?;
    Ok(PutFunctionCodeSigningConfigResponse {
        code_signing_config_arn: Some(arn.clone()),
        function_name: Some(named.name),
    })
}

/// A configuration that a new function is given, and where it lies.
pub(super) struct ForNew {
    pub key: Bytes,
    arn: String,
}

impl ForNew {
    /// # Errors
    /// It is no configuration of the caller's.
    pub(super) fn of(call: &Call, arn: String) -> Result<ForNew, Error> {
        let (key, _) = key_of(call, &arn).ok_or_else(|| Error::NoSigning(arn.clone()))?;
        Ok(ForNew { key, arn })
    }

    /// Gives it to the function.
    pub(super) async fn put(&self, tx: &mut Tx, function: u64, version: &VersionRecord) -> Result<(), Error> {
        check_signable(version)?;
        read::<SigningRecord>(tx, &self.key).await?.ok_or_else(|| Error::NoSigning(self.arn.clone()))?;
        tx.put(Space::Map, keys::signed_by(function), SignedByRecord { config: self.arn.clone() }.encode());
        Ok(())
    }
}

/// Only zip files are signed.
fn check_signable(version: &VersionRecord) -> Result<(), Error> {
    match version.is_image() {
        true => {
            Err(Error::Invalid("Code signing is not supported for functions created with container images.".to_owned()))
        }
        false => Ok(()),
    }
}

/// A function's configuration: no ARN if it has none.
pub(crate) async fn get_function_code_signing_config(
    lambda: &Lambda,
    call: &Call,
    input: GetFunctionCodeSigningConfigRequest,
) -> Result<GetFunctionCodeSigningConfigResponse, Error> {
    let function = lambda.known(&lambda.named(call, input.function_name, None)?)?;
    function.latest().map_or(Ok(()), |latest| check_signable(latest))?;
    Ok(GetFunctionCodeSigningConfigResponse {
        code_signing_config_arn: function.signed_by.as_ref().map(|by| by.config.clone()),
        function_name: Some(function.address.name.clone()),
    })
}

/// Takes a function's configuration away; nothing if it has none.
pub(crate) async fn delete_function_code_signing_config(
    lambda: &Lambda,
    call: &Call,
    input: DeleteFunctionCodeSigningConfigRequest,
) -> Result<(), Error> {
    let function = lambda.known(&lambda.named(call, input.function_name, None)?)?;
    let address = &function.address;
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let id = read_function(tx, address).await?.id;
            tx.delete(Space::Map, keys::signed_by(id));
            Ok(())
        })
        .await?;
    Ok(())
}

/// Deletes everybody's configurations.
pub(crate) async fn delete_all(lambda: &Lambda) -> Result<(), Error> {
    let range = &KeyRange::prefix(&keys::all_signings());
    loop {
        let gone = lambda
            .transact(&[], async |tx: &mut Tx| {
                let found = tx.scan(Space::Map, range, Order::Ascending, Page::of(1000)).await?;
                found.iter().for_each(|one| tx.delete(Space::Map, one.key.clone()));
                Ok(found.len())
            })
            .await?;
        if gone.value == 0 {
            return Ok(());
        }
    }
}
