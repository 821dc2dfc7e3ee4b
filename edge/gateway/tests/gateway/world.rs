//! A running server and a client that sends bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tidegate_env::{Env, OsRandom, ShiftedClock, TaskHandle};
use tidegate_gateway::{
    Access, AccessKeys, Admin, Auth, BodyBudget, BodyReader, ClockControl, Gateway, InitBoard, Mode, Parted, Patience,
    Server, Sources, Stopper,
};
use tidegate_store::{EmbeddedStore, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::fake::Fake;
use crate::people::People;
use crate::rest::Rest;

/// What a test may choose about its server.
pub struct Choices {
    pub patience: Patience,
    pub max_body: usize,
    pub max_bodies: usize,
    pub allowed_origins: Vec<String>,
    pub mode: Mode,
    pub trust_proxy: bool,
    pub movable: bool,
}

impl Default for Choices {
    fn default() -> Choices {
        Choices {
            patience: Patience::default(),
            max_body: 1024,
            max_bodies: 4096,
            allowed_origins: Vec::new(),
            mode: Mode::Local,
            trust_proxy: false,
            movable: false,
        }
    }
}

pub const ADMIN_KEY: &str = "let me in";

pub struct World {
    pub address: SocketAddr,
    pub env: Env,
    pub fake: Arc<Fake>,
    pub people: Arc<People>,
    pub keys: Arc<AccessKeys>,
    pub stopper: Stopper,
    pub serving: TaskHandle<()>,
}

impl World {
    pub async fn new() -> World {
        World::with(Choices::default()).await
    }

    pub async fn with(choices: Choices) -> World {
        let clock = Arc::new(ShiftedClock::new(Duration::ZERO));
        let env = Env::new(clock.clone(), Arc::new(OsRandom));
        let store: Arc<dyn Store> = EmbeddedStore::ephemeral(env.clone()).unwrap();
        let keys = Arc::new(AccessKeys::open(store.clone(), env.clone()).await.unwrap());
        let fake = Fake::new(env.clone());
        let people = Arc::new(People::default());
        let sources = Sources {
            credentials: vec![keys.clone(), people.clone()],
            principals: Some(people.clone()),
            resources: vec![fake.clone()],
        };
        let auth = Auth::new(choices.mode, sources);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let parted = Parted {
            env: env.clone(),
            served: vec![fake.clone(), Arc::new(Rest)],
            access: Access {
                bound: Some(address),
                allowed_origins: choices.allowed_origins,
                allowed_hosts: Vec::new(),
            },
            auth: auth.clone(),
            bodies: BodyReader {
                budget: Arc::new(BodyBudget::new(choices.max_bodies)),
                limit: choices.max_body,
                stall: choices.patience.body,
            },
            trust_proxy: choices.trust_proxy,
            admin: Admin {
                version: "0.0.0",
                store: store.clone(),
                pages: vec![auth.denied_page()],
                clock: choices.movable.then(|| ClockControl::new(clock, store)),
                resets: choices.movable.then(Vec::new),
                backup: None,
                keys: keys.clone(),
                init: Arc::new(InitBoard::default()),
                metrics: None,
                admin_key: Some(ADMIN_KEY.to_owned()),
            },
        };
        let gateway = Gateway::new(parted).hosting(fake.clone());
        let server = Server::new(Arc::new(gateway), env.clone(), listener, None, choices.patience);
        let (stopper, stop) = Stopper::new();
        let serving = env.spawn("server", server.run(stop));
        World { address, env, fake, people, keys, stopper, serving }
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends a whole request on a connection of its own, which the server is asked to close.
    pub async fn send(&self, request: &Request<'_>) -> Response {
        let mut stream = self.connect().await;
        stream.write_all(&request.bytes(self.address)).await.unwrap();
        Response::read(&mut stream).await
    }

    /// A call of the fake service in JSON.
    pub async fn call(&self, operation: &str) -> Response {
        self.send(&Request::json(&format!("AmazonFake.{operation}"))).await
    }
}

/// A request, as little of it as a test wants to say.
#[derive(Clone)]
pub struct Request<'a> {
    pub method: &'a str,
    pub target: &'a str,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl<'a> Request<'a> {
    pub fn new(method: &'a str, target: &'a str) -> Request<'a> {
        Request { method, target, headers: Vec::new(), body: Vec::new() }
    }

    /// An awsJson 1.0 call.
    pub fn json(target: &str) -> Request<'static> {
        Request::new("POST", "/")
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            .body("{}")
    }

    /// A query call.
    pub fn form(target: &'a str, body: &str) -> Request<'a> {
        Request::new("POST", target).header("content-type", "application/x-www-form-urlencoded").body(body)
    }

    pub fn header(mut self, name: &str, value: &str) -> Request<'a> {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A signature's scope, unsigned.
    pub fn scope(self, scope: &str) -> Request<'a> {
        let value = format!("AWS4-HMAC-SHA256 Credential={scope}/aws4_request, SignedHeaders=host, Signature=0");
        self.header("authorization", &value)
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Request<'a> {
        self.body = body.into();
        self
    }

    pub fn bytes(&self, address: SocketAddr) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", self.method, self.target).into_bytes();
        let has = |name: &str| self.headers.iter().any(|(header, _)| header == name);
        if !has("host") {
            bytes.extend(format!("host: {address}\r\n").bytes());
        }
        for (name, value) in &self.headers {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        bytes.extend(format!("content-length: {}\r\n\r\n", self.body.len()).bytes());
        bytes.extend(&self.body);
        bytes
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    /// Reads to the end of the connection. No bytes at all are status 0.
    pub async fn read(stream: &mut TcpStream) -> Response {
        let mut bytes = Vec::new();
        // A reset after the answer is an end as well.
        let _read = stream.read_to_end(&mut bytes).await.is_ok();
        Response::parse(&bytes)
    }

    /// Reads one answer, of the length that it states, and leaves the connection open.
    pub async fn read_one(stream: &mut TcpStream) -> Response {
        let mut bytes = Vec::new();
        loop {
            let answer = Response::parse(&bytes);
            let length = answer.header("content-length").and_then(|length| length.parse().ok());
            if length == Some(answer.body.len()) {
                return answer;
            }
            bytes.push(stream.read_u8().await.unwrap());
        }
    }

    fn parse(bytes: &[u8]) -> Response {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
        let headers = lines.filter_map(|line| line.split_once(": "));
        Response {
            status,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: body.to_owned(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
