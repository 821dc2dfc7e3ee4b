use tidegate_api_lambda::{CreateEventSourceMappingRequest, EventSourceMappingConfiguration};
use tidegate_mapping::{LastResult, follow_in_tx};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};
use tidegate_types::Arn;
use uuid::Uuid;

use super::checks;
use crate::domain::{MappingKind, MappingSettings};
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{MappingRecord, PairRecord, mapping_key, pair_key};
use crate::wire;

/// Creates a mapping.
pub(crate) async fn create_event_source_mapping(
    lambda: &Lambda,
    call: &Call,
    input: CreateEventSourceMappingRequest,
) -> Result<EventSourceMappingConfiguration, Error> {
    checks::only_failures(input.destination_config.as_ref())?;
    let source = source_of(&input)?;
    let settings =
        defaults(&input, &source)?.changed(wire::created(&input)).map_err(|error| checks::invalid(&error))?;
    checks::filters(&settings)?;
    let named = lambda.named(call, input.function_name, None)?;
    let version = checks::function(lambda, &named)?;
    checks::source(lambda, &named, &version, &source, &settings).await?;
    let function: Arn = named.qualified_arn().parse().map_err(|_| Error::NoFunction(named.qualified_arn()))?;
    let id = lambda.env.uuid();
    let record = &MappingRecord {
        revision: 1,
        account: call.account,
        region: call.region.clone(),
        source,
        function,
        modified_at: lambda.now(),
        settings,
        tags: wire::tags(input.tags)?,
    };
    let pair = pair_key(&record.source.to_string(), &record.function.to_string());
    let pair = &pair;
    lambda
        .transact(&[], async |tx: &mut Tx| {
            if let Some(found) = tx.get(Space::Map, pair).await? {
                return Err(exists(record, &PairRecord::decode(&found.value).ok()));
            }
            tx.put(Space::Map, pair.clone(), PairRecord { mapping: id }.encode());
            tx.put(Space::Map, mapping_key(id), record.encode());
            if let MappingKind::Stream(_) = record.settings.kind {
                follow_in_tx(tx, id);
            }
            Ok(())
        })
        .await?;
    Ok(wire::mapping(id, record, "Creating", LastResult::Nothing))
}

fn source_of(input: &CreateEventSourceMappingRequest) -> Result<Arn, Error> {
    let unrecognised = || Error::Invalid("Unrecognized event source.".to_owned());
    input.event_source_arn.as_deref().ok_or_else(unrecognised)?.parse().map_err(|_| unrecognised())
}

fn defaults(input: &CreateEventSourceMappingRequest, source: &Arn) -> Result<MappingSettings, Error> {
    let start = input.starting_position.as_deref();
    match source.service.as_str() {
        "sqs" if start.is_some() => {
            Err(Error::Invalid("StartingPosition is not valid for SQS event sources.".to_owned()))
        }
        "sqs" => Ok(MappingSettings::of_queue(source.resource.ends_with(".fifo"))),
        "dynamodb" => match start {
            Some("TRIM_HORIZON" | "LATEST") if input.starting_position_timestamp.is_some() => {
                Err(Error::Invalid("Timestamp only valid with StartingPosition AT_TIMESTAMP".to_owned()))
            }
            Some("TRIM_HORIZON") => Ok(MappingSettings::of_stream(false)),
            Some("LATEST") => Ok(MappingSettings::of_stream(true)),
            Some(_) => Err(Error::Invalid(format!("Unsupported starting position for arn type: {source}"))),
            None => Err(Error::Invalid(
                "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member \
                 must not be null."
                    .to_owned(),
            )),
        },
        "kinesis" | "kafka" | "mq" | "rds" => {
            Err(Error::NotImplemented("event sources but queues and tables' streams"))
        }
        _ => Err(checks::unrecognised(source)),
    }
}

/// AWS words it differently for queues and for streams.
fn exists(record: &MappingRecord, pair: &Option<PairRecord>) -> Error {
    let MappingRecord { source, function, .. } = record;
    let function = function.resource.strip_prefix("function:").unwrap_or(&function.resource);
    let id = pair.map_or(Uuid::nil(), |pair| pair.mapping);
    Error::Conflict(match record.settings.kind {
        MappingKind::Queue(_) => format!(
            "An event source mapping with SQS arn (\" {source} \") and function (\" {function} \") already exists. Please \
             update or delete the existing mapping with UUID {id}"
        ),
        MappingKind::Stream(_) => format!(
            "The event source arn (\" {source} \") and function (\" {function} \") provided mapping already exists. Please \
             update or delete the existing mapping with UUID {id}"
        ),
    })
}
