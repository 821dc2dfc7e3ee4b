use tidegate_api_lambda::{EventSourceMappingConfiguration, UpdateEventSourceMappingRequest};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};
use tidegate_types::Arn;

use super::{checks, known};
use crate::domain::FunctionRef;
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{MappingRecord, PairRecord, mapping_key, pair_key};
use crate::wire;

/// Changes a mapping. What goes on ends as it began; then the change holds.
pub(crate) async fn update_event_source_mapping(
    lambda: &Lambda,
    call: &Call,
    mut input: UpdateEventSourceMappingRequest,
) -> Result<EventSourceMappingConfiguration, Error> {
    let (id, before) = known(lambda, call, input.uuid.as_deref())?;
    checks::only_failures(input.destination_config.as_ref())?;
    let named = match input.function_name.take() {
        Some(name) => lambda.named(call, Some(name), None)?,
        None => FunctionRef::parse(&before.function.to_string(), None, call.account, &call.region)?,
    };
    let change = wire::updated(input);
    let settings = before.settings.clone().changed(change.clone()).map_err(|error| checks::invalid(&error))?;
    checks::filters(&settings)?;
    let version = checks::function(lambda, &named)?;
    checks::source(lambda, &named, &version, &before.source, &settings).await?;
    let function: Arn = named.qualified_arn().parse().map_err(|_| Error::NoFunction(named.qualified_arn()))?;
    let (key, now) = (&mapping_key(id), lambda.now());
    let (function, change) = (&function, &change);
    let after = lambda
        .transact(&[], async |tx: &mut Tx| {
            let missing = || Error::NoResource(id.to_string());
            let found = tx.get(Space::Map, key).await?.ok_or_else(missing)?;
            let record = MappingRecord::decode(&found.value).map_err(|_| missing())?;
            let settings = record.settings.changed(change.clone()).map_err(|error| checks::invalid(&error))?;
            let source = record.source.to_string();
            let (old, new) =
                (pair_key(&source, &record.function.to_string()), pair_key(&source, &function.to_string()));
            if old != new {
                if tx.get(Space::Map, &new).await?.is_some() {
                    return Err(Error::Conflict(format!("There is a mapping of {source} to {function} already.")));
                }
                tx.delete(Space::Map, old);
                tx.put(Space::Map, new, PairRecord { mapping: id }.encode());
            }
            let revision = record.revision + 1;
            let record = MappingRecord { revision, function: function.clone(), modified_at: now, settings, ..record };
            tx.put(Space::Map, key.clone(), record.encode());
            Ok(record)
        })
        .await?
        .value;
    let state = match (before.settings.enabled, after.settings.enabled) {
        (false, true) => "Enabling",
        (true, false) => "Disabling",
        (true, true) => "Updating",
        (false, false) => "Disabled",
    };
    let last = lambda.following.standing(id).map(|standing| standing.last).unwrap_or_default();
    Ok(wire::mapping(id, &after, state, last))
}
