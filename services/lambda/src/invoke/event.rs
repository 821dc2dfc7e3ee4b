use bytes::Bytes;
use tidegate_record::{DecodeError, Reader, Stored, Writer};

/// An asynchronous invocation, as the queue of its function keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventRecord {
    /// The invocation's id, the same in each attempt.
    pub request_id: String,
    /// What was called: the function's ARN with the version or alias that was named.
    pub function: String,
    /// The event, as JSON.
    pub payload: Bytes,
    /// The trace it belongs to.
    pub trace: Option<String>,
    /// What the caller gave beside the event.
    pub client_context: Option<String>,
}

impl Stored for EventRecord {
    const NAME: &'static str = "lambda event";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.request_id);
        to.text(&self.function);
        to.bytes(&self.payload);
        to.option(self.trace.as_deref(), Writer::text);
        to.option(self.client_context.as_deref(), Writer::text);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(EventRecord {
            request_id: from.text()?,
            function: from.text()?,
            payload: from.bytes()?,
            trace: from.option(Reader::text)?,
            client_context: from.option(Reader::text)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        let record = EventRecord {
            request_id: "r".to_owned(),
            function: "f".to_owned(),
            payload: Bytes::from_static(b"{}"),
            trace: Some("t".to_owned()),
            client_context: None,
        };
        assert_golden("01017201660 27b7d01017400".replace(' ', "").as_str(), &record);
    }
}
