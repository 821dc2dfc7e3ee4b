//! The functions of expressions: AWS's names, whatever their case, with how many arguments they take.

mod network;
mod numeric;
mod structure;
mod text;
mod time;

use crate::expression::{Expression, Scope};
use crate::value::Value;

/// How a function computes.
#[derive(Clone, Copy)]
enum Body {
    /// From its arguments' values.
    Plain(fn(&[Value]) -> Value),
    /// From the expressions, because it looks at them, at the row, or not at all of them.
    Special(fn(&[Expression], &Scope<'_>) -> Value),
}

/// A function.
#[derive(Clone, Copy)]
pub(crate) struct Function {
    name: &'static str,
    least: usize,
    most: usize,
    body: Body,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Any number of arguments.
const MANY: usize = 100;

const fn plain(name: &'static str, least: usize, most: usize, body: fn(&[Value]) -> Value) -> Function {
    Function { name, least, most, body: Body::Plain(body) }
}

const fn special(
    name: &'static str,
    least: usize,
    most: usize,
    body: fn(&[Expression], &Scope<'_>) -> Value,
) -> Function {
    Function { name, least, most, body: Body::Special(body) }
}

static FUNCTIONS: [Function; 66] = [
    plain("abs", 1, 1, numeric::abs),
    plain("ceil", 1, 1, numeric::ceil),
    plain("floor", 1, 1, numeric::floor),
    plain("round", 1, 2, numeric::round),
    plain("greatest", 1, MANY, numeric::greatest),
    plain("least", 1, MANY, numeric::least),
    plain("log", 1, 1, numeric::log),
    plain("sqrt", 1, 1, numeric::sqrt),
    plain("haversine", 4, 4, numeric::haversine),
    plain("toNumber", 1, 1, numeric::to_number),
    plain("toDouble", 1, 1, numeric::to_number),
    plain("toInt", 1, 1, numeric::to_int),
    plain("toLong", 1, 1, numeric::to_int),
    special("bin", 1, 1, time::bin),
    special("datefloor", 2, 2, time::datefloor),
    special("dateceil", 2, 2, time::dateceil),
    special("now", 0, 0, time::now),
    plain("fromMillis", 1, 1, time::from_millis),
    plain("toMillis", 1, 1, time::to_millis),
    special("if", 3, 3, structure::if_),
    special("case", 2, MANY, structure::case),
    plain("ispresent", 1, 1, structure::is_present),
    plain("coalesce", 1, MANY, structure::coalesce),
    plain("jsonParse", 1, 1, structure::json_parse),
    plain("jsonStringify", 1, 1, structure::json_stringify),
    plain("isValidIp", 1, 1, network::is_valid),
    plain("isValidIpV4", 1, 1, network::is_valid_v4),
    plain("isValidIpV6", 1, 1, network::is_valid_v6),
    plain("isIpInSubnet", 2, 2, network::in_subnet),
    plain("isIpv4InSubnet", 2, 2, network::v4_in_subnet),
    plain("isIpv6InSubnet", 2, 2, network::v6_in_subnet),
    plain("ipv4ToNumber", 1, 1, network::v4_to_number),
    plain("isPrivateIP", 1, 1, network::is_private),
    plain("isPublicIP", 1, 1, network::is_public),
    plain("isReservedIP", 1, 1, network::is_reserved),
    plain("isempty", 1, 1, text::is_empty),
    plain("isblank", 1, 1, text::is_blank),
    plain("concat", 1, MANY, text::concat),
    plain("ltrim", 1, 2, text::ltrim),
    plain("rtrim", 1, 2, text::rtrim),
    plain("trim", 1, 2, text::trim),
    plain("strlen", 1, 1, text::strlen),
    plain("toupper", 1, 1, text::to_upper),
    plain("upper", 1, 1, text::to_upper),
    plain("tolower", 1, 1, text::to_lower),
    plain("lower", 1, 1, text::to_lower),
    plain("substr", 2, 3, text::substr),
    plain("replace", 3, 3, text::replace),
    special("regex_replace", 3, 3, text::regex_replace),
    plain("strcontains", 2, 3, text::strcontains),
    plain("startsWith", 2, 2, text::starts_with),
    plain("endsWith", 2, 2, text::ends_with),
    plain("split", 2, 2, text::split),
    plain("urlencode", 1, 1, text::url_encode),
    plain("urldecode", 1, 1, text::url_decode),
    plain("base64encode", 1, 1, text::base64_encode),
    plain("base64decode", 1, 1, text::base64_decode),
    plain("md5", 1, 1, text::md5),
    plain("sha256", 1, 1, text::sha256),
    plain("length", 1, 1, structure::length),
    plain("keys", 1, 1, structure::keys),
    plain("element", 2, 2, structure::element),
    special("unmask", 1, 1, structure::unmask),
    // These have names that no query can write: what `pattern` and `diff` compute.
    plain("@template", 1, 1, text::template),
    plain("@severity", 1, 1, text::severity),
    plain("@difference", 2, 2, numeric::difference),
];

impl Function {
    /// The function of that name.
    pub(crate) fn named(name: &str) -> Option<Function> {
        FUNCTIONS.iter().find(|function| function.name.eq_ignore_ascii_case(name)).copied()
    }

    /// Whether it takes that many arguments.
    pub(crate) fn takes(&self, arguments: usize) -> bool {
        (self.least..=self.most).contains(&arguments)
    }

    /// The fields that it reads without being told.
    pub(crate) fn reads(&self) -> &'static [&'static str] {
        if self.is_bin() { &["@timestamp"] } else { &[] }
    }

    /// Whether it cuts time into stretches.
    pub(crate) fn is_bin(&self) -> bool {
        self.name == "bin"
    }

    /// Which argument is a regular expression, if it is written as a text.
    pub(crate) fn regex_argument(&self) -> Option<usize> {
        (self.name == "regex_replace").then_some(1)
    }

    pub(crate) fn call(&self, arguments: &[Expression], scope: &Scope<'_>) -> Value {
        match self.body {
            Body::Special(body) => body(arguments, scope),
            Body::Plain(body) => {
                let values: Vec<Value> = arguments.iter().map(|argument| argument.value(scope)).collect();
                body(&values)
            }
        }
    }
}
