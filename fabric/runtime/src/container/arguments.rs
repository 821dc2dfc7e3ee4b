//! The command line by which a container is started.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::image::{Contents, Reference};
use crate::Fault;

/// As many files as AWS lets a function open.
const OPEN_FILES: &str = "nofile=1024:1024";
/// As many processes and threads as AWS lets a function have.
const PROCESSES: &str = "1024";
/// What the engine's own program reads from its variables: a function's must not change it.
const OF_THE_PROGRAM: [&str; 5] = ["DOCKER_", "PODMAN_", "CONTAINER", "XDG_", "LD_"];
const OF_THE_PROGRAM_TOO: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// How a container reaches what listens on the machine's loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It shares the machine's network.
    Shared,
    /// The engine runs in a virtual machine, and a name leads back.
    ByName,
}

/// The name that leads back.
const HOST: &str = "host.docker.internal";

impl Reach {
    /// A loopback address or URL as the container must call it.
    pub(crate) fn call(self, address: &str) -> String {
        match self {
            Reach::Shared => address.to_owned(),
            Reach::ByName => {
                let own = ["127.0.0.1", "localhost", "[::1]"].into_iter().find(|own| address.contains(own));
                own.map_or_else(|| address.to_owned(), |own| address.replacen(own, HOST, 1))
            }
        }
    }
}

/// What a container's command line says.
pub(crate) struct Plan<'a> {
    pub name: &'a str,
    /// Whose containers may be swept together.
    pub owner: &'a str,
    pub function: &'a str,
    pub architecture: &'a str,
    pub contents: &'a Contents,
    /// What becomes `/var/task`, unless the function is an image.
    pub code: Option<&'a Path>,
    /// What becomes `/opt`.
    pub layers: Option<&'a Path>,
    pub memory_mb: u32,
    pub reach: Reach,
    pub variables: &'a Variables,
    pub variables_file: &'a Path,
}

impl Plan<'_> {
    /// The arguments of `run`. A function's variables are not among them: every user of a machine sees command lines.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut all: Vec<OsString> = Vec::new();
        let mut say = |words: &[&str]| all.extend(words.iter().map(OsString::from));
        let memory = format!("{}m", self.memory_mb);
        say(&["run", "--rm", "--name", self.name]);
        say(&["--label", &format!("tidegate.owner={}", self.owner)]);
        say(&["--label", &format!("tidegate.function={}", self.function)]);
        let reference = Reference { name: &self.contents.facts.id, architecture: self.architecture };
        say(&["--pull", "never", "--platform", &reference.platform(), "--log-driver", "none"]);
        if self.reach == Reach::Shared {
            say(&["--network", "host"]);
        }
        // As on AWS: nothing but `/tmp` can be written, and there is no swap. That is a volume rather than memory.
        say(&["--read-only", "--volume", "/tmp", "--memory", &memory, "--memory-swap", &memory]);
        say(&["--pids-limit", PROCESSES, "--ulimit", OPEN_FILES]);
        // Files belong to whoever runs the server: the container's root must be able to read them all the same.
        say(&["--cap-drop", "ALL", "--cap-add", "DAC_OVERRIDE"]);
        say(&["--security-opt", "no-new-privileges", "--security-opt", "label=disable"]);
        for (folder, place) in [(self.code, "/var/task"), (self.layers, "/opt")] {
            if let Some(folder) = folder {
                all.extend([OsString::from("--mount"), mount(folder, place)]);
            }
        }
        all.extend([OsString::from("--env-file"), self.variables_file.as_os_str().to_owned()]);
        let mut say = |words: &[&str]| all.extend(words.iter().map(OsString::from));
        for name in self.variables.inherited.keys() {
            say(&["--env", name]);
        }
        if let Some(folder) = &self.contents.working_directory {
            say(&["--workdir", folder]);
        }
        let mut entry_point = self.contents.entry_point.iter();
        if let Some(program) = entry_point.next() {
            say(&["--entrypoint", program]);
        }
        say(&[&self.contents.facts.id]);
        entry_point.chain(&self.contents.command).for_each(|word| say(&[word]));
        all
    }
}

/// A folder of the machine as `--mount` takes it, which reads it as a line of comma-separated values.
fn mount(folder: &Path, place: &str) -> OsString {
    let source = format!("source={}", folder.display());
    let source = match source.contains([',', '"']) {
        true => format!("\"{}\"", source.replace('"', "\"\"")),
        false => source,
    };
    OsString::from(format!("type=bind,{source},target={place},readonly"))
}

/// A function's variables, on the two ways on which they reach a container.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Variables {
    /// The text of a file with a line for each.
    pub file: String,
    /// What does not fit into a line: the engine's program has them itself and is told to pass them on.
    pub inherited: BTreeMap<String, String>,
}

impl Variables {
    /// # Errors
    /// [`Fault::Invalid`] for one of several lines that has the name of one that the engine's program heeds.
    pub(crate) fn of(all: BTreeMap<String, String>) -> Result<Variables, Fault> {
        let mut variables = Variables::default();
        for (name, value) in all {
            if !value.contains(['\n', '\r']) {
                variables.file.push_str(&format!("{name}={value}\n"));
                continue;
            }
            if OF_THE_PROGRAM.iter().any(|start| name.starts_with(start)) || OF_THE_PROGRAM_TOO.contains(&name.as_str())
            {
                return Err(Fault::Invalid(format!(
                    "the variable {name} has several lines, which no container can be given"
                )));
            }
            variables.inherited.insert(name, value);
        }
        Ok(variables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::ImageFacts;

    fn contents(entry_point: &[&str], command: &[&str]) -> Contents {
        let facts = ImageFacts {
            id: "sha256:aa".to_owned(),
            digest: "bb".to_owned(),
            architecture: "amd64".to_owned(),
            entry_point: Vec::new(),
            command: Vec::new(),
        };
        let texts = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Contents {
            facts,
            entry_point: texts(entry_point),
            command: texts(command),
            working_directory: Some("/work".to_owned()),
        }
    }

    fn line(contents: &Contents, reach: Reach, variables: &Variables) -> String {
        let plan = Plan {
            name: "tidegate-n",
            owner: "o",
            function: "f",
            architecture: "arm64",
            contents,
            code: Some(Path::new("/c")),
            layers: None,
            memory_mb: 128,
            reach,
            variables,
            variables_file: Path::new("/v"),
        };
        let words: Vec<String> = plan.arguments().into_iter().map(|word| word.into_string().expect("text")).collect();
        words.join(" ")
    }

    #[test]
    fn a_command_line_holds_no_variable() {
        let all = BTreeMap::from([("SECRET".to_owned(), "s3cret".to_owned()), ("PEM".to_owned(), "a\nb".to_owned())]);
        let variables = Variables::of(all).expect("they fit");
        assert_eq!(variables.file, "SECRET=s3cret\n");
        let line = line(&contents(&["/e", "x"], &["h"]), Reach::Shared, &variables);
        assert!(!line.contains("s3cret") && !line.contains('\n'), "{line}");
        for part in [
            "run --rm --name tidegate-n --label tidegate.owner=o --label tidegate.function=f",
            "--platform linux/arm64",
            "--network host",
            "--memory 128m --memory-swap 128m",
            "--mount type=bind,source=/c,target=/var/task,readonly",
            "--env-file /v --env PEM --workdir /work --entrypoint /e sha256:aa x h",
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(!line.contains("/opt"), "{line}");
    }

    #[test]
    fn folders_may_have_any_name() {
        let told = mount(Path::new("/a,\"b"), "/opt");
        assert_eq!(told, OsString::from("type=bind,\"source=/a,\"\"b\",target=/opt,readonly"));
    }

    #[test]
    fn an_engine_in_a_virtual_machine_is_called_back_by_name() {
        assert!(!line(&contents(&[], &[]), Reach::ByName, &Variables::default()).contains("--network"));
        for (given, wanted) in [
            ("127.0.0.1:4000", "host.docker.internal:4000"),
            ("https://localhost:4566", "https://host.docker.internal:4566"),
            ("http://10.0.0.1:4566", "http://10.0.0.1:4566"),
        ] {
            assert_eq!(Reach::ByName.call(given), wanted);
            assert_eq!(Reach::Shared.call(given), given);
        }
    }

    #[test]
    fn variables_of_several_lines_must_not_change_the_engines_program() {
        for (name, fits) in
            [("KEY", true), ("DOCKER_HOST", false), ("LD_PRELOAD", false), ("PATH", false), ("PATHS", true)]
        {
            let all = BTreeMap::from([(name.to_owned(), "a\nb".to_owned())]);
            assert_eq!(Variables::of(all).is_ok(), fits, "{name}");
        }
    }
}
