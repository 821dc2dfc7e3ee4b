//! Items as the wire's maps of `AttributeValue`s, written as they are told.

use std::fmt::Write as _;

use tidegate_api_dynamodb as tables;
use tidegate_api_dynamodbstreams as streams;
use tidegate_protocol::Writer;
use tidegate_protocol::schema::{ListSchema, MapSchema, StructSchema};

use crate::domain::{Number, Type};
use crate::store::Sink;

/// What an API calls the parts of an item. The two models have one of each, with the same members.
pub(crate) struct Shapes {
    value: &'static StructSchema,
    item: &'static MapSchema,
    map: &'static MapSchema,
    list: &'static ListSchema,
    texts: &'static ListSchema,
    numbers: &'static ListSchema,
    blobs: &'static ListSchema,
}

/// Those of the tables' API.
pub(crate) static TABLES: Shapes = Shapes {
    value: &tables::ATTRIBUTE_VALUE,
    item: &tables::ATTRIBUTE_MAP,
    map: &tables::MAP_ATTRIBUTE_VALUE,
    list: &tables::LIST_ATTRIBUTE_VALUE,
    texts: &tables::STRING_SET_ATTRIBUTE_VALUE,
    numbers: &tables::NUMBER_SET_ATTRIBUTE_VALUE,
    blobs: &tables::BINARY_SET_ATTRIBUTE_VALUE,
};

/// Those of the streams' API.
pub(crate) static STREAMS: Shapes = Shapes {
    value: &streams::ATTRIBUTE_VALUE,
    item: &streams::ATTRIBUTE_MAP,
    map: &streams::MAP_ATTRIBUTE_VALUE,
    list: &streams::LIST_ATTRIBUTE_VALUE,
    texts: &streams::STRING_SET_ATTRIBUTE_VALUE,
    numbers: &streams::NUMBER_SET_ATTRIBUTE_VALUE,
    blobs: &streams::BINARY_SET_ATTRIBUTE_VALUE,
};

/// Writes what it is told as a map of `AttributeValue`s.
pub(crate) struct AsAttributes<'a> {
    writer: &'a mut dyn Writer,
    shapes: &'static Shapes,
    depth: usize,
    /// Elements of sets are bare.
    is_set: bool,
    /// The text of the number at hand.
    digits: String,
}

impl<'a> AsAttributes<'a> {
    /// The next that it is told is an item.
    pub(crate) fn new(writer: &'a mut dyn Writer, shapes: &'static Shapes) -> AsAttributes<'a> {
        AsAttributes { writer, shapes, depth: 0, is_set: false, digits: String::new() }
    }

    fn value(&mut self, member: usize, write: impl FnOnce(&mut dyn Writer)) {
        if self.is_set {
            return write(self.writer);
        }
        self.writer.begin_struct(self.shapes.value);
        self.writer.member(self.shapes.value, member);
        write(self.writer);
        self.writer.end_struct();
    }
}

/// Where a type stands in [`Shapes::value`].
fn member(kind: Type) -> usize {
    match kind {
        Type::S => 0,
        Type::N => 1,
        Type::B => 2,
        Type::Ss => 3,
        Type::Ns => 4,
        Type::Bs => 5,
        Type::M => 6,
        Type::L => 7,
        Type::Null => 8,
        Type::Bool => 9,
    }
}

impl Sink for AsAttributes<'_> {
    fn begin(&mut self, kind: Type, len: usize) {
        if self.depth > 0 {
            self.writer.begin_struct(self.shapes.value);
            self.writer.member(self.shapes.value, member(kind));
        }
        self.is_set = matches!(kind, Type::Ss | Type::Ns | Type::Bs);
        match kind {
            Type::Ss => self.writer.begin_list(self.shapes.texts, len),
            Type::Ns => self.writer.begin_list(self.shapes.numbers, len),
            Type::Bs => self.writer.begin_list(self.shapes.blobs, len),
            Type::L => self.writer.begin_list(self.shapes.list, len),
            _ if self.depth > 0 => self.writer.begin_map(self.shapes.map, len),
            _ => self.writer.begin_map(self.shapes.item, len),
        }
        self.depth += 1;
    }

    fn end(&mut self, kind: Type) {
        match kind {
            Type::M => self.writer.end_map(),
            _ => self.writer.end_list(),
        }
        self.is_set = false;
        self.depth -= 1;
        if self.depth > 0 {
            self.writer.end_struct();
        }
    }

    fn name(&mut self, name: &str) {
        self.writer.key(name);
    }

    fn text(&mut self, text: &str) {
        self.value(member(Type::S), |writer| writer.string(text));
    }

    fn number(&mut self, number: Number) {
        let mut digits = std::mem::take(&mut self.digits);
        digits.clear();
        let written = write!(digits, "{number}");
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
        self.value(member(Type::N), |writer| writer.string(&digits));
        self.digits = digits;
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.value(member(Type::B), |writer| writer.blob(bytes));
    }

    fn bool(&mut self, truth: bool) {
        self.value(member(Type::Bool), |writer| writer.boolean(truth));
    }

    fn null(&mut self) {
        self.value(member(Type::Null), |writer| writer.boolean(true));
    }
}
