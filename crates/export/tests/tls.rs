//! A portal on real sockets: who gets in, to what, and for how long.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "common/certificates.rs"]
mod certificates;
mod common;

use certificates::{Authority, Session, answer, go, greet, option, start_tls};
use common::{NAME, Served, serve};
use export::{Kind, Outlet, Portal, Tls};
use rustls::ClientConfig;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

const MIB: u64 = 1 << 20;
const ACK: u32 = 1;
const SERVER: u32 = 2;
const TLS_REQUIRED: u32 = 1 << 31 | 5;
const UNKNOWN: u32 = 1 << 31 | 6;

struct Bench {
    authority: Authority,
    portal: Portal,
    outlet: Outlet,
    good: Arc<ClientConfig>,
    _served: Served,
}

impl Bench {
    fn new() -> Bench {
        let (authority, served, dir) = (Authority::new(), serve(64 * MIB), tempfile::tempdir().unwrap());
        authority.write(dir.path(), &authority.identity());
        let tls = Tls::load(&env::RealFiles, dir.path()).unwrap();
        let portal = Portal::start("127.0.0.1:0".parse().unwrap(), Some(tls)).unwrap();
        let outlet = Outlet::from(served.volume.clone());
        let uri = portal.add(NAME, &outlet);
        assert_eq!(uri, format!("nbds://{}/{NAME}", portal.address()));
        let good = authority.client(Some(&authority.identity()));
        Bench { authority, portal, outlet, good, _served: served }
    }

    fn address(&self) -> SocketAddr {
        self.portal.address()
    }

    fn session(&self) -> Session {
        start_tls(self.address(), &self.good)
    }

    /// The handshake fails and nothing is told in it.
    fn assert_refused(&self, config: &Arc<ClientConfig>, who: &str) {
        let mut session = start_tls(self.address(), config);
        let _ = session.write_all(&option(3, &[]));
        assert!(answer(&mut session).is_err(), "{who} was let in");
    }
}

fn request(kind: u16, offset: u64, length: u32) -> Vec<u8> {
    let head = [&0x25609513u32.to_be_bytes()[..], &[0, 0], &kind.to_be_bytes(), &7u64.to_be_bytes()].concat();
    [head, offset.to_be_bytes().to_vec(), length.to_be_bytes().to_vec()].concat()
}

fn reply(session: &mut impl Read) -> u32 {
    let mut reply = [0; 16];
    session.read_exact(&mut reply).unwrap();
    u32::from_be_bytes(reply[4..8].try_into().unwrap())
}

fn is_closed(stream: &mut impl Read) -> bool {
    match stream.read(&mut [0; 64]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(e) => !matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[test]
fn bytes_go_in_and_come_back_and_are_counted() {
    let bench = Bench::new();
    let mut session = bench.session();
    assert_eq!(go(&mut session, NAME).unwrap(), ACK);
    let data: Vec<u8> = (0..3 * MIB as u32).map(|n| (n / 9) as u8).collect();
    session.write_all(&request(1, 5000, data.len() as u32)).unwrap();
    session.write_all(&data).unwrap();
    assert_eq!(reply(&mut session), 0);
    session.write_all(&request(0, 5000, data.len() as u32)).unwrap();
    assert_eq!(reply(&mut session), 0);
    let mut back = vec![0; data.len()];
    session.read_exact(&mut back).unwrap();
    assert!(back == data);
    let mut plain = vec![0; 4096];
    bench.outlet.device().read_at(&mut plain, 8192).unwrap();
    assert!(plain == data[8192 - 5000..][..4096]);
    assert_eq!(bench.outlet.totals().of(Kind::Read).bytes, data.len() as u64);
    session.write_all(&request(2, 0, 0)).unwrap();
    assert_eq!(session.read(&mut [0]).unwrap(), 0, "the end is told, not cut");
}

#[test]
fn only_who_shows_a_certificate_of_the_authority_gets_in() {
    let bench = Bench::new();
    let other = Authority::new();
    let authority = &bench.authority;
    bench.assert_refused(&authority.client(None), "a client without a certificate");
    bench.assert_refused(&authority.client(Some(&other.identity())), "a stranger's");
    bench.assert_refused(&authority.client(Some(&authority.expired())), "an expired");
    // And the other way round: a client that trusts another authority hears it and leaves.
    let mut session = start_tls(bench.address(), &other.client(Some(&authority.identity())));
    assert!(go(&mut session, NAME).is_err());
    // Refusing others took nothing from those who may.
    assert_eq!(go(&mut bench.session(), NAME).unwrap(), ACK);
}

#[test]
fn without_tls_nothing_is_told_and_nothing_is_served() {
    let bench = Bench::new();
    let mut socket = greet(bench.address());
    socket.write_all(&option(3, &[])).unwrap();
    assert_eq!(answer(&mut socket).unwrap(), (TLS_REQUIRED, vec![]));
    assert_eq!(go(&mut socket, NAME).unwrap(), TLS_REQUIRED);
    socket.write_all(&option(1, NAME.as_bytes())).unwrap();
    assert!(is_closed(&mut socket), "EXPORT_NAME in the open");
}

#[test]
fn words_put_between_starttls_and_tls_are_not_the_clients() {
    let bench = Bench::new();
    let mut socket = greet(bench.address());
    // Somebody in between sends both in one packet, and lets the client go on.
    socket.write_all(&[option(5, &[]), option(3, &[])].concat()).unwrap();
    assert!(is_closed(&mut socket));
    // The same a moment later: it meets the TLS handshake.
    let mut socket = greet(bench.address());
    socket.write_all(&option(5, &[])).unwrap();
    assert_eq!(answer(&mut socket).unwrap().0, ACK);
    socket.write_all(&option(3, &[])).unwrap();
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest);
    assert!(!rest.windows(NAME.len()).any(|w| w == NAME.as_bytes()), "the list was told");
    assert!(rest.first().is_none_or(|kind| *kind == 0x15), "at most a TLS alert: {rest:?}");
}

#[test]
fn the_name_picks_the_export_and_there_is_no_default() {
    let bench = Bench::new();
    bench.portal.add("other", &Outlet::from(serve(2 * MIB).volume.clone()));
    let mut session = bench.session();
    session.write_all(&option(3, &[])).unwrap();
    let mut names = Vec::new();
    while let (SERVER, entry) = answer(&mut session).unwrap() {
        names.push(String::from_utf8(entry[4..].to_vec()).unwrap());
    }
    assert_eq!(names, ["other", NAME]);
    for wrong in ["", "vol-0123456789abcdef", "OTHER", "other\0", &"x".repeat(4000)] {
        assert_eq!(go(&mut session, wrong).unwrap(), UNKNOWN, "{wrong:?}");
    }
    assert_eq!(go(&mut session, "other").unwrap(), ACK);
    session.write_all(&request(0, 2 * MIB, 512)).unwrap();
    assert_ne!(reply(&mut session), 0, "behind the end of the small one");
}

#[test]
fn what_is_removed_ends_its_sessions_and_no_others() {
    let bench = Bench::new();
    bench.portal.add("other", &bench.outlet);
    let (mut gone, mut stays, mut waits) = (bench.session(), bench.session(), bench.session());
    assert_eq!(go(&mut gone, "other").unwrap(), ACK);
    assert_eq!(go(&mut stays, NAME).unwrap(), ACK);
    assert_eq!(go(&mut waits, "nothing").unwrap(), UNKNOWN);
    bench.portal.remove("other");
    bench.portal.remove("never there");
    assert!(is_closed(&mut gone));
    stays.write_all(&request(3, 0, 0)).unwrap();
    assert_eq!(reply(&mut stays), 0);
    assert_eq!(go(&mut waits, "other").unwrap(), UNKNOWN);
    let address = bench.address();
    bench.portal.stop();
    assert!(is_closed(&mut stays) && is_closed(&mut waits));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_portal_without_tls_is_on_loopback_only() {
    let everywhere: SocketAddr = "0.0.0.0:0".parse().unwrap();
    assert_eq!(Portal::start(everywhere, None).err().unwrap().kind(), ErrorKind::Unsupported);
    let portal = Portal::start("127.0.0.1:0".parse().unwrap(), None).unwrap();
    let served = serve(MIB);
    let uri = portal.add(NAME, &Outlet::from(served.volume.clone()));
    assert_eq!(uri, format!("nbd://{}/{NAME}", portal.address()));
    assert_eq!(go(&mut greet(portal.address()), NAME).unwrap(), ACK);
    assert_eq!(go(&mut greet(portal.address()), "").unwrap(), UNKNOWN);
}

#[test]
fn a_directory_that_lacks_something_is_told_by_the_files_name() {
    for missing in ["ca-cert.pem", "server-cert.pem", "server-key.pem"] {
        let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
        authority.write(dir.path(), &authority.identity());
        let load = || Tls::load(&env::RealFiles, dir.path()).err().map(|e| e.to_string());
        assert_eq!(load(), None);
        let file = dir.path().join(missing);
        env::Files::write_durably(&env::RealFiles, &file, b"not PEM").unwrap();
        assert!(load().unwrap().starts_with(missing), "{:?}", load());
        env::Files::remove_file(&env::RealFiles, &file).unwrap();
        assert!(load().unwrap().starts_with(missing), "{:?}", load());
    }
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    authority.write(dir.path(), &authority.identity());
    let key = env::Files::read(&env::RealFiles, &dir.path().join("server-key.pem")).unwrap();
    authority.write(dir.path(), &authority.identity());
    env::Files::write_durably(&env::RealFiles, &dir.path().join("server-key.pem"), &key).unwrap();
    assert!(Tls::load(&env::RealFiles, dir.path()).is_err(), "a key of another certificate");
}
