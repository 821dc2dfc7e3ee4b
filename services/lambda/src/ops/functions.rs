use tidegate_api_lambda::{
    Concurrency, CreateFunctionRequest, DeleteFunctionRequest, FunctionConfiguration, GetFunctionConfigurationRequest,
    GetFunctionRequest, GetFunctionResponse, ListFunctionsRequest, ListFunctionsResponse,
};
use tidegate_effects::forget_in_tx;
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};

use super::{check_dead_letter, check_role, images, marker_of_version, page, read_function, signing, take_code};
use crate::domain::{FunctionRef, Qualifier};
use crate::error::Error;
use crate::invoke::Events;
use crate::service::Lambda;
use crate::store::{
    Address, Code, Function, FunctionRecord, ImageSettings, LogSettings, Pull, VersionRecord, delete_code, keys,
};
use crate::wire::{self, Given};

/// Creates a function.
pub(crate) async fn create_function(
    lambda: &Lambda,
    call: &Call,
    input: CreateFunctionRequest,
) -> Result<FunctionConfiguration, Error> {
    let named = lambda.named(call, input.function_name.clone(), None)?;
    let address = &Address::of(&named);
    if lambda.directory.get(address).is_some() {
        return Err(Error::FunctionExists(address.name.clone()));
    }
    let is_image = images::is_image(&input)?;
    if input.capacity_provider_config.is_some() {
        return Err(Error::NotImplemented("functions on managed instances"));
    }
    if input.durable_config.is_some() {
        return Err(Error::NotImplemented("durable functions"));
    }
    if !is_image && (input.runtime.is_none() || input.handler.is_none()) {
        let words = "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
        return Err(Error::Invalid(words.to_owned()));
    }
    let role = input.role.unwrap_or_default();
    check_role(lambda, &role, address)?;
    let given = Given {
        description: input.description,
        runtime: input.runtime,
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
        ..Given::default()
    };
    let mut latest = VersionRecord {
        revision: lambda.env.uuid().to_string(),
        modified_at: lambda.now(),
        code: Code::Folder(String::new()),
        code_size: 0,
        unzipped_size: 0,
        description: String::new(),
        runtime: String::new(),
        handler: input.handler.unwrap_or_default(),
        role,
        timeout: 3,
        memory: 128,
        ephemeral_storage: 512,
        environment: Default::default(),
        dead_letter: None,
        layers: Vec::new(),
        is_traced: false,
        log: LogSettings { is_json: false, application_level: None, system_level: None, group: None },
        architecture: input.architectures.and_then(|all| all.into_iter().next()).unwrap_or_else(|| "x86_64".to_owned()),
        without_effect: String::new(),
        image: ImageSettings::default(),
        pull: None,
    };
    given.apply(&mut latest)?;
    check_dead_letter(lambda, address, &latest)?;
    let (layers, layer_bytes) = lambda.layers(call, input.layers.unwrap_or_default()).await?;
    latest.layers = layers;
    let image = is_image.then_some(latest.architecture.as_str());
    let code = take_code(lambda, call, input.code.unwrap_or_default(), image).await?;
    code.check(layer_bytes)?;
    if !is_image {
        let image = images::runtime_image(lambda, &latest).await?;
        latest.pull = image.map(|image| Pull { image, is_first: true, failed: None });
    }
    let record = FunctionRecord {
        id: lambda.env.random_u64(),
        created_at: lambda.now(),
        next_version: 1,
        reserved: None,
        ends_recursion: true,
        tags: wire::tags(input.tags)?,
    };
    let publish = input.publish.unwrap_or(false);
    let signing = input.code_signing_config_arn.map(|arn| signing::ForNew::of(call, arn)).transpose()?;
    let (record, latest, code, signing) = (&record, &latest, &code, &signing);
    let latches: Vec<_> = signing.iter().map(|signing| signing.key.clone()).chain([keys::function(address)]).collect();
    lambda
        .transact(&latches, async |tx: &mut Tx| {
            if tx.get(Space::Map, &keys::function(address)).await?.is_some() {
                return Err(Error::FunctionExists(address.name.clone()));
            }
            let (mut record, mut latest) = (record.clone(), latest.clone());
            code.put(tx, record.id, &mut latest, true);
            record.next_version += u64::from(publish);
            // The function first: what belongs to it is folded into it.
            tx.put(Space::Map, keys::function(address), record.encode());
            tx.put(Space::Map, keys::version(record.id, 0), latest.encode());
            if publish {
                tx.put(Space::Map, keys::version(record.id, 1), latest.encode());
            }
            if let Some(signing) = signing {
                signing.put(tx, record.id, &latest).await?;
            }
            Ok(())
        })
        .await?;
    let function = lambda.known(&named)?;
    let number = u64::from(publish);
    let version = function.versions.get(&number).ok_or_else(|| Error::NoFunction(named.qualified_arn()))?;
    Ok(wire::configuration(&function, number, version, publish))
}

/// The version that a request means.
fn version_of(
    lambda: &Lambda,
    named: &FunctionRef,
) -> Result<(std::sync::Arc<Function>, u64, std::sync::Arc<VersionRecord>), Error> {
    let function = lambda.known(named)?;
    // An alias shows the version that it names, whatever share of its invocations that gets.
    let found = match named.meant() {
        Qualifier::Alias(name) => {
            let alias = function.aliases.get(&name).ok_or_else(|| Error::NoFunction(named.qualified_arn()))?;
            function.versions.get(&alias.version).map(|version| (alias.version, version.clone()))
        }
        other => function.version(&other, 0),
    };
    let (number, version) = found.ok_or_else(|| Error::NoFunction(named.qualified_arn()))?;
    Ok((function, number, version))
}

/// A version's configuration, and where its code is.
pub(crate) async fn get_function(
    lambda: &Lambda,
    call: &Call,
    input: GetFunctionRequest,
) -> Result<GetFunctionResponse, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let (function, number, version) = version_of(lambda, &named)?;
    let mut configuration = wire::configuration(&function, number, &version, named.qualifier.is_some());
    if named.qualifier.is_some() {
        configuration.function_arn = Some(named.qualified_arn());
    }
    let tags = &function.record.tags;
    Ok(GetFunctionResponse {
        configuration: Some(configuration),
        code: Some(wire::code_location(call, &function, &version)),
        tags: (!tags.is_empty()).then(|| tags.clone()),
        tags_error: None,
        concurrency: function
            .record
            .reserved
            .map(|reserved| Concurrency { reserved_concurrent_executions: Some(reserved as i32) }),
    })
}

/// A version's configuration.
pub(crate) async fn get_function_configuration(
    lambda: &Lambda,
    call: &Call,
    input: GetFunctionConfigurationRequest,
) -> Result<FunctionConfiguration, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let (function, number, version) = version_of(lambda, &named)?;
    let mut configuration = wire::configuration(&function, number, &version, named.qualifier.is_some());
    if named.qualifier.is_some() {
        configuration.function_arn = Some(named.qualified_arn());
    }
    Ok(configuration)
}

/// The functions of an account, or all their versions.
pub(crate) async fn list_functions(
    lambda: &Lambda,
    call: &Call,
    input: ListFunctionsRequest,
) -> Result<ListFunctionsResponse, Error> {
    let every_version = input.function_version.as_deref() == Some("ALL");
    let functions = lambda.directory.of_account(call.account, &call.region);
    let mut all = Vec::new();
    for function in &functions {
        for (number, version) in &function.versions {
            if *number == 0 || every_version {
                all.push(wire::configuration(function, *number, version, every_version));
            }
        }
    }
    let marker = |one: &FunctionConfiguration| {
        // A blank comes before all that names have.
        let version = marker_of_version(one.version.as_deref());
        format!("{} {version}", one.function_name.as_deref().unwrap_or_default())
    };
    let (functions, next_marker) = page(all, input.marker.as_deref(), input.max_items, marker);
    Ok(ListFunctionsResponse { functions: Some(functions), next_marker })
}

/// Deletes a function, or one version of it.
pub(crate) async fn delete_function(lambda: &Lambda, call: &Call, input: DeleteFunctionRequest) -> Result<(), Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let function = lambda.known(&named)?;
    match (named.qualifier.as_deref(), named.meant()) {
        (None, _) => delete_whole(lambda, &function).await,
        (Some(_), Qualifier::Latest) => {
            Err(Error::Invalid("$LATEST version cannot be deleted without deleting the function.".to_owned()))
        }
        (Some(_), Qualifier::Alias(_)) => {
            Err(Error::Invalid("Deletion of aliases is not currently supported; use DeleteAlias.".to_owned()))
        }
        (Some(_), Qualifier::Version(number)) => delete_version(lambda, &function, number).await,
    }
}

async fn delete_version(lambda: &Lambda, function: &Function, number: u64) -> Result<(), Error> {
    let named_by: Vec<&str> = function
        .aliases
        .iter()
        .filter(|(_, alias)| alias.version == number || alias.routing.contains_key(&number))
        .map(|(name, _)| name.as_str())
        .collect();
    if !named_by.is_empty() {
        return Err(Error::Conflict(format!(
            "Version {number} is currently being referenced by one or more aliases: {}",
            named_by.join(", ")
        )));
    }
    let address = &function.address;
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let record = read_function(tx, address).await?;
            let name = number.to_string();
            tx.delete(Space::Map, keys::version(record.id, number));
            tx.delete(Space::Map, keys::provisioned(record.id, &name));
            tx.delete(Space::Map, keys::runtime_management(record.id, &name));
            Ok(())
        })
        .await?;
    Ok(())
}

/// Deletes a function and all that belongs to it: one transaction.
pub(crate) async fn delete_whole(lambda: &Lambda, function: &Function) -> Result<(), Error> {
    let address = &function.address;
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let record = read_function(tx, address).await?;
            for number in function.versions.keys() {
                tx.delete(Space::Map, keys::version(record.id, *number));
            }
            for name in function.aliases.keys() {
                tx.delete(Space::Map, keys::alias(record.id, name));
            }
            for qualifier in function.policies.keys() {
                tx.delete(Space::Map, keys::policy(record.id, qualifier));
            }
            for qualifier in function.invoke_configs.keys() {
                tx.delete(Space::Map, keys::invoke_config(record.id, qualifier));
            }
            for qualifier in function.urls.keys() {
                tx.delete(Space::Map, keys::url(record.id, qualifier));
            }
            for qualifier in function.provisioned.keys() {
                tx.delete(Space::Map, keys::provisioned(record.id, qualifier));
            }
            for qualifier in function.runtime_management.keys() {
                tx.delete(Space::Map, keys::runtime_management(record.id, qualifier));
            }
            tx.delete(Space::Map, keys::signed_by(record.id));
            let codes = KeyRange::prefix(&keys::codes_of(record.id));
            for code in tx.scan(Space::Map, &codes, Order::Ascending, Page::of(1000)).await? {
                let sha256 = keys::read_code(&code.key, record.id).expect("this crate wrote the key");
                delete_code(tx, record.id, &sha256).await?;
            }
            forget_in_tx::<Events>(tx, &address.arn().to_string()).await?;
            // Last, so that what belongs to it is folded while it is known.
            tx.delete(Space::Map, keys::function(address));
            Ok(())
        })
        .await?;
    lambda.specs.forget(&lambda.runtimes, function.record.id);
    Ok(())
}
