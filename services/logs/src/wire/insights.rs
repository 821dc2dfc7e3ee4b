//! Insights: AWS's words for its refusals, and how queries and definitions are shown.

use tidegate_api_logs::{
    MALFORMED_QUERY_EXCEPTION, QUERY_COMPILE_ERROR, QueryCompileError, QueryCompileErrorLocation, QueryDefinition,
    QueryInfo, QueryParameter, QueryStatistics, ResultField, errors,
};
use tidegate_protocol::schema::{Kind, Member, Schema, StructSchema};
use tidegate_protocol::{DecodeError, Reader, ServiceError, Shape, Writer};
use tidegate_types::ErrorKind;

use crate::domain::{QueryRefused, QueryState};
use crate::store::{Progress, QueryDefinitionRecord, QueryRecord, Scanned};

/// The language of all queries here.
pub(crate) const LANGUAGE: &str = "CWLI";

pub(super) fn refused(refused: QueryRefused) -> ServiceError {
    let not_found =
        |words: String| ServiceError::new(errors::RESOURCE_NOT_FOUND_EXCEPTION, words).with_kind(ErrorKind::NotFound);
    let invalid = |words: &str| ServiceError::new(errors::INVALID_PARAMETER_EXCEPTION, words);
    match refused {
        QueryRefused::Malformed(malformed) => {
            let offset = |characters: usize| i32::try_from(characters).ok();
            let location = QueryCompileErrorLocation {
                start_char_offset: offset(malformed.start),
                end_char_offset: offset(malformed.end),
            };
            self::malformed(malformed.message, Some(location))
        }
        QueryRefused::TooEarly { from, to } => malformed(
            format!(
                "Query's end date and time is either before the log groups creation time or exceeds the log groups log \
                 retention settings ([{from},{to}])"
            ),
            None,
        ),
        QueryRefused::NoSuchQuery(id) => not_found(format!("The specified query {id} does not exist.")),
        QueryRefused::NoSuchDefinition(id) => not_found(format!("The specified query definition {id} does not exist.")),
        QueryRefused::NoSuchGroup { name, account } => {
            not_found(format!("Log group '{name}' does not exist for account ID '{account}'"))
        }
        QueryRefused::NotRunning => invalid("The specified query is not running."),
        QueryRefused::NoSuchRecord(pointer) => not_found(format!("The log record {pointer} does not exist.")),
        QueryRefused::TooMany(most) => ServiceError::new(
            errors::LIMIT_EXCEEDED_EXCEPTION,
            format!("Account maximum query concurrency limit of [{most}] reached."),
        ),
    }
}

fn malformed(message: String, location: Option<QueryCompileErrorLocation>) -> ServiceError {
    let compile_error = QueryCompileError { location, message: Some(message.clone()) };
    let structure = MalformedQuery { message: message.clone(), compile_error };
    ServiceError::new(errors::MALFORMED_QUERY_EXCEPTION, message).with_structure(structure)
}

/// The exception as it is sent: the model has its structure without the message that every error carries.
#[derive(Debug, Clone, PartialEq)]
struct MalformedQuery {
    message: String,
    compile_error: QueryCompileError,
}

static MALFORMED_QUERY: StructSchema = StructSchema {
    name: MALFORMED_QUERY_EXCEPTION.name,
    members: &[
        Member::new("message", Schema::STRING),
        Member::new("queryCompileError", Schema::of(Kind::Struct(&QUERY_COMPILE_ERROR))),
    ],
};

impl Shape for MalformedQuery {
    fn schema(&self) -> &'static StructSchema {
        &MALFORMED_QUERY
    }

    fn read(reader: &mut dyn Reader) -> Result<Self, DecodeError> {
        let mut shape = MalformedQuery { message: String::new(), compile_error: QueryCompileError::default() };
        reader.begin_struct(&MALFORMED_QUERY)?;
        while let Some(member) = reader.next_member(&MALFORMED_QUERY)? {
            match member {
                0 => shape.message = reader.string()?,
                1 => shape.compile_error = QueryCompileError::read(reader)?,
                _ => unreachable!("the reader knows this table"),
            }
        }
        Ok(shape)
    }

    fn write(&self, writer: &mut dyn Writer) {
        writer.begin_struct(&MALFORMED_QUERY);
        writer.member(&MALFORMED_QUERY, 0);
        writer.string(&self.message);
        writer.member(&MALFORMED_QUERY, 1);
        self.compile_error.write(writer);
        writer.end_struct();
    }
}

/// A query's status, as it is known while the query has not ended and afterwards.
pub(crate) fn status(state: QueryState, progress: Option<Progress>) -> &'static str {
    match state {
        QueryState::Unfinished if progress.is_some_and(|progress| progress.has_begun) => "Running",
        QueryState::Unfinished => "Scheduled",
        QueryState::Complete => "Complete",
        QueryState::Failed => "Failed",
        QueryState::Cancelled => "Cancelled",
        QueryState::TimedOut => "Timeout",
    }
}

pub(crate) fn statistics(scanned: Scanned, groups: usize) -> QueryStatistics {
    QueryStatistics {
        records_matched: Some(scanned.matched as f64),
        records_scanned: Some(scanned.records as f64),
        estimated_records_skipped: Some(0.0),
        bytes_scanned: Some(scanned.bytes as f64),
        estimated_bytes_skipped: Some(0.0),
        log_groups_scanned: Some(groups as f64),
    }
}

pub(crate) fn row(row: Vec<(String, String)>) -> Vec<ResultField> {
    row.into_iter().map(|(field, value)| ResultField { field: Some(field), value: Some(value) }).collect()
}

pub(crate) fn query(id: String, record: QueryRecord, progress: Option<Progress>) -> QueryInfo {
    let millis = |time: tidegate_types::Timestamp| i64::try_from(time.as_millis()).ok();
    QueryInfo {
        query_language: Some(LANGUAGE.to_owned()),
        query_id: Some(id),
        status: Some(status(record.state, progress).to_owned()),
        create_time: millis(record.created_at),
        log_group_name: record.groups.first().map(|group| group.name.clone()),
        query_duration: record.ended_at.map(|ended_at| ended_at.since(record.created_at).as_millis() as i64),
        bytes_scanned: Some(progress.map_or(record.scanned, |progress| progress.scanned).bytes as f64),
        user_identity: Some(record.owner),
        query_string: Some(record.text),
    }
}

pub(crate) fn definition(id: String, record: QueryDefinitionRecord) -> QueryDefinition {
    let parameter =
        |(name, default_value, description)| QueryParameter { name: Some(name), default_value, description };
    QueryDefinition {
        query_language: Some(record.language.unwrap_or_else(|| LANGUAGE.to_owned())),
        query_definition_id: Some(id),
        name: Some(record.name),
        query_string: Some(record.text),
        last_modified: i64::try_from(record.updated_at.as_millis()).ok(),
        log_group_names: Some(record.groups),
        parameters: Some(record.parameters.into_iter().map(parameter).collect::<Vec<_>>())
            .filter(|all| !all.is_empty()),
    }
}

/// The parameters of a definition that is put.
pub(crate) fn parameters(parameters: Option<Vec<QueryParameter>>) -> Vec<(String, Option<String>, Option<String>)> {
    let parameter = |parameter: QueryParameter| {
        (parameter.name.unwrap_or_default(), parameter.default_value, parameter.description)
    };
    parameters.unwrap_or_default().into_iter().map(parameter).collect()
}
