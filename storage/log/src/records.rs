use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_store::Position;

/// That a log exists, and which generation of its records counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) generation: u32,
}

impl Stored for Meta {
    const NAME: &'static str = "log";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.u32(self.generation);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Meta { generation: from.u32()? })
    }
}

/// A place in a log: the first position that is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) from: Position,
}

impl Stored for Place {
    const NAME: &'static str = "place in a log";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.varint(self.from.0);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Place { from: Position(from.varint()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        assert_golden("01ac02", &Meta { generation: 300 });
        assert_golden("01ac02", &Place { from: Position(300) });
    }
}
