//! A whole life: serving, ending, coming back.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::program::{Server, fail, run, succeed};

#[test]
fn what_was_acknowledged_is_there_after_a_stop_and_after_a_crash() {
    let server = Server::start(&[]);
    let url = server.queue("orders");
    let send = |server: &Server, body: &str| {
        let (status, answer) =
            server.sqs("SendMessage", &format!("{{\"QueueUrl\":\"{url}\",\"MessageBody\":\"{body}\"}}"));
        assert_eq!(status, 200, "{answer}");
    };
    send(&server, "before the stop");
    let server = Server::start_in(server.stop(), &[]);
    send(&server, "before the crash");
    let server = Server::start_in(server.kill(), &[]);
    let receive = format!("{{\"QueueUrl\":\"{url}\",\"MaxNumberOfMessages\":10}}");
    let mut bodies = Vec::new();
    while bodies.len() < 2 {
        let (status, answer) = server.sqs("ReceiveMessage", &receive);
        assert_eq!(status, 200, "{answer}");
        let messages = answer["Messages"].as_array().unwrap().iter();
        bodies.extend(messages.map(|message| message["Body"].as_str().unwrap().to_owned()));
    }
    bodies.sort();
    assert_eq!(bodies, ["before the crash", "before the stop"]);
    let folder = server.stop();
    assert!(succeed(folder.path(), &["check"]).contains("is sound"));
}

#[test]
fn status_finds_the_server_on_the_folder_and_notices_its_end() {
    let server = Server::start(&[]);
    let status = succeed(server.folder.path(), &["status"]);
    assert!(status.contains(&server.url) && status.contains("sqs"), "{status}");
    let exports = succeed(server.folder.path(), &["env", "--shell", "sh", "--region", "eu-west-1"]);
    assert!(exports.contains(&format!("export AWS_ENDPOINT_URL='{}'", server.url)), "{exports}");
    assert!(exports.contains("export AWS_REGION='eu-west-1'"), "{exports}");
    let url = server.url.clone();
    let folder = server.kill();
    let after = run(folder.path(), &["status", "--url", &url]);
    assert!(!after.status.success());
    assert!(String::from_utf8_lossy(&after.stdout).contains("not running"), "{after:?}");
}

#[test]
fn status_of_a_folder_tells_of_no_other_server() {
    let server = Server::start(&[]);
    let status = |arguments: &[&str]| run(server.folder.path(), &[&["status", "--data", "other"], arguments].concat());
    let named = status(&["--url", &server.url]);
    assert!(named.status.success(), "whoever gives a URL asks there: {named:?}");
    let other = status(&[]);
    assert!(!other.status.success());
    assert_eq!(String::from_utf8_lossy(&other.stdout), "not running: no server runs on other\n");
}

#[test]
fn a_backup_of_a_running_server_restores_what_it_held() {
    let server = Server::start(&[]);
    server.queue("orders");
    succeed(server.folder.path(), &["backup", "online.backup"]);
    server.queue("later");
    let folder = server.stop();
    succeed(folder.path(), &["backup", "offline.backup"]);
    assert!(fail(folder.path(), &["backup", "offline.backup"]).contains("offline.backup"), "it is not overwritten");
    for (backup, queues) in [("online.backup", 1), ("offline.backup", 2)] {
        let data = format!("from-{backup}");
        succeed(folder.path(), &["restore", backup, "--data", &data]);
        let path = folder.path().join(&data);
        let server = Server::start(&["--data", path.to_str().unwrap()]);
        let (_, listed) = server.sqs("ListQueues", "{}");
        assert_eq!(listed["QueueUrls"].as_array().unwrap().len(), queues, "{backup}: {listed}");
    }
}

#[test]
fn after_a_crash_the_folder_is_backed_up_whoever_has_the_servers_number_now() {
    let server = Server::start(&[]);
    server.queue("orders");
    let data = server.data();
    let note = std::fs::read_to_string(data.join("server.json")).unwrap();
    let note = note.replace(&server.pid().to_string(), &std::process::id().to_string());
    let folder = server.kill();
    std::fs::write(data.join("server.json"), note).unwrap();
    assert!(!run(folder.path(), &["status"]).status.success());
    succeed(folder.path(), &["backup", "after.backup"]);
}

#[test]
fn a_deleted_queues_name_rests_if_asked_to() {
    let (queue, delete) = (r#"{"QueueName":"orders"}"#, |url: &str| format!("{{\"QueueUrl\":\"{url}\"}}"));
    for (arguments, expected) in [(&["--ephemeral"][..], 200), (&["--ephemeral", "--rest-queue-names"], 400)] {
        let server = Server::start(arguments);
        let url = server.queue("orders");
        assert_eq!(server.sqs("DeleteQueue", &delete(&url)).0, 200);
        let (status, answer) = server.sqs("CreateQueue", queue);
        assert_eq!(status, expected, "{arguments:?}: {answer}");
        assert_eq!(server.request("POST", "/_tidegate/clock", &[], "{\"advance\":\"PT61S\"}").0, 200);
        assert_eq!(server.sqs("CreateQueue", queue).0, 200, "{arguments:?}");
    }
}

#[test]
fn moved_time_survives_a_restart_and_never_runs_backwards() {
    let server = Server::start(&["--virtual-clock"]);
    let (status, moved) = server.request("POST", "/_tidegate/clock", &[], "{\"advance\":\"P2D\"}");
    assert_eq!(status, 200, "{moved}");
    let offset = |server: &Server| {
        let clock = server.request("GET", "/_tidegate/clock", &[], "").1;
        serde_json::from_str::<serde_json::Value>(&clock).unwrap()["offsetSeconds"].as_f64().unwrap()
    };
    let before = offset(&server);
    assert!(before > 172_000.0, "{before}");
    let folder = server.kill();
    let refusal = fail(folder.path(), &["up", "--port", "0"]);
    assert!(refusal.contains("--virtual-clock"), "{refusal}");
    let server = Server::start_in(folder, &["--virtual-clock"]);
    assert!((offset(&server) - before).abs() < 1e-9);
}

#[test]
fn a_reset_forgets_queues_and_their_messages() {
    let server = Server::start(&["--ephemeral"]);
    let url = server.queue("orders");
    server.sqs("SendMessage", &format!("{{\"QueueUrl\":\"{url}\",\"MessageBody\":\"x\"}}"));
    assert_eq!(server.request("POST", "/_tidegate/reset", &[], "").0, 200);
    assert_eq!(server.sqs("ListQueues", "{}").1, serde_json::json!({}));
    let url = server.queue("orders");
    let (_, received) = server.sqs("ReceiveMessage", &format!("{{\"QueueUrl\":\"{url}\"}}"));
    assert_eq!(received, serde_json::json!({}));
    assert!(!server.data().exists(), "nothing is written");
}

#[test]
fn http_and_https_share_the_port_and_the_authority_is_trusted() {
    let server = Server::start(&["--tls"]);
    assert_eq!(server.request("GET", "/_tidegate/health", &[], "").0, 200);
    let authority = std::fs::read(server.data().join("tls/authority.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    for name in ["localhost", "127.0.0.1", "sqs.localhost", "sqs.us-east-1.localhost.localstack.cloud"] {
        let client = ClientConnection::new(config.clone(), ServerName::try_from(name).unwrap()).unwrap();
        let mut stream = StreamOwned::new(client, TcpStream::connect(server.address()).unwrap());
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {name}\r\nconnection: close\r\nx-amz-target: AmazonSQS.CreateQueue\r\n\
             content-length: 17\r\n\r\n{{\"QueueName\":\"q\"}}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        // The server closes TCP right behind the answer.
        let _closed = stream.read_to_string(&mut answer).is_ok();
        assert!(answer.contains(&format!("https://{name}/000000000000/q")), "{name}: {answer}");
    }
    let elsewhere = ClientConnection::new(config, ServerName::try_from("example.com").unwrap()).unwrap();
    let mut stream = StreamOwned::new(elsewhere, TcpStream::connect(server.address()).unwrap());
    assert!(stream.write_all(b"GET / HTTP/1.1\r\n\r\n").is_err(), "it poses as nobody else");
}
