//! What becomes of a batch: called, tried again, split, given up, and how far that brings the lane.

use std::ops::Range;

use tidegate_ports::{FunctionAnswer, StreamRecord};
use tidegate_types::Timestamp;

use super::checkpoint::WindowRecord;
use super::destination::{Condition, GivenUp, delivery};
use super::event::{self, WindowFrame};
use super::lane::{Lane, LaneEnd, window_of};
use crate::answer::{self, Verdict};
use crate::board::Doing;
use crate::call::{Called, call, shared_trace};
use crate::limits::{MAX_STATE_BYTES, backoff_ms};
use crate::mapping::LastResult;

/// Records of a batch that are called with together.
#[derive(Debug, Clone)]
struct Piece {
    range: Range<usize>,
    /// How often calls with exactly these, or with a batch that was split into them, have failed.
    failures: u32,
    /// How often the function was called with them.
    calls: u32,
}

/// What a call with a piece came to.
enum Outcome {
    Done,
    /// From this place of the piece on. 0 is all of it.
    Failed {
        from: usize,
        last: Option<FunctionAnswer>,
    },
    NotNow,
}

impl Lane {
    /// Processes a batch. When this returns, everything in it has been dealt with, and that is durable.
    ///
    /// The pieces that are yet to be dealt with are a stack, the next one on top, so that records stay in
    /// order whatever is split.
    pub(super) async fn process(&mut self, records: &[StreamRecord]) -> Result<(), LaneEnd> {
        let mut pieces = vec![Piece { range: 0..records.len(), failures: 0, calls: 0 }];
        let mut refusals = 0;
        let mut last = None;
        while let Some(mut piece) = pieces.pop() {
            let expired = self.expired(&records[piece.range.clone()]);
            if expired > 0 {
                let rest = piece.range.start + expired..piece.range.end;
                let given_up = Piece { range: piece.range.start..rest.start, ..piece.clone() };
                self.give_up(records, &given_up, Condition::Age, last.as_ref()).await?;
                pieces.extend(Some(Piece { range: rest, ..piece }).filter(|rest| !rest.range.is_empty()));
                continue;
            }
            if self.is_stopped() {
                return Err(LaneEnd::Stopped);
            }
            match self.attempt(&records[piece.range.clone()]).await {
                Outcome::Done => {
                    refusals = 0;
                    self.shared.board.result(LastResult::Ok);
                    count("processed", piece.range.len());
                    self.advance(records, piece.range.end).await?;
                }
                Outcome::NotNow => {
                    refusals += 1;
                    self.pause(refusals, &records[piece.range.start]).await?;
                    pieces.push(piece);
                }
                Outcome::Failed { from, last: answer } => {
                    refusals = 0;
                    last = answer;
                    piece.calls += 1;
                    if from > 0 {
                        // Those before were processed, so this is another batch now.
                        piece =
                            Piece { range: piece.range.start + from..piece.range.end, failures: 0, calls: piece.calls };
                        self.advance(records, piece.range.start).await?;
                        self.pause(1, &records[piece.range.start]).await?;
                        pieces.push(piece);
                    } else {
                        self.after_failure(records, piece, &mut pieces, last.as_ref()).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Splits a piece that failed as a whole, tries it again, or gives it up.
    async fn after_failure(
        &mut self,
        records: &[StreamRecord],
        piece: Piece,
        pieces: &mut Vec<Piece>,
        last: Option<&FunctionAnswer>,
    ) -> Result<(), LaneEnd> {
        if self.options.bisect && piece.range.len() > 1 {
            // AWS: splitting a batch does not count as a try.
            let middle = piece.range.start + piece.range.len() / 2;
            pieces.push(Piece { range: middle..piece.range.end, ..piece });
            pieces.push(Piece { range: piece.range.start..middle, ..piece });
            return Ok(());
        }
        let failures = piece.failures + 1;
        if self.options.max_retries.is_some_and(|most| failures > most) {
            return self.give_up(records, &piece, Condition::Retries, last).await;
        }
        self.pause(failures, &records[piece.range.start]).await?;
        pieces.push(Piece { failures, ..piece });
        Ok(())
    }

    /// How many records at the beginning are too old.
    fn expired(&self, records: &[StreamRecord]) -> usize {
        let Some(max_age) = self.options.max_age else { return 0 };
        let now = self.shared.parts.env.now();
        records.iter().take_while(|record| record.arrived_at.plus(max_age) < now).count()
    }

    /// Waits before the next try, but not longer than the first record may live.
    async fn pause(&mut self, failures: u32, first: &StreamRecord) -> Result<(), LaneEnd> {
        let env = &self.shared.parts.env;
        let again_at = env.now().plus_millis(backoff_ms(failures));
        let too_old_at = self.options.max_age.map(|max_age| first.arrived_at.plus(max_age).plus_millis(1));
        let due = too_old_at.map_or(again_at, |too_old_at| again_at.min(too_old_at));
        self.wait_until(due).await
    }

    async fn attempt(&mut self, records: &[StreamRecord]) -> Outcome {
        let length = self.options.tumbling;
        let first = records[0].arrived_at;
        let window = length.map(|length| self.window.clone().unwrap_or_else(|| window_of(first, length)));
        let source = self.mapping.source.to_string();
        let frame = window.as_ref().map(|window| self.frame(window, &source, false, false));
        let event = event::event(records.iter().map(|record| &record.json), frame.as_ref());
        let trace = shared_trace(records.iter().map(|record| record.trace.as_deref()));
        let answer = match call(&self.shared, &self.mapping, event, trace).await {
            Called::Answered(answer) => answer,
            Called::Failed(answer) => return Outcome::Failed { from: 0, last: Some(answer) },
            Called::Never(_) => return Outcome::Failed { from: 0, last: None },
            Called::NotNow(_) => return Outcome::NotNow,
        };
        let verdict = if self.mapping.partial_failures {
            answer::read(&answer.payload, records.iter().map(|record| record.sequence_number.as_str()))
        } else {
            Verdict::Success
        };
        let from = match verdict {
            Verdict::Success => None,
            Verdict::Failed(places) => places.first().copied(),
            Verdict::AllFailed => Some(0),
        };
        if from != Some(0) {
            self.keep_state(window, &answer).await;
        }
        match from {
            None => Outcome::Done,
            Some(from) => {
                self.shared.board.result(LastResult::CallFailed);
                Outcome::Failed { from, last: Some(answer) }
            }
        }
    }

    fn frame<'a>(
        &'a self,
        window: &'a WindowRecord,
        source: &'a str,
        is_final: bool,
        is_early: bool,
    ) -> WindowFrame<'a> {
        WindowFrame { window, shard: &self.name.shard, source, is_final, is_early }
    }

    /// The window goes on with the state that the function answered; one that is too large ends it early.
    async fn keep_state(&mut self, window: Option<WindowRecord>, answer: &FunctionAnswer) {
        let Some(window) = window else { return };
        let state = event::state(&answer.payload);
        if state.len() > MAX_STATE_BYTES {
            let source = self.mapping.source.to_string();
            let large = WindowRecord { state, ..window.clone() };
            let event = event::event([], Some(&self.frame(&large, &source, true, true)));
            // What the function makes of it is its own matter: the state is too large to be kept and called
            // with again.
            if let Called::NotNow(_) | Called::Never(_) = call(&self.shared, &self.mapping, event, None).await {
                count("lost", 1);
            }
            self.window = Some(WindowRecord { state: bytes::Bytes::from_static(b"{}"), ..window });
        } else {
            self.window = Some(WindowRecord { state, ..window });
        }
    }

    /// The last call of the window that is open, if one is: without records, for what was made of them.
    pub(super) async fn close_window(&mut self) -> Result<(), LaneEnd> {
        let Some(window) = self.window.clone() else { return Ok(()) };
        let source = self.mapping.source.to_string();
        let event = event::event([], Some(&self.frame(&window, &source, true, false)));
        let (mut failures, mut refusals) = (0, 0);
        loop {
            if self.is_stopped() {
                return Err(LaneEnd::Stopped);
            }
            let tries = match call(&self.shared, &self.mapping, event.clone(), None).await {
                Called::Answered(_) => {
                    self.shared.board.result(LastResult::Ok);
                    break;
                }
                Called::NotNow(_) => {
                    refusals += 1;
                    refusals
                }
                Called::Failed(_) | Called::Never(_) => {
                    failures += 1;
                    if self.options.max_retries.is_some_and(|most| failures > most) {
                        tracing::warn!(mapping = %self.mapping.id, "a window was given up with its state");
                        break;
                    }
                    failures
                }
            };
            let due = self.shared.parts.env.now().plus_millis(backoff_ms(tries));
            self.wait_until(due).await?;
        }
        self.window = None;
        self.save(false, None).await
    }

    async fn wait_until(&mut self, due: Timestamp) -> Result<(), LaneEnd> {
        self.part.set(Doing::Until(due));
        tokio::select! {
            biased;
            () = self.stop.set() => return Err(LaneEnd::Stopped),
            () = self.shared.parts.env.sleep_until(due) => {}
        }
        self.part.set(Doing::Working);
        Ok(())
    }

    /// Gives records up: the destination is told in the transaction that passes them.
    async fn give_up(
        &mut self,
        records: &[StreamRecord],
        piece: &Piece,
        condition: Condition,
        last: Option<&FunctionAnswer>,
    ) -> Result<(), LaneEnd> {
        let env = &self.shared.parts.env;
        let given_up = GivenUp {
            records: &records[piece.range.clone()],
            shard: &self.name.shard,
            condition,
            calls: piece.calls,
            last,
            now: env.now(),
            request: env.uuid(),
        };
        let delivery = self.options.on_failure.as_ref().map(|target| delivery(&self.mapping, target, &given_up));
        count("given up", piece.range.len());
        let position = self.behind(records, piece.range.end);
        self.save_at(position, false, delivery.as_ref()).await
    }

    /// The records of the batch before this place have been dealt with.
    async fn advance(&mut self, records: &[StreamRecord], end: usize) -> Result<(), LaneEnd> {
        self.save_at(self.behind(records, end), false, None).await
    }

    /// Behind the last record of a batch also lies what was read with it and not wanted.
    fn behind(&self, records: &[StreamRecord], end: usize) -> u64 {
        match records.get(end) {
            Some(_) => records[end - 1].next().0,
            None => self.reader.position().0,
        }
    }
}

fn count(fate: &'static str, records: usize) {
    metrics::counter!("tidegate_mapping_records_total", "fate" => fate).increment(records as u64);
}
