use std::borrow::Cow;

use super::MAX_DEPTH;
use crate::decode::DecodeError;

/// A position in a JSON text, and the rules by which it moves.
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

/// What a value begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}

fn malformed<T>() -> Result<T, DecodeError> {
    Err(DecodeError::Malformed(String::new()))
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Lexer<'a> {
        Lexer { text, at: 0 }
    }

    /// The next byte that is not white space, still unread; `None` at the end.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                next => return next.copied(),
            }
        }
    }

    /// Reads `expected`, which must be the next byte that is not white space.
    #[inline]
    pub fn expect(&mut self, expected: u8) -> Result<(), DecodeError> {
        if self.peek() != Some(expected) {
            return malformed();
        }
        self.at += 1;
        Ok(())
    }

    /// What the next value begins with.
    #[inline]
    pub fn token(&mut self) -> Result<Token, DecodeError> {
        Ok(match self.peek() {
            Some(b'{') => Token::Object,
            Some(b'[') => Token::Array,
            Some(b'"') => Token::String,
            Some(b'-' | b'0'..=b'9') => Token::Number,
            Some(b't') => Token::True,
            Some(b'f') => Token::False,
            Some(b'n') => Token::Null,
            _ => return malformed(),
        })
    }

    /// Reads one of `true`, `false`, `null`.
    pub fn word(&mut self, word: &str) -> Result<(), DecodeError> {
        if !self.text[self.at..].starts_with(word) {
            return malformed();
        }
        self.at += word.len();
        Ok(())
    }

    /// Reads a number and returns its text, which follows JSON's grammar.
    pub fn number(&mut self) -> Result<&'a str, DecodeError> {
        let rest = &self.text.as_bytes()[self.at..];
        let digits = |from: usize| rest[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut end = usize::from(rest.first() == Some(&b'-'));
        let whole = digits(end);
        if whole == 0 || (whole > 1 && rest[end] == b'0') {
            return malformed();
        }
        end += whole;
        if rest.get(end) == Some(&b'.') {
            let fraction = digits(end + 1);
            if fraction == 0 {
                return malformed();
            }
            end += 1 + fraction;
        }
        if matches!(rest.get(end), Some(b'e' | b'E')) {
            end += 1 + usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end);
            if exponent == 0 {
                return malformed();
            }
            end += exponent;
        }
        let number = &self.text[self.at..self.at + end];
        self.at += end;
        Ok(number)
    }

    /// Reads a text. Borrowed from the document unless it contains escapes.
    pub fn string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        self.expect(b'"')?;
        let start = self.at;
        self.at += plain_prefix(&self.text.as_bytes()[start..]);
        let plain = &self.text[start..self.at];
        if self.text.as_bytes().get(self.at) == Some(&b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        self.escaped_string(plain.to_owned()).map(Cow::Owned)
    }

    /// Reads the rest of a text whose beginning, up to the first escape, is `text`.
    fn escaped_string(&mut self, mut text: String) -> Result<String, DecodeError> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                // The end of the document, or a control character, which JSON wants escaped.
                _ => return malformed(),
            }
            let start = self.at;
            self.at += plain_prefix(&self.text.as_bytes()[start..]);
            text.push_str(&self.text[start..self.at]);
        }
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Result<char, DecodeError> {
        let Some(byte) = self.text.as_bytes().get(self.at) else { return malformed() };
        self.at += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return malformed(),
        })
    }

    /// Reads the four digits after `\u`, and a second escape if they are half of a pair. Half a pair
    /// alone is not a character, and no text of ours can hold it.
    fn unicode_escape(&mut self) -> Result<char, DecodeError> {
        let first = self.four_hex_digits()?;
        let code = match first {
            0xD800..=0xDBFF => {
                self.word("\\u")?;
                let second = self.four_hex_digits()?;
                if !(0xDC00..=0xDFFF).contains(&second) {
                    return malformed();
                }
                0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            code => code,
        };
        char::from_u32(code).map_or_else(malformed, Ok)
    }

    fn four_hex_digits(&mut self) -> Result<u32, DecodeError> {
        let Some(digits) = self.text.as_bytes().get(self.at..self.at + 4) else { return malformed() };
        let mut code = 0;
        for digit in digits {
            let Some(digit) = char::from(*digit).to_digit(16) else { return malformed() };
            code = code * 16 + digit;
        }
        self.at += 4;
        Ok(code)
    }

    /// Reads a value of any type and forgets it; `depth` is how deeply it lies already.
    pub fn skip(&mut self, depth: usize) -> Result<(), DecodeError> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        match self.token()? {
            Token::String => self.string().map(drop),
            Token::Number => self.number().map(drop),
            Token::True => self.word("true"),
            Token::False => self.word("false"),
            Token::Null => self.word("null"),
            Token::Array => self.skip_entries(b'[', b']', depth, false),
            Token::Object => self.skip_entries(b'{', b'}', depth, true),
        }
    }

    fn skip_entries(&mut self, open: u8, close: u8, depth: usize, keyed: bool) -> Result<(), DecodeError> {
        self.expect(open)?;
        let mut first = true;
        while self.more(close, &mut first)? {
            if keyed {
                self.string()?;
                self.expect(b':')?;
            }
            self.skip(depth + 1)?;
        }
        Ok(())
    }

    /// Reads the comma before the next entry of an object or array, or `close` after the last one.
    /// `first` is whether no entry was read yet; it is false afterwards.
    #[inline]
    pub fn more(&mut self, close: u8, first: &mut bool) -> Result<bool, DecodeError> {
        let was_first = std::mem::replace(first, false);
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(b',') if !was_first => {
                self.at += 1;
                Ok(true)
            }
            Some(_) if was_first => Ok(true),
            _ => malformed(),
        }
    }
}

pub fn too_deep() -> DecodeError {
    DecodeError::TooLarge("Nesting is too deep")
}

/// How many bytes stand before the first that a JSON text must escape: a quote, a backslash or a
/// control character.
///
/// The first few a word at a time, because names are short, and texts that have one such byte (JSON within JSON) have
/// many; then a block at a time without a branch inside, which compiles to vector instructions; the rest, again, in
/// words.
pub fn plain_prefix(bytes: &[u8]) -> usize {
    const FEW: usize = 16;
    let (few, rest) = bytes.split_at(bytes.len().min(FEW));
    if let Some(at) = first_escaped_of(few) {
        return at;
    }
    let (blocks, _) = rest.as_chunks::<32>();
    let is_plain = |block: &&[u8; 32]| block.iter().fold(0, |found, byte| found | u8::from(is_escaped(*byte))) == 0;
    let plain = few.len() + 32 * blocks.iter().take_while(is_plain).count();
    first_escaped_of(&bytes[plain..]).map_or(bytes.len(), |at| plain + at)
}

fn is_escaped(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < 0x20)
}

fn first_escaped_of(bytes: &[u8]) -> Option<usize> {
    const WORD: usize = 8;
    let (words, rest) = bytes.as_chunks::<WORD>();
    for (index, word) in words.iter().enumerate() {
        if let Some(at) = first_escaped(*word) {
            return Some(WORD * index + at);
        }
    }
    match bytes.last_chunk::<WORD>() {
        // What of this word was looked at before is plain.
        Some(last) if !rest.is_empty() => first_escaped(*last).map(|at| bytes.len() - WORD + at),
        Some(_) => None,
        None => rest.iter().position(|byte| is_escaped(*byte)),
    }
}

/// The place of the first byte of a word that must be escaped. A byte is below `n` if taking away `n` borrows, and its
/// high bit was not set; it is `n` if their difference is below one. Borrows spoil only what is above the first.
fn first_escaped(word: [u8; 8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let below = |word: u64, n: u8| word.wrapping_sub(ONES * u64::from(n)) & !word;
    let equals = |word: u64, n: u8| below(word ^ (ONES * u64::from(n)), 1);
    let word = u64::from_le_bytes(word);
    let found = (below(word, 0x20) | equals(word, b'"') | equals(word, b'\\')) & HIGH;
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::plain_prefix;

    #[test]
    fn the_first_byte_to_be_escaped_is_found_wherever_it_stands() {
        for special in (0..0x20).chain([b'"', b'\\']) {
            for length in 1..70 {
                for position in 0..length {
                    // Of what is nearly special, nothing is taken for it.
                    let mut bytes: Vec<u8> =
                        [0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xa2, 0xdc, 0xff].repeat(7)[..length].to_vec();
                    assert_eq!(plain_prefix(&bytes), length);
                    bytes[position] = special;
                    bytes[length - 1] = special;
                    assert_eq!(plain_prefix(&bytes), position, "{special} of {length}");
                }
            }
        }
    }
}
