//! What is said before, at and after STARTTLS, byte by byte.

use super::super::tests::{ACK, INFO, INVALID, META, One, Told, UNSUP, go, meta, opt};
use super::super::{Agreed, negotiate};
use crate::receive::Channel;
use crate::session::testing::Script;
use crate::socket::{Security, Wire};
use std::io::{self, Read, Write};
use std::time::Duration;

const TLS_REQUIRED: u32 = 1 << 31 | 5;
const EXPORT_NAME: u32 = 1;
const ABORT: u32 = 2;
const LIST: u32 = 3;
const STARTTLS: u32 = 5;
const STRUCTURED: u32 = 8;

/// A connection whose TLS is a mark in what was told. What the client says in TLS arrives only once it has begun.
struct Played {
    plain: Script,
    inside: Script,
    security: Security,
    told: Vec<(Security, Vec<u8>)>,
    fails: bool,
}

impl Played {
    fn now(&mut self) -> &mut Script {
        if self.security == Security::Tls { &mut self.inside } else { &mut self.plain }
    }
}

impl Read for Played {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.now().read(buf)
    }
}

impl Write for Played {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.told.push((self.security, buf.to_vec()));
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Wire for Played {
    fn start_deadline(&mut self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn end_deadline(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn security(&self) -> Security {
        self.security
    }

    fn start_tls(&mut self) -> io::Result<()> {
        assert_eq!(self.security, Security::TlsRequired);
        self.security = Security::Tls;
        if self.fails { Err(io::ErrorKind::InvalidData.into()) } else { Ok(()) }
    }
}

struct Ended {
    result: io::Result<Option<Agreed>>,
    /// Kinds of the replies outside of TLS and inside.
    plain: Vec<u32>,
    inside: Vec<u32>,
}

/// `piece`: how much arrives at once. STARTTLS must come at the end of a piece, as a client that waits for the answer sends it.
fn talk_in(piece: usize, fails: bool, plain: &[Vec<u8>], inside: &[Vec<u8>]) -> Ended {
    let plain = [3u32.to_be_bytes().to_vec(), plain.concat()].concat();
    let mut played = Played {
        plain: Script::in_pieces(plain, piece),
        inside: Script::in_pieces(inside.concat(), 9),
        security: Security::TlsRequired,
        told: Vec::new(),
        fails,
    };
    let mut channel = Channel::new(&mut played);
    let result = negotiate(&mut channel, &One).map(|agreed| agreed.map(|(agreed, _)| agreed));
    channel.send().unwrap();
    drop(channel);
    let told = |security| {
        let parts = played.told.iter().filter(|(of, _)| *of == security);
        parts.flat_map(|(_, bytes)| bytes.clone()).collect::<Vec<u8>>()
    };
    let kinds = |bytes: Vec<u8>| Told { result: Ok(None), bytes }.kinds();
    Ended {
        result,
        plain: kinds(told(Security::TlsRequired).split_off(18)),
        inside: kinds(told(Security::Tls)),
    }
}

fn talk(plain: &[Vec<u8>], inside: &[Vec<u8>]) -> Ended {
    talk_in(1, false, plain, inside)
}

#[test]
fn after_starttls_a_client_gets_what_it_asks_for() {
    let inside = [opt(STRUCTURED, &[]), meta(10, "", &["base:allocation"]), opt(LIST, &[]), go("")];
    let ended = talk(&[opt(STARTTLS, &[])], &inside);
    assert_eq!(ended.result.unwrap(), Some(Agreed { structured: true, allocation: true }));
    assert_eq!((ended.plain, ended.inside), (vec![ACK], vec![ACK, META, ACK, 2, ACK, INFO, INFO, ACK]));
}

#[test]
fn before_tls_everything_else_is_refused() {
    let asked = [
        opt(LIST, &[]),
        go(""),
        opt(6, &[0; 6]),
        opt(STRUCTURED, &[]),
        meta(9, "", &[]),
        meta(10, "", &["base:allocation"]),
        opt(77, b"unknown"),
        opt(STARTTLS, b"with data"),
        opt(ABORT, &[]),
    ];
    let ended = talk(&asked, &[]);
    assert!(ended.result.unwrap().is_none());
    assert_eq!(ended.plain, [[TLS_REQUIRED; 7].as_slice(), &[INVALID, ACK]].concat());
    assert!(ended.inside.is_empty());
}

#[test]
fn the_old_way_in_ends_the_connection_before_tls() {
    let ended = talk(&[opt(EXPORT_NAME, b"vol-0123456789abcdef0")], &[]);
    assert!(ended.result.is_err());
    assert!(ended.plain.is_empty() && ended.inside.is_empty(), "nothing is told, not even a size");
}

#[test]
fn what_was_asked_for_before_tls_does_not_count_in_it() {
    let plain = [opt(STRUCTURED, &[]), meta(10, "", &["base:allocation"]), opt(STARTTLS, &[])];
    let ended = talk(&plain, &[meta(10, "", &["base:allocation"]), go("")]);
    assert_eq!(ended.result.unwrap(), Some(Agreed::default()));
    assert_eq!(ended.inside[0], INVALID, "no context without structured replies, asked for in TLS");
}

#[test]
fn bytes_behind_starttls_end_the_connection() {
    for injected in [opt(LIST, &[]), opt(STRUCTURED, &[]), vec![0], vec![0x16, 3, 1]] {
        let ended = talk_in(1000, false, &[opt(STARTTLS, &[]), injected], &[go("")]);
        assert!(ended.result.is_err());
        assert!(ended.plain.is_empty() && ended.inside.is_empty());
    }
}

#[test]
fn a_failed_handshake_is_the_end_and_nothing_more_is_said_in_the_open() {
    let ended = talk_in(1, true, &[opt(STARTTLS, &[]), go("")], &[go("")]);
    assert!(ended.result.is_err());
    assert_eq!((ended.plain, ended.inside), (vec![ACK], vec![]));
}

#[test]
fn tls_inside_tls_is_invalid_and_the_session_goes_on() {
    let ended = talk(&[opt(STARTTLS, &[])], &[opt(STARTTLS, &[]), go("")]);
    assert!(ended.result.unwrap().is_some());
    assert_eq!(ended.inside, [INVALID, INFO, INFO, ACK]);
}

#[test]
fn without_tls_starttls_is_unsupported() {
    let told = super::super::tests::talk(&[opt(STARTTLS, &[]), go("")]);
    assert_eq!(told.kinds(), [UNSUP, INFO, INFO, ACK]);
}
