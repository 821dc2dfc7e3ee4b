//! Who may talk to a server that does not check signatures: programs on this machine, and no web
//! page.
//!
//! A page that a user visits can send requests to `localhost`, and by answering its own DNS name
//! with `127.0.0.1` (*DNS rebinding*) it can even read the answers. Two properties tell such
//! requests from a program's: the browser names the page (`Origin`, `Sec-Fetch-Site`), and the
//! `Host` is a name that is not ours. A request that fails either test is refused unless the user
//! listed the name.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, Method, header};

use crate::hosts::STREAMING;

/// Which hosts and origins may be served.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The address that the server listens on.
    pub bound: Option<SocketAddr>,
    /// Host names besides our own, in lower case, without a port.
    pub allowed_hosts: Vec<String>,
    /// Origins besides those of loopback, such as `https://app.example.com`; `*` allows any.
    pub allowed_origins: Vec<String>,
}

/// Why a request was turned away before anybody looked at what it wants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The `Host` header names somebody else.
    #[error("the host {0:?} is not one of this server's names; if it is, start it with --allow-host {0}")]
    Host(String),
    /// The request comes from a web page that is not served from this machine.
    #[error("the web page {0:?} may not use this server; if it may, start it with --allow-origin {0}")]
    Origin(String),
    /// A browser sent it on behalf of a page that it does not name.
    #[error("a web page may not use this server unless it names its origin; allow that with --allow-origin")]
    Anonymous,
}

impl Access {
    /// Checks a request's `Host` and its signs of a browser.
    ///
    /// # Errors
    /// [`Refused`], to be answered with 403.
    pub fn check(&self, method: &Method, host: Option<&str>, headers: &HeaderMap) -> Result<(), Refused> {
        if let Some(host) = host
            && !self.is_our_host(host)
        {
            return Err(Refused::Host(host.to_owned()));
        }
        match headers.get(header::ORIGIN).map(header::HeaderValue::as_bytes) {
            Some(origin) if self.is_allowed_origin(origin) => Ok(()),
            Some(origin) => Err(Refused::Origin(String::from_utf8_lossy(origin).into_owned())),
            None if is_anonymous_page(method, headers) && !self.allows_any_origin() => Err(Refused::Anonymous),
            None => Ok(()),
        }
    }

    /// Whether `origin` may read answers.
    pub fn is_allowed_origin(&self, origin: &[u8]) -> bool {
        let Ok(origin) = std::str::from_utf8(origin) else { return false };
        self.allows_any_origin()
            || self.allowed_origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
            || origin.split_once("://").is_some_and(|(scheme, authority)| {
                matches!(scheme, "http" | "https") && is_loopback_name(without_port(authority))
            })
    }

    fn allows_any_origin(&self) -> bool {
        self.allowed_origins.iter().any(|allowed| allowed == "*")
    }

    fn is_our_host(&self, host: &str) -> bool {
        let name = without_port(host).trim_end_matches('.');
        let name = name.strip_prefix(STREAMING).unwrap_or(name);
        is_loopback_name(name)
            || ends_with_label(name, "localhost.localstack.cloud")
            || ends_with_label(name, "amazonaws.com")
            || ends_with_label(name, "amazonaws.com.cn")
            || is_function_url(name)
            || self.allowed_hosts.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(name))
            || self.is_our_network_name(name)
    }

    /// Bound beyond loopback (in a container, say), a server is also reached by its address and by
    /// names that no public DNS can answer: rebinding needs a name that the attacker owns.
    fn is_our_network_name(&self, name: &str) -> bool {
        let Some(bound) = self.bound.filter(|bound| !bound.ip().is_loopback()) else { return false };
        match parse_ip(name) {
            Some(ip) => bound.ip().is_unspecified() || ip == bound.ip(),
            None => !name.contains('.') || name.eq_ignore_ascii_case("host.docker.internal"),
        }
    }
}

/// Whether a browser made this request for a page that it does not name: images and links carry no
/// `Origin`. Browsers add `Sec-Fetch-Site` for hosts that they trust, `localhost` among them; for
/// the others only the user agent is left to go by.
fn is_anonymous_page(method: &Method, headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-site").map(header::HeaderValue::as_bytes) {
        Some(site) => site == b"cross-site",
        None => {
            let agent = headers.get(header::USER_AGENT).map_or(&b""[..], header::HeaderValue::as_bytes);
            matches!(*method, Method::GET | Method::HEAD) && agent.starts_with(b"Mozilla/")
        }
    }
}

/// `<id>.lambda-url.<region>.on.aws`: AWS alone can answer for such a name elsewhere.
fn is_function_url(name: &str) -> bool {
    ends_with_label(name, "on.aws") && name.split('.').nth(1).is_some_and(|label| label == "lambda-url")
}

fn is_loopback_name(name: &str) -> bool {
    ends_with_label(name, "localhost") || parse_ip(name).is_some_and(|ip| ip.is_loopback())
}

/// Whether `name` is `suffix` or a name below it.
fn ends_with_label(name: &str, suffix: &str) -> bool {
    let Some(start) = name.len().checked_sub(suffix.len()) else { return false };
    let matches = name.as_bytes()[start..].eq_ignore_ascii_case(suffix.as_bytes());
    matches && (start == 0 || name.as_bytes()[start - 1] == b'.')
}

fn parse_ip(name: &str) -> Option<IpAddr> {
    name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name).parse().ok()
}

/// The host of `host:port`; an IPv6 address keeps its brackets.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if !host[colon..].contains(']') => &host[..colon],
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn our_own_names_are_served_and_no_others() {
        let loopback = Access { bound: Some("127.0.0.1:4566".parse().unwrap()), ..Access::default() };
        let open = Access {
            bound: Some("0.0.0.0:4566".parse().unwrap()),
            allowed_hosts: vec!["build.example.com".to_owned()],
            ..Access::default()
        };
        for (host, by_loopback, by_open) in [
            ("localhost:4566", true, true),
            ("LOCALHOST", true, true),
            ("localhost.:4566", true, true),
            ("127.0.0.1:4566", true, true),
            ("127.8.9.1", true, true),
            ("[::1]:4566", true, true),
            ("sqs.localhost:4566", true, true),
            ("sqs.us-east-1.localhost.localstack.cloud:4566", true, true),
            ("localhost.localstack.cloud", true, true),
            ("queue.amazonaws.com", true, true),
            ("sqs.eu-west-1.amazonaws.com:80", true, true),
            ("abc.lambda-url.eu-west-1.on.aws", true, true),
            ("abc.lambda-url.eu-west-1.localhost.localstack.cloud:4566", true, true),
            ("lambda-url.on.aws", false, false),
            ("evil.example.com", false, false),
            ("notlocalhost", false, true),
            ("evil-amazonaws.com", false, false),
            ("amazonaws.com.evil.example", false, false),
            ("127.0.0.1.evil.example", false, false),
            ("10.0.0.7:4566", false, true),
            ("tidegate:4566", false, true),
            ("build.example.com:80", false, true),
            ("host.docker.internal:4566", false, true),
            ("", false, true),
        ] {
            let verdict = |access: &Access| access.check(&Method::POST, Some(host), &HeaderMap::new()).is_ok();
            assert_eq!((verdict(&loopback), verdict(&open)), (by_loopback, by_open), "{host:?}");
        }
        assert!(loopback.check(&Method::POST, None, &HeaderMap::new()).is_ok(), "HTTP/1.0 names no host");
    }

    #[test]
    fn pages_from_elsewhere_are_turned_away() {
        let access = Access { allowed_origins: vec!["https://app.example.com".to_owned()], ..Access::default() };
        let get = Method::GET;
        let post = Method::POST;
        for (method, pairs, allowed) in [
            (&post, &[("origin", "http://localhost:3000")][..], true),
            (&post, &[("origin", "http://127.0.0.1:5173")], true),
            (&post, &[("origin", "https://app.example.com")], true),
            (&post, &[("origin", "https://evil.example.com")], false),
            (&post, &[("origin", "http://localhost.evil.example")], false),
            (&post, &[("origin", "null")], false),
            (&post, &[("origin", "file://localhost")], false),
            (&get, &[("sec-fetch-site", "cross-site"), ("user-agent", "Mozilla/5.0")], false),
            (&get, &[("sec-fetch-site", "none"), ("user-agent", "Mozilla/5.0")], true),
            (&get, &[("sec-fetch-site", "same-origin"), ("user-agent", "Mozilla/5.0")], true),
            (&get, &[("user-agent", "Mozilla/5.0 (X11)")], false),
            (&get, &[("user-agent", "curl/8.5")], true),
            (&post, &[("user-agent", "Boto3/1.43")], true),
        ] {
            let verdict = access.check(method, Some("localhost:4566"), &headers(pairs));
            assert_eq!(verdict.is_ok(), allowed, "{method} {pairs:?}: {verdict:?}");
        }
        let any = Access { allowed_origins: vec!["*".to_owned()], ..Access::default() };
        assert!(any.check(&get, None, &headers(&[("origin", "https://evil.example.com")])).is_ok());
    }
}
