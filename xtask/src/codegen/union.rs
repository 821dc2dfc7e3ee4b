//! Unions: structures of which exactly one member is there.
//!
//! As a structure of options a value of DynamoDB's would take two hundred bytes, nearly all of them to say
//! what is not there. What a request gets wrong is kept: services say in words of their own that it has
//! none of the members, or several.

use std::collections::BTreeSet;

use anyhow::Result;

use super::emit::{constant, variant};
use super::model::Shape;
use super::shapes::Generator;

impl Generator<'_> {
    /// The enum of a union, and its table.
    pub fn union(&self, name: &str, shape: &Shape) -> Result<String> {
        let constant = constant(name);
        let (mut table, mut variants, mut reads, mut indexes, mut writes) = Default::default();
        for (index, (member, reference)) in shape.members()?.iter().enumerate() {
            let target = self.model.shape(&reference.shape)?;
            let variant = variant(member);
            push(&mut table, &format!("{},", self.member(name, shape, member, reference)?));
            let (kind, read) = (self.rust_type(&reference.shape, target)?, self.read(&reference.shape, target)?);
            let (kind, read) = match self.contains(&reference.shape, name, &mut BTreeSet::new())? {
                true => (format!("Box<{kind}>"), format!("Box::new({read})")),
                false => (kind, read),
            };
            push(&mut variants, &format!("{variant}({kind}),"));
            push(&mut reads, &format!("{index} => {name}::{variant}({read}),"));
            push(&mut indexes, &format!("{name}::{variant}(_) => Some({index}),"));
            let write = self.write(&reference.shape, target, "value")?;
            push(
                &mut writes,
                &format!("{name}::{variant}(value) => {{ writer.member(&{constant}, {index}); {write}; }}"),
            );
        }
        Ok(format!(
            "
pub static {constant}: StructSchema = StructSchema {{ name: {name:?}, members: &[{table}] }};

#[derive(Debug, Clone, Default, PartialEq)]
pub enum {name} {{
    {variants}
    /// None of the members.
    #[default]
    Empty,
    /// More than one of them, in the request's order.
    Several(Vec<{name}>),
}}

impl {name} {{
    /// The index of the member that it is.
    fn index(&self) -> Option<usize> {{
        match self {{ {indexes} {name}::Empty | {name}::Several(_) => None }}
    }}

    /// Takes one more member; of one that is there twice the last stays.
    fn add(&mut self, value: {name}) {{
        match self {{
            {name}::Empty => *self = value,
            {name}::Several(values) => {{
                values.retain(|other| other.index() != value.index());
                values.push(value);
            }}
            one if one.index() == value.index() => *one = value,
            one => *one = {name}::Several(vec![std::mem::take(one), value]),
        }}
    }}

    fn write_member(&self, writer: &mut dyn Writer) {{
        match self {{
            {writes}
            {name}::Empty => {{}}
            {name}::Several(values) => values.iter().for_each(|value| value.write_member(writer)),
        }}
    }}
}}

impl Shape for {name} {{
    fn schema(&self) -> &'static StructSchema {{ &{constant} }}

    fn read(reader: &mut dyn Reader) -> Result<Self, DecodeError> {{
        let mut shape = {name}::Empty;
        reader.begin_struct(&{constant})?;
        while let Some(member) = reader.next_member(&{constant})? {{
            let value = match member {{ {reads} _ => unreachable!(\"the reader knows this table\"), }};
            shape.add(value);
        }}
        Ok(shape)
    }}

    fn write(&self, writer: &mut dyn Writer) {{
        writer.begin_struct(&{constant});
        self.write_member(writer);
        writer.end_struct();
    }}
}}
"
        ))
    }
}

fn push(to: &mut String, text: &str) {
    to.push_str(text);
}
