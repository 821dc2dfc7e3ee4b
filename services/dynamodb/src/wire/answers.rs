//! Answers of items that are written as they are stored.

use tidegate_api_dynamodb::{
    ConsumedCapacity, GET_ITEM_OUTPUT, GetItemOutput, ITEM_LIST, KEY, QUERY_OUTPUT, QueryOutput,
};
use tidegate_protocol::schema::StructSchema;
use tidegate_protocol::{DecodeError, Reader, Shape, Writer, write_map};

use super::WireItem;
use super::attributes::{AsAttributes, TABLES};
use crate::domain::Item;
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
        let items = output.items.map(|items| items.into_iter().map(Answered::of_wire).collect());
        Ok(ItemsAnswer {
            schema: &QUERY_OUTPUT,
            items: items.transpose()?,
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
            writer.begin_list(&ITEM_LIST, items.len());
            items.iter().for_each(|item| item.write(writer));
            writer.end_list();
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::store::{ItemRecord, example};
    use crate::wire::wire_item;
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
        let stored = StoredItem::new(ItemRecord(item.clone()).encode()).unwrap();
        for item in [Answered::Stored(stored), Answered::Item(item)] {
            assert_eq!(written(&ItemAnswer { item: Some(item), consumed_capacity: None }), theirs);
        }
    }
}
