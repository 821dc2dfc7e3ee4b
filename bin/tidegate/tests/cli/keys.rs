//! Access keys, from the command line, with and without a server.

use crate::program::{Server, fail, program, run, succeed};

/// The access key id that `keys create` printed.
fn id_of(printed: &str) -> String {
    printed.lines().find_map(|line| line.strip_prefix("AWS_ACCESS_KEY_ID=")).unwrap().to_owned()
}

#[test]
fn keys_are_made_listed_and_deleted_in_the_folder_or_through_its_server() {
    let server = Server::start(&["--auth", "enforce"]);
    let online = id_of(&succeed(server.folder.path(), &["keys", "create"]));
    let folder = server.stop();
    let offline = ["keys", "create", "--account", "123456789012", "--data", "tidegate-data"];
    let offline = id_of(&succeed(folder.path(), &offline));
    let server = Server::start_in(folder, &["--auth", "enforce"]);
    let list = succeed(server.folder.path(), &["keys", "list"]);
    assert!(list.contains(&format!("{online}  account 000000000000")), "{list}");
    assert!(list.contains(&format!("{offline}  account 123456789012")), "{list}");
    succeed(server.folder.path(), &["keys", "delete", &online]);
    assert!(fail(server.folder.path(), &["keys", "delete", &online]).contains(&online));
    let folder = server.stop();
    assert_eq!(succeed(folder.path(), &["keys", "list"]).lines().count(), 1);
    assert!(fail(folder.path(), &["keys", "create", "--account", "12"]).contains("twelve"));
}

#[test]
fn under_enforce_nothing_unsigned_is_served_and_the_exports_name_no_made_up_key() {
    let server = Server::start(&["--auth", "enforce"]);
    assert_eq!(server.sqs("ListQueues", "{}").0, 403);
    assert_eq!(server.request("GET", "/_tidegate/health", &[], "").0, 200);
    assert_eq!(server.request("GET", "/_tidegate/metrics", &[], "").0, 403);
    let key = std::fs::read_to_string(server.data().join("admin-key")).unwrap();
    let headers = [("x-tidegate-admin-key", key.as_str())];
    assert_eq!(server.request("GET", "/_tidegate/metrics", &headers, "").0, 200);
    let exports = run(server.folder.path(), &["env", "--shell", "dotenv"]);
    let text = String::from_utf8_lossy(&exports.stdout).into_owned();
    assert!(!text.contains("SECRET"), "{text}");
    assert!(String::from_utf8_lossy(&exports.stderr).contains("keys create"), "{exports:?}");
}

#[test]
fn a_server_in_memory_that_wants_keys_must_be_given_an_admin_key() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["up", "--ephemeral", "--auth", "enforce", "--port", "0"];
    let refusal = fail(folder.path(), &arguments);
    assert!(refusal.contains("TIDEGATE_ADMIN_KEY"), "{refusal}");
    let mut command = program(folder.path());
    command.args(arguments).env("TIDEGATE_ADMIN_KEY", "open sesame");
    let server = Server::spawn(folder, command);
    let mut create = program(server.folder.path());
    create.args(["keys", "create", "--url", &server.url]).env("TIDEGATE_ADMIN_KEY", "open sesame");
    let created = create.output().unwrap();
    assert!(id_of(&String::from_utf8(created.stdout).unwrap()).starts_with("AKIA"));
}
