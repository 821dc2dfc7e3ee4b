//! Images: which one runs a runtime, what an engine says of one, and why one cannot be had.

use serde::Deserialize;

/// Where AWS publishes the images that its runtimes are.
const REGISTRY: &str = "public.ecr.aws/lambda";

/// Starts extensions beside a runtime.
const EXTENSIONS: &str = include_str!("extensions.sh");

/// A function that is an image.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Image {
    /// Its name with its digest, by which it is fetched again if it is gone: `repository@sha256:…`.
    pub resolved: String,
    /// Its number in the engine, by which it is run.
    pub id: String,
    /// What is run instead of the image's own entry point, unless it is empty.
    pub entry_point: Vec<String>,
    /// What that is told instead of the image's own command, unless it is empty.
    pub command: Vec<String>,
    /// The folder that it starts in, if not the image's own.
    pub working_directory: Option<String>,
}

/// What an engine says of an image that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// Its number in the engine: `sha256:…`.
    pub id: String,
    /// Its digest in the registry, 64 hexadecimal digits; of one that was built here, its number's.
    pub digest: String,
    /// `amd64` or `arm64`.
    pub architecture: String,
    pub(crate) entry_point: Vec<String>,
    pub(crate) command: Vec<String>,
}

/// Why an image cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PullRefusal {
    /// The registry does not let us have it.
    #[error("the registry refuses: {0}")]
    Denied(String),
    /// There is no such image.
    #[error("there is no such image: {0}")]
    Missing(String),
    /// It is nothing that could be run here.
    #[error("the image cannot be used: {0}")]
    Invalid(String),
    /// The registry was not reached.
    #[error("the image could not be fetched: {0}")]
    Unreachable(String),
    /// No engine answers.
    #[error("{0}")]
    NoEngine(String),
}

/// What is to be fetched or run, and for which machines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference<'a> {
    pub name: &'a str,
    /// `x86_64` or `arm64`, as AWS calls them.
    pub architecture: &'a str,
}

impl Reference<'_> {
    /// As images name it.
    pub(crate) fn machine(&self) -> &'static str {
        if self.architecture == "arm64" { "arm64" } else { "amd64" }
    }

    /// As the command line wants it.
    pub(crate) fn platform(&self) -> String {
        format!("linux/{}", self.machine())
    }
}

/// What is run in a container: an image, and what it is told.
#[derive(Debug, Clone)]
pub(crate) struct Contents {
    pub facts: ImageFacts,
    pub entry_point: Vec<String>,
    pub command: Vec<String>,
    pub working_directory: Option<String>,
}

impl Contents {
    /// AWS's image of a runtime: what it is told is the handler.
    pub(crate) fn of_runtime(facts: ImageFacts, handler: &str) -> Contents {
        Contents { facts, entry_point: Vec::new(), command: vec![handler.to_owned()], working_directory: None }
    }

    /// A function that is an image.
    pub(crate) fn of_image(facts: ImageFacts, image: &Image) -> Contents {
        // An engine forgets an image's own command when it is given another entry point; Lambda does not.
        let command = match (image.entry_point.is_empty(), image.command.is_empty()) {
            (false, true) => facts.command.clone(),
            _ => image.command.clone(),
        };
        let (entry_point, working_directory) = (image.entry_point.clone(), image.working_directory.clone());
        Contents { facts, entry_point, command, working_directory }
    }

    /// The same with the extensions in `/opt` beside it, which nothing in AWS's images starts: a shell, which all of
    /// them have, is the first process.
    pub(crate) fn with_extensions(&self) -> Contents {
        let own = if self.entry_point.is_empty() { &self.facts.entry_point } else { &self.entry_point };
        let shell = ["/bin/sh", "-c", EXTENSIONS, "sh"].map(str::to_owned);
        Contents { entry_point: shell.iter().chain(own).cloned().collect(), ..self.clone() }
    }

    /// The program that starts first, for messages.
    pub(crate) fn program(&self) -> &str {
        let all = [&self.entry_point, &self.facts.entry_point, &self.command, &self.facts.command];
        all.into_iter().flatten().next().map_or("/lambda-entrypoint.sh", String::as_str)
    }
}

/// AWS's image for a runtime, if there is one for functions that bring no program of their own.
pub(crate) fn base_image(runtime: &str) -> Option<String> {
    let split = runtime.find(|letter: char| letter.is_ascii_digit())?;
    let (language, version) = runtime.split_at(split);
    let (name, tag) = match (language, version) {
        // There were none yet.
        ("dotnetcore", "1.0" | "2.0") | ("nodejs", "4.3" | "4.3-edge" | "6.10" | "8.10") => return None,
        ("dotnetcore", version) => ("dotnet", format!("core{version}")),
        ("nodejs", version) => ("nodejs", version.trim_end_matches(".x").to_owned()),
        ("java" | "dotnet" | "ruby" | "python", version) => (language, version.to_owned()),
        _ => return None,
    };
    Some(format!("{REGISTRY}/{name}:{tag}"))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    #[serde(default)]
    repo_digests: Option<Vec<String>>,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    config: Option<Config>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Config {
    #[serde(default)]
    entrypoint: Option<Vec<String>>,
    #[serde(default)]
    cmd: Option<Vec<String>>,
}

/// Reads what `image inspect` prints of one image that was asked for by `name`.
pub(super) fn read_facts(printed: &str, name: &str) -> Option<ImageFacts> {
    let [found]: [Inspected; 1] = serde_json::from_str::<Vec<Inspected>>(printed).ok()?.try_into().ok()?;
    let number = found.id.strip_prefix("sha256:").unwrap_or(&found.id).to_owned();
    let digests = found.repo_digests.unwrap_or_default();
    let wanted = repository(name);
    let split: Vec<(&str, &str)> = digests.iter().filter_map(|digest| digest.split_once("@sha256:")).collect();
    // Engines write repositories out, `docker.io/library/…`, or do not.
    let is_same = |known: &str| {
        known == wanted || known.ends_with(&format!("/{wanted}")) || wanted.ends_with(&format!("/{known}"))
    };
    let digest =
        split.iter().find(|(known, _)| is_same(known)).map_or(number.as_str(), |(_, digest)| digest).to_owned();
    let config = found.config.unwrap_or_default();
    Some(ImageFacts {
        id: format!("sha256:{number}"),
        digest,
        architecture: found.architecture,
        entry_point: config.entrypoint.unwrap_or_default(),
        command: config.cmd.unwrap_or_default(),
    })
}

/// An image's name without its tag and digest.
pub(crate) fn repository(name: &str) -> &str {
    let name = name.split_once('@').map_or(name, |(before, _)| before);
    match name.rsplit_once(':') {
        // What follows a registry's port has a slash.
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    }
}

/// Whether an engine that was asked for an image has said that it has none.
pub(super) fn is_absent(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    ["no such image", "image not known", "not found"].iter().any(|words| said.contains(words))
}

/// What an engine means by what it says of a pull that failed.
pub(super) fn refusal(said: &str) -> PullRefusal {
    // The last line says what went wrong; before it there may be progress.
    let line =
        said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("the engine does not say why").to_owned();
    let lower = said.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    if says(&["cannot connect to the docker daemon", "is the docker daemon running", "unable to connect to podman"]) {
        return PullRefusal::NoEngine(line);
    }
    if says(&["denied", "unauthorized", "authentication required", "no basic auth credentials", "forbidden"]) {
        return PullRefusal::Denied(line);
    }
    if says(&[
        "no matching manifest",
        "invalid reference format",
        "no image found in manifest list",
        "unsupported media type",
    ]) {
        return PullRefusal::Invalid(line);
    }
    if says(&["manifest unknown", "name unknown", "not found", "no such host is known", "does not exist"]) {
        return PullRefusal::Missing(line);
    }
    PullRefusal::Unreachable(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_have_images() {
        for (runtime, image) in [
            ("java8", Some("java:8")),
            ("java8.al2", Some("java:8.al2")),
            ("java11", Some("java:11")),
            ("java17", Some("java:17")),
            ("java21", Some("java:21")),
            ("java25", Some("java:25")),
            ("dotnetcore1.0", None),
            ("dotnetcore2.0", None),
            ("dotnetcore2.1", Some("dotnet:core2.1")),
            ("dotnetcore3.1", Some("dotnet:core3.1")),
            ("dotnet6", Some("dotnet:6")),
            ("dotnet8", Some("dotnet:8")),
            ("dotnet10", Some("dotnet:10")),
            ("ruby2.5", Some("ruby:2.5")),
            ("ruby2.7", Some("ruby:2.7")),
            ("ruby3.3", Some("ruby:3.3")),
            ("ruby4.0", Some("ruby:4.0")),
            ("python2.7", Some("python:2.7")),
            ("python3.12", Some("python:3.12")),
            ("nodejs22.x", Some("nodejs:22")),
            ("nodejs4.3-edge", None),
            ("nodejs", None),
            ("provided.al2023", None),
            ("go1.x", None),
        ] {
            assert_eq!(base_image(runtime), image.map(|image| format!("public.ecr.aws/lambda/{image}")), "{runtime}");
        }
    }

    #[test]
    fn repositories_are_names_without_tags() {
        for (name, wanted) in [
            ("app", "app"),
            ("app:v1", "app"),
            ("localhost:5000/app", "localhost:5000/app"),
            ("localhost:5000/app:v1", "localhost:5000/app"),
            ("a.dkr.ecr.eu-west-1.amazonaws.com/app:v1@sha256:ab", "a.dkr.ecr.eu-west-1.amazonaws.com/app"),
        ] {
            assert_eq!(repository(name), wanted, "{name}");
        }
    }

    #[test]
    fn what_docker_and_podman_print_is_read() {
        let docker = r#"[{"Id":"sha256:aa","RepoTags":["app:v1"],"RepoDigests":["other@sha256:cc","app@sha256:bb"],
            "Architecture":"amd64","Size":5,"Config":{"Entrypoint":["/lambda-entrypoint.sh"],"Cmd":["app.handler"]}}]"#;
        let facts = read_facts(docker, "app:v1").expect("read");
        assert_eq!(
            (facts.id.as_str(), facts.digest.as_str(), facts.architecture.as_str()),
            ("sha256:aa", "bb", "amd64")
        );
        assert_eq!(
            (facts.entry_point, facts.command),
            (vec!["/lambda-entrypoint.sh".to_owned()], vec!["app.handler".to_owned()])
        );
        let podman = r#"[{"Id":"aa","RepoDigests":["docker.io/library/app@sha256:bb"],"Architecture":"arm64","Config":{"Cmd":null}}]"#;
        let facts = read_facts(podman, "app").expect("read");
        assert_eq!((facts.id.as_str(), facts.digest.as_str(), facts.command.len()), ("sha256:aa", "bb", 0));
        let built = read_facts(r#"[{"Id":"sha256:aa","RepoDigests":[],"Architecture":"amd64"}]"#, "app").expect("read");
        assert_eq!(built.digest, "aa");
        for bad in ["", "[]", "{}", "[{}]"] {
            assert_eq!(read_facts(bad, "app"), None, "{bad}");
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let kind = |said: &str| match refusal(said) {
            PullRefusal::Denied(_) => "denied",
            PullRefusal::Missing(_) => "missing",
            PullRefusal::Invalid(_) => "invalid",
            PullRefusal::Unreachable(_) => "unreachable",
            PullRefusal::NoEngine(_) => "no engine",
        };
        for (said, wanted) in [
            (
                "Error response from daemon: pull access denied for x, repository does not exist or may require 'docker login'",
                "denied",
            ),
            ("Error response from daemon: Head \"https://r/v2/x\": no basic auth credentials", "denied"),
            ("unauthorized: authentication required", "denied"),
            (
                "Error response from daemon: manifest for x:v1 not found: manifest unknown: Requested image not found",
                "missing",
            ),
            ("name unknown: The repository with name 'x' does not exist in the registry", "missing"),
            ("no matching manifest for linux/arm64/v8 in the manifest list entries", "invalid"),
            ("invalid reference format", "invalid"),
            ("dial tcp: lookup r on 127.0.0.53:53: server misbehaving", "unreachable"),
            (
                "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
                "no engine",
            ),
            ("", "unreachable"),
        ] {
            assert_eq!(kind(said), wanted, "{said}");
        }
    }

    #[test]
    fn an_images_own_command_outlives_another_entry_point() {
        let facts = ImageFacts {
            id: "sha256:aa".to_owned(),
            digest: "aa".to_owned(),
            architecture: "amd64".to_owned(),
            entry_point: vec!["/own".to_owned()],
            command: vec!["handler".to_owned()],
        };
        let image = |entry_point: &[&str], command: &[&str]| Image {
            resolved: "app@sha256:aa".to_owned(),
            id: "sha256:aa".to_owned(),
            entry_point: entry_point.iter().map(|&text| text.to_owned()).collect(),
            command: command.iter().map(|&text| text.to_owned()).collect(),
            working_directory: None,
        };
        for (entry_point, command, told, program) in [
            (&[][..], &[][..], &[][..], "/own"),
            (&["/other"], &[], &["handler"], "/other"),
            (&[], &["else"], &["else"], "/own"),
            (&["/other"], &["else"], &["else"], "/other"),
        ] {
            let contents = Contents::of_image(facts.clone(), &image(entry_point, command));
            assert_eq!(
                (contents.command.as_slice(), contents.program()),
                (told.iter().map(|&text| text.to_owned()).collect::<Vec<_>>().as_slice(), program)
            );
        }
    }
}
