//! Where the data is.

use std::fmt;
use std::path::PathBuf;

/// Where the data is. `Debug` shows no password.
#[derive(Clone)]
pub enum Location {
    /// A SQLite file, made when missing.
    File(PathBuf),
    /// SQLite in memory, for tests, ours and others': on the caller's thread, gone with the last clone of the database.
    Memory,
    /// A PostgreSQL database: `postgres://user:password@host/name`.
    Postgres(String),
}

impl fmt::Debug for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => formatter.debug_tuple("File").field(path).finish(),
            Self::Memory => formatter.write_str("Memory"),
            Self::Postgres(url) => formatter.debug_tuple("Postgres").field(&without_password(url)).finish(),
        }
    }
}

/// Host, port and database of a PostgreSQL URL.
pub(crate) fn without_password(url: &str) -> String {
    let Ok(config) = url.parse::<tokio_postgres::Config>() else { return "a PostgreSQL URL that cannot be read".to_owned() };
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            tokio_postgres::config::Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    let ports: Vec<String> = config.get_ports().iter().map(ToString::to_string).collect();
    let port = if ports.is_empty() { "5432".to_owned() } else { ports.join(",") };
    format!("PostgreSQL database {} at {}:{port}", config.get_dbname().unwrap_or("(default)"), hosts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let shown = format!("{:?}", Location::Postgres("postgres://me:hunter2@db.example.org:5433/provost".to_owned()));
        assert_eq!(shown, "Postgres(\"PostgreSQL database provost at db.example.org:5433\")");
        let unreadable = format!("{:?}", Location::Postgres("postgres://me:hunter2@db:port/x".to_owned()));
        assert!(!unreadable.contains("hunter2"), "{unreadable}");
    }
}
