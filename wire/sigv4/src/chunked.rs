//! Bodies in chunks (`aws-chunked`), each signed with the signature before it as a part, or unsigned
//! with a checksum in a trailer.
//!
//! ```text
//! 400;chunk-signature=<64 hex digits>\r\n<1024 bytes>\r\n0;chunk-signature=…\r\n[trailers]\r\n
//! ```
//!
//! The decoder takes the body in whatever pieces the network delivers and gives out payload at once,
//! because a chunk may be gigabytes long; a chunk's signature is known to hold only at its end. Who
//! stores the payload must discard it if a later call fails.

use bytes::{Buf, Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tidegate_protocol::{ErrorShape, Fault, ServiceError};

use crate::key::{SigningKey, sha256};

/// The longest line: a chunk's head or one trailer.
const MAX_LINE: usize = 4096;
/// The most bytes of trailers.
const MAX_TRAILERS: usize = 16 * 1024;

/// Why a chunked body is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// It does not have the form.
    #[error("The request body is not a valid aws-chunked stream: {0}")]
    Malformed(&'static str),
    /// A chunk's or the trailer's signature is another one than its content's.
    #[error("The request signature we calculated does not match the signature you provided.")]
    Mismatch,
}

impl ChunkError {
    /// The error in S3's words.
    pub fn to_service_error(&self) -> ServiceError {
        let (code, status) = match self {
            ChunkError::Malformed(_) => ("IncompleteBody", 400),
            ChunkError::Mismatch => ("SignatureDoesNotMatch", 403),
        };
        ServiceError::new(ErrorShape::new(code, status, Fault::Sender), self.to_string())
    }
}

/// Unpacks and verifies a chunked body.
#[derive(Debug)]
pub struct ChunkDecoder {
    signing: Option<Signing>,
    /// Whether a signature over the trailers must follow the last chunk.
    signed_trailers: bool,
    state: State,
    /// The beginning of a line whose end has not arrived.
    line: BytesMut,
    trailers: Vec<(String, String)>,
    trailer_bytes: usize,
}

#[derive(Debug)]
enum State {
    /// Within the line before a chunk.
    Head,
    /// Within a chunk, with this much to come.
    Data(u64),
    /// Within the line end behind a chunk.
    DataEnd,
    /// Within the lines behind the last chunk.
    Trailers,
    Done,
}

/// What the signature of the next chunk is made of.
#[derive(Debug)]
struct Signing {
    key: SigningKey,
    date: String,
    scope: String,
    previous: String,
    /// What the current chunk claims.
    claimed: String,
    hash: Sha256,
}

impl ChunkDecoder {
    pub(crate) fn signed(
        (key, date, scope, seed): (SigningKey, String, String, String),
        signed_trailers: bool,
    ) -> ChunkDecoder {
        let signing = Signing { key, date, scope, previous: seed, claimed: String::new(), hash: Sha256::new() };
        ChunkDecoder { signed_trailers, ..ChunkDecoder::new(Some(signing)) }
    }

    /// A decoder of a body whose chunks are not signed.
    pub fn unsigned() -> ChunkDecoder {
        ChunkDecoder::new(None)
    }

    fn new(signing: Option<Signing>) -> ChunkDecoder {
        ChunkDecoder {
            signing,
            signed_trailers: false,
            state: State::Head,
            line: BytesMut::new(),
            trailers: Vec::new(),
            trailer_bytes: 0,
        }
    }

    /// Takes the next piece of the body and appends the payload in it to `payload`.
    ///
    /// # Errors
    /// What is wrong with the body. The decoder is of no use afterwards.
    pub fn push(&mut self, mut input: Bytes, payload: &mut Vec<Bytes>) -> Result<(), ChunkError> {
        while !input.is_empty() {
            if let State::Data(left) = self.state {
                self.take_data(left, &mut input, payload)?;
                continue;
            }
            let Some(line) = self.take_line(&mut input)? else { return Ok(()) };
            self.take(&line)?;
        }
        Ok(())
    }

    /// The trailers, once the body has ended.
    ///
    /// # Errors
    /// If it ended too early.
    pub fn finish(self) -> Result<Vec<(String, String)>, ChunkError> {
        match self.state {
            State::Done => Ok(self.trailers),
            _ => Err(ChunkError::Malformed("it ends within a chunk")),
        }
    }

    fn take_data(&mut self, left: u64, input: &mut Bytes, payload: &mut Vec<Bytes>) -> Result<(), ChunkError> {
        let available = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let piece = input.split_to(available);
        if let Some(signing) = &mut self.signing {
            signing.hash.update(&piece);
        }
        payload.push(piece);
        let left = left - available as u64;
        self.state = State::Data(left);
        if left == 0 {
            self.end_chunk()?;
            self.state = State::DataEnd;
        }
        Ok(())
    }

    /// The next line without its end, once all of it has arrived.
    fn take_line(&mut self, input: &mut Bytes) -> Result<Option<String>, ChunkError> {
        let end = input.iter().position(|byte| *byte == b'\n');
        let piece = input.split_to(end.unwrap_or(input.len()));
        self.line.extend_from_slice(&piece);
        if self.line.len() > MAX_LINE {
            return Err(ChunkError::Malformed("a line is too long"));
        }
        if end.is_none() {
            return Ok(None);
        }
        input.advance(1);
        let line = self.line.split();
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        match std::str::from_utf8(line) {
            Ok(line) => Ok(Some(line.to_owned())),
            Err(_) => Err(ChunkError::Malformed("a line is not text")),
        }
    }

    fn take(&mut self, line: &str) -> Result<(), ChunkError> {
        match self.state {
            State::Head => self.begin_chunk(line),
            State::DataEnd if line.is_empty() => {
                self.state = State::Head;
                Ok(())
            }
            State::DataEnd => Err(ChunkError::Malformed("a chunk is longer than it says")),
            State::Trailers => self.take_trailer(line),
            // AWS's own examples end in one line end more than they need.
            State::Done if line.is_empty() => Ok(()),
            State::Done => Err(ChunkError::Malformed("something follows its end")),
            State::Data(_) => unreachable!("data is not read by lines"),
        }
    }

    fn begin_chunk(&mut self, line: &str) -> Result<(), ChunkError> {
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        let is_hex = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_hexdigit());
        let size = u64::from_str_radix(size, 16).ok().filter(|_| is_hex);
        let size = size.ok_or(ChunkError::Malformed("a chunk has no size"))?;
        if let Some(signing) = &mut self.signing {
            let claimed = extension.trim().strip_prefix("chunk-signature=");
            claimed.ok_or(ChunkError::Malformed("a chunk has no signature"))?.clone_into(&mut signing.claimed);
        }
        self.state = State::Data(size);
        if size == 0 {
            self.end_chunk()?;
            self.state = State::Trailers;
        }
        Ok(())
    }

    fn end_chunk(&mut self) -> Result<(), ChunkError> {
        match &mut self.signing {
            Some(signing) => signing.end_chunk(),
            None => Ok(()),
        }
    }

    fn take_trailer(&mut self, line: &str) -> Result<(), ChunkError> {
        self.trailer_bytes += line.len();
        if self.trailer_bytes > MAX_TRAILERS {
            return Err(ChunkError::Malformed("the trailers are too long"));
        }
        if line.is_empty() {
            // AWS's own examples put an empty line before the trailers' signature as well.
            if !self.signed_trailers {
                self.state = State::Done;
            }
            return Ok(());
        }
        let Some((name, value)) = line.split_once(':') else {
            return Err(ChunkError::Malformed("a trailer has no value"));
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if name != "x-amz-trailer-signature" {
            self.trailers.push((name, value.to_owned()));
            return Ok(());
        }
        if let Some(signing) = &self.signing {
            signing.check_trailers(&self.trailers, value)?;
        }
        self.signed_trailers = false;
        Ok(())
    }
}

impl Signing {
    fn end_chunk(&mut self) -> Result<(), ChunkError> {
        let hash = hex::encode(std::mem::take(&mut self.hash).finalize());
        let to_sign = format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{}\n{hash}",
            self.date,
            self.scope,
            self.previous,
            sha256(b"")
        );
        if !self.key.verifies(&to_sign, &self.claimed) {
            return Err(ChunkError::Mismatch);
        }
        self.previous = std::mem::take(&mut self.claimed);
        Ok(())
    }

    fn check_trailers(&self, trailers: &[(String, String)], signature: &str) -> Result<(), ChunkError> {
        let mut text: Vec<String> = trailers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        text.sort_unstable();
        let hash = sha256(text.concat().as_bytes());
        let to_sign = format!("AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{}\n{hash}", self.date, self.scope, self.previous);
        if self.key.verifies(&to_sign, signature) { Ok(()) } else { Err(ChunkError::Mismatch) }
    }
}
