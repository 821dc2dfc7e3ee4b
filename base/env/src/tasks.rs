use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A running task. Dropping it aborts the task.
#[derive(Debug)]
#[must_use = "dropping a task's handle aborts the task"]
pub struct TaskHandle<T> {
    name: &'static str,
    inner: tokio::task::JoinHandle<T>,
}

impl<T> TaskHandle<T> {
    /// Asks the task to stop at its next await; its result is `None`.
    pub fn abort(&self) {
        self.inner.abort();
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

impl<T> Future for TaskHandle<T> {
    /// The task's value, or `None` if it panicked or was aborted.
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.inner).poll(context).map(|result| match result {
            Ok(value) => Some(value),
            Err(error) if error.is_panic() => {
                tracing::error!(task = self.name, %error, "a task panicked");
                None
            }
            Err(_aborted) => None,
        })
    }
}

impl<T> Drop for TaskHandle<T> {
    fn drop(&mut self) {
        self.inner.abort();
    }
}

pub(crate) fn spawn<T: Send + 'static>(
    name: &'static str,
    future: impl Future<Output = T> + Send + 'static,
) -> TaskHandle<T> {
    TaskHandle { name, inner: tokio::spawn(future) }
}

/// A running OS thread.
#[derive(Debug)]
pub struct ThreadHandle(std::thread::JoinHandle<()>);

impl ThreadHandle {
    /// Waits for the thread to end. Returns whether it ended without a panic.
    pub fn join(self) -> bool {
        self.0.join().is_ok()
    }
}

pub(crate) fn spawn_thread(name: &str, body: impl FnOnce() + Send + 'static) -> std::io::Result<ThreadHandle> {
    std::thread::Builder::new().name(name.to_owned()).spawn(body).map(ThreadHandle)
}

pub(crate) async fn run_blocking<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(body).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
