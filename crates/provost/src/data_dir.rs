//! The data directory: the database, the key that seals secrets, and the lock that keeps a second engine out.

use crate::api::Usage;
use anyhow::{Context, bail};
use provost_db::Location;
use provost_platform::{Clock, Sealer};
use provost_store::Store;
use provost_store::apps::connections;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The database in the data directory.
const DATABASE: &str = "provost.db";

/// A data directory that this process holds alone, until it is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    lock: File,
}

impl DataDir {
    /// [`Self::hold`] of a directory that has a database: a mistyped name is no new installation.
    pub(crate) fn hold_existing(path: &Path) -> anyhow::Result<Self> {
        // Without a lock no server holds it, and nothing is written into somebody's directory.
        if !path.join("lock").exists() {
            must_exist(path)?;
        }
        let held = Self::hold(path)?;
        must_exist(path)?;
        Ok(held)
    }

    /// Makes the directory when missing, and takes its lock. When a server holds it, the error names the server's URL and
    /// the flag to use.
    pub(crate) fn hold(path: &Path) -> anyhow::Result<Self> {
        make(path)?;
        let lock_path = path.join("lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .with_context(|| format!("cannot open {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), lock }),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                lock.read_to_string(&mut holder).context("cannot read who holds the data directory")?;
                match holder.trim() {
                    "" => bail!(
                        "another command is working on the data directory {}: wait until it has ended, and repeat",
                        path.display()
                    ),
                    url => bail!(
                        "a server holds the data directory {}: use --server {url} --api-key-file FILE instead of --data \
                         (`provost api-keys create --data {} --name NAME --role super-admin` makes a key)",
                        path.display(),
                        path.display()
                    ),
                }
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", lock_path.display())),
        }
    }

    /// Writes the server's URL where [`Self::hold`] of another process finds it.
    pub(crate) fn announce(&mut self, url: &str) -> anyhow::Result<()> {
        self.lock.set_len(0).context("cannot write the lock file")?;
        self.lock.rewind().context("cannot write the lock file")?;
        self.lock.write_all(url.as_bytes()).context("cannot write the lock file")?;
        self.lock.flush().context("cannot write the lock file")
    }

    /// Opens the store in it.
    pub(crate) async fn open(&self, database: Option<&str>, clock: Clock) -> anyhow::Result<Store> {
        open(&self.path, database, clock).await
    }

    /// The same when the key that sealed the stored tokens is lost: they are erased, and their apps halt until they get new ones.
    pub(crate) async fn open_without_old_key(&self, database: Option<&str>, clock: Clock) -> anyhow::Result<Store> {
        let store = open_with_any_key(&self.path, database, clock).await?;
        let forgotten = connections::forget_unreadable(&store).await?;
        println!("{forgotten} stored tokens could not be opened and were erased: reauthorize their apps.");
        Ok(store)
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // The lock goes with the file; the URL must not outlive the server. Nothing can be done when this fails.
        let _ = self.lock.set_len(0);
    }
}

/// Opens the store without taking the lock: for the verbs by which a script gets in, which work beside a server.
pub(crate) async fn open_beside(path: &Path) -> anyhow::Result<Store> {
    must_exist(path)?;
    open(path, None, Clock::system()).await
}

/// [`open_beside`], which begins a new installation where there is none, and says so.
pub(crate) async fn open_beside_or_make(path: &Path) -> anyhow::Result<Store> {
    let is_new = !path.join(DATABASE).exists();
    make(path)?;
    let store = open(path, None, Clock::system()).await?;
    if is_new {
        eprintln!("There were no data in {}: a new, empty installation was made there.", path.display());
    }
    Ok(store)
}

/// A database without the key that sealed its tokens is half a backup: with a new key nobody could open them.
async fn open(path: &Path, database: Option<&str>, clock: Clock) -> anyhow::Result<Store> {
    let key = path.join("key");
    let had_key = key.exists();
    if !had_key && database.is_none() && path.join(DATABASE).exists() {
        bail!(key_trouble(&key, "is missing"));
    }
    let store = open_with_any_key(path, database, clock).await?;
    if let Some(error) = connections::sealed_with_another_key(&store).await? {
        if had_key {
            return Err(anyhow::Error::new(error).context(key_trouble(&key, "is another one")));
        }
        std::fs::remove_file(&key).with_context(|| format!("cannot remove the new key {}", key.display()))?;
        bail!(key_trouble(&key, "is missing"));
    }
    Ok(store)
}

fn key_trouble(key: &Path, what: &str) -> String {
    format!(
        "the key that sealed the stored tokens {what}: {}. Put the file back from the backup; or, if it is lost, start once with \
         `provost serve --key-lost`, which erases the tokens, and reauthorize every app",
        key.display()
    )
}

async fn open_with_any_key(path: &Path, database: Option<&str>, clock: Clock) -> anyhow::Result<Store> {
    let sealer = Sealer::from_file_or_create(&path.join("key"))
        .with_context(|| format!("cannot read the key {}", path.join("key").display()))?;
    let location = database.map_or_else(|| Location::File(path.join(DATABASE)), |url| Location::Postgres(url.to_owned()));
    Store::open(&location, clock, sealer).await.with_context(|| format!("cannot open the data in {}", path.display()))
}

fn must_exist(path: &Path) -> anyhow::Result<()> {
    if path.join(DATABASE).exists() {
        return Ok(());
    }
    let text = format!(
        "there are no data in {}: it has no {DATABASE}. Check --data; a new data directory is made by `provost serve` or `provost admins \
         create`, and data in PostgreSQL are worked on through their server (--server URL --api-key-file FILE)",
        path.display()
    );
    Err(Usage::new(text).into())
}

fn make(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("cannot make the data directory {}", path.display()))
}
