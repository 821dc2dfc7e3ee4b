use crate::domain::Misuse;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `word`
    Name,
    /// `#word`
    NamePlaceholder,
    /// `:word`
    ValuePlaceholder,
    /// Digits.
    Digits,
    /// Anything else that the language has.
    Symbol,
    /// The end of the text.
    End,
}

/// A token and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub start: usize,
}

impl Token<'_> {
    fn end(&self) -> usize {
        self.start + if self.kind == Kind::End { 0 } else { self.text.len() }
    }
}

/// Cuts a text into tokens, the last of which is its end.
pub fn tokens(text: &str) -> Result<Vec<Token<'_>>, Misuse> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start_matches([' ', '\t', '\r', '\n']).len();
        let rest = &text[at..];
        let Some(first) = rest.chars().next() else { break };
        let (kind, length) = match first {
            '#' => (Kind::NamePlaceholder, 1 + word(&rest[1..])),
            ':' => (Kind::ValuePlaceholder, 1 + word(&rest[1..])),
            '0'..='9' => (Kind::Digits, rest.bytes().take_while(u8::is_ascii_digit).count()),
            'a'..='z' | 'A'..='Z' => (Kind::Name, word(rest)),
            '<' if rest.starts_with("<=") || rest.starts_with("<>") => (Kind::Symbol, 2),
            '>' if rest.starts_with(">=") => (Kind::Symbol, 2),
            '(' | ')' | '[' | ']' | ',' | '.' | '+' | '-' | '=' | '<' | '>' => (Kind::Symbol, 1),
            other => {
                let token = Token { kind: Kind::Symbol, text: &rest[..other.len_utf8()], start: at };
                tokens.push(token);
                let last = tokens.len() - 1;
                let following = text[at + other.len_utf8()..].chars().next().map_or(0, char::len_utf8);
                let near_end = at + other.len_utf8() + following;
                return Err(unexpected_at(text, &tokens, last, near_end));
            }
        };
        let bare_marker = length == 1 && matches!(kind, Kind::NamePlaceholder | Kind::ValuePlaceholder);
        tokens.push(Token { kind, text: &rest[..length], start: at });
        if bare_marker {
            return Err(unexpected_at(text, &tokens, tokens.len() - 1, text.len().min(at + 2)));
        }
        at += length;
    }
    tokens.push(Token { kind: Kind::End, text: "<EOF>", start: text.trim_end().len() });
    Ok(tokens)
}

fn word(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}

/// The syntax error at a token: it shows the tokens around it.
pub fn unexpected(text: &str, tokens: &[Token<'_>], at: usize) -> Misuse {
    let after = tokens.get(at + 1).or(tokens.get(at)).map_or(text.len(), Token::end);
    unexpected_at(text, tokens, at, after)
}

fn unexpected_at(text: &str, tokens: &[Token<'_>], at: usize, end: usize) -> Misuse {
    let start = tokens[at.saturating_sub(1)].start;
    let end = (end..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
    Misuse::new(format!("Syntax error; token: \"{}\", near: \"{}\"", tokens[at].text, &text[start..end]))
}
