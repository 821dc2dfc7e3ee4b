use tidegate_api_s3::MODEL;
use tidegate_protocol::Router;

use super::COVERAGE;
use crate::service::S3;

/// Every operation and the function that performs it.
pub(crate) fn router() -> Router<S3> {
    Router::new(&MODEL, COVERAGE, [])
}
