//! Random values, and values shown whole: members under the model's names, blobs as base64, moments as epoch
//! milliseconds, absent members left out. The generated files beside implement both for every structure.

use base::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use wire::{Blob, Payload, SecretBlob};

/// A value shown whole.
pub trait Show {
    fn show(&self) -> Value;
}

/// A value that can be drawn at random.
pub trait Sample {
    fn sample(dice: &mut Dice) -> Self;
}

/// SplitMix64: small, and the same everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    /// A member: absent in two of five cases.
    pub fn option<T: Sample>(&mut self) -> Option<T> {
        (self.below(5) > 1).then(|| T::sample(self))
    }

    pub fn some<T: Sample>(&mut self) -> Option<T> {
        Some(T::sample(self))
    }

    pub fn whole_second(&mut self) -> Option<Timestamp> {
        self.option::<Timestamp>().map(|at| Timestamp::from_secs(at.secs()))
    }

    /// Text that a header can carry.
    pub fn header_text(&mut self) -> Option<String> {
        self.option::<String>().map(|text| format!("h{}", text.len()))
    }
}

impl Sample for String {
    fn sample(dice: &mut Dice) -> Self {
        const ALPHABET: &[char] = &[
            'a', 'Z', '0', '-', '/', ':', ' ', '<', '>', '&', '"', '\'', '\\', '\n', '\r', '\t', ']', 'é',
            '𝄞', '\u{7f}',
        ];
        (0..dice.below(12)).map(|_| ALPHABET[dice.below(ALPHABET.len() as u64) as usize]).collect()
    }
}

impl Sample for bool {
    fn sample(dice: &mut Dice) -> Self {
        dice.below(2) == 1
    }
}

impl Sample for i32 {
    fn sample(dice: &mut Dice) -> Self {
        dice.roll() as i32 >> dice.below(32)
    }
}

impl Sample for i64 {
    fn sample(dice: &mut Dice) -> Self {
        dice.roll() as i64 >> dice.below(64)
    }
}

impl Sample for Timestamp {
    /// Up to the year 2096.
    fn sample(dice: &mut Dice) -> Self {
        Timestamp::from_millis(dice.below(4_000_000_000_000) as i64)
    }
}

fn bytes(dice: &mut Dice) -> Vec<u8> {
    (0..dice.below(70)).map(|_| dice.roll() as u8).collect()
}

impl Sample for Blob {
    fn sample(dice: &mut Dice) -> Self {
        Blob(bytes(dice))
    }
}

impl Sample for SecretBlob {
    fn sample(dice: &mut Dice) -> Self {
        SecretBlob::new(bytes(dice))
    }
}

impl Sample for Payload {
    fn sample(dice: &mut Dice) -> Self {
        Payload(bytes(dice).into())
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(dice: &mut Dice) -> Self {
        (0..dice.below(4)).map(|_| T::sample(dice)).collect()
    }
}

impl<T: Sample> Sample for BTreeMap<String, T> {
    fn sample(dice: &mut Dice) -> Self {
        (0..dice.below(4)).map(|_| (String::sample(dice), T::sample(dice))).collect()
    }
}

/// Members of one structure, in the making.
#[derive(Default)]
pub struct Fields(Map<String, Value>);

impl Fields {
    pub fn plain<T: Show>(&mut self, name: &str, value: &T) {
        self.0.insert(name.to_owned(), value.show());
    }

    pub fn put<T: Show>(&mut self, name: &str, value: &Option<T>) {
        if let Some(value) = value {
            self.plain(name, value);
        }
    }

    pub fn finish(self) -> Value {
        Value::Object(self.0)
    }
}

impl Show for String {
    fn show(&self) -> Value {
        self.as_str().into()
    }
}

impl Show for bool {
    fn show(&self) -> Value {
        (*self).into()
    }
}

impl Show for i32 {
    fn show(&self) -> Value {
        (*self).into()
    }
}

impl Show for i64 {
    fn show(&self) -> Value {
        (*self).into()
    }
}

impl Show for Timestamp {
    fn show(&self) -> Value {
        self.millis().into()
    }
}

impl Show for Blob {
    fn show(&self) -> Value {
        STANDARD.encode(&self.0).into()
    }
}

impl Show for SecretBlob {
    fn show(&self) -> Value {
        STANDARD.encode(self.expose()).into()
    }
}

impl Show for Payload {
    fn show(&self) -> Value {
        STANDARD.encode(&self.0).into()
    }
}

impl<T: Show> Show for Vec<T> {
    fn show(&self) -> Value {
        self.iter().map(Show::show).collect()
    }
}

impl<T: Show> Show for BTreeMap<String, T> {
    fn show(&self) -> Value {
        Value::Object(self.iter().map(|(key, value)| (key.clone(), value.show())).collect())
    }
}
