//! What bounds a full pass: reading its rows, and reading them, building the bodies and comparing them; and what one more
//! attribute costs.

use super::organization;
use super::rows::Figures;
use anyhow::{Context, ensure};
use provost_core::app::{AttributeMapping, desired_body};
use provost_core::directory::User;
use provost_db::{Query, Row};
use provost_store::directory::users;
use provost_store::{Store, accounts};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Instant;

/// Reads the rows of a pass through `Db::stream`, and nothing else.
pub(super) async fn stream(store: &Store) -> anyhow::Result<Figures> {
    let connection = organization::connection(store).await?;
    let begun = Instant::now();
    let mut rows = store.db.stream(accounts::everybody(connection.id, 0, i64::MAX));
    let mut count = 0;
    let mut first_seconds = None;
    while let Some(chunk) = rows.next().await {
        count += chunk?.len() as u64;
        first_seconds.get_or_insert_with(|| begun.elapsed().as_secs_f64());
    }
    Ok(Figures { seconds: begun.elapsed().as_secs_f64(), count, first_seconds, ..Figures::default() })
}

/// Streams, builds, hashes and compares: the body that each user is to have beside the one that the app last confirmed.
pub(super) async fn build_and_compare(store: &Store) -> anyhow::Result<Figures> {
    let connection = organization::connection(store).await?;
    let begun = Instant::now();
    let mut rows = store.db.stream(accounts::everybody(connection.id, 0, i64::MAX));
    let mut figures = Figures::default();
    while let Some(chunk) = rows.next().await {
        for mut row in chunk? {
            let user = Row(row.0.split_off(accounts::ACCOUNT_COLUMNS));
            let user = users::from_row(&user)?;
            let mut body = desired_body(&user, &connection.config.mapping, connection.profile)?;
            body.insert("active".to_owned(), Value::Bool(true));
            let wanted = Sha256::digest(serde_json::to_string(&body).context("a body always has a text")?);
            let applied: Option<String> = row.get(accounts::APPLIED_COLUMN)?;
            figures.found += u64::from(applied.is_none_or(|applied| Sha256::digest(applied) != wanted));
            figures.count += 1;
        }
        figures.first_seconds.get_or_insert_with(|| begun.elapsed().as_secs_f64());
    }
    figures.seconds = begun.elapsed().as_secs_f64();
    Ok(figures)
}

/// Users whose bodies are built in memory, and how often.
const BUILT_USERS: u64 = 10_000;
const BUILT_TIMES: u64 = 20;

/// Builds the bodies of users in memory by the mapping as it is, and by one with each optional attribute of the profile
/// besides. `seconds` is the difference, `count` how many values were evaluated more.
pub(super) async fn attributes(store: &Store) -> anyhow::Result<Figures> {
    let connection = organization::connection(store).await?;
    let limit = i64::try_from(BUILT_USERS).context("a small number")?;
    let sql = format!("SELECT {} FROM directory_user u ORDER BY u.id LIMIT $1", users::COLUMNS);
    let rows = store.db.read(Query::new(sql, [limit.into()])).await?;
    let people: Vec<User> = rows.iter().map(users::from_row).collect::<Result<_, _>>()?;
    let mapping = &connection.config.mapping;
    let mut longer = mapping.clone();
    for (target, source) in MORE {
        ensure!(mapping.iter().all(|row| row.target != target), "{target} is mapped already");
        longer.push(organization::row(target, source)?);
    }
    let built = |mapping: &[AttributeMapping]| -> anyhow::Result<f64> {
        let begun = Instant::now();
        for _ in 0..BUILT_TIMES {
            for user in &people {
                std::hint::black_box(desired_body(std::hint::black_box(user), mapping, connection.profile)?);
            }
        }
        Ok(begun.elapsed().as_secs_f64())
    };
    // Once to warm up; then each as often as the other.
    built(&longer)?;
    let (mut few, mut more) = (0.0, 0.0);
    for _ in 0..3 {
        few += built(mapping)?;
        more += built(&longer)?;
    }
    let count = 3 * BUILT_TIMES * people.len() as u64 * MORE.len() as u64;
    Ok(Figures { seconds: (more - few).max(0.0), count, ..Figures::default() })
}

/// What the longer mapping has besides; nobody has some of it.
const MORE: [(&str, &str); 8] = [
    ("addresses.formatted", "user.addresses.work"),
    ("nickName", "user.username"),
    ("userType", "user.locations.building_id"),
    ("locale", "'en'"),
    ("phoneNumbers.value", "user.phones.work"),
    ("phoneNumbers.type", "'work'"),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "user.organizations.department"),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter", "user.organizations.cost_center"),
];
