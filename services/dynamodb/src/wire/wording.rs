//! Where the real service's checks speak otherwise than those of its model: recorded answers of it, from public suites
//! that run against it. The model's check comes first and is the same for all services, so its words are exchanged.

use tidegate_protocol::ServiceError;
use tidegate_protocol::errors::VALIDATION;

/// Lists of values, each in the model's order and in the service's.
const VALUES: &[(&str, &str)] = &[
    ("[S, N, B]", "[B, N, S]"),
    ("[ALL, KEYS_ONLY, INCLUDE]", "[ALL, INCLUDE, KEYS_ONLY]"),
    ("[NONE, ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATED_NEW]", "[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"),
    (
        "[EQ, NE, IN, LE, LT, GE, GT, BETWEEN, NOT_NULL, NULL, CONTAINS, NOT_CONTAINS, BEGINS_WITH]",
        "[IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]",
    ),
    ("[AND, OR]", "[OR, AND]"),
    ("[ACCESSED_AND_THROTTLED_KEYS, THROTTLED_KEYS]", "[THROTTLED_KEYS, ACCESSED_AND_THROTTLED_KEYS]"),
    (
        "[ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES, SPECIFIC_ATTRIBUTES, COUNT]",
        "[SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]",
    ),
];

/// What stands between where something is and what is wrong with it.
const FAILED: &str = " failed to satisfy constraint: ";

/// An error of the model's checks in the service's words; any other as it is.
pub(crate) fn reworded(operation: &str, mut error: ServiceError) -> ServiceError {
    if *error.shape != VALIDATION {
        return error;
    }
    if let Some(words) = replaced(operation, &error.message) {
        error.message = words;
    }
    for (of_the_model, of_the_service) in VALUES {
        if error.message.contains(of_the_model) {
            error.message = error.message.replace(of_the_model, of_the_service);
        }
    }
    error
}

/// What the service says instead of violations about tags, whose names stand before their values.
fn of_tags(message: &str) -> Option<String> {
    let broken = message.split_once(" detected: ")?.1;
    let violation = |what: &str| {
        broken.split("; ").find_map(|violation| {
            let (value, place) = violation.split_once(FAILED)?.0.strip_prefix("Value ")?.rsplit_once(" at '")?;
            let of_tags = place.starts_with("tags.") && place.ends_with(&format!(".member.{what}'"));
            // Names alone are shown as the list that they are.
            let of_names = what == "key" && place == "tagKeys'" && violation.contains("[Member must have length");
            (of_tags || of_names).then(|| value.trim_matches(['\'', '[', ']']))
        })
    };
    let key = violation("key").map(|key| format!("The Tag Key provided is invalid, Key: {key}"));
    key.or_else(|| violation("value").map(|value| format!("The Tag Value provided is invalid, Value: {value}")))
}

/// What the service says instead of a single violation.
fn replaced(operation: &str, message: &str) -> Option<String> {
    if operation.ends_with("ContributorInsights") && message.contains(" at 'indexName'") {
        return Some("IndexName must be at least 3 characters long and at most 255 characters long".to_owned());
    }
    if let Some(words) = of_tags(message) {
        return Some(words);
    }
    let (place, broken) = message.strip_prefix("1 validation error detected: ")?.rsplit_once(FAILED)?;
    let place = place.strip_suffix('\'')?.rsplit_once(" at '")?.1;
    match (operation, place) {
        ("CreateTable", "tableName") => {
            Some("The parameter 'TableName' is required but was not present in the request".to_owned())
        }
        ("BatchGetItem" | "BatchWriteItem", "requestItems") => {
            Some(format!("The requestItems parameter is required for {operation}"))
        }
        ("BatchGetItem", keys) if broken.contains("less than or equal to") => {
            let table = keys.strip_prefix("requestItems.")?.strip_suffix(".member.keys")?;
            Some(format!("1 validation error detected: Value at 'RequestItems.{table}.member.Keys'{FAILED}{broken}"))
        }
        ("BatchWriteItem", requests) => {
            let table = requests.strip_prefix("requestItems.")?.strip_suffix(".member")?;
            let count = message.matches("{...}").count();
            let shown = vec!["WriteRequest"; count].join(", ");
            Some(format!(
                "1 validation error detected: Value '{{{table}=[{shown}]}}' at 'requestItems'{FAILED}Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]"
            ))
        }
        ("Query", "limit") => Some(format!("1 validation error detected: Value at 'Limit'{FAILED}{broken}")),
        _ => None,
    }
}
