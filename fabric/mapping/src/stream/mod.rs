//! Following a stream: each shard is read in order from a durable checkpoint, parents before their children.
//!
//! A shard is divided into as many *lanes* as the mapping's parallelisation factor says. Each lane reads the
//! whole shard and takes the records whose keys fall to it, so that records of one key stay in order, lanes
//! know nothing of each other, and one that is stuck at a record it cannot get rid of holds up no other. That
//! costs a read for each lane; one reader that hands out records would have to stop when one lane's buffer is
//! full, which is the very thing that the factor is to avoid.
//!
//! Everything is at least once: a checkpoint is written behind what was processed, never before.

pub(crate) mod checkpoint;
mod destination;
mod event;
mod lane;
mod process;
mod reader;

use std::collections::HashSet;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::FuturesUnordered;
use tidegate_ports::{FollowError, ShardDescription, StartingPosition, StreamPosition, StreamSource};
use tidegate_store::{CommitError, StoreError};

use crate::board::{Doing, Part, Place};
use crate::engine::{Shared, Stop};
use crate::keys::LaneName;
use crate::limits::{MISSING_PAUSE, PAUSE};
use crate::mapping::{LastResult, Mapping, Phase, StreamOptions};
use checkpoint::{CheckpointRecord, Known};
use lane::{Lane, LaneEnd};

/// Why a stream is not followed at the moment.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Source(#[from] FollowError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Why following ended without trouble.
enum End {
    /// Something else is wanted.
    Stopped,
    /// The mapping was deleted.
    Forgotten,
}

/// Follows the stream until `stop`, and then until all that goes on has ended.
pub(crate) async fn follow(shared: &Arc<Shared>, mapping: &Arc<Mapping>, options: &StreamOptions, stop: &Stop) {
    let part = shared.board.enter();
    let Some(source) = shared.parts.stream_source(mapping) else {
        tracing::warn!(mapping = %mapping.id, source = %mapping.source, "nothing here has such streams");
        shared.board.result(LastResult::NoSource);
        part.set(Doing::Resting);
        return stop.set().await;
    };
    let follower = Follower { shared, mapping, options, source, stop, part };
    while !stop.is_set() {
        let pause = match follower.run().await {
            Ok(End::Stopped | End::Forgotten) => return,
            Err(Trouble::Source(FollowError::NoSuchStream(stream))) => {
                tracing::debug!(mapping = %mapping.id, %stream, "the stream that a mapping follows is gone");
                shared.board.result(LastResult::NoSource);
                follower.part.set(Doing::Resting);
                MISSING_PAUSE
            }
            Err(trouble) => {
                tracing::warn!(mapping = %mapping.id, error = %trouble, "a stream cannot be followed; trying again");
                shared.board.result(LastResult::SourceFailed);
                PAUSE
            }
        };
        tokio::select! {
            () = stop.set() => {}
            () = shared.parts.env.sleep_real(pause) => {}
        }
        follower.part.set(Doing::Working);
    }
}

struct Follower<'a> {
    shared: &'a Arc<Shared>,
    mapping: &'a Arc<Mapping>,
    options: &'a StreamOptions,
    source: Arc<dyn StreamSource>,
    stop: &'a Stop,
    part: Part,
}

/// A lane that has ended, with what it was doing: dropped once its successors work.
type Ended = (LaneName, Option<(LaneEnd, Part)>);

impl Follower<'_> {
    async fn run(&self) -> Result<End, Trouble> {
        if !self.begin().await? {
            return Ok(End::Forgotten);
        }
        self.shared.board.phase(Phase::Running);
        let mut running = HashSet::new();
        let mut lanes: FuturesUnordered<BoxFuture<'static, Ended>> = FuturesUnordered::new();
        let outcome = loop {
            match self.startable(&running).await {
                Ok(Some(startable)) => {
                    for (name, checkpoint) in startable {
                        running.insert(name.clone());
                        lanes.push(self.start(name, checkpoint));
                    }
                }
                Ok(None) => break Ok(End::Forgotten),
                Err(trouble) => break Err(trouble),
            }
            self.part.set(Doing::Resting);
            tokio::select! {
                biased;
                () = self.stop.set() => break Ok(End::Stopped),
                Some((name, ended)) = lanes.next(), if !lanes.is_empty() => {
                    self.part.set(Doing::Working);
                    running.remove(&name);
                    match ended.as_ref().map(|(end, _)| end) {
                        Some(LaneEnd::Ended) => {}
                        Some(LaneEnd::Stopped) => break Ok(End::Stopped),
                        Some(LaneEnd::Forgotten) => break Ok(End::Forgotten),
                        Some(LaneEnd::NoStream) => {
                            break Err(FollowError::NoSuchStream(self.mapping.source.clone()).into());
                        }
                        // It panicked, which was logged: a bug of ours. It goes on from its checkpoint.
                        None => self.shared.parts.env.sleep_real(PAUSE).await,
                    }
                }
                // Nothing is left to read: the stream was disabled, and ends, or is yet to go on.
                () = self.shared.parts.env.sleep_real(MISSING_PAUSE), if lanes.is_empty() => {}
            }
        };
        self.part.set(Doing::Resting);
        match outcome {
            // A mapping that is gone reads nothing more: its lanes find out by themselves when they write.
            Ok(End::Forgotten) => drop(lanes),
            _ => while lanes.next().await.is_some() {},
        }
        outcome
    }

    /// Looks up where to begin, the first time. `false`: the mapping was deleted.
    async fn begin(&self) -> Result<bool, Trouble> {
        let store = &*self.shared.parts.store;
        let Some(known) = checkpoint::load(store, self.mapping.id).await? else { return Ok(false) };
        if known.begun {
            return Ok(true);
        }
        let stream = self.source.describe(&self.mapping.source).await?;
        let mut places = Vec::new();
        for shard in &stream.shards {
            if let Some(checkpoint) = self.beginning(shard).await? {
                places.extend(self.lanes_of(&shard.id).map(|name| (name, checkpoint.clone())));
            }
        }
        Ok(checkpoint::divide(store, self.mapping.id, &places, &[]).await?)
    }

    /// Where to begin in a shard that was there before the mapping; `None`: with its oldest record.
    async fn beginning(&self, shard: &ShardDescription) -> Result<Option<CheckpointRecord>, FollowError> {
        match self.options.start {
            StartingPosition::TrimHorizon => Ok(None),
            // Nothing is yet to come there.
            StartingPosition::Latest if shard.closed => {
                Ok(Some(CheckpointRecord { ended: true, ..CheckpointRecord::default() }))
            }
            start => {
                let StreamPosition(position) = self.source.resolve(&self.mapping.source, &shard.id, start).await?;
                Ok(Some(CheckpointRecord { position, ..CheckpointRecord::default() }))
            }
        }
    }

    fn lanes_of(&self, shard: &str) -> impl Iterator<Item = LaneName> + use<> {
        let (lanes, shard) = (self.options.parallelisation.max(1), shard.to_owned());
        (0..lanes).map(move |lane| LaneName { shard: shard.clone(), lanes, lane })
    }

    /// The lanes that are to be read now and are not yet: those of shards whose parents were read to their
    /// ends. `None`: the mapping was deleted.
    async fn startable(
        &self,
        running: &HashSet<LaneName>,
    ) -> Result<Option<Vec<(LaneName, CheckpointRecord)>>, Trouble> {
        let stream = self.source.describe(&self.mapping.source).await?;
        let Some(known) = self.divide(&stream.shards).await? else { return Ok(None) };
        let mut startable = Vec::new();
        let mut unread: HashSet<&str> = HashSet::new();
        for shard in &stream.shards {
            let waits = shard.parent.as_deref().is_some_and(|parent| unread.contains(parent));
            for name in self.lanes_of(&shard.id) {
                let Some(checkpoint) = known.checkpoints.get(&name).filter(|checkpoint| !checkpoint.ended) else {
                    continue;
                };
                unread.insert(&shard.id);
                if !waits && !running.contains(&name) {
                    startable.push((name, checkpoint.clone()));
                }
            }
        }
        Ok(Some(startable))
    }

    /// Sees to it that each lane of each shard has a checkpoint, and that shards which are gone have none.
    async fn divide(&self, shards: &[ShardDescription]) -> Result<Option<Known>, Trouble> {
        let (store, mapping) = (&*self.shared.parts.store, self.mapping.id);
        let Some(known) = checkpoint::load(store, mapping).await? else { return Ok(None) };
        let present: HashSet<LaneName> = shards.iter().flat_map(|shard| self.lanes_of(&shard.id)).collect();
        let over: Vec<_> = known.checkpoints.keys().filter(|name| !present.contains(*name)).cloned().collect();
        let mut begins = Vec::new();
        for shard in shards {
            if self.lanes_of(&shard.id).any(|name| !known.checkpoints.contains_key(&name)) {
                let checkpoint = self.first_of(shard, &known).await?;
                begins.extend(self.lanes_of(&shard.id).map(|name| (name, checkpoint.clone())));
            }
        }
        if begins.is_empty() && over.is_empty() {
            return Ok(Some(known));
        }
        if !checkpoint::divide(store, mapping, &begins, &over).await? {
            return Ok(None);
        }
        Ok(checkpoint::load(store, mapping).await?)
    }

    /// Where the lanes of a shard begin: a shard that came later than the mapping with its oldest record.
    async fn first_of(&self, shard: &ShardDescription, known: &Known) -> Result<CheckpointRecord, FollowError> {
        if let Some(slowest) = known.slowest(&shard.id) {
            return Ok(slowest);
        }
        let first = self.source.resolve(&self.mapping.source, &shard.id, StartingPosition::TrimHorizon).await?;
        Ok(CheckpointRecord { position: first.0, ..CheckpointRecord::default() })
    }

    fn start(&self, name: LaneName, checkpoint: CheckpointRecord) -> BoxFuture<'static, Ended> {
        let place =
            Place { source: self.source.clone(), stream: self.mapping.source.clone(), shard: name.shard.clone() };
        let (shared, mapping, options) = (self.shared.clone(), self.mapping.clone(), self.options.clone());
        let lane = Lane::new(shared, mapping, options, place, name.clone(), checkpoint, self.stop.clone());
        let task = self.shared.parts.env.spawn("lane of a shard", lane.run());
        async move { (name, task.await) }.boxed()
    }
}
