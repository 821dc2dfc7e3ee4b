//! Commands about all rows: `fillmissing`, `filldown`, `accum`, `addtotals`, `diff`.

use super::{Command, Parser};
use crate::error::Malformed;
use crate::lexer::Kind;
use crate::shift::{By, Shift};
use crate::time::Period;
use crate::value::Value;

impl Parser<'_> {
    /// `fillmissing with 0 for a, with "x" for b`.
    pub(super) fn fillmissing(&mut self) -> Result<Command, Malformed> {
        let mut values = Vec::new();
        while self.eat_word("with")? {
            let negative = self.eat("-")?;
            let value = match self.token.kind.clone() {
                Kind::Number(number) => Value::Number(if negative { -number } else { number }),
                Kind::Text(text) if !negative => Value::Text(text),
                _ => return Err(self.unexpected()),
            };
            self.advance()?;
            if !self.eat_word("for")? {
                return Err(self.unexpected());
            }
            values.push((self.name()?.into(), value));
            if !self.eat(",")? {
                break;
            }
        }
        Ok(Command::FillMissing(values))
    }

    /// `filldown host cpu*`: names, each perhaps with a `*` behind it.
    pub(super) fn filldown(&mut self) -> Result<Command, Malformed> {
        let mut names = Vec::new();
        while matches!(self.token.kind, Kind::Name { .. }) || self.is("*") {
            let mut name = if self.is("*") { String::new() } else { self.name()? };
            if self.is("*") && (name.is_empty() || self.token.start == self.last_end) {
                self.advance()?;
                name.push('*');
            }
            names.push(name);
            self.eat(",")?;
        }
        Ok(Command::FillDown(names))
    }

    /// `accum bytes as total`.
    pub(super) fn accum(&mut self) -> Result<Command, Malformed> {
        let field = self.name()?;
        let name = if self.eat_word("as")? { self.name()? } else { field.clone() };
        Ok(Command::Accumulate { field: field.into(), name: name.into() })
    }

    /// `addtotals fieldname=Sum row=true col=false a, b`.
    pub(super) fn addtotals(&mut self) -> Result<Command, Malformed> {
        let (mut name, mut row, mut column, mut fields) = ("Total".to_owned(), true, false, Vec::new());
        while matches!(self.token.kind, Kind::Name { .. }) {
            let word = self.name()?;
            if self.eat("=")? {
                match word.to_ascii_lowercase().as_str() {
                    "fieldname" => name = self.name()?,
                    "row" => row = self.flag()?,
                    "col" => column = self.flag()?,
                    _ => return Err(self.unexpected()),
                }
            } else {
                fields.push(word.into());
            }
            self.eat(",")?;
        }
        Ok(Command::Totals { fields, row: row.then(|| name.into()), column })
    }

    fn flag(&mut self) -> Result<bool, Malformed> {
        if self.eat_word("true")? {
            return Ok(true);
        }
        if self.eat_word("false")? { Ok(false) } else { Err(self.unexpected()) }
    }

    /// `diff`, `diff previousDay`, and so on.
    pub(super) fn diff(&mut self) -> Result<Command, Malformed> {
        let by = if self.eat_word("previousDay")? {
            By::Period(Period::Millis(86_400_000))
        } else if self.eat_word("previousWeek")? {
            By::Period(Period::Weeks(1))
        } else if self.eat_word("previousMonth")? {
            By::Period(Period::Months(1))
        } else {
            By::Itself
        };
        Ok(Command::Diff(Shift(by)))
    }

    /// `logcompare timeshift 7d`: the same, by any length of time.
    pub(super) fn logcompare(&mut self) -> Result<Command, Malformed> {
        if !self.eat_word("timeshift")? {
            return Err(self.unexpected());
        }
        // `-7d` means as much.
        self.eat("-")?;
        match self.token.kind {
            Kind::Period(period) => {
                self.advance()?;
                Ok(Command::Diff(Shift(By::Period(period))))
            }
            _ => Err(self.unexpected()),
        }
    }
}
