//! Expressions: `or`, `and`, `not`, comparisons, sums, products, powers, in the order of how loosely they bind.

use super::{Asked, MAX_DEPTH, Parser};
use crate::aggregate::{self, Aggregate};
use crate::error::Malformed;
use crate::expression::{Arithmetic, Comparison, Expression, Matcher};
use crate::functions::Function;
use crate::lexer::Kind;
use crate::value::Value;

/// The most operators in a row: `a + a + …` nests to the left, one level for each.
const MAX_CHAIN: usize = 100;

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Result<Expression, Malformed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.wrong("The expression is nested too deeply", self.token.start));
        }
        let expression = self.any()?;
        self.depth -= 1;
        Ok(expression)
    }

    fn any(&mut self) -> Result<Expression, Malformed> {
        let mut values = vec![self.all()?];
        while self.eat_word("or")? {
            values.push(self.all()?);
        }
        Ok(single(values, Expression::Any))
    }

    fn all(&mut self) -> Result<Expression, Malformed> {
        let mut values = vec![self.not()?];
        while self.eat_word("and")? {
            values.push(self.not()?);
        }
        Ok(single(values, Expression::All))
    }

    fn not(&mut self) -> Result<Expression, Malformed> {
        let mut negations = 0;
        while self.eat_word("not")? {
            negations += 1;
        }
        let value = self.comparison()?;
        // An even number of negations is still a condition, not a value.
        Ok(match negations {
            0 => value,
            odd if odd % 2 == 1 => Expression::Not(Box::new(value)),
            _ => Expression::Not(Box::new(Expression::Not(Box::new(value)))),
        })
    }

    fn comparison(&mut self) -> Result<Expression, Malformed> {
        let value = self.sum()?;
        let operator = match &self.token.kind {
            Kind::Symbol("=") => Comparison::Equal,
            Kind::Symbol("!=") => Comparison::NotEqual,
            Kind::Symbol("<") => Comparison::Less,
            Kind::Symbol("<=") => Comparison::LessOrEqual,
            Kind::Symbol(">") => Comparison::Greater,
            Kind::Symbol(">=") => Comparison::GreaterOrEqual,
            _ => return self.membership(value),
        };
        self.advance()?;
        Ok(Expression::Compare(operator, Box::new(value), Box::new(self.sum()?)))
    }

    /// `like`, `=~` and `in`, each perhaps with `not`.
    fn membership(&mut self, value: Expression) -> Result<Expression, Malformed> {
        let negated = self.eat_word("not")?;
        if self.is("=~") || self.is_word("like") {
            self.advance()?;
            return Ok(Expression::Like { negated, value: Box::new(value), pattern: self.matcher()? });
        }
        if self.eat_word("in")? {
            if self.is("(") {
                let field = match &value {
                    Expression::Field(name) => Some(name.clone()),
                    _ => None,
                };
                let inner = self.inner(Asked::Values(field))?;
                return Ok(Expression::Within { negated, value: Box::new(value), inner });
            }
            return Ok(Expression::In { negated, value: Box::new(value), list: self.list()? });
        }
        if negated { Err(self.unexpected()) } else { Ok(value) }
    }

    fn matcher(&mut self) -> Result<Matcher, Malformed> {
        if let Some(regex) = self.regex()? {
            return Ok(Matcher::Regex(regex));
        }
        match &self.token.kind {
            Kind::Text(part) => {
                let part = part.clone();
                self.advance()?;
                Ok(Matcher::Part(part))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn list(&mut self) -> Result<Vec<Expression>, Malformed> {
        self.expect("[")?;
        let mut list = Vec::new();
        if self.eat("]")? {
            return Ok(list);
        }
        loop {
            list.push(self.expression()?);
            if self.eat("]")? {
                return Ok(list);
            }
            self.expect(",")?;
        }
    }

    fn sum(&mut self) -> Result<Expression, Malformed> {
        self.chain(&[("+", Arithmetic::Add), ("-", Arithmetic::Subtract)], Parser::product)
    }

    fn product(&mut self) -> Result<Expression, Malformed> {
        let operators = [("*", Arithmetic::Multiply), ("/", Arithmetic::Divide), ("%", Arithmetic::Remainder)];
        self.chain(&operators, Parser::negative)
    }

    fn chain(
        &mut self,
        operators: &[(&str, Arithmetic)],
        operand: fn(&mut Self) -> Result<Expression, Malformed>,
    ) -> Result<Expression, Malformed> {
        let mut value = operand(self)?;
        let mut length = 0;
        while let Some((symbol, operator)) = operators.iter().find(|(symbol, _)| self.is(symbol)) {
            length += 1;
            if length > MAX_CHAIN {
                return Err(self.wrong("The expression is too long", self.token.start));
            }
            self.expect(symbol)?;
            value = Expression::Arithmetic(*operator, Box::new(value), Box::new(operand(self)?));
        }
        Ok(value)
    }

    fn negative(&mut self) -> Result<Expression, Malformed> {
        let mut negative = false;
        let mut signed = false;
        while self.is("-") || self.is("+") {
            signed = true;
            negative ^= self.is("-");
            self.advance()?;
        }
        let value = self.power()?;
        Ok(match value {
            Expression::Literal(Value::Number(number)) if negative => Expression::Literal(Value::Number(-number)),
            value if negative => Expression::Negative(Box::new(value)),
            // `+x` is a number as `-x` is.
            value if signed => Expression::Negative(Box::new(Expression::Negative(Box::new(value)))),
            value => value,
        })
    }

    /// To the right: `2 ^ 3 ^ 2` is `2 ^ 9`.
    fn power(&mut self) -> Result<Expression, Malformed> {
        let base = self.primary()?;
        if !self.eat("^")? {
            return Ok(base);
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.wrong("The expression is nested too deeply", self.token.start));
        }
        let exponent = self.negative()?;
        self.depth -= 1;
        Ok(Expression::Arithmetic(Arithmetic::Power, Box::new(base), Box::new(exponent)))
    }

    fn primary(&mut self) -> Result<Expression, Malformed> {
        if let Some(regex) = self.regex()? {
            return Ok(Expression::Regex(regex));
        }
        if self.eat("(")? {
            let value = self.expression()?;
            self.expect(")")?;
            return self.elements(value);
        }
        let token = self.token.clone();
        match token.kind {
            Kind::Text(text) => self.literal(Value::Text(text)),
            Kind::Number(number) => self.literal(Value::Number(number)),
            Kind::Period(period) => {
                self.advance()?;
                Ok(Expression::Period(period))
            }
            Kind::Name { text, quoted } => {
                if !quoted && is_reserved(&text) {
                    return Err(self.unexpected());
                }
                self.advance()?;
                if self.is("(") && !quoted {
                    let value = self.call(&text, token.start)?;
                    return self.elements(value);
                }
                self.elements(Expression::Field(text.into()))
            }
            Kind::Symbol(_) | Kind::End => Err(self.unexpected()),
        }
    }

    fn literal(&mut self, value: Value) -> Result<Expression, Malformed> {
        self.advance()?;
        Ok(Expression::Literal(value))
    }

    /// `value[0]`, `value["name"]`, and what follows the bracket with a dot.
    fn elements(&mut self, mut value: Expression) -> Result<Expression, Malformed> {
        let element = Function::named("element");
        for _ in 0..MAX_DEPTH {
            let index = if self.eat("[")? {
                let index = self.expression()?;
                self.expect("]")?;
                index
            } else if self.eat(".")? {
                Expression::Literal(Value::Text(self.name()?))
            } else {
                return Ok(value);
            };
            value = match (element, value, index) {
                // A field of the message: `a[0]` is `a.0`.
                (_, Expression::Field(name), Expression::Literal(index)) => {
                    Expression::Field(format!("{name}.{}", index.text().unwrap_or_default()).into())
                }
                (Some(element), value, index) => Expression::Call(element, vec![value, index]),
                (None, ..) => return Err(self.unexpected()),
            };
        }
        Err(self.unexpected())
    }

    /// A function's arguments, the parenthesis being next.
    fn call(&mut self, name: &str, start: usize) -> Result<Expression, Malformed> {
        if let Some(function) = aggregate::Function::named(name)
            && self.aggregates.is_some()
        {
            return self.aggregate(function, start);
        }
        // AWS's names of functions are words of its grammar: another name before a parenthesis makes the
        // parenthesis unexpected, not the name.
        let Some(function) = Function::named(name) else { return Err(self.unexpected()) };
        self.expect("(")?;
        let mut arguments = Vec::new();
        if !self.eat(")")? {
            loop {
                arguments.push(self.expression()?);
                if self.eat(")")? {
                    break;
                }
                self.expect(",")?;
            }
        }
        if !function.takes(arguments.len()) {
            return Err(self.wrong(format!("Invalid arguments for the function {name}"), start));
        }
        if let Some(at) = function.regex_argument()
            && let Expression::Literal(Value::Text(pattern)) = &arguments[at]
        {
            arguments[at] = Expression::Regex(self.compiled(pattern, start, self.last_end)?);
        }
        Ok(Expression::Call(function, arguments))
    }

    fn aggregate(&mut self, function: aggregate::Function, start: usize) -> Result<Expression, Malformed> {
        self.expect("(")?;
        // Aggregations do not nest.
        let mut outer = self.aggregates.take().unwrap_or_default();
        let argument = if self.is(")") || self.is("*") {
            if function != aggregate::Function::Count {
                return Err(self.unexpected());
            }
            self.eat("*")?;
            None
        } else {
            Some(self.expression()?)
        };
        let function = match function {
            aggregate::Function::Percentile(_) => aggregate::Function::Percentile(self.percent()?),
            other => other,
        };
        self.expect(")")?;
        if outer.len() >= MAX_CHAIN {
            return Err(self.wrong("The stats command has too many aggregation functions", start));
        }
        outer.push(Aggregate { function, argument });
        let at = outer.len() - 1;
        self.aggregates = Some(outer);
        Ok(Expression::Aggregate(at))
    }

    fn percent(&mut self) -> Result<f64, Malformed> {
        self.expect(",")?;
        match self.token.kind {
            Kind::Number(percent) if (0.0..=100.0).contains(&percent) => {
                self.advance()?;
                Ok(percent)
            }
            _ => Err(self.unexpected()),
        }
    }
}

fn is_reserved(word: &str) -> bool {
    ["and", "or", "not", "like", "in", "as", "by"].iter().any(|own| own.eq_ignore_ascii_case(word))
}

fn single(mut values: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match values.len() {
        1 => values.remove(0),
        _ => join(values),
    }
}
