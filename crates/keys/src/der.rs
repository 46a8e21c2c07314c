//! The frame of DER (X.690): the library reads a structure and ignores what follows it. Two spellings of one key would then be
//! accepted, so we look at the frame first.

/// Whether the bytes are exactly one SEQUENCE, with nothing after it and its length in the shortest form.
pub fn is_one_sequence(bytes: &[u8]) -> bool {
    let Some((0x30, rest)) = bytes.split_first().map(|(tag, rest)| (*tag, rest)) else { return false };
    let Some((first, rest)) = rest.split_first() else { return false };
    if *first < 0x80 {
        return rest.len() == usize::from(*first);
    }
    // Keys are under 64 KiB: one or two bytes of length.
    match (*first, rest) {
        (0x81, [length, content @ ..]) => *length >= 0x80 && content.len() == usize::from(*length),
        (0x82, [high, low, content @ ..]) => {
            *high > 0 && content.len() == usize::from(u16::from_be_bytes([*high, *low]))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_one_sequence;

    #[test]
    fn only_one_whole_sequence_with_the_shortest_length_is_accepted() {
        let long = |head: &[u8], len: usize| [head, &vec![0; len]].concat();
        assert!(is_one_sequence(&[0x30, 0]));
        assert!(is_one_sequence(&[0x30, 2, 5, 0]));
        assert!(is_one_sequence(&long(&[0x30, 0x81, 0x80], 128)));
        assert!(is_one_sequence(&long(&[0x30, 0x82, 1, 0], 256)));
        for bad in [
            vec![],
            vec![0x30],
            vec![0x31, 0],
            vec![0x30, 1],
            vec![0x30, 0, 0],
            vec![0x30, 0x80, 0, 0],
            vec![0x30, 0x81],
            vec![0x30, 0x82, 1],
            long(&[0x30, 0x81, 0x7f], 127),
            long(&[0x30, 0x82, 0, 0x80], 128),
            long(&[0x30, 0x83, 0, 1, 0], 256),
            long(&[0x30, 0x82, 1, 0], 257),
        ] {
            assert!(!is_one_sequence(&bad), "{bad:?}");
        }
    }
}
