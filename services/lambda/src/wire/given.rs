//! From AWS's shapes to what is kept, with AWS's words for what cannot be.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidegate_api_lambda::{
    CREATE_FUNCTION_REQUEST, DeadLetterConfig, Environment, FileSystemConfig, ImageConfig, LoggingConfig, SnapStart,
    TracingConfig, VpcConfig,
};
use tidegate_types::Arn;

use crate::domain::{MAX_ENVIRONMENT_BYTES, MAX_MEMORY_MB, MAX_TIMEOUT_SECONDS, RESERVED_VARIABLES};
use crate::error::Error;
use crate::store::{ImageSettings, LogSettings, VersionRecord};

/// What is said to a function with more than fifty tags.
pub(crate) const TOO_MANY_TAGS: &str = "Number of tags exceeds resource tag limit.";

fn invalid<T>(words: impl Into<String>) -> Result<T, Error> {
    Err(Error::Invalid(words.into()))
}

/// A runtime is one of the model's. Lambda says so in words of its own, because an ARN would do as well.
fn check_runtime(runtime: &str) -> Result<(), Error> {
    let member = CREATE_FUNCTION_REQUEST.members.iter().find(|member| member.name == "Runtime");
    let values = member.map_or(&[][..], |member| member.schema.rules.values);
    if values.contains(&runtime) {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] or be a \
         valid ARN",
        values.join(", ")
    )))
}

/// A request's settings, each of which may be absent.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub description: Option<String>,
    pub runtime: Option<String>,
    pub handler: Option<String>,
    pub role: Option<String>,
    pub timeout: Option<i32>,
    pub memory: Option<i32>,
    pub ephemeral_storage: Option<i32>,
    pub environment: Option<Environment>,
    pub dead_letter: Option<DeadLetterConfig>,
    pub tracing: Option<TracingConfig>,
    pub logging: Option<LoggingConfig>,
    pub vpc: Option<VpcConfig>,
    pub file_systems: Option<Vec<FileSystemConfig>>,
    pub kms_key: Option<String>,
    pub snap_start: Option<SnapStart>,
    pub image_config: Option<ImageConfig>,
}

impl Given {
    /// Changes what the request speaks of.
    ///
    /// # Errors
    /// What AWS says to values that it does not take.
    pub(crate) fn apply(self, version: &mut VersionRecord) -> Result<(), Error> {
        let mut kept: Value = serde_json::from_str(&version.without_effect).unwrap_or_else(|_| json!({}));
        if let Some(description) = self.description {
            version.description = description;
        }
        if let Some(runtime) = self.runtime {
            check_runtime(&runtime)?;
            version.runtime = runtime;
        }
        if let Some(handler) = self.handler {
            version.handler = handler;
        }
        if let Some(role) = self.role {
            version.role = role;
        }
        if let Some(timeout) = self.timeout {
            version.timeout = at_most(timeout, "timeout", MAX_TIMEOUT_SECONDS)?;
        }
        if let Some(memory) = self.memory {
            version.memory = at_most(memory, "memorySize", MAX_MEMORY_MB)?;
        }
        if let Some(storage) = self.ephemeral_storage {
            version.ephemeral_storage = storage.unsigned_abs();
        }
        if let Some(environment) = self.environment {
            version.environment = variables(environment.variables.unwrap_or_default())?;
        }
        if let Some(dead_letter) = self.dead_letter {
            version.dead_letter = target(dead_letter.target_arn)?;
        }
        if let Some(tracing) = self.tracing {
            version.is_traced = tracing.mode.as_deref() == Some("Active");
        }
        if let Some(logging) = self.logging {
            version.log = log(logging)?;
        }
        if let Some(vpc) = self.vpc {
            kept["vpc"] = json!({
                "subnets": vpc.subnet_ids.unwrap_or_default(),
                "groups": vpc.security_group_ids.unwrap_or_default(),
                "dual": vpc.ipv6_allowed_for_dual_stack.unwrap_or_default(),
            });
        }
        if let Some(systems) = self.file_systems {
            let system = |system: FileSystemConfig| json!([system.arn, system.local_mount_path]);
            kept["file_systems"] = systems.into_iter().map(system).collect();
        }
        if let Some(key) = self.kms_key {
            kept["kms_key"] = json!(key);
        }
        if let Some(snap) = self.snap_start {
            kept["snap_start"] = json!(snap.apply_on.unwrap_or_else(|| "None".to_owned()));
        }
        if let Some(config) = self.image_config {
            version.image = ImageSettings {
                entry_point: config.entry_point.unwrap_or_default(),
                command: config.command.unwrap_or_default(),
                working_directory: config.working_directory.unwrap_or_default(),
            };
        }
        version.without_effect = kept.to_string();
        Ok(())
    }
}

/// The most that AWS takes, where its model names no limit or a larger one. The least is in the model.
fn at_most(value: i32, name: &str, most: i32) -> Result<u32, Error> {
    if value > most {
        return Err(Error::Validation(format!(
            "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must have \
             value less than or equal to {most}"
        )));
    }
    Ok(value.unsigned_abs())
}

fn variables(variables: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Error> {
    let reserved: Vec<&str> =
        variables.keys().map(String::as_str).filter(|name| RESERVED_VARIABLES.contains(name)).collect();
    if !reserved.is_empty() {
        return invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided contains reserved keys that are currently not supported for modification. Reserved keys used in \
             this request: {}",
            reserved.join(", ")
        ));
    }
    let shown = serde_json::to_string(&variables).unwrap_or_default();
    if shown.len() > MAX_ENVIRONMENT_BYTES {
        return invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided exceeded the 4KB limit. String measured: {shown}"
        ));
    }
    Ok(variables)
}

/// A queue or a topic; an empty text takes it away.
fn target(arn: Option<String>) -> Result<Option<String>, Error> {
    let Some(arn) = arn.filter(|arn| !arn.is_empty()) else { return Ok(None) };
    match arn.parse::<Arn>() {
        // What failed keeps no order, and says nothing of groups.
        Ok(parsed) if parsed.resource.ends_with(".fifo") => {
            invalid("The target ARN of a dead-letter queue must be that of a standard queue or topic, not a FIFO one.")
        }
        Ok(parsed) if parsed.service == "sqs" || parsed.service == "sns" => Ok(Some(arn)),
        _ => invalid("The target ARN of a dead-letter queue must be that of an SQS queue or an SNS topic."),
    }
}

fn log(given: LoggingConfig) -> Result<LogSettings, Error> {
    let is_json = given.log_format.as_deref() == Some("JSON");
    if !is_json && (given.application_log_level.is_some() || given.system_log_level.is_some()) {
        return invalid("Log levels can be set only where LogFormat is JSON.");
    }
    // Said where the format is JSON, whether or not the request speaks of them.
    let level = |given: Option<String>| given.or_else(|| is_json.then(|| "INFO".to_owned()));
    Ok(LogSettings {
        is_json,
        application_level: level(given.application_log_level),
        system_level: level(given.system_log_level),
        group: given.log_group,
    })
}

/// The tags of a request.
///
/// # Errors
/// Too many of them.
pub(crate) fn tags(tags: Option<BTreeMap<String, String>>) -> Result<BTreeMap<String, String>, Error> {
    let tags = tags.unwrap_or_default();
    match tags.len() {
        0..=50 => Ok(tags),
        _ => invalid(TOO_MANY_TAGS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_refused() {
        assert_eq!(at_most(900, "timeout", MAX_TIMEOUT_SECONDS).unwrap(), 900);
        let refused = at_most(901, "timeout", MAX_TIMEOUT_SECONDS).unwrap_err().to_string();
        assert!(
            refused.ends_with(
                "Value '901' at 'timeout' failed to satisfy constraint: Member must have value less \
                                   than or equal to 900"
            ),
            "{refused}"
        );
    }
}
