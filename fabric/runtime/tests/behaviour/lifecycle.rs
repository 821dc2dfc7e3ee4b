use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tidegate_runtime::{Confinement, InitType, Readiness, Settings, findings};

use crate::needs;
use crate::support::{Wishes, World};

const WHO: &str = "const me = Math.random(); exports.handler = async (event) => {
  if (event.wait) await new Promise((go) => setTimeout(go, event.wait));
  return { me, init: process.env.AWS_LAMBDA_INITIALIZATION_TYPE };
};";

/// What came of keeping some ready, where there is room.
fn ready(ready: usize) -> Readiness {
    Readiness { ready, is_capped: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_worker_serves_one_after_another_and_several_at_once() {
    needs!("node");
    let world = World::new().await;
    let spec = Arc::new(world.node(WHO));
    let first = world.run(&spec, "{}").await.json;
    for _ in 0..200 {
        assert_eq!(world.run(&spec, "{}").await.json, first, "the worker that was idle is used");
    }
    let event = r#"{"wait":300}"#;
    let (a, b) = tokio::join!(world.run(&spec, event), world.run(&spec, event));
    assert_ne!(a.json, b.json);
    world.runtimes.stop().await;
    assert_eq!(world.runtimes.busy(), 0);
    let refused = world.runtimes.run(&spec, world.event("{}")).await.expect_err("it has stopped");
    assert!(matches!(refused, tidegate_runtime::Fault::Stopping), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_is_stopped_and_another_started() {
    needs!("node");
    let world = World::with(Wishes { idle: Duration::ZERO, ..Wishes::default() }).await;
    let spec = Arc::new(world.node(WHO));
    let first = world.run(&spec, "{}").await;
    // Its time is over at once; however the race between the two ends, an invocation is answered.
    for _ in 0..10 {
        assert_eq!(world.run(&spec, "{}").await.error, None);
    }
    assert!(first.usage.init_ms.is_some());
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_credentials_end_is_replaced() {
    needs!("node");
    let world = World::with(Wishes { credentials_last: Duration::from_secs(60), ..Wishes::default() }).await;
    let spec = Arc::new(world.node(WHO));
    for _ in 0..3 {
        assert_eq!(world.run(&spec, "{}").await.error, None);
    }
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn provisioned_environments_are_warm_and_are_replaced() {
    needs!("node");
    let world = World::new().await;
    let mut spec = world.node(WHO);
    spec.init = InitType::ProvisionedConcurrency;
    let spec = Arc::new(spec);
    assert_eq!(world.runtimes.provision(&spec, 2).await, ready(2));
    let answer = world.run(&spec, "{}").await;
    assert_eq!(answer.json["init"], "provisioned-concurrency");
    assert_eq!(world.runtimes.provision(&spec, 0).await, ready(0));
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_kept_ready_than_the_machine_has_room_for() {
    needs!("node");
    let world = World::new().await;
    let [one, other] = [1, 2].map(|_| Arc::new(world.node(WHO)));
    assert_eq!(world.runtimes.provision(&one, 2).await, ready(2));
    assert_eq!(world.runtimes.provision(&other, 2).await, Readiness { ready: 1, is_capped: true });
    assert_eq!(world.runtimes.provision(&one, 0).await, ready(0));
    assert_eq!(world.runtimes.provision(&other, 2).await, ready(2));
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_revision_is_started_anew() {
    needs!("node");
    let world = World::new().await;
    let spec = Arc::new(world.node(WHO));
    let before = world.run(&spec, "{}").await.json;
    world.runtimes.retire(&spec.id);
    let mut other = (*spec).clone();
    other.id = "another".to_owned();
    let after = world.run(&Arc::new(other), "{}").await.json;
    assert_ne!(before, after);
    world.runtimes.stop().await;
}

/// The process that has this in its environment.
fn process_of(variable: &str) -> Option<i32> {
    let pids =
        std::fs::read_dir("/proc").expect("/proc").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut all = pids.filter(|pid: &i32| {
        std::fs::read(format!("/proc/{pid}/environ")).is_ok_and(|all| String::from_utf8_lossy(&all).contains(variable))
    });
    all.next()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_while_idle_is_not_used() {
    needs!("node");
    let world = World::new().await;
    let spec = Arc::new(world.node("exports.handler = async (event, context) => context.logStreamName;"));
    for _ in 0..3 {
        let answer = world.run(&spec, "{}").await;
        assert!(answer.usage.init_ms.is_some(), "{answer:?}");
        let stream = answer.json.as_str().expect("a name").to_owned();
        let pid = process_of(&stream).expect("a process");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).expect("killed");
        // Gone from the list: its parent has noticed.
        while std::path::Path::new(&format!("/proc/{pid}")).exists() {
            tokio::task::yield_now().await;
        }
    }
    world.runtimes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_although_the_process_ends_right_after_it() {
    needs!("node");
    let world = World::new().await;
    let text = "exports.handler = async (event, context) => { setImmediate(() => process.exit(1)); return 1; };";
    for _ in 0..5 {
        let answer = world.run(&Arc::new(world.node(text)), "{}").await;
        assert_eq!((answer.error, answer.json), (None, Value::from(1)));
    }
    world.runtimes.stop().await;
}

/// The processes of this machine whose command line has this text.
fn processes_with(text: &str) -> usize {
    let all = std::fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    let lines = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(text)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_started_dies_with_its_worker() {
    needs!("node");
    for confinement in [Confinement::Strict, Confinement::Light] {
        let world = World::with(Wishes { confinement, ..Wishes::default() }).await;
        let mark = format!("86{}", world.env.random_u64() % 1_000_000_000);
        let text = format!(
            "exports.handler = async () => {{ require('child_process').spawn('sleep', ['{mark}'], {{ detached: true, stdio: 'ignore' }}).unref(); await new Promise((go) => setTimeout(go, 50)); }};"
        );
        let spec = Arc::new(world.node(&text));
        assert_eq!(world.run(&spec, "{}").await.error, None);
        assert_eq!(processes_with(&mark), 1, "{confinement:?}");
        world.runtimes.stop().await;
        assert_eq!(processes_with(&mark), 0, "{confinement:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_function_sees_little_of_the_machine() {
    needs!("node");
    let world = World::new().await;
    let secret = world.folder.path().join("secret");
    std::fs::write(&secret, "of the server").expect("written");
    let text = "const fs = require('fs');
const attempt = (body) => { try { return body(); } catch (error) { return error.code; } };
exports.handler = async (event) => ({
  secret: attempt(() => fs.readFileSync(event.secret, 'utf8')),
  home: attempt(() => fs.readdirSync('/root')),
  outside: attempt(() => fs.writeFileSync('/usr/tidegate-was-here', '')),
  code: attempt(() => fs.writeFileSync(process.env.LAMBDA_TASK_ROOT + '/more', '')),
  tmp: attempt(() => { fs.writeFileSync(require('os').tmpdir() + '/own', 'mine'); return fs.readFileSync(require('os').tmpdir() + '/own', 'utf8'); }),
  dns: attempt(() => typeof fs.readFileSync('/etc/hosts', 'utf8')),
  status: fs.readFileSync('/proc/self/status', 'utf8'),
  root: process.env.LAMBDA_TASK_ROOT,
  pid: process.pid,
});";
    let spec = Arc::new(world.node(text));
    let answer = world.run(&spec, &serde_json::json!({ "secret": secret }).to_string()).await;
    let json = &answer.json;
    let found = findings(&world.env, &Settings::new("x".into(), "y".into(), "z".into())).await;
    let tiers = found.iter().find(|finding| finding.subject.starts_with("Confinement")).expect("a finding");
    let there = tiers.text.split("not here").next().unwrap_or_default();
    assert!(json["status"].as_str().expect("text").contains("NoNewPrivs:\t1"), "{json}");
    assert_eq!((&json["tmp"], &json["dns"]), (&Value::from("mine"), &Value::from("string")), "{json}");
    if there.contains("Landlock") {
        for name in ["home", "outside", "code"] {
            assert!(["EACCES", "EROFS"].contains(&json[name].as_str().unwrap_or_default()), "{name}: {json}");
        }
        assert!(["EACCES", "ENOENT"].contains(&json["secret"].as_str().unwrap_or_default()), "{json}");
    }
    if there.contains("own mounts") {
        assert_eq!(json["root"], "/var/task");
    }
    if there.contains("own processes") {
        assert!(json["pid"].as_u64().is_some_and(|pid| pid <= 2), "{json}");
        assert!(json["status"].as_str().expect("text").contains("CapEff:\t0000000000000000"), "{json}");
    }
    if there.contains("seccomp") {
        assert!(json["status"].as_str().expect("text").contains("Seccomp:\t2"), "{json}");
    }
    world.runtimes.stop().await;
}

/// Says to another process of this test binary that it is the server, and by which mark its function is known.
const SERVER: &str = "TIDEGATE_TEST_SERVER_TO_KILL";

#[tokio::test(flavor = "multi_thread")]
async fn no_worker_outlives_a_server_that_is_killed() {
    needs!("node");
    if let Ok(mark) = std::env::var(SERVER) {
        let world = World::new().await;
        let mut spec = world.node("exports.handler = () => new Promise((done) => setTimeout(done, 60000));");
        spec.environment.insert("MARK".to_owned(), mark);
        spec.timeout_ms = 60_000;
        let _answer = world.run(&Arc::new(spec), "{}").await;
        return;
    }
    let env = tidegate_env::Env::real();
    let mark = env.uuid().to_string();
    let mut server = std::process::Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "lifecycle::no_worker_outlives_a_server_that_is_killed"])
        .env(SERVER, &mark)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("another process");
    let known = format!("MARK={mark}");
    let there = async |wanted: bool| {
        while process_of(&known).is_some() != wanted {
            tokio::task::yield_now().await;
        }
    };
    env.timeout_real(Duration::from_secs(30), there(true)).await.expect("a worker starts");
    server.kill().expect("killed");
    server.wait().expect("waited for");
    env.timeout_real(Duration::from_secs(10), there(false)).await.expect("the worker ends with its server");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_and_crashes_among_them_are_all_answered() {
    needs!("node");
    let world = Arc::new(World::new().await);
    let text = "exports.handler = async (event) => {
  if (event.n % 13 === 5) process.exit(1);
  if (event.n % 13 === 7) throw new Error('no');
  return event.n;
};";
    let spec = Arc::new(world.node(text));
    let callers = (0..6).map(|caller| {
        let (world, spec) = (world.clone(), spec.clone());
        async move {
            for n in (0..240).skip(caller).step_by(6) {
                let answer = world.run(&spec, &serde_json::json!({ "n": n }).to_string()).await;
                match n % 13 {
                    5 => assert_eq!(answer.failure().0, "Runtime.ExitError"),
                    7 => assert_eq!(answer.failure(), ("Error", "no")),
                    _ => assert_eq!((answer.error, answer.json), (None, Value::from(n))),
                }
            }
        }
    });
    futures::future::join_all(callers).await;
    world.runtimes.stop().await;
    let left = std::fs::read_dir(world.folder.path().join("scratch/workers")).expect("the folder").count();
    assert_eq!((world.runtimes.busy(), left), (0, 0));
}
