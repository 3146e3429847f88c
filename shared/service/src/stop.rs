//! One token that ends a program in good order.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by SIGTERM or SIGINT. A second signal ends the program at once: the first one may hang.
///
/// # Errors
/// The system gives no signal handler.
pub fn stop_on_signal() -> std::io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        for signals in 0.. {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if signals > 0 {
                std::process::exit(130);
            }
            tracing::info!("stopping; send the signal again to stop at once");
            token.cancel();
        }
    });
    Ok(stop)
}
