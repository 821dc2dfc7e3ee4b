/// What a request asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// Reads items.
    Select(Select),
    /// Puts an item that is not there yet.
    Insert(Insert),
    /// Changes an item.
    Update(Update),
    /// Deletes an item.
    Delete(Delete),
    /// Demands that an item is there; in transactions only.
    Exists(Select),
}

/// A table, or an index of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The table.
    pub table: String,
    /// The index.
    pub index: Option<String>,
}

/// `SELECT … FROM … WHERE … ORDER BY …`
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    /// What of each item.
    pub projection: Projection,
    /// From where.
    pub from: Target,
    /// Of which items.
    pub filter: Option<Expression>,
    /// In which order.
    pub order: Vec<Order>,
}

/// What a selection shows of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Projection {
    /// Everything.
    All,
    /// What lies at these paths.
    Paths(Vec<Path>),
}

/// An attribute that items are ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The attribute.
    pub path: Path,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// `INSERT INTO … VALUE …`
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    /// The table.
    pub table: String,
    /// The item.
    pub item: Expression,
}

/// `UPDATE … SET … REMOVE … WHERE … RETURNING …`
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// The table.
    pub table: String,
    /// What is changed, in the order in which it is written.
    pub actions: Vec<Action>,
    /// Of which item.
    pub filter: Option<Expression>,
    /// What is answered.
    pub returning: Option<Returning>,
}

/// One change of an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Sets what lies at a path.
    Set(Path, Expression),
    /// Removes what lies at a path.
    Remove(Path),
}

/// `DELETE FROM … WHERE … RETURNING …`
#[derive(Debug, Clone, PartialEq)]
pub struct Delete {
    /// The table.
    pub table: String,
    /// Which item.
    pub filter: Option<Expression>,
    /// Whether the item is answered.
    pub returning: Option<Returning>,
}

/// What a write answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returning {
    /// Whether only what was changed.
    pub modified: bool,
    /// As of when.
    pub moment: Moment,
}

/// Before or after a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before it.
    Old,
    /// After it.
    New,
}

/// A document path: an attribute, then names and indexes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The attribute.
    pub head: String,
    /// What follows it.
    pub rest: Vec<Step>,
}

/// One step of a document path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A name in a map.
    Field(String),
    /// An index in a list.
    Index(usize),
}

/// A value that is written out. Numbers keep their spelling: their rules are the service's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `'text'`
    Text(String),
    /// `-1.5e3`
    Number(String),
    /// `true`
    Bool(bool),
    /// `null`
    Null,
    /// `missing`
    Missing,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A value or a condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// What lies at a path.
    Path(Path),
    /// A written value.
    Literal(Literal),
    /// The parameter of this number, from zero.
    Parameter(usize),
    /// `[…]`
    List(Vec<Expression>),
    /// `<<…>>`
    Set(Vec<Expression>),
    /// `{'name': …}`
    Map(Vec<(String, Expression)>),
    /// A function of arguments.
    Call(String, Vec<Expression>),
    /// A sum.
    Plus(Box<Expression>, Box<Expression>),
    /// A difference.
    Minus(Box<Expression>, Box<Expression>),
    /// A comparison.
    Compare(Comparator, Box<Expression>, Box<Expression>),
    /// The first lies between the others, inclusively.
    Between(Box<Expression>, Box<Expression>, Box<Expression>),
    /// The first equals one of the others.
    In(Box<Expression>, Vec<Expression>),
    /// It is an explicit null.
    IsNull(Box<Expression>),
    /// It is not there.
    IsMissing(Box<Expression>),
    /// Both hold.
    And(Box<Expression>, Box<Expression>),
    /// One holds.
    Or(Box<Expression>, Box<Expression>),
    /// It does not hold.
    Not(Box<Expression>),
}
