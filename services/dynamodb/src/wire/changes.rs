//! The answer of a stream's records, which are written as they are stored.

use tidegate_api_dynamodbstreams::{
    GET_RECORDS_OUTPUT, GetRecordsOutput, IDENTITY, RECORD, RECORD_LIST, Record, STREAM_RECORD,
};
use tidegate_log::Position;
use tidegate_protocol::schema::StructSchema;
use tidegate_protocol::{DecodeError, Reader, Shape, Writer};
use tidegate_types::{Region, Timestamp};

use super::attributes::{AsAttributes, STREAMS};
use super::streams::{event_id, event_name, sequence_number};
use crate::domain::StreamView;
use crate::store::StoredChange;

/// What GetRecords answers: a [`GetRecordsOutput`].
#[derive(Debug)]
pub(crate) struct ChangesAnswer {
    pub records: Changes,
    pub next_shard_iterator: Option<String>,
}

/// The records of an answer.
#[derive(Debug)]
pub(crate) enum Changes {
    /// As they are stored.
    Stored(Page),
    /// As a client reads them.
    Read(Option<Vec<Record>>),
}

/// A page of a shard.
#[derive(Debug)]
pub(crate) struct Page {
    pub region: Region,
    pub view: StreamView,
    /// The shard's log.
    pub log: u64,
    pub changes: Vec<(Position, StoredChange)>,
}

impl Shape for ChangesAnswer {
    fn schema(&self) -> &'static StructSchema {
        &GET_RECORDS_OUTPUT
    }

    fn read(reader: &mut dyn Reader) -> Result<Self, DecodeError> {
        let GetRecordsOutput { records, next_shard_iterator } = GetRecordsOutput::read(reader)?;
        Ok(ChangesAnswer { records: Changes::Read(records), next_shard_iterator })
    }

    fn write(&self, writer: &mut dyn Writer) {
        writer.begin_struct(&GET_RECORDS_OUTPUT);
        match &self.records {
            Changes::Stored(page) => {
                writer.member(&GET_RECORDS_OUTPUT, 0);
                writer.begin_list(&RECORD_LIST, page.changes.len());
                page.write(writer);
                writer.end_list();
            }
            Changes::Read(Some(records)) => {
                writer.member(&GET_RECORDS_OUTPUT, 0);
                writer.begin_list(&RECORD_LIST, records.len());
                records.iter().for_each(|record| record.write(writer));
                writer.end_list();
            }
            Changes::Read(None) => {}
        }
        if let Some(iterator) = &self.next_shard_iterator {
            writer.member(&GET_RECORDS_OUTPUT, 1);
            writer.string(iterator);
        }
        writer.end_struct();
    }
}

impl Page {
    fn write(&self, writer: &mut dyn Writer) {
        for (position, change) in &self.changes {
            writer.begin_struct(&RECORD);
            text(writer, &RECORD, 0, &event_id(self.log, *position));
            text(writer, &RECORD, 1, event_name(change.kind));
            text(writer, &RECORD, 2, "1.1");
            text(writer, &RECORD, 3, "aws:dynamodb");
            text(writer, &RECORD, 4, self.region.as_str());
            writer.member(&RECORD, 5);
            self.write_change(writer, *position, change);
            if change.expired {
                writer.member(&RECORD, 6);
                writer.begin_struct(&IDENTITY);
                text(writer, &IDENTITY, 0, "dynamodb.amazonaws.com");
                text(writer, &IDENTITY, 1, "Service");
                writer.end_struct();
            }
            writer.end_struct();
        }
    }

    fn write_change(&self, writer: &mut dyn Writer, position: Position, change: &StoredChange) {
        writer.begin_struct(&STREAM_RECORD);
        writer.member(&STREAM_RECORD, 0);
        // AWS has whole seconds here.
        writer.timestamp(Timestamp::from_secs(change.at.as_secs()));
        writer.member(&STREAM_RECORD, 1);
        change.tell_keys(&mut AsAttributes::new(writer, &STREAMS));
        let (shows_old, shows_new) = change.shows();
        if shows_new {
            writer.member(&STREAM_RECORD, 2);
            change.tell_new(&mut AsAttributes::new(writer, &STREAMS));
        }
        if shows_old {
            writer.member(&STREAM_RECORD, 3);
            change.tell_old(&mut AsAttributes::new(writer, &STREAMS));
        }
        text(writer, &STREAM_RECORD, 4, &sequence_number(position));
        writer.member(&STREAM_RECORD, 5);
        writer.long(i64::try_from(change.size()).unwrap_or(i64::MAX));
        text(writer, &STREAM_RECORD, 6, self.view.name());
        writer.end_struct();
    }
}

fn text(writer: &mut dyn Writer, schema: &'static StructSchema, index: usize, text: &str) {
    writer.member(schema, index);
    writer.string(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{ChangeKind, ChangeRecord, example};
    use crate::wire::answers::tests::written;
    use tidegate_protocol::aws_json::JsonReader;
    use tidegate_record::Stored;

    #[test]
    fn changes_are_written_as_the_wires_own_shape_writes_them() {
        let change = |kind, expired, old, new| {
            let at = Timestamp::from_millis(1_456_789_012_345);
            let record =
                ChangeRecord { at, kind, expired, keys: example(), old, new, trace: Some("Root=1".to_owned()) };
            (Position(7), StoredChange::new(record.encode()).unwrap())
        };
        let changes = vec![
            change(ChangeKind::Insert, false, None, Some(example())),
            change(ChangeKind::Modify, false, Some(example()), Some(example())),
            change(ChangeKind::Remove, true, Some(example()), None),
        ];
        let page = Page { region: Region::us_east_1(), view: StreamView::Both, log: 3, changes };
        let answer = ChangesAnswer { records: Changes::Stored(page), next_shard_iterator: Some("next".to_owned()) };
        let ours = written(&answer);
        let mut reader = JsonReader::new(ours.as_bytes()).unwrap();
        let read = ChangesAnswer::read(&mut reader).unwrap();
        let Changes::Read(Some(records)) = &read.records else { panic!("{read:?}") };
        let removed = &records[2];
        let shown = removed.dynamodb.as_ref().unwrap();
        assert_eq!(removed.event_name.as_deref(), Some("REMOVE"));
        assert_eq!(removed.user_identity.as_ref().unwrap().r#type.as_deref(), Some("Service"));
        assert_eq!(shown.sequence_number.as_deref(), Some("100000000000000000007"));
        assert_eq!((shown.old_image.as_ref(), &shown.new_image), (shown.keys.as_ref(), &None));
        assert_eq!(shown.size_bytes, i64::try_from(2 * crate::domain::item_size(&example())).ok());
        assert_eq!(written(&read), ours);
    }
}
