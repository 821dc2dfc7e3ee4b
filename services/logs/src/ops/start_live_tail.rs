use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tidegate_api_logs::{
    LiveTailSessionLogEvent, LiveTailSessionMetadata, LiveTailSessionStart, LiveTailSessionUpdate, StartLiveTailRequest,
};
use tidegate_env::Env;
use tidegate_logfilter::{Pattern, Place};
use tidegate_protocol::{Call, EventStream, ServiceError, Shape, StreamEvent};

use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{Appended, Group, Tail};
use crate::wire;

/// How often a session tells what came, whether something did or not.
const UPDATE_EVERY: Duration = Duration::from_secs(1);
/// The most events of one update; of more, some are left out and that is said.
const MAX_EVENTS: usize = 500;
/// How long a session lasts.
const MAX_SESSION: Duration = Duration::from_secs(3 * 3600);

/// Tells of events as they are written, until the client goes away.
pub(crate) async fn start_live_tail(
    service: &CloudWatchLogs,
    call: &Call,
    input: StartLiveTailRequest,
) -> Result<EventStream, Error> {
    let identifiers = input.log_group_identifiers.clone().unwrap_or_default();
    let (names, prefixes) = (input.log_stream_names.clone(), input.log_stream_name_prefixes.clone());
    if (names.is_some() || prefixes.is_some()) && identifiers.len() != 1 {
        let words = "logStreamNames and logStreamNamePrefixes can only be specified with a single log group.";
        return Err(Error::invalid(words));
    }
    if names.is_some() && prefixes.is_some() {
        return Err(Error::invalid("LogStream names and LogStream name prefixes are mutually exclusive parameters."));
    }
    let pattern = input.log_event_filter_pattern.as_deref().map(Pattern::parse).transpose();
    let pattern = pattern.map_err(|error| Error::invalid(error.message(Place::LiveTail)))?;
    let groups = identifiers.into_iter().map(|identifier| service.group(call, None, Some(identifier)));
    let groups = groups.collect::<Result<Vec<_>, _>>()?;
    groups.iter().try_for_each(Group::must_be_standard)?;
    let ids: Vec<_> = groups.iter().map(Group::id).collect();
    let session = Session {
        tail: service.tails.listen(&ids),
        service: service.me.clone(),
        env: service.env.clone(),
        began: service.env.monotonic(),
        groups,
        names: names.unwrap_or_default(),
        prefixes: prefixes.unwrap_or_default(),
        pattern,
        stage: Stage::Start(Box::new(LiveTailSessionStart {
            request_id: Some(call.request_id.clone()),
            session_id: Some(service.env.uuid().to_string()),
            log_group_identifiers: input.log_group_identifiers,
            log_stream_names: input.log_stream_names,
            log_stream_name_prefixes: input.log_stream_name_prefixes,
            log_event_filter_pattern: input.log_event_filter_pattern,
        })),
    };
    let next = |mut session: Session| async move { session.next().await.map(|event| (event, session)) };
    Ok(EventStream::new(stream::unfold(session, next).boxed()))
}

/// One who watches.
struct Session {
    tail: Tail,
    /// Not kept alive: a session must not outlive the server.
    service: Weak<CloudWatchLogs>,
    env: Env,
    began: Duration,
    groups: Vec<Group>,
    names: Vec<String>,
    prefixes: Vec<String>,
    pattern: Option<Pattern>,
    stage: Stage,
}

enum Stage {
    Start(Box<LiveTailSessionStart>),
    Live,
    Over,
}

impl Session {
    async fn next(&mut self) -> Option<Result<StreamEvent, ServiceError>> {
        match std::mem::replace(&mut self.stage, Stage::Live) {
            Stage::Start(start) => return Some(Ok(event("sessionStart", *start))),
            Stage::Live => {}
            Stage::Over => return None,
        }
        // Real time: whoever watches lives there.
        tokio::select! {
            () = self.env.sleep_real(UPDATE_EVERY) => {}
            () = self.env.waits().over() => return None,
        }
        let service = self.service.upgrade()?;
        if self.env.monotonic().saturating_sub(self.began) > MAX_SESSION {
            self.stage = Stage::Over;
            return Some(Err(wire::session_timeout()));
        }
        Some(match self.update(&service).await {
            Ok(update) => Ok(event("sessionUpdate", update)),
            Err(error) => {
                self.stage = Stage::Over;
                Err(wire::session_failure(error))
            }
        })
    }

    async fn update(&self, service: &Arc<CloudWatchLogs>) -> Result<LiveTailSessionUpdate, Error> {
        let (chunks, mut sampled) = self.tail.take();
        let mut results = Vec::new();
        for chunk in chunks.into_iter().filter(|chunk| self.wants(&chunk.index.name)) {
            if results.len() == MAX_EVENTS {
                sampled = true;
                break;
            }
            sampled |= self.show(service, &chunk, &mut results).await?;
        }
        Ok(LiveTailSessionUpdate {
            session_metadata: Some(LiveTailSessionMetadata { sampled: Some(sampled) }),
            session_results: Some(results),
        })
    }

    fn wants(&self, stream: &str) -> bool {
        let is_named = self.names.iter().any(|name| name == stream);
        let is_prefixed = self.prefixes.iter().any(|prefix| stream.starts_with(prefix.as_str()));
        (self.names.is_empty() && self.prefixes.is_empty()) || is_named || is_prefixed
    }

    /// Adds a chunk's events that match. Returns whether some were left out.
    async fn show(
        &self,
        service: &CloudWatchLogs,
        appended: &Appended,
        results: &mut Vec<LiveTailSessionLogEvent>,
    ) -> Result<bool, Error> {
        let Some(group) = self.groups.iter().find(|group| group.id() == appended.group) else { return Ok(false) };
        let Some(chunk) = service.chunk(appended.index.stream, appended.position).await? else { return Ok(false) };
        let (at, stream) = (chunk.ingested_at, &appended.index.name);
        // Asked anew: a policy that is made while somebody watches holds for them too.
        let now = service.directory.get(&group.address)?;
        let masks = now.as_ref().unwrap_or(group).masks();
        for mut event in chunk.events {
            event.message = masks.masked(&event.message, at).unwrap_or(event.message);
            if !self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(&event.message)) {
                continue;
            }
            if results.len() == MAX_EVENTS {
                return Ok(true);
            }
            results.push(wire::live_event(group, stream, event, at));
        }
        Ok(false)
    }
}

fn event(name: &'static str, shape: impl Shape) -> StreamEvent {
    StreamEvent { name, shape: Box::new(shape) }
}
