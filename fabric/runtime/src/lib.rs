//! Execution environments: warm processes that run functions without containers.
mod credentials;
mod invocation;
mod settings;
mod spec;

pub use credentials::CredentialSource;
pub use invocation::{Fault, Finding, Invocation, Outcome, Payload, ResponseStream, StreamEnd, Usage};
pub use settings::{Confinement, Settings};
pub use spec::{FunctionSpec, InitType, LogFormat, LogLevel, Runtime};

use std::sync::Arc;
use tidegate_env::Env;
use tidegate_ports::LogLines;

/// All environments of a server.
pub struct Runtimes {}

impl Runtimes {
    /// Looks for interpreters and prepares the scratch folder.
    ///
    /// # Errors
    /// The scratch folder cannot be written.
    pub async fn new(
        _env: Env,
        _settings: Settings,
        _lines: Arc<dyn LogLines>,
        _credentials: Arc<dyn CredentialSource>,
    ) -> Result<Arc<Runtimes>, Fault> {
        Ok(Arc::new(Runtimes {}))
    }

    /// Runs a function once, in a warm worker if one is idle.
    ///
    /// # Errors
    /// [`Fault`] if it was not run.
    pub async fn run(&self, _spec: &Arc<FunctionSpec>, _invocation: Invocation) -> Result<Outcome, Fault> {
        Err(Fault::Stopping)
    }

    /// Keeps `count` environments of a function ready, and says how many are.
    pub async fn provision(&self, _spec: &Arc<FunctionSpec>, _count: usize) -> usize {
        0
    }

    /// Stops the workers of a function's revision: idle ones now, busy ones after what they do.
    pub fn retire(&self, _id: &str) {}

    /// Stops all workers, after what they do, and writes what is left of their logs.
    pub async fn stop(&self) {}

    /// How many invocations are running, and lines not yet written.
    pub fn busy(&self) -> usize {
        0
    }

    /// What this machine offers to functions.
    pub fn findings(&self) -> Vec<Finding> {
        Vec::new()
    }
}
