//! Every service and operation that Tidegate knows by name, served or not.
//!
//! The gateway answers an operation that is in here and not served with a clean 501 that names it, and
//! one that is not in here with the error that AWS gives for a misspelt name. A service that is served
//! brings its model with its API crate; the others are listed here.

#[rustfmt::skip]
mod generated;

pub use generated::SERVICES;

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use tidegate_protocol::rest::{Asked, Routes};

    use super::*;

    fn path(service: &str, request: &str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        let (request, header) = request.split_once(" with ").unwrap_or((request, "accept"));
        headers.insert(http::HeaderName::try_from(header).unwrap(), http::HeaderValue::from_static("x"));
        let (method, uri) = request.split_once(' ').unwrap();
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let model = SERVICES.iter().find(|model| model.name == service).unwrap();
        let found = Routes::new(model).find(&Asked { method, path, query, headers: &headers });
        found.map(|index| model.operations[index].name)
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
            ("lambda", "GET /2015-03-31/functions/f/", Some("GetFunction")),
            ("lambda", "GET /2015-03-31/functions//policy", None),
            ("lambda", "GET /2017-03-31/tags/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af", Some("ListTags")),
            ("lambda", "GET /2018-10-31/layers", Some("ListLayers")),
            ("lambda", "GET /2018-10-31/layers?find=LayerVersion&Arn=x", Some("GetLayerVersionByArn")),
            ("lambda", "GET /2018-10-31/layers/l/versions/1/policy", Some("GetLayerVersionPolicy")),
            ("s3", "GET /", Some("ListBuckets")),
            ("s3", "PUT /b", Some("CreateBucket")),
            ("s3", "GET /b", Some("ListObjects")),
            ("s3", "GET /b?list-type=2&prefix=x", Some("ListObjectsV2")),
            ("s3", "GET /b?acl", Some("GetBucketAcl")),
            ("s3", "GET /b?acl=", Some("GetBucketAcl")),
            ("s3", "GET /b/", Some("ListObjects")),
            ("s3", "GET /b//", Some("GetObject")),
            ("s3", "GET /b/k/", Some("GetObject")),
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
