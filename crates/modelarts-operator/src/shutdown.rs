//! SIGTERM and SIGINT. The first asks for an orderly stop; the second ends the process at once.
//!
//! An abort is as safe as a crash: whatever is in flight is recorded in the cluster before it is
//! sent, and the next start resolves it.

use std::io;

use futures::{Stream, StreamExt};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Exit code after a second signal.
pub const ABORTED: i32 = 1;

/// Tells whether a stop was asked for. Clones see the same signal.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

/// Listens for SIGTERM and SIGINT from now on; the default action, a sudden end, is off.
///
/// # Errors
/// The handlers could not be installed.
pub fn listen() -> io::Result<Shutdown> {
    let terminate = arrivals(SignalKind::terminate())?.map(|()| "SIGTERM");
    let interrupt = arrivals(SignalKind::interrupt())?.map(|()| "SIGINT");
    let (asked, shutdown) = watch::channel(false);
    tokio::spawn(relay(futures::stream::select(terminate, interrupt), asked, || {
        std::process::exit(ABORTED)
    }));
    Ok(Shutdown(shutdown))
}

impl Shutdown {
    /// A stop that is asked for by sending `true`, or by dropping the sender.
    #[must_use]
    pub fn when(asked: watch::Receiver<bool>) -> Self {
        Self(asked)
    }

    /// Resolves as soon as a stop was asked for, also if that was before the call.
    pub fn requested(&self) -> impl Future<Output = ()> + Send + Sync + 'static + use<> {
        let mut asked = self.0.clone();
        async move {
            // An error means that the listening task is gone, which only happens when the runtime
            // ends: that, too, is a reason to stop.
            let _ = asked.wait_for(|asked| *asked).await;
        }
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }
}

fn arrivals(kind: SignalKind) -> io::Result<impl Stream<Item = ()> + Send + Unpin> {
    let mut arrivals = signal(kind)?;
    Ok(futures::stream::poll_fn(move |context| arrivals.poll_recv(context)))
}

async fn relay<A>(
    mut signals: impl Stream<Item = &'static str> + Unpin,
    asked: watch::Sender<bool>,
    abort: impl FnOnce() -> A,
) {
    let Some(first) = signals.next().await else { return };
    tracing::info!(signal = first, "stopping; a second signal ends the process at once");
    asked.send_replace(true);
    let Some(second) = signals.next().await else { return };
    tracing::warn!(signal = second, "second signal: ending without waiting");
    abort();
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn the_first_signal_asks_and_the_second_aborts() {
        let (send, signals) = futures::channel::mpsc::unbounded();
        let (asked, receiver) = watch::channel(false);
        let shutdown = Shutdown(receiver);
        let aborted = AtomicBool::new(false);
        let relay = relay(signals, asked, || aborted.store(true, Ordering::SeqCst));
        futures::pin_mut!(relay);

        assert!(relay.as_mut().now_or_never().is_none());
        assert!(!shutdown.is_requested() && shutdown.requested().now_or_never().is_none());

        send.unbounded_send("SIGTERM").unwrap();
        assert!(relay.as_mut().now_or_never().is_none());
        assert!(shutdown.is_requested() && shutdown.requested().now_or_never().is_some());
        assert!(!aborted.load(Ordering::SeqCst));

        send.unbounded_send("SIGINT").unwrap();
        assert!(relay.as_mut().now_or_never().is_some());
        assert!(aborted.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_real_sigterm_to_this_process_is_seen() {
        let shutdown = listen().unwrap();
        let kill = format!("kill -TERM {}", std::process::id());
        assert!(
            std::process::Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
        tokio::time::timeout(std::time::Duration::from_secs(30), shutdown.requested())
            .await
            .unwrap();
    }
}
