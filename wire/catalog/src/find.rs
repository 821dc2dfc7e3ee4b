use tidegate_protocol::{Operation, ProtocolId, ServiceModel};

use crate::generated::SERVICES;
use crate::uri;

/// A service, and the operation if the service has one of that name.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// The service.
    pub model: &'static ServiceModel,
    /// The operation; `None` if the request names one that does not exist.
    pub operation: Option<&'static Operation>,
}

/// The service of this short name.
pub fn by_name(name: &str) -> Option<&'static ServiceModel> {
    SERVICES.iter().copied().find(|model| model.name == name)
}

/// The services whose requests are signed for `signing_name`; several share one (`dynamodb`, `ses`,
/// `apigateway`).
pub fn signed_as(signing_name: &str) -> impl Iterator<Item = &'static ServiceModel> {
    SERVICES.iter().copied().filter(move |model| model.signing_name == signing_name)
}

/// By the `X-Amz-Target` header of the JSON protocols: `AmazonSQS.SendMessage`.
pub fn by_target(target: &str) -> Option<Found> {
    let (prefix, name) = target.rsplit_once('.')?;
    let model = SERVICES.iter().copied().find(|model| model.target_prefix == Some(prefix))?;
    Some(Found { model, operation: model.operation(name) })
}

/// By the `Version` and `Action` of a query request that does not say for which service it is signed.
/// A version alone is not unique (IAM and Elastic Load Balancing share dates with others), so the
/// action must exist there.
pub fn by_action(version: Option<&str>, action: &str) -> Option<Found> {
    let speaks_query = |model: &&ServiceModel| model.speaks(ProtocolId::AwsQuery) || model.speaks(ProtocolId::Ec2Query);
    let has_version = |model: &&ServiceModel| version.is_none_or(|version| model.api_version == version);
    SERVICES.iter().copied().filter(|model| speaks_query(model) && has_version(model)).find_map(|model| {
        let operation = model.operation(action)?;
        Some(Found { model, operation: Some(operation) })
    })
}

/// The operation of a REST service by method, path and query string. S3 paths must be in path style:
/// `/bucket/key`.
pub fn by_path(model: &'static ServiceModel, method: &str, path: &str, query: &str) -> Option<&'static Operation> {
    let fits = model.operations.iter().filter(|operation| operation.method == method).filter_map(|operation| {
        let fit = uri::fit(operation.uri, path, query)?;
        Some((fit, operation))
    });
    uri::best(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(service: &str, request: &str) -> Option<&'static str> {
        let (method, uri) = request.split_once(' ').unwrap();
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        by_path(by_name(service).unwrap(), method, path, query).map(|operation| operation.name)
    }

    #[test]
    fn rest_operations_are_found_by_method_path_and_query() {
        for (service, request, operation) in [
            ("lambda", "GET /2015-03-31/functions/", Some("ListFunctions")),
            ("lambda", "GET /2015-03-31/functions", Some("ListFunctions")),
            ("lambda", "POST /2015-03-31/functions", Some("CreateFunction")),
            ("lambda", "GET /2015-03-31/functions/f", Some("GetFunction")),
            ("lambda", "GET /2015-03-31/functions/f/policy", Some("GetPolicy")),
            ("lambda", "POST /2015-03-31/functions/f/invocations", Some("Invoke")),
            ("lambda", "PATCH /2015-03-31/functions/f", None),
            ("s3", "GET /", Some("ListBuckets")),
            ("s3", "PUT /b", Some("CreateBucket")),
            ("s3", "GET /b", Some("ListObjects")),
            ("s3", "GET /b?list-type=2&prefix=x", Some("ListObjectsV2")),
            ("s3", "GET /b?acl", Some("GetBucketAcl")),
            ("s3", "GET /b?acl=", Some("GetBucketAcl")),
            ("s3", "GET /b/k/with/slashes", Some("GetObject")),
            ("s3", "GET /b/k?tagging", Some("GetObjectTagging")),
            ("s3", "DELETE /b/k", Some("DeleteObject")),
            ("s3", "POST /b?delete", Some("DeleteObjects")),
            ("apigateway", "GET /restapis/x/resources/y/methods/GET", Some("GetMethod")),
            ("apigatewayv2", "GET /v2/apis", Some("GetApis")),
        ] {
            assert_eq!(path(service, request), operation, "{service} {request}");
        }
    }

    #[test]
    fn targets_and_actions_name_service_and_operation() {
        let found = by_target("AmazonSQS.SendMessage").unwrap();
        assert_eq!((found.model.name, found.operation.map(|operation| operation.name)), ("sqs", Some("SendMessage")));
        assert!(by_target("AmazonSQS.SendMassage").unwrap().operation.is_none());
        assert_eq!(by_target("DynamoDB_20120810.PutItem").unwrap().model.name, "dynamodb");
        assert!(by_target("NoSuchService.PutItem").is_none());
        assert_eq!(by_action(Some("2012-11-05"), "SendMessage").unwrap().model.name, "sqs");
        assert_eq!(by_action(None, "AssumeRole").unwrap().model.name, "sts");
        assert!(by_action(Some("2012-11-05"), "AssumeRole").is_none());
    }

    #[test]
    fn operations_are_sorted_so_that_lookups_find_them() {
        for model in SERVICES {
            assert!(model.operations.is_sorted_by_key(|operation| operation.name), "{}", model.name);
            for operation in model.operations {
                assert_eq!(model.operation(operation.name), Some(operation));
            }
        }
        assert_eq!(SERVICES.len(), 18);
    }
}
