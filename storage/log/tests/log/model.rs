//! The log against a model of it, over random operations, restarts and cuts of the power at every
//! step of a commit.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use tidegate_log::{
    LogError, LogId, Logs, Page, Position, advance_in_tx, append_in_tx, clear_in_tx, create_in_tx, drop_in_tx,
    start_cursor_in_tx,
};
use tidegate_store::{Store, Tx, transact};

use crate::world::World;

/// What happens next; numbers choose among what there is.
#[derive(Debug, Clone)]
enum Action {
    Create,
    Append {
        log: usize,
        count: usize,
    },
    Clear {
        log: usize,
    },
    Drop {
        log: usize,
    },
    Trim {
        log: usize,
        share: u8,
    },
    Sweep,
    /// Reads a page from the cursor and advances it in the same transaction as an append elsewhere.
    Process {
        log: usize,
        page: usize,
    },
    Restart,
    /// Cuts the power after so many steps of the next action's commit.
    CrashDuringNext {
        steps: usize,
    },
}

fn action() -> impl Strategy<Value = Action> {
    let log = any::<usize>;
    prop_oneof![
        2 => Just(Action::Create),
        8 => (log(), 1usize..5).prop_map(|(log, count)| Action::Append { log, count }),
        1 => log().prop_map(|log| Action::Clear { log }),
        1 => log().prop_map(|log| Action::Drop { log }),
        4 => (log(), any::<u8>()).prop_map(|(log, share)| Action::Trim { log, share }),
        3 => Just(Action::Sweep),
        5 => (log(), 1usize..4).prop_map(|(log, page)| Action::Process { log, page }),
        1 => Just(Action::Restart),
        3 => (0usize..4).prop_map(|steps| Action::CrashDuringNext { steps }),
    ]
}

/// One log as it should be. A position is unknown until the commit that assigned it was seen.
#[derive(Debug, Clone, Default, PartialEq)]
struct Log {
    records: Vec<(Option<Position>, Bytes)>,
    cursor: Option<Position>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    logs: BTreeMap<LogId, Log>,
}

impl Model {
    fn pick(&self, number: usize) -> Option<LogId> {
        self.logs.keys().nth(number.checked_rem(self.logs.len())?).copied()
    }

    /// Whether this is what was observed; if so, positions become known.
    fn adopt(mut self, observed: &Model) -> Option<Model> {
        for (id, log) in &mut self.logs {
            let seen = observed.logs.get(id)?;
            for ((position, _), (seen, _)) in log.records.iter_mut().zip(&seen.records) {
                *position = position.or(*seen);
            }
        }
        (self == *observed).then_some(self)
    }
}

/// An action with everything decided, and the model after it.
struct Planned {
    commit: Commit,
    after: Model,
}

#[derive(Debug, Clone)]
enum Commit {
    Create(LogId),
    Append(LogId, Vec<Bytes>),
    Clear(LogId),
    Drop(LogId),
    Trim(LogId, Position),
    Sweep,
    Process { log: LogId, from: Position, to: Position, note: Bytes },
}

struct Run {
    world: World,
    model: Model,
    next_log: u64,
    next_value: u64,
}

impl Run {
    fn value(&mut self) -> Bytes {
        self.next_value += 1;
        self.next_value.to_string().into()
    }

    fn plan(&mut self, action: &Action) -> Option<Planned> {
        let mut after = self.model.clone();
        let commit = match action {
            Action::Create => {
                self.next_log += 1;
                after.logs.insert(LogId(self.next_log), Log::default());
                Commit::Create(LogId(self.next_log))
            }
            Action::Append { log, count } => {
                let log = self.model.pick(*log)?;
                let values: Vec<_> = (0..*count).map(|_| self.value()).collect();
                after.logs.get_mut(&log)?.records.extend(values.iter().cloned().map(|value| (None, value)));
                Commit::Append(log, values)
            }
            Action::Clear { log } => {
                let log = self.model.pick(*log)?;
                after.logs.get_mut(&log)?.records.clear();
                Commit::Clear(log)
            }
            Action::Drop { log } => {
                let log = self.model.pick(*log)?;
                after.logs.remove(&log);
                Commit::Drop(log)
            }
            Action::Trim { log, share } => {
                let log = self.model.pick(*log)?;
                let records = &mut after.logs.get_mut(&log)?.records;
                let trimmed = records.len() * usize::from(*share) / 256;
                let before = records.get(trimmed)?.0?;
                records.drain(..trimmed);
                Commit::Trim(log, before)
            }
            Action::Sweep => Commit::Sweep,
            Action::Process { log, page } => {
                let log = self.model.pick(*log)?;
                let note = self.value();
                let known = after.logs.get_mut(&log)?;
                let from = known.cursor.unwrap_or_default();
                let unread: Vec<_> =
                    known.records.iter().filter_map(|record| record.0).filter(|at| *at >= from).collect();
                let to = Position(unread.get(page - 1).or(unread.last())?.0 + 1);
                known.cursor = Some(to);
                known.records.push((None, note.clone()));
                Commit::Process { log, from, to, note }
            }
            Action::Restart | Action::CrashDuringNext { .. } => return None,
        };
        Some(Planned { commit, after })
    }

    /// Everything that can be seen of every log there ever was.
    fn observe(&mut self) -> Model {
        let ids = (1..=self.next_log).map(LogId);
        let logs = self.world.run(async |_, logs| {
            let mut seen = BTreeMap::new();
            for id in ids {
                if let Some(log) = observe_log(logs, id).await {
                    seen.insert(id, log);
                }
            }
            seen
        });
        self.world.audit();
        Model { logs }
    }

    fn perform(&mut self, planned: Planned) {
        self.world.run(async |store, logs| perform(store, logs, planned.commit).await).unwrap();
        self.model = planned.after;
    }

    /// The commit is cut off: afterwards it has happened or it has not, and acknowledged ones have.
    fn perform_and_crash(mut self, planned: Planned, steps: usize) -> Run {
        let commit = planned.commit;
        let acknowledged = self.world.run_at_most(steps, async |store, logs| perform(store, logs, commit).await);
        self.world = self.world.crash();
        let observed = self.observe();
        let after = planned.after.adopt(&observed);
        self.model = match (acknowledged, after) {
            (_, Some(after)) => after,
            (Some(answer), None) => panic!("acknowledged with {answer:?} and lost: {observed:?}"),
            (None, None) => self.model.clone().adopt(&observed).expect("a commit happens as a whole or not at all"),
        };
        self
    }
}

async fn observe_log(logs: &Logs, id: LogId) -> Option<Log> {
    let mut log = Log { records: Vec::new(), cursor: logs.cursor(id, "reader").await.unwrap() };
    let mut from = Position(0);
    loop {
        let page = match logs.read(id, from, Page::of(3)).await {
            Err(LogError::NoSuchLog(_)) => return None,
            page => page.unwrap(),
        };
        if page.records.is_empty() {
            break;
        }
        from = page.next;
        log.records.extend(page.records.into_iter().map(|record| (Some(record.position), record.value)));
    }
    assert!(log.records.is_sorted_by(|a, b| a.0 < b.0), "positions rise: {log:?}");
    let ends = (logs.oldest(id).await.unwrap(), logs.newest(id).await.unwrap());
    assert_eq!(ends, (log.records.first().and_then(|r| r.0), log.records.last().and_then(|r| r.0)));
    Some(log)
}

async fn perform(store: &dyn Store, logs: &Logs, commit: Commit) -> Result<(), LogError> {
    match commit {
        Commit::Sweep => logs.sweep().await.map(drop),
        Commit::Trim(log, before) => logs.trim_while(log, |record| record.position < before).await.map(drop),
        commit => {
            let commit = &commit;
            transact(store, &[], async move |tx: &mut Tx| perform_in_tx(tx, commit).await).await?;
            Ok(())
        }
    }
}

async fn perform_in_tx(tx: &mut Tx, commit: &Commit) -> Result<(), LogError> {
    match commit {
        Commit::Create(log) => create_in_tx(tx, *log),
        Commit::Append(log, values) => {
            for value in values {
                append_in_tx(tx, *log, value.clone()).await?;
            }
        }
        Commit::Clear(log) => clear_in_tx(tx, *log).await?,
        Commit::Drop(log) => drop_in_tx(tx, *log).await?,
        Commit::Process { log, from, to, note } => {
            start_cursor_in_tx(tx, *log, "reader", *from).await?;
            advance_in_tx(tx, *log, "reader", *from, *to).await?;
            append_in_tx(tx, *log, note.clone()).await?;
        }
        Commit::Trim(..) | Commit::Sweep => unreachable!("these run transactions of their own"),
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_log_is_as_its_model(seed in any::<u64>(), actions in vec(action(), 1..60)) {
        let mut run = Run { world: World::new(seed), model: Model::default(), next_log: 0, next_value: 0 };
        let mut crash = None;
        for action in &actions {
            match action {
                Action::Restart => run.world = run.world.restart(),
                Action::CrashDuringNext { steps } => crash = Some(*steps),
                action => {
                    let Some(planned) = run.plan(action) else { continue };
                    match crash.take() {
                        Some(steps) => run = run.perform_and_crash(planned, steps),
                        None => run.perform(planned),
                    }
                }
            }
            let observed = run.observe();
            let adopted = run.model.clone().adopt(&observed);
            run.model = adopted.unwrap_or_else(|| panic!("after {action:?}\n{:?}\n{observed:?}", run.model));
        }
        // However it went, dropping everything leaves nothing.
        while let Some(log) = run.model.pick(0) {
            let planned = Planned { commit: Commit::Drop(log), after: run.model.clone() };
            run.perform(planned);
            run.model.logs.remove(&log);
        }
        while run.world.run(async |_, logs| logs.sweep().await).unwrap() {}
        assert_eq!(run.world.records(), 0);
    }
}
