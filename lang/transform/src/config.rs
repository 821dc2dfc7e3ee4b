//! From JSON to steps, with everything that can be wrong found before the first event.

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::datetime::Format;
use crate::grok::Grok;
use crate::path::Path;
use crate::substitute::{MAX_PROGRAMS_BYTES, Substitution};
use crate::{MAX_PARSERS, MAX_PROCESSORS, Malformed};

/// What a parser reads, or where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    /// The event's own text.
    Message,
    /// A field.
    Field(Path),
    /// What is known of the event: `@logGroupName` and its kin.
    Group,
    Stream,
    Account,
    Region,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) from: From,
    pub(crate) to: Path,
    pub(crate) overwrite: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct KeyValue {
    pub(crate) field_delimiter: String,
    pub(crate) value_delimiter: String,
    pub(crate) prefix: String,
    pub(crate) non_match: Option<String>,
    pub(crate) overwrite: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Integer,
    Double,
    String,
}

#[derive(Debug, Clone)]
pub(crate) struct ListToMap {
    pub(crate) source: Path,
    pub(crate) key: Path,
    pub(crate) value: Option<Path>,
    pub(crate) target: Option<Path>,
    pub(crate) flatten: Option<Element>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    First,
    Last,
}

#[derive(Debug, Clone)]
pub(crate) struct DateTime {
    pub(crate) source: Path,
    pub(crate) target: Path,
    pub(crate) patterns: Vec<Format>,
    pub(crate) format: Format,
    pub(crate) from_zone: TimeZone,
    pub(crate) to_zone: TimeZone,
}

/// A processor.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Json { from: From, to: Option<Path> },
    Grok(From, Grok),
    Csv { from: From, to: Option<Path>, delimiter: char, quote: char, columns: Vec<Path> },
    KeyValue { from: From, to: Option<Path>, how: KeyValue },
    Vended(Vended),
    Add(Vec<(Path, String, bool)>),
    Delete(Vec<Path>),
    Move(Vec<Entry>),
    Rename(Vec<Entry>),
    Copy(Vec<Entry>),
    Lower(Vec<Path>),
    Upper(Vec<Path>),
    Trim(Vec<Path>),
    Split(Vec<(Path, String)>),
    Substitute(Vec<Substitution>),
    Convert(Vec<(Path, Kind)>),
    Date(Box<DateTime>),
    ListToMap(ListToMap),
}

/// A format that an AWS service writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vended {
    Cloudfront,
    Postgres,
    Route53,
    Vpc,
    Waf,
}

impl Step {
    fn is_parser(&self) -> bool {
        matches!(self, Step::Json { .. } | Step::Grok(..) | Step::Csv { .. } | Step::KeyValue { .. } | Step::Vended(_))
    }
}

fn wrong(words: impl Into<String>) -> Malformed {
    Malformed::Wrong(words.into())
}

/// The steps of a transformer, if they are in an order that AWS takes.
pub(crate) fn steps(processors: &Value) -> Result<Vec<Step>, Malformed> {
    let processors = processors.as_array().ok_or_else(|| wrong("The transformer must be an array of processors."))?;
    if processors.is_empty() || processors.len() > MAX_PROCESSORS {
        return Err(wrong(format!("A transformer must have between 1 and {MAX_PROCESSORS} processors.")));
    }
    let (mut steps, mut expressions) = (Vec::new(), 0);
    for processor in processors {
        let step = step(processor)?;
        if let Step::Substitute(entries) = &step {
            expressions += entries.iter().map(|entry| entry.size).sum::<usize>();
        }
        if expressions > MAX_PROGRAMS_BYTES {
            return Err(wrong("The regular expressions of the transformer are too large."));
        }
        steps.push(step);
    }
    if !steps[0].is_parser() {
        return Err(wrong("The first processor in a transformer must be a parser."));
    }
    if steps.iter().filter(|step| step.is_parser()).count() > MAX_PARSERS {
        return Err(wrong(format!("A transformer can have at most {MAX_PARSERS} parser processors.")));
    }
    if steps[1..].iter().any(|step| matches!(step, Step::Vended(_))) {
        return Err(wrong("A parser of AWS vended logs must be the first processor in a transformer."));
    }
    let of_message = |step: &Step| match step {
        Step::Json { from, .. } | Step::Grok(from, _) | Step::Csv { from, .. } | Step::KeyValue { from, .. } => {
            *from == From::Message
        }
        _ => true,
    };
    if !of_message(&steps[0]) {
        return Err(wrong("The first processor in a transformer must use @message as its source."));
    }
    type Is = fn(&Step) -> bool;
    let only_one: [(&str, Is); 3] = [
        ("grok", |step| matches!(step, Step::Grok(..))),
        ("addKeys", |step| matches!(step, Step::Add(_))),
        ("copyValue", |step| matches!(step, Step::Copy(_))),
    ];
    for (name, is) in only_one {
        if steps.iter().filter(|step| is(step)).count() > 1 {
            return Err(wrong(format!("A transformer can have only one {name} processor.")));
        }
    }
    Ok(steps)
}

fn step(processor: &Value) -> Result<Step, Malformed> {
    let members = processor.as_object().ok_or_else(|| wrong("A processor must be an object."))?;
    let mut members = members.iter().filter(|(_, value)| !value.is_null());
    let (Some((name, inner)), None) = (members.next(), members.next()) else {
        return Err(wrong("Each processor must have exactly one type."));
    };
    let inner = inner.as_object().ok_or_else(|| wrong(format!("The {name} processor must be an object.")))?;
    let of = Members { processor: name, members: inner };
    Ok(match name.as_str() {
        "parseJSON" => Step::Json { from: of.source()?, to: of.path("destination")? },
        "grok" => Step::Grok(of.source()?, Grok::parse(of.required("match")?)?),
        "csv" => of.csv()?,
        "parseKeyValue" => Step::KeyValue { from: of.source()?, to: of.path("destination")?, how: of.key_value() },
        "parseCloudfront" => of.vended(Vended::Cloudfront)?,
        "parsePostgres" => of.vended(Vended::Postgres)?,
        "parseRoute53" => of.vended(Vended::Route53)?,
        "parseVPC" => of.vended(Vended::Vpc)?,
        "parseWAF" => of.vended(Vended::Waf)?,
        "parseToOCSF" => return Err(Malformed::NotServed("parseToOCSF")),
        "addKeys" => Step::Add(of.entries(5, |entry| {
            Ok((entry.needed_path("key")?, entry.required("value")?.to_owned(), entry.flag("overwriteIfExists")))
        })?),
        "deleteKeys" => Step::Delete(of.keys(5)?),
        "moveKeys" => Step::Move(of.entries(5, |entry| entry.entry("source", "target", false))?),
        "renameKeys" => Step::Rename(of.entries(5, |entry| entry.entry("key", "renameTo", false))?),
        "copyValue" => Step::Copy(of.entries(5, |entry| entry.entry("source", "target", true))?),
        "lowerCaseString" => Step::Lower(of.keys(10)?),
        "upperCaseString" => Step::Upper(of.keys(10)?),
        "trimString" => Step::Trim(of.keys(10)?),
        "splitString" => Step::Split(
            of.entries(10, |entry| Ok((entry.needed_path("source")?, entry.required("delimiter")?.to_owned())))?,
        ),
        "substituteString" => Step::Substitute(of.entries(10, |entry| {
            Substitution::new(entry.needed_path("source")?, entry.required("from")?, entry.required("to")?)
        })?),
        "typeConverter" => Step::Convert(of.entries(5, |entry| Ok((entry.needed_path("key")?, entry.kind()?)))?),
        "dateTimeConverter" => Step::Date(Box::new(of.date()?)),
        "listToMap" => Step::ListToMap(of.list_to_map()?),
        other => return Err(wrong(format!("Unknown processor: {other}"))),
    })
}

/// The members of a processor or of one of its entries.
struct Members<'a> {
    processor: &'a str,
    members: &'a Map<String, Value>,
}

impl<'a> Members<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.members.get(name)?.as_str()
    }

    fn required(&self, name: &str) -> Result<&'a str, Malformed> {
        self.text(name).ok_or_else(|| wrong(format!("The {} processor requires {name}.", self.processor)))
    }

    fn flag(&self, name: &str) -> bool {
        self.members.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    fn path(&self, name: &str) -> Result<Option<Path>, Malformed> {
        self.text(name).map(Path::parse).transpose()
    }

    fn needed_path(&self, name: &str) -> Result<Path, Malformed> {
        Path::parse(self.required(name)?)
    }

    fn source(&self) -> Result<From, Malformed> {
        match self.text("source") {
            None | Some("@message") => Ok(From::Message),
            Some(path) => Path::parse(path).map(From::Field),
        }
    }

    fn list(&self, name: &str, most: usize) -> Result<&'a [Value], Malformed> {
        match self.members.get(name).and_then(Value::as_array) {
            Some(list) if !list.is_empty() && list.len() <= most => Ok(list),
            _ => Err(wrong(format!("The {} processor requires between 1 and {most} {name}.", self.processor))),
        }
    }

    fn keys(&self, most: usize) -> Result<Vec<Path>, Malformed> {
        let not_a_text = || wrong(format!("The withKeys of the {} processor must be strings.", self.processor));
        self.list("withKeys", most)?.iter().map(|key| Path::parse(key.as_str().ok_or_else(not_a_text)?)).collect()
    }

    fn entries<T>(
        &self,
        most: usize,
        read: impl Fn(&Members<'a>) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let no_object = || wrong(format!("The entries of the {} processor must be objects.", self.processor));
        let entries = self.list("entries", most)?.iter().map(|entry| {
            let members = entry.as_object().ok_or_else(no_object)?;
            read(&Members { processor: self.processor, members })
        });
        entries.collect()
    }

    fn entry(&self, from: &str, to: &str, metadata: bool) -> Result<Entry, Malformed> {
        let source = match self.required(from)? {
            "@message" if metadata => From::Message,
            "@logGroupName" if metadata => From::Group,
            "@logGroupStream" | "@logStreamName" if metadata => From::Stream,
            "@accountId" if metadata => From::Account,
            "@regionName" if metadata => From::Region,
            path => From::Field(Path::parse(path)?),
        };
        Ok(Entry { from: source, to: self.needed_path(to)?, overwrite: self.flag("overwriteIfExists") })
    }

    fn kind(&self) -> Result<Kind, Malformed> {
        match self.required("type")? {
            "boolean" => Ok(Kind::Boolean),
            "integer" => Ok(Kind::Integer),
            "double" => Ok(Kind::Double),
            "string" => Ok(Kind::String),
            other => Err(wrong(format!("Unknown type: {other}"))),
        }
    }

    fn vended(&self, format: Vended) -> Result<Step, Malformed> {
        match self.source()? {
            From::Message => Ok(Step::Vended(format)),
            _ => Err(wrong(format!("The {} processor accepts only @message as its source.", self.processor))),
        }
    }

    fn csv(&self) -> Result<Step, Malformed> {
        let delimiter = match self.text("delimiter").unwrap_or(",") {
            "\\t" | "\t" => '\t',
            "\\s" => ' ',
            text => one(text).ok_or_else(|| wrong("The delimiter of the csv processor must be one character."))?,
        };
        let quote = one(self.text("quoteCharacter").unwrap_or("\""));
        let quote = quote.ok_or_else(|| wrong("The quoteCharacter of the csv processor must be one character."))?;
        let columns = self.members.get("columns").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let columns = columns.iter().filter_map(Value::as_str).map(Path::parse).collect::<Result<_, _>>()?;
        Ok(Step::Csv { from: self.source()?, to: self.path("destination")?, delimiter, quote, columns })
    }

    fn key_value(&self) -> KeyValue {
        KeyValue {
            field_delimiter: self.text("fieldDelimiter").unwrap_or("&").to_owned(),
            value_delimiter: self.text("keyValueDelimiter").unwrap_or("=").to_owned(),
            prefix: self.text("keyPrefix").unwrap_or_default().to_owned(),
            non_match: self.text("nonMatchValue").map(str::to_owned),
            overwrite: self.flag("overwriteIfExists"),
        }
    }

    fn zone(&self, name: &str) -> Result<TimeZone, Malformed> {
        let Some(zone) = self.text(name) else { return Ok(TimeZone::UTC) };
        crate::datetime::zone(zone).ok_or_else(|| wrong(format!("Invalid time zone: {zone}")))
    }

    fn date(&self) -> Result<DateTime, Malformed> {
        let patterns = self.list("matchPatterns", 5)?.iter().filter_map(Value::as_str).map(Format::parse);
        Ok(DateTime {
            source: self.needed_path("source")?,
            target: self.needed_path("target")?,
            patterns: patterns.collect::<Result<_, _>>()?,
            format: Format::parse(self.text("targetFormat").unwrap_or("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"))?,
            from_zone: self.zone("sourceTimezone")?,
            to_zone: self.zone("targetTimezone")?,
        })
    }

    fn list_to_map(&self) -> Result<ListToMap, Malformed> {
        let flatten = match (self.flag("flatten"), self.text("flattenedElement")) {
            (false, _) => None,
            (true, Some("first")) => Some(Element::First),
            (true, Some("last")) => Some(Element::Last),
            (true, _) => {
                return Err(wrong("The listToMap processor requires flattenedElement if flatten is true."));
            }
        };
        Ok(ListToMap {
            source: self.needed_path("source")?,
            key: self.needed_path("key")?,
            value: self.path("valueKey")?,
            target: self.path("target")?,
            flatten,
        })
    }
}

fn one(text: &str) -> Option<char> {
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}
