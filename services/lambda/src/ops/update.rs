use tidegate_api_lambda::{
    FunctionCode, FunctionConfiguration, UpdateFunctionCodeRequest, UpdateFunctionConfigurationRequest,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::{
    bytes_of as bytes_of_layers, check_dead_letter, check_revision, check_role, read_latest, take_code, versions,
};
use crate::domain::MAX_UNZIPPED_BYTES;
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Address, Code, Function, delete_code, keys};
use crate::wire::{self, Given};

/// What callers whose revision is another are told to ask.
const GETTER: &str = "GetFunction/GetAlias";

/// Gives a function other code.
pub(crate) async fn update_function_code(
    lambda: &Lambda,
    call: &Call,
    input: UpdateFunctionCodeRequest,
) -> Result<FunctionConfiguration, Error> {
    let named = &lambda.named(call, input.function_name, None)?;
    let function = lambda.known(named)?;
    let address = &function.address;
    let given = FunctionCode {
        zip_file: input.zip_file,
        s3_bucket: input.s3_bucket,
        s3_key: input.s3_key,
        s3_object_version: input.s3_object_version,
        image_uri: input.image_uri,
        source_kms_key_arn: input.source_kms_key_arn,
    };
    if given.image_uri.is_some() {
        let words = "Please don't provide ImageUri when updating a function with packageType Zip.";
        return Err(Error::Invalid(words.to_owned()));
    }
    let code = take_code(lambda, call, given).await?;
    if let Some(latest) = function.latest() {
        code.check(bytes_of_layers(lambda, latest))?;
    }
    let architecture = input.architectures.and_then(|all| all.into_iter().next());
    let (revision, now) = (lambda.env.uuid().to_string(), lambda.now());
    let is_trial = input.dry_run.unwrap_or(false);
    let (code, given_revision) = (&code, input.revision_id.as_deref());
    let changed = lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let (record, mut latest) = read_latest(tx, address).await?;
            check_revision(given_revision, &latest.revision, GETTER)?;
            let old = latest.code.clone();
            (latest.revision, latest.modified_at) = (revision.clone(), now);
            if let Some(architecture) = &architecture {
                latest.architecture.clone_from(architecture);
            }
            if is_trial {
                return Ok(latest);
            }
            code.put(tx, record.id, &mut latest);
            tx.put(Space::Map, keys::version(record.id, 0), latest.encode());
            // Seen from within the latch: a version may have been published since the request came.
            if let Some(sha256) = unused(&*lambda.known(named)?, &old, &latest.code) {
                delete_code(tx, record.id, &sha256).await?;
            }
            Ok(latest)
        })
        .await?;
    let latest = changed.value;
    if input.publish.unwrap_or(false) && !is_trial {
        return versions::publish(lambda, named, None, None, None).await;
    }
    Ok(wire::configuration(&function, 0, &latest, false))
}

/// The file of code that nothing but `$LATEST` ran from, and it does no more.
fn unused(function: &Function, old: &Code, new: &Code) -> Option<[u8; 32]> {
    let Code::Zip(sha256) = old else { return None };
    let is_published = function.versions.iter().any(|(number, version)| *number > 0 && version.code == *old);
    (old != new && !is_published).then_some(*sha256)
}

/// Changes a function's configuration.
pub(crate) async fn update_function_configuration(
    lambda: &Lambda,
    call: &Call,
    input: UpdateFunctionConfigurationRequest,
) -> Result<FunctionConfiguration, Error> {
    let named = lambda.named(call, input.function_name, None)?;
    let function = lambda.known(&named)?;
    let address = &Address::of(&named);
    if let Some(role) = &input.role {
        check_role(lambda, role, address)?;
    }
    let layers = match input.layers {
        Some(layers) => Some(lambda.layers(call, layers).await?),
        None => None,
    };
    let given = Given {
        description: input.description,
        runtime: input.runtime,
        handler: input.handler,
        role: input.role,
        timeout: input.timeout,
        memory: input.memory_size,
        ephemeral_storage: input.ephemeral_storage.and_then(|storage| storage.size),
        environment: input.environment,
        dead_letter: input.dead_letter_config,
        tracing: input.tracing_config,
        logging: input.logging_config,
        vpc: input.vpc_config,
        file_systems: input.file_system_configs,
        kms_key: input.kms_key_arn,
        snap_start: input.snap_start,
    };
    let mut changed = function.latest().ok_or_else(|| Error::NoFunction(named.qualified_arn()))?.as_ref().clone();
    given.apply(&mut changed)?;
    check_dead_letter(lambda, address, &changed)?;
    if let Some((layers, bytes)) = layers {
        if changed.unzipped_size + bytes > MAX_UNZIPPED_BYTES {
            return Err(Error::Unzipped(changed.unzipped_size + bytes));
        }
        changed.layers = layers;
    }
    (changed.revision, changed.modified_at) = (lambda.env.uuid().to_string(), lambda.now());
    let seen = &function.latest().map(|latest| latest.revision.clone()).unwrap_or_default();
    let (changed, given_revision) = (&changed, input.revision_id.as_deref());
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let (record, latest) = read_latest(tx, address).await?;
            check_revision(given_revision, &latest.revision, GETTER)?;
            if latest.revision != *seen {
                return Err(Error::Conflict(format!(
                    "The operation cannot be performed at this time. An update is in progress for resource: {}",
                    address.arn()
                )));
            }
            tx.put(Space::Map, keys::version(record.id, 0), changed.encode());
            Ok(())
        })
        .await?;
    Ok(wire::configuration(&function, 0, changed, false))
}
