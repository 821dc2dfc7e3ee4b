//! Queries against the same question answered naively, with everything in memory.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a failure")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Strategy, any, prop};
use proptest::{prop_assert_eq, proptest};
use tidegate_insights::{Event, Query, Settings};

/// An event of the model: its time, a word that it may lack, and a number.
#[derive(Debug, Clone)]
struct Line {
    time: i64,
    word: Option<u8>,
    number: i32,
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let line = (0..50i64, prop::option::of(0..4u8), any::<i16>()).prop_map(|(time, word, number)| Line {
        time,
        word,
        number: i32::from(number),
    });
    prop::collection::vec(line, 0..60)
}

fn rows(query: &str, lines: &[Line]) -> Vec<Vec<String>> {
    let mut run = Query::parse(query).unwrap().start(Settings::default());
    for (at, line) in lines.iter().enumerate() {
        let word = line.word.map_or(String::new(), |word| format!(r#","word":"w{word}""#));
        run.push(Event {
            timestamp_ms: line.time,
            ingestion_ms: 0,
            message: format!(r#"{{"n":{},"at":{at}{word}}}"#, line.number),
            log: "0:g".into(),
            log_stream: "s".into(),
            unmasked: None,
            transformed: None,
            ptr: String::new(),
        })
        .unwrap();
    }
    let values = |row: Vec<(String, String)>| {
        row.into_iter().filter(|(name, _)| name != "@ptr").map(|(_, value)| value).collect()
    };
    run.finish().unwrap().rows.into_iter().map(values).collect()
}

fn numbers(query: &str, lines: &[Line]) -> Vec<usize> {
    rows(query, lines).into_iter().map(|row| row[0].parse().unwrap()).collect()
}

proptest! {
    #[test]
    fn groups_count_and_add_up(lines in lines()) {
        let mut groups: BTreeMap<u8, (usize, i64, i32, BTreeSet<i32>)> = BTreeMap::new();
        for line in lines.iter().filter(|line| line.number > -1000) {
            if let Some(word) = line.word {
                let group = groups.entry(word).or_insert((0, 0, i32::MIN, BTreeSet::new()));
                group.0 += 1;
                group.1 += i64::from(line.number);
                group.2 = group.2.max(line.number);
                group.3.insert(line.number);
            }
        }
        let expected: Vec<Vec<String>> = groups
            .into_iter()
            .map(|(word, (count, sum, most, distinct))| {
                vec![format!("w{word}"), count.to_string(), sum.to_string(), most.to_string(), distinct.len().to_string()]
            })
            .collect();
        let query = "filter n > -1000 and ispresent(word) \
                     | stats count(*), sum(n), max(n), count_distinct(n) by word | sort word asc";
        prop_assert_eq!(rows(query, &lines), expected);
    }

    #[test]
    fn a_bounded_sort_is_the_begin_of_the_whole_one(lines in lines(), limit in 1usize..70) {
        let mut order: Vec<usize> = (0..lines.len()).collect();
        order.sort_by_key(|at| (-lines[*at].number, lines[*at].time, *at));
        order.truncate(limit);
        let query = format!("fields at | sort n desc, @timestamp asc | limit {limit}");
        prop_assert_eq!(numbers(&query, &lines), order);
    }

    #[test]
    fn without_a_sort_the_newest_come_first(lines in lines(), limit in 1usize..70) {
        let mut order: Vec<usize> = (0..lines.len()).collect();
        order.sort_by_key(|at| (-lines[*at].time, std::cmp::Reverse(*at)));
        order.truncate(limit);
        prop_assert_eq!(numbers(&format!("fields at | limit {limit}"), &lines), order);
    }

    #[test]
    fn of_equals_the_first_in_order_stays(lines in lines()) {
        let mut order: Vec<usize> = (0..lines.len()).collect();
        order.sort_by_key(|at| (lines[*at].number, *at));
        let mut seen = BTreeSet::new();
        order.retain(|at| lines[*at].word.is_none_or(|word| seen.insert(word)));
        prop_assert_eq!(numbers("fields at | sort n asc | dedup word", &lines), order);
    }

    #[test]
    fn any_text_is_a_query_or_has_its_fault_within(text in ".{0,200}") {
        if let Err(error) = Query::parse(&text) {
            prop_assert_eq!(error.start <= error.end && error.end <= text.chars().count(), true);
        }
    }
}
