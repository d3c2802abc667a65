//! Secrets in memory ([`Secret`]) and at rest ([`Sealer`]).
//!
//! A sealed secret is bound to the row it stands in: copied into another row, it does not open. Rotating keys is not done
//! here; the key's id stands beside the ciphertext for the day when it is.

use crate::{hex, random};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use zeroize::{Zeroize, Zeroizing};

const NONCE_BYTES: usize = 24;

/// Text that must not be printed: a token, a password, a key. Erased from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; for the one place that sends or checks it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Why a secret cannot be opened, or the key not be had.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key file cannot be read or made.
    #[error("cannot {action} the key file {}", path.display())]
    KeyFile {
        /// "read" or "create".
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The key file holds something else.
    #[error("the key file {} does not hold a key (64 hexadecimal digits are expected): restore it from your backup", path.display())]
    NotAKey {
        /// Where.
        path: PathBuf,
    },
    /// Not written by [`Sealer::seal`].
    #[error("this is not a sealed secret")]
    Malformed,
    /// Sealed with a key that we do not have.
    #[error(
        "the secret was sealed with key {sealed_with}, but the key in use is {in_use}: restore the key file that belongs to this data"
    )]
    OtherKey {
        /// The id beside the ciphertext.
        sealed_with: String,
        /// The id of our key.
        in_use: String,
    },
    /// Changed, or moved to another row.
    #[error("the sealed secret was changed or belongs to another row: enter the secret again")]
    Tampered,
}

/// Seals secrets with XChaCha20-Poly1305 under one key.
#[derive(Clone)]
pub struct Sealer {
    key: Zeroizing<[u8; 32]>,
    key_id: String,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sealer").field("key", &"[secret]").field("key_id", &self.key_id).finish()
    }
}

impl Sealer {
    /// Reads the key from a file of 64 hexadecimal digits, or makes the file with a new key, readable by its owner only.
    /// Two processes that start at once end up with the same key; a crash leaves no half-written file.
    pub fn from_file_or_create(path: &Path) -> Result<Sealer, SealError> {
        let failed = |action| move |source| SealError::KeyFile { action, path: path.to_owned(), source };
        match std::fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create_key_file(path).map_err(failed("create"))?;
                let text = Zeroizing::new(std::fs::read_to_string(path).map_err(failed("read"))?);
                Self::from_text(&text, path)
            }
            read => Self::from_text(&Zeroizing::new(read.map_err(failed("read"))?), path),
        }
    }

    fn from_text(text: &str, path: &Path) -> Result<Sealer, SealError> {
        let key = hex::decode(text.trim()).map(Zeroizing::new);
        let key = key.and_then(|key| <[u8; 32]>::try_from(key.as_slice()).ok());
        key.map(Self::from_key).ok_or_else(|| SealError::NotAKey { path: path.to_owned() })
    }

    /// A sealer with this key.
    pub fn from_key(key: [u8; 32]) -> Sealer {
        let digest = Sha256::new().chain_update(b"provost key id").chain_update(key).finalize();
        Sealer { key: Zeroizing::new(key), key_id: hex::encode(&digest[..4]) }
    }

    /// The name of the key, beside every ciphertext; tells nothing about the key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The secret as text that only [`Sealer::open`] with the same key and the same `bound_to` can read:
    /// `v1:KEY ID:hexadecimal nonce and ciphertext`.
    pub fn seal(&self, bound_to: &str, secret: &Secret) -> String {
        let nonce: [u8; NONCE_BYTES] = random::bytes();
        let payload = Payload { msg: secret.expose().as_bytes(), aad: bound_to.as_bytes() };
        let ciphertext = self.cipher().encrypt(&XNonce::from(nonce), payload).expect("a secret is far below the cipher's limit");
        format!("v1:{}:{}{}", self.key_id, hex::encode(&nonce), hex::encode(&ciphertext))
    }

    /// The secret that was sealed for `bound_to`.
    pub fn open(&self, bound_to: &str, sealed: &str) -> Result<Secret, SealError> {
        let mut parts = sealed.splitn(3, ':');
        let (Some("v1"), Some(key_id), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(SealError::Malformed);
        };
        if key_id != self.key_id {
            return Err(SealError::OtherKey { sealed_with: key_id.to_owned(), in_use: self.key_id.clone() });
        }
        let body = hex::decode(body).ok_or(SealError::Malformed)?;
        let (nonce, ciphertext) = body.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Malformed)?;
        let payload = Payload { msg: ciphertext, aad: bound_to.as_bytes() };
        let plain = self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError::Tampered)?;
        String::from_utf8(plain).map(Secret).map_err(|_| SealError::Malformed)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.key))
    }
}

/// Writes a file that only its owner may read, in the place of one that is there: whoever reads finds the one or the other.
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = draft_beside(path);
    let replaced = write_private(&draft, bytes).and_then(|()| std::fs::rename(&draft, path));
    if replaced.is_err() {
        // It may not be there; the first error is the one to report.
        let _ = std::fs::remove_file(&draft);
    }
    replaced
}

fn draft_beside(path: &Path) -> PathBuf {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".new-{}", random::base62(8)));
    PathBuf::from(draft)
}

/// Writes a new key beside `path` and links it there, unless another process was first.
fn create_key_file(path: &Path) -> io::Result<()> {
    let draft = draft_beside(path);
    let text = Zeroizing::new(format!("{}\n", hex::encode(&*Zeroizing::new(random::bytes::<32>()))));
    let linked = write_private(&draft, text.as_bytes()).and_then(|()| match std::fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    // A draft that was not made cannot be removed; the first error is the one to report.
    let removed = std::fs::remove_file(&draft);
    linked.and(removed)
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer() -> Sealer {
        Sealer::from_key([7; 32])
    }

    #[test]
    fn opens_what_it_sealed_and_never_seals_alike_twice() {
        let secret = Secret::new("tøken");
        let sealed = sealer().seal("connection:1:credential", &secret);
        assert!(sealed.starts_with(&format!("v1:{}:", sealer().key_id())), "{sealed}");
        assert_eq!(sealer().open("connection:1:credential", &sealed).unwrap(), secret);
        assert_ne!(sealed, sealer().seal("connection:1:credential", &secret));
    }

    #[test]
    fn refuses_a_secret_that_was_moved_to_another_row() {
        let sealed = sealer().seal("connection:1:credential", &Secret::new("token"));
        assert!(matches!(sealer().open("connection:2:credential", &sealed), Err(SealError::Tampered)));
    }

    #[test]
    fn refuses_a_changed_character_anywhere_in_the_body() {
        let sealed = sealer().seal("row", &Secret::new("token"));
        let start = sealed.rfind(':').unwrap() + 1;
        for place in start..sealed.len() {
            let other = if &sealed[place..=place] == "0" { "1" } else { "0" };
            let changed = format!("{}{other}{}", &sealed[..place], &sealed[place + 1..]);
            assert!(matches!(sealer().open("row", &changed), Err(SealError::Tampered)), "{place}");
        }
    }

    #[test]
    fn names_both_keys_when_the_key_is_another_one() {
        let sealed = Sealer::from_key([8; 32]).seal("row", &Secret::new("token"));
        let error = sealer().open("row", &sealed).unwrap_err();
        assert!(error.to_string().contains(sealer().key_id()), "{error}");
        assert!(matches!(error, SealError::OtherKey { .. }));
    }

    #[test]
    fn refuses_what_it_has_not_written() {
        let key_id = sealer().key_id().to_owned();
        for text in ["", "v1", "v2:a:b", &format!("v1:{key_id}:zz"), &format!("v1:{key_id}:00"), &format!("v1:{key_id}:")] {
            assert!(matches!(sealer().open("row", text), Err(SealError::Malformed)), "{text}");
        }
    }

    #[test]
    fn makes_the_key_file_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let first = Sealer::from_file_or_create(&path).unwrap();
        let second = Sealer::from_file_or_create(&path).unwrap();
        assert_eq!(first.key_id(), second.key_id());
        let sealed = first.seal("row", &Secret::new("token"));
        assert_eq!(second.open("row", &sealed).unwrap().expose(), "token");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_replaced_is_whole_and_its_owner_s() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "an earlier, longer one").unwrap();
        replace_private(&path, b"token").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "token");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777, 0o600);
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        assert!(replace_private(&folder.path().join("folder"), b"token").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no draft is left");
    }

    #[test]
    fn many_starters_at_once_get_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let ids: Vec<String> = std::thread::scope(|scope| {
            let starters: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Sealer::from_file_or_create(&path).unwrap().key_id().to_owned())).collect();
            starters.into_iter().map(|starter| starter.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }

    #[test]
    fn says_what_is_wrong_with_the_key_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for wrong in ["", "00", "not a key", &"0".repeat(66)] {
            std::fs::write(&path, wrong).unwrap();
            assert!(matches!(Sealer::from_file_or_create(&path), Err(SealError::NotAKey { .. })), "{wrong}");
        }
        let nowhere = folder.path().join("missing").join("key");
        let error = Sealer::from_file_or_create(&nowhere).unwrap_err();
        assert!(error.to_string().starts_with("cannot create the key file"), "{error}");
    }

    #[test]
    fn neither_secrets_nor_keys_are_printed() {
        assert_eq!(format!("{:?}", Secret::new("token")), "[secret]");
        let printed = format!("{:?}", Sealer::from_key([7; 32]));
        assert!(printed.contains("[secret]") && !printed.contains("7, 7"), "{printed}");
    }
}
