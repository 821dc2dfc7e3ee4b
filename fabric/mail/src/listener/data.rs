//! The message behind `DATA`: where it ends, without the dots that were added on its way.

/// Takes a message up, piece by piece as it comes.
#[derive(Debug, Default)]
pub struct Data {
    bytes: Vec<u8>,
    state: State,
    /// Whether it became longer than it may and is only read to its end.
    too_long: bool,
}

/// What was read last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// CR LF, or nothing yet.
    #[default]
    LineStart,
    /// In a line.
    Line,
    /// A CR.
    Cr,
    /// A dot at a line's start.
    Dot,
    /// A dot at a line's start, and a CR.
    DotCr,
}

impl Data {
    /// Takes `input` up to the end of the message, at most up to `limit` bytes of it. Answers how much of
    /// `input` it took if the message ends there.
    pub fn take(&mut self, input: &[u8], limit: usize) -> Option<usize> {
        for (at, &byte) in input.iter().enumerate() {
            if self.step(byte) {
                return Some(at + 1);
            }
            if self.bytes.len() > limit {
                self.too_long = true;
                self.bytes = Vec::new();
            }
        }
        None
    }

    /// One byte. Whether it was the last.
    fn step(&mut self, byte: u8) -> bool {
        self.state = match (self.state, byte) {
            (State::DotCr, b'\n') => return true,
            // A line that began with a dot and goes on: the dot was added, and is left out.
            (State::LineStart, b'.') => State::Dot,
            (State::Dot, b'\r') => State::DotCr,
            (State::Cr, b'\n') => {
                self.push(b"\r\n");
                State::LineStart
            }
            (before, byte) => {
                match before {
                    // A CR without its LF ends a line for some readers and not for others; from here on it
                    // does for all. It never ends the message.
                    State::Cr | State::DotCr => self.push(b"\r\n"),
                    State::LineStart | State::Line | State::Dot => {}
                }
                match byte {
                    b'\r' => State::Cr,
                    b'\n' => {
                        self.push(b"\r\n");
                        State::Line
                    }
                    byte => {
                        self.push(&[byte]);
                        State::Line
                    }
                }
            }
        };
        false
    }

    fn push(&mut self, bytes: &[u8]) {
        if !self.too_long {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// How many bytes it holds.
    pub fn held(&self) -> usize {
        self.bytes.capacity()
    }

    /// Whether it was longer than it may be.
    pub fn is_too_long(&self) -> bool {
        self.too_long
    }

    /// Holds nothing any more, and is only read to its end.
    pub fn give_up(&mut self) {
        self.too_long = true;
        self.bytes = Vec::new();
    }

    /// The message, its lines ended by CR LF.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::lines::stuffed;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    fn read(input: &[u8], piece: usize) -> Option<(Vec<u8>, usize)> {
        let mut data = Data::default();
        let mut taken = 0;
        for piece in input.chunks(piece) {
            if let Some(last) = data.take(piece, 1 << 20) {
                return Some((data.finish(), taken + last));
            }
            taken += piece.len();
        }
        None
    }

    #[test]
    fn only_a_dot_between_line_ends_is_the_end() {
        for (input, message, rest) in [
            (&b".\r\nQUIT\r\n"[..], &b""[..], 6),
            (b"a\r\n.\r\n", b"a\r\n", 0),
            (b"..\r\n.a\r\n.\r\n", b".\r\na\r\n", 0),
            (b"a\n.\nb\r\n.\r\n", b"a\r\n.\r\nb\r\n", 0),
            (b"a\r.\rb\r\n.\r\n", b"a\r\n.\r\nb\r\n", 0),
            (b"a\n.\r\nb\r\n.\r\n", b"a\r\n.\r\nb\r\n", 0),
            (b"a\r\n.\nb\r\n.\r\n", b"a\r\n\r\nb\r\n", 0),
            (b"a\r\n.\rb\r\n.\r\n", b"a\r\n\r\nb\r\n", 0),
            (b"a\r\r\n.\r\n", b"a\r\n\r\n", 0),
        ] {
            for piece in [1, 2, 3, 100] {
                let found = read(input, piece).map(|(bytes, taken)| (bytes, input.len() - taken));
                let shown = String::from_utf8_lossy(input);
                assert_eq!(found, Some((message.to_vec(), rest)), "{shown:?} by {piece}");
            }
        }
        for endless in [&b"a\r\n"[..], b"\n.\n", b"a.\r\n", b"\r.\r", b".\n", b".\r"] {
            assert_eq!(read(endless, 1), None, "{endless:?}");
        }
    }

    #[test]
    fn one_that_is_too_long_is_read_to_its_end_and_not_kept() {
        let mut data = Data::default();
        assert_eq!(data.take(&[b'a'; 1000], 100), None);
        assert_eq!((data.is_too_long(), data.held()), (true, 0));
        assert_eq!(data.take(b"\r\n.\r\nrest", 100), Some(5));
    }

    proptest! {
        #[test]
        fn what_was_stuffed_comes_out_again(
            lines in proptest::collection::vec("[.a]{0,4}", 0..6), piece in 1usize..9, rest in any::<[u8; 3]>(),
        ) {
            let message: String = lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect();
            let sent = stuffed(message.as_bytes());
            let input = [&sent[..], &rest].concat();
            prop_assert_eq!(read(&input, piece), Some((message.into_bytes(), sent.len())));
        }
    }
}
