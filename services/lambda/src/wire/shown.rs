//! From what is kept to AWS's shapes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;
use serde_json::Value;
use tidegate_api_lambda::{
    AliasConfiguration, AliasRoutingConfiguration, Cors, DeadLetterConfig, DestinationConfig, EnvironmentResponse,
    EphemeralStorage, FileSystemConfig, FunctionCodeLocation, FunctionConfiguration, FunctionEventInvokeConfig,
    FunctionUrlConfig, ImageConfig, ImageConfigResponse, Layer, LoggingConfig, OnFailure, OnSuccess,
    RuntimeVersionConfig, SnapStartResponse, TracingConfigResponse, VpcConfigResponse,
};
use tidegate_protocol::Call;
use tidegate_types::Timestamp;

use crate::domain::hex;
use crate::store::{
    AliasRecord, Code, CorsRecord, Function, ImageSettings, InvokeConfigRecord, Pull, UrlRecord, VersionRecord, WHOLE,
};

/// A version as the API names it.
pub(crate) fn number(version: u64) -> String {
    if version == 0 { "$LATEST".to_owned() } else { version.to_string() }
}

/// A time as Lambda writes it in texts.
pub(crate) fn time(at: Timestamp) -> String {
    let instant = Instant::from_millisecond(i64::try_from(at.as_millis()).unwrap_or(i64::MAX)).unwrap_or(Instant::MAX);
    instant.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

/// A SHA-256 as the API shows it.
pub(crate) fn sha256(sum: &[u8; 32]) -> String {
    STANDARD.encode(sum)
}

/// A version's configuration. `qualified` says whether its ARN names the version.
pub(crate) fn configuration(
    function: &Function,
    version: u64,
    record: &VersionRecord,
    qualified: bool,
) -> FunctionConfiguration {
    let arn = function.address.arn();
    let kept: Value = serde_json::from_str(&record.without_effect).unwrap_or_default();
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|text| Some(text.as_str()?.to_owned())).collect()
    };
    let vpc = kept.get("vpc").map(|vpc| {
        let subnets = texts(&vpc["subnets"]);
        VpcConfigResponse {
            vpc_id: Some(if subnets.is_empty() { String::new() } else { "vpc-00000000".to_owned() }),
            subnet_ids: Some(subnets),
            security_group_ids: Some(texts(&vpc["groups"])),
            ipv6_allowed_for_dual_stack: Some(vpc["dual"].as_bool().unwrap_or_default()),
        }
    });
    let systems = kept.get("file_systems").and_then(Value::as_array).map(|systems| {
        let system = |system: &Value| FileSystemConfig {
            arn: system[0].as_str().map(str::to_owned),
            local_mount_path: system[1].as_str().map(str::to_owned),
        };
        systems.iter().map(system).collect()
    });
    let layer = |layer: &crate::store::LayerUse| Layer {
        arn: Some(layer.arn.clone()),
        code_size: Some(layer.code_size as i64),
        ..Layer::default()
    };
    let snap_start = kept["snap_start"].as_str().unwrap_or("None").to_owned();
    let group = record.log.group.clone().unwrap_or_else(|| format!("/aws/lambda/{}", function.address.name));
    FunctionConfiguration {
        function_name: Some(function.address.name.clone()),
        function_arn: Some(if qualified { format!("{arn}:{}", number(version)) } else { arn.to_string() }),
        runtime: (!record.is_image()).then(|| record.runtime.clone()),
        role: Some(record.role.clone()),
        handler: (!record.is_image()).then(|| record.handler.clone()),
        code_size: Some(record.code_size as i64),
        description: Some(record.description.clone()),
        timeout: Some(record.timeout as i32),
        memory_size: Some(record.memory as i32),
        last_modified: Some(time(record.modified_at)),
        code_sha256: Some(code_sha256(record)).filter(|sum| !sum.is_empty()),
        version: Some(number(version)),
        vpc_config: vpc,
        dead_letter_config: record.dead_letter.clone().map(|target| DeadLetterConfig { target_arn: Some(target) }),
        environment: (!record.environment.is_empty())
            .then(|| EnvironmentResponse { variables: Some(record.environment.clone()), error: None }),
        kms_key_arn: kept["kms_key"].as_str().filter(|key| !key.is_empty()).map(str::to_owned),
        tracing_config: Some(TracingConfigResponse {
            mode: Some(if record.is_traced { "Active" } else { "PassThrough" }.to_owned()),
        }),
        revision_id: Some(record.revision.clone()),
        layers: (!record.layers.is_empty()).then(|| record.layers.iter().map(layer).collect()),
        file_system_configs: systems,
        package_type: Some(if record.is_image() { "Image" } else { "Zip" }.to_owned()),
        image_config_response: image_config(&record.image),
        architectures: Some(vec![record.architecture.clone()]),
        ephemeral_storage: Some(EphemeralStorage { size: Some(record.ephemeral_storage as i32) }),
        snap_start: Some(SnapStartResponse { apply_on: Some(snap_start), optimization_status: Some("Off".to_owned()) }),
        runtime_version_config: (!record.is_image()).then(|| RuntimeVersionConfig {
            runtime_version_arn: Some(format!(
                "arn:aws:lambda:{}::runtime:{}",
                function.address.region.as_str(),
                record.runtime
            )),
            error: None,
        }),
        logging_config: Some(LoggingConfig {
            log_format: Some(if record.log.is_json { "JSON" } else { "Text" }.to_owned()),
            application_log_level: record.log.application_level.clone(),
            system_log_level: record.log.system_level.clone(),
            log_group: Some(group),
        }),
        ..state(record)
    }
}

/// Why a function or an update is still under way.
const CREATING: (&str, &str) = ("Creating", "The function is being created.");

/// A configuration of nothing but states.
fn state(record: &VersionRecord) -> FunctionConfiguration {
    let all = FunctionConfiguration::default();
    let text = |text: &str| Some(text.to_owned());
    let Some(Pull { is_first, failed, .. }) = &record.pull else {
        return FunctionConfiguration { state: text("Active"), last_update_status: text("Successful"), ..all };
    };
    let (code, reason) = failed.as_ref().map_or(CREATING, |failure| (&failure.code, &failure.reason));
    match (is_first, failed.is_some()) {
        (true, has_failed) => FunctionConfiguration {
            state: text(if has_failed { "Failed" } else { "Pending" }),
            state_reason_code: text(code),
            state_reason: text(reason),
            last_update_status: has_failed.then(|| "Failed".to_owned()),
            last_update_status_reason_code: has_failed.then(|| code.to_owned()),
            last_update_status_reason: has_failed.then(|| reason.to_owned()),
            ..all
        },
        (false, has_failed) => FunctionConfiguration {
            state: text("Active"),
            last_update_status: text(if has_failed { "Failed" } else { "InProgress" }),
            last_update_status_reason_code: text(code),
            last_update_status_reason: text(reason),
            ..all
        },
    }
}

/// What an image is told otherwise than it says itself, if anything is.
fn image_config(settings: &ImageSettings) -> Option<ImageConfigResponse> {
    let list = |texts: &Vec<String>| (!texts.is_empty()).then(|| texts.clone());
    let config = ImageConfig {
        entry_point: list(&settings.entry_point),
        command: list(&settings.command),
        working_directory: Some(settings.working_directory.clone()).filter(|folder| !folder.is_empty()),
    };
    let is_any = *settings != ImageSettings::default();
    is_any.then_some(ImageConfigResponse { image_config: Some(config), error: None })
}

/// What a version's code is told by: a zip file's sum in Base64, an image's digest as it is.
pub(crate) fn code_sha256(record: &VersionRecord) -> String {
    match &record.code {
        Code::Image(image) => image.digest.clone(),
        Code::Zip(_) | Code::Folder(_) => sha256(&record.sha256()),
    }
}

/// An alias.
pub(crate) fn alias(function: &Function, name: &str, record: &AliasRecord) -> AliasConfiguration {
    let weights =
        record.routing.iter().map(|(version, share)| (number(*version), f64::from(*share) / f64::from(WHOLE)));
    AliasConfiguration {
        alias_arn: Some(format!("{}:{name}", function.address.arn())),
        name: Some(name.to_owned()),
        function_version: Some(number(record.version)),
        description: Some(record.description.clone()),
        routing_config: (!record.routing.is_empty())
            .then(|| AliasRoutingConfiguration { additional_version_weights: Some(weights.collect()) }),
        revision_id: Some(record.revision.clone()),
    }
}

/// How events are tried.
pub(crate) fn invoke_config(
    function: &Function,
    qualifier: &str,
    record: &InvokeConfigRecord,
) -> FunctionEventInvokeConfig {
    FunctionEventInvokeConfig {
        last_modified: Some(record.modified_at),
        function_arn: Some(format!("{}:{qualifier}", function.address.arn())),
        maximum_retry_attempts: record.max_retries.map(|retries| retries as i32),
        maximum_event_age_in_seconds: record.max_age.map(|age| age as i32),
        destination_config: Some(DestinationConfig {
            on_success: Some(OnSuccess { destination: record.on_success.clone() }),
            on_failure: Some(OnFailure { destination: record.on_failure.clone() }),
        }),
    }
}

/// A function's URL, under the host by which the caller reached us.
pub(crate) fn url(call: &Call, function: &Function, qualifier: &str, record: &UrlRecord) -> FunctionUrlConfig {
    let arn = function.address.arn();
    FunctionUrlConfig {
        function_url: Some(hosted(call, &record.id, "lambda-url", function.address.region.as_str())),
        function_arn: Some(if qualifier.is_empty() { arn.to_string() } else { format!("{arn}:{qualifier}") }),
        creation_time: Some(time(record.created_at)),
        last_modified_time: Some(time(record.modified_at)),
        cors: record.cors.as_ref().map(cors),
        auth_type: Some(if record.needs_signature { "AWS_IAM" } else { "NONE" }.to_owned()),
        invoke_mode: Some(if record.is_streamed { "RESPONSE_STREAM" } else { "BUFFERED" }.to_owned()),
    }
}

/// `http://ID.LABEL.REGION.HOST:PORT/`. A bare address cannot have names before it, so it is called by
/// the name that leads to every machine itself.
pub(super) fn hosted(call: &Call, id: &str, label: &str, region: &str) -> String {
    let (scheme, authority) = call.base_url.split_once("://").unwrap_or(("http", &call.base_url));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => (host, format!(":{port}")),
        _ => (authority, String::new()),
    };
    let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    let host = if is_address || host == "localhost" { "localhost.localstack.cloud" } else { host };
    format!("{scheme}://{id}.{label}.{region}.{host}{port}/")
}

fn cors(record: &CorsRecord) -> Cors {
    let list = |texts: &Vec<String>| (!texts.is_empty()).then(|| texts.clone());
    Cors {
        allow_credentials: Some(record.allow_credentials),
        allow_headers: list(&record.allow_headers),
        allow_methods: list(&record.allow_methods),
        allow_origins: list(&record.allow_origins),
        expose_headers: list(&record.expose_headers),
        max_age: record.max_age.map(|age| age as i32),
    }
}

/// What a request says of other origins.
pub(crate) fn cors_record(given: Cors) -> CorsRecord {
    CorsRecord {
        allow_credentials: given.allow_credentials.unwrap_or_default(),
        allow_headers: given.allow_headers.unwrap_or_default(),
        allow_methods: given.allow_methods.unwrap_or_default(),
        allow_origins: given.allow_origins.unwrap_or_default(),
        expose_headers: given.expose_headers.unwrap_or_default(),
        max_age: given.max_age.map(i32::unsigned_abs),
    }
}

/// Where a version's code is: which image, or where the zip file can be fetched.
pub(crate) fn code_location(call: &Call, function: &Function, version: &VersionRecord) -> FunctionCodeLocation {
    let all = FunctionCodeLocation::default();
    match &version.code {
        Code::Image(image) => FunctionCodeLocation {
            repository_type: Some("ECR".to_owned()),
            image_uri: Some(image.uri.clone()),
            resolved_image_uri: image.resolved(),
            ..all
        },
        Code::Zip(_) | Code::Folder(_) => FunctionCodeLocation {
            repository_type: Some("S3".to_owned()),
            location: Some(zip_location(call, function, version)),
            ..all
        },
    }
}

/// Where a version's zip file can be fetched; see `ports/zips.rs`. The function's number, which nobody can
/// guess, is what lets its caller have it.
fn zip_location(call: &Call, function: &Function, version: &VersionRecord) -> String {
    let region = function.address.region.as_str();
    let sum = hex(&version.sha256());
    let base = hosted(call, &format!("f{:016x}", function.record.id), "lambda-code", region);
    format!("{base}{sum}.zip")
}
