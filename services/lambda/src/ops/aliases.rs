use std::collections::BTreeMap;

use tidegate_api_lambda::{
    AliasConfiguration, AliasRoutingConfiguration, CreateAliasRequest, DeleteAliasRequest, GetAliasRequest,
    ListAliasesRequest, ListAliasesResponse, UpdateAliasRequest,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::{check_revision, page, read, read_function};
use crate::domain::Qualifier;
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{AliasRecord, Function, WHOLE, keys};
use crate::wire;

fn arn(function: &Function, name: &str) -> String {
    format!("{}:{name}", function.address.arn())
}

/// A version that exists, by its number or `$LATEST`.
fn version(function: &Function, text: &str) -> Result<u64, Error> {
    let found = match Qualifier::parse(text) {
        Qualifier::Latest => Some(0),
        Qualifier::Version(number) => Some(number).filter(|number| *number > 0),
        Qualifier::Alias(_) => None,
    };
    found
        .filter(|number| function.versions.contains_key(number))
        .ok_or_else(|| Error::NoFunction(format!("{}:{text}", function.address.arn())))
}

/// The shares of other versions; no more than one other, and not of `$LATEST`.
fn routing(function: &Function, own: u64, given: AliasRoutingConfiguration) -> Result<BTreeMap<u64, u32>, Error> {
    let invalid = |words: &str| Err(Error::Invalid(words.to_owned()));
    let weights = given.additional_version_weights.unwrap_or_default();
    if weights.len() > 1 {
        return invalid("Number of items in AdditionalVersionWeights cannot be greater than 1");
    }
    let mut shares = BTreeMap::new();
    for (text, weight) in weights {
        if own == 0 {
            return invalid("$LATEST is not supported for an alias pointing to more than 1 version");
        }
        let other = version(function, &text)?;
        if other == own {
            return invalid(&format!(
                "Invalid function version {own}. Function version {own} is already included in routing configuration."
            ));
        }
        if !(0.0..=1.0).contains(&weight) {
            return invalid("The weight of a version must be between 0 and 1");
        }
        shares.insert(other, (weight * f64::from(WHOLE)).round() as u32);
    }
    Ok(shares)
}

/// Creates an alias.
pub(crate) async fn create_alias(
    lambda: &Lambda,
    call: &Call,
    input: CreateAliasRequest,
) -> Result<AliasConfiguration, Error> {
    let named = lambda.named(call, input.function_name, None)?;
    let given = input.function_version.as_deref().unwrap_or_default();
    let function = lambda.known(&named).map_err(|_| Error::NoFunction(format!("{}:{given}", named.arn())))?;
    let name = &input.name.unwrap_or_default();
    if matches!(Qualifier::parse(name), Qualifier::Version(_)) {
        return Err(Error::Validation(format!(
            "1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
        )));
    }
    let own = version(&function, given)?;
    let record = &AliasRecord {
        revision: lambda.env.uuid().to_string(),
        version: own,
        description: input.description.unwrap_or_default(),
        routing: input.routing_config.map_or(Ok(BTreeMap::new()), |given| routing(&function, own, given))?,
    };
    let address = &function.address;
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let key = keys::alias(read_function(tx, address).await?.id, name);
            if tx.get(Space::Map, &key).await?.is_some() {
                return Err(Error::AliasExists(arn(&function, name)));
            }
            tx.put(Space::Map, key, record.encode());
            Ok(())
        })
        .await?;
    Ok(wire::alias(&function, name, record))
}

/// Changes what an alias stands for.
pub(crate) async fn update_alias(
    lambda: &Lambda,
    call: &Call,
    input: UpdateAliasRequest,
) -> Result<AliasConfiguration, Error> {
    let function = lambda.known(&lambda.named(call, input.function_name, None)?)?;
    let name = &input.name.unwrap_or_default();
    let revision = &lambda.env.uuid().to_string();
    let (given_version, given_routing) = (&input.function_version, &input.routing_config);
    let (given_revision, description) = (input.revision_id.as_deref(), &input.description);
    let address = &function.address;
    let changed = lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let key = keys::alias(read_function(tx, address).await?.id, name);
            let found = read::<AliasRecord>(tx, &key).await?;
            let mut record =
                found.ok_or_else(|| Error::Missing(format!("Alias not found: {}", arn(&function, name))))?;
            check_revision(given_revision, &record.revision, "GetFunction/GetAlias")?;
            if let Some(given) = given_version {
                record.version = version(&function, given)?;
            }
            if let Some(given) = given_routing {
                record.routing = routing(&function, record.version, given.clone())?;
            }
            if let Some(description) = description {
                record.description.clone_from(description);
            }
            record.revision.clone_from(revision);
            tx.put(Space::Map, key, record.encode());
            Ok(record)
        })
        .await?;
    Ok(wire::alias(&function, name, &changed.value))
}

/// An alias.
pub(crate) async fn get_alias(
    lambda: &Lambda,
    call: &Call,
    input: GetAliasRequest,
) -> Result<AliasConfiguration, Error> {
    let function = lambda.known(&lambda.named(call, input.function_name, None)?)?;
    let name = input.name.unwrap_or_default();
    let record = function.aliases.get(&name).ok_or_else(|| Error::NoAlias(arn(&function, &name)))?;
    Ok(wire::alias(&function, &name, record))
}

/// A function's aliases, or those of one version.
pub(crate) async fn list_aliases(
    lambda: &Lambda,
    call: &Call,
    input: ListAliasesRequest,
) -> Result<ListAliasesResponse, Error> {
    let function = lambda.known(&lambda.named(call, input.function_name, None)?)?;
    let all = function.aliases.iter().map(|(name, record)| wire::alias(&function, name, record));
    let wanted =
        |one: &AliasConfiguration| input.function_version.is_none() || one.function_version == input.function_version;
    let name = |one: &AliasConfiguration| one.name.clone().unwrap_or_default();
    let (aliases, next_marker) = page(all.filter(wanted).collect(), input.marker.as_deref(), input.max_items, name);
    Ok(ListAliasesResponse { aliases: Some(aliases), next_marker })
}

/// Deletes an alias, and what belongs to it; nothing if there is none.
pub(crate) async fn delete_alias(lambda: &Lambda, call: &Call, input: DeleteAliasRequest) -> Result<(), Error> {
    let function = lambda.known(&lambda.named(call, input.function_name, None)?)?;
    let (address, name) = (&function.address, &input.name.unwrap_or_default());
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let id = read_function(tx, address).await?.id;
            for key in [
                keys::alias(id, name),
                keys::policy(id, name),
                keys::invoke_config(id, name),
                keys::url(id, name),
                keys::provisioned(id, name),
            ] {
                tx.delete(Space::Map, key);
            }
            Ok(())
        })
        .await?;
    Ok(())
}
