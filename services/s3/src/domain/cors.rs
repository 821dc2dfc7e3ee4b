//! Which pages of other sites may use a bucket: matching a request with the bucket's rules.

/// A rule, as its owner wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorsRule {
    /// Which sites, such as `https://*.example.com`.
    pub origins: Vec<String>,
    /// With which methods.
    pub methods: Vec<String>,
    /// With which headers.
    pub headers: Vec<String>,
    /// Which headers of answers the page may read.
    pub exposed: Vec<String>,
    /// For how many seconds a browser need not ask again.
    pub max_age_seconds: Option<i32>,
}

impl CorsRule {
    /// The site as an answer names it, if the rule is for it: `*`, or itself.
    pub fn allowed_origin<'a>(&'a self, origin: &'a str) -> Option<&'a str> {
        let pattern = self.origins.iter().find(|pattern| matches(pattern, origin))?;
        Some(if pattern == "*" { pattern } else { origin })
    }

    fn allows(&self, origin: &str, method: &str) -> bool {
        self.allowed_origin(origin).is_some() && self.methods.iter().any(|allowed| allowed == method)
    }
}

/// The first rule that lets a page of `origin` use this method with these headers.
pub fn rule_for<'a>(rules: &'a [CorsRule], origin: &str, method: &str, headers: &[String]) -> Option<&'a CorsRule> {
    let may_send = |rule: &CorsRule, header: &str| {
        rule.headers.iter().any(|pattern| matches(&pattern.to_ascii_lowercase(), &header.to_ascii_lowercase()))
    };
    rules.iter().find(|rule| rule.allows(origin, method) && headers.iter().all(|header| may_send(rule, header)))
}

/// Whether a text is meant by a pattern in which one `*` may stand for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end),
        None => pattern == text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn the_first_rule_that_allows_all_of_it() {
        let rules = [
            CorsRule {
                origins: texts(&["https://*.example.com"]),
                methods: texts(&["PUT"]),
                headers: texts(&["x-amz-*"]),
                ..CorsRule::default()
            },
            CorsRule { origins: texts(&["*"]), methods: texts(&["GET"]), ..CorsRule::default() },
        ];
        for (origin, method, headers, expected) in [
            ("https://a.example.com", "PUT", &["X-Amz-Date"][..], Some(0)),
            ("https://a.example.com", "PUT", &["content-type"], None),
            ("https://example.com", "PUT", &[], None),
            ("https://a.example.com", "GET", &[], Some(1)),
            ("http://else", "GET", &[], Some(1)),
            ("http://else", "GET", &["x-a"], None),
            ("http://else", "DELETE", &[], None),
        ] {
            let found = rule_for(&rules, origin, method, &texts(headers));
            assert_eq!(found, expected.map(|at: usize| &rules[at]), "{origin} {method} {headers:?}");
        }
        assert_eq!(rules[0].allowed_origin("https://a.example.com"), Some("https://a.example.com"));
        assert_eq!(rules[1].allowed_origin("https://a.example.com"), Some("*"));
    }

    #[test]
    fn an_asterisk_stands_for_anything_but_not_twice() {
        assert!(matches("ab*ba", "abba"));
        assert!(!matches("ab*ba", "aba"));
    }
}
