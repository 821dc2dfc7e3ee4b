//! The signal that ends a server.

use tokio::sync::watch;

/// Tells everybody who holds a clone that the server is about to end.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// The hand that sets a [`Stop`]. Dropping it sets it too.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// A signal that is not set yet.
    pub fn new() -> (Stopper, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Stopper(sender), Stop(receiver))
    }

    /// Sets the signal.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Resolves once the signal is set.
    pub async fn stopped(&self) {
        let mut signal = self.0.clone();
        // An error means that the stopper is gone, which is a stop as well.
        let _set = signal.wait_for(|stop| *stop).await.is_ok();
    }

    /// Whether the signal is set.
    pub fn is_set(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}
