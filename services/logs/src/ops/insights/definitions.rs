//! Queries that are saved under a name.

use tidegate_api_logs::{
    DeleteQueryDefinitionRequest, DeleteQueryDefinitionResponse, DescribeQueryDefinitionsRequest,
    DescribeQueryDefinitionsResponse, PutQueryDefinitionRequest, PutQueryDefinitionResponse,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};
use uuid::Uuid;

use crate::domain::QueryRefused;
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{QueryDefinitionRecord, corrupt, decode, keys};
use crate::wire::{self, Paging};

/// The most definitions of an account in a region.
const MAX_DEFINITIONS: usize = 1000;
/// What ids of definitions that came with a token are made below.
const TOKENS: Uuid = Uuid::from_u128(0x6c6f_6773_2d71_7565_7279_2d64_6566_7321);

/// Creates or replaces a definition.
pub(crate) async fn put_query_definition(
    service: &CloudWatchLogs,
    call: &Call,
    input: PutQueryDefinitionRequest,
) -> Result<PutQueryDefinitionResponse, Error> {
    let is_new = input.query_definition_id.is_none();
    let id = input.query_definition_id.unwrap_or_else(|| match &input.client_token {
        // The same token makes the same id, so a request that comes twice creates one definition.
        Some(token) => {
            let name = format!("{}/{}/{token}", call.account, call.region.as_str());
            Uuid::new_v5(&TOKENS, name.as_bytes()).to_string()
        }
        None => service.env.uuid().to_string(),
    });
    let definition = &QueryDefinitionRecord {
        name: input.name.unwrap_or_default(),
        text: input.query_string.unwrap_or_default(),
        language: input.query_language,
        groups: input.log_group_names.unwrap_or_default(),
        parameters: wire::parameters(input.parameters),
        updated_at: service.now(),
    };
    let key = &keys::definition(call.account, &call.region, &id);
    let all = keys::definitions(call.account, &call.region);
    let (range, id) = (&KeyRange::prefix(&all), &id);
    service
        // Two that count at the same time could together exceed the limit.
        .transact(&[all], async |tx: &mut Tx| {
            if tx.get(Space::Map, key).await?.is_none() {
                if !is_new {
                    return Err(QueryRefused::NoSuchDefinition(id.clone()).into());
                }
                let present = tx.scan(Space::Map, range, Order::Ascending, Page::of(MAX_DEFINITIONS)).await?;
                if present.len() == MAX_DEFINITIONS {
                    return Err(Error::LimitExceeded);
                }
            }
            tx.put(Space::Map, key.clone(), definition.encode());
            Ok(())
        })
        .await?;
    Ok(PutQueryDefinitionResponse { query_definition_id: Some(id.clone()) })
}

/// Deletes a definition.
pub(crate) async fn delete_query_definition(
    service: &CloudWatchLogs,
    call: &Call,
    input: DeleteQueryDefinitionRequest,
) -> Result<DeleteQueryDefinitionResponse, Error> {
    let id = &input.query_definition_id.unwrap_or_default();
    let key = &keys::definition(call.account, &call.region, id);
    service
        .transact(&[], async |tx: &mut Tx| {
            tx.get(Space::Map, key).await?.ok_or_else(|| QueryRefused::NoSuchDefinition(id.clone()))?;
            tx.delete(Space::Map, key.clone());
            Ok(())
        })
        .await?;
    Ok(DeleteQueryDefinitionResponse { success: Some(true) })
}

/// The caller's definitions, by name.
pub(crate) async fn describe_query_definitions(
    service: &CloudWatchLogs,
    call: &Call,
    input: DescribeQueryDefinitionsRequest,
) -> Result<DescribeQueryDefinitionsResponse, Error> {
    let paging = Paging::new(input.max_results, MAX_DEFINITIONS, input.next_token.as_deref())?;
    let prefix = keys::definitions(call.account, &call.region);
    let range = KeyRange::prefix(&prefix);
    let entries =
        service.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, Page::of(MAX_DEFINITIONS)).await?;
    let wanted = input.query_definition_name_prefix.unwrap_or_default();
    let mut found = Vec::new();
    for entry in entries {
        let id = keys::read_name(&entry.key, &prefix).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
        let record: QueryDefinitionRecord = decode(Space::Map, &entry.key, &entry.record)?;
        let language = record.language.as_deref().unwrap_or(wire::LANGUAGE);
        let is_so = input.query_language.as_deref().is_none_or(|wanted| wanted == language);
        if record.name.starts_with(&wanted) && is_so {
            found.push((format!("{}\n{id}", record.name), id, record));
        }
    }
    found.sort_by(|(one, ..), (two, ..)| one.cmp(two));
    if let Some(after) = paging.after()? {
        found.retain(|(place, ..)| place.as_str() > after);
    }
    let next_token = paging.cut(&mut found, |(place, ..)| place.clone());
    let shown = found.into_iter().map(|(_, id, record)| wire::definition(id, record)).collect();
    Ok(DescribeQueryDefinitionsResponse { query_definitions: Some(shown), next_token })
}
