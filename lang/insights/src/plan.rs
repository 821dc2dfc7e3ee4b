//! From commands to segments: rows go through a segment's steps one by one, and its sink keeps what it must.
//!
//! `fields`, `filter`, `parse` and `sort` never need a second row: a sort only notes its keys, and the sink at the
//! end of the segment orders by them. `stats`, `limit` and `dedup` do; a command behind one of them begins a new
//! segment.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::aggregate::Aggregate;
use crate::error::Malformed;
use crate::expression::Expression;
use crate::extract::Extractor;
use crate::functions::Function;
use crate::grammar::{Asked, Command, Commands, Item};
use crate::inputs::Purpose;
use crate::lexer::Token;
use crate::row::MARKS;
use crate::shift::Shift;
use crate::time::Period;
use crate::value::Value;
use crate::whole::Whole;

/// The most `stats` commands.
const MAX_STATS: usize = 10;
/// The most `unnest` commands: each multiplies the rows of one event.
const MAX_UNNESTS: usize = 2;

/// What a run does.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) segments: Vec<Segment>,
    pub(crate) columns: Vec<Arc<str>>,
    /// Whether a command chose them.
    pub(crate) is_chosen: bool,
    /// What the query is compared with.
    pub(crate) shift: Option<Shift>,
}

#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) steps: Vec<Step>,
    pub(crate) sink: Sink,
    /// What is done to all of its rows.
    pub(crate) whole: Option<Whole>,
}

#[derive(Debug)]
pub(crate) enum Step {
    /// Evaluated together, so that none sees another.
    Compute(Vec<(Arc<str>, Expression)>),
    Filter(Expression),
    Extract(Expression, Extractor),
    Unnest(Expression, Arc<str>),
    Keys(Vec<Expression>),
    Lookup {
        number: usize,
        on: Vec<Expression>,
        output: Vec<Arc<str>>,
    },
    Join(Join),
}

#[derive(Debug)]
pub(crate) struct Join {
    /// Which inner query has the right side.
    pub(crate) inner: usize,
    pub(crate) names: [Arc<str>; 2],
    pub(crate) on: Vec<Expression>,
    pub(crate) keeps_left: bool,
}

#[derive(Debug)]
pub(crate) enum Sink {
    Groups(Groups),
    Rows { order: Order, dedup: Vec<Expression>, limit: Option<usize>, any: bool },
}

#[derive(Debug)]
pub(crate) struct Groups {
    pub(crate) by: Vec<(Arc<str>, Expression)>,
    pub(crate) aggregates: Vec<Aggregate>,
    pub(crate) columns: Vec<(Arc<str>, Expression)>,
    /// Columns with each group's share of the sum of an aggregation: the first, and so on.
    pub(crate) shares: Vec<Arc<str>>,
}

/// Which row comes first.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    /// The newest event.
    Newest,
    /// The one that came first.
    Arrival,
    /// By the row's keys, each downward if true.
    Keys(Vec<bool>),
}

pub(crate) fn plan(text: &str, commands: Commands) -> Result<Plan, Malformed> {
    let mut planner = Planner::new(text);
    for (command, token) in commands {
        planner.add(command, &token)?;
    }
    Ok(planner.finish())
}

/// Which column of an inner query is meant: the one with the name of the field that is looked for, or the first.
pub(crate) fn purpose(asked: Asked, plan: &Plan) -> Purpose {
    match asked {
        Asked::Rows(fields) => Purpose::Rows(fields),
        Asked::Values(Some(field)) if !plan.is_chosen || plan.columns.contains(&field) => Purpose::Values(field),
        Asked::Values(_) => Purpose::Values(plan.columns.first().cloned().unwrap_or_else(|| "@message".into())),
    }
}

struct Planner<'q> {
    text: &'q str,
    segments: Vec<Segment>,
    steps: Vec<Step>,
    order: Order,
    dedup: Vec<Expression>,
    limit: Option<usize>,
    any: bool,
    /// Columns in the order they were named.
    columns: Vec<Arc<str>>,
    /// Whether a command chose them.
    chosen: bool,
    display: Option<Vec<Arc<str>>>,
    /// Names of what was computed: an expression written like one of them means it.
    computed: BTreeSet<String>,
    /// What there is behind a `stats`.
    known: Option<BTreeSet<String>>,
    /// The column with the begins of stretches of time, and how long they are.
    bin: Option<(Arc<str>, Period)>,
    /// The other columns that a `stats` groups by.
    by: Vec<Arc<str>>,
    shift: Option<Shift>,
    stats: usize,
    unnests: usize,
}

impl<'q> Planner<'q> {
    fn new(text: &'q str) -> Planner<'q> {
        Planner {
            text,
            segments: Vec::new(),
            steps: Vec::new(),
            order: Order::Newest,
            dedup: Vec::new(),
            limit: None,
            any: false,
            columns: Vec::new(),
            chosen: false,
            display: None,
            computed: BTreeSet::new(),
            known: None,
            bin: None,
            by: Vec::new(),
            shift: None,
            stats: 0,
            unnests: 0,
        }
    }

    fn add(&mut self, command: Command, token: &Token) -> Result<(), Malformed> {
        // AWS's grammar ends with `dedup`, a limit aside.
        if !self.dedup.is_empty() && !matches!(command, Command::Limit { .. }) {
            return Err(Malformed::unexpected(self.text, token.start, token.end));
        }
        if self.limit.is_some() && !matches!(command, Command::Limit { .. }) {
            self.cut();
        }
        match command {
            Command::Fields(items) => {
                self.chosen = true;
                let names = self.compute(items)?;
                names.into_iter().for_each(|name| self.show(name));
            }
            Command::Display(items) => self.display = Some(self.compute(items)?),
            Command::Filter(item) => {
                let expression = self.resolved(item)?;
                self.steps.push(Step::Filter(expression));
            }
            Command::Parse { from, extractor } => {
                let from = self.resolved(from)?;
                extractor.names().into_iter().for_each(|name| {
                    self.define(&name);
                    self.show(name);
                });
                self.steps.push(Step::Extract(from, extractor));
            }
            Command::Unnest { from, name } => {
                self.unnests += 1;
                if self.unnests > MAX_UNNESTS {
                    return Err(Malformed::at("Too many unnest commands", self.text, token.start, token.end));
                }
                let from = self.resolved(from)?;
                let name: Arc<str> = name.into();
                self.define(&name);
                self.show(name.clone());
                self.steps.push(Step::Unnest(from, name));
            }
            Command::Sort(keys) => {
                self.order = Order::Keys(keys.iter().map(|(_, descending)| *descending).collect());
                let keys = keys.into_iter().map(|(item, _)| self.resolved(item)).collect::<Result<_, _>>()?;
                self.steps.push(Step::Keys(keys));
            }
            Command::Limit { most, any } => {
                self.limit = Some(self.limit.map_or(most, |limit| limit.min(most)));
                self.any |= any;
            }
            Command::Dedup(items) => {
                self.dedup = items.into_iter().map(|item| self.resolved(item)).collect::<Result<_, _>>()?;
            }
            Command::Pattern(item) => self.pattern(item, token)?,
            Command::Diff(shift) => self.diff(shift, token)?,
            Command::Lookup { number, on, output } => {
                on.iter().try_for_each(|field| self.check(field, token.start, token.end))?;
                output.iter().for_each(|name| {
                    self.define(name);
                    self.show(name.clone());
                });
                self.steps.push(Step::Lookup { number, on, output });
            }
            Command::Join { inner, names, on, keeps_left } => {
                on.iter().try_for_each(|field| self.check(field, token.start, token.end))?;
                // Behind a `stats` only its columns are known; now those of both sides are, by their names.
                self.known.iter_mut().for_each(|known| known.extend(names.iter().map(|name| name.to_string())));
                self.steps.push(Step::Join(Join { inner, names, on, keeps_left }));
            }
            Command::FillMissing(values) => {
                let Some((bin, period)) = self.bin.clone() else {
                    let words = "The fillmissing command needs a stats command by bin before it";
                    return Err(Malformed::at(words, self.text, token.start, token.end));
                };
                let by = self.by.clone();
                values.iter().for_each(|(name, _)| {
                    self.define(name);
                    self.show(name.clone());
                });
                self.whole(Whole::FillMissing { bin, period, by, values });
            }
            Command::FillDown(patterns) => {
                let fits = |name: &str| {
                    let fits = |pattern: &String| match pattern.strip_suffix('*') {
                        Some(prefix) => name.starts_with(prefix),
                        None => name == pattern,
                    };
                    patterns.is_empty() || patterns.iter().any(fits)
                };
                let fields = self.columns.iter().filter(|name| fits(name)).cloned().collect();
                self.whole(Whole::FillDown(fields));
            }
            Command::Accumulate { field, name } => {
                self.check(&Expression::Field(field.clone()), token.start, token.end)?;
                self.define(&name);
                self.show(name.clone());
                self.whole(Whole::Accumulate { field, name });
            }
            Command::Totals { fields, row, column } => {
                for field in &fields {
                    self.check(&Expression::Field(field.clone()), token.start, token.end)?;
                }
                let fields = if fields.is_empty() { self.columns.clone() } else { fields };
                row.iter().for_each(|name| {
                    self.define(name);
                    self.show(name.clone());
                });
                self.whole(Whole::Totals { fields, row, column });
            }
            Command::Stats { aggregates, columns, by } => self.group(aggregates, columns, by, token)?,
        }
        Ok(())
    }

    /// Ends a segment with what was sorted and limited.
    fn cut(&mut self) {
        let order = std::mem::replace(&mut self.order, Order::Arrival);
        let sink = Sink::Rows {
            order,
            dedup: std::mem::take(&mut self.dedup),
            limit: self.limit.take(),
            any: std::mem::take(&mut self.any),
        };
        self.segments.push(Segment { steps: std::mem::take(&mut self.steps), sink, whole: None });
    }

    /// Ends a segment with what is done to all of its rows.
    fn whole(&mut self, whole: Whole) {
        self.cut();
        self.segments.last_mut().expect("one was just made").whole = Some(whole);
    }

    fn group(
        &mut self,
        aggregates: Vec<Aggregate>,
        columns: Vec<Item>,
        by: Vec<Item>,
        token: &Token,
    ) -> Result<(), Malformed> {
        self.stats += 1;
        if self.stats > MAX_STATS {
            return Err(Malformed::at("Too many stats commands", self.text, token.start, token.end));
        }
        for aggregate in &aggregates {
            aggregate.argument.iter().try_for_each(|argument| self.check(argument, token.start, token.end))?;
        }
        let named = |planner: &Self, items: Vec<Item>| -> Result<Vec<(Arc<str>, Expression)>, Malformed> {
            items.into_iter().map(|item| Ok((item.name.as_str().into(), planner.resolved(item)?))).collect()
        };
        let by = named(self, by)?;
        let columns = named(self, columns)?;
        let period = |expression: &Expression| match expression {
            Expression::Call(function, arguments) if function.is_bin() => match arguments.as_slice() {
                [Expression::Period(period)] => Some(*period),
                _ => None,
            },
            _ => None,
        };
        self.bin = by.iter().find_map(|(name, expression)| Some((name.clone(), period(expression)?)));
        let is_other = |name: &&Arc<str>| self.bin.as_ref().is_none_or(|(bin, _)| bin != *name);
        self.by = by.iter().map(|(name, _)| name).filter(is_other).cloned().collect();
        let names: Vec<Arc<str>> = by.iter().chain(&columns).map(|(name, _)| name.clone()).collect();
        self.known = Some(names.iter().map(|name| name.to_string()).collect());
        self.computed = self.known.iter().flatten().cloned().collect();
        self.columns = names;
        self.chosen = true;
        self.display = None;
        self.order = Order::Arrival;
        let sink = Sink::Groups(Groups { by, aggregates, columns, shares: Vec::new() });
        self.segments.push(Segment { steps: std::mem::take(&mut self.steps), sink, whole: None });
        Ok(())
    }

    /// `pattern x` counts the templates of texts: a `stats` with its own columns, the most frequent first.
    fn pattern(&mut self, item: Item, token: &Token) -> Result<(), Malformed> {
        let call = |name: &str, argument: Expression| {
            Expression::Call(Function::named(name).expect("there is such a function"), vec![argument])
        };
        let named = |expression: Expression, name: &str| {
            let (start, end) = (token.start, token.end);
            Item { expression, name: name.to_owned(), source: name.to_owned(), start, end }
        };
        let argument = self.resolved(item)?;
        let by = vec![named(call("@template", argument), "@pattern")];
        let count = Aggregate { function: crate::aggregate::Function::Count, argument: None };
        let columns = vec![
            named(Expression::Aggregate(0), "@sampleCount"),
            named(call("@severity", Expression::Field("@pattern".into())), "@severityLabel"),
        ];
        self.known = None;
        self.group(vec![count], columns, by, token)?;
        if let Some(Segment { sink: Sink::Groups(groups), .. }) = self.segments.last_mut() {
            groups.shares.push("@ratio".into());
        }
        self.known.get_or_insert_default().insert("@ratio".to_owned());
        self.columns = ["@pattern", "@ratio", "@sampleCount", "@severityLabel"].map(Arc::from).to_vec();
        self.order = Order::Keys(vec![true]);
        self.steps.push(Step::Keys(vec![Expression::Field("@sampleCount".into())]));
        Ok(())
    }

    /// `diff` counts templates in both stretches of time, those of messages if no `pattern` says otherwise; what changed
    /// most comes first. AWS does not document its columns: the four of `pattern`, the same counts and ratios
    /// of the earlier stretch, and what became of them.
    fn diff(&mut self, shift: Shift, token: &Token) -> Result<(), Malformed> {
        if self.stats == 0 {
            let name = "@message".to_owned();
            let (expression, source) = (Expression::Field("@message".into()), name.clone());
            self.pattern(Item { expression, name, source, start: token.start, end: token.end }, token)?;
        }
        // A `pattern` of events, and nothing but its own order behind it.
        let is_behind_pattern = self.segments.len() == 1 && self.steps.len() == 1 && self.shift.is_none();
        let groups = match self.segments.last_mut() {
            Some(Segment { sink: Sink::Groups(groups), .. }) if is_behind_pattern && groups.shares.len() == 1 => groups,
            _ => return Err(Malformed::unexpected(self.text, token.start, token.end)),
        };
        self.shift = Some(shift);
        let call = |name: &str, arguments: Vec<Expression>| {
            Expression::Call(Function::named(name).expect("there is such a function"), arguments)
        };
        let sum = |mark: &&str| Aggregate {
            function: crate::aggregate::Function::Sum,
            argument: Some(Expression::Field((*mark).into())),
        };
        groups.aggregates = MARKS.iter().map(sum).collect();
        let count = |at| call("coalesce", vec![Expression::Aggregate(at), Expression::Literal(Value::Number(0.0))]);
        groups.columns[0].1 = count(0);
        let change =
            Expression::Arithmetic(crate::expression::Arithmetic::Subtract, Box::new(count(0)), Box::new(count(1)));
        let more = [
            ("@baselineSampleCount", count(1)),
            ("@differenceCount", change),
            ("@differenceDescription", call("@difference", vec![count(0), count(1)])),
        ];
        groups.columns.extend(more.map(|(name, expression)| (name.into(), expression)));
        groups.shares.push("@baselineRatio".into());
        let names = [
            "@pattern",
            "@severityLabel",
            "@differenceDescription",
            "@differenceCount",
            "@sampleCount",
            "@ratio",
            "@baselineSampleCount",
            "@baselineRatio",
        ];
        self.known = Some(names.iter().map(|name| (*name).to_owned()).collect());
        self.columns = names.map(Arc::from).to_vec();
        // Instead of the order of `pattern`.
        let changed = call("abs", vec![Expression::Field("@differenceCount".into())]);
        self.steps.pop();
        self.steps.push(Step::Keys(vec![changed]));
        Ok(())
    }

    /// Computes what is not a field as it is, and gives the names of all.
    fn compute(&mut self, items: Vec<Item>) -> Result<Vec<Arc<str>>, Malformed> {
        let mut steps = Vec::new();
        let mut names = Vec::new();
        for item in items {
            let name: Arc<str> = item.name.as_str().into();
            let expression = self.resolved(item)?;
            if !matches!(&expression, Expression::Field(field) if *field == name) {
                steps.push((name.clone(), expression));
            }
            names.push(name);
        }
        steps.iter().for_each(|(name, _)| self.define(name));
        if !steps.is_empty() {
            self.steps.push(Step::Compute(steps));
        }
        Ok(names)
    }

    /// The expression, or the column that was computed from the same text.
    fn resolved(&self, item: Item) -> Result<Expression, Malformed> {
        if self.computed.contains(&item.source) {
            return Ok(Expression::Field(item.source.into()));
        }
        self.check(&item.expression, item.start, item.end)?;
        Ok(item.expression)
    }

    /// Behind a `stats` there are its columns and nothing else.
    fn check(&self, expression: &Expression, start: usize, end: usize) -> Result<(), Malformed> {
        let Some(known) = &self.known else { return Ok(()) };
        let is_known =
            |name: &str| known.contains(name) || name.match_indices('.').any(|(dot, _)| known.contains(&name[..dot]));
        let mut unknown = Vec::new();
        expression.fields(&mut |name| {
            if !is_known(name) {
                unknown.push(name.to_owned());
            }
        });
        if unknown.is_empty() {
            return Ok(());
        }
        let message = format!("Unknown symbols found in or after stats: {}", unknown.join(", "));
        Err(Malformed::at(message, self.text, start, end))
    }

    fn define(&mut self, name: &Arc<str>) {
        self.computed.insert(name.to_string());
        if let Some(known) = &mut self.known {
            known.insert(name.to_string());
        }
    }

    fn show(&mut self, name: Arc<str>) {
        if !self.columns.contains(&name) {
            self.columns.push(name);
        }
    }

    fn finish(mut self) -> Plan {
        let is_of_events = self.known.is_none();
        self.cut();
        let mut columns = match self.display {
            Some(display) => display,
            None if self.chosen => self.columns,
            None => ["@timestamp", "@message"].into_iter().map(Arc::from).chain(self.columns).collect(),
        };
        if is_of_events && !columns.iter().any(|name| &**name == "@ptr") {
            columns.push("@ptr".into());
        }
        Plan { segments: self.segments, columns, is_chosen: self.chosen, shift: self.shift }
    }
}
