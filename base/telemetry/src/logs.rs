use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Registry, fmt};

/// What a log line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people: one line each, coloured on a terminal.
    #[default]
    Text,
    /// For machines: one JSON object each, with the event's fields at its top level.
    Json,
}

/// The filter is not one.
#[derive(Debug, thiserror::Error)]
#[error(
    "log filter {filter:?} is not understood ({source}); write a level such as `info`, or `info,tidegate_store=debug`"
)]
pub struct InvalidFilter {
    /// What was given.
    pub filter: String,
    /// What is wrong with it.
    pub source: tracing_subscriber::filter::ParseError,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// See there.
    #[error(transparent)]
    Filter(#[from] InvalidFilter),
    /// Logging is set up once in a process.
    #[error("logging is already set up")]
    AlreadyInstalled(#[from] TryInitError),
}

/// Sends what is logged to stderr from now on, as far as `filter` lets it (the value of
/// `TIDEGATE_LOG`, in the syntax of `EnvFilter`). Lines of crates that use `log` come along.
///
/// # Errors
/// [`LogsError`].
pub fn install_logs(filter: &str, format: LogFormat) -> Result<(), LogsError> {
    let colours = std::io::stderr().is_terminal();
    subscriber(filter, format, colours, std::io::stderr)?.try_init()?;
    Ok(())
}

/// The storage engine's crates. At `info` they tell of every table that they write, which says nothing to who runs a
/// server.
const ENGINE: [&str; 2] = ["fjall", "lsm_tree"];

/// The filter, with the engine told to warn only where the filter would let more of it through and says nothing of it.
fn quietened(filter: &str) -> String {
    let directives = || filter.split(',').map(str::trim).filter(|directive| !directive.is_empty());
    // Of several levels for everything the last one counts.
    let everything = directives().filter_map(|directive| directive.parse::<LevelFilter>().ok()).next_back();
    if everything.is_none_or(|level| level <= LevelFilter::WARN) {
        return filter.to_owned();
    }
    let target = |directive: &'_ str| directive.split(['=', '[']).next().unwrap_or_default().to_owned();
    let unsaid = ENGINE.iter().filter(|name| !directives().any(|directive| target(directive) == **name));
    unsaid.fold(filter.to_owned(), |filter, name| format!("{filter},{name}=warn"))
}

fn subscriber<W>(
    filter: &str,
    format: LogFormat,
    colours: bool,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, InvalidFilter>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter =
        EnvFilter::try_new(quietened(filter)).map_err(|source| InvalidFilter { filter: filter.to_owned(), source })?;
    let registry = Registry::default().with(filter);
    let layer = fmt::layer().with_writer(writer);
    Ok(match format {
        LogFormat::Text => Box::new(registry.with(layer.with_ansi(colours))),
        LogFormat::Json => Box::new(registry.with(layer.json().flatten_event(true).with_span_list(false))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;
    use std::io::Write;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn lines(filter: &str, format: LogFormat) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = subscriber(filter, format, false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(queue = "orders", "created");
            tracing::debug!("not shown");
        });
        String::from_utf8(captured.0.lock().clone()).unwrap()
    }

    #[test]
    fn text_is_a_line_for_each_event_that_the_filter_lets_through() {
        let text = lines("info", LogFormat::Text);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("INFO") && text.contains("created queue=\"orders\""), "{text}");
        assert_eq!(lines("warn", LogFormat::Text), "");
        assert_eq!(lines("info,tidegate_telemetry=debug", LogFormat::Text).lines().count(), 2);
    }

    #[test]
    fn the_engine_is_heard_only_when_asked() {
        for (filter, expected) in [
            ("info", "info,fjall=warn,lsm_tree=warn"),
            ("tidegate=debug, INFO", "tidegate=debug, INFO,fjall=warn,lsm_tree=warn"),
            ("info,fjall=debug", "info,fjall=debug,lsm_tree=warn"),
            ("info,fjall,lsm_tree[compact]=off", "info,fjall,lsm_tree[compact]=off"),
            (
                "debug,tidegate_store::engine::fjall=trace",
                "debug,tidegate_store::engine::fjall=trace,fjall=warn,lsm_tree=warn",
            ),
        ] {
            assert_eq!(quietened(filter), expected);
        }
        for no_louder in ["", "off", "error", "warn", "1", "tidegate=info", "info,error"] {
            assert_eq!(quietened(no_louder), no_louder);
        }
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = subscriber("debug", LogFormat::Text, false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(target: "lsm_tree::compaction", "of no interest");
            tracing::warn!(target: "fjall::journal", "of interest");
        });
        let text = String::from_utf8(captured.0.lock().clone()).unwrap();
        assert!(text.contains("of interest") && !text.contains("of no interest"), "{text}");
    }

    #[test]
    fn json_is_an_object_for_each_event() {
        let object: serde_json::Value = serde_json::from_str(&lines("info", LogFormat::Json)).unwrap();
        assert_eq!(
            (&object["level"], &object["message"], &object["queue"]),
            (&"INFO".into(), &"created".into(), &"orders".into())
        );
    }

    #[test]
    fn a_filter_that_is_none_says_what_one_looks_like() {
        let error = subscriber("tidegate=loud", LogFormat::Text, false, std::io::sink).err().unwrap();
        assert!(error.to_string().contains("info,tidegate_store=debug"), "{error}");
    }
}
