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
use crate::grammar::{Command, Item, Parsed};
use crate::lexer::Token;

/// The most `stats` commands.
const MAX_STATS: usize = 10;
/// The most `unnest` commands: each multiplies the rows of one event.
const MAX_UNNESTS: usize = 2;

/// What a run does.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) segments: Vec<Segment>,
    pub(crate) columns: Vec<Arc<str>>,
}

#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) steps: Vec<Step>,
    pub(crate) sink: Sink,
}

#[derive(Debug)]
pub(crate) enum Step {
    /// Evaluated together, so that none sees another.
    Compute(Vec<(Arc<str>, Expression)>),
    Filter(Expression),
    Extract(Expression, Extractor),
    Unnest(Expression, Arc<str>),
    Keys(Vec<Expression>),
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
    /// The column with each group's share of the first aggregation's sum.
    pub(crate) share: Option<Arc<str>>,
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

pub(crate) fn plan(parsed: Parsed<'_>) -> Result<Plan, Malformed> {
    let mut planner = Planner::new(parsed.text);
    for (command, token) in parsed.commands {
        planner.add(command, &token)?;
    }
    Ok(planner.finish())
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
        self.segments.push(Segment { steps: std::mem::take(&mut self.steps), sink });
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
        let names: Vec<Arc<str>> = by.iter().chain(&columns).map(|(name, _)| name.clone()).collect();
        self.known = Some(names.iter().map(|name| name.to_string()).collect());
        self.computed = self.known.iter().flatten().cloned().collect();
        self.columns = names;
        self.chosen = true;
        self.display = None;
        self.order = Order::Arrival;
        let sink = Sink::Groups(Groups { by, aggregates, columns, share: None });
        self.segments.push(Segment { steps: std::mem::take(&mut self.steps), sink });
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
            groups.share = Some("@ratio".into());
        }
        self.known.get_or_insert_default().insert("@ratio".to_owned());
        self.columns = ["@pattern", "@ratio", "@sampleCount", "@severityLabel"].map(Arc::from).to_vec();
        self.order = Order::Keys(vec![true]);
        self.steps.push(Step::Keys(vec![Expression::Field("@sampleCount".into())]));
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
        Plan { segments: self.segments, columns }
    }
}
