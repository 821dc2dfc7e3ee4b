use tidegate_blob::BlobRef;
use tidegate_record::{DecodeError, Reader, Stored, Writer};

use super::object::{Checksum, read_checksum, write_checksum};

/// The number of a body that lies in the store, or of the list of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub u128);

/// Where a body lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// There is none.
    Empty,
    /// In the store, whole.
    Stored(ContentId),
    /// In a file.
    File(BlobRef),
    /// In the parts that it came in.
    Pieces(ContentId),
}

/// One part of a body that came in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its number, from 1 to 10,000.
    pub number: u16,
    /// Its bytes.
    pub size: u64,
    /// Where it lies.
    pub content: Content,
    /// Its own checksum, where its upload had one.
    pub checksum: Option<Checksum>,
}

/// The parts of a body, in order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PiecesRecord {
    /// At least one.
    pub pieces: Vec<Piece>,
}

pub(super) fn write_content(to: &mut Writer, content: Content) {
    match content {
        Content::Empty => to.u8(0),
        Content::Stored(id) => {
            to.u8(1);
            to.array(&id.0.to_be_bytes());
        }
        Content::File(blob) => {
            to.u8(2);
            blob.write(to);
        }
        Content::Pieces(id) => {
            to.u8(3);
            to.array(&id.0.to_be_bytes());
        }
    }
}

pub(super) fn read_content(from: &mut Reader<'_>) -> Result<Content, DecodeError> {
    let id = |from: &mut Reader<'_>| Ok::<_, DecodeError>(ContentId(u128::from_be_bytes(from.array()?)));
    match from.u8()? {
        0 => Ok(Content::Empty),
        1 => Ok(Content::Stored(id(from)?)),
        2 => Ok(Content::File(BlobRef::read(from)?)),
        3 => Ok(Content::Pieces(id(from)?)),
        _ => Err(from.malformed("an unknown place of bodies")),
    }
}

impl Stored for PiecesRecord {
    const NAME: &'static str = "parts of an object";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.list(self.pieces.iter(), |to, piece| {
            to.varint(u64::from(piece.number));
            to.varint(piece.size);
            write_content(to, piece.content);
            to.option(piece.checksum.as_ref(), write_checksum);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let pieces = from.list(|from| {
            Ok(Piece {
                number: read_u16(from)?,
                size: from.varint()?,
                content: read_content(from)?,
                checksum: from.option(read_checksum)?,
            })
        })?;
        Ok(PiecesRecord { pieces })
    }
}

pub(super) fn read_u16(from: &mut Reader<'_>) -> Result<u16, DecodeError> {
    u16::try_from(from.varint()?).map_err(|_| from.malformed("a number above 65535"))
}
