use http::HeaderMap;
use tidegate_protocol::{Operation, ServiceModel};

use crate::uri;

/// The operation of a REST service by method, path and query string. S3 paths must be in path style:
/// `/bucket/key`.
pub fn by_path(
    model: &'static ServiceModel,
    method: &str,
    path: &str,
    query: &str,
    headers: &HeaderMap,
) -> Option<&'static Operation> {
    let fits = model.operations.iter().filter(|operation| operation.method == method).filter_map(|operation| {
        let fit = uri::fit(operation.uri, path, query)?;
        let demanded = operation.header.map(|name| headers.contains_key(name));
        (demanded != Some(false)).then_some(((fit, demanded), operation))
    });
    uri::best(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SERVICES;

    fn path(service: &str, request: &str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        let (request, header) = request.split_once(" with ").unwrap_or((request, "accept"));
        headers.insert(http::HeaderName::try_from(header).unwrap(), http::HeaderValue::from_static("x"));
        let (method, uri) = request.split_once(' ').unwrap();
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let model = SERVICES.iter().find(|model| model.name == service).unwrap();
        by_path(model, method, path, query, &headers).map(|operation| operation.name)
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
            ("s3", "GET /b/k?uploadId=x", Some("ListParts")),
            ("s3", "PUT /b/k", Some("PutObject")),
            ("s3", "PUT /b/k with x-amz-copy-source", Some("CopyObject")),
            ("s3", "PUT /b/k?uploadId=x&partNumber=1", Some("UploadPart")),
            ("s3", "PUT /b/k?uploadId=x&partNumber=1 with x-amz-copy-source", Some("UploadPartCopy")),
            ("s3", "GET /b?analytics", Some("ListBucketAnalyticsConfigurations")),
            ("s3", "GET /b?analytics&id=x", Some("GetBucketAnalyticsConfiguration")),
            ("s3", "DELETE /b/k", Some("DeleteObject")),
            ("s3", "POST /b?delete", Some("DeleteObjects")),
            ("apigateway", "GET /restapis/x/resources/y/methods/GET", Some("GetMethod")),
            ("apigatewayv2", "GET /v2/apis", Some("GetApis")),
        ] {
            assert_eq!(path(service, request), operation, "{service} {request}");
        }
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
