//! The words by which users are found: each is kept with an index, so that those who have one with a certain beginning are found
//! as one types, however many users there are.

use super::rows::{COLUMNS, from_row};
use crate::{Store, StoreError};
use provost_core::directory::User;
use provost_db::{Batch, CommitError, Query, Value, list, rows};
use std::collections::BTreeSet;
use std::ops::Bound;

/// The most words of a search that count.
const ASKED_MAX: usize = 8;

/// About how many words one statement writes.
const WRITTEN_AT_ONCE: usize = 4_000;

/// How many users get their words at a time after an upgrade.
const BACKLOG_USERS: i64 = 1_000;

/// Which of several words is the rarest is told up to so many users.
const COUNTED_MAX: i64 = 5_000;

/// The words of a user, in lower case: the address, its domain, the parts of what stands before it, the names and their
/// parts. A word with which another one begins is found with that one, and left out.
fn of(user: &User) -> BTreeSet<String> {
    let address = user.primary_email.to_lowercase();
    let (local, domain) = address.split_once('@').unwrap_or((&address, ""));
    let mut words: BTreeSet<String> = parts(local).map(str::to_owned).collect();
    words.extend([domain.to_owned(), address.clone()]);
    for name in [&user.given_name, &user.family_name].map(|name| name.to_lowercase()) {
        for word in name.split_whitespace() {
            words.insert(word.to_owned());
            words.extend(parts(word).map(str::to_owned));
        }
    }
    words.remove("");
    let begins_the_next = |word: &String| {
        let mut behind = words.range::<String, _>((Bound::Excluded(word), Bound::Unbounded));
        behind.next().is_some_and(|next| next.starts_with(word.as_str()))
    };
    words.iter().filter(|word| !begins_the_next(word)).cloned().collect()
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty())
}

/// The words of a search. A control character is in no word.
pub(super) fn asked(text: &str) -> Vec<String> {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().to_lowercase();
    text.split_whitespace().take(ASKED_MAX).map(str::to_owned).collect()
}

/// What is behind every word that begins with this one.
pub(super) fn behind(beginning: &str) -> String {
    format!("{beginning}{}", char::MAX)
}

/// The rarest word first, so that the others are held against few users.
pub(super) async fn rarest_first(store: &Store, mut words: Vec<String>) -> Result<Vec<String>, StoreError> {
    if words.len() > 1 {
        let counted = words.iter().map(|word| {
            let sql =
                "SELECT count(*) FROM (SELECT 1 FROM directory_user_word WHERE word >= $1 AND word < $2 LIMIT $3) AS counted";
            Query::new(sql, [word.as_str().into(), behind(word).into(), COUNTED_MAX.into()])
        });
        let answers = store.db.read_all(counted.collect()).await?;
        let counts =
            answers.iter().map(|rows| rows.first().map_or(Ok(0), |row| row.get::<i64>(0))).collect::<Result<Vec<_>, _>>()?;
        let rarest = counts.iter().enumerate().min_by_key(|(_, count)| **count).map_or(0, |(place, _)| place);
        words.swap(0, rarest);
    }
    Ok(words)
}

/// Writes the words of users who are written in the same batch. Words that stand there already cost no write.
pub(super) fn write(batch: &mut Batch, users: &[&User]) {
    let mut of_some: Vec<(i64, BTreeSet<String>)> = Vec::new();
    let mut count = 0;
    for user in users {
        let words = of(user);
        count += words.len();
        if count > WRITTEN_AT_ONCE {
            write_some(batch, &of_some);
            of_some.clear();
            count = words.len();
        }
        of_some.push((user.id.get(), words));
    }
    write_some(batch, &of_some);
}

fn write_some(batch: &mut Batch, of_some: &[(i64, BTreeSet<String>)]) {
    if of_some.is_empty() {
        return;
    }
    let words: Vec<Value> =
        of_some.iter().flat_map(|(id, words)| words.iter().flat_map(|word| [(*id).into(), word.as_str().into()])).collect();
    let ids = of_some.iter().map(|(id, _)| Value::from(*id));
    let kept: Vec<String> = (of_some.len() + 1..)
        .step_by(2)
        .take(words.len() / 2)
        .map(|place| format!("(CAST(${place} AS BIGINT), CAST(${} AS TEXT))", place + 1))
        .collect();
    let old = format!(
        "DELETE FROM directory_user_word WHERE user_id IN {} AND (user_id, word) NOT IN (VALUES {})",
        list(1, of_some.len()),
        kept.join(", ")
    );
    batch.run(old, ids.chain(words.iter().cloned()));
    let new = format!("INSERT INTO directory_user_word (user_id, word) VALUES {} ON CONFLICT DO NOTHING", rows(kept.len(), 2));
    batch.run(new, words);
}

/// Makes the words of the next users whom an earlier version of the program has written; whether any were left.
pub async fn complete_words(store: &Store) -> Result<bool, StoreError> {
    let backlog = store.db.read(Query::new("SELECT after_user FROM directory_word_backlog", [])).await?;
    let Some(after) = backlog.first().map(|row| row.get::<i64>(0)).transpose()? else { return Ok(false) };
    let sql = format!("SELECT {COLUMNS} FROM directory_user u WHERE u.id > $1 ORDER BY u.id LIMIT $2");
    let found = store.db.read(Query::new(sql, [after.into(), BACKLOG_USERS.into()])).await?;
    let users = found.iter().map(from_row).collect::<Result<Vec<User>, _>>()?;
    let mut batch = Batch::bulk();
    match users.last() {
        None => batch.expect(1, "DELETE FROM directory_word_backlog WHERE after_user = $1", [after.into()]),
        Some(last) => {
            let params = [after.into(), last.id.get().into()];
            batch.expect(1, "UPDATE directory_word_backlog SET after_user = $2 WHERE after_user = $1", params)
        }
    };
    for user in &users {
        // Whoever changes a user meanwhile writes the words themselves.
        let sql = "UPDATE directory_user SET revision = revision WHERE id = $1 AND revision = $2";
        batch.expect(1, sql, [user.id.get().into(), user.revision.into()]);
    }
    if !users.is_empty() {
        write(&mut batch, &users.iter().collect::<Vec<_>>());
    }
    match store.db.commit(batch).await {
        // Somebody was changed, or somebody else did it: look again.
        Ok(_) | Err(CommitError::Conflict { .. }) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::directory::UserStatus;
    use provost_core::ids::{OrgUnitId, UserId};
    use provost_core::time::Timestamp;

    fn words(email: &str, given_name: &str, family_name: &str) -> Vec<String> {
        let user = User {
            id: UserId::new(1),
            primary_email: email.to_owned(),
            given_name: given_name.to_owned(),
            family_name: family_name.to_owned(),
            org_unit: OrgUnitId::new(1),
            status: UserStatus::default(),
            attributes: serde_json::Map::new(),
            created_at: Timestamp(0),
            revision: 1,
        };
        of(&user).into_iter().collect()
    }

    #[test]
    fn a_user_is_found_by_each_beginning_of_address_and_names() {
        let ada = words("ada.king@example.com", "Ada", "King");
        assert_eq!(ada, ["ada.king@example.com", "example.com", "king"], "\"ada\" begins the address");
        let names = words("mo@x.example", "Ana María", "O'Brien-Smith");
        assert_eq!(names, ["ana", "brien", "maría", "mo@x.example", "o'brien-smith", "smith", "x.example"]);
        assert_eq!(words("z@x.example", "Øystein", "ÜNAL"), ["x.example", "z@x.example", "øystein", "ünal"], "not only ASCII");
    }

    #[test]
    fn a_search_is_read_as_words() {
        assert_eq!(asked("  Ada  KING\u{0}"), ["ada", "king"]);
        assert_eq!(asked(&"a ".repeat(20)).len(), ASKED_MAX);
        assert!(asked(" \t\n").is_empty());
    }
}
