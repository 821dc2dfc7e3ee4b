//! The condition block of a statement: operators, qualifiers, and what a missing key means.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::context::Request;
use crate::pattern;
use crate::value;

/// How one value of the request is compared with one of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The same text.
    StringEquals,
    /// The same text but for case.
    StringEqualsIgnoreCase,
    /// A pattern with `*` and `?`.
    StringLike,
    /// Equal numbers.
    NumericEquals,
    /// The request's number is below the policy's.
    NumericLessThan,
    /// … or equal to it.
    NumericLessThanEquals,
    /// The request's number is above the policy's.
    NumericGreaterThan,
    /// … or equal to it.
    NumericGreaterThanEquals,
    /// The same point in time.
    DateEquals,
    /// The request's time is before the policy's.
    DateLessThan,
    /// … or the same.
    DateLessThanEquals,
    /// The request's time is after the policy's.
    DateGreaterThan,
    /// … or the same.
    DateGreaterThanEquals,
    /// Equal truth values.
    Bool,
    /// Equal bytes, in base64.
    BinaryEquals,
    /// The request's address lies in the policy's block.
    IpAddress,
    /// The ARN matches a pattern, part for part.
    ArnLike,
}

/// A condition operator: a comparison, perhaps negated, or the test for presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Compares values.
    Compare {
        /// How.
        comparison: Comparison,
        /// `…Not…`: holds if no value of the policy compares.
        negated: bool,
    },
    /// `Null`: `true` holds if the key is missing, `false` if it is there.
    Null,
}

/// How the values of a key with several are taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualifier {
    /// The key has one value.
    Single,
    /// `ForAllValues:`: every value must hold; none at all holds too.
    ForAllValues,
    /// `ForAnyValue:`: one value must hold.
    ForAnyValue,
}

/// One line of a condition block: an operator, a key, and the values it may be compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// How several values are taken together.
    pub qualifier: Qualifier,
    /// The operator.
    pub operator: Operator,
    /// `…IfExists`: a missing key holds.
    pub if_exists: bool,
    /// The condition key.
    pub key: String,
    /// The policy's values; any one of them will do (for a negated operator, none may).
    pub values: Vec<String>,
}

impl Operator {
    /// The operator of this name without qualifier and `IfExists`; AWS compares it without regard to case.
    pub fn from_name(name: &str) -> Option<Operator> {
        use Comparison as C;
        let compare = |comparison, negated| Some(Operator::Compare { comparison, negated });
        match name.to_ascii_lowercase().as_str() {
            "stringequals" => compare(C::StringEquals, false),
            "stringnotequals" => compare(C::StringEquals, true),
            "stringequalsignorecase" => compare(C::StringEqualsIgnoreCase, false),
            "stringnotequalsignorecase" => compare(C::StringEqualsIgnoreCase, true),
            "stringlike" => compare(C::StringLike, false),
            "stringnotlike" => compare(C::StringLike, true),
            "numericequals" => compare(C::NumericEquals, false),
            "numericnotequals" => compare(C::NumericEquals, true),
            "numericlessthan" => compare(C::NumericLessThan, false),
            "numericlessthanequals" => compare(C::NumericLessThanEquals, false),
            "numericgreaterthan" => compare(C::NumericGreaterThan, false),
            "numericgreaterthanequals" => compare(C::NumericGreaterThanEquals, false),
            "dateequals" => compare(C::DateEquals, false),
            "datenotequals" => compare(C::DateEquals, true),
            "datelessthan" => compare(C::DateLessThan, false),
            "datelessthanequals" => compare(C::DateLessThanEquals, false),
            "dategreaterthan" => compare(C::DateGreaterThan, false),
            "dategreaterthanequals" => compare(C::DateGreaterThanEquals, false),
            "bool" => compare(C::Bool, false),
            "binaryequals" => compare(C::BinaryEquals, false),
            "ipaddress" => compare(C::IpAddress, false),
            "notipaddress" => compare(C::IpAddress, true),
            // AWS: "ArnEquals and ArnLike behave identically."
            "arnequals" | "arnlike" => compare(C::ArnLike, false),
            "arnnotequals" | "arnnotlike" => compare(C::ArnLike, true),
            "null" => Some(Operator::Null),
            _ => None,
        }
    }
}

impl Condition {
    /// Whether the condition holds for the request.
    pub fn holds(&self, request: &Request, variables: bool) -> bool {
        let Operator::Compare { comparison, negated } = self.operator else {
            return self.null_holds(request);
        };
        let one_holds = |value: &String| {
            let compares = |wanted: &String| compare(comparison, wanted, value, request, variables);
            self.values.iter().any(compares) != negated
        };
        match (request.values(&self.key), self.qualifier) {
            // A missing key satisfies a negated operator, and every "for all".
            (None, Qualifier::Single) => self.if_exists || negated,
            (None, Qualifier::ForAllValues) => true,
            (None, Qualifier::ForAnyValue) => self.if_exists,
            (Some(values), Qualifier::ForAllValues) => values.iter().all(one_holds),
            (Some(values), Qualifier::ForAnyValue) => values.iter().any(one_holds),
            // A key with several values under a single-valued operator: AWS warns against it and
            // treats it as "any".
            (Some(values), Qualifier::Single) if negated => values.iter().all(one_holds),
            (Some(values), Qualifier::Single) => values.iter().any(one_holds),
        }
    }

    fn null_holds(&self, request: &Request) -> bool {
        let missing = request.values(&self.key).is_none_or(<[String]>::is_empty);
        self.values.iter().any(|value| value::boolean(value) == Some(missing))
    }
}

fn compare(comparison: Comparison, wanted: &str, value: &str, request: &Request, variables: bool) -> bool {
    use Comparison as C;
    let text = || if variables { pattern::expand_text(wanted, request) } else { Some(wanted.to_owned()) };
    let numbers = || Some((value::number(value)?, value::number(&text()?)?));
    let dates = || Some((value::date(value)?, value::date(&text()?)?));
    match comparison {
        C::StringEquals => text().is_some_and(|wanted| wanted == value),
        C::StringEqualsIgnoreCase => text().is_some_and(|wanted| wanted.to_lowercase() == value.to_lowercase()),
        C::StringLike if variables => pattern::matches_with_variables(wanted, value, request),
        C::StringLike => pattern::wildcard_matches(wanted, value),
        C::NumericEquals => numbers().is_some_and(|(value, wanted)| value == wanted),
        C::NumericLessThan => numbers().is_some_and(|(value, wanted)| value < wanted),
        C::NumericLessThanEquals => numbers().is_some_and(|(value, wanted)| value <= wanted),
        C::NumericGreaterThan => numbers().is_some_and(|(value, wanted)| value > wanted),
        C::NumericGreaterThanEquals => numbers().is_some_and(|(value, wanted)| value >= wanted),
        C::DateEquals => dates().is_some_and(|(value, wanted)| value == wanted),
        C::DateLessThan => dates().is_some_and(|(value, wanted)| value < wanted),
        C::DateLessThanEquals => dates().is_some_and(|(value, wanted)| value <= wanted),
        C::DateGreaterThan => dates().is_some_and(|(value, wanted)| value > wanted),
        C::DateGreaterThanEquals => dates().is_some_and(|(value, wanted)| value >= wanted),
        C::Bool => {
            value::boolean(value).is_some_and(|value| text().and_then(|wanted| value::boolean(&wanted)) == Some(value))
        }
        C::BinaryEquals => same_bytes(wanted, value),
        C::IpAddress => text().and_then(|block| value::address_in(&block, value)).unwrap_or(false),
        C::ArnLike if variables => pattern::arn_matches_with_variables(wanted, value, request),
        C::ArnLike => pattern::arn_matches(wanted, value),
    }
}

fn same_bytes(wanted: &str, value: &str) -> bool {
    match (STANDARD.decode(wanted), STANDARD.decode(value)) {
        (Ok(wanted), Ok(value)) => wanted == value,
        _ => false,
    }
}
