//! What a website answers for a path: which object, which redirection. "Hosting a static website".

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What of a key is encoded in an address.
const IN_PATHS: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'?').add(b'#').add(b'%');

/// A key as addresses write it.
pub fn encoded(key: &str) -> String {
    utf8_percent_encode(key, IN_PATHS).to_string()
}

/// A website, as its owner configured it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Website {
    /// What a folder's path stands for, such as `index.html`.
    pub index: String,
    /// The object that is shown for errors.
    pub error: Option<String>,
    /// The host that everybody is sent to, and the protocol.
    pub all_to: Option<(String, Option<String>)>,
    /// Where some are sent.
    pub rules: Vec<RoutingRule>,
}

/// A rule about who is sent elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoutingRule {
    /// Those who ask for a key that begins so.
    pub prefix: Option<String>,
    /// Those who would be told this status.
    pub status: Option<u16>,
    /// To which host, if to another.
    pub host: Option<String>,
    /// By which protocol, if by another.
    pub protocol: Option<String>,
    /// With which status; 301 if none is said.
    pub code: Option<u16>,
    /// What the beginning of the key becomes.
    pub new_prefix: Option<String>,
    /// What the key becomes.
    pub new_key: Option<String>,
}

/// Where somebody is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirection {
    /// With which status.
    pub status: u16,
    /// To which address.
    pub location: String,
}

/// How a request came.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    /// `http` or `https`.
    pub protocol: &'a str,
    /// The host and port that were asked.
    pub host: &'a str,
    /// The key that the path names, without the first slash.
    pub key: &'a str,
}

impl Website {
    /// The object that a path stands for.
    pub fn object_of(&self, key: &str) -> String {
        if key.is_empty() || key.ends_with('/') { format!("{key}{}", self.index) } else { key.to_owned() }
    }

    /// Where everybody is sent, or those who ask for such a key whatever stands there.
    pub fn redirection(&self, visit: Visit<'_>) -> Option<Redirection> {
        if let Some((host, protocol)) = &self.all_to {
            let protocol = protocol.as_deref().unwrap_or(visit.protocol);
            return Some(Redirection { status: 301, location: format!("{protocol}://{host}/{}", encoded(visit.key)) });
        }
        self.rule(visit, None)
    }

    /// Where those are sent who would be told an error.
    pub fn redirection_of_error(&self, visit: Visit<'_>, status: u16) -> Option<Redirection> {
        self.rule(visit, Some(status))
    }

    fn rule(&self, visit: Visit<'_>, status: Option<u16>) -> Option<Redirection> {
        let mut rules = self.rules.iter().filter(|rule| rule.status == status);
        rules
            .find(|rule| rule.prefix.as_ref().is_none_or(|prefix| visit.key.starts_with(prefix)))
            .map(|rule| rule.of(visit))
    }
}

impl RoutingRule {
    fn of(&self, visit: Visit<'_>) -> Redirection {
        let host = self.host.as_deref().unwrap_or(visit.host);
        let protocol = self.protocol.as_deref().unwrap_or(visit.protocol);
        let prefix = self.prefix.as_deref().unwrap_or_default();
        let key = match (&self.new_key, &self.new_prefix) {
            (Some(key), _) => key.clone(),
            (None, Some(new)) => format!("{new}{}", encoded(visit.key.strip_prefix(prefix).unwrap_or(visit.key))),
            (None, None) => encoded(visit.key),
        };
        Redirection { status: self.code.unwrap_or(301), location: format!("{protocol}://{host}/{key}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(key: &str) -> Visit<'_> {
        Visit { protocol: "http", host: "site:4566", key }
    }

    #[test]
    fn folders_have_an_index() {
        let site = Website { index: "index.html".to_owned(), ..Website::default() };
        for (key, object) in [("", "index.html"), ("a/", "a/index.html"), ("a", "a"), ("a/b.css", "a/b.css")] {
            assert_eq!(site.object_of(key), object);
        }
        assert_eq!(site.redirection(visit("a")), None);
    }

    #[test]
    fn rules_send_elsewhere() {
        let site = Website {
            rules: vec![
                RoutingRule {
                    prefix: Some("docs/".to_owned()),
                    new_prefix: Some("documents/".to_owned()),
                    ..RoutingRule::default()
                },
                RoutingRule {
                    status: Some(404),
                    host: Some("other".to_owned()),
                    protocol: Some("https".to_owned()),
                    code: Some(302),
                    new_key: Some("missing.html".to_owned()),
                    ..RoutingRule::default()
                },
            ],
            ..Website::default()
        };
        let moved = Redirection { status: 301, location: "http://site:4566/documents/a".to_owned() };
        assert_eq!(site.redirection(visit("docs/a")), Some(moved));
        assert_eq!(site.redirection(visit("x")), None);
        let missing = Redirection { status: 302, location: "https://other/missing.html".to_owned() };
        assert_eq!(site.redirection_of_error(visit("x"), 404), Some(missing));
        assert_eq!(site.redirection_of_error(visit("x"), 403), None);
    }

    #[test]
    fn a_site_may_send_everybody_elsewhere() {
        let site = Website { all_to: Some(("new.example".to_owned(), None)), ..Website::default() };
        let all = Redirection { status: 301, location: "http://new.example/a".to_owned() };
        assert_eq!(site.redirection(visit("a")), Some(all));
    }
}
