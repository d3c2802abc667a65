//! Passwords of administrators: hashed with Argon2id, and refused when they are short or known to everybody.
//!
//! Directory users have no password here.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

const CHARACTERS_MIN: usize = 8;
const CHARACTERS_MAX: usize = 256;
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Passwords that guessing starts with, in lower case; also refused with digits and signs after them.
const COMMON: [&str; 38] = [
    "password",
    "passwort",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "qwerty",
    "qwertyuiop",
    "qwertz",
    "azerty",
    "asdfghjkl",
    "zxcvbnm",
    "abc",
    "abcdef",
    "abcdefgh",
    "abcd",
    "iloveyou",
    "admin",
    "administrator",
    "superadmin",
    "root",
    "letmein",
    "welcome",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "sunshine",
    "princess",
    "master",
    "superman",
    "trustno",
    "changeme",
    "secret",
    "default",
    "provost",
    "netskope",
    "test",
    "login",
];

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too short.
    #[error("the password is too short: use at least 8 characters")]
    TooShort,
    /// Too long.
    #[error("the password is too long: use at most 256 characters")]
    TooLong,
    /// On every guesser's list.
    #[error(
        "the password is among the first that attackers try: use several unrelated words, or a password manager's suggestion"
    )]
    Common,
    /// One character, or a row of neighbours.
    #[error("the password is one character repeated or a simple row such as 12345678: use several unrelated words")]
    Pattern,
}

/// The password as an Argon2id string in PHC form (19 MiB, 2 passes) with a salt of its own. Takes some 20 ms of
/// processor time: in async code call it on a blocking thread.
pub fn hash_password(password: &str) -> String {
    let hash: PasswordHash =
        argon2().hash_password(password.as_bytes()).expect("the parameters are valid and a salt can be drawn");
    hash.to_string()
}

/// Whether the password is the one that was hashed; `false` also for text that is not a hash. As slow as
/// [`hash_password`].
pub fn verify_password(password: &str, phc: &str) -> bool {
    PasswordHash::new(phc).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Refuses passwords that are short, overlong, or known to everybody.
pub fn check_password_strength(password: &str) -> Result<(), WeakPassword> {
    let characters: Vec<char> = password.chars().take(CHARACTERS_MAX + 1).collect();
    if characters.len() < CHARACTERS_MIN {
        return Err(WeakPassword::TooShort);
    }
    if characters.len() > CHARACTERS_MAX {
        return Err(WeakPassword::TooLong);
    }
    let steps =
        |step: i64| characters.windows(2).all(|pair| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0])) == step);
    if steps(0) || steps(1) || steps(-1) || password == "1234567890" {
        return Err(WeakPassword::Pattern);
    }
    let lower = password.to_lowercase();
    let word = lower.trim_end_matches(|character: char| !character.is_alphabetic());
    if COMMON.contains(&word) || COMMON.contains(&lower.as_str()) {
        return Err(WeakPassword::Common);
    }
    Ok(())
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("constants within the algorithm's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifies_the_password_and_no_other() {
        let hash = hash_password("correct horse battery");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify_password("correct horse battery", &hash));
        assert!(!verify_password("correct horse batterz", &hash));
        assert!(!verify_password("", &hash));
        assert_ne!(hash, hash_password("correct horse battery"), "each hash has a salt of its own");
    }

    #[test]
    fn text_that_is_not_a_hash_verifies_nothing() {
        for text in ["", "plain", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA"] {
            assert!(!verify_password("plain", text), "{text}");
        }
    }

    #[test]
    fn weak_passwords_are_refused_with_the_reason() {
        let cases = [
            ("", WeakPassword::TooShort),
            ("sieben7", WeakPassword::TooShort),
            ("aaaaaaaa", WeakPassword::Pattern),
            ("12345678", WeakPassword::Pattern),
            ("1234567890", WeakPassword::Pattern),
            ("87654321", WeakPassword::Pattern),
            ("abcdefgh", WeakPassword::Pattern),
            ("Password1!", WeakPassword::Common),
            ("PASSW0RD", WeakPassword::Common),
            ("changeme2026", WeakPassword::Common),
        ];
        for (password, reason) in cases {
            assert_eq!(check_password_strength(password), Err(reason), "{password}");
        }
        assert_eq!(check_password_strength(&"é".repeat(300)), Err(WeakPassword::TooLong));
    }

    #[test]
    fn ordinary_good_passwords_pass() {
        for password in ["correct horse battery", "Tr0ub4dor&3", "ööööäää1", "my-provost-console", &"xy".repeat(128)] {
            assert_eq!(check_password_strength(password), Ok(()), "{password}");
        }
    }
}
