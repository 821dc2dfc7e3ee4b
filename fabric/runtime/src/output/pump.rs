use std::io::{self, ErrorKind};
use std::sync::Arc;

use parking_lot::Mutex;
use tidegate_types::Timestamp;
use tokio::net::unix::pipe::Receiver;

use super::{Log, Origin};

/// How much is read at once, in bytes.
const READ_BYTES: usize = 16 << 10;
/// A line is cut here, in bytes: with its end, what CloudWatch takes as one event.
const MAX_LINE_BYTES: usize = (256 << 10) - 1;
/// How often a pipe is read when an invocation ends; one that still has more is read by its task.
const DRAIN_READS: usize = 64;

/// How a frame starts that has no time, and one that has: as in AWS's runtimes.
const FRAME_TYPE: u32 = 0xa55a_0001;
const FRAME_TYPE_WITH_TIME: u32 = 0xa55a_0003;
/// The lowest two bits of the third byte tell the level; they do not matter here.
const FRAME_TYPE_MASK: u32 = 0xffff_0003;

/// What separates one event from the next in a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Ends of lines: what functions print.
    Lines,
    /// A header with type, length and time, so that an event may have several lines: what our bootstraps
    /// write for `console.log` and `logging`.
    Frames,
}

/// Reads one pipe of a worker.
pub(crate) struct Pump {
    pipe: Receiver,
    log: Arc<Log>,
    origin: Origin,
    framing: Framing,
    /// What came without its end yet.
    partial: Mutex<Vec<u8>>,
}

enum Reading {
    Empty,
    More,
    End,
}

impl Pump {
    pub(crate) fn new(pipe: Receiver, log: Arc<Log>, origin: Origin, framing: Framing) -> Arc<Pump> {
        Arc::new(Pump { pipe, log, origin, framing, partial: Mutex::default() })
    }

    /// Reads until nobody has the other end any more.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            self.log.room().await;
            if self.pipe.readable().await.is_err() {
                return;
            }
            match self.take(|bytes| self.pipe.try_read(bytes)) {
                Reading::End => {
                    self.flush();
                    return;
                }
                Reading::Empty | Reading::More => {}
            }
        }
    }

    /// Takes out what the pipe holds now, the beginning of a line included. The pipe itself is asked: what the runtime
    /// knows of it may be older than what was written last.
    pub(crate) fn drain(&self) {
        for _ in 0..DRAIN_READS {
            match self.take(|bytes| Ok(nix::unistd::read(&self.pipe, bytes)?)) {
                Reading::More => {}
                Reading::Empty | Reading::End => break,
            }
        }
        self.flush();
    }

    fn take(&self, read: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> Reading {
        let mut partial = self.partial.lock();
        let mut bytes = [0; READ_BYTES];
        match read(&mut bytes) {
            Ok(0) => Reading::End,
            Ok(count) => {
                partial.extend_from_slice(&bytes[..count]);
                match self.framing {
                    Framing::Lines => self.take_lines(&mut partial),
                    Framing::Frames => self.take_frames(&mut partial),
                }
                Reading::More
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Reading::Empty,
            Err(error) => {
                tracing::warn!(%error, "a function's output cannot be read any more");
                Reading::End
            }
        }
    }

    fn flush(&self) {
        if self.framing == Framing::Lines {
            let rest = std::mem::take(&mut *self.partial.lock());
            self.emit(None, &rest);
        }
    }

    fn take_lines(&self, partial: &mut Vec<u8>) {
        let mut start = 0;
        while let Some(length) = partial[start..].iter().position(|byte| *byte == b'\n') {
            self.emit(None, &partial[start..start + length]);
            start += length + 1;
        }
        partial.drain(..start);
        while partial.len() >= MAX_LINE_BYTES {
            self.emit(None, &partial[..MAX_LINE_BYTES]);
            partial.drain(..MAX_LINE_BYTES);
        }
    }

    fn take_frames(&self, partial: &mut Vec<u8>) {
        let mut start = 0;
        while let Some((time, body, next)) = frame(&partial[start..]) {
            self.emit(time, body);
            start += next;
        }
        partial.drain(..start);
    }

    fn emit(&self, at: Option<Timestamp>, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches(['\n', '\r']);
        if !text.is_empty() {
            self.log.line(self.origin, at, text.to_owned());
        }
    }
}

/// The first frame: its time, its body and where the next one starts. Bytes that are no frame are given as
/// a body, so that somebody else's writing to this pipe is seen rather than waited on for ever.
fn frame(bytes: &[u8]) -> Option<(Option<Timestamp>, &[u8], usize)> {
    let word = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let header: usize = match word(0)? & FRAME_TYPE_MASK {
        kind if kind == FRAME_TYPE => 8,
        kind if kind == FRAME_TYPE_WITH_TIME => 16,
        _ => return Some((None, bytes, bytes.len())),
    };
    let length = word(4)? as usize;
    let time = match header {
        16 => Some(u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?)),
        _ => None,
    };
    let body = bytes.get(header..header.checked_add(length)?)?;
    // The time is in microseconds.
    Some((time.map(|micros| Timestamp::from_millis(micros / 1000)), body, header + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(body: &[u8], micros: u64) -> Vec<u8> {
        let mut bytes = FRAME_TYPE_WITH_TIME.to_be_bytes().to_vec();
        bytes.extend((body.len() as u32).to_be_bytes());
        bytes.extend(micros.to_be_bytes());
        bytes.extend(body);
        bytes
    }

    #[test]
    fn frames_are_found_when_they_are_whole() {
        let mut bytes = framed(b"one\ntwo", 5_000);
        bytes.extend(framed(b"three", 6_000));
        let (time, body, next) = frame(&bytes).expect("a whole frame");
        assert_eq!((time, body), (Some(Timestamp::from_millis(5)), &b"one\ntwo"[..]));
        let (_, body, rest) = frame(&bytes[next..]).expect("another");
        assert_eq!((body, next + rest), (&b"three"[..], bytes.len()));
        for cut in 4..23 {
            assert!(frame(&bytes[..cut]).is_none(), "{cut}");
        }
    }

    #[test]
    fn what_is_no_frame_is_shown_as_it_is() {
        assert_eq!(frame(b"hello").map(|(_, body, _)| body), Some(&b"hello"[..]));
    }
}
