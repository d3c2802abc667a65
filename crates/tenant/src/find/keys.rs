//! What is kept beside a body to find it by: texts as they are compared, cut to what an index takes.
//!
//! Two values that are the same have the same key. Two that are not may have the same one too, when they are very long: whoever
//! finds something by a key looks at it again.

use provost_scim::{Resource, text_key, user_name_key};
use serde_json::Value;
use std::collections::BTreeSet;

/// Longer texts are told apart by their beginning only. A name or an external id that is longer is not kept.
pub(crate) const CHARACTERS_MAX: usize = 512;

/// Of a `userName`.
pub(crate) fn user_name(name: &str) -> String {
    user_name_key(name)
}

/// Of a text whose case does not count. U+0000 is left out: no text column can hold it.
pub(crate) fn folded(text: &str) -> String {
    cut(&text_key(text))
}

/// Of a text whose case counts and that may be absent. Absent ones come last.
pub(crate) fn exact_or_absent(text: Option<&str>) -> String {
    text.map_or_else(|| ABSENT.to_owned(), |text| format!("{PRESENT}{}", cut(text)))
}

/// Of a text whose case does not count and that may be absent. Absent ones come last.
pub(crate) fn folded_or_absent(text: Option<&str>) -> String {
    text.map_or_else(|| ABSENT.to_owned(), |text| format!("{PRESENT}{}", folded(text)))
}

/// Before the key of a text that may be absent.
pub(crate) const PRESENT: &str = "=";
/// The key of an absent one; greater than all others.
const ABSENT: &str = "~";

/// Whether the key of this text is nobody else's, as far as its length goes.
pub(crate) fn is_whole(text: &str) -> bool {
    text.chars().count() <= CHARACTERS_MAX
}

fn cut(text: &str) -> String {
    text.chars().filter(|&c| c != '\0').take(CHARACTERS_MAX).collect()
}

/// The text of an attribute of a body.
pub(crate) fn text<'a>(body: &'a Resource, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}

/// The keys of a user's addresses, each once.
pub(crate) fn emails(body: &Resource) -> BTreeSet<String> {
    let emails = body.get("emails").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    emails.iter().filter_map(|email| email.get("value")?.as_str()).map(folded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_db::testing::locations;
    use provost_db::{Batch, Db, Query};

    /// Until migration 5 a key kept σ and ς apart. Of two group names that were two until then, each keeps its claim.
    #[tokio::test]
    async fn the_keys_of_an_older_database_are_those_of_today() {
        for (engine, location, _guard) in locations() {
            let before = Db::open(&location, &crate::MIGRATIONS[..4]).await.unwrap();
            let mut batch = Batch::new();
            batch.run(
                "INSERT INTO tenant_user (position, id, user_name, user_name_key, external_id_key, display_name_key, active, search, \
                 body, created_at, modified_at, revision) VALUES (1, 'u', 'u', 'u', '~', '=οδος', 1, '', '{}', 0, 0, 1)",
                [],
            );
            batch.run("INSERT INTO tenant_user_email VALUES ('μας@οδος.example', 1)", []);
            for (position, key) in [(1, "οδος"), (2, "ας"), (3, "ασ"), (4, "z")] {
                batch.run(
                    "INSERT INTO tenant_group (position, id, display_name, display_name_key, external_id_key, body, created_at, \
                     modified_at, revision, member_count, claimed_name) VALUES ($1, $2, '', $2, '~', '{}', 0, 0, 1, 0, $2)",
                    [position.into(), key.into()],
                );
            }
            before.commit(batch).await.unwrap();
            drop(before);
            let db = Db::open(&location, crate::MIGRATIONS).await.unwrap();
            let column = async |sql: &'static str| {
                let rows = db.read(Query::new(sql, [])).await.unwrap();
                rows.iter().map(|row| row.get::<String>(0).unwrap()).collect::<Vec<_>>()
            };
            assert_eq!(column("SELECT display_name_key FROM tenant_user").await, [folded_or_absent(Some("ΟΔΟΣ"))], "{engine}");
            assert_eq!(column("SELECT address FROM tenant_user_email").await, [folded("μας@οδος.example")], "{engine}");
            let keys = column("SELECT display_name_key FROM tenant_group ORDER BY position").await;
            assert_eq!(keys, ["οδος", "ας", "ασ", "z"].map(folded), "{engine}");
            let claims = column("SELECT claimed_name FROM tenant_group ORDER BY position").await;
            assert_eq!(claims, ["οδοσ", "ας", "ασ", "z"], "{engine}");
        }
    }

    #[test]
    fn absent_texts_come_last_and_long_ones_are_cut() {
        assert!(exact_or_absent(Some("\u{10FFFF}")) < exact_or_absent(None));
        assert!(exact_or_absent(Some("")) < exact_or_absent(Some("a")));
        assert_eq!(folded(&"Ä".repeat(1_000)).chars().count(), CHARACTERS_MAX);
        assert_eq!(folded("a\0B"), "ab");
    }
}
