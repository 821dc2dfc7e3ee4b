//! Events that go round in circles.
//!
//! The trace header carries, beside the trace, through which functions an event came and how often:
//! `Root=1-…;Parent=…;Sampled=0;Lineage=a87bd80c:1|68fd508a:5`. SDKs pass the header on with what a function
//! sends, so a function that is called a seventeenth time within one chain can be told from one that is
//! merely busy. AWS stops such a chain after about sixteen invocations, and says so without the format.

use tidegate_types::Arn;
use xxhash_rust::xxh3::xxh3_64;

/// How many times one function may run within one chain of events.
pub(crate) const MAX_TURNS: u32 = 16;

/// What an invocation's trace header says, with this invocation in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Traced {
    /// The header for the function's environment.
    pub header: String,
    /// How often this function has run within the chain, this invocation included.
    pub turns: u32,
}

/// The trace of an invocation that came with `header`, or without one: a new trace then, made of `fresh`
/// (unix seconds and 96 bits of chance).
pub(crate) fn enter(header: Option<&str>, function: &Arn, fresh: impl FnOnce() -> (u64, u128)) -> Traced {
    let mark = mark_of(function);
    let mut fields: Vec<(&str, String)> = header
        .unwrap_or_default()
        .split(';')
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim().to_owned()))
        .collect();
    if !fields.iter().any(|(name, _)| *name == "Root") {
        let (seconds, chance) = fresh();
        let root = format!("1-{seconds:08x}-{:024x}", chance & ((1 << 96) - 1));
        fields.insert(0, ("Root", root));
        if !fields.iter().any(|(name, _)| *name == "Parent") {
            fields.insert(1, ("Parent", format!("{:016x}", (chance >> 32) as u64)));
        }
    }
    if !fields.iter().any(|(name, _)| *name == "Sampled") {
        fields.push(("Sampled", "0".to_owned()));
    }
    let lineage = fields.iter().position(|(name, _)| *name == "Lineage");
    let mut turns_of: Vec<(String, u32)> = lineage.map(|at| read(&fields[at].1)).unwrap_or_default();
    let turns = match turns_of.iter_mut().find(|(other, _)| *other == mark) {
        Some((_, turns)) => {
            *turns = turns.saturating_add(1);
            *turns
        }
        None => {
            turns_of.push((mark, 1));
            1
        }
    };
    let written = turns_of.iter().map(|(mark, turns)| format!("{mark}:{turns}")).collect::<Vec<_>>().join("|");
    match lineage {
        Some(at) => fields[at].1 = written,
        None => fields.push(("Lineage", written)),
    }
    let header = fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(";");
    Traced { header, turns }
}

/// Each function of a lineage and its turns. What is not understood was not written by us and is left out.
fn read(lineage: &str) -> Vec<(String, u32)> {
    let entry = |entry: &str| {
        let (mark, turns) = entry.rsplit_once(':')?;
        Some((mark.to_owned(), turns.parse().ok()?))
    };
    lineage.split('|').filter_map(entry).collect()
}

/// A function in a lineage: eight digits, whatever its version.
fn mark_of(function: &Arn) -> String {
    format!("{:08x}", xxh3_64(function.to_string().as_bytes()) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str) -> Arn {
        format!("arn:aws:lambda:us-east-1:000000000000:function:{name}").parse().unwrap()
    }

    fn fresh() -> (u64, u128) {
        (0x5759_e988, 0xbd86_2e3f_e1be_46a9_9427_2793)
    }

    #[test]
    fn a_trace_begins_where_there_is_none() {
        let Traced { header, turns } = enter(None, &function("a"), fresh);
        assert!(header.starts_with("Root=1-5759e988-bd862e3fe1be46a994272793;Parent="), "{header}");
        assert!(header.contains(";Sampled=0;Lineage="), "{header}");
        assert_eq!(turns, 1);
    }

    #[test]
    fn what_came_along_is_kept_and_turns_are_counted_for_each_function() {
        let given = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        let mut header = given.to_owned();
        for turn in 1..=3 {
            let a = enter(Some(&header), &function("a"), fresh);
            let b = enter(Some(&a.header), &function("b"), fresh);
            assert_eq!((a.turns, b.turns), (turn, turn));
            assert!(b.header.starts_with(given), "{}", b.header);
            header = b.header;
        }
        assert_eq!(header.matches("Lineage=").count(), 1);
    }

    #[test]
    fn what_is_no_lineage_is_none() {
        for header in ["", "Lineage=", "Lineage=:|x|7", "=;;=", "Root"] {
            assert_eq!(enter(Some(header), &function("a"), fresh).turns, 1, "{header}");
        }
    }
}
