//! What became of the init scripts: LocalStack's stages, LocalStack's answer.

use parking_lot::Mutex;
use serde_json::{Value, json};

/// When scripts run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Before the server starts.
    Boot,
    /// While it starts.
    Start,
    /// Once it serves.
    Ready,
    /// Before it ends.
    Shutdown,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Stage; 4] = [Stage::Boot, Stage::Start, Stage::Ready, Stage::Shutdown];

    /// The name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Boot => "BOOT",
            Stage::Start => "START",
            Stage::Ready => "READY",
            Stage::Shutdown => "SHUTDOWN",
        }
    }

    /// The name of its folder.
    pub fn folder(self) -> &'static str {
        match self {
            Stage::Boot => "boot.d",
            Stage::Start => "start.d",
            Stage::Ready => "ready.d",
            Stage::Shutdown => "shutdown.d",
        }
    }
}

/// How far a script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScriptState {
    /// It has not begun.
    Waiting,
    /// It runs.
    Running,
    /// It ended with status 0.
    Successful,
    /// It ended otherwise, or could not be started.
    Failed,
}

impl ScriptState {
    fn name(self) -> &'static str {
        match self {
            ScriptState::Waiting => "UNKNOWN",
            ScriptState::Running => "RUNNING",
            ScriptState::Successful => "SUCCESSFUL",
            ScriptState::Failed => "ERROR",
        }
    }
}

/// LocalStack tells the name of a script in a subfolder without the way to it.
fn file_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// All scripts and their states.
#[derive(Debug, Default)]
pub struct InitBoard {
    state: Mutex<BoardState>,
}

#[derive(Debug, Default)]
struct BoardState {
    completed: Vec<Stage>,
    scripts: Vec<(Stage, String, ScriptState)>,
}

impl InitBoard {
    /// Notes a script or its new state.
    pub fn set(&self, stage: Stage, name: &str, state: ScriptState) {
        let mut board = self.state.lock();
        match board.scripts.iter_mut().find(|(of, script, _)| *of == stage && script == name) {
            Some((_, _, known)) => *known = state,
            None => board.scripts.push((stage, name.to_owned(), state)),
        }
    }

    /// How far a script is, if there is such a script.
    pub fn state(&self, stage: Stage, name: &str) -> Option<ScriptState> {
        let board = self.state.lock();
        board.scripts.iter().find(|(of, script, _)| *of == stage && script == name).map(|(_, _, state)| *state)
    }

    /// Notes that a stage has nothing left to run.
    pub fn complete(&self, stage: Stage) {
        self.state.lock().completed.push(stage);
    }

    /// LocalStack's answer, for all stages or for one.
    pub(super) fn report(&self, stage: Option<Stage>) -> Value {
        let board = self.state.lock();
        let scripts: Vec<Value> = board
            .scripts
            .iter()
            .filter(|(of, _, _)| stage.is_none_or(|stage| stage == *of))
            .map(|(of, name, state)| json!({ "stage": of.name(), "name": file_name(name), "state": state.name() }))
            .collect();
        let completed = |stage: Stage| board.completed.contains(&stage);
        match stage {
            Some(stage) => json!({ "completed": completed(stage), "scripts": scripts }),
            None => {
                let stages = Stage::ALL.map(|stage| (stage.name().to_owned(), completed(stage).into()));
                json!({ "completed": Value::Object(stages.into_iter().collect()), "scripts": scripts })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_reported_as_localstack_does() {
        let board = InitBoard::default();
        board.complete(Stage::Boot);
        board.set(Stage::Ready, "a.sh", ScriptState::Running);
        board.set(Stage::Ready, "a.sh", ScriptState::Successful);
        board.set(Stage::Ready, "b.py", ScriptState::Waiting);
        assert_eq!(
            board.report(None),
            json!({
                "completed": { "BOOT": true, "START": false, "READY": false, "SHUTDOWN": false },
                "scripts": [
                    { "stage": "READY", "name": "a.sh", "state": "SUCCESSFUL" },
                    { "stage": "READY", "name": "b.py", "state": "UNKNOWN" },
                ],
            })
        );
        assert_eq!(board.report(Some(Stage::Boot)), json!({ "completed": true, "scripts": [] }));
    }
}
