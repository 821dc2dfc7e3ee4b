//! Commands that know more than their events: `join` and subqueries read others, `lookup` reads a table.

use std::sync::Arc;

use super::{Asked, Command, Commands, Parser, Source};
use crate::error::Malformed;
use crate::expression::Expression;
use crate::inputs::Lookup;

/// The most inner queries of a query, and how deep they nest.
const MAX_INNER: usize = 10;
const MAX_NESTED: usize = 3;
/// The most lookups of a query: each may have a table of ten megabytes.
const MAX_LOOKUPS: usize = 10;

/// A query inside another.
#[derive(Debug, Clone)]
pub(crate) struct ParsedInner {
    pub(crate) source: Option<Source>,
    pub(crate) commands: Commands,
    pub(crate) asked: Asked,
}

impl Parser<'_> {
    /// `(SOURCE 'group' | command | …)`: which of the inner queries it is.
    pub(super) fn inner(&mut self, asked: Asked) -> Result<usize, Malformed> {
        let start = self.token.start;
        self.expect("(")?;
        self.nested += 1;
        if self.nested > MAX_NESTED || self.inner.len() >= MAX_INNER {
            return Err(self.wrong("The query has too many subqueries", start));
        }
        // An inner query's aggregations are its own.
        let (outer, depth) = (self.aggregates.take(), std::mem::take(&mut self.depth));
        let source = self.source()?;
        let commands = if source.is_some() && self.is(")") { Vec::new() } else { self.commands()? };
        self.expect(")")?;
        (self.aggregates, self.depth) = (outer, depth);
        self.nested -= 1;
        self.inner.push(ParsedInner { source, commands, asked });
        Ok(self.inner.len() - 1)
    }

    /// `join type=left left=a right=b where a.x = b.y (SOURCE 'group' | …)`.
    pub(super) fn join(&mut self) -> Result<Command, Malformed> {
        let (mut keeps_left, mut left, mut right) = (false, "left".to_owned(), "right".to_owned());
        while !self.eat_word("where")? {
            let option = self.name()?.to_ascii_lowercase();
            self.expect("=")?;
            match option.as_str() {
                "type" if self.eat_word("inner")? => keeps_left = false,
                "type" if self.eat_word("left")? => keeps_left = true,
                "left" => left = self.name()?,
                "right" => right = self.name()?,
                _ => return Err(self.unexpected()),
            }
        }
        let (mut on, mut fields) = (Vec::new(), Vec::new());
        loop {
            let start = self.token.start;
            let one = self.name()?;
            self.expect("=")?;
            let two = self.name()?;
            let side = |name: &str, alias: &str| Some(name.strip_prefix(alias)?.strip_prefix('.')?.to_owned());
            let pair = match (side(&one, &left), side(&two, &right)) {
                (Some(one), Some(two)) => Some((one, two)),
                _ => side(&two, &left).zip(side(&one, &right)),
            };
            let Some((own, other)) = pair else {
                return Err(self.wrong("The join condition must compare a field of each side", start));
            };
            on.push(Expression::Field(own.into()));
            fields.push(Arc::from(other));
            if !self.eat_word("and")? {
                break;
            }
        }
        let inner = self.inner(Asked::Rows(fields))?;
        Ok(Command::Join { inner, names: [left.into(), right.into()], on, keeps_left })
    }

    /// `lookup table column as field, … OUTPUT column, …`.
    pub(super) fn lookup(&mut self) -> Result<Command, Malformed> {
        if self.lookups.len() >= MAX_LOOKUPS {
            return Err(self.wrong("Too many lookup commands", self.token.start));
        }
        let mut lookup = Lookup { table: self.name()?, on: Vec::new(), output: Vec::new() };
        let mut on = Vec::new();
        loop {
            let column = self.name()?;
            let field = if self.eat_word("as")? { self.name()? } else { column.clone() };
            lookup.on.push(column);
            on.push(Expression::Field(field.into()));
            if !self.eat(",")? {
                break;
            }
        }
        if !self.eat_word("output")? {
            return Err(self.unexpected());
        }
        let output = self.names()?;
        lookup.output = output.iter().map(|name| name.to_string()).collect();
        self.lookups.push(lookup);
        Ok(Command::Lookup { number: self.lookups.len() - 1, on, output })
    }
}
