//! Layers in AWS's shapes.

use tidegate_api_lambda::{GetLayerVersionResponse, LayerVersionContentOutput, LayerVersionsListItem};
use tidegate_protocol::Call;

use super::shown::{hosted, sha256, time};
use crate::domain::{LayerName, hex};
use crate::store::LayerVersionRecord;

fn some(texts: &[String]) -> Option<Vec<String>> {
    (!texts.is_empty()).then(|| texts.to_vec())
}

/// A version as lists show it.
pub(crate) fn layer_item(name: &LayerName, version: u64, record: &LayerVersionRecord) -> LayerVersionsListItem {
    LayerVersionsListItem {
        layer_version_arn: Some(name.version_arn(version)),
        version: Some(version as i64),
        description: Some(record.description.clone()),
        created_date: Some(time(record.created_at)),
        compatible_runtimes: some(&record.runtimes),
        license_info: record.license.clone(),
        compatible_architectures: some(&record.architectures),
    }
}

/// A version with the place of its zip file.
pub(crate) fn layer_version(
    call: &Call,
    name: &LayerName,
    version: u64,
    record: &LayerVersionRecord,
) -> GetLayerVersionResponse {
    let sum = hex(&record.sha256);
    let base = hosted(call, &format!("l{:016x}", record.id), "lambda-code", name.region.as_str());
    GetLayerVersionResponse {
        content: Some(LayerVersionContentOutput {
            location: Some(format!("{base}{sum}.zip")),
            code_sha256: Some(sha256(&record.sha256)),
            code_size: Some(record.code_size as i64),
            ..LayerVersionContentOutput::default()
        }),
        layer_arn: Some(name.arn().to_string()),
        layer_version_arn: Some(name.version_arn(version)),
        description: Some(record.description.clone()),
        created_date: Some(time(record.created_at)),
        version: Some(version as i64),
        compatible_runtimes: some(&record.runtimes),
        license_info: record.license.clone(),
        compatible_architectures: some(&record.architectures),
    }
}
