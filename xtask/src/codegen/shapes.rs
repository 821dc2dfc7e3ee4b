//! The API crate of a service: a struct and a table for each shape.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use super::emit::{constant, field, header, service_model};
use super::model::{Model, Reference, Shape};
use super::services::{Entry, UNIONS};

/// The file of one service.
pub fn file(service: &Entry, model: &Model) -> Result<String> {
    let generator = Generator { model };
    let mut out = header(&format!("{}: shapes, tables, errors, operations.", model.metadata.service_full_name));
    out.push_str(
        "#![allow(missing_docs, reason = \"the names are AWS's, and so is their documentation\")]
#![allow(clippy::large_enum_variant, reason = \"the unions are AWS's\")]

use std::collections::BTreeMap;
use bytes::Bytes;
use tidegate_protocol::schema::{Kind, ListSchema, Location, MapSchema, Member, Rules, Schema, StructSchema, TimeFormat};
use tidegate_protocol::{read_list, read_map, write_list, write_map, DecodeError, ErrorShape, Fault, Operation, ProtocolId, Reader, ServiceModel, Shape, Validation, Writer};

",
    );
    let tables = service_model(service, model);
    // Lambda's durable executions have operations of their own.
    let is_taken = model.shapes.get("Operation").is_some_and(|shape| shape.kind == "structure");
    if is_taken {
        out = out.replace(" Operation,", "");
        out.push_str(&tables.replace("Operation {", "tidegate_protocol::Operation {"));
    } else {
        out.push_str(&tables);
    }
    out.push_str(&generator.errors()?);
    for name in generator.reachable()? {
        let shape = model.shape(&name)?;
        out.push_str(&match shape.kind.as_str() {
            "structure" if is_union(service, &name, shape) => generator.union(&name, shape)?,
            "structure" => generator.structure(&name, shape)?,
            "list" => generator.list(&name, shape)?,
            "map" => generator.map(&name, shape)?,
            _ => generator.rules(&name, shape),
        });
    }
    Ok(strip_unused(out))
}

/// Removes names from the `use` lines that the file does not need: which ones depends on the service.
fn strip_unused(text: String) -> String {
    let (imports, body) = match text.split_once("/// ") {
        Some((_, body)) => (text[..text.len() - body.len()].to_owned(), body.to_owned()),
        None => return text,
    };
    // As a word: a field or type called `LogLocation` does not use `Location`.
    let used = |name: &str| {
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        body.match_indices(name)
            .any(|(at, _)| !is_part(body[..at].chars().next_back()) && !is_part(body[at + name.len()..].chars().next()))
    };
    let mut imports = imports;
    if !used("Bytes") {
        imports = imports.replace("use bytes::Bytes;\n", "");
    }
    if !used("BTreeMap") {
        imports = imports.replace("use std::collections::BTreeMap;\n", "");
    }
    for name in
        ["Kind", "ListSchema", "Location", "MapSchema", "Rules", "read_list", "read_map", "write_list", "write_map"]
    {
        if !used(name) {
            imports = imports.replace(&format!("{name}, "), "");
        }
    }
    if !used("TimeFormat") {
        imports = imports.replace(", TimeFormat", "");
    }
    imports + &body
}

/// Writes the shapes of one model.
pub struct Generator<'a> {
    pub model: &'a Model,
}

impl Generator<'_> {
    /// Every shape that an operation's input or output reaches, and every map's, list's and scalar's table.
    fn reachable(&self) -> Result<BTreeSet<String>> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<String> = Vec::new();
        for operation in self.model.operations.values() {
            open.extend([&operation.input, &operation.output].into_iter().flatten().map(|r| r.shape.clone()));
        }
        open.extend(self.structured_errors()?);
        while let Some(name) = open.pop() {
            if !reached.insert(name.clone()) {
                continue;
            }
            let shape = self.model.shape(&name)?;
            let uses = [&shape.member, &shape.key, &shape.value];
            open.extend(uses.into_iter().flatten().map(|reference| reference.shape.clone()));
            open.extend(shape.members()?.into_iter().map(|(_, reference)| reference.shape));
        }
        Ok(reached)
    }

    /// The errors that carry more than texts, such as an item: those are structures of their own.
    fn structured_errors(&self) -> Result<Vec<String>> {
        let mut structured = Vec::new();
        for (name, shape) in self.model.shapes.iter().filter(|(_, shape)| shape.exception) {
            for (_, reference) in shape.members()? {
                if matches!(self.model.shape(&reference.shape)?.kind.as_str(), "structure" | "list" | "map") {
                    structured.push(name.clone());
                }
            }
        }
        Ok(structured)
    }

    /// A constant for each error of the model.
    fn errors(&self) -> Result<String> {
        let mut out =
            String::from("\n/// The errors of the model.\npub mod errors {\nuse super::{ErrorShape, Fault};\n");
        for (name, shape) in self.model.shapes.iter().filter(|(_, shape)| shape.exception) {
            let old = self.old_shape(name).and_then(|shape| shape.error.as_ref());
            let error = shape.error.as_ref().or(old);
            let status = error.and_then(|error| error.http_status_code);
            let receiver = shape.fault || status.is_some_and(|status| status >= 500);
            let query = error.and_then(|error| error.code.clone()).or_else(|| self.unlisted_query_code(name));
            let query = query.filter(|code| code != name).map_or_else(String::new, |code| format!(".query({code:?})"));
            let status = status.or_else(|| self.unlisted_status(name)).unwrap_or(if receiver { 500 } else { 400 });
            let fault = if receiver { "Receiver" } else { "Sender" };
            out += &format!(
                "pub const {}: ErrorShape = ErrorShape::new({name:?}, {status}, Fault::{fault}){query}{};\n",
                constant(name),
                self.rest_error(shape)?
            );
        }
        out.push_str("}\n");
        Ok(out)
    }

    /// What an error's structure says in the REST protocols beside its message.
    fn rest_error(&self, shape: &Shape) -> Result<String> {
        let mut out = String::new();
        if !self.model.metadata.protocol.starts_with("rest-") {
            return Ok(out);
        }
        for (name, reference) in shape.members()? {
            let in_body = reference.location_name.as_deref().unwrap_or(name);
            match (reference.location.as_deref(), in_body) {
                (Some("header"), header) => out += &format!(".in_header({name:?}, {header:?})"),
                (None, "Message") => out.push_str(".capital_message()"),
                (None, "Type") => out.push_str(".typed()"),
                _ => {}
            }
        }
        Ok(out)
    }

    fn structure(&self, name: &str, shape: &Shape) -> Result<String> {
        let members = shape.members()?;
        let mut table = String::new();
        let mut fields = String::new();
        let mut reads = String::new();
        let mut writes = String::new();
        for (index, (member_name, reference)) in members.iter().enumerate() {
            let target = self.model.shape(&reference.shape)?;
            let field = field(member_name);
            table += &format!("{},", self.member(name, shape, member_name, reference)?);
            let (kind, read) = (self.rust_type(&reference.shape, target)?, self.read(&reference.shape, target)?);
            // A structure that holds itself, without a list or map in between, would be infinitely large.
            let (kind, read) = match self.contains(&reference.shape, name, &mut BTreeSet::new())? {
                true => (format!("Box<{kind}>"), format!("Box::new({read})")),
                false => (kind, read),
            };
            fields += &format!("pub {field}: Option<{kind}>,");
            reads += &format!("{index} => shape.{field} = Some({read}),");
            let write = self.write(&reference.shape, target, "value")?;
            writes += &format!(
                "if let Some(value) = &self.{field} {{ writer.member(&{c}, {index}); {write}; }}",
                c = constant(name)
            );
        }
        let constant = constant(name);
        let body = match members.is_empty() {
            true => format!(
                "let shape = {name} {{}}; reader.begin_struct(&{constant})?; while reader.next_member(&{constant})?.is_some() {{}} Ok(shape)"
            ),
            false => format!(
                "let mut shape = {name}::default();
                reader.begin_struct(&{constant})?;
                while let Some(member) = reader.next_member(&{constant})? {{
                    match member {{ {reads} _ => unreachable!(\"the reader knows this table\"), }}
                }}
                Ok(shape)"
            ),
        };
        Ok(format!(
            "
pub static {constant}: StructSchema = StructSchema {{ name: {name:?}, members: &[{table}] }};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct {name} {{ {fields} }}

impl Shape for {name} {{
    fn schema(&self) -> &'static StructSchema {{ &{constant} }}

    fn read(reader: &mut dyn Reader) -> Result<Self, DecodeError> {{ {body} }}

    fn write(&self, writer: &mut dyn Writer) {{
        writer.begin_struct(&{constant});
        {writes}
        writer.end_struct();
    }}
}}
"
        ))
    }

    /// Whether the shape `outer` is `inner`, or a structure that holds it directly.
    pub fn contains(&self, outer: &str, inner: &str, seen: &mut BTreeSet<String>) -> Result<bool> {
        let shape = self.model.shape(outer)?;
        if shape.kind != "structure" || !seen.insert(outer.to_owned()) {
            return Ok(false);
        }
        if outer == inner {
            return Ok(true);
        }
        for (_, reference) in shape.members()? {
            if self.contains(&reference.shape, inner, seen)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A member's line in its structure's table.
    pub fn member(&self, owner: &str, shape: &Shape, name: &str, reference: &Reference) -> Result<String> {
        let target = self.model.shape(&reference.shape)?;
        let mut line = format!("Member::new({name:?}, {})", self.schema(&reference.shape, target)?);
        let wire_name = self.wire_name(owner, name, reference)?;
        if wire_name != name {
            line += &format!(".wire_name({wire_name:?})");
        }
        if shape.required.iter().any(|required| required == name) {
            line.push_str(".required()");
        }
        if self.flattened(owner, name, reference, target) {
            line.push_str(".flattened()");
        }
        let key = reference.location_name.as_deref().unwrap_or(name);
        let location = match reference.location.as_deref() {
            _ if shape.payload.as_deref() == Some(name) || reference.event_payload => {
                Some("Location::Payload".to_owned())
            }
            _ if reference.xml_attribute => Some(format!("Location::Attribute({key:?})")),
            _ if reference.event_header => Some(format!("Location::Header({key:?})")),
            None => None,
            Some("header") => Some(format!("Location::Header({key:?})")),
            Some("headers") => Some(format!("Location::Headers({key:?})")),
            Some("uri") => Some(format!("Location::Uri({key:?})")),
            Some("querystring") => Some(format!("Location::Query({key:?})")),
            Some("statusCode") => Some("Location::StatusCode".to_owned()),
            Some(other) => bail!("{owner}.{name} travels in {other}, which is not known"),
        };
        if let Some(location) = location {
            line += &format!(".at({location})");
        }
        if let Some(format) = reference.timestamp_format.as_ref().or(target.timestamp_format.as_ref()) {
            line += &format!(".time(TimeFormat::{})", time_format(format)?);
        }
        Ok(line)
    }

    fn list(&self, name: &str, shape: &Shape) -> Result<String> {
        let member = shape.member.as_ref().with_context(|| format!("{name} has no element"))?;
        let target = self.model.shape(&member.shape)?;
        let old = self.old_shape(name).and_then(|shape| shape.member.as_ref()).unwrap_or(member);
        let entry = old.location_name.as_deref().unwrap_or("member");
        let element = self.schema(&member.shape, target)?;
        let constant = constant(name);
        let rules = self.rules(name, shape);
        Ok(format!(
            "{rules}\npub static {constant}: ListSchema = ListSchema {{ element: {element}, entry_name: {entry:?} }};\n"
        ))
    }

    fn map(&self, name: &str, shape: &Shape) -> Result<String> {
        let key = shape.key.as_ref().with_context(|| format!("{name} has no key"))?;
        let value = shape.value.as_ref().with_context(|| format!("{name} has no value"))?;
        let old = self.old_shape(name).unwrap_or(shape);
        let name_of = |reference: &Option<Reference>, default: &str| {
            reference
                .as_ref()
                .and_then(|reference| reference.location_name.clone())
                .unwrap_or_else(|| default.to_owned())
        };
        Ok(format!(
            "{rules}\npub static {constant}: MapSchema = MapSchema {{ key: {key}, value: {value}, key_name: {key_name:?}, value_name: {value_name:?} }};\n",
            rules = self.rules(name, shape),
            constant = constant(name),
            key = self.schema(&key.shape, self.model.shape(&key.shape)?)?,
            value = self.schema(&value.shape, self.model.shape(&value.shape)?)?,
            key_name = name_of(&old.key, "key"),
            value_name = name_of(&old.value, "value"),
        ))
    }

    /// The static with a shape's demands, or nothing if it makes none.
    fn rules(&self, name: &str, shape: &Shape) -> String {
        if !is_ruled(shape) {
            return String::new();
        }
        let number =
            |bound: Option<f64>| bound.map_or_else(|| "None".to_owned(), |bound| format!("Some({})", bound as i64));
        let pattern = shape.pattern.as_ref().map_or_else(|| "None".to_owned(), |pattern| format!("Some({pattern:?})"));
        let values: Vec<String> = shape.values.iter().map(|value| format!("{value:?}")).collect();
        format!(
            "\nstatic {}: Rules = Rules {{ min: {}, max: {}, pattern: {pattern}, values: &[{}] }};\n",
            self.rules_of(name),
            number(shape.min),
            number(shape.max),
            values.join(", ")
        )
    }

    /// The name of that static. S3 has a list of rules that would be called the same.
    fn rules_of(&self, name: &str) -> String {
        let rules = format!("{}_RULES", constant(name));
        match self.model.shapes.keys().any(|other| constant(other) == rules) {
            true => format!("{}_DEMANDS", constant(name)),
            false => rules,
        }
    }

    /// A shape's `Schema`.
    fn schema(&self, name: &str, shape: &Shape) -> Result<String> {
        let plain = match shape.kind.as_str() {
            "string" => "Schema::STRING".to_owned(),
            "boolean" => "Schema::BOOLEAN".to_owned(),
            "integer" => "Schema::INTEGER".to_owned(),
            "long" => "Schema::LONG".to_owned(),
            "float" | "double" => "Schema::DOUBLE".to_owned(),
            "blob" => "Schema::BLOB".to_owned(),
            "timestamp" => "Schema::TIMESTAMP".to_owned(),
            "list" => format!("Schema::of(Kind::List(&{}))", constant(name)),
            "map" => format!("Schema::of(Kind::Map(&{}))", constant(name)),
            "structure" => format!("Schema::of(Kind::Struct(&{}))", constant(name)),
            other => bail!("{name} is a {other}, which is not known"),
        };
        match is_ruled(shape) {
            true => Ok(format!("{plain}.ruled(&{})", self.rules_of(name))),
            false => Ok(plain),
        }
    }

    /// A shape's type in Rust.
    pub fn rust_type(&self, name: &str, shape: &Shape) -> Result<String> {
        Ok(match shape.kind.as_str() {
            "string" => "String".to_owned(),
            "boolean" => "bool".to_owned(),
            "integer" => "i32".to_owned(),
            "long" => "i64".to_owned(),
            "float" | "double" => "f64".to_owned(),
            "blob" => "Bytes".to_owned(),
            "timestamp" => "tidegate_types::Timestamp".to_owned(),
            "list" => format!("Vec<{}>", self.inner_type(&shape.member)?),
            "map" => format!("BTreeMap<String, {}>", self.inner_type(&shape.value)?),
            _ => name.to_owned(),
        })
    }

    fn inner_type(&self, reference: &Option<Reference>) -> Result<String> {
        let name = &reference.as_ref().context("a list or map of nothing")?.shape;
        self.rust_type(name, self.model.shape(name)?)
    }

    /// An expression that reads a shape from `reader`.
    pub fn read(&self, name: &str, shape: &Shape) -> Result<String> {
        Ok(match shape.kind.as_str() {
            "list" => format!("read_list(reader, &{}, |reader| {})?", constant(name), self.read_inner(&shape.member)?),
            "map" => format!("read_map(reader, &{}, |reader| {})?", constant(name), self.read_inner(&shape.value)?),
            "structure" => format!("{name}::read(reader)?"),
            scalar => format!("reader.{}()?", method(scalar)),
        })
    }

    /// The same as a result, for the body of a closure.
    fn read_inner(&self, reference: &Option<Reference>) -> Result<String> {
        let name = &reference.as_ref().context("a list or map of nothing")?.shape;
        let read = self.read(name, self.model.shape(name)?)?;
        Ok(read.strip_suffix('?').map_or(read.clone(), str::to_owned))
    }

    /// An expression that writes `value`, a reference, to `writer`.
    pub fn write(&self, name: &str, shape: &Shape, value: &str) -> Result<String> {
        Ok(match shape.kind.as_str() {
            "list" => format!(
                "write_list(writer, &{}, {value}, |writer, value| {})",
                constant(name),
                self.write_inner(&shape.member)?
            ),
            "map" => format!(
                "write_map(writer, &{}, {value}, |writer, value| {})",
                constant(name),
                self.write_inner(&shape.value)?
            ),
            "structure" => format!("{value}.write(writer)"),
            "integer" => format!("writer.long(i64::from(*{value}))"),
            "string" | "blob" => format!("writer.{}({value})", method(&shape.kind)),
            scalar => format!("writer.{}(*{value})", method(scalar)),
        })
    }

    fn write_inner(&self, reference: &Option<Reference>) -> Result<String> {
        let name = &reference.as_ref().context("a list or map of nothing")?.shape;
        self.write(name, self.model.shape(name)?, "value")
    }
}

/// Events are no values, so their union stays a table that nobody reads.
fn is_union(service: &Entry, name: &str, shape: &Shape) -> bool {
    (shape.union && !shape.event_stream) || (service.name.starts_with("dynamodb") && UNIONS.contains(&name))
}

fn is_ruled(shape: &Shape) -> bool {
    shape.min.is_some() || shape.max.is_some() || shape.pattern.is_some() || !shape.values.is_empty()
}

fn time_format(name: &str) -> Result<&'static str> {
    Ok(match name {
        "unixTimestamp" => "EpochSeconds",
        "iso8601" => "Iso8601",
        "rfc822" => "HttpDate",
        other => bail!("{other} is a format of times that is not known"),
    })
}

/// The reader's and writer's method for a scalar.
fn method(kind: &str) -> &str {
    match kind {
        "float" => "double",
        other => other,
    }
}
