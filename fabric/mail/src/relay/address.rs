use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;

/// Where mail is relayed to, as a URL says it:
/// `smtp://user:password@host:port?tls=required&ca=FILE&connections=4&timeout=60&helo=NAME`.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayAddress {
    /// The relay's name or address; an IPv6 address without brackets.
    pub host: String,
    /// Its port: by default 25, 587 with a login, 465 with `smtps`.
    pub port: u16,
    /// User and password, if it wants a login.
    pub login: Option<(String, String)>,
    /// How the connection is protected.
    pub security: Security,
    /// A file of certificates (PEM) that are trusted besides the machine's.
    pub ca: Option<PathBuf>,
    /// The most connections at once.
    pub connections: usize,
    /// How long an answer is waited for: real time. The answer to a whole message may take five times as long.
    pub timeout: Duration,
    /// What we call ourselves.
    pub helo: String,
}

/// How a connection to a relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    Plain,
    /// `STARTTLS` where it is offered, with whatever certificate: as mail servers do among each other. It
    /// keeps out who only listens.
    Opportunistic,
    /// `STARTTLS`, with a certificate that is verified, or nothing is sent.
    StartTls,
    /// TLS from the first byte, with a certificate that is verified.
    Tls,
}

/// The text is not the URL of a relay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a mail relay is smtp://[user:password@]host[:port][?tls=required|opportunistic|none&ca=FILE&…] or smtps://…: {0}"
)]
pub struct InvalidRelay(pub String);

/// Connections at once, unless the URL says another number.
const CONNECTIONS: usize = 4;

impl std::str::FromStr for RelayAddress {
    type Err = InvalidRelay;

    fn from_str(text: &str) -> Result<RelayAddress, InvalidRelay> {
        let (scheme, rest) = text.split_once("://").ok_or_else(|| invalid("it names no scheme"))?;
        let implicit = match scheme {
            "smtp" => false,
            "smtps" => true,
            other => return Err(invalid(format!("{other}:// is not known"))),
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (login, place) = match place.trim_end_matches('/').rsplit_once('@') {
            Some((login, place)) => (Some(parse_login(login)?), place),
            None => (None, place.trim_end_matches('/')),
        };
        let (host, port) = parse_place(place)?;
        let default_port = if implicit {
            465
        } else if login.is_some() {
            587
        } else {
            25
        };
        let local = is_local(&host);
        let security = match (implicit, &login) {
            (true, _) => Security::Tls,
            // A password is not sent over a line that others may listen to, or to who knows whom.
            (false, Some(_)) if !local => Security::StartTls,
            (false, _) => Security::Opportunistic,
        };
        let mut address = RelayAddress {
            host,
            port: port.unwrap_or(default_port),
            login,
            security,
            ca: None,
            connections: CONNECTIONS,
            timeout: Duration::from_secs(60),
            helo: "localhost".to_owned(),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            address.set(name, &decoded(value)?, implicit)?;
        }
        Ok(address)
    }
}

impl RelayAddress {
    fn set(&mut self, name: &str, value: &str, implicit: bool) -> Result<(), InvalidRelay> {
        match (name, value) {
            ("tls", "required") if implicit => {}
            ("tls", _) if implicit => return Err(invalid("smtps:// is always TLS")),
            ("tls", "required") => self.security = Security::StartTls,
            ("tls", "opportunistic") => self.security = Security::Opportunistic,
            ("tls", "none") => self.security = Security::Plain,
            ("tls", other) => return Err(invalid(format!("tls={other} is not known"))),
            ("ca", file) if !file.is_empty() => self.ca = Some(PathBuf::from(file)),
            ("helo", helo) if is_name(helo) => helo.clone_into(&mut self.helo),
            ("connections", number) => {
                self.connections = number
                    .parse()
                    .ok()
                    .filter(|n| (1..=100).contains(n))
                    .ok_or_else(|| invalid(format!("connections is 1 to 100, not {number:?}")))?;
            }
            ("timeout", seconds) => {
                let seconds = seconds.parse().ok().filter(|n| (1..=3600).contains(n));
                let seconds = seconds.ok_or_else(|| invalid("timeout is 1 to 3600 seconds".to_owned()))?;
                self.timeout = Duration::from_secs(seconds);
            }
            (other, value) => return Err(invalid(format!("{other}={value} is not understood"))),
        }
        Ok(())
    }
}

fn invalid(what: impl Into<String>) -> InvalidRelay {
    InvalidRelay(what.into())
}

fn decoded(text: &str) -> Result<String, InvalidRelay> {
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| invalid("it is not UTF-8"))?;
    Ok(decoded.into_owned())
}

fn parse_login(text: &str) -> Result<(String, String), InvalidRelay> {
    let (user, password) = text.split_once(':').ok_or_else(|| invalid("a login is user:password"))?;
    Ok((decoded(user)?, decoded(password)?))
}

fn parse_place(place: &str) -> Result<(String, Option<u16>), InvalidRelay> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']').ok_or_else(|| invalid("a bracket is open"))?;
            (host, behind.strip_prefix(':').or((!behind.is_empty()).then_some("")))
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    if !is_address && !is_name(host) {
        return Err(invalid(format!("{host:?} is not a host")));
    }
    let port = port.map(|port| port.parse().ok().filter(|port| *port > 0).ok_or_else(|| invalid("a port is a number")));
    Ok((host.to_owned(), port.transpose()?))
}

/// Letters, digits, dots and hyphens: nothing that could end a command early.
fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    (1..=253).contains(&text.len()) && text.bytes().all(allowed)
}

/// Whether the way to it does not leave this machine.
pub(crate) fn is_local(host: &str) -> bool {
    match host.parse::<std::net::IpAddr>() {
        Ok(ip) => ip.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

impl fmt::Display for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Without the password.
impl fmt::Debug for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.login.as_ref().map(|(user, _)| user);
        f.debug_struct("RelayAddress")
            .field("to", &format_args!("{self}"))
            .field("user", &user)
            .field("security", &self.security)
            .field("ca", &self.ca)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Login = Option<(String, String)>;

    fn parse(text: &str) -> Result<(String, Security, Login), String> {
        let address: RelayAddress = text.parse().map_err(|InvalidRelay(what)| what)?;
        Ok((address.to_string(), address.security, address.login))
    }

    #[test]
    fn urls_say_where_and_how() {
        let login = || Some(("me@x".to_owned(), "p:w".to_owned()));
        for (text, place, security, who) in [
            ("smtp://mail", "mail:25", Security::Opportunistic, None),
            ("smtp://127.0.0.1:1025/", "127.0.0.1:1025", Security::Opportunistic, None),
            ("smtp://[::1]:25", "[::1]:25", Security::Opportunistic, None),
            ("smtp://[::1]", "[::1]:25", Security::Opportunistic, None),
            ("smtp://me%40x:p:w@mail.example.com", "mail.example.com:587", Security::StartTls, login()),
            ("smtp://me%40x:p%3Aw@localhost:1025", "localhost:1025", Security::Opportunistic, login()),
            ("smtps://me%40x:p%3Aw@mail.example.com", "mail.example.com:465", Security::Tls, login()),
            ("smtp://mail?tls=none", "mail:25", Security::Plain, None),
            ("smtp://mail?tls=required", "mail:25", Security::StartTls, None),
        ] {
            assert_eq!(parse(text), Ok((place.to_owned(), security, who)), "{text}");
        }
        let full: RelayAddress = "smtp://h?ca=/a%20b.pem&connections=2&timeout=5&helo=me.example".parse().unwrap();
        assert_eq!((full.ca.unwrap().to_str().unwrap(), full.connections, full.timeout.as_secs()), ("/a b.pem", 2, 5));
        assert_eq!(full.helo, "me.example");
        let secret: RelayAddress = "smtp://u:hidden@h".parse().unwrap();
        assert!(!format!("{secret:?}").contains("hidden"));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "mail",
            "http://mail",
            "smtp://",
            "smtp://a b",
            "smtp://h:0",
            "smtp://h:x",
            "smtp://u@h",
            "smtp://[::1",
            "smtp://h?tls=maybe",
            "smtp://h?x=1",
            "smtps://h?tls=none",
            "smtp://h?connections=0",
            "smtp://h?timeout=0",
            "smtp://h?helo=a%0d%0aQUIT",
            "smtp://h\r\n",
            "smtp://[::1]x",
            "smtp://%ff:x@h",
        ] {
            assert!(parse(text).is_err(), "{text:?} must be refused");
        }
    }
}
