//! Integrations: with OpenSearch they are kept and shown; what leads to services that are not here leads nowhere.

use tidegate_api_logs as api;
use tidegate_protocol::Call;
use tidegate_store::Tx;

use super::kept::{add_in, delete, latch, page, put, read};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::IntegrationRecord;

/// Whatever an integration needs is there at once.
const ACTIVE: &str = "ACTIVE";
const OPENSEARCH: &str = "OPENSEARCH";

/// Creates or changes an integration. An account has one in a region.
pub(crate) async fn put_integration(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::PutIntegrationRequest,
) -> Result<api::PutIntegrationResponse, Error> {
    let name = input.integration_name.unwrap_or_default();
    let Some(api::ResourceConfig::OpenSearchResourceConfig(config)) = input.resource_config else {
        return Err(Error::invalid("openSearchResourceConfig must be specified."));
    };
    let record = &IntegrationRecord {
        role: config.data_source_role_arn.unwrap_or_default(),
        viewers: config.dashboard_viewer_principals.unwrap_or_default(),
        application: config.application_arn,
        kms_key: config.kms_key_arn,
        retention_days: config.retention_days.and_then(|days| u64::try_from(days).ok()).unwrap_or(0),
        tags: Default::default(),
    };
    match read::<IntegrationRecord>(service, call.account, &call.region, &name).await {
        Err(Error::NoSuchFilter(_)) => {
            let (name, latch) = (&name, latch::<IntegrationRecord>(call));
            let created = service.transact(std::slice::from_ref(&latch), async |tx: &mut Tx| {
                add_in(tx, call, name, record, (|_: &IntegrationRecord| true, Error::LimitExceeded)).await
            });
            created.await?;
        }
        known => {
            known?;
            put(service, call.account, &call.region, &name, |_| Ok(record.clone())).await?;
        }
    }
    Ok(api::PutIntegrationResponse { integration_name: Some(name), integration_status: Some(ACTIVE.to_owned()) })
}

/// An integration.
pub(crate) async fn get_integration(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::GetIntegrationRequest,
) -> Result<api::GetIntegrationResponse, Error> {
    let name = input.integration_name.unwrap_or_default();
    let record: IntegrationRecord = read(service, call.account, &call.region, &name).await?;
    let status = || Some(api::OpenSearchResourceStatus { status: Some(ACTIVE.to_owned()), status_message: None });
    let application = record.application.map(|arn| api::OpenSearchApplication {
        application_id: arn.rsplit('/').next().map(str::to_owned),
        application_arn: Some(arn),
        status: status(),
        ..api::OpenSearchApplication::default()
    });
    let details = api::OpenSearchIntegrationDetails { application, ..api::OpenSearchIntegrationDetails::default() };
    Ok(api::GetIntegrationResponse {
        integration_name: Some(name),
        integration_type: Some(OPENSEARCH.to_owned()),
        integration_status: Some(ACTIVE.to_owned()),
        integration_details: Some(api::IntegrationDetails::OpenSearchIntegrationDetails(details)),
    })
}

/// The caller's integrations.
pub(crate) async fn list_integrations(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::ListIntegrationsRequest,
) -> Result<api::ListIntegrationsResponse, Error> {
    let prefix = input.integration_name_prefix.unwrap_or_default();
    let is_wanted = |name: &str, _: &IntegrationRecord| {
        name.starts_with(&prefix) && input.integration_status.as_ref().is_none_or(|status| status == ACTIVE)
    };
    let (found, _) = page(service, call, None, None, is_wanted).await?;
    let shown = found.into_iter().map(|(name, _)| api::IntegrationSummary {
        integration_name: Some(name),
        integration_type: Some(OPENSEARCH.to_owned()),
        integration_status: Some(ACTIVE.to_owned()),
    });
    Ok(api::ListIntegrationsResponse { integration_summaries: Some(shown.collect()) })
}

/// Deletes an integration.
pub(crate) async fn delete_integration(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::DeleteIntegrationRequest,
) -> Result<api::DeleteIntegrationResponse, Error> {
    let name = input.integration_name.unwrap_or_default();
    delete::<IntegrationRecord, IntegrationRecord>(service, call, &name, |_| false).await?;
    Ok(api::DeleteIntegrationResponse {})
}

/// Imports come from CloudTrail Lake, which has no event data stores here.
pub(crate) async fn create_import_task(
    _: &CloudWatchLogs,
    _: &Call,
    _: api::CreateImportTaskRequest,
) -> Result<api::CreateImportTaskResponse, Error> {
    Err(Error::NoSuchFilter("event data store"))
}

/// There are no imports to cancel.
pub(crate) async fn cancel_import_task(
    _: &CloudWatchLogs,
    _: &Call,
    _: api::CancelImportTaskRequest,
) -> Result<api::CancelImportTaskResponse, Error> {
    Err(Error::NoSuchFilter("import task"))
}

/// There are no imports.
pub(crate) async fn describe_import_tasks(
    _: &CloudWatchLogs,
    _: &Call,
    _: api::DescribeImportTasksRequest,
) -> Result<api::DescribeImportTasksResponse, Error> {
    Ok(api::DescribeImportTasksResponse { imports: Some(Vec::new()), next_token: None })
}

/// No import has parts.
pub(crate) async fn describe_import_task_batches(
    _: &CloudWatchLogs,
    _: &Call,
    _: api::DescribeImportTaskBatchesRequest,
) -> Result<api::DescribeImportTaskBatchesResponse, Error> {
    Err(Error::NoSuchFilter("import task"))
}

/// Integrations with tables of buckets are made by a service that is not here.
pub(crate) async fn associate_source_to_s3_table_integration(
    _: &CloudWatchLogs,
    _: &Call,
    _: api::AssociateSourceToS3TableIntegrationRequest,
) -> Result<api::AssociateSourceToS3TableIntegrationResponse, Error> {
    Err(Error::NoSuchFilter("S3 table integration"))
}

/// No source is part of one.
pub(crate) async fn disassociate_source_from_s3_table_integration(
    _: &CloudWatchLogs,
    _: &Call,
    _: api::DisassociateSourceFromS3TableIntegrationRequest,
) -> Result<api::DisassociateSourceFromS3TableIntegrationResponse, Error> {
    Err(Error::NoSuchFilter("S3 table integration source"))
}

/// There is none that could have sources.
pub(crate) async fn list_sources_for_s3_table_integration(
    _: &CloudWatchLogs,
    _: &Call,
    _: api::ListSourcesForS3TableIntegrationRequest,
) -> Result<api::ListSourcesForS3TableIntegrationResponse, Error> {
    Err(Error::NoSuchFilter("S3 table integration"))
}

/// No service here delivers its logs, so there is nothing to configure.
pub(crate) async fn describe_configuration_templates(
    _: &CloudWatchLogs,
    _: &Call,
    _: api::DescribeConfigurationTemplatesRequest,
) -> Result<api::DescribeConfigurationTemplatesResponse, Error> {
    Ok(api::DescribeConfigurationTemplatesResponse { configuration_templates: Some(Vec::new()), next_token: None })
}
