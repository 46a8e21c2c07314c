//! The states of a page's 8,192 units in memory. They take what they need: nothing while all are the same, as in a volume that was
//! filled; one bit each (1 KiB) while there are two of the three, as in one that was written here and there; two bits else.
//!
//! | form | bits of unit *u*: bit *u* mod 64 of word *u* / 64 |
//! |---|---|
//! | `All` | none |
//! | `Two` | 0: the first state, 1: the second |
//! | `Three` | one in the plane of written units, one in that of zeros, at most one of them set |
//!
//! On the disk it is two bits each, see `slot.rs`.

use super::slot::{LOW_BITS, WORDS};
use crate::geometry::UNITS_PER_PAGE;
use std::ops::Range;

/// Where a unit's bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnitState {
    /// 00: not here. What is below counts: a layer, then the source; zeros if there is nothing.
    Unwritten,
    /// 01: in the data file.
    Written,
    /// 10: zeros, whatever is in the data file or below.
    Zero,
}

use UnitState::{Unwritten, Written, Zero};

/// Words of a plane: one bit for each unit.
pub(super) const PLANE: usize = UNITS_PER_PAGE as usize / 64;
const ALL: u64 = u64::MAX;

/// The states of a page's units.
#[derive(Clone)]
pub(super) enum States {
    All(UnitState),
    Two { of: [UnitState; 2], second: Box<[u64; PLANE]> },
    Three { written_and_zero: Box<[[u64; PLANE]; 2]> },
}

impl States {
    /// From the two bits each of the disk.
    pub fn of_words(words: &[u64; WORDS]) -> States {
        let mut planes = Box::new([[0; PLANE]; 2]);
        let halves = |at: usize, shift: u32| {
            let half = |word: usize| words.get(word).map_or(0, |word| u64::from(even_bits(word >> shift)));
            half(2 * at) | half(2 * at + 1) << 32
        };
        for at in 0..PLANE {
            planes[0][at] = halves(at, 0);
            planes[1][at] = halves(at, 1);
        }
        let mut states = States::Three { written_and_zero: planes };
        states.shrink();
        states
    }

    /// As the disk has them.
    pub fn words(&self) -> [u64; WORDS] {
        let mut words = [0; WORDS];
        for (at, pair) in words.chunks_mut(2).enumerate() {
            let (written, zero) = (self.are(at, Written), self.are(at, Zero));
            for (half, word) in pair.iter_mut().enumerate() {
                let spread = |plane: u64| to_even_bits((plane >> (32 * half)) as u32);
                *word = spread(written) | spread(zero) << 1;
            }
        }
        words
    }

    /// Of the 64 units of this word those that are in this state.
    pub fn are(&self, word: usize, state: UnitState) -> u64 {
        let bits = |plane: &[u64; PLANE]| plane.get(word).copied().unwrap_or_default();
        match self {
            States::All(all) if *all == state => ALL,
            States::Two { of: [_, second], second: plane } if *second == state => bits(plane),
            States::Two { of: [first, _], second: plane } if *first == state => !bits(plane),
            States::All(_) | States::Two { .. } => 0,
            States::Three { written_and_zero: planes } => match state {
                Unwritten => !(bits(&planes[0]) | bits(&planes[1])),
                Written => bits(&planes[0]),
                Zero => bits(&planes[1]),
            },
        }
    }

    /// The state of a unit.
    pub fn at(&self, unit: usize) -> UnitState {
        let is = |state: &UnitState| self.are(unit / 64, *state) >> (unit % 64) & 1 != 0;
        [Unwritten, Written].into_iter().find(|state| is(state)).unwrap_or(Zero)
    }

    /// Gives these units one state.
    pub fn set(&mut self, units: Range<usize>, state: UnitState) {
        if units == (0..UNITS_PER_PAGE as usize) {
            *self = States::All(state);
            return;
        }
        self.make_room(state);
        each_word(units, |word, mask| self.put(word, mask, state));
        self.shrink();
    }

    /// Those of the units that are written are zero from now on; whether there were any.
    pub fn written_to_zero(&mut self, units: Range<usize>) -> bool {
        let mut any = false;
        each_word(units.clone(), |word, mask| any |= self.are(word, Written) & mask != 0);
        if any {
            self.make_room(Zero);
            each_word(units, |word, mask| self.put(word, self.are(word, Written) & mask, Zero));
            self.shrink();
        }
        any
    }

    /// Whether the form can tell this state.
    fn tells(&self, state: UnitState) -> bool {
        match self {
            States::All(all) => *all == state,
            States::Two { of, .. } => of.contains(&state),
            States::Three { .. } => true,
        }
    }

    /// Takes the form that can tell this state, too.
    fn make_room(&mut self, state: UnitState) {
        if self.tells(state) {
            return;
        }
        *self = match self {
            States::All(all) => States::Two { of: [*all, state], second: Box::new([0; PLANE]) },
            _ => {
                let plane = |state| std::array::from_fn(|word| self.are(word, state));
                States::Three { written_and_zero: Box::new([plane(Written), plane(Zero)]) }
            }
        };
    }

    fn put(&mut self, word: usize, mask: u64, state: UnitState) {
        let write = |plane: &mut [u64; PLANE], one: bool| {
            if let Some(bits) = plane.get_mut(word) {
                *bits = if one { *bits | mask } else { *bits & !mask };
            }
        };
        match self {
            // Nothing to tell: `make_room` was asked for this state.
            States::All(_) => {}
            States::Two { of, second } => write(second, of[1] == state),
            States::Three { written_and_zero: planes } => {
                write(&mut planes[0], state == Written);
                write(&mut planes[1], state == Zero);
            }
        }
    }

    /// Takes the smallest form. Where all states that the form tells occur, the first words mostly say so.
    fn shrink(&mut self) {
        let occurs =
            |state: &UnitState| self.tells(*state) && (0..PLANE).any(|word| self.are(word, *state) != 0);
        let mut here = [Unwritten, Written, Zero].into_iter().filter(occurs);
        let smaller = match (here.next(), here.next(), here.next()) {
            (Some(all), None, _) => States::All(all),
            (Some(first), Some(other), None) if matches!(self, States::Three { .. }) => States::Two {
                of: [first, other],
                second: Box::new(std::array::from_fn(|word| self.are(word, other))),
            },
            _ => return,
        };
        *self = smaller;
    }
}

/// The words that these units touch, each with the bits of the units in it.
fn each_word(units: Range<usize>, mut then: impl FnMut(usize, u64)) {
    let mut at = units.start;
    while at < units.end {
        let (from, count) = (at % 64, (64 - at % 64).min(units.end - at));
        then(at / 64, (ALL >> (64 - count)) << from);
        at += count;
    }
}

/// Bits 0, 2, 4 … 62 side by side.
fn even_bits(word: u64) -> u32 {
    let mut x = word & LOW_BITS;
    for (shift, mask) in [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0f0f_0f0f_0f0f_0f0f),
        (4, 0x00ff_00ff_00ff_00ff),
        (8, 0x0000_ffff_0000_ffff),
        (16, 0x0000_0000_ffff_ffff),
    ] {
        x = (x | x >> shift) & mask;
    }
    x as u32
}

/// The inverse: bit *n* goes to bit 2*n*.
fn to_even_bits(bits: u32) -> u64 {
    let mut x = u64::from(bits);
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, LOW_BITS),
    ] {
        x = (x | x << shift) & mask;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNITS: usize = UNITS_PER_PAGE as usize;

    /// Bytes beside the page itself.
    fn bytes(states: &States) -> usize {
        match states {
            States::All(_) => 0,
            States::Two { second, .. } => size_of_val(&**second),
            States::Three { written_and_zero } => size_of_val(&**written_and_zero),
        }
    }

    #[test]
    fn the_form_is_the_smallest_that_can_tell() {
        let mut states = States::All(Unwritten);
        states.set(64..65, Written);
        assert_eq!(bytes(&states), 1024);
        assert!(!states.written_to_zero(0..64) && bytes(&states) == 1024);
        states.set(0..1, Zero);
        assert_eq!(bytes(&states), 2048);
        states.set(1..UNITS, Written);
        assert_eq!(bytes(&states), 1024, "zero and written");
        assert!(states.written_to_zero(1..UNITS) && bytes(&states) == 0);
        assert_eq!((states.at(0), states.at(UNITS - 1)), (Zero, Zero));
        states.set(0..UNITS, Written);
        assert_eq!((bytes(&states), states.at(77)), (0, Written));
    }

    #[test]
    fn the_disk_has_two_bits_each() {
        let mut states = States::All(Unwritten);
        states.set(1..2, Written);
        states.set(33..34, Zero);
        states.set(UNITS - 1..UNITS, Zero);
        let words = states.words();
        assert_eq!((words[0], words[1], words[WORDS - 1]), (0b01_00, 0b10_00, 2 << 62));
        assert!(words[2..WORDS - 1].iter().all(|word| *word == 0));
    }

    proptest! {
        #[test]
        fn all_forms_behave_like_a_plain_array(
            steps in proptest::collection::vec((0..UNITS, prop_oneof![1..200usize, 8000..8193usize], 0..4u8), 1..40)
        ) {
            let (mut states, mut plain) = (States::All(Unwritten), vec![Unwritten; UNITS]);
            for (start, count, what) in steps {
                let range = start..(start + count).min(UNITS);
                let part = &mut plain[range.clone()];
                if what < 3 {
                    let state = [Unwritten, Written, Zero][usize::from(what)];
                    part.fill(state);
                    states.set(range, state);
                } else {
                    prop_assert_eq!(states.written_to_zero(range), part.contains(&Written));
                    part.iter_mut().filter(|s| **s == Written).for_each(|s| *s = Zero);
                }
                let kinds = [Unwritten, Written, Zero].into_iter().filter(|s| plain.contains(s)).count();
                prop_assert_eq!(bytes(&states), (kinds - 1) * 1024);
            }
            let again = States::of_words(&states.words());
            prop_assert_eq!(bytes(&again), bytes(&states));
            for (unit, state) in plain.iter().enumerate() {
                prop_assert_eq!((states.at(unit), again.at(unit)), (*state, *state));
            }
        }
    }
}
