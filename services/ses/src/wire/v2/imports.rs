//! Jobs that take over files of addresses.

use tidegate_api_sesv2 as api;
use tidegate_types::Timestamp;

use crate::desk::Desk;
use crate::domain::contact::ContactList;
use crate::domain::import::{ImportJob, JobStatus, Target, bucket_and_key};
use crate::error::{Error, Thing};
use crate::wire::paging::Paging;
use crate::wire::text;

pub(crate) async fn create_import_job(
    mut desk: Desk<'_>,
    input: &api::CreateImportJobRequest,
) -> Result<api::CreateImportJobResponse, Error> {
    let none = api::ImportDestination::default();
    let destination = input.import_destination.as_ref().unwrap_or(&none);
    let (target, action) = match (&destination.suppression_list_destination, &destination.contact_list_destination) {
        (Some(own), None) => (Target::Suppression, text(&own.suppression_list_import_action)),
        (None, Some(own)) => {
            let name = text(&own.contact_list_name);
            if desk.shelf.find::<ContactList>(name).await?.is_none() {
                return Err(Error::invalid(format!("List with name: {name} doesn't exist.")));
            }
            (Target::Contacts(name.to_owned()), text(&own.contact_list_import_action))
        }
        _ => return Err(Error::invalid("ImportDestination must specify exactly one destination.")),
    };
    let source = input.import_data_source.clone().unwrap_or_default();
    let url = source.s3_url.unwrap_or_default();
    if bucket_and_key(&url).is_none() {
        return Err(Error::invalid(format!("Invalid S3Url: {url}")));
    }
    let job = ImportJob {
        id: desk.ses.env.uuid().simple().to_string(),
        target,
        deletes: action == "DELETE",
        url,
        is_json: source.data_format.as_deref() == Some("JSON"),
        status: JobStatus::Created,
        created_at: desk.millis(),
        completed_at: None,
        processed: 0,
        failed: 0,
        failure: None,
    };
    desk.shelf.put(&job);
    Ok(api::CreateImportJobResponse { job_id: Some(job.id) })
}

fn destination(job: &ImportJob) -> api::ImportDestination {
    let action = Some(if job.deletes { "DELETE" } else { "PUT" }.to_owned());
    match &job.target {
        Target::Suppression => api::ImportDestination {
            suppression_list_destination: Some(api::SuppressionListDestination {
                suppression_list_import_action: action,
            }),
            contact_list_destination: None,
        },
        Target::Contacts(list) => api::ImportDestination {
            suppression_list_destination: None,
            contact_list_destination: Some(api::ContactListDestination {
                contact_list_name: Some(list.clone()),
                contact_list_import_action: action,
            }),
        },
    }
}

fn count(records: u64) -> Option<i32> {
    Some(i32::try_from(records).unwrap_or(i32::MAX))
}

pub(crate) async fn get_import_job(
    mut desk: Desk<'_>,
    input: &api::GetImportJobRequest,
) -> Result<api::GetImportJobResponse, Error> {
    let id = text(&input.job_id);
    let found: Option<ImportJob> = desk.shelf.find(id).await?;
    let job = found.ok_or_else(|| Error::NoSuch(Thing::Resource, format!("Job {id} does not exist.")))?;
    let format = if job.is_json { "JSON" } else { "CSV" };
    let failure = |why| api::FailureInfo { error_message: Some(why), failed_records_s3_url: None };
    Ok(api::GetImportJobResponse {
        import_destination: Some(destination(&job)),
        import_data_source: Some(api::ImportDataSource { s3_url: Some(job.url), data_format: Some(format.to_owned()) }),
        failure_info: job.failure.map(failure),
        job_status: Some(job.status.as_str().to_owned()),
        created_timestamp: Some(Timestamp::from_millis(job.created_at)),
        completed_timestamp: job.completed_at.map(Timestamp::from_millis),
        processed_records_count: count(job.processed),
        failed_records_count: count(job.failed),
        job_id: Some(job.id),
    })
}

pub(crate) async fn list_import_jobs(
    desk: Desk<'_>,
    input: &api::ListImportJobsRequest,
) -> Result<api::ListImportJobsResponse, Error> {
    let paging = Paging::new(&input.next_token, input.page_size.map(i64::from), 1000)?;
    let mut all: Vec<ImportJob> = desk.shelf.all().await?;
    all.retain(|job| match input.import_destination_type.as_deref() {
        Some("SUPPRESSION_LIST") => job.target == Target::Suppression,
        Some("CONTACT_LIST") => job.target != Target::Suppression,
        _ => true,
    });
    let (page, next_token) = paging.cut_whole(all, |job| job.id.clone());
    let shown = page.into_iter().map(|job| api::ImportJobSummary {
        import_destination: Some(destination(&job)),
        job_status: Some(job.status.as_str().to_owned()),
        created_timestamp: Some(Timestamp::from_millis(job.created_at)),
        processed_records_count: count(job.processed),
        failed_records_count: count(job.failed),
        job_id: Some(job.id),
    });
    Ok(api::ListImportJobsResponse { import_jobs: Some(shown.collect()), next_token })
}
