//! The stack record: what is written is read, what is damaged or impossible is refused.

use super::*;
use proptest::prelude::*;

fn record() -> Record {
    Record {
        next: 9,
        unclean: true,
        loading: false,
        base: Some("snap-0".into()),
        layers: [(0, 3, true), (4, 0, false), (8, 0, false)]
            .map(|(number, epoch, lost)| LayerRecord { number, epoch, lost })
            .to_vec(),
        frozen: vec![
            FrozenRecord { snapshot: "snap-1".into(), layer: 0, size_bytes: 4096 },
            FrozenRecord { snapshot: "snap-22".into(), layer: 4, size_bytes: 8192 },
        ],
    }
}

#[test]
fn what_is_written_is_read() {
    for record in [record(), Record::new(None), Record { base: None, unclean: false, ..record() }] {
        assert_eq!(Record::decode(&record.encode()).unwrap(), record);
    }
    assert_eq!((record().place(4), record().place(5)), (Some(1), None));
    assert!(record().frozen("snap-22").is_some() && record().frozen("snap-2").is_none());
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let good = record().encode();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 4;
        assert!(Record::decode(&bad).is_err(), "byte {at}");
        assert!(Record::decode(&good[..at]).is_err(), "cut at {at}");
    }
    assert!(Record::decode(&[good, vec![0]].concat()).is_err());
}

fn sealed(mut file: Vec<u8>) -> Vec<u8> {
    let crc = checksum(&file);
    file[12..16].copy_from_slice(&crc.to_le_bytes());
    file
}

#[test]
fn a_later_format_is_named_and_unknown_flags_are_refused() {
    let mut newer = record().encode();
    newer[8] = 2;
    assert!(matches!(Record::decode(&sealed(newer)), Err(VolumeError::Newer { found: 2, .. })));
    for (at, byte) in [(8, 0), (20, 4)] {
        let mut bad = record().encode();
        bad[at] = byte;
        assert!(matches!(Record::decode(&sealed(bad)), Err(VolumeError::Damaged(_))));
    }
}

type Breakage = fn(&mut Record);

#[test]
fn stacks_that_cannot_be_are_refused() {
    let breakages: [Breakage; 9] = [
        |r| r.layers.clear(),
        |r| r.layers = r.layers.split_off(1),
        |r| r.layers.swap(1, 2),
        |r| r.next = 8,
        |r| r.frozen[0].layer = 8,
        |r| r.frozen[0].layer = 5,
        |r| r.frozen[1].size_bytes = 100,
        |r| r.frozen[1].snapshot.clear(),
        |r| r.base = Some("x".repeat(300)),
    ];
    for (n, breakage) in breakages.iter().enumerate() {
        let mut bad = record();
        breakage(&mut bad);
        assert!(bad.fault().is_some() && Record::decode(&bad.encode()).is_err(), "breakage {n}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Record::decode(&bytes);
        let mut framed = record().encode();
        let from = framed.len().min(20);
        let to = framed.len().min(from + bytes.len());
        framed[from..to].copy_from_slice(&bytes[..to - from]);
        let _ = Record::decode(&sealed(framed));
    }
}
