//! The demo's NBD client against scripted servers.

use super::*;

/// Says what it was told to say and remembers what it heard.
pub struct Script {
    says: io::Cursor<Vec<u8>>,
    heard: Vec<u8>,
}

impl Read for Script {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.says.read(buf)
    }
}

impl Write for Script {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.heard.extend_from_slice(buf);
        Ok(buf.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hello(flags: u16) -> Vec<u8> {
    [b"NBDMAGICIHAVEOPT".as_slice(), &flags.to_be_bytes()].concat()
}

fn option_reply(kind: u32, data: &[u8]) -> Vec<u8> {
    let head = [OPTION_GO.to_be_bytes(), kind.to_be_bytes(), (data.len() as u32).to_be_bytes()].concat();
    [OPTION_REPLY_MAGIC.to_be_bytes().as_slice(), &head, data].concat()
}

fn export_info(size: u64) -> Vec<u8> {
    option_reply(REPLY_INFO, &[&[0, 0], size.to_be_bytes().as_slice(), &[0, 1]].concat())
}

pub fn simple_reply(error: u32, cookie: u64) -> Vec<u8> {
    let head = [SIMPLE_REPLY_MAGIC.to_be_bytes(), error.to_be_bytes()].concat();
    [head.as_slice(), &cookie.to_be_bytes()].concat()
}

/// A negotiated device of 1 GiB that goes on to say these parts.
pub fn device(parts: &[Vec<u8>]) -> io::Result<Device<Script>> {
    let greeting = [hello(3), export_info(1 << 30), option_reply(REPLY_ACK, &[])].concat();
    let says = io::Cursor::new([greeting, parts.concat()].concat());
    Device::negotiate(Script { says, heard: Vec::new() }, "vol-1")
}

fn negotiation_fails(parts: &[Vec<u8>], why: &str) {
    let says = io::Cursor::new(parts.concat());
    let error = Device::negotiate(Script { says, heard: Vec::new() }, "vol-1").err().expect(why);
    assert!(error.to_string().contains(why), "{error} instead of {why}");
}

#[test]
fn a_device_is_negotiated_and_says_its_size() {
    let device = device(&[]).unwrap();
    assert_eq!(device.size(), 1 << 30);
    let wanted = [b"\0\0\0\x01IHAVEOPT\0\0\0\x07\0\0\0\x0b\0\0\0\x05vol-1\0\0".as_slice()].concat();
    assert_eq!(device.stream.heard, wanted);
}

#[test]
fn reads_writes_and_flushes_carry_offset_length_and_data() {
    let mut device =
        device(&[simple_reply(0, 1), simple_reply(0, 2), b"four".to_vec(), simple_reply(0, 3)]).unwrap();
    device.stream.heard.clear();
    device.write(b"data", 4096).unwrap();
    let head = b"\x25\x60\x95\x13\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\x10\0\0\0\0\x04";
    assert_eq!(device.stream.heard, [head.as_slice(), b"data"].concat());
    let mut four = [0; 4];
    device.read(&mut four, 0).unwrap();
    assert_eq!(&four, b"four");
    device.flush().unwrap();
    device.disconnect().unwrap();
}

#[test]
fn what_is_no_nbd_server_is_told_so() {
    negotiation_fails(&[b"HTTP/1.1 400 Bad Request\r\n".to_vec()], "no NBD server");
    negotiation_fails(&[hello(2)], "fixed newstyle");
    negotiation_fails(&[hello(1), vec![0; 20]], "wrong magic");
    negotiation_fails(&[hello(1), option_reply(REPLY_ACK, &[])], "how large");
    negotiation_fails(&[hello(1), option_reply(0x8000_0006, b"no such volume")], "no such volume");
    let mut endless = option_reply(REPLY_INFO, &[]);
    endless[16..].copy_from_slice(&u32::MAX.to_be_bytes());
    negotiation_fails(&[hello(1), endless], "too long");
    negotiation_fails(&[b"NBDM".to_vec()], "");
}

#[test]
fn errors_and_foreign_replies_end_a_request() {
    let failing = |reply: Vec<u8>| device(&[reply]).unwrap().write(b"x", 0).unwrap_err().to_string();
    assert!(failing(simple_reply(28, 1)).contains("error 28"));
    assert!(failing(simple_reply(0, 9)).contains("another request"));
    assert!(failing(vec![0; 16]).contains("wrong magic"));
    let cut = device(&[simple_reply(0, 1), b"fo".to_vec()]).unwrap().read(&mut [0; 4], 0).unwrap_err();
    assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn uris_are_taken_apart_and_decoded() {
    let place = parse_uri("nbd+unix:///vol-1?socket=/tmp/a%20b/x.sock").unwrap();
    assert_eq!(place, Place { socket: "/tmp/a b/x.sock".into(), export: "vol-1".into() });
    for wrong in ["", "nbd://127.0.0.1:10809/vol-1", "nbd+unix:///vol-1", "nbd+unix:///vol-1?tls=no"] {
        assert_eq!(parse_uri(wrong), None, "{wrong}");
    }
}
