/// The most bytes of one PutLogEvents, each event counting [`EVENT_OVERHEAD_BYTES`] more than its text.
pub const MAX_BATCH_BYTES: usize = 1_048_576;
/// What AWS adds to the size of every event.
pub const EVENT_OVERHEAD_BYTES: usize = 26;
/// The most events of one answer.
pub const MAX_EVENTS: usize = 10_000;
/// The most bytes of one answer's events.
pub const MAX_ANSWER_BYTES: usize = 1_048_576;
