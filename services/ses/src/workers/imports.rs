use std::sync::Arc;

use bytes::Bytes;
use tidegate_ports::{Acting, ObjectAddress, ObjectRefusal};
use tidegate_store::{StoreError, TransactError, Tx, transact};
use tidegate_workers::{Next, Worker};

use crate::domain::account::Suppressed;
use crate::domain::contact::{Contact, ContactList};
use crate::domain::import::{Entry, ImportJob, JobStatus, Target, bucket_and_key, entries};
use crate::service::Ses;
use crate::store::{Place, Shelf};

/// The largest file that is taken over.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The most records of a file, as AWS has it for contacts.
const MAX_RECORDS: usize = 1_000_000;
/// Records that are taken over in one transaction.
const AT_ONCE: usize = 500;

/// Takes over the files that jobs name.
///
/// A job that was cut off begins anew: whatever it had written it writes again, to the same end.
pub(crate) struct Imports(pub(crate) Arc<Ses>);

impl Worker for Imports {
    type Error = StoreError;

    fn name(&self) -> &'static str {
        "ses imports"
    }

    async fn run_once(&self) -> Result<Next, StoreError> {
        match self.0.directory.import() {
            Some((place, id)) => {
                self.work(&place, &id).await?;
                Ok(Next::Again)
            }
            None => Ok(Next::OnHint),
        }
    }
}

/// Why a job cannot be done, in words for its owner.
struct Failure(String);

impl Imports {
    async fn work(&self, place: &Place, id: &str) -> Result<(), StoreError> {
        let found = transact(&*self.0.store, &[], async |tx: &mut Tx| -> Result<Option<ImportJob>, StoreError> {
            Shelf { tx, place: place.clone() }.find(id).await
        });
        let Some(job) = found.await.map_err(undone)?.value else { return Ok(()) };
        if job.status != JobStatus::Created {
            return Ok(());
        }
        let done = match self.read(place, &job).await? {
            Ok(file) => self.take_over(place, &job, &file).await?,
            Err(failure) => Err(failure),
        };
        let now = self.0.env.now().as_millis();
        let ended = match done {
            Ok((processed, failed)) => ImportJob { status: JobStatus::Completed, processed, failed, ..job },
            Err(Failure(why)) => ImportJob { status: JobStatus::Failed, failure: Some(why), ..job },
        };
        let ended = ImportJob { completed_at: Some(now), ..ended };
        let put = transact(&*self.0.store, &[], async |tx: &mut Tx| -> Result<(), StoreError> {
            Shelf { tx, place: place.clone() }.put(&ended);
            Ok(())
        });
        put.await.map_err(undone)?;
        Ok(())
    }

    /// The file, or why it cannot be read, ever.
    async fn read(&self, place: &Place, job: &ImportJob) -> Result<Result<Bytes, Failure>, StoreError> {
        let (Some(objects), Some((bucket, key))) = (self.0.objects.get(), bucket_and_key(&job.url)) else {
            return Ok(Err(Failure(format!("{} cannot be read", job.url))));
        };
        let address = ObjectAddress { bucket: bucket.to_owned(), key: key.to_owned(), version: None };
        match objects.read(Acting::Account(place.account), &address, MAX_BYTES).await {
            Ok(found) => Ok(Ok(found.body)),
            Err(ObjectRefusal::Unavailable(why)) => Err(StoreError::Unavailable { reason: why.into() }),
            Err(refusal) => Ok(Err(Failure(format!("{}: {refusal}", job.url)))),
        }
    }

    /// How many records there were, and how many of them could not be taken over.
    async fn take_over(
        &self,
        place: &Place,
        job: &ImportJob,
        file: &[u8],
    ) -> Result<Result<(u64, u64), Failure>, StoreError> {
        let Ok(text) = std::str::from_utf8(file) else {
            return Ok(Err(Failure("the file is not UTF-8".to_owned())));
        };
        let records = entries(job, text);
        if records.len() > MAX_RECORDS {
            return Ok(Err(Failure(format!("the file has more than {MAX_RECORDS} records"))));
        }
        let mut failed = 0;
        for some in records.chunks(AT_ONCE) {
            let now = self.0.env.now().as_millis();
            let done = transact(&*self.0.store, &[], async |tx: &mut Tx| -> Result<u64, StoreError> {
                some_of(&mut Shelf { tx, place: place.clone() }, job, some, now).await
            });
            failed += done.await.map_err(undone)?.value;
        }
        Ok(Ok((records.len() as u64, failed)))
    }
}

fn undone(error: TransactError<StoreError>) -> StoreError {
    match error {
        TransactError::Refused(error) => error,
        TransactError::Commit(error) => StoreError::Unavailable { reason: error.to_string().into() },
    }
}

/// Takes some records over. Returns how many could not be.
async fn some_of(shelf: &mut Shelf<'_>, job: &ImportJob, some: &[Option<Entry>], now: u64) -> Result<u64, StoreError> {
    let list = match &job.target {
        Target::Contacts(list) => shelf.find::<ContactList>(list).await?,
        Target::Suppression => None,
    };
    let mut failed = 0;
    for record in some {
        let done = match record {
            Some(entry) => one(shelf, job, list.as_ref(), entry, now).await?,
            None => false,
        };
        failed += u64::from(!done);
    }
    Ok(failed)
}

/// Takes a record over. Returns whether that was possible.
async fn one(
    shelf: &mut Shelf<'_>,
    job: &ImportJob,
    list: Option<&ContactList>,
    entry: &Entry,
    now: u64,
) -> Result<bool, StoreError> {
    let address = entry.email_address.to_lowercase();
    match (&job.target, list, job.deletes) {
        (Target::Suppression, _, true) => shelf.remove::<Suppressed>(&address),
        (Target::Suppression, _, false) => {
            let Some(reason) = entry.suppressed_for() else { return Ok(false) };
            shelf.put(&Suppressed { address, reason, at: now, message_id: None, feedback_id: None });
        }
        (Target::Contacts(_), None, _) => return Ok(false),
        (Target::Contacts(_), Some(list), true) => {
            shelf.remove::<Contact>(&Contact::key(&list.name, &entry.email_address));
        }
        (Target::Contacts(_), Some(list), false) => {
            let Some(preferences) = preferences(list, entry) else { return Ok(false) };
            let known = shelf.find::<Contact>(&Contact::key(&list.name, &entry.email_address)).await?;
            shelf.put(&Contact {
                list: list.name.clone(),
                address: entry.email_address.clone(),
                preferences,
                unsubscribed: entry.unsubscribe_all,
                attributes: entry.attributes_data.clone(),
                created_at: known.map_or(now, |known| known.created_at),
                updated_at: now,
            });
        }
    }
    Ok(true)
}

/// What a contact wants; `None` if there are no such topics.
fn preferences(list: &ContactList, entry: &Entry) -> Option<Vec<(String, bool)>> {
    let all = entry.topic_preferences.iter().map(|own| {
        let wants = match own.subscription_status.as_str() {
            "OPT_IN" => true,
            "OPT_OUT" => false,
            _ => return None,
        };
        let is_there = list.topics.iter().any(|topic| topic.name == own.topic_name);
        is_there.then(|| (own.topic_name.clone(), wants))
    });
    all.collect()
}
