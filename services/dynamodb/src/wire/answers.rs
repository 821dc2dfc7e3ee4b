//! Answers of items that are written as they are stored.

use std::collections::BTreeMap;

use tidegate_api_dynamodb::{
    BATCH_GET_ITEM_OUTPUT, BATCH_GET_REQUEST_MAP, BATCH_GET_RESPONSE_MAP, BatchGetItemOutput,
    CONSUMED_CAPACITY_MULTIPLE, ConsumedCapacity, GET_ITEM_OUTPUT, GetItemOutput, ITEM_LIST, ITEM_RESPONSE,
    ITEM_RESPONSE_LIST, KEY, KeysAndAttributes, QUERY_OUTPUT, QueryOutput, TRANSACT_GET_ITEMS_OUTPUT,
    TransactGetItemsOutput,
};
use tidegate_protocol::schema::StructSchema;
use tidegate_protocol::{DecodeError, Reader, Shape, Writer, write_list, write_map};

use super::WireItem;
use super::attributes::{AsAttributes, TABLES};
use crate::domain::Item;
use crate::domain::expression::Projection;
use crate::store::{StoredItem, tell};

/// An item of an answer.
#[derive(Debug)]
pub(crate) enum Answered {
    /// As it is stored.
    Stored(StoredItem),
    /// Taken apart.
    Item(Item),
}

impl Answered {
    /// All of it, or what a projection shows.
    pub(crate) fn of(item: StoredItem, projection: Option<&Projection>) -> Answered {
        match projection {
            Some(projection) => Answered::Item(projection.of(&item.item())),
            None => Answered::Stored(item),
        }
    }

    /// Taken apart.
    pub(crate) fn into_item(self) -> Item {
        match self {
            Answered::Stored(item) => item.item(),
            Answered::Item(item) => item,
        }
    }

    fn of_wire(item: WireItem) -> Result<Answered, DecodeError> {
        super::item(item).map(Answered::Item).map_err(|misuse| DecodeError::Malformed(misuse.to_string()))
    }

    fn all_of_wire(items: Vec<WireItem>) -> Result<Vec<Answered>, DecodeError> {
        items.into_iter().map(Answered::of_wire).collect()
    }

    fn write_all(items: &[Answered], writer: &mut dyn Writer) {
        write_list(writer, &ITEM_LIST, items, |writer, item| item.write(writer));
    }

    fn write(&self, writer: &mut dyn Writer) {
        let mut attributes = AsAttributes::new(writer, &TABLES);
        match self {
            Answered::Stored(item) => item.tell(&mut attributes),
            Answered::Item(item) => tell(item, &mut attributes),
        }
    }
}

/// What GetItem answers: a [`GetItemOutput`].
#[derive(Debug)]
pub(crate) struct ItemAnswer {
    pub item: Option<Answered>,
    pub consumed_capacity: Option<ConsumedCapacity>,
}

impl Shape for ItemAnswer {
    fn schema(&self) -> &'static StructSchema {
        &GET_ITEM_OUTPUT
    }

    fn read(reader: &mut dyn Reader) -> Result<Self, DecodeError> {
        let GetItemOutput { item, consumed_capacity } = GetItemOutput::read(reader)?;
        Ok(ItemAnswer { item: item.map(Answered::of_wire).transpose()?, consumed_capacity })
    }

    fn write(&self, writer: &mut dyn Writer) {
        writer.begin_struct(&GET_ITEM_OUTPUT);
        if let Some(item) = &self.item {
            writer.member(&GET_ITEM_OUTPUT, 0);
            item.write(writer);
        }
        if let Some(consumed) = &self.consumed_capacity {
            writer.member(&GET_ITEM_OUTPUT, 1);
            consumed.write(writer);
        }
        writer.end_struct();
    }
}

/// What Query and Scan answer: a [`QueryOutput`], or a `ScanOutput`, which has the same members.
#[derive(Debug)]
pub(crate) struct ItemsAnswer {
    pub schema: &'static StructSchema,
    pub items: Option<Vec<Answered>>,
    pub count: i32,
    pub scanned_count: i32,
    pub last_evaluated_key: Option<WireItem>,
    pub consumed_capacity: Option<ConsumedCapacity>,
}

impl Shape for ItemsAnswer {
    fn schema(&self) -> &'static StructSchema {
        self.schema
    }

    fn read(reader: &mut dyn Reader) -> Result<Self, DecodeError> {
        let output = QueryOutput::read(reader)?;
        Ok(ItemsAnswer {
            schema: &QUERY_OUTPUT,
            items: output.items.map(Answered::all_of_wire).transpose()?,
            count: output.count.unwrap_or_default(),
            scanned_count: output.scanned_count.unwrap_or_default(),
            last_evaluated_key: output.last_evaluated_key,
            consumed_capacity: output.consumed_capacity,
        })
    }

    fn write(&self, writer: &mut dyn Writer) {
        writer.begin_struct(self.schema);
        if let Some(items) = &self.items {
            writer.member(self.schema, 0);
            Answered::write_all(items, writer);
        }
        writer.member(self.schema, 1);
        writer.long(self.count.into());
        writer.member(self.schema, 2);
        writer.long(self.scanned_count.into());
        if let Some(key) = &self.last_evaluated_key {
            writer.member(self.schema, 3);
            write_map(writer, &KEY, key, |writer, value| value.write(writer));
        }
        if let Some(consumed) = &self.consumed_capacity {
            writer.member(self.schema, 4);
            consumed.write(writer);
        }
        writer.end_struct();
    }
}

/// What BatchGetItem answers: a [`BatchGetItemOutput`].
#[derive(Debug)]
pub(crate) struct BatchAnswer {
    pub responses: BTreeMap<String, Vec<Answered>>,
    pub unprocessed_keys: BTreeMap<String, KeysAndAttributes>,
    pub consumed_capacity: Option<Vec<ConsumedCapacity>>,
}

impl Shape for BatchAnswer {
    fn schema(&self) -> &'static StructSchema {
        &BATCH_GET_ITEM_OUTPUT
    }

    fn read(reader: &mut dyn Reader) -> Result<Self, DecodeError> {
        let output = BatchGetItemOutput::read(reader)?;
        let responses = output.responses.unwrap_or_default().into_iter();
        Ok(BatchAnswer {
            responses: responses
                .map(|(table, items)| Ok((table, Answered::all_of_wire(items)?)))
                .collect::<Result<_, _>>()?,
            unprocessed_keys: output.unprocessed_keys.unwrap_or_default(),
            consumed_capacity: output.consumed_capacity,
        })
    }

    fn write(&self, writer: &mut dyn Writer) {
        writer.begin_struct(&BATCH_GET_ITEM_OUTPUT);
        writer.member(&BATCH_GET_ITEM_OUTPUT, 0);
        write_map(writer, &BATCH_GET_RESPONSE_MAP, &self.responses, |writer, items| Answered::write_all(items, writer));
        writer.member(&BATCH_GET_ITEM_OUTPUT, 1);
        write_map(writer, &BATCH_GET_REQUEST_MAP, &self.unprocessed_keys, |writer, keys| keys.write(writer));
        if let Some(consumed) = &self.consumed_capacity {
            writer.member(&BATCH_GET_ITEM_OUTPUT, 2);
            write_list(writer, &CONSUMED_CAPACITY_MULTIPLE, consumed, |writer, consumed| consumed.write(writer));
        }
        writer.end_struct();
    }
}

/// What TransactGetItems answers: a [`TransactGetItemsOutput`].
#[derive(Debug)]
pub(crate) struct TransactAnswer {
    pub responses: Vec<Option<Answered>>,
    pub consumed_capacity: Option<Vec<ConsumedCapacity>>,
}

impl Shape for TransactAnswer {
    fn schema(&self) -> &'static StructSchema {
        &TRANSACT_GET_ITEMS_OUTPUT
    }

    fn read(reader: &mut dyn Reader) -> Result<Self, DecodeError> {
        let TransactGetItemsOutput { consumed_capacity, responses } = TransactGetItemsOutput::read(reader)?;
        let responses = responses.unwrap_or_default().into_iter();
        let responses = responses.map(|response| response.item.map(Answered::of_wire).transpose());
        Ok(TransactAnswer { responses: responses.collect::<Result<_, _>>()?, consumed_capacity })
    }

    fn write(&self, writer: &mut dyn Writer) {
        writer.begin_struct(&TRANSACT_GET_ITEMS_OUTPUT);
        if let Some(consumed) = &self.consumed_capacity {
            writer.member(&TRANSACT_GET_ITEMS_OUTPUT, 0);
            write_list(writer, &CONSUMED_CAPACITY_MULTIPLE, consumed, |writer, consumed| consumed.write(writer));
        }
        writer.member(&TRANSACT_GET_ITEMS_OUTPUT, 1);
        write_list(writer, &ITEM_RESPONSE_LIST, &self.responses, |writer, item| {
            writer.begin_struct(&ITEM_RESPONSE);
            if let Some(item) = item {
                writer.member(&ITEM_RESPONSE, 0);
                item.write(writer);
            }
            writer.end_struct();
        });
        writer.end_struct();
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::store::{ItemRecord, example};
    use crate::wire::wire_item;
    use tidegate_api_dynamodb::ItemResponse;
    use tidegate_protocol::aws_json::JsonWriter;
    use tidegate_record::Stored;

    /// As JSON.
    pub(in crate::wire) fn written(shape: &impl Shape) -> String {
        let mut writer = JsonWriter::default();
        shape.write(&mut writer);
        String::from_utf8(writer.finish()).unwrap()
    }

    #[test]
    fn items_are_written_as_the_wires_own_shape_writes_them() {
        let item = example();
        let theirs = written(&GetItemOutput { item: Some(wire_item(item.clone())), consumed_capacity: None });
        let stored = StoredItem::new(ItemRecord::from(&item).encode()).unwrap();
        for item in [Answered::Stored(stored), Answered::Item(item)] {
            assert_eq!(written(&ItemAnswer { item: Some(item), consumed_capacity: None }), theirs);
        }
    }

    #[test]
    fn so_are_those_of_several_keys() {
        let stored = || Answered::Stored(StoredItem::new(ItemRecord::from(&example()).encode()).unwrap());
        let (item, rest) = (wire_item(example()), KeysAndAttributes::default());
        let consumed_capacity = Some(vec![ConsumedCapacity { capacity_units: Some(0.5), ..Default::default() }]);
        let theirs = BatchGetItemOutput {
            responses: Some([("t".to_owned(), vec![item.clone(), item.clone()])].into()),
            unprocessed_keys: Some([("t".to_owned(), rest.clone())].into()),
            consumed_capacity: consumed_capacity.clone(),
        };
        let ours = BatchAnswer {
            responses: [("t".to_owned(), vec![stored(), stored()])].into(),
            unprocessed_keys: [("t".to_owned(), rest)].into(),
            consumed_capacity: consumed_capacity.clone(),
        };
        assert_eq!(written(&ours), written(&theirs));
        let theirs = TransactGetItemsOutput {
            responses: Some(vec![ItemResponse { item: Some(item) }, ItemResponse::default()]),
            consumed_capacity: consumed_capacity.clone(),
        };
        let ours = TransactAnswer { responses: vec![Some(stored()), None], consumed_capacity };
        assert_eq!(written(&ours), written(&theirs));
    }
}
