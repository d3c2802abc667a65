//! Randomness from the operating system.

use crate::hex;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Random bytes, fit for keys.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[cfg(feature = "simulation")]
    if crate::simulation::fill(&mut bytes) {
        return bytes;
    }
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes, or nothing here is safe");
    bytes
}

/// Random text of digits and letters, every character equally likely: 5.95 bits each.
pub fn base62(length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // 248 is the largest multiple of 62 in a byte; what lies above would make the first characters likelier.
        let fair = bytes::<64>().into_iter().filter(|byte| *byte < 248).map(|byte| char::from(BASE62[usize::from(byte % 62)]));
        text.extend(fair.take(length - text.len()));
    }
    text
}

/// `number` in base 62, at least `width` characters, filled with zeros on the left.
pub(crate) fn base62_of(mut number: u32, width: usize) -> String {
    let mut digits = Vec::with_capacity(width);
    while number > 0 || digits.len() < width {
        digits.push(char::from(BASE62[(number % 62) as usize]));
        number /= 62;
    }
    digits.into_iter().rev().collect()
}

/// A random number from 0 up to but without 1, for jitter.
pub fn fraction() -> f64 {
    // 32 bits are exact in a double and plenty for jitter.
    f64::from(u32::from_ne_bytes(bytes())) / (f64::from(u32::MAX) + 1.0)
}

/// A random UUID (RFC 9562, version 4) in lower case.
pub fn uuid_v4() -> String {
    let mut bytes = bytes::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex::encode(&bytes);
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn base62_has_the_length_asked_for_and_uses_every_character() {
        assert_eq!(base62(0), "");
        let text = base62(10_000);
        assert_eq!(text.len(), 10_000);
        assert_eq!(text.bytes().collect::<BTreeSet<_>>(), BASE62.iter().copied().collect());
    }

    #[test]
    fn base62_of_a_number_is_filled_on_the_left() {
        assert_eq!(base62_of(0, 6), "000000");
        assert_eq!(base62_of(61, 1), "z");
        assert_eq!(base62_of(62, 2), "10");
        assert_eq!(base62_of(u32::MAX, 6), "4gfFC3");
    }

    #[test]
    fn fractions_stay_below_one_and_spread() {
        let drawn: Vec<f64> = (0..1_000).map(|_| fraction()).collect();
        assert!(drawn.iter().all(|fraction| (0.0..1.0).contains(fraction)));
        assert!(drawn.iter().any(|fraction| *fraction < 0.2) && drawn.iter().any(|fraction| *fraction > 0.8));
    }

    #[test]
    fn a_uuid_has_the_form_of_version_4() {
        let uuid = uuid_v4();
        let shape: String = uuid.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
        assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        assert_ne!(uuid, uuid_v4());
    }
}
