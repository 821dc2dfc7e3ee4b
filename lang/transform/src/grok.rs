//! Grok patterns: `%{IP:client} %{WORD:method}`.
//!
//! What stands between the patterns is text, not a regular expression: AWS's own example has bare brackets. The
//! whole value must match. The names of patterns are AWS's; their expressions are our own, without look-around.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::Malformed;
use crate::path::Path;

/// The most patterns of one processor.
const MAX_PATTERNS: usize = 20;
/// The most of those that can match about anything.
const MAX_WIDE: usize = 5;
/// How large a compiled expression may be, in bytes.
const SIZE_LIMIT: usize = 1 << 21;

/// A grok pattern, ready to be used.
#[derive(Debug, Clone)]
pub(crate) struct Grok {
    regex: Regex,
    /// Where each group's text goes, and as what.
    fields: Vec<(Path, Form)>,
}

/// What becomes of a group's text.
#[derive(Debug, Clone, Copy)]
enum Form {
    Text,
    /// Without the quotes around it.
    Unquoted,
    /// A field of a common format: nothing if it is a dash.
    Known,
    Number,
    /// `03/Aug/2023:12:34:56 +0000`, as ISO 8601.
    HttpDate,
}

impl Grok {
    pub(crate) fn parse(text: &str) -> Result<Grok, Malformed> {
        let wrong = |what: String| Malformed::Wrong(format!("Invalid grok pattern: {what}"));
        let (mut expression, mut fields) = (String::from("^(?:"), Vec::new());
        let (mut patterns, mut wide) = (0, 0);
        let mut rest = text;
        while let Some(start) = rest.find("%{") {
            expression.push_str(&literal(&rest[..start]));
            let inner = &rest[start + 2..];
            let end = inner.find('}').ok_or_else(|| wrong("a pattern is not closed".to_owned()))?;
            let (name, field) = inner[..end].split_once(':').map_or((&inner[..end], None), |(n, f)| (n, Some(f)));
            if field.is_some_and(|field| field.contains(':')) {
                return Err(wrong("type conversions are not supported".to_owned()));
            }
            patterns += 1;
            wide += usize::from(WIDE.contains(&name));
            if let Some((body, own)) = common(name) {
                if !expression.ends_with("^(?:") {
                    return Err(wrong(format!("{name} must be the first pattern")));
                }
                expression.push_str(&body);
                for (field, form) in own {
                    fields.push((Path::parse(field)?, *form));
                }
            } else if let Some(body) = expression_of(name) {
                let Some(field) = field.filter(|field| !field.is_empty()) else {
                    expression.push_str(&format!("(?:{body})"));
                    rest = &inner[end + 1..];
                    continue;
                };
                let form = if name == "QUOTEDSTRING" { Form::Unquoted } else { Form::Text };
                fields.push((Path::parse(field)?, form));
                expression.push_str(&format!("({body})"));
            } else {
                return Err(wrong(format!("unknown pattern {name}")));
            }
            rest = &inner[end + 1..];
        }
        expression.push_str(&literal(rest));
        expression.push_str(")$");
        if patterns == 0 {
            return Err(wrong("it has no pattern".to_owned()));
        }
        if patterns > MAX_PATTERNS || wide > MAX_WIDE {
            return Err(wrong("it has too many patterns".to_owned()));
        }
        let regex = RegexBuilder::new(&expression).size_limit(SIZE_LIMIT).build();
        Ok(Grok { regex: regex.map_err(|_| wrong("it is too large".to_owned()))?, fields })
    }

    /// The values of the named patterns; `None` if the text does not match.
    pub(crate) fn fields(&self, text: &str) -> Option<Vec<(&Path, Value)>> {
        let found = self.regex.captures(text.trim_end_matches(['\n', '\r']))?;
        let named = self.fields.iter().enumerate().filter_map(|(at, (path, form))| {
            let value = value(found.get(at + 1)?.as_str(), *form)?;
            Some((path, value))
        });
        Some(named.collect())
    }
}

fn value(text: &str, form: Form) -> Option<Value> {
    match form {
        Form::Text => Some(text.into()),
        Form::Unquoted => Some(text.get(1..text.len().saturating_sub(1)).unwrap_or(text).into()),
        Form::Known | Form::Number | Form::HttpDate if text == "-" => None,
        Form::Known => Some(text.into()),
        Form::Number => Some(text.parse::<u64>().map_or_else(|_| text.into(), Value::from)),
        Form::HttpDate => Some(crate::datetime::http_date(text).unwrap_or_else(|| text.to_owned()).into()),
    }
}

/// A backslash before a character is what people write who think of regular expressions.
fn literal(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        plain.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    regex::escape(&plain)
}

const WIDE: [&str; 7] = ["URI", "URIPARAM", "URIPATHPARAM", "SPACE", "DATA", "GREEDYDATA", "GREEDYDATA_MULTILINE"];

const IPV4: &str = r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)";
const IPV6: &str = r"(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?:%[0-9A-Za-z]+)?";
const HOSTNAME: &str = r"[0-9A-Za-z][0-9A-Za-z-]{0,62}(?:\.[0-9A-Za-z][0-9A-Za-z-]{0,62})*\.?";
const MONTH: &str = "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)";
const DAY: &str = "(?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)";
const MONTHDAY: &str = r"(?:0[1-9]|[12]\d|3[01]|[1-9])";
const MONTHNUM: &str = "(?:0[1-9]|1[0-2]|[1-9])";
const YEAR: &str = r"(?:\d\d){1,2}";
const HOUR: &str = r"(?:2[0-3]|[01]?\d)";
const MINUTE: &str = r"[0-5]\d";
const SECOND: &str = r"(?:[0-5]?\d|60)(?:[:.,]\d+)?";
const TIMEZONE: &str = r"(?:Z|[+-](?:2[0-3]|[01]?\d):?[0-5]\d)";
const URIPATH: &str = r"(?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_-]*)+";
const URIPARAM: &str = r"\?[A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?\[\]<>-]*";
const NUMBER: &str = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)";
const QUOTED: &str = r#"(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)"#;

/// A pattern's expression.
fn expression_of(name: &str) -> Option<String> {
    let time = format!("{HOUR}:{MINUTE}(?::{SECOND})?");
    let date_us = format!("{MONTHNUM}[/-]{MONTHDAY}[/-]{YEAR}");
    let date_eu = format!("{MONTHDAY}[./-]{MONTHNUM}[./-]{YEAR}");
    let date = format!("(?:{date_us}|{date_eu})");
    let host = format!("(?:{IPV6}|{IPV4}|{HOSTNAME})");
    let body = match name {
        "USERNAME" | "USER" => "[a-zA-Z0-9._-]+".to_owned(),
        "INT" => r"[+-]?\d+".to_owned(),
        "BASE10NUM" | "NUMBER" => NUMBER.to_owned(),
        "BASE16NUM" => "[+-]?(?:0x)?[0-9A-Fa-f]+".to_owned(),
        "POSINT" => r"[1-9]\d*".to_owned(),
        "NONNEGINT" => r"\d+".to_owned(),
        "BOOLEAN" => "(?i:true|false)".to_owned(),
        "WORD" => r"\b\w+\b".to_owned(),
        "NOTSPACE" => r"\S+".to_owned(),
        "SPACE" => r"\s*".to_owned(),
        "DATA" => ".*?".to_owned(),
        "GREEDYDATA" => ".*".to_owned(),
        "GREEDYDATA_MULTILINE" => "(?s:.*)".to_owned(),
        "QUOTEDSTRING" => QUOTED.to_owned(),
        "UUID" => "[A-Fa-f0-9]{8}-(?:[A-Fa-f0-9]{4}-){3}[A-Fa-f0-9]{12}".to_owned(),
        "URN" => r"urn:[0-9A-Za-z][0-9A-Za-z-]{0,31}:(?:%[0-9a-fA-F]{2}|[0-9A-Za-z()+,.:=@;$_!*'/?#-])+".to_owned(),
        "ARN" => r"arn:(?:aws|aws-cn|aws-us-gov):[a-zA-Z0-9-]+:[a-zA-Z0-9-]*:[0-9]*:\S+".to_owned(),
        "EMAILADDRESS" | "EMAIL" => r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[0-9A-Za-z][0-9A-Za-z.-]*".to_owned(),
        "CISCOMAC" => "(?:[A-Fa-f0-9]{4}\\.){2}[A-Fa-f0-9]{4}".to_owned(),
        "WINDOWSMAC" => "(?:[A-Fa-f0-9]{2}-){5}[A-Fa-f0-9]{2}".to_owned(),
        "COMMONMAC" => "(?:[A-Fa-f0-9]{2}:){5}[A-Fa-f0-9]{2}".to_owned(),
        "MAC" => r"(?:(?:[A-Fa-f0-9]{4}\.){2}[A-Fa-f0-9]{4}|(?:[A-Fa-f0-9]{2}[:-]){5}[A-Fa-f0-9]{2})".to_owned(),
        "IPV6" => IPV6.to_owned(),
        "IPV4" => IPV4.to_owned(),
        "IP" => format!("(?:{IPV6}|{IPV4})"),
        "HOSTNAME" | "HOST" => HOSTNAME.to_owned(),
        "IPORHOST" | "SYSLOGHOST" => host,
        "HOSTPORT" => format!(r"{host}:[1-9]\d*"),
        "URIHOST" => format!(r"{host}(?::[1-9]\d*)?"),
        "UNIXPATH" => r"(?:/[\w_%!$@:.,+~-]*)+".to_owned(),
        "WINPATH" => r"(?:[A-Za-z]+:|\\)(?:\\[^\\?*]*)+".to_owned(),
        "PATH" => r"(?:(?:/[\w_%!$@:.,+~-]*)+|(?:[A-Za-z]+:|\\)(?:\\[^\\?*]*)+)".to_owned(),
        "TTY" => r"/dev/(?:pts|tty(?:[pq])?)(?:\w+)?/?[0-9]+".to_owned(),
        "URIPROTO" => "[A-Za-z]+(?:\\+[A-Za-z+]+)?".to_owned(),
        "URIPATH" => URIPATH.to_owned(),
        "URIPARAM" => URIPARAM.to_owned(),
        "URIPATHPARAM" => format!("{URIPATH}(?:{URIPARAM})?"),
        "URI" => {
            format!(r"[A-Za-z]+(?:\+[A-Za-z+]+)?://(?:[^\s:@/]+(?::[^\s@/]*)?@)?{host}(?::\d+)?(?:{URIPATH}(?:{URIPARAM})?)?")
        }
        "MONTH" => MONTH.to_owned(),
        "MONTHNUM" | "MONTHNUM2" => MONTHNUM.to_owned(),
        "MONTHDAY" => MONTHDAY.to_owned(),
        "DAY" => DAY.to_owned(),
        "YEAR" => YEAR.to_owned(),
        "HOUR" => HOUR.to_owned(),
        "MINUTE" => MINUTE.to_owned(),
        "SECOND" | "ISO8601_SECOND" => SECOND.to_owned(),
        "TIME" => time,
        "DATE_US" => date_us,
        "DATE_EU" => date_eu,
        "DATE" => date,
        "ISO8601_TIMEZONE" => TIMEZONE.to_owned(),
        "TIMESTAMP_ISO8601" => {
            format!("{YEAR}-{MONTHNUM}-{MONTHDAY}[T ]{HOUR}:?{MINUTE}(?::?{SECOND})?(?:{TIMEZONE})?")
        }
        "DATESTAMP" => format!("{date}[- ]{time}"),
        "TZ" => "[A-Z]{3}".to_owned(),
        "DATESTAMP_RFC822" => format!("{DAY} {MONTH} {MONTHDAY} {YEAR} {time} [A-Z]{{3}}"),
        "DATESTAMP_RFC2822" => format!("{DAY}, {MONTHDAY} {MONTH} {YEAR} {time} {TIMEZONE}"),
        "DATESTAMP_OTHER" => format!("{DAY} {MONTH} {MONTHDAY} {time} [A-Z]{{3}} {YEAR}"),
        "DATESTAMP_EVENTLOG" => r"\d{14}".to_owned(),
        "HTTPDATE" => format!(r"{MONTHDAY}/{MONTH}/{YEAR}:{time} [+-]?\d+"),
        "SYSLOGTIMESTAMP" => format!("{MONTH} +{MONTHDAY} {time}"),
        "PROG" => r"[\x21-\x5a\x5c\x5e-\x7e]+".to_owned(),
        "SYSLOGPROG" => r"[\x21-\x5a\x5c\x5e-\x7e]+(?:\[\d+\])?".to_owned(),
        "SYSLOGFACILITY" => r"<\d+\.\d+>".to_owned(),
        "LOGLEVEL" => "(?i:alert|trace|debug|notice|info(?:rmation)?|warn(?:ing)?|err(?:or)?|crit(?:ical)?|fatal|severe|emerg(?:ency)?)".to_owned(),
        _ => return None,
    };
    Some(body)
}

/// The common formats, whose fields have names already.
fn common(name: &str) -> Option<(String, &'static [(&'static str, Form)])> {
    const ACCESS: &[(&str, Form)] = &[
        ("remote_host", Form::Known),
        ("ident", Form::Known),
        ("auth_user", Form::Known),
        ("timestamp", Form::HttpDate),
        ("http_method", Form::Known),
        ("request", Form::Known),
        ("http_version", Form::Known),
        ("status_code", Form::Number),
        ("response_size", Form::Number),
        ("referrer", Form::Known),
        ("agent", Form::Known),
    ];
    const SYSLOG: &[(&str, Form)] = &[
        ("pri", Form::Number),
        ("version", Form::Number),
        ("timestamp", Form::Known),
        ("hostname", Form::Known),
        ("app", Form::Known),
        ("proc_id", Form::Known),
        ("msg_id", Form::Known),
        ("structured_data", Form::Known),
        ("message", Form::Known),
    ];
    let quoted = r#"(?:\\.|[^"\\])*"#;
    match name {
        "APACHE_ACCESS_LOG" | "NGINX_ACCESS_LOG" => {
            let request = format!(r#"(?:(\S+) (\S+)(?: HTTP/(\d+(?:\.\d+)?))?|{quoted})"#);
            let agent = format!(r#"(?: "({quoted})" "({quoted})")?"#);
            let body = format!(r#"(\S+) (\S+) (\S+) \[([^\]]+)\] "{request}" (\d{{3}}) (\d+|-){agent}"#);
            Some((body, ACCESS))
        }
        "SYSLOG5424" => {
            let header = r"<(\d{1,3})>(\d{1,2}) (\S+) (\S+) (\S+) (\S+) (\S+)";
            let body = format!(r#"{header} (?:-|\[((?:"{quoted}"|[^\]"])*)\])(?: ?(\S.*))?"#);
            Some((body, SYSLOG))
        }
        _ => None,
    }
}
