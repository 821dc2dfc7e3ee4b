//! What a client says, a line each.

/// The longest line of a command, without its end. RFC 4954 wants 12,288 bytes for logins.
pub const MAX_COMMAND: usize = 12_288;
/// The longest address; RFC 5321 allows 256 bytes.
const MAX_ADDRESS: usize = 320;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Who is there; `true`: in the extended way.
    Hello(bool, String),
    /// Who sends a mail.
    Mail(Mail),
    /// Who shall get it.
    Recipient(String),
    /// Here it comes.
    Data,
    /// Forget it.
    Reset,
    /// Nothing.
    Noop,
    /// Goodbye.
    Quit,
    /// Who is this?
    Verify,
    /// What can you do?
    Help,
    /// Now in secret.
    StartTls,
    /// Who I am: a mechanism, and what it begins with.
    Auth(String, Option<String>),
}

/// How a mail begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mail {
    /// Where bounces go; empty: nowhere.
    pub from: String,
    /// How large it says it is.
    pub size: Option<u64>,
    /// Whether addresses and headers may be UTF-8.
    pub utf8: bool,
}

/// Why a line is no command: the answer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mistake(pub &'static str);

const SYNTAX: Mistake = Mistake("501 5.5.4 Syntax error in parameters");
const NO_SUCH_COMMAND: Mistake = Mistake("500 5.5.2 Command not recognized");
const NO_SUCH_PARAMETER: Mistake = Mistake("555 5.5.4 Unsupported parameter");
const BAD_ADDRESS: Mistake = Mistake("553 5.1.3 That is not an address");
const BAD_SENDER: Mistake = Mistake("553 5.1.7 That is not an address");

/// Reads a line, without its end.
///
/// # Errors
/// What to answer instead.
pub fn parse(line: &[u8]) -> Result<Command, Mistake> {
    let line = std::str::from_utf8(line).map_err(|_| Mistake("500 5.5.2 Commands are UTF-8"))?;
    if line.chars().any(char::is_control) {
        return Err(Mistake("500 5.5.2 Control characters in a command"));
    }
    let line = line.trim_end();
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    match verb.to_ascii_uppercase().as_str() {
        "HELO" => hello(rest).map(|name| Command::Hello(false, name)),
        "EHLO" => hello(rest).map(|name| Command::Hello(true, name)),
        "MAIL" => mail(argument(rest, "FROM:")?),
        "RCPT" => recipient(argument(rest, "TO:")?),
        "DATA" => alone(rest, Command::Data),
        "RSET" => alone(rest, Command::Reset),
        "QUIT" => alone(rest, Command::Quit),
        "STARTTLS" => alone(rest, Command::StartTls),
        "NOOP" => Ok(Command::Noop),
        "HELP" => Ok(Command::Help),
        "VRFY" => Ok(Command::Verify),
        "AUTH" => {
            let mut words = rest.split(' ').filter(|word| !word.is_empty());
            let mechanism = words.next().ok_or(SYNTAX)?.to_ascii_uppercase();
            let first = words.next().map(str::to_owned);
            if words.next().is_some() { Err(SYNTAX) } else { Ok(Command::Auth(mechanism, first)) }
        }
        "EXPN" | "TURN" | "ETRN" | "BDAT" => Err(Mistake("502 5.5.1 Command not implemented")),
        _ => Err(NO_SUCH_COMMAND),
    }
}

fn alone(rest: &str, command: Command) -> Result<Command, Mistake> {
    if rest.is_empty() { Ok(command) } else { Err(SYNTAX) }
}

fn hello(rest: &str) -> Result<String, Mistake> {
    let is_name = !rest.is_empty() && rest.len() <= 255 && !rest.contains(' ');
    if is_name { Ok(rest.to_owned()) } else { Err(Mistake("501 5.5.4 Say who you are")) }
}

fn argument<'a>(rest: &'a str, keyword: &str) -> Result<&'a str, Mistake> {
    let (given, argument) = rest.split_at_checked(keyword.len()).ok_or(SYNTAX)?;
    // Clients put a blank behind the colon although they may not.
    if given.eq_ignore_ascii_case(keyword) { Ok(argument.trim_start()) } else { Err(SYNTAX) }
}

fn mail(argument: &str) -> Result<Command, Mistake> {
    let (path, parameters) = split_path(argument).ok_or(BAD_SENDER)?;
    let from = if path.is_empty() { String::new() } else { address(path).ok_or(BAD_SENDER)? };
    let mut mail = Mail { from, ..Mail::default() };
    for parameter in parameters.split(' ').filter(|one| !one.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (name.to_ascii_uppercase().as_str(), value.to_ascii_uppercase().as_str()) {
            ("SIZE", size) => mail.size = Some(size.parse().map_err(|_| SYNTAX)?),
            ("BODY", "7BIT" | "8BITMIME") | ("AUTH", _) => {}
            ("SMTPUTF8", "") => mail.utf8 = true,
            _ => return Err(NO_SUCH_PARAMETER),
        }
    }
    Ok(Command::Mail(mail))
}

fn recipient(argument: &str) -> Result<Command, Mistake> {
    let (path, parameters) = split_path(argument).ok_or(BAD_ADDRESS)?;
    if !parameters.trim().is_empty() {
        return Err(NO_SUCH_PARAMETER);
    }
    address(path).map(Command::Recipient).ok_or(BAD_ADDRESS)
}

/// `<path> parameters`; the path without its brackets and without a source route, which nobody has used
/// since 1989.
fn split_path(argument: &str) -> Option<(&str, &str)> {
    let inner = argument.strip_prefix('<')?;
    let mut quoted = false;
    let mut escaped = false;
    let end = inner.char_indices().find_map(|(at, c)| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => return Some(at),
            _ => {}
        }
        None
    })?;
    let (path, parameters) = (&inner[..end], &inner[end + 1..]);
    if !parameters.is_empty() && !parameters.starts_with(' ') {
        return None;
    }
    let path = match path.strip_prefix('@') {
        Some(route) => route.split_once(':')?.1,
        None => path,
    };
    Some((path, parameters))
}

/// `local@domain`, whose domain is in lower case: case matters on the left only.
fn address(path: &str) -> Option<String> {
    let (local, domain) = path.rsplit_once('@')?;
    let domain_ok = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_literal = domain.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).is_some_and(|inner| {
        let tagged = inner.split_at_checked(5).filter(|(tag, _)| tag.eq_ignore_ascii_case("IPv6:"));
        tagged.map_or(inner, |(_, address)| address).parse::<std::net::IpAddr>().is_ok()
    });
    let is_name = !domain.is_empty() && !domain.starts_with('.') && domain.chars().all(domain_ok);
    (path.len() <= MAX_ADDRESS && is_local(local) && (is_name || is_literal))
        .then(|| format!("{local}@{}", domain.to_ascii_lowercase()))
}

fn is_local(local: &str) -> bool {
    if let Some(inner) = local.strip_prefix('"') {
        let Some(inner) = inner.strip_suffix('"') else { return false };
        let mut escaped = false;
        let fine = inner.chars().all(|c| {
            let bare = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            !bare
        });
        return fine && !escaped;
    }
    let allowed = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c) || !c.is_ascii();
    !local.is_empty() && local.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read() {
        let mail = |from: &str| Mail { from: from.to_owned(), ..Mail::default() };
        for (line, command) in [
            ("EHLO [127.0.0.1]", Command::Hello(true, "[127.0.0.1]".to_owned())),
            ("helo x", Command::Hello(false, "x".to_owned())),
            ("MAIL FROM:<>", Command::Mail(mail(""))),
            ("mail from: <A@B.Example>", Command::Mail(mail("A@b.example"))),
            (
                "MAIL FROM:<a@b> SIZE=10 body=8bitmime SMTPUTF8",
                Command::Mail(Mail { size: Some(10), utf8: true, ..mail("a@b") }),
            ),
            ("RCPT TO:<@relay.example:a@b>", Command::Recipient("a@b".to_owned())),
            ("RCPT TO:<\"a > \\\" b\"@c>", Command::Recipient("\"a > \\\" b\"@c".to_owned())),
            ("RCPT TO:<a@[IPv6:::1]>", Command::Recipient("a@[ipv6:::1]".to_owned())),
            ("RCPT TO:<ä@ö>", Command::Recipient("ä@ö".to_owned())),
            ("DATA ", Command::Data),
            ("AUTH plain AGEAYg==", Command::Auth("PLAIN".to_owned(), Some("AGEAYg==".to_owned()))),
            ("quit", Command::Quit),
        ] {
            assert_eq!(parse(line.as_bytes()), Ok(command), "{line}");
        }
    }

    #[test]
    fn nonsense_is_answered() {
        for line in [
            "",
            "MAIL",
            "MAIL FROM",
            "MAIL FROM:a@b",
            "MAIL FROM:<a@b",
            "MAIL FROM:<a>",
            "MAIL FROM:<a@b>x",
            "MAIL FROM:<a@b> X=1",
            "MAIL FROM:<a@b> SIZE=x",
            "RCPT TO:<>",
            "RCPT TO:<a b@c>",
            "RCPT TO:<a@>",
            "RCPT TO:<a@b c>",
            "RCPT TO:<\"a@b>",
            "RCPT TO:<a\"b@c>",
            "RCPT TO:<a@b> NOTIFY=NEVER",
            "DATA now",
            "EHLO",
            "AUTH",
            "AUTH A B C",
            "GET / HTTP/1.1",
            "RCPT TO:<a@b\u{0}>",
        ] {
            assert!(parse(line.as_bytes()).is_err(), "{line:?}");
        }
        assert!(parse(b"EHLO \xff").is_err());
    }
}
