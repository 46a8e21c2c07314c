//! A gateway on a real socket, with a door that does what the test asks, and a client that writes bytes.
#![allow(dead_code, clippy::unwrap_used)] // each test file uses its part; a harness may fail loudly

use base::{AccountId, Fault, Refusal};
use bytes::Bytes;
use env::Env;
use gateway::sign::{Signer, sign};
use gateway::{Answering, Config, Credential, Door, Origin, Scope, Server};
use keys::Secret;
use parking_lot::Mutex;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;
use wire::{Call, Reply};

pub const KEY: &str = "AKIDEXAMPLE";
pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

pub fn secret() -> Secret {
    Secret::from_slice_wiping(&mut SECRET.as_bytes().to_vec()).unwrap()
}

/// Knows one key. Answers with what it was given; `x-test-*` headers make it sleep, panic or answer at length,
/// and `x-test-wait` answer from a thread that waits so long (or panics, past 5 s).
#[derive(Default)]
pub struct TestDoor {
    /// `code reason` of every call it was told of.
    pub refused: Mutex<Vec<String>>,
}

impl Door for TestDoor {
    fn credential(&self, access_key_id: &str) -> Result<Option<Credential>, Fault> {
        Ok((access_key_id == KEY).then(|| Credential {
            access_key_id: KEY.into(),
            secret: Arc::new(secret()),
            account: AccountId::parse("111122223333").unwrap(),
            token_digest: None,
            expires: None,
            holder: Arc::new(()),
        }))
    }

    fn dispatch(&self, who: &Credential, scope: &Scope, call: Call, origin: Origin, answering: Answering) {
        let number = |name: &str| call.header(name).and_then(|text| text.parse::<u64>().ok());
        if let Some(millis) = number("x-test-sleep") {
            Env::real().clock.sleep(Duration::from_millis(millis));
        }
        assert!(call.header("x-test-panic").is_none(), "asked to panic");
        let body = match (scope.service.name, number("x-test-bytes")) {
            (_, Some(count)) => Bytes::from(vec![b'x'; count as usize]),
            ("ec2", _) if call.header("x-test-echo").is_none() => {
                Bytes::from_static(b"<DescribeVolumesResponse><requestId>r</requestId><volumeSet/></DescribeVolumesResponse>")
            }
            ("sts", _) => Bytes::from_static(
                b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account>\
                  </GetCallerIdentityResult></GetCallerIdentityResponse>",
            ),
            ("kms", _) => Bytes::from_static(b"{\"Keys\":[]}"),
            _ => Bytes::from(
                format!(
                    "{{\"who\":\"{}\",\"scope\":\"{} {}\",\"call\":\"{} {}?{}\",\"bytes\":{},\"from\":\"{} {}\"}}",
                    who.account, scope.service.name, scope.region, call.method, call.path, call.query,
                    call.body.len(), origin.source_ip, origin.host
                )
                .into_bytes(),
            ),
        };
        let reply = Reply { status: 200, headers: vec![("content-type", "text/plain".into())], body };
        match number("x-test-wait") {
            Some(millis) => answering.wait_for(move || {
                assert!(millis < 5000, "asked to panic");
                Env::real().clock.sleep(Duration::from_millis(millis));
                reply
            }),
            None => answering.reply(reply),
        }
    }

    fn refused(&self, refusal: &Refusal, scope: Option<&Scope>, _: &Call, _: &Origin) {
        let service = scope.map_or("none", |scope| scope.service.name);
        self.refused.lock().push(format!("{service} {} {}", refusal.code, refusal.reason));
    }
}

/// A gateway that runs until dropped.
pub struct Running {
    pub address: SocketAddr,
    pub door: Arc<TestDoor>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

pub fn start(change: impl FnOnce(&mut Config)) -> Running {
    let mut config = Config { listen: "127.0.0.1:0".parse().unwrap(), ..Config::default() };
    change(&mut config);
    let door = Arc::new(TestDoor::default());
    let (stop, stopped) = oneshot::channel::<()>();
    let (tell, told) = std::sync::mpsc::channel();
    let given = door.clone();
    let thread = env::spawn("gateway", move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async move {
            let server = Server::bind(config, Env::real(), given).await.unwrap();
            tell.send(server.address()).unwrap();
            server.run(async { _ = stopped.await }).await.unwrap();
        });
        runtime.shutdown_background();
    });
    Running { address: told.recv().unwrap(), door, stop: Some(stop), thread: Some(thread.unwrap()) }
}

impl Running {
    pub fn begin_stop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
    }

    /// Whether the gateway has ended by itself within the time.
    pub fn ends_within(&mut self, limit: Duration) -> bool {
        let clock = Env::real().clock;
        while clock.monotonic() < limit {
            if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
                return true;
            }
            clock.sleep(Duration::from_millis(5));
        }
        false
    }

    pub fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Client { stream, rest: Vec::new() }
    }

    /// Writes bytes on a connection of their own and reads one answer.
    pub fn ask(&self, bytes: &[u8]) -> Answer {
        let mut client = self.connect();
        client.write(bytes);
        client.answer()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.begin_stop();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Lower case.
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn closes(&self) -> bool {
        self.head.contains("connection: close")
    }
}

pub struct Client {
    pub stream: TcpStream,
    rest: Vec<u8>,
}

impl Client {
    pub fn write(&mut self, bytes: &[u8]) {
        // A server that has seen enough may have closed; the answer tells.
        let _ = self.stream.write_all(bytes);
    }

    /// Reads one answer by its content length.
    pub fn answer(&mut self) -> Answer {
        let end = loop {
            if let Some(end) = self.rest.windows(4).position(|w| w == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(self.more() > 0, "closed before an answer: {:?}", String::from_utf8_lossy(&self.rest));
        };
        let head = String::from_utf8(self.rest.drain(..end).collect()).unwrap().to_ascii_lowercase();
        let status = head[9..12].parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |text| text.trim().parse().unwrap());
        while self.rest.len() < length {
            assert!(self.more() > 0, "closed inside an answer");
        }
        let body = String::from_utf8_lossy(&self.rest.drain(..length).collect::<Vec<_>>()).into_owned();
        Answer { status, head, body }
    }

    fn more(&mut self) -> usize {
        let mut buffer = [0; 65536];
        let count = self.stream.read(&mut buffer).unwrap_or(0);
        self.rest.extend_from_slice(&buffer[..count]);
        count
    }

    /// Whether the server has closed: waits for it.
    pub fn is_closed(&mut self) -> bool {
        self.rest.clear();
        self.more() == 0
    }
}

/// A call as bytes, signed now.
pub fn signed(service: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let own = [("host", "localhost:4566")].into_iter().chain(headers.iter().copied());
    let mut call = Call {
        method: method.into(),
        path: path.into(),
        query: query.into(),
        headers: own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: Bytes::copy_from_slice(body),
    };
    let secret = secret();
    let signer =
        Signer { access_key_id: KEY, secret: &secret, session_token: None, region: "us-east-1", service };
    sign(&mut call, &signer, Env::real().clock.now()).unwrap();
    let mut text = format!("{method} {target} HTTP/1.1\r\n");
    for (name, value) in &call.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut bytes = format!("{text}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend(body);
    bytes
}

/// A signed call that the door echoes.
pub fn echo(headers: &[(&str, &str)]) -> Vec<u8> {
    let headers: Vec<_> = headers.iter().copied().chain([("x-test-echo", "1")]).collect();
    signed("ec2", "POST", "/?a=b", &headers, b"Action=X&Version=2016-11-15")
}
