//! Where log lines go and what they look like: JSON for machines, text for people, on standard
//! error, times in RFC 3339 (UTC).
//!
//! Whatever the filter says, `kube_client::client` stays at ERROR: on a reply that it cannot
//! parse it logs the whole body at WARN, and the body of a Secret is the secret.

use std::io::IsTerminal;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt, FilterFn, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

/// The filter without `--log-filter`.
pub const DEFAULT_FILTER: &str = "info,kube_client::client=error";

/// The module whose warnings quote reply bodies.
const QUOTES_BODIES: &str = "kube_client::client";

/// Format of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For a person at a terminal.
    Text,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter does not parse.
    #[error(
        "--log-filter `{0}` is not valid; write a level, or target=level pairs separated by commas, such as info,modelarts_operator=debug"
    )]
    Filter(String, #[source] ParseError),
    /// Some other part of the process was first.
    #[error("logging is already set up")]
    AlreadySet(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// Sets up logging for the whole process. Call once, before anything logs.
///
/// # Errors
/// A filter that does not parse, or a second call.
pub fn init(format: LogFormat, filter: &str) -> Result<(), LoggingError> {
    let subscriber = subscriber(format, filter, std::io::stderr().is_terminal(), std::io::stderr)?;
    tracing::subscriber::set_global_default(subscriber)?;
    Ok(())
}

fn subscriber<W>(
    format: LogFormat,
    filter: &str,
    colours: bool,
    writer: W,
) -> Result<impl Subscriber + Send + Sync + use<W>, LoggingError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let asked = EnvFilter::try_new(filter).map_err(|error| LoggingError::Filter(filter.to_owned(), error))?;
    let filter = asked.and(FilterFn::new(keeps_bodies_out as fn(&Metadata<'_>) -> bool));
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match format {
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_span_list(true)
            .with_current_span(false)
            .boxed(),
        LogFormat::Text => lines.with_ansi(colours).boxed(),
    };
    Ok(Registry::default().with(lines.with_filter(filter)))
}

fn keeps_bodies_out(metadata: &Metadata<'_>) -> bool {
    metadata.target() != QUOTES_BODIES || *metadata.level() == Level::ERROR || metadata.is_span()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn captured(format: LogFormat, filter: &str, log: impl FnOnce()) -> String {
        let sink = Captured::default();
        let writer = sink.clone();
        let subscriber = subscriber(format, filter, false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, log);
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_json_line_has_the_message_its_fields_its_spans_and_a_time_in_rfc_3339() {
        let text = captured(LogFormat::Json, DEFAULT_FILTER, || {
            tracing::info_span!("pass", pool = "ml/train-a").in_scope(|| tracing::info!(step = "create", "step done"));
        });
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["message"], "step done");
        assert_eq!(line["step"], "create");
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["spans"][0]["pool"], "ml/train-a");
        line["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    }

    #[test]
    fn a_text_line_has_a_time_in_rfc_3339_and_no_colours() {
        let text = captured(LogFormat::Text, DEFAULT_FILTER, || tracing::warn!("look out"));
        assert!(
            text.contains("WARN") && text.contains("look out") && !text.contains('\u{1b}'),
            "{text}"
        );
        text.split_whitespace()
            .next()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap();
    }

    #[test]
    fn the_filter_decides_what_is_written() {
        let log = || {
            tracing::debug!("detail");
            tracing::info!("news");
        };
        assert!(!captured(LogFormat::Text, DEFAULT_FILTER, log).contains("detail"));
        assert!(captured(LogFormat::Text, "debug", log).contains("detail"));
    }

    #[test]
    fn no_filter_lets_the_client_quote_reply_bodies() {
        for filter in [
            "trace",
            "kube_client::client=trace",
            "[pass]=trace,kube_client::client=trace",
        ] {
            let text = captured(LogFormat::Json, filter, || {
                tracing::warn!(target: "kube_client::client", "SECRET-CANARY");
                tracing::error!(target: "kube_client::client", "trouble");
            });
            assert!(!text.contains("SECRET-CANARY"), "{filter}");
            assert!(text.contains("trouble"), "{filter}");
        }
    }

    #[test]
    fn a_filter_that_does_not_parse_is_refused_with_an_example() {
        let error = subscriber(LogFormat::Text, "info,=loud=", false, io::sink)
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("--log-filter") && error.contains("info,modelarts_operator=debug"),
            "{error}"
        );
    }
}
