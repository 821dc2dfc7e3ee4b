//! What a server is started with, and why it may refuse to.

use std::net::TcpListener;

use crate::program::{Server, fail, program, succeed};

#[test]
fn flags_win_over_the_environment_and_the_environment_over_the_file() {
    let data = |flag: bool, variable: bool| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tidegate.toml"), "port = 0\ndata = \"from-file\"\n").unwrap();
        let mut command = program(folder.path());
        command.arg("up");
        if flag {
            command.args(["--data", "from-flag"]);
        }
        if variable {
            command.env("TIDEGATE_DATA", "from-environment");
        }
        let server = Server::spawn(folder, command);
        let line = server.ready.trim().to_owned();
        line.rsplit_once("(data: ").unwrap().1.trim_end_matches(')').to_owned()
    };
    assert_eq!(data(true, true), "from-flag");
    assert_eq!(data(false, true), "from-environment");
    assert_eq!(data(false, false), "from-file");
}

#[test]
fn the_ready_line_and_file_say_where_it_listens() {
    let server = Server::start(&["--ready-file", "ready"]);
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!("Tidegate {version} listening on {} (data: ./tidegate-data)\n", server.url);
    assert_eq!(server.ready, expected);
    // The file is written right behind the line; `status` makes sure that the server got that far.
    succeed(server.folder.path(), &["status"]);
    let file = server.folder.path().join("ready");
    assert_eq!(std::fs::read_to_string(file).unwrap(), format!("{}\n", server.url));
}

#[test]
fn beyond_loopback_it_wants_to_be_told_twice() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = fail(folder.path(), &["up", "--host", "0.0.0.0", "--port", "0"]);
    assert!(refusal.contains("--auth enforce") && refusal.contains("--unsafe-no-auth"), "{refusal}");
    assert!(!folder.path().join("tidegate-data").exists(), "nothing was touched");
    let server = Server::start(&["--host", "0.0.0.0", "--unsafe-no-auth"]);
    assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);
    assert_eq!(server.sqs("ListQueues", "{}").0, 200);
}

#[test]
fn a_taken_port_is_named_and_nothing_is_touched() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let refusal = fail(folder.path(), &["up", "--port", &port]);
    assert!(refusal.contains(&format!("127.0.0.1:{port}")) && refusal.contains("--port"), "{refusal}");
    assert!(!folder.path().join("tidegate-data").exists());
}

#[test]
fn a_folder_in_use_names_its_owner() {
    let server = Server::start(&[]);
    for arguments in [&["up", "--port", "0"][..], &["check", "tidegate-data"], &["restore", "x"]] {
        let refusal = fail(server.folder.path(), arguments);
        if arguments[0] != "restore" {
            assert!(refusal.contains(&format!("process {}", server.pid())), "{arguments:?}: {refusal}");
        }
    }
}

#[test]
fn a_folder_of_a_newer_release_is_refused() {
    let folder = Server::start(&[]).stop();
    std::fs::write(folder.path().join("tidegate-data/FORMAT"), "tidegate 999\n").unwrap();
    let refusal = fail(folder.path(), &["up", "--port", "0"]);
    assert!(refusal.contains("999") && refusal.contains("newer"), "{refusal}");
}

#[test]
fn mistakes_are_named_with_their_mend() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.toml"), "prot = 1\n").unwrap();
    for (arguments, expected) in [
        (&["up", "--durability", "never"][..], "interval=50ms"),
        (&["up", "--config", "absent.toml"], "absent.toml"),
        (&["up", "--config", "bad.toml"], "prot"),
        (&["up", "--init", "absent"], "absent"),
        (&["up", "--port", "0", "--log", "tidegate=loud"], "info,tidegate_store=debug"),
        (&["up", "--host", "example.com"], "such as 127.0.0.1"),
        (&["up", "--port", "0", "--data", "bad.toml"], "cannot use bad.toml as a data folder"),
        (&["check", "absent"], "absent is not a data folder: there is no such folder"),
        (&["check", "."], ". is not a data folder; name"),
        (&["backup", "--data", "absent", "x"], "absent is not a data folder"),
        (&["backup", "bad.toml"], "bad.toml exists already"),
        (&["restore", "absent"], "absent: No such file"),
    ] {
        let refusal = fail(folder.path(), arguments);
        assert!(refusal.contains(expected), "{arguments:?}: {refusal}");
        assert!(!refusal.contains("is damaged"), "{arguments:?}: {refusal}");
        assert!(refusal.matches("os error").count() <= 1, "a cause is told once: {refusal}");
    }
}

#[test]
fn variables_say_yes_as_people_do() {
    for yes in ["1", "true", "yes", "on"] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = program(folder.path());
        command.args(["up", "--host", "localhost", "--port", "0"]).env("TIDEGATE_EPHEMERAL", yes);
        let server = Server::spawn(folder, command);
        assert!(server.ready.contains("(data: in memory)"), "{}", server.ready);
    }
}

#[test]
fn a_variable_that_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = |arguments: &[&str]| {
        let output = program(folder.path()).args(arguments).env("TIDEGATE_PORT", "abc").output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refusal(&["up"]).contains("variable TIDEGATE_PORT"), "{}", refusal(&["up"]));
    assert!(!refusal(&["up", "--port", "xyz"]).contains("variable"), "the flag is what was wrong");
}

#[test]
fn a_command_ends_quietly_when_nobody_reads() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = program(folder.path()).arg("env").stdout(writer).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
