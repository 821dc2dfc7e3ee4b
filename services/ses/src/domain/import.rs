//! Files of addresses that are taken over: onto the suppression list, or as contacts of a list.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::address;
use super::configuration_set::Reason;

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobStatus {
    /// It waits.
    Created,
    /// It is done, though single records may have failed.
    Completed,
    /// It could not be done.
    Failed,
}

impl JobStatus {
    /// AWS's word.
    pub fn as_str(self) -> &'static str {
        match self {
            JobStatus::Created => "CREATED",
            JobStatus::Completed => "COMPLETED",
            JobStatus::Failed => "FAILED",
        }
    }
}

/// Where the addresses go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// Onto the account's suppression list.
    Suppression,
    /// Into a list of contacts.
    Contacts(String),
}

/// A file that is to be taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportJob {
    /// Its id.
    pub id: String,
    /// Where the addresses go.
    pub target: Target,
    /// Whether they are taken away instead.
    pub deletes: bool,
    /// Where the file is: `s3://bucket/key`.
    pub url: String,
    /// Whether it has lines of JSON; lines of CSV otherwise.
    pub is_json: bool,
    /// How far it is.
    pub status: JobStatus,
    /// Milliseconds since the epoch.
    pub created_at: u64,
    /// Milliseconds since the epoch.
    pub completed_at: Option<u64>,
    /// Records that were looked at.
    pub processed: u64,
    /// Records that could not be taken over.
    pub failed: u64,
    /// Why it could not be done.
    pub failure: Option<String>,
}

/// Bucket and key of an address such as `s3://bucket/key`.
pub fn bucket_and_key(url: &str) -> Option<(&str, &str)> {
    let (bucket, key) = url.strip_prefix("s3://")?.split_once('/')?;
    (!bucket.is_empty() && !key.is_empty()).then_some((bucket, key))
}

/// What a record says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Entry {
    /// Whom it is about.
    pub email_address: String,
    /// Why mail to it is suppressed.
    pub reason: Option<String>,
    /// Whether it wants nothing.
    pub unsubscribe_all: bool,
    /// What is known of it, as JSON.
    pub attributes_data: Option<String>,
    /// What it wants.
    pub topic_preferences: Vec<Preference>,
}

/// Whether something is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preference {
    /// What.
    pub topic_name: String,
    /// `OPT_IN`, `OPT_OUT`.
    pub subscription_status: String,
}

impl Entry {
    /// Why mail to it is suppressed; `None` if that is no reason.
    pub fn suppressed_for(&self) -> Option<Reason> {
        Reason::parse(self.reason.as_deref()?)
    }
}

/// The records of a file; `None` for one that cannot be read. Empty lines are none.
pub fn entries(job: &ImportJob, file: &str) -> Vec<Option<Entry>> {
    let lines = file.trim_start_matches('\u{feff}').lines().filter(|line| !line.trim().is_empty());
    let checked = |entry: Entry| address::check(&entry.email_address).is_ok().then_some(entry);
    if job.is_json {
        return lines.map(|line| serde_json::from_str(line).ok().and_then(checked)).collect();
    }
    let mut rows = lines.map(fields);
    match &job.target {
        Target::Suppression => rows.map(|row| checked(suppressed(&row?)?)).collect(),
        Target::Contacts(_) => {
            // The first line says what is where.
            let Some(names) = rows.next().flatten() else { return Vec::new() };
            rows.map(|row| checked(contact(&names, &row?)?)).collect()
        }
    }
}

fn suppressed(row: &[String]) -> Option<Entry> {
    let entry = Entry { email_address: row.first()?.clone(), reason: row.get(1).cloned(), ..Entry::default() };
    (row.len() <= 2).then_some(entry)
}

fn contact(names: &[String], row: &[String]) -> Option<Entry> {
    let own: BTreeMap<&str, &str> = names.iter().map(String::as_str).zip(row.iter().map(String::as_str)).collect();
    let given = |name: &str| own.get(name).copied().filter(|value| !value.is_empty());
    let unsubscribe_all = match given("unsubscribeAll").map(str::to_ascii_lowercase).as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return None,
    };
    let topics = own.iter().filter_map(|(name, value)| Some((name.strip_prefix("topicPreferences.")?, *value)));
    Some(Entry {
        email_address: given("emailAddress")?.to_owned(),
        reason: None,
        unsubscribe_all,
        attributes_data: given("attributesData").map(str::to_owned),
        topic_preferences: topics
            .filter(|(_, status)| !status.is_empty())
            .map(|(name, status)| Preference { topic_name: name.to_owned(), subscription_status: status.to_owned() })
            .collect(),
    })
}

/// The fields of a line of CSV; `None` if its quotes do not match.
fn fields(line: &str) -> Option<Vec<String>> {
    let (mut all, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(std::mem::take(&mut field).trim().to_owned()),
            letter => field.push(letter),
        }
    }
    all.push(field.trim().to_owned());
    (!quoted).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(target: Target, is_json: bool) -> ImportJob {
        ImportJob {
            id: "1".to_owned(),
            target,
            deletes: false,
            url: "s3://b/k".to_owned(),
            is_json,
            status: JobStatus::Created,
            created_at: 0,
            completed_at: None,
            processed: 0,
            failed: 0,
            failure: None,
        }
    }

    #[test]
    fn suppressed_addresses() {
        let read = |is_json, file: &str| -> Vec<_> {
            let all = entries(&job(Target::Suppression, is_json), file);
            all.into_iter().map(|entry| entry.map(|own| (own.suppressed_for(), own.email_address))).collect()
        };
        let expected =
            vec![Some((Some(Reason::Bounce), "a@b.c".to_owned())), Some((None, "d@e.f".to_owned())), None, None];
        assert_eq!(read(false, "a@b.c,BOUNCE\r\n\r\n\"d@e.f\",WHY\nnone\na@b.c,BOUNCE,more\n"), expected);
        let json = "{\"emailAddress\":\"a@b.c\",\"reason\":\"BOUNCE\"}\n{\"emailAddress\":\"d@e.f\"}\n{\n{\"emailAddress\":\"\"}";
        assert_eq!(read(true, json), expected);
    }

    #[test]
    fn contacts() {
        let list = || Target::Contacts("l".to_owned());
        let csv = "emailAddress,unsubscribeAll,attributesData,topicPreferences.Sports\n\
                   a@b.c,false,\"{\"\"Name\"\": \"\"A, B\"\"}\",OPT_IN\nd@e.f,TRUE,,\ng@h.i,perhaps,,\n\"x\n";
        let json = "{\"emailAddress\":\"a@b.c\",\"attributesData\":\"{\\\"Name\\\": \\\"A, B\\\"}\",\"topicPreferences\":\
                    [{\"topicName\":\"Sports\",\"subscriptionStatus\":\"OPT_IN\"}]}\n\
                    {\"emailAddress\":\"d@e.f\",\"unsubscribeAll\":true}\n{}\n[]";
        let (one, two) = (entries(&job(list(), false), csv), entries(&job(list(), true), json));
        assert_eq!(one, two);
        let first = one[0].as_ref().unwrap();
        assert_eq!(first.attributes_data.as_deref(), Some("{\"Name\": \"A, B\"}"));
        assert_eq!(first.topic_preferences[0].subscription_status, "OPT_IN");
        assert!(one[1].as_ref().unwrap().unsubscribe_all);
        assert_eq!((one.len(), &one[2], &one[3]), (4, &None, &None));
    }

    #[test]
    fn addresses_of_files() {
        assert_eq!(bucket_and_key("s3://b/k/l"), Some(("b", "k/l")));
        for none in ["b/k", "s3://b", "s3:///k", "s3://b/"] {
            assert_eq!(bucket_and_key(none), None);
        }
    }
}
