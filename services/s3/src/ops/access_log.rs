//! Noting requests for the logs of the buckets that have one: each is a line in the store before its answer is sent,
//! so a log that is delivered has all of them. Only buckets that have asked for logs pay for that.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use metrics::counter;
use tidegate_protocol::{Call, HttpRequest, Members, ResponseFuture, ServiceError, Shape};
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use crate::domain::access_log::{Access, operation_name};
use crate::domain::acl::canonical_id;
use crate::error::Error;
use crate::service::S3;
use crate::store::{AccessLineRecord, Bucket, ConfigKind, keys};

/// What is told of an answer.
#[derive(Debug, Default)]
struct Told {
    status: u16,
    error_code: Option<String>,
    bytes_sent: Option<u64>,
    object_size: Option<u64>,
    version_id: Option<String>,
}

/// The bucket of a request, if its requests are logged.
pub(crate) fn logged(s3: &S3, call: &Call) -> Option<Bucket> {
    if !s3.directory.has_logs() {
        return None;
    }
    let name = call.path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let bucket = s3.directory.get(name).ok().flatten()?;
    bucket.document(ConfigKind::Logging).is_some().then_some(bucket)
}

/// Answers as the operation does, and notes what it answered. A line that cannot be kept keeps no answer back; it is
/// counted.
pub(crate) async fn noted(
    s3: &S3,
    call: &Call,
    bucket: Bucket,
    started: Result<ResponseFuture<'_>, ServiceError>,
) -> Result<Box<dyn Shape>, ServiceError> {
    let begun = s3.env.monotonic();
    let result = match started {
        Ok(running) => running.await,
        Err(error) => Err(error),
    };
    let total_ms = u64::try_from((s3.env.monotonic() - begun).as_millis()).unwrap_or(u64::MAX);
    if let Some(http) = call.http.as_deref() {
        let told = match &result {
            Ok(shape) => of_answer(call, http, &**shape),
            Err(error) => of_error(error),
        };
        let access = access(s3, call, http, &bucket, told, total_ms);
        if let Err(error) = keep(s3, &bucket, access).await {
            counter!("tidegate_s3_access_lines_lost_total").increment(1);
            tracing::warn!(bucket = bucket.name, %error, "a line of an access log is lost");
        }
    }
    result
}

async fn keep(s3: &S3, bucket: &Bucket, access: Access) -> Result<(), Error> {
    let place = &keys::access_line(bucket.id(), s3.draw_version());
    let record = &AccessLineRecord { line: access.line() }.encode();
    let kept = s3.transact(&[], async |tx: &mut Tx| {
        tx.put(Space::Log, place.clone(), record.clone());
        Ok(())
    });
    kept.await?;
    s3.logs_due.give();
    Ok(())
}

fn of_answer(call: &Call, http: &HttpRequest, shape: &dyn Shape) -> Told {
    let members = Members::of(shape);
    let number = |text: &str| text.parse::<u64>().ok();
    let length = members.text("ContentLength").and_then(number);
    let (bytes_sent, object_size) = match call.operation.name {
        "GetObject" | "HeadObject" => {
            let whole = members.text("ContentRange").and_then(|range| range.rsplit_once('/')).map(|(_, size)| size);
            (length.filter(|_| call.operation.name == "GetObject"), whole.and_then(number).or(length))
        }
        "PutObject" | "UploadPart" => {
            let stated = http.header("x-amz-decoded-content-length").or_else(|| http.header("content-length"));
            (None, stated.and_then(number))
        }
        _ => (None, None),
    };
    let status = shape.http().and_then(|http| http.status).unwrap_or(call.operation.status);
    let version_id = members.text("VersionId").map(str::to_owned);
    Told { status, error_code: None, bytes_sent, object_size, version_id }
}

fn of_error(error: &ServiceError) -> Told {
    let error_code = Some(error.shape.query_code.to_owned());
    Told { status: error.shape.status, error_code, ..Told::default() }
}

fn access(s3: &S3, call: &Call, http: &HttpRequest, bucket: &Bucket, told: Told, total_ms: u64) -> Access {
    let owned = |name: &str| http.header(name).map(str::to_owned);
    let query = http.head.uri.query().unwrap_or_default();
    let authentication = match (http.header("authorization"), query.contains("X-Amz-Signature=")) {
        (Some(_), _) => Some("AuthHeader"),
        (None, true) => Some("QueryString"),
        (None, false) => None,
    };
    let caller = &call.caller;
    let requester = authentication.map(|_| match caller.principal_arn.ends_with(":root") {
        true => canonical_id(call.account),
        false => caller.principal_arn.clone(),
    });
    let (method, uri, version) = (&http.head.method, &http.head.uri, http.head.version);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let key = call.path.trim_start_matches('/').split_once('/').map(|(_, key)| key).filter(|key| !key.is_empty());
    Access {
        bucket_owner: canonical_id(bucket.record.account),
        bucket: bucket.name.clone(),
        at: s3.now(),
        remote_ip: http.source.to_string(),
        requester,
        request_id: call.request_id.clone(),
        operation: operation_name(call.operation.name),
        key: key.map(str::to_owned),
        request_uri: format!("{method} {path} {version:?}"),
        status: told.status,
        error_code: told.error_code,
        bytes_sent: told.bytes_sent.filter(|size| *size > 0),
        object_size: told.object_size,
        total_ms,
        referer: owned("referer"),
        user_agent: owned("user-agent"),
        version_id: told.version_id.or_else(|| in_query(query, "versionId")),
        host_id: BASE64.encode(&call.request_id),
        authentication,
        host: owned("host"),
    }
}

fn in_query(query: &str, name: &str) -> Option<String> {
    let found = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
    found.map(|(_, value)| value.to_owned())
}
