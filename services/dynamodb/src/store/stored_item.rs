//! An item as its record has it: proven and weighed, and not taken apart. Most items that are read are answered as
//! they are, which spares building a map of each and the wire's map from that.

use bytes::Bytes;
use tidegate_record::{DecodeError, Reader, Stored};

use super::item::{ItemRecord, read_item, read_number};
use crate::domain::{Item, Number, Type, Value};

/// An item that is still as it is stored.
#[derive(Debug, Clone)]
pub struct StoredItem {
    record: Bytes,
    image: Image,
}

/// Where in a record an item lies that was read to its end once, and what it weighs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Image {
    at: usize,
    size: usize,
}

/// Is told what an item consists of, in the order of its record. What is in a map, a list or a set comes between its
/// beginning and its end; the item itself is a map.
pub trait Sink {
    /// A map, a list or a set of `len` begins.
    fn begin(&mut self, kind: Type, len: usize);
    /// It ends.
    fn end(&mut self, kind: Type);
    /// The value of this name follows.
    fn name(&mut self, name: &str);
    /// A text, or one of a set.
    fn text(&mut self, text: &str);
    /// A number, or one of a set.
    fn number(&mut self, number: Number);
    /// Bytes, or some of a set.
    fn bytes(&mut self, bytes: &[u8]);
    /// A truth value.
    fn bool(&mut self, truth: bool);
    /// Nothing, explicitly.
    fn null(&mut self);
}

impl StoredItem {
    /// Reads a record to its end once.
    ///
    /// # Errors
    /// As [`Stored::decode`] of an [`ItemRecord`].
    pub fn new(record: Bytes) -> Result<StoredItem, DecodeError> {
        let image = whole(&record);
        // What is wrong with a record, or new in it, its own type says best.
        let image = image.map_err(|error| ItemRecord::decode(&record).err().unwrap_or(error))?;
        Ok(StoredItem { record, image })
    }

    /// What it weighs, in bytes: names and values.
    pub fn size(&self) -> usize {
        self.image.size
    }

    /// Takes it apart.
    pub fn item(&self) -> Item {
        self.image.item(&self.record)
    }

    /// Tells what it consists of.
    pub fn tell(&self, sink: &mut dyn Sink) {
        self.image.tell(&self.record, sink);
    }
}

impl Image {
    /// Reads an item to its end.
    pub(super) fn read(from: &mut Reader<'_>) -> Result<Image, DecodeError> {
        let at = from.place();
        let mut weigher = Weigher::default();
        walk_map(from, &mut weigher)?;
        Ok(Image { at, size: weigher.size })
    }

    pub(super) fn size(self) -> usize {
        self.size
    }

    pub(super) fn item(self, record: &Bytes) -> Item {
        read_item(&mut Reader::at(record, self.at)).expect("it was read to its end before")
    }

    pub(super) fn tell(self, record: &Bytes, sink: &mut dyn Sink) {
        walk_map(&mut Reader::at(record, self.at), sink).expect("it was read to its end before");
    }
}

/// Tells what an item that was taken apart consists of.
pub fn tell(item: &Item, sink: &mut dyn Sink) {
    sink.begin(Type::M, item.len());
    for (name, value) in item {
        sink.name(name);
        tell_value(value, sink);
    }
    sink.end(Type::M);
}

fn tell_value(value: &Value, sink: &mut dyn Sink) {
    let kind = value.kind();
    match value {
        Value::S(text) => sink.text(text),
        Value::N(number) => sink.number(*number),
        Value::B(bytes) => sink.bytes(bytes),
        Value::Ss(set) => tell_all(kind, set, sink, |text, sink| sink.text(text)),
        Value::Ns(set) => tell_all(kind, set, sink, |number, sink| sink.number(*number)),
        Value::Bs(set) => tell_all(kind, set, sink, |bytes, sink| sink.bytes(bytes)),
        Value::M(map) => tell(map, sink),
        Value::L(list) => tell_all(kind, list, sink, tell_value),
        Value::Bool(truth) => sink.bool(*truth),
        Value::Null => sink.null(),
    }
}

fn tell_all<'a, T: 'a, C>(kind: Type, all: &'a C, sink: &mut dyn Sink, each: fn(&T, &mut dyn Sink))
where
    &'a C: IntoIterator<Item = &'a T, IntoIter: ExactSizeIterator>,
{
    let all = all.into_iter();
    sink.begin(kind, all.len());
    all.for_each(|one| each(one, sink));
    sink.end(kind);
}

fn whole(record: &Bytes) -> Result<Image, DecodeError> {
    let mut from = Reader::new(record);
    if from.u8()? != ItemRecord::VERSION {
        return Err(from.malformed("an item of another version"));
    }
    let image = Image::read(&mut from)?;
    from.end()?;
    Ok(image)
}

fn walk_map<S: Sink + ?Sized>(from: &mut Reader<'_>, sink: &mut S) -> Result<(), DecodeError> {
    let len = length(from)?;
    sink.begin(Type::M, len);
    for _ in 0..len {
        sink.name(from.str()?);
        walk_value(from, sink)?;
    }
    sink.end(Type::M);
    Ok(())
}

fn walk_value<S: Sink + ?Sized>(from: &mut Reader<'_>, sink: &mut S) -> Result<(), DecodeError> {
    match from.u8()? {
        0 => sink.text(from.str()?),
        1 => sink.number(read_number(from)?),
        2 => sink.bytes(from.slice()?),
        3 => walk_set(from, sink, Type::Ss, |from, sink| from.str().map(|text| sink.text(text)))?,
        4 => walk_set(from, sink, Type::Ns, |from, sink| read_number(from).map(|number| sink.number(number)))?,
        5 => walk_set(from, sink, Type::Bs, |from, sink| from.slice().map(|bytes| sink.bytes(bytes)))?,
        6 => walk_map(from, sink)?,
        7 => {
            let len = length(from)?;
            sink.begin(Type::L, len);
            for _ in 0..len {
                walk_value(from, sink)?;
            }
            sink.end(Type::L);
        }
        8 => sink.bool(false),
        9 => sink.bool(true),
        10 => sink.null(),
        _ => return Err(from.malformed("an unknown type of value")),
    }
    Ok(())
}

fn walk_set<S: Sink + ?Sized>(
    from: &mut Reader<'_>,
    sink: &mut S,
    kind: Type,
    element: fn(&mut Reader<'_>, &mut S) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let len = length(from)?;
    sink.begin(kind, len);
    for _ in 0..len {
        element(from, sink)?;
    }
    sink.end(kind);
    Ok(())
}

fn length(from: &mut Reader<'_>) -> Result<usize, DecodeError> {
    usize::try_from(from.varint()?).map_err(|_| from.malformed("a list longer than its record"))
}

/// Adds up what [`crate::domain::item_size`] says of the same item.
#[derive(Default)]
struct Weigher {
    size: usize,
    depth: usize,
}

impl Sink for Weigher {
    fn begin(&mut self, kind: Type, len: usize) {
        if self.depth > 0 && matches!(kind, Type::M | Type::L) {
            self.size += 3 + len;
        }
        self.depth += 1;
    }

    fn end(&mut self, _: Type) {
        self.depth -= 1;
    }

    fn name(&mut self, name: &str) {
        self.size += name.len();
    }

    fn text(&mut self, text: &str) {
        self.size += text.len();
    }

    fn number(&mut self, number: Number) {
        self.size += number.size();
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.size += bytes.len();
    }

    fn bool(&mut self, _: bool) {
        self.size += 1;
    }

    fn null(&mut self) {
        self.size += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::example;
    use super::*;
    use crate::domain::item_size;

    #[test]
    fn it_weighs_what_the_item_weighs() {
        for item in [Item::new(), example()] {
            let stored = StoredItem::new(ItemRecord::from(&item).encode()).unwrap();
            assert_eq!((stored.size(), stored.item()), (item_size(&item), item));
        }
    }

    #[test]
    fn what_is_no_item_is_refused_as_its_record_refuses_it() {
        let record = ItemRecord::from(&example()).encode();
        for damaged in
            [record.slice(..record.len() - 1), [&record[..], b"x"].concat().into(), Bytes::from_static(b"\x02")]
        {
            assert_eq!(StoredItem::new(damaged.clone()).unwrap_err(), ItemRecord::decode(&damaged).unwrap_err());
        }
    }
}
