//! Finding users by the beginnings of their words.

use crate::world::{BY, advance, new_user, on_each_engine, user};
use provost_core::directory::UserState;
use provost_core::time::Span;
use provost_db::{Batch, Query};
use provost_store::Store;
use provost_store::directory::users::{self, UserEdit, UserQuery};

/// The addresses of all whom a search finds, page by page.
async fn found(store: &Store, text: &str) -> Vec<String> {
    let mut query = UserQuery { text: text.to_owned(), limit: 3, ..UserQuery::default() };
    let mut emails = Vec::new();
    loop {
        let page = users::list(store, &query).await.unwrap();
        emails.extend(page.items.into_iter().map(|user| user.primary_email));
        query.after = page.next;
        if query.after.is_none() {
            return emails;
        }
    }
}

async fn named(store: &Store, email: &str, given_name: &str, family_name: &str) {
    let mut new = new_user(email, "/");
    (new.given_name, new.family_name) = (given_name.to_owned(), family_name.to_owned());
    users::add(store, &BY, new).await.unwrap();
}

#[test]
fn everybody_is_found_once_however_many_of_their_words_begin_so() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        named(store, "ann.annan@acme.example", "Ann", "Annan").await;
        for number in 0..8 {
            named(store, &format!("anna{number}@acme.example"), "Anna María", "Ünal").await;
        }
        named(store, "bo@sub.example", "Bo", "O'Brien-Smith").await;
        let anna: Vec<String> = (0..8).map(|number| format!("anna{number}@acme.example")).collect();
        assert_eq!(found(store, "ANNA").await.len(), 9, "pages do not repeat who has several such words");
        assert_eq!(found(store, "anna ünal").await, anna, "in order, and every word counts");
        assert_eq!(found(store, "ün MARÍ").await, anna, "not only ASCII, and second names");
        assert_eq!(found(store, "anna7@acme").await, ["anna7@acme.example"]);
        for word in ["o'br", "brien", "smith", "sub.ex", "bo@"] {
            assert_eq!(found(store, word).await, ["bo@sub.example"], "{word}");
        }
        for nobody in ["nna", "anna bo", "%", "_", "'", "ann\u{0}x"] {
            assert!(found(store, nobody).await.is_empty(), "{nobody:?}");
        }
    });
}

#[test]
fn a_change_changes_the_words_and_who_is_forgotten_leaves_none() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let ada = user(store, "ada@acme.example").await;
        let renamed = UserEdit {
            primary_email: Some("augusta@acme.example".to_owned()),
            given_name: Some("Augusta".to_owned()),
            ..UserEdit::default()
        };
        users::edit(store, &BY, ada.id, None, renamed).await.unwrap();
        assert!(found(store, "ada").await.is_empty());
        assert_eq!(found(store, "augusta").await, ["augusta@acme.example"]);
        users::delete(store, &BY, ada.id).await.unwrap();
        assert!(found(store, "augusta").await.is_empty(), "deleted users are listed apart");
        let deleted = UserQuery { text: "augusta".to_owned(), state: Some(UserState::Deleted), limit: 3, ..UserQuery::default() };
        assert_eq!(users::list(store, &deleted).await.unwrap().items.len(), 1);
        advance(store, Span::days(21));
        assert_eq!(users::purge_expired(store).await.unwrap(), 1);
        let words = store.db.read(Query::new("SELECT word FROM directory_user_word", [])).await.unwrap();
        assert!(words.is_empty(), "no word of a forgotten user stays: {words:?}");
    });
}

#[test]
fn users_of_an_earlier_version_get_their_words() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        for number in 0..1_005 {
            user(store, &format!("user{number:04}@acme.example")).await;
        }
        let mut batch = Batch::new();
        batch.run("DELETE FROM directory_user_word", []);
        batch.run("INSERT INTO directory_word_backlog (after_user) VALUES (0)", []);
        store.db.commit(batch).await.unwrap();
        assert!(found(store, "user").await.is_empty());
        while users::complete_words(store).await.unwrap() {}
        assert_eq!(found(store, "user").await.len(), 1_005);
        assert_eq!(found(store, "user0999").await, ["user0999@acme.example"]);
        assert!(!users::complete_words(store).await.unwrap(), "once");
    });
}
