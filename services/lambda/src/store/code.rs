use tidegate_blob::BlobRef;
use tidegate_record::{DecodeError, Reader, Stored, Writer};

/// Where the zip file of a function's code lies. The function and the file's SHA-256 are its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRecord {
    /// The file.
    pub blob: BlobRef,
}

impl Stored for CodeRecord {
    const NAME: &'static str = "lambda code";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        self.blob.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(CodeRecord { blob: BlobRef::read(from)? })
    }
}
