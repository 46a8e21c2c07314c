//! Negotiation, byte by byte: what is agreed on, what is refused, and that nothing panics.

use super::option::parse;
use super::*;
use crate::session::testing::Script;
use proptest::prelude::*;

const NAME: &str = "vol-0123456789abcdef0";
const SIZE: u64 = 1 << 30;
pub(super) const ACK: u32 = 1;
pub(super) const INFO: u32 = 3;
pub(super) const META: u32 = 4;
pub(super) const UNSUP: u32 = 1 << 31 | 1;
pub(super) const INVALID: u32 = 1 << 31 | 3;
const UNKNOWN: u32 = 1 << 31 | 6;
const TOO_BIG: u32 = 1 << 31 | 9;

pub(super) fn opt(code: u32, data: &[u8]) -> Vec<u8> {
    [b"IHAVEOPT".as_slice(), &code.to_be_bytes(), &(data.len() as u32).to_be_bytes(), data].concat()
}

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat()
}

pub(super) fn go(name: &str) -> Vec<u8> {
    opt(7, &[string(name), vec![0, 0]].concat())
}

pub(super) fn meta(code: u32, name: &str, queries: &[&str]) -> Vec<u8> {
    let mut data = [string(name), (queries.len() as u32).to_be_bytes().to_vec()].concat();
    queries.iter().for_each(|q| data.extend(string(q)));
    opt(code, &data)
}

/// One export of the name, which is the default one too.
pub(super) struct One;

impl Exports for One {
    fn find(&self, name: &[u8]) -> Option<Found> {
        (name.is_empty() || name == NAME.as_bytes()).then(|| Found { name: NAME.into(), size: SIZE })
    }

    fn names(&self) -> Vec<String> {
        vec![NAME.into()]
    }

    fn enter(&self, _: &str) -> Option<crate::Outlet> {
        None
    }
}

pub(super) struct Told {
    pub result: io::Result<Option<Agreed>>,
    /// After the hello.
    pub bytes: Vec<u8>,
}

fn talk_with(flags: u32, parts: &[Vec<u8>], piece: usize) -> Told {
    let said = [flags.to_be_bytes().to_vec(), parts.concat()].concat();
    let mut script = Script::in_pieces(said, piece);
    let mut channel = Channel::new(&mut script);
    let result = negotiate(&mut channel, &One).map(|agreed| agreed.map(|(agreed, _)| agreed));
    channel.send().unwrap();
    drop(channel);
    assert_eq!(script.told[..18], *b"NBDMAGICIHAVEOPT\0\x03");
    Told { result, bytes: script.told.split_off(18) }
}

pub(super) fn talk(parts: &[Vec<u8>]) -> Told {
    talk_with(3, parts, 7)
}

impl Told {
    /// Option, type, data of every reply.
    fn replies(&self) -> Vec<(u32, u32, &[u8])> {
        let (mut rest, mut replies) = (self.bytes.as_slice(), Vec::new());
        while !rest.is_empty() {
            assert_eq!(rest[..8], 0x3e889045565a9u64.to_be_bytes());
            let number = |at: usize| u32::from_be_bytes(rest[at..at + 4].try_into().unwrap());
            let end = 20 + number(16) as usize;
            replies.push((number(8), number(12), &rest[20..end]));
            rest = &rest[end..];
        }
        replies
    }

    pub fn kinds(&self) -> Vec<u32> {
        self.replies().iter().map(|(_, kind, _)| *kind).collect()
    }
}

#[test]
fn go_enters_transmission_for_the_volume_and_for_the_default_export() {
    for name in [NAME, ""] {
        let told = talk(&[go(name)]);
        assert_eq!(told.result.as_ref().unwrap(), &Some(Agreed::default()));
        let replies = told.replies();
        assert_eq!(told.kinds(), [INFO, INFO, ACK]);
        assert_eq!(replies[0].2[..10], [&[0, 0], SIZE.to_be_bytes().as_slice()].concat());
        // No DF without structured replies; not read-only, not rotational, no resize.
        assert_eq!(u16::from_be_bytes(replies[0].2[10..].try_into().unwrap()), 0b1101_0110_1101);
        let sizes = [1u32, 4096, 32 << 20].map(u32::to_be_bytes).concat();
        assert_eq!(replies[1].2, [&[0, 3], sizes.as_slice()].concat());
    }
}

#[test]
fn info_answers_and_stays() {
    let asked = opt(6, &[string(""), vec![0, 2, 0, 1, 0, 3]].concat());
    let told = talk(&[asked, opt(2, &[])]);
    assert!(told.result.as_ref().unwrap().is_none());
    assert_eq!(told.kinds(), [INFO, INFO, INFO, ACK, ACK]);
    assert_eq!(told.replies()[1].2, [&[0, 1], NAME.as_bytes()].concat());
}

#[test]
fn unknown_exports_and_options_are_refused_and_the_session_goes_on() {
    let parts = [
        go("vol-0fffffffffffffff0"),
        opt(6, &[string("other"), vec![0, 0]].concat()),
        opt(5, &[]),  // STARTTLS
        opt(11, &[]), // EXTENDED_HEADERS
        opt(4, b"old"),
        opt(0, &[]),
        opt(u32::MAX, &[1; 100]),
        meta(9, "other", &[]),
        go(NAME),
    ];
    let told = talk(&parts);
    assert!(told.result.as_ref().unwrap().is_some());
    let expected = [UNKNOWN, UNKNOWN, UNSUP, UNSUP, UNSUP, UNSUP, UNSUP, UNKNOWN, INFO, INFO, ACK];
    assert_eq!(told.kinds(), expected);
}

#[test]
fn malformed_options_are_invalid_and_the_session_goes_on() {
    let long_name = "n".repeat(4097);
    let parts = [
        opt(3, b"x"),                                        // LIST with data
        opt(8, b"x"),                                        // STRUCTURED_REPLY with data
        opt(7, &[]),                                         // GO without anything
        opt(7, &[0, 0, 0, 9, 1]),                            // a name longer than the option
        opt(7, &[string(""), vec![0, 2, 0, 1]].concat()),    // fewer requests than announced
        opt(7, &[string(""), vec![0, 1, 0, 1, 0]].concat()), // half a request too many
        go(&long_name),
        opt(10, &[string(""), vec![0xff; 4]].concat()), // 4 billion queries
        opt(10, &[string(""), vec![0, 0, 0, 1]].concat()), // a query that is not there
        opt(10, &[string(""), vec![0, 0, 0, 0, 7]].concat()), // something behind the queries
        go(""),
    ];
    let told = talk(&parts);
    assert_eq!(told.kinds(), [vec![INVALID; 10], vec![INFO, INFO, ACK]].concat());
    assert!(told.result.is_ok());
}

#[test]
fn oversized_options_are_skipped_or_end_the_connection_and_never_kept() {
    let told = talk_with(3, &[opt(7, &vec![0; (64 << 10) + 1]), go("")], 4096);
    assert_eq!(told.kinds(), [TOO_BIG, INFO, INFO, ACK]);
    let absurd = [b"IHAVEOPT".as_slice(), &7u32.to_be_bytes(), &u32::MAX.to_be_bytes()].concat();
    assert!(talk(&[absurd]).result.is_err());
    assert!(talk_with(3, &[opt(1, &vec![0; 70_000])], 4096).result.is_err());
}

#[test]
fn list_names_the_one_export() {
    let told = talk(&[opt(3, &[])]);
    assert_eq!(told.replies(), [(3, 2, string(NAME).as_slice()), (3, ACK, &[])]);
}

#[test]
fn structured_replies_bring_df_and_block_status() {
    let told = talk(&[opt(8, &[]), meta(10, "", &["qemu:dirty-bitmap:x", "base:allocation"]), go("")]);
    assert_eq!(told.result.as_ref().unwrap(), &Some(Agreed { structured: true, allocation: true }));
    assert_eq!(told.kinds(), [ACK, META, ACK, INFO, INFO, ACK]);
    assert_eq!(told.replies()[1].2, [&[0, 0, 0, 1], b"base:allocation".as_slice()].concat());
    assert_eq!(told.replies()[3].2[11] & 0x80, 0x80);
}

#[test]
fn contexts_need_structured_replies_and_hold_for_the_name_they_were_asked_for() {
    let told = talk(&[meta(10, "", &["base:allocation"]), go("")]);
    assert_eq!(told.kinds()[0], INVALID);
    assert!(!told.result.unwrap().unwrap().allocation);
    let agreed =
        |parts: &[Vec<u8>]| talk(&[vec![opt(8, &[])], parts.to_vec()].concat()).result.unwrap().unwrap();
    assert!(!agreed(&[meta(10, "", &["base:allocation"]), go(NAME)]).allocation);
    // Asking again replaces.
    assert!(!agreed(&[meta(10, "", &["base:allocation"]), meta(10, "", &[]), go("")]).allocation);
    assert!(!agreed(&[meta(10, "", &["base:", "base"]), go("")]).allocation);
    // Listing chooses nothing.
    assert!(!agreed(&[meta(9, "", &["base:allocation"]), go("")]).allocation);
}

#[test]
fn contexts_are_listed_by_name_by_namespace_and_all() {
    for (queries, found) in
        [(vec![], true), (vec!["base:"], true), (vec!["base:allocation"], true), (vec!["qemu:"], false)]
    {
        let told = talk(&[opt(8, &[]), meta(9, NAME, &queries)]);
        assert_eq!(told.kinds().contains(&META), found, "{queries:?}");
    }
}

#[test]
fn the_old_way_in_has_no_reply_header_and_zeroes_only_if_wanted() {
    for (flags, len) in [(3, 10), (1, 134)] {
        let told = talk_with(flags, &[opt(1, NAME.as_bytes())], 99);
        assert!(told.result.unwrap().is_some());
        assert_eq!((told.bytes.len(), &told.bytes[..8]), (len, SIZE.to_be_bytes().as_slice()));
    }
    assert!(talk(&[opt(1, b"unknown")]).result.is_err());
}

#[test]
fn broken_clients_are_cut_off() {
    assert!(talk_with(7, &[go("")], 9).result.is_err(), "unknown client flag");
    assert!(talk(&[b"IHAVEOPX".to_vec(), vec![0; 8]]).result.is_err());
    assert!(talk(&[go("")[..20].to_vec()]).result.is_err(), "an option cut short");
    assert!(talk(&vec![opt(3, &[]); 200]).result.is_err(), "options without end");
    assert!(talk(&[]).result.unwrap().is_none(), "left after the hello");
}

fn any_option() -> impl Strategy<Value = Vec<u8>> {
    let fair = prop_oneof![
        Just(go("")),
        Just(go(NAME)),
        Just(opt(8, &[])),
        Just(opt(3, &[])),
        Just(meta(10, "", &["base:allocation"])),
    ];
    let wild =
        (0..13u32, proptest::collection::vec(any::<u8>(), 0..60)).prop_map(|(code, data)| opt(code, &data));
    prop_oneof![fair, wild]
}

proptest! {
    #[test]
    fn no_conversation_panics(
        parts in proptest::collection::vec(any_option(), 0..8),
        hit in proptest::option::of((0..400usize, any::<u8>())),
        piece in 1..50usize,
    ) {
        let mut said = parts.concat();
        if let Some((at, to)) = hit && let Some(byte) = said.get_mut(at) {
            *byte = to;
        }
        let told = talk_with(3, &[said], piece);
        prop_assert!(told.bytes.len() < 64 << 10);
    }

    #[test]
    fn no_option_data_panics(code in 0..13u32, data in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(code, &data);
    }
}
