use crate::error::{Error, Fault};

/// What a token is. Words are told from quoted names because keywords are words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// `word`
    Word(String),
    /// `"name"`
    Name(String),
    /// `'text'`
    Text(String),
    /// `1.5e3`, as it is written.
    Number(String),
    /// Anything else that the language has.
    Symbol(&'static str),
    /// The end of the text.
    End,
}

/// Longer ones first, so that the longest that fits is taken.
const SYMBOLS: [&str; 23] = [
    "<<", ">>", "<=", ">=", "<>", "!=", "||", "(", ")", "[", "]", "{", "}", ",", ".", ":", ";", "?", "=", "<", ">",
    "+", "-",
];

/// Cuts a text into tokens, the last of which is its end.
pub fn tokens(text: &str) -> Result<Vec<Token>, Error> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = behind_space(rest)?;
        let Some(first) = rest.chars().next() else { break };
        let (token, length) = match first {
            '\'' => quoted(rest, '\'').map(|(text, length)| (Token::Text(text), length))?,
            '"' => quoted(rest, '"').map(|(text, length)| (Token::Name(text), length))?,
            '0'..='9' => number(rest)?,
            '.' if rest[1..].starts_with(|next: char| next.is_ascii_digit()) => number(rest)?,
            'a'..='z' | 'A'..='Z' | '_' | '$' => {
                let length = rest.find(|next: char| !is_word(next)).unwrap_or(rest.len());
                (Token::Word(rest[..length].to_owned()), length)
            }
            '*' => (Token::Symbol("*"), 1),
            _ => {
                let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol));
                let symbol = symbol.ok_or(Fault::Unreadable)?;
                (Token::Symbol(symbol), symbol.len())
            }
        };
        tokens.push(token);
        rest = &rest[length..];
    }
    tokens.push(Token::End);
    Ok(tokens)
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '$')
}

/// What follows white space and comments.
fn behind_space(mut text: &str) -> Result<&str, Error> {
    loop {
        text = text.trim_start();
        if text.starts_with("--") {
            text = text.find('\n').map_or("", |end| &text[end..]);
        } else if let Some(comment) = text.strip_prefix("/*") {
            let end = comment.find("*/").ok_or(Fault::Unreadable)?;
            text = &comment[end + 2..];
        } else {
            return Ok(text);
        }
    }
}

/// What stands in quotes, in which a doubled quote is one, and the length of it all.
fn quoted(text: &str, quote: char) -> Result<(String, usize), Error> {
    let mut content = String::new();
    let mut at = 1;
    loop {
        let end = text[at..].find(quote).ok_or(Fault::Unreadable)?;
        content.push_str(&text[at..at + end]);
        at += end + 1;
        if !text[at..].starts_with(quote) {
            return Ok((content, at));
        }
        content.push(quote);
        at += 1;
    }
}

fn number(text: &str) -> Result<(Token, usize), Error> {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(0);
    let mut scale = 0;
    if text[length..].starts_with('.') {
        scale = digits(length + 1) as i64;
        length += 1 + digits(length + 1);
    }
    if text[length..].starts_with(['e', 'E']) {
        let sign = usize::from(text[length + 1..].starts_with(['+', '-']));
        let count = digits(length + 1 + sign);
        if count > 0 {
            let exponent = &text[length + 1..length + 1 + sign + count];
            // The service's numbers have an exponent and a scale of 32 bits before they have any rules.
            let exponent: i32 = exponent.parse().map_err(|_| Fault::Unreadable)?;
            i32::try_from(scale - i64::from(exponent)).map_err(|_| Fault::Unreadable)?;
            length += 1 + sign + count;
        }
    }
    Ok((Token::Number(text[..length].to_owned()), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_into_tokens() {
        let number = |text: &str| Token::Number(text.to_owned());
        let found = tokens("a \"b\"\"c\" 'it''s' -.5e-3 <<1>> -- note\n/* more */ ?;").unwrap();
        let expected = [
            Token::Word("a".to_owned()),
            Token::Name("b\"c".to_owned()),
            Token::Text("it's".to_owned()),
            Token::Symbol("-"),
            number(".5e-3"),
            Token::Symbol("<<"),
            number("1"),
            Token::Symbol(">>"),
            Token::Symbol("?"),
            Token::Symbol(";"),
            Token::End,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for text in ["#", "'a", "\"a", "/* a", "1e2147483648", "1e99999999999", "1.5e-2147483647", "`1`", "é"] {
            assert_eq!(tokens(text), Err(Error::Malformed(Fault::Unreadable)), "{text}");
        }
    }
}
