//! Times as Java's formatter writes them: `yyyy-MM-dd'T'HH:mm:ss.SSSZ`; and `epoch`, `epoch_milli`.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

use crate::Malformed;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The longest format.
const MAX_FORMAT: usize = 64;
/// How often a letter may stand in a row, as in Java's formatter. It is how wide a number is written.
const MAX_COUNT: usize = 19;

/// A way to write times.
#[derive(Debug, Clone)]
pub(crate) struct Format(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Literal(String),
    /// A letter and how often it stands.
    Field(char, usize),
    EpochSeconds,
    EpochMillis,
}

impl Part {
    fn is_of_digits(&self) -> bool {
        matches!(self, Part::Field('y' | 'u' | 'M' | 'd' | 'H' | 'm' | 's' | 'S', _))
    }
}

impl Format {
    pub(crate) fn parse(text: &str) -> Result<Format, Malformed> {
        match text {
            "epoch" | "epoch_second" => return Ok(Format(vec![Part::EpochSeconds])),
            "epoch_milli" | "epochMillis" => return Ok(Format(vec![Part::EpochMillis])),
            _ => {}
        }
        let wrong = || Malformed::Wrong(format!("Invalid date time format: {text}"));
        if text.chars().count() > MAX_FORMAT {
            return Err(wrong());
        }
        let mut parts = Vec::new();
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            if c == '\'' {
                let mut literal = String::new();
                loop {
                    match characters.next() {
                        Some('\'') if characters.peek() == Some(&'\'') => {
                            characters.next();
                            literal.push('\'');
                        }
                        Some('\'') => break,
                        Some(c) => literal.push(c),
                        // AWS's own default has no closing quote.
                        None => break,
                    }
                }
                parts.push(Part::Literal(if literal.is_empty() { "'".to_owned() } else { literal }));
            } else if c.is_ascii_alphabetic() {
                let mut count = 1;
                while characters.next_if_eq(&c).is_some() {
                    count += 1;
                }
                if count > MAX_COUNT || !"yuMdHhkKmsSnaEZXxzVOD".contains(c) {
                    return Err(wrong());
                }
                parts.push(Part::Field(c, count));
            } else {
                parts.push(Part::Literal(c.to_string()));
            }
        }
        if parts.is_empty() { Err(wrong()) } else { Ok(Format(parts)) }
    }

    /// The time that a text is, in `zone` unless the text says where.
    pub(crate) fn read(&self, text: &str, zone: &TimeZone) -> Option<Zoned> {
        let mut rest = text.trim();
        let mut read = Parts { year: 1970, month: 1, day: 1, ..Parts::default() };
        for (at, part) in self.0.iter().enumerate() {
            // Fields that touch take as many digits as they have letters.
            let touches = self.0.get(at + 1).is_some_and(Part::is_of_digits);
            rest = match part {
                Part::Literal(literal) => rest.strip_prefix(literal.as_str())?,
                Part::Field(letter, count) => read.field(*letter, *count, touches, rest)?,
                Part::EpochSeconds => {
                    return Some(Timestamp::from_second(rest.parse().ok()?).ok()?.to_zoned(TimeZone::UTC));
                }
                Part::EpochMillis => {
                    return Some(Timestamp::from_millisecond(rest.parse().ok()?).ok()?.to_zoned(TimeZone::UTC));
                }
            };
        }
        if rest.is_empty() { read.zoned(zone) } else { None }
    }

    /// The text of a time.
    pub(crate) fn write(&self, time: &Zoned) -> String {
        self.0.iter().map(|part| written(part, time)).collect()
    }
}

#[derive(Default)]
struct Parts {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    nanos: i32,
    /// Whether it is the afternoon, if the text says so.
    afternoon: Option<bool>,
    zone: Option<TimeZone>,
}

impl Parts {
    /// Reads one field; answers what is left.
    fn field<'t>(&mut self, letter: char, count: usize, touches: bool, text: &'t str) -> Option<&'t str> {
        let most = if touches { count } else { 9 };
        let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let number = || text.get(..digits)?.parse::<i32>().ok();
        let small = || number().and_then(|number| i8::try_from(number).ok());
        let behind = &text[digits..];
        match letter {
            'y' | 'u' => {
                let year = i16::try_from(number()?).ok()?;
                self.year = if digits == 2 { 2000 + year } else { year };
            }
            'M' if count >= 3 => {
                return name(text, &MONTHS).map(|(at, rest)| {
                    self.month = at + 1;
                    rest
                });
            }
            'M' => self.month = small()?,
            'd' => self.day = small()?,
            'H' | 'k' | 'h' | 'K' => self.hour = small()?,
            'm' => self.minute = small()?,
            's' => self.second = small()?,
            'S' | 'n' => {
                let power = 9u32.checked_sub(u32::try_from(digits).ok()?)?;
                self.nanos = number()?.checked_mul(10i32.checked_pow(power)?)?;
            }
            'a' => {
                let word = text.get(..2)?.to_ascii_uppercase();
                self.afternoon = Some(match word.as_str() {
                    "AM" => false,
                    "PM" => true,
                    _ => return None,
                });
                return text.get(2..);
            }
            'E' => return name(text, &DAYS).map(|(_, rest)| rest),
            'Z' | 'X' | 'x' | 'z' | 'V' | 'O' => {
                let is_of_zone = |c: char| c.is_ascii_alphanumeric() || "+-:/_".contains(c);
                let end = text.find(|c| !is_of_zone(c)).unwrap_or(text.len());
                self.zone = Some(zone(&text[..end])?);
                return Some(&text[end..]);
            }
            _ => return None,
        }
        Some(behind)
    }

    fn zoned(self, zone: &TimeZone) -> Option<Zoned> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let date = Date::new(self.year, self.month, self.day).ok()?;
        let time = Time::new(hour, self.minute, self.second, self.nanos).ok()?;
        DateTime::from_parts(date, time).to_zoned(self.zone.unwrap_or_else(|| zone.clone())).ok()
    }
}

/// A name, in full or its first three letters; answers its place and what is left.
fn name<'t>(text: &'t str, names: &[&str]) -> Option<(i8, &'t str)> {
    let begins = |name: &str| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let (at, length) = names.iter().enumerate().find_map(|(at, name)| {
        let length = if begins(name) { name.len() } else { 3 };
        begins(&name[..length]).then_some((at, length))
    })?;
    Some((i8::try_from(at).ok()?, &text[length..]))
}

fn written(part: &Part, time: &Zoned) -> String {
    let (letter, count) = match part {
        Part::Literal(literal) => return literal.clone(),
        Part::EpochSeconds => return time.timestamp().as_second().to_string(),
        Part::EpochMillis => return time.timestamp().as_millisecond().to_string(),
        Part::Field(letter, count) => (*letter, *count),
    };
    let padded = |number: i64| format!("{number:0count$}");
    let month = MONTHS[usize::try_from(time.month() - 1).unwrap_or(0) % 12];
    match letter {
        'y' | 'u' if count == 2 => format!("{:02}", time.year().rem_euclid(100)),
        'y' | 'u' => padded(time.year().into()),
        'M' if count >= 4 => month.to_owned(),
        'M' if count == 3 => month[..3].to_owned(),
        'M' => padded(time.month().into()),
        'd' => padded(time.day().into()),
        'D' => padded(time.day_of_year().into()),
        'H' => padded(time.hour().into()),
        'k' => padded(if time.hour() == 0 { 24 } else { time.hour().into() }),
        'h' => padded(if time.hour() % 12 == 0 { 12 } else { (time.hour() % 12).into() }),
        'K' => padded((time.hour() % 12).into()),
        'm' => padded(time.minute().into()),
        's' => padded(time.second().into()),
        'S' => format!("{:09}", time.subsec_nanosecond()).chars().chain("000000000".chars()).take(count).collect(),
        'n' => padded(time.subsec_nanosecond().into()),
        'a' => if time.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        'E' => {
            let day = DAYS[usize::try_from(Weekday::to_monday_zero_offset(time.weekday())).unwrap_or(0) % 7];
            if count >= 4 { day.to_owned() } else { day[..3].to_owned() }
        }
        'X' if time.offset().is_zero() => "Z".to_owned(),
        'X' | 'x' => offset(time.offset(), count >= 3),
        'Z' => offset(time.offset(), count >= 5),
        'z' | 'V' => time.time_zone().iana_name().map_or_else(|| offset(time.offset(), true), str::to_owned),
        _ => format!("GMT{}", offset(time.offset(), true)),
    }
}

fn offset(offset: Offset, colon: bool) -> String {
    let seconds = offset.seconds();
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
    let colon = if colon { ":" } else { "" };
    format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
}

/// A zone by its name or its distance from UTC.
pub(crate) fn zone(text: &str) -> Option<TimeZone> {
    if matches!(text, "Z" | "UTC" | "GMT" | "UT") {
        return Some(TimeZone::UTC);
    }
    let text = text.strip_prefix("UTC").or_else(|| text.strip_prefix("GMT")).unwrap_or(text);
    let Some(sign) = text.chars().next().filter(|c| "+-".contains(*c)) else { return TimeZone::get(text).ok() };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    // Four digits at most, so that nothing below overflows; signs and other scripts' digits are none.
    if !(1..=4).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = if digits.len() <= 2 { (digits.as_str(), "0") } else { digits.split_at(digits.len() - 2) };
    let minutes = hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?;
    let seconds = if sign == '-' { -minutes * 60 } else { minutes * 60 };
    Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
}

/// `03/Aug/2023:12:34:56 +0000` as ISO 8601.
pub(crate) fn http_date(text: &str) -> Option<String> {
    let time = Format::parse("dd/MMM/yyyy:HH:mm:ss Z").ok()?.read(text, &TimeZone::UTC)?;
    Some(time.timestamp().to_string())
}
