//! Our own tokens: `PREFIX_` + 30 random characters + 6 characters of checksum.
//!
//! The prefix and the checksum let scanners find a leaked token and let us refuse a mistyped one without a look-up. Only
//! [`token_hash`] is stored.

use crate::random;
use crate::secret::Secret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const RANDOM_CHARACTERS: usize = 30;
const CHECKSUM_CHARACTERS: usize = 6;

/// A new token: 178 bits of randomness. `prefix` is lower-case letters and digits.
pub fn mint_token(prefix: &str) -> Secret {
    let random = random::base62(RANDOM_CHARACTERS);
    let checksum = checksum(prefix, &random);
    Secret::new(format!("{prefix}_{random}{checksum}"))
}

/// Whether the text has the form of a token with this prefix and its checksum is right. Says nothing about who has it.
pub fn token_checksum_ok(prefix: &str, token: &str) -> bool {
    let Some(body) = token.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')) else { return false };
    let well_formed =
        body.len() == RANDOM_CHARACTERS + CHECKSUM_CHARACTERS && body.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !well_formed {
        return false;
    }
    let (random, found) = body.split_at(RANDOM_CHARACTERS);
    checksum(prefix, random).as_bytes().ct_eq(found.as_bytes()).into()
}

/// SHA-256 of the token. No salt and no stretching are needed: the token is random and long.
pub fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// CRC-32 of prefix and random part, in base 62.
fn checksum(prefix: &str, random: &str) -> String {
    let bytes = prefix.bytes().chain(random.bytes());
    random::base62_of(crc32(bytes), CHECKSUM_CHARACTERS)
}

/// CRC-32 as in ISO 3309 (reflected polynomial `EDB88320`), bit by bit: the text is short.
fn crc32(bytes: impl Iterator<Item = u8>) -> u32 {
    !bytes.fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32_gives_the_published_check_value() {
        assert_eq!(crc32(b"123456789".iter().copied()), 0xcbf4_3926);
        assert_eq!(crc32(std::iter::empty()), 0);
    }

    #[test]
    fn a_minted_token_is_recognised_under_its_prefix_only() {
        let token = mint_token("pvt");
        assert_eq!(token.expose().len(), 40);
        assert!(token_checksum_ok("pvt", token.expose()));
        assert!(!token_checksum_ok("pvk", token.expose()));
        assert!(!token_checksum_ok("pv", token.expose()));
        assert_ne!(token, mint_token("pvt"));
    }

    #[test]
    fn one_changed_character_anywhere_is_noticed() {
        let token = mint_token("pvt");
        let text = token.expose();
        for place in 0..text.len() {
            let other = if &text[place..=place] == "a" { "b" } else { "a" };
            let changed = format!("{}{other}{}", &text[..place], &text[place + 1..]);
            assert!(!token_checksum_ok("pvt", &changed), "{place}");
        }
    }

    #[test]
    fn other_text_is_no_token() {
        let long = format!("{}x", mint_token("pvt").expose());
        for text in ["", "pvt", "pvt_", "pvt_short", &long, &format!("pvt_{}", "é".repeat(18))] {
            assert!(!token_checksum_ok("pvt", text), "{text}");
        }
    }

    #[test]
    fn the_hash_is_sha_256() {
        assert_eq!(crate::hex::encode(&token_hash("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
