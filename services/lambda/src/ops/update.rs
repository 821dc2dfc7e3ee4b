use tidegate_api_lambda::{
    FunctionCode, FunctionConfiguration, UpdateFunctionCodeRequest, UpdateFunctionConfigurationRequest,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::{
    GivenCode, bytes_of as bytes_of_layers, check_dead_letter, check_revision, check_role, check_settled, images,
    read_latest, take_code, versions,
};
use crate::domain::MAX_UNZIPPED_BYTES;
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Address, Code, Function, Pull, VersionRecord, delete_code, keys};
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
    let latest = function.latest().ok_or_else(|| Error::NoFunction(named.qualified_arn()))?;
    images::check_code(&given, latest)?;
    check_settled(address, latest)?;
    let architecture = input.architectures.and_then(|all| all.into_iter().next());
    let image = latest.is_image().then(|| architecture.as_deref().unwrap_or(&latest.architecture));
    let code = take_code(lambda, call, given, image).await?;
    code.check(bytes_of_layers(lambda, latest))?;
    let (revision, now) = (lambda.env.uuid().to_string(), lambda.now());
    let fresh = &lambda.env.uuid().to_string();
    let (is_trial, publish) = (input.dry_run.unwrap_or(false), input.publish.unwrap_or(false));
    let (code, given_revision) = (&code, input.revision_id.as_deref());
    let changed = lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let (mut record, mut latest) = read_latest(tx, address).await?;
            check_revision(given_revision, &latest.revision, GETTER)?;
            check_settled(address, &latest)?;
            let old = latest.code.clone();
            (latest.revision, latest.modified_at) = (revision.clone(), now);
            if let Some(architecture) = &architecture {
                latest.architecture.clone_from(architecture);
            }
            if is_trial {
                return Ok((0, latest));
            }
            let is_first = latest.is_unborn();
            code.put(tx, record.id, &mut latest, is_first);
            try_again(&mut latest);
            tx.put(Space::Map, keys::version(record.id, 0), latest.encode());
            if let (true, GivenCode::Image(image), Some(_)) = (publish, code, &latest.pull) {
                let number = record.next_version;
                let mut version = VersionRecord { revision: fresh.clone(), ..latest };
                image.put(&mut version, true);
                record.next_version += 1;
                tx.put(Space::Map, keys::function(address), record.encode());
                tx.put(Space::Map, keys::version(record.id, number), version.encode());
                return Ok((number, version));
            }
            // Seen from within the latch: a version may have been published since the request came.
            if let Some(sha256) = unused(&*lambda.known(named)?, &old, &latest.code) {
                delete_code(tx, record.id, &sha256).await?;
            }
            Ok((0, latest))
        })
        .await?;
    let (number, version) = changed.value;
    if publish && !is_trial && version.pull.is_none() {
        return versions::publish(lambda, named, None, None, None).await;
    }
    Ok(wire::configuration(&function, number, &version, number > 0))
}

/// Whoever changes a version whose image did not come has it fetched again.
fn try_again(version: &mut VersionRecord) {
    if let Some(pull) = &mut version.pull {
        pull.failed = None;
    }
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
    let named = lambda.named(call, input.function_name.clone(), None)?;
    let function = lambda.known(&named)?;
    let address = &Address::of(&named);
    let latest = function.latest().ok_or_else(|| Error::NoFunction(named.qualified_arn()))?;
    images::check_change(&input, latest)?;
    check_settled(address, latest)?;
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
        image_config: input.image_config,
    };
    let mut changed = latest.as_ref().clone();
    given.apply(&mut changed)?;
    try_again(&mut changed);
    if changed.runtime != latest.runtime {
        let image = images::runtime_image(lambda, &changed).await?;
        let is_first = latest.is_unborn();
        changed.pull = image.map(|image| Pull { image, is_first, failed: None });
    }
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
