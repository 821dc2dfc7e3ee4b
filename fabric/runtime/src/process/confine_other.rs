//! Where there is no Linux: a group of its own, and nothing else.

use std::os::fd::RawFd;

use super::view::View;
use crate::Finding;

/// What this machine allows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tiers;

impl Tiers {
    pub(crate) fn find(_strict: bool) -> Tiers {
        Tiers
    }

    pub(crate) fn real_paths(&self) -> bool {
        false
    }

    pub(crate) fn finding(&self) -> Finding {
        let text = "functions are not confined on this system: run only code that you trust".to_owned();
        Finding { subject: "Confinement of functions".to_owned(), text, good: false }
    }
}

/// Keeps nothing apart.
pub(super) struct Namespaces;

impl Namespaces {
    pub(super) fn new(_tiers: &Tiers) -> Namespaces {
        Namespaces
    }

    #[allow(clippy::unnecessary_wraps, reason = "as on Linux")]
    pub(super) fn next(&mut self) -> std::io::Result<Option<tokio::process::Child>> {
        Ok(None)
    }

    pub(super) fn leave(&mut self) {}
}

/// What a process sees of the machine: all of it.
pub(crate) struct Sandbox;

impl Sandbox {
    #[allow(clippy::unnecessary_wraps, reason = "as on Linux")]
    pub(crate) fn prepare(_tiers: &Tiers, _view: &View) -> std::io::Result<Sandbox> {
        Ok(Sandbox)
    }

    pub(crate) fn none() -> Sandbox {
        Sandbox
    }

    pub(super) fn is_none(&self) -> bool {
        true
    }

    pub(super) fn apply(&mut self, command: &mut tokio::process::Command, _events: Option<RawFd>) {
        command.process_group(0);
    }
}
