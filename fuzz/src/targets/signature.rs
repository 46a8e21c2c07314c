//! The gateway with a door behind it that never opens: requests whose signature parts are any text. The input's lines are the
//! Authorization header, the date, the declared body hash, the session token, the query and the body.

use crate::engine::Target;
use base::{AccountId, Fault, Refusal};
use env::Env;
use gateway::{Answering, Config, Credential, Door, Origin, Scope};
use keys::Secret;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;
use wire::Call;

const SEEDS: [&str; 5] = [
    "AWS4-HMAC-SHA256 Credential=test/20260102/us-east-1/ec2/aws4_request, SignedHeaders=host;x-amz-date, Signature=\
     0000000000000000000000000000000000000000000000000000000000000000\n20260102T030405Z\n\n\n\nAction=DescribeRegions",
    "\n\n\n\nAction=DescribeRegions&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test%2F20260102%2Fus-east-1%2Fec2%2F\
     aws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00\n",
    "AWS4-HMAC-SHA256 Credential=000000000000/20260102/eu-west-1/kms/aws4_request,SignedHeaders=host;x-amz-date;\
     x-amz-security-token,Signature=ab\n20260102T030405Z\nUNSIGNED-PAYLOAD\ntoken\n\n{}",
    "AWS4-HMAC-SHA256 Credential=test/20260102/us-east-1/ebs/aws4_request, SignedHeaders=host, Signature=cd\n\
     Fri, 02 Jan 2026 03:04:05 GMT\nSTREAMING-AWS4-HMAC-SHA256-PAYLOAD\n\n\n5;chunk-signature=00\r\nhello\r\n0;chunk-signature=00\r\n\r\n",
    "Basic dGVzdDp0ZXN0\n20260102\n0000\n\na=b&&=&%\n",
];

const WORDS: [&[u8]; 16] = [
    b"AWS4-HMAC-SHA256 ",
    b"Credential=",
    b"SignedHeaders=",
    b"Signature=",
    b"/aws4_request",
    b"/",
    b";",
    b", ",
    b"\n",
    b"X-Amz-Signature=",
    b"&X-Amz-Expires=99999999999999999999",
    b"%2F",
    b"UNSIGNED-PAYLOAD",
    b"STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    b"00000101T000000Z",
    b"99991231T235960Z",
];

/// Knows one access key and must never be asked to act: no fuzzer guesses an HMAC.
struct Closed {
    secret: Arc<Secret>,
}

impl Door for Closed {
    fn credential(&self, access_key_id: &str) -> Result<Option<Credential>, Fault> {
        let account = AccountId::parse("000000000000").map_err(|e| Fault::new(e.to_string()))?;
        Ok((access_key_id == "test").then(|| Credential {
            access_key_id: access_key_id.to_owned(),
            secret: self.secret.clone(),
            account,
            token_digest: None,
            expires: None,
            holder: Arc::new(()),
        }))
    }

    fn dispatch(&self, _: &Credential, _: &Scope, call: Call, _: Origin, _: Answering) {
        panic!("a signature that nobody made was accepted: {call:?}")
    }

    fn refused(&self, _: &Refusal, _: Option<&Scope>, _: &Call, _: &Origin) {}
}

pub fn target() -> Target {
    let mut connection = Connection::new(start());
    Target {
        name: "signature",
        seeds: SEEDS.iter().map(|s| s.as_bytes().to_vec()).collect(),
        words: WORDS.to_vec(),
        length_max: 4096,
        memory_max: 32 << 20,
        run: Box::new(move |input| connection.exchange(&request(input))),
    }
}

/// A gateway on a thread of its own, with a clock that stands at the seeds' moment.
fn start() -> SocketAddr {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let (env, _clock) = Env::simulated(1);
        let Ok(secret) = Secret::copy_of(b"not-to-be-guessed") else { return };
        let door = Arc::new(Closed { secret: Arc::new(secret) });
        let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
        else {
            return;
        };
        runtime.block_on(async {
            let config = Config { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), ..Config::default() };
            if let Ok(server) = gateway::Server::bind(config, env, door).await {
                let _ = tell.send(server.address());
                let _ = server.run(std::future::pending::<()>()).await;
            }
        });
    });
    match told.recv_timeout(Duration::from_secs(10)) {
        Ok(address) => address,
        Err(_) => {
            eprintln!("no gateway to fuzz");
            std::process::exit(2)
        }
    }
}

/// Well-formed HTTP around the input's lines; what HTTP cannot carry becomes a question mark.
fn request(input: &[u8]) -> Vec<u8> {
    let mut parts = input.splitn(6, |b| *b == b'\n');
    let mut part = |body: bool| -> Vec<u8> {
        let text = parts.next().unwrap_or_default();
        let fits = |b: &u8| body || matches!(*b, b' '..=b'~' | 0x80..);
        text.iter().map(|b| if fits(b) { *b } else { b'?' }).collect()
    };
    let [authorization, date, hash, token] = [part(false), part(false), part(false), part(false)];
    let query: Vec<u8> = part(false).into_iter().filter(|b| matches!(b, b'!'..=b'~') && *b != b'#').collect();
    let body = part(true);
    let mut bytes = [b"POST /?", query.as_slice(), b" HTTP/1.1\r\nHost: localhost\r\n"].concat();
    for (name, value) in [
        ("Authorization", authorization),
        ("X-Amz-Date", date),
        ("X-Amz-Content-SHA256", hash),
        ("X-Amz-Security-Token", token),
    ] {
        if !value.is_empty() {
            bytes.extend([name.as_bytes(), b": ", &value, b"\r\n"].concat());
        }
    }
    bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
    bytes.extend(body);
    bytes
}

/// A connection that is kept until the gateway closes it.
struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

impl Connection {
    fn new(address: SocketAddr) -> Connection {
        Connection { address, stream: None }
    }

    fn exchange(&mut self, request: &[u8]) {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => match TcpStream::connect(self.address) {
                Ok(stream) => stream,
                Err(error) => panic!("the gateway no longer listens: {error}"),
            },
        };
        let _ = stream.set_nodelay(true);
        let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
        if stream.write_all(request).is_err() {
            return;
        }
        let Some((status, whole)) = answer(&mut stream) else { return };
        assert!((400..500).contains(&status), "an unsigned request is the client's fault: {status}");
        if whole {
            self.stream = Some(stream);
        }
    }
}

/// The status, and whether the connection can be used again; `None` if the gateway closed it.
fn answer(stream: &mut TcpStream) -> Option<(u16, bool)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("no answer in 2 s"),
            Err(_) => return None,
        };
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if count == 0 {
                return None;
            }
            continue;
        };
        let head = head.to_ascii_lowercase();
        let status = head.get(9..12)?.parse().ok()?;
        let length: usize = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse().ok())?;
        if body.len() >= length || count == 0 {
            return Some((status, count != 0 && !head.contains("connection: close")));
        }
    }
}
