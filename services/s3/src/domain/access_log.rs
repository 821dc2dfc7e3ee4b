//! Lines of a bucket's access log, and what the objects that hold them are called. "Amazon S3 server access log
//! format" of the user guide.

use std::fmt::Write;

use tidegate_types::Timestamp;

/// A request, as a line says it. What is `None` is a hyphen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are called as in the user guide")]
pub struct Access {
    pub bucket_owner: String,
    pub bucket: String,
    pub at: Timestamp,
    pub remote_ip: String,
    pub requester: Option<String>,
    pub request_id: String,
    pub operation: String,
    pub key: Option<String>,
    pub request_uri: String,
    pub status: u16,
    pub error_code: Option<String>,
    pub bytes_sent: Option<u64>,
    pub object_size: Option<u64>,
    pub total_ms: u64,
    pub referer: Option<String>,
    pub user_agent: Option<String>,
    pub version_id: Option<String>,
    pub host_id: String,
    pub authentication: Option<&'static str>,
    pub host: Option<String>,
}

impl Access {
    /// The line, without its end. Nothing here is encrypted on its way, so nothing is said of ciphers and TLS.
    pub fn line(&self) -> String {
        let mut line = String::with_capacity(400);
        let or_hyphen = |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), one_word);
        let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let quoted = |text: &Option<String>| format!("\"{}\"", text.as_deref().map_or("-".to_owned(), in_quotes));
        let signature = if self.authentication.is_some() { "SigV4" } else { "-" };
        let written = write!(
            line,
            "{} {} [{}] {} {} {} {} {} \"{}\" {} {} {} {} {} {} {} {} {} {} {} - {} {} - - -",
            self.bucket_owner,
            self.bucket,
            written_as(self.at, "%d/%b/%Y:%H:%M:%S +0000"),
            self.remote_ip,
            or_hyphen(&self.requester),
            self.request_id,
            self.operation,
            or_hyphen(&self.key),
            in_quotes(&self.request_uri),
            self.status,
            or_hyphen(&self.error_code),
            number(self.bytes_sent),
            number(self.object_size),
            self.total_ms,
            self.total_ms,
            quoted(&self.referer),
            quoted(&self.user_agent),
            or_hyphen(&self.version_id),
            self.host_id,
            signature,
            self.authentication.unwrap_or("-"),
            or_hyphen(&self.host),
        );
        debug_assert!(written.is_ok(), "a text takes everything");
        line
    }
}

/// A field ends at the next space.
fn one_word(text: &str) -> String {
    text.chars().map(|letter| if letter.is_whitespace() || letter.is_control() { '+' } else { letter }).collect()
}

/// A quoted field ends at the next quotation mark, and a line at its end.
fn in_quotes(text: &str) -> String {
    text.chars().map(|letter| if letter == '"' || letter.is_control() { '\'' } else { letter }).collect()
}

fn written_as(at: Timestamp, format: &str) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    let instant = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    instant.strftime(format).to_string()
}

/// What logs call an operation: `REST.GET.OBJECT`.
pub fn operation_name(operation: &str) -> String {
    let fixed = match operation {
        "ListObjects" | "ListObjectsV2" => "GET.BUCKET",
        "HeadBucket" => "HEAD.BUCKET",
        "CreateBucket" => "PUT.BUCKET",
        "DeleteBucket" => "DELETE.BUCKET",
        "ListObjectVersions" => "GET.BUCKETVERSIONS",
        "GetBucketPolicy" => "GET.BUCKETPOLICY",
        "PutBucketPolicy" => "PUT.BUCKETPOLICY",
        "DeleteBucketPolicy" => "DELETE.BUCKETPOLICY",
        "GetBucketLogging" => "GET.LOGGING_STATUS",
        "PutBucketLogging" => "PUT.LOGGING_STATUS",
        "ListMultipartUploads" => "GET.UPLOADS",
        "CreateMultipartUpload" => "POST.UPLOADS",
        "UploadPart" => "PUT.PART",
        "UploadPartCopy" => "COPY.PART",
        "CompleteMultipartUpload" => "POST.UPLOAD",
        "AbortMultipartUpload" => "DELETE.UPLOAD",
        "ListParts" => "GET.UPLOAD",
        "HeadObject" => "HEAD.OBJECT",
        "CopyObject" => "COPY.OBJECT",
        "DeleteObjects" => "POST.MULTI_OBJECT_DELETE",
        "PostObject" => "POST.BUCKET",
        "RestoreObject" => "POST.RESTORE",
        "OptionsObject" | "OptionsBucket" => "OPTIONS.PREFLIGHT",
        "GetObjectAcl" => "GET.ACL",
        "PutObjectAcl" => "PUT.ACL",
        other => return format!("REST.{}", of_subresource(other)),
    };
    format!("REST.{fixed}")
}

/// `GetBucketVersioning` is `GET.VERSIONING`, `PutObjectTagging` is `PUT.OBJECT_TAGGING`.
fn of_subresource(operation: &str) -> String {
    let split = operation[1..].find(char::is_uppercase).map_or(operation.len(), |at| at + 1);
    let (verb, what) = operation.split_at(split);
    let verb = if verb == "List" { "Get" } else { verb };
    let what = what.strip_prefix("Bucket").unwrap_or(what);
    let what = what.strip_suffix("Configurations").or_else(|| what.strip_suffix("Configuration")).unwrap_or(what);
    let mut name = verb.to_ascii_uppercase();
    name.push('.');
    for (place, letter) in what.char_indices() {
        if place > 0 && letter.is_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

/// How the objects that hold logs are called.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are called as in the configuration")]
pub struct LogNames<'a> {
    pub prefix: &'a str,
    pub account: &'a str,
    pub region: &'a str,
    pub bucket: &'a str,
    pub is_partitioned: bool,
}

impl LogNames<'_> {
    /// The key of the object whose first line is of `at`. `unique` tells objects of a second apart.
    pub fn key(&self, at: Timestamp, unique: &str) -> String {
        let LogNames { prefix, account, region, bucket, is_partitioned } = self;
        let name = format!("{}-{unique}", written_as(at, "%Y-%m-%d-%H-%M-%S"));
        match is_partitioned {
            true => format!("{prefix}{account}/{region}/{bucket}/{}/{name}", written_as(at, "%Y/%m/%d")),
            false => format!("{prefix}{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line() {
        let access = Access {
            bucket_owner: "79a5".to_owned(),
            bucket: "b".to_owned(),
            at: Timestamp::from_secs(1_549_411_238),
            remote_ip: "192.0.2.3".to_owned(),
            requester: Some("79a5".to_owned()),
            request_id: "3E57".to_owned(),
            operation: operation_name("GetObject"),
            key: Some("a b".to_owned()),
            request_uri: "GET /b/a%20b HTTP/1.1".to_owned(),
            status: 200,
            bytes_sent: Some(113),
            object_size: Some(200),
            total_ms: 7,
            user_agent: Some("a \"client\"".to_owned()),
            host_id: "s9lz".to_owned(),
            authentication: Some("AuthHeader"),
            host: Some("b.s3.example".to_owned()),
            ..Access::default()
        };
        assert_eq!(
            access.line(),
            "79a5 b [06/Feb/2019:00:00:38 +0000] 192.0.2.3 79a5 3E57 REST.GET.OBJECT a+b \"GET /b/a%20b HTTP/1.1\" 200 - \
             113 200 7 7 \"-\" \"a 'client'\" - s9lz SigV4 - AuthHeader b.s3.example - - -"
        );
    }

    #[test]
    fn operations_are_called_as_aws_calls_them() {
        for (operation, name) in [
            ("GetObject", "REST.GET.OBJECT"),
            ("PutObject", "REST.PUT.OBJECT"),
            ("DeleteObjects", "REST.POST.MULTI_OBJECT_DELETE"),
            ("GetBucketVersioning", "REST.GET.VERSIONING"),
            ("GetBucketLifecycleConfiguration", "REST.GET.LIFECYCLE"),
            ("PutObjectTagging", "REST.PUT.OBJECT_TAGGING"),
            ("GetPublicAccessBlock", "REST.GET.PUBLIC_ACCESS_BLOCK"),
            ("ListBucketMetricsConfigurations", "REST.GET.METRICS"),
            ("DeleteBucketCors", "REST.DELETE.CORS"),
        ] {
            assert_eq!(operation_name(operation), name);
        }
    }

    #[test]
    fn logs_have_names_in_order_of_time() {
        let at = Timestamp::from_secs(1_549_411_238);
        let mut names = LogNames { prefix: "logs/", account: "1", region: "eu", bucket: "b", is_partitioned: false };
        assert_eq!(names.key(at, "AB"), "logs/2019-02-06-00-00-38-AB");
        names.is_partitioned = true;
        assert_eq!(names.key(at, "AB"), "logs/1/eu/b/2019/02/06/2019-02-06-00-00-38-AB");
    }
}
