//! What a shape looks like on the wire, as static tables.
//!
//! The tables are `const`-built by generated code, so a table costs nothing at start and a few words
//! of read-only memory for each member.

/// A structure: its name in the service model and its members in the model's order.
#[derive(Debug)]
pub struct StructSchema {
    /// The shape's name in the model, such as `SendMessageRequest`.
    pub name: &'static str,
    /// The members. A member's index in this table is how readers and generated code name it.
    pub members: &'static [Member],
}

/// One member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The member's name in the model, which is its key in awsJson.
    pub name: &'static str,
    /// Its name in query requests, XML, and the JSON of the REST services: `Attribute` for `Attributes`.
    /// For a flattened list this is the name that each entry carries.
    pub wire_name: &'static str,
    /// What it holds.
    pub schema: Schema,
    /// Whether the model requires it.
    pub required: bool,
    /// Whether a list's or map's entries stand directly in the structure, without an element around
    /// them and without `.member` in query keys.
    pub flattened: bool,
    /// Where in the HTTP message it travels.
    pub location: Location,
    /// How a time is written, where that is not the location's and the protocol's own way.
    pub time: Option<TimeFormat>,
}

/// How a point in time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeFormat {
    /// `1422172800.007`, seconds since 1970: the bodies of JSON.
    EpochSeconds,
    /// `2015-01-25T08:00:00.007Z`: the bodies of XML, query strings, paths.
    Iso8601,
    /// `Sun, 25 Jan 2015 08:00:00 GMT`: headers.
    HttpDate,
}

/// Where a member travels. Everything but [`Location::Body`] occurs in the REST protocols and in the events
/// of a stream only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// In the body, beside the other members.
    Body,
    /// It *is* the body.
    Payload,
    /// In this header.
    Header(&'static str),
    /// A map in all headers with this prefix.
    Headers(&'static str),
    /// In the path, under this label.
    Uri(&'static str),
    /// In the query string, under this key.
    Query(&'static str),
    /// The response's status code.
    StatusCode,
    /// In this attribute of the structure's element, in XML.
    Attribute(&'static str),
}

impl Member {
    /// An optional member in the body, with one name everywhere.
    pub const fn new(name: &'static str, schema: Schema) -> Member {
        Member {
            name,
            wire_name: name,
            schema,
            required: false,
            flattened: false,
            location: Location::Body,
            time: None,
        }
    }

    /// The same, under another name in query and XML.
    #[must_use]
    pub const fn wire_name(mut self, wire_name: &'static str) -> Member {
        self.wire_name = wire_name;
        self
    }

    /// The same, required.
    #[must_use]
    pub const fn required(mut self) -> Member {
        self.required = true;
        self
    }

    /// The same, flattened.
    #[must_use]
    pub const fn flattened(mut self) -> Member {
        self.flattened = true;
        self
    }

    /// The same, a time in this format.
    #[must_use]
    pub const fn time(mut self, format: TimeFormat) -> Member {
        self.time = Some(format);
        self
    }

    /// The same, elsewhere in the HTTP message.
    #[must_use]
    pub const fn at(mut self, location: Location) -> Member {
        self.location = location;
        self
    }
}

/// A value's type and what the model demands of it.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// The type.
    pub kind: Kind,
    /// The demands.
    pub rules: &'static Rules,
}

/// The types of the service models.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text, enumerations included: a value that the model does not list is a value all the same.
    String,
    /// `true` or `false`.
    Boolean,
    /// Thirty-two bits, signed.
    Integer,
    /// Sixty-four bits, signed.
    Long,
    /// `float` and `double`.
    Double,
    /// Bytes, in Base64 on text protocols.
    Blob,
    /// A point in time.
    Timestamp,
    /// A list.
    List(&'static ListSchema),
    /// A map with text keys.
    Map(&'static MapSchema),
    /// A structure or a union.
    Struct(&'static StructSchema),
}

/// A list.
#[derive(Debug)]
pub struct ListSchema {
    /// What it holds.
    pub element: Schema,
    /// The name of an entry in query and XML when the list is not flattened.
    pub entry_name: &'static str,
}

/// A map with text keys.
#[derive(Debug)]
pub struct MapSchema {
    /// The demands on keys; their type is always text.
    pub key: Schema,
    /// What it holds.
    pub value: Schema,
    /// The name of an entry's key in query and XML.
    pub key_name: &'static str,
    /// The name of an entry's value in query and XML.
    pub value_name: &'static str,
}

/// What the model demands of a value. The bounds are a text's length in characters, a blob's in
/// bytes, a list's or map's number of entries, or a number's value.
#[derive(Debug)]
pub struct Rules {
    /// The least.
    pub min: Option<i64>,
    /// The most.
    pub max: Option<i64>,
    /// A regular expression, in Java's dialect, which the whole text must match.
    pub pattern: Option<&'static str>,
    /// The only texts allowed; empty if any is.
    pub values: &'static [&'static str],
}

impl Rules {
    /// No demands.
    pub const NONE: Rules = Rules { min: None, max: None, pattern: None, values: &[] };
}

impl Schema {
    /// Any text.
    pub const STRING: Schema = Schema::of(Kind::String);
    /// A boolean.
    pub const BOOLEAN: Schema = Schema::of(Kind::Boolean);
    /// Any `i32`.
    pub const INTEGER: Schema = Schema::of(Kind::Integer);
    /// Any `i64`.
    pub const LONG: Schema = Schema::of(Kind::Long);
    /// Any `f64`.
    pub const DOUBLE: Schema = Schema::of(Kind::Double);
    /// Any bytes.
    pub const BLOB: Schema = Schema::of(Kind::Blob);
    /// Any point in time.
    pub const TIMESTAMP: Schema = Schema::of(Kind::Timestamp);

    /// A value of `kind` without demands.
    pub const fn of(kind: Kind) -> Schema {
        Schema { kind, rules: &Rules::NONE }
    }

    /// The same type with demands.
    #[must_use]
    pub const fn ruled(mut self, rules: &'static Rules) -> Schema {
        self.rules = rules;
        self
    }
}
