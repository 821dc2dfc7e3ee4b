use tidegate_api_sesv2::MODEL;
use tidegate_protocol::Router;

use crate::service::SesV2;
use crate::wire::{V2_COVERAGE, access};

/// Every operation, what performs it and what it needs.
pub(crate) fn router() -> Router<SesV2> {
    Router::new(&MODEL, V2_COVERAGE, []).with_accesses(access::accesses(V2_COVERAGE, true))
}
