//! What a mail server answers: a code and one or more lines.

use std::fmt;

/// The longest line that is read; RFC 5321 allows 512 bytes.
pub const MAX_LINE: usize = 4096;
/// The most lines of one answer.
pub const MAX_LINES: usize = 100;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The code, from 200 to 599.
    pub code: u16,
    /// Its lines, without code and line ends.
    pub lines: Vec<String>,
}

/// A line of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The code.
    pub code: u16,
    /// Whether the answer ends with it.
    pub last: bool,
    /// What it says.
    pub text: String,
}

/// Reads a line, with or without its end. `None`: it is not one of an SMTP answer.
pub fn parse_line(line: &[u8]) -> Option<Line> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (code, rest) = line.split_first_chunk::<3>()?;
    if !(b'2'..=b'5').contains(&code[0]) || !code.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code = code.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let (last, text) = match rest.split_first() {
        None => (true, &b""[..]),
        Some((b' ', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return None,
    };
    // It ends up in logs, events and headers: no control characters.
    let text = String::from_utf8_lossy(text).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Some(Line { code, last, text })
}

impl Reply {
    /// `2xx`.
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// `5xx`: it will not be otherwise next time.
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// Whether it is about who we are and not about the mail: a login that is missing or refused.
    pub fn is_about_login(&self) -> bool {
        matches!(self.code, 530 | 534 | 535 | 538)
    }

    /// The enhanced status code of RFC 3463: its own, or what its code stands for.
    pub fn status(&self) -> String {
        let own = self.lines.first().and_then(|line| line.split(' ').next()).filter(|word| is_status(word, self.code));
        own.map_or_else(|| default_status(self.code).to_owned(), str::to_owned)
    }

    /// All of it on one line, as notifications quote it.
    pub fn text(&self) -> String {
        let mut text = self.code.to_string();
        let status = self.status();
        for (at, line) in self.lines.iter().enumerate() {
            // Servers repeat the enhanced status on each line.
            let line = if at == 0 { line } else { line.strip_prefix(status.as_str()).unwrap_or(line).trim_start() };
            if !line.is_empty() {
                text.push(' ');
                text.push_str(line);
            }
        }
        text
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// `class.subject.detail`, of the same class as the code.
fn is_status(word: &str, code: u16) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(number) && parts[0] == (code / 100).to_string()
}

fn default_status(code: u16) -> &'static str {
    match code {
        550 | 551 => "5.1.1",
        552 => "5.2.2",
        553 => "5.1.3",
        554 => "5.0.0",
        535 => "5.7.8",
        530 => "5.7.0",
        421 => "4.3.2",
        450 | 451 => "4.2.0",
        452 => "4.2.2",
        200..=299 => "2.0.0",
        500..=599 => "5.0.0",
        _ => "4.0.0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_answers_and_of_nothing_else_are_read() {
        let read = |line: &str| parse_line(line.as_bytes()).map(|line| (line.code, line.last, line.text));
        assert_eq!(read("250 Ok\r\n"), Some((250, true, "Ok".to_owned())));
        assert_eq!(read("250-SIZE 10\r\n"), Some((250, false, "SIZE 10".to_owned())));
        assert_eq!(read("354\r\n"), Some((354, true, String::new())));
        assert_eq!(read("550 a\tb\u{7}c\n"), Some((550, true, "a b c".to_owned())));
        for nonsense in ["", "25", "25x ok", "199 x", "600 x", "250Ok", "+OK", "HTTP/1.1 400"] {
            assert_eq!(read(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn the_status_is_the_answers_own_or_its_codes() {
        let status = |code, line: &str| Reply { code, lines: vec![line.to_owned()] }.status();
        assert_eq!(status(550, "5.1.1 <a@x> no such user"), "5.1.1");
        assert_eq!(status(550, "no such user"), "5.1.1");
        assert_eq!(status(450, "5.1.1 liar"), "4.2.0");
        assert_eq!(status(554, "5.7 short"), "5.0.0");
        let lines = vec!["5.7.1 no".to_owned(), "5.7.1 never".to_owned(), String::new()];
        assert_eq!(Reply { code: 554, lines }.text(), "554 5.7.1 no never");
    }
}
