//! The statements themselves.

use crate::ast::{
    Action, Delete, Expression, Insert, Moment, Order, Projection, Returning, Select, Statement, Target, Update,
};
use crate::error::{Error, Fault};
use crate::parser::Parser;

/// Clauses that PartiQL has behind `FROM` and DynamoDB lacks.
const UNSUPPORTED: [&str; 5] = ["GROUP", "HAVING", "LIMIT", "OFFSET", "JOIN"];

impl Parser {
    /// The statement that is the whole text.
    pub fn statement(&mut self) -> Result<Statement, Error> {
        let statement = if self.take_word("SELECT") {
            Statement::Select(self.select()?)
        } else if self.take_word("INSERT") {
            Statement::Insert(self.insert()?)
        } else if self.take_word("UPDATE") {
            Statement::Update(self.update()?)
        } else if self.take_word("DELETE") {
            Statement::Delete(self.delete()?)
        } else if self.take_word("FROM") {
            Statement::Update(self.update_from()?)
        } else if self.take_word("EXISTS") {
            Statement::Exists(self.exists()?)
        } else {
            return Err(Fault::NoStatement.into());
        };
        self.take(";");
        if self.is_end() { Ok(statement) } else { Err(Fault::Remainder.into()) }
    }

    fn select(&mut self) -> Result<Select, Error> {
        let projection = self.projection()?;
        if !self.take_word("FROM") {
            return Err(Fault::NoStatement.into());
        }
        if self.is_end() || self.is_symbol(";") {
            return Err(Fault::Term.into());
        }
        let from = self.target()?;
        let filter = self.filter()?;
        if let Some(clause) = UNSUPPORTED.into_iter().find(|clause| self.is_word(clause)) {
            return Err(Error::Clause(clause));
        }
        let order = if self.take_word("ORDER") { self.order()? } else { Vec::new() };
        Ok(Select { projection, from, filter, order })
    }

    fn projection(&mut self) -> Result<Projection, Error> {
        if self.take("*") {
            return if self.is_symbol(",") { Err(Error::StarAndOthers) } else { Ok(Projection::All) };
        }
        if self.is_word("DISTINCT") {
            return Err(Error::Clause("DISTINCT"));
        }
        let mut paths = Vec::new();
        loop {
            if self.take("*") {
                return Err(Error::StarAndOthers);
            }
            paths.push(self.path()?);
            if self.is_word("AS") {
                return Err(Error::Alias);
            }
            if !self.take(",") {
                return Ok(Projection::Paths(paths));
            }
        }
    }

    /// A table, with or without an index. What looks like another name for it is refused as such.
    fn target(&mut self) -> Result<Target, Error> {
        let mut names = vec![self.name().ok_or(Fault::Table)?];
        while self.take(".") {
            names.push(self.name().ok_or(Fault::Table)?);
        }
        if names.len() > 2 {
            return Err(Error::LongTarget);
        }
        if names.iter().any(String::is_empty) {
            return Err(Error::EmptyName);
        }
        let clause = self.is_keyword() && !self.is_word("AS");
        let unsupported = UNSUPPORTED.iter().any(|clause| self.is_word(clause));
        if self.is_word("AS") || (!clause && !unsupported && self.name().is_some()) {
            return Err(Error::Alias);
        }
        let index = if names.len() == 2 { names.pop() } else { None };
        Ok(Target { table: names.remove(0), index })
    }

    /// A table that is written to.
    fn table(&mut self) -> Result<String, Error> {
        let target = self.target()?;
        if target.index.is_some() { Err(Error::IndexWrite) } else { Ok(target.table) }
    }

    fn filter(&mut self) -> Result<Option<Expression>, Error> {
        if self.take_word("WHERE") { self.expression().map(Some) } else { Ok(None) }
    }

    fn order(&mut self) -> Result<Vec<Order>, Error> {
        if !self.take_word("BY") {
            return Err(Fault::Expected("Expected BY").into());
        }
        let mut order = Vec::new();
        loop {
            let path = self.path()?;
            let descending = self.take_word("DESC");
            if !descending {
                self.take_word("ASC");
            }
            order.push(Order { path, descending });
            if !self.take(",") {
                return Ok(order);
            }
        }
    }

    fn insert(&mut self) -> Result<Insert, Error> {
        if !self.take_word("INTO") {
            return Err(Fault::NoStatement.into());
        }
        let table = self.name().ok_or(Fault::Table)?;
        if table.is_empty() {
            return Err(Error::EmptyName);
        }
        if self.is_symbol(".") {
            return Err(Error::IndexWrite);
        }
        if self.is_symbol("(") || self.is_word("VALUES") {
            return Err(Fault::Keyword.into());
        }
        if !self.take_word("VALUE") {
            return Err(if self.is_end() { Fault::Expected("Expected VALUE") } else { Fault::Remainder }.into());
        }
        Ok(Insert { table, item: self.expression()? })
    }

    fn update(&mut self) -> Result<Update, Error> {
        let table = self.table()?;
        let actions = self.actions()?;
        let filter = self.filter()?;
        let returning = self.returning()?;
        Ok(Update { table, actions, filter, returning })
    }

    /// The form that begins with `FROM`, in which the condition stands before the changes.
    fn update_from(&mut self) -> Result<Update, Error> {
        let table = self.table()?;
        let filter = self.filter()?;
        let actions = self.actions()?;
        let returning = self.returning()?;
        Ok(Update { table, actions, filter, returning })
    }

    fn actions(&mut self) -> Result<Vec<Action>, Error> {
        let mut actions = Vec::new();
        loop {
            if self.take_word("SET") {
                loop {
                    let path = self.path()?;
                    self.expect("=", Fault::Expected("Expected = in SET"))?;
                    actions.push(Action::Set(path, self.expression()?));
                    if !self.take(",") {
                        break;
                    }
                }
            } else if self.take_word("REMOVE") {
                loop {
                    actions.push(Action::Remove(self.path()?));
                    if !self.take(",") {
                        break;
                    }
                }
            } else if actions.is_empty() {
                return Err(Fault::NoStatement.into());
            } else {
                return Ok(actions);
            }
        }
    }

    fn delete(&mut self) -> Result<Delete, Error> {
        if !self.take_word("FROM") {
            return Err(Fault::NoStatement.into());
        }
        let table = self.table()?;
        let filter = self.filter()?;
        let returning = self.returning()?;
        match returning {
            Some(Returning { modified, moment }) if modified || moment == Moment::New => {
                let which = if modified { "MODIFIED" } else { "ALL" };
                let moment = if moment == Moment::New { "NEW" } else { "OLD" };
                Err(Error::Returning(format!("RETURNING {which} {moment} *")))
            }
            returning => Ok(Delete { table, filter, returning }),
        }
    }

    fn returning(&mut self) -> Result<Option<Returning>, Error> {
        if !self.take_word("RETURNING") {
            return Ok(None);
        }
        let modified = self.take_word("MODIFIED");
        if !modified && !self.take_word("ALL") {
            return Err(Fault::Expected("Expected ALL or MODIFIED in returning clause.").into());
        }
        let moment = if self.take_word("NEW") {
            Moment::New
        } else if self.take_word("OLD") {
            Moment::Old
        } else {
            return Err(Fault::Expected("Expected OLD or NEW in returning clause.").into());
        };
        self.expect("*", Fault::Expected("Expected * in returning clause."))?;
        Ok(Some(Returning { modified, moment }))
    }

    fn exists(&mut self) -> Result<Select, Error> {
        self.expect("(", Fault::NoStatement)?;
        if !self.take_word("SELECT") {
            return Err(Fault::NoStatement.into());
        }
        let select = self.select()?;
        self.expect(")", Fault::Expected("Expected )"))?;
        Ok(select)
    }
}
