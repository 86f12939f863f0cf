//! How a profile is kept: as bytes, of which a number takes as few as it needs, and times are told from each other.

use std::collections::BTreeMap;

use contracts::Currency;
use serde::Deserialize;

use super::facts::Subject;
use super::profile::{Bucket, Met, Profile, number};

/// How these bytes are written; another way has another number.
const WAY: u8 = 2;
/// The way before, which did not tell what was approved from what was tried: all of it counted and was learnt.
const WAY_BEFORE: u8 = 1;
/// Seven bits of a number stand in a byte, and whether there are more.
const MORE: u8 = 0x80;

/// A profile as it was written before, as JSON.
#[derive(Deserialize)]
struct Former {
    newest_ms: i64,
    minutes: Vec<FormerBucket>,
    hours: Vec<FormerBucket>,
    days: Vec<FormerBucket>,
    #[serde(default)]
    met: BTreeMap<char, BTreeMap<String, i64>>,
}

/// The slot, the currency, how many, how much.
#[derive(Deserialize)]
struct FormerBucket(i64, Currency, i64, i64);

/// Bytes that are read from their beginning, and the way that they were written in.
struct Rest<'b>(&'b [u8], u8);

impl Profile {
    /// The profile as bytes.
    pub fn packed(&self) -> Vec<u8> {
        let mut bytes = vec![WAY];
        put_signed(&mut bytes, self.newest_ms);
        for ring in [&self.minutes, &self.hours, &self.days] {
            put(&mut bytes, ring.len() as u64);
            let mut before = 0;
            for Bucket { slot, currency, tried, approved, sum } in ring {
                put_signed(&mut bytes, slot.wrapping_sub(before));
                bytes.extend_from_slice(currency.code().as_bytes());
                put_signed(&mut bytes, *tried);
                put_signed(&mut bytes, *approved);
                put_signed(&mut bytes, *sum);
                before = *slot;
            }
        }
        for met in &self.met {
            put(&mut bytes, met.len() as u64);
            for Met { name, last_ms, known } in met {
                bytes.extend_from_slice(&name.to_le_bytes());
                put_signed(&mut bytes, self.newest_ms.wrapping_sub(*last_ms));
                bytes.push(u8::from(*known));
            }
        }
        bytes
    }

    /// The profile of these bytes, unless they are none.
    pub fn unpacked(bytes: &[u8]) -> Option<Self> {
        let (way, bytes) = bytes.split_first()?;
        let mut rest = Rest(bytes, *way);
        if ![WAY, WAY_BEFORE].contains(way) {
            return None;
        }
        let newest_ms = rest.signed()?;
        let [minutes, hours, days] = [rest.ring()?, rest.ring()?, rest.ring()?];
        let mut met = <[Vec<Met>; 4]>::default();
        for met in &mut met {
            for _ in 0..rest.unsigned()? {
                let name = u64::from_le_bytes(rest.some()?);
                let last_ms = newest_ms.wrapping_sub(rest.signed()?);
                met.push(Met { name, last_ms, known: rest.known()? });
            }
        }
        rest.0.is_empty().then_some(Self { newest_ms, minutes, hours, days, met })
    }

    /// The profile of a text that was written before there were bytes.
    pub fn of_former(text: &str) -> Result<Self, serde_json::Error> {
        let Former { newest_ms, minutes, hours, days, met } = serde_json::from_str(text)?;
        let [minutes, hours, days] =
            [minutes, hours, days].map(|ring| ring.into_iter().map(Bucket::from).collect());
        let mut profile = Self { newest_ms, minutes, hours, days, ..Self::default() };
        for (letter, others) in met {
            let subject = match letter {
                'p' => Subject::Payer,
                'r' => Subject::Payee,
                'd' => Subject::Device,
                _ => Subject::Address,
            };
            for (name, last_ms) in others {
                profile.meet(subject, Met { name: number(&name), last_ms, known: true });
            }
        }
        Ok(profile)
    }
}

impl From<FormerBucket> for Bucket {
    fn from(FormerBucket(slot, currency, count, sum): FormerBucket) -> Self {
        Self { slot, currency, tried: count, approved: count, sum }
    }
}

impl Rest<'_> {
    fn some<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (some, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*some)
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut found = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let [byte] = self.some()?;
            found |= u64::from(byte & !MORE) << shift;
            if byte & MORE == 0 {
                return Some(found);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let folded = self.unsigned()?;
        Some((folded >> 1).cast_signed() ^ -((folded & 1).cast_signed()))
    }

    fn ring(&mut self) -> Option<Vec<Bucket>> {
        let mut ring = Vec::new();
        let mut slot = 0_i64;
        for _ in 0..self.unsigned()? {
            slot = slot.wrapping_add(self.signed()?);
            let currency: Currency = std::str::from_utf8(&self.some::<3>()?).ok()?.parse().ok()?;
            let tried = self.signed()?;
            let approved = if self.1 == WAY_BEFORE { tried } else { self.signed()? };
            ring.push(Bucket { slot, currency, tried, approved, sum: self.signed()? });
        }
        Some(ring)
    }

    fn known(&mut self) -> Option<bool> {
        if self.1 == WAY_BEFORE {
            return Some(true);
        }
        let [byte] = self.some()?;
        (byte <= 1).then_some(byte == 1)
    }
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= u64::from(MORE) {
        bytes.push(number as u8 | MORE);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Small numbers of either sign are short: 0, -1, 1, -2 are 0, 1, 2, 3.
fn put_signed(bytes: &mut Vec<u8>, number: i64) {
    put(bytes, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_profile_is_read_as_it_was_written(
            newest_ms: i64, slot: i64, count: i64, sum: i64, others in proptest::collection::vec(any::<(u64, i64, bool)>(), 0..9),
        ) {
            let ring = [(Currency::INR, count, sum), (Currency::EUR, sum, count)]
                .map(|(currency, tried, approved)| Bucket { slot, currency, tried, approved, sum });
            let (ring, met) = (ring.to_vec(), others.into_iter());
            let met = met.map(|(name, last_ms, known)| Met { name, last_ms, known }).collect();
            let profile = Profile { newest_ms, hours: ring, met: [Vec::new(), met, Vec::new(), Vec::new()], ..Profile::default() };
            prop_assert_eq!(Profile::unpacked(&profile.packed()), Some(profile));
        }

        #[test]
        fn other_bytes_are_no_profile(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Some(profile) = Profile::unpacked(&bytes) {
                prop_assert_eq!(Profile::unpacked(&profile.packed()), Some(profile));
            }
        }
    }

    /// One who has paid Ben 500 with a device.
    fn who_paid_ben() -> Profile {
        let mut profile = Profile::default();
        let others = [None, Some("usr_ben".to_owned()), Some("a device".to_owned()), None];
        profile.add(1_700_049_600_000, Currency::INR, &others);
        profile.learn(1_700_049_600_000, 500, Currency::INR, &others);
        profile
    }

    #[test]
    fn a_profile_that_was_cut_or_went_on_is_none() {
        let bytes = who_paid_ben().packed();
        assert!((0..bytes.len()).all(|length| Profile::unpacked(&bytes[..length]).is_none()));
        assert_eq!(Profile::unpacked(&[&bytes[..], &[0]].concat()), None);
    }

    #[test]
    fn a_profile_that_was_written_as_text_goes_on() {
        let text = r#"{"newest_ms":1700049600000,"minutes":[[28334160,"INR",1,500]],"hours":[[472236,"INR",1,500]],
            "days":[[19676,"INR",1,500]],"met":{"r":{"usr_ben":1700049600000},"d":{"a device":1700049600000}}}"#;
        assert_eq!(Profile::of_former(text).unwrap(), who_paid_ben());
    }

    #[test]
    fn a_profile_that_was_written_before_refusals_were_told_apart_goes_on() {
        let bytes = b"\x01\x80\xf8\xd1\xad\xfab\x01\xa0\xe1\x82\x1bINR\x02\xe8\x07\x01\xd8\xd29INR\x02\xe8\x07\x01\xb8\xb3\x02INR\x02\xe8\x07\x00\x01\xabc\xb3\x10\x0e8\x0f\xba\x00\x01\x8e\xa2\x07.xb\x04k\x00\x00";
        assert_eq!(Profile::unpacked(bytes), Some(who_paid_ben()));
    }
}
