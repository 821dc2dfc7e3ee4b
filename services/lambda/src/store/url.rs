use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

/// An address at which a function, or an alias of it, answers HTTP. The function and the qualifier are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlRecord {
    /// The first label of its host.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last written.
    pub modified_at: Timestamp,
    /// Whether callers must have signed: `AWS_IAM`, not `NONE`.
    pub needs_signature: bool,
    /// Whether answers are sent on as they come: `RESPONSE_STREAM`, not `BUFFERED`.
    pub is_streamed: bool,
    /// Which pages of other origins may ask.
    pub cors: Option<CorsRecord>,
}

/// Which pages of other origins may ask, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CorsRecord {
    /// Whether cookies come along.
    pub allow_credentials: bool,
    /// The headers that a request may have.
    pub allow_headers: Vec<String>,
    /// The methods.
    pub allow_methods: Vec<String>,
    /// The origins.
    pub allow_origins: Vec<String>,
    /// The headers of an answer that the page may see.
    pub expose_headers: Vec<String>,
    /// For how many seconds a browser may remember all this.
    pub max_age: Option<u32>,
}

fn write_list(to: &mut Writer, texts: &[String]) {
    to.list(texts.iter(), |to, text| to.text(text));
}

fn read_list(from: &mut Reader<'_>) -> Result<Vec<String>, DecodeError> {
    from.list(Reader::text)
}

impl Stored for UrlRecord {
    const NAME: &'static str = "lambda function url";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.id);
        to.timestamp(self.created_at);
        to.timestamp(self.modified_at);
        to.bool(self.needs_signature);
        to.bool(self.is_streamed);
        to.option(self.cors.as_ref(), |to, cors| {
            to.bool(cors.allow_credentials);
            write_list(to, &cors.allow_headers);
            write_list(to, &cors.allow_methods);
            write_list(to, &cors.allow_origins);
            write_list(to, &cors.expose_headers);
            to.option(cors.max_age, Writer::u32);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(UrlRecord {
            id: from.text()?,
            created_at: from.timestamp()?,
            modified_at: from.timestamp()?,
            needs_signature: from.bool()?,
            is_streamed: from.bool()?,
            cors: from.option(|from| {
                Ok(CorsRecord {
                    allow_credentials: from.bool()?,
                    allow_headers: read_list(from)?,
                    allow_methods: read_list(from)?,
                    allow_origins: read_list(from)?,
                    expose_headers: read_list(from)?,
                    max_age: from.option(Reader::u32)?,
                })
            })?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        let at = Timestamp::from_millis(5);
        let cors = CorsRecord { allow_origins: vec!["*".to_owned()], max_age: Some(7), ..CorsRecord::default() };
        let record = UrlRecord {
            id: "u".to_owned(),
            created_at: at,
            modified_at: at,
            needs_signature: true,
            is_streamed: false,
            cors: Some(cors),
        };
        assert_golden("01017505050100010000 0001012a000107".replace(' ', "").as_str(), &record);
    }
}
