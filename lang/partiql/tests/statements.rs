//! Statements, and what is wrong with those that are none.

use tidegate_partiql::{
    Action, Comparator, Expression, Literal, Moment, Path, Projection, Returning, Statement, Step, Target, parse,
};

fn path(text: &str) -> Path {
    Path { head: text.to_owned(), rest: Vec::new() }
}

fn attribute(text: &str) -> Box<Expression> {
    Box::new(Expression::Path(path(text)))
}

fn text(text: &str) -> Box<Expression> {
    Box::new(Expression::Literal(Literal::Text(text.to_owned())))
}

fn number(text: &str) -> Expression {
    Expression::Literal(Literal::Number(text.to_owned()))
}

#[test]
fn a_selection_has_a_projection_a_target_a_filter_and_an_order() {
    let (statement, parameters) = parse(
        "select a, b.c[1] from \"my-table\".\"idx\" where pk = ? and not begins_with(\"sk\", 'x') order by sk desc;",
    )
    .unwrap();
    let Statement::Select(select) = statement else { panic!("{statement:?}") };
    assert_eq!(parameters, 1);
    let nested = Path { head: "b".to_owned(), rest: vec![Step::Field("c".to_owned()), Step::Index(1)] };
    assert_eq!(select.projection, Projection::Paths(vec![path("a"), nested]));
    assert_eq!(select.from, Target { table: "my-table".to_owned(), index: Some("idx".to_owned()) });
    let call = Expression::Call("begins_with".to_owned(), vec![*attribute("sk"), *text("x")]);
    let filter = Expression::And(
        Box::new(Expression::Compare(Comparator::Equal, attribute("pk"), Box::new(Expression::Parameter(0)))),
        Box::new(Expression::Not(Box::new(call))),
    );
    assert_eq!(select.filter, Some(filter));
    assert!(select.order[0].descending);
}

#[test]
fn or_binds_weaker_than_and() {
    let filter = |statement: &str| match parse(statement).unwrap().0 {
        Statement::Select(select) => select.filter.unwrap(),
        other => panic!("{other:?}"),
    };
    let all = filter("SELECT * FROM t WHERE a IS MISSING OR b IS NOT NULL AND c BETWEEN 1 AND 2");
    let expected = Expression::Or(
        Box::new(Expression::IsMissing(attribute("a"))),
        Box::new(Expression::And(
            Box::new(Expression::Not(Box::new(Expression::IsNull(attribute("b"))))),
            Box::new(Expression::Between(attribute("c"), Box::new(number("1")), Box::new(number("2")))),
        )),
    );
    assert_eq!(all, expected);
    assert_eq!(filter("SELECT * FROM t WHERE a IN [1, -.5]"), filter("SELECT * FROM t WHERE a IN (1, -.5)"));
}

#[test]
fn an_insertion_holds_values_of_all_kinds() {
    let (statement, parameters) =
        parse("INSERT INTO t VALUE {'s': 'it''s', 'l': [1, ?], 'e': <<1, 2>>, 'm': {'n': null}}").unwrap();
    let Statement::Insert(insert) = statement else { panic!("{statement:?}") };
    let member = |name: &str, value| (name.to_owned(), value);
    let expected = Expression::Map(vec![
        member("s", *text("it's")),
        member("l", Expression::List(vec![number("1"), Expression::Parameter(0)])),
        member("e", Expression::Set(vec![number("1"), number("2")])),
        member("m", Expression::Map(vec![member("n", Expression::Literal(Literal::Null))])),
    ]);
    assert_eq!((insert.item, parameters), (expected, 1));
}

#[test]
fn an_update_begins_with_either_word() {
    let update = |statement: &str| match parse(statement).unwrap().0 {
        Statement::Update(update) => update,
        other => panic!("{other:?}"),
    };
    let found = update("UPDATE t SET a = a + 1, b = 2 SET c = 3 REMOVE d[0] WHERE k = 1 RETURNING MODIFIED OLD *");
    let sum = Expression::Plus(attribute("a"), Box::new(number("1")));
    let element = Path { head: "d".to_owned(), rest: vec![Step::Index(0)] };
    let actions = [
        Action::Set(path("a"), sum),
        Action::Set(path("b"), number("2")),
        Action::Set(path("c"), number("3")),
        Action::Remove(element),
    ];
    assert_eq!(found.actions, actions);
    assert_eq!(found.returning, Some(Returning { modified: true, moment: Moment::Old }));
    assert_eq!(update("FROM t WHERE k = 1 SET a = 1"), update("UPDATE t SET a = 1 WHERE k = 1"));
}

#[test]
fn exists_holds_a_selection() {
    let (statement, _) = parse("EXISTS(SELECT * FROM t WHERE k = 1)").unwrap();
    assert!(matches!(statement, Statement::Exists(select) if select.from.table == "t"));
}

#[test]
fn what_is_no_statement_is_refused_in_the_services_words() {
    let malformed = |detail: &str| format!("Statement wasn't well formed, can't be processed: {detail}");
    let remainder = malformed("Unexpected token after expression");
    let cases = [
        ("SLECT * FROM t", malformed("Expected data manipulation")),
        ("UPDATE a-b SET x = 1 WHERE k = 1", malformed("Expected data manipulation")),
        ("SELECT * FROM t WHERE k = 1 foo", remainder.clone()),
        ("SELECT * FROM t WHERE k = 1 e5", remainder.clone()),
        ("INSERT INTO t VALUE {'k': 1} foo", remainder.clone()),
        ("UPDATE t SET a = 9 WHERE k = 1 foo", remainder.clone()),
        ("DELETE FROM t WHERE k = 1 foo", remainder.clone()),
        ("SELECT * FROM t WHERE k = 1)", remainder.clone()),
        ("DELETE FROM t WHERE k = 1 ORDER BY k", remainder.clone()),
        ("SELECT * FROM t ORDER BY k WHERE k = 1", remainder.clone()),
        ("INSERT INTO t u VALUE {'k': 1}", remainder.clone()),
        ("FROM t SET c = 1 WHERE k = 1", remainder.clone()),
        ("FROM t SET c = 1 WHERE k = 1 SET d = 2", remainder),
        ("SELECT * FROM t WHERE k = 1e99999999999", malformed("")),
        ("SELECT * FROM t WHERE k = 1 # note", malformed("")),
        ("SELECT * FROM t WHERE k = 1 /* note", malformed("")),
        ("SELECT * FROM \"t", malformed("")),
        ("SELECT * FROM t u WHERE k = 1", "Aliasing is not supported".to_owned()),
        ("SELECT * FROM t AS u WHERE k = 1", "Aliasing is not supported".to_owned()),
        ("UPDATE t u SET a = 3 WHERE k = 1", "Aliasing is not supported".to_owned()),
        ("DELETE FROM t u WHERE k = 1", "Aliasing is not supported".to_owned()),
        ("SELECT * FROM t WHERE", malformed("Unexpected term")),
        ("SELECT * FROM t WHERE;", malformed("Unexpected term")),
        ("UPDATE t SET a = 1 WHERE", malformed("Unexpected term")),
        ("DELETE FROM t WHERE", malformed("Unexpected term")),
        ("SELECT * FROM t WHERE NOT", malformed("Unexpected term")),
        ("SELECT * FROM t WHERE (", malformed("Unexpected term")),
        ("SELECT * FROM", malformed("Unexpected term")),
        ("SELECT * FROM t WHERE k = 1 AND", malformed("Missing right-hand side expression of infix operator")),
        ("SELECT * FROM t WHERE k = 1 OR", malformed("Missing right-hand side expression of infix operator")),
        ("SELECT * FROM t WHERE ORDER BY k", malformed("Unexpected keyword")),
        ("INSERT INTO t (a, b) VALUES (?, ?)", malformed("Unexpected keyword")),
        ("SELECT * FROM t WHERE k = 1 AND x IS FOO", malformed("Expected type name")),
        ("SELECT * FROM t WHERE IS NULL", malformed("Unexpected operator")),
        ("SELECT * FROM t WHERE k = LIKE", malformed("Unexpected operator")),
        ("DELETE FROM", malformed("Expected identifier for simple path")),
        ("DELETE FROM;", malformed("Expected identifier for simple path")),
        ("DELETE FROM WHERE k = 1", malformed("Expected identifier for simple path")),
        ("SELECT * FROM t.i.x", "A path may contain at most 2 components in the FROM clause".to_owned()),
        ("SELECT * FROM t.\"\"", "Path component cannot be an empty string".to_owned()),
        ("SELECT * FROM \"\"", "Path component cannot be an empty string".to_owned()),
        (
            "DELETE FROM t WHERE k = 1 RETURNING MODIFIED NEW *",
            "Invalid returning clause: RETURNING MODIFIED NEW *. Only RETURNING ALL OLD * is allowed in DELETE statements."
                .to_owned(),
        ),
    ];
    for (statement, words) in cases {
        assert_eq!(parse(statement).map_err(|error| error.to_string()), Err(words), "{statement}");
    }
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [("(", ")"), ("NOT ", ""), ("[", "]"), ("{'a': ", "}"), ("f(", ")")] {
        let deep = format!("SELECT * FROM t WHERE {}1{}", open.repeat(5000), close.repeat(5000));
        assert!(parse(&deep).is_err());
    }
}
