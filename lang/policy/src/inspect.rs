//! What a document says besides a decision: which of its statements match a request, which keys it asks
//! for, and where its statements stand in the text. The policy simulator answers with these.

use crate::context::Request;
use crate::document::{Action, Document, Effect, Resources, Statement};
use crate::evaluate::concerns;
use crate::pattern;

impl Document {
    /// The indices of the statements with this effect that match a request.
    pub fn matching(&self, request: &Request, effect: Effect) -> Vec<usize> {
        let statements = self.statements.iter().enumerate();
        let matching = statements.filter(|(_, one)| one.effect == effect && concerns(request, self.version, one));
        matching.map(|(index, _)| index).collect()
    }

    /// Whether a statement allows anything of a service, whatever its resources and conditions, and whatever denies it.
    pub fn allows_service(&self, service: &str) -> bool {
        let everything = format!("{service}:*");
        let is_of_service = |pattern: &String| {
            let prefix = pattern.split_once(':').map_or(pattern.as_str(), |(prefix, _)| prefix);
            pattern::wildcard_matches(&prefix.to_ascii_lowercase(), &service.to_ascii_lowercase())
        };
        self.statements.iter().filter(|statement| statement.effect == Effect::Allow).any(|statement| {
            match &statement.actions {
                Action::In(list) => list.iter().any(is_of_service),
                // All but what is named: something of the service is left unless all of it is named at once.
                Action::NotIn(list) => !list.iter().any(|pattern| pattern::action_matches(pattern, &everything)),
            }
        })
    }

    /// The condition keys that it asks for, those of policy variables included, each once, in the order in
    /// which they are named.
    pub fn context_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for key in self.statements.iter().flat_map(keys_of) {
            if !keys.iter().any(|known| known.eq_ignore_ascii_case(key)) {
                keys.push(key.to_owned());
            }
        }
        keys
    }
}

fn keys_of(statement: &Statement) -> impl Iterator<Item = &str> {
    let resources: &[String] = match &statement.resources {
        Some(Resources::In(list) | Resources::NotIn(list)) => list,
        None => &[],
    };
    let (Action::In(actions) | Action::NotIn(actions)) = &statement.actions;
    let conditions = statement.conditions.iter().flat_map(|condition| {
        std::iter::once(condition.key.as_str())
            .chain(condition.values.iter().flat_map(|value| pattern::variables(value)))
    });
    actions.iter().chain(resources).flat_map(|text| pattern::variables(text)).chain(conditions)
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Counts from 1.
    pub line: u32,
    /// Counts from 1, in characters.
    pub column: u32,
}

/// Where something stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where what stands before it ends, as AWS's simulator reports it: right behind a bracket, a colon or
    /// the statement before.
    pub start: Position,
    /// Right behind its closing brace.
    pub end: Position,
}

/// Where the statements of a document stand, in order. The text is one that [`Document::parse`] reads;
/// of another, the answer is of no use.
pub fn statement_spans(text: &str) -> Vec<Span> {
    let mut found = Spans::default();
    let mut previous = "";
    for Token { text, end } in tokens(text) {
        match text {
            ":" if found.depth == 1 => found.is_inside = previous == "\"Statement\"",
            "{" | "[" => found.open(text),
            "}" | "]" => found.close(end),
            "," if found.depth == 1 => found.is_inside = false,
            _ => {}
        }
        // What separates two statements belongs to the second.
        if text != "," {
            found.behind = end;
        }
        previous = text;
    }
    found.spans
}

struct Spans {
    spans: Vec<Span>,
    depth: usize,
    /// Whether this is the value of `Statement`.
    is_inside: bool,
    /// The depth of the statement that is open, and where it starts.
    open: Option<(usize, Position)>,
    /// The end of the last token.
    behind: Position,
}

impl Default for Spans {
    fn default() -> Self {
        let behind = Position { line: 1, column: 1 };
        Spans { spans: Vec::new(), depth: 0, is_inside: false, open: None, behind }
    }
}

impl Spans {
    fn open(&mut self, bracket: &str) {
        if self.is_inside && self.open.is_none() && bracket == "{" {
            self.open = Some((self.depth, self.behind));
        }
        self.depth += 1;
    }

    fn close(&mut self, end: Position) {
        self.depth = self.depth.saturating_sub(1);
        if let Some((_, start)) = self.open.take_if(|(depth, _)| *depth == self.depth) {
            self.spans.push(Span { start, end });
        }
        self.is_inside &= self.depth > 0;
    }
}

/// A piece of JSON: a string with its quotes, one of `{}[]:,`, or a word.
struct Token<'a> {
    text: &'a str,
    end: Position,
}

fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut characters = text.char_indices().peekable();
    let mut at = Position { line: 1, column: 1 };
    let mut step = move |at: &mut Position, goes_on: &dyn Fn(char) -> bool| {
        let (index, character) = *characters.peek()?;
        if !goes_on(character) {
            return None;
        }
        characters.next();
        *at = match character {
            '\n' => Position { line: at.line + 1, column: 1 },
            _ => Position { line: at.line, column: at.column + 1 },
        };
        Some((index, character))
    };
    std::iter::from_fn(move || {
        while step(&mut at, &char::is_whitespace).is_some() {}
        let (start, first) = step(&mut at, &|_| true)?;
        let mut end = start + first.len_utf8();
        match first {
            '"' => {
                let mut is_escaped = false;
                while let Some((index, character)) = step(&mut at, &|_| true) {
                    end = index + character.len_utf8();
                    match character {
                        '"' if !is_escaped => break,
                        '\\' => is_escaped = !is_escaped,
                        _ => is_escaped = false,
                    }
                }
            }
            '{' | '}' | '[' | ']' | ':' | ',' => {}
            _ => {
                let in_word = |character: char| !character.is_whitespace() && !"{}[]:,\"".contains(character);
                while let Some((index, character)) = step(&mut at, &in_word) {
                    end = index + character.len_utf8();
                }
            }
        }
        Some(Token { text: &text[start..end], end: at })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(text: &str) -> Vec<[u32; 4]> {
        Document::parse(text).expect("a policy");
        let spans = statement_spans(text).into_iter();
        spans.map(|Span { start, end }| [start.line, start.column, end.line, end.column]).collect()
    }

    #[test]
    fn services_that_something_is_allowed_of() {
        for (statement, allowed) in [
            (r#""Effect":"Allow","Action":"S3:GetObject""#, true),
            (r#""Effect":"Allow","Action":["sqs:*","s3:Put*"]"#, true),
            (r#""Effect":"Allow","Action":"*""#, true),
            (r#""Effect":"Allow","Action":"sqs:*""#, false),
            (r#""Effect":"Deny","Action":"s3:*""#, false),
            (r#""Effect":"Allow","NotAction":"sqs:*""#, true),
            (r#""Effect":"Allow","NotAction":"s3:Get*""#, true),
            (r#""Effect":"Allow","NotAction":["iam:*","s3:*"]"#, false),
            (r#""Effect":"Allow","NotAction":"*""#, false),
        ] {
            let text = format!(r#"{{"Version":"2012-10-17","Statement":{{{statement},"Resource":"*"}}}}"#);
            let document = Document::parse(&text).expect("a policy");
            assert_eq!(document.allows_service("s3"), allowed, "{statement}");
        }
    }

    #[test]
    fn statements_stand_where_the_simulator_says() {
        // As the real simulator answers for AdministratorAccess.
        let administrator = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \
                             \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}";
        assert_eq!(spans(administrator), [[3, 17, 8, 6]]);
        let statement = r#"{"Effect":"Allow","Action":"s3:*","Resource":"a}\"]{"}"#;
        let length = u32::try_from(statement.len()).expect("short");
        let two = format!(r#"{{"Version":"2012-10-17","Statement":[{statement},{statement}]}}"#);
        assert_eq!(spans(&two), [[1, 38, 1, 38 + length], [1, 38 + length, 1, 39 + 2 * length]]);
        let one = format!(r#"{{"Statement":{statement},"Id":"Statement"}}"#);
        assert_eq!(spans(&one), [[1, 14, 1, 14 + length]]);
        assert_eq!(statement_spans("nothing"), []);
    }

    #[test]
    fn keys_are_named_once() {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"dynamodb:*","Resource":"arn:aws:dynamodb:*:*:table/${aws:username}",
             "Condition":{"DateGreaterThan":{"aws:CurrentTime":"2015-08-16T12:00:00Z"}}},
            {"Effect":"Deny","Action":"*","Resource":"${*}","Condition":{
             "StringEquals":{"AWS:username":"${aws:PrincipalTag/team, 'none'}"},"Null":{"aws:TokenIssueTime":"true"}}}]}"#;
        let keys = Document::parse(text).expect("a policy").context_keys();
        assert_eq!(keys, ["aws:username", "aws:CurrentTime", "aws:PrincipalTag/team", "aws:TokenIssueTime"]);
    }
}
