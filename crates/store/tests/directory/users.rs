//! Users: the verbs, what each logs and marks, addresses, deletion and restore.

use crate::world::{BY, advance, marks, new_user, newest_events, on_each_empty_engine, on_each_engine, refusal, settle, user};
use provost_core::directory::{DomainKind, MemberRole, UserState};
use provost_core::time::Span;
use provost_store::directory::users::{self, UserEdit, UserQuery};
use provost_store::directory::{domains, groups, org_units};
use provost_store::{Store, StoreError};
use serde_json::json;

#[test]
fn every_change_logs_and_marks() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let ada = user(store, "Ada@acme.example ").await;
        assert_eq!(ada.primary_email, "ada@acme.example");
        assert_eq!(newest_events(store, 1).await, ["CREATE_USER"]);
        assert_eq!(marks(store).await, [(ada.id, true)]);

        settle(store).await;
        let attributes = json!({ "organizations": [{ "title": "Engineer" }] }).as_object().unwrap().clone();
        let title = UserEdit { attributes: Some(attributes), family_name: Some("King".into()), ..UserEdit::default() };
        let edited = users::edit(store, &BY, ada.id, Some(ada.revision), title.clone()).await.unwrap();
        assert_eq!((edited.revision, edited.family_name.as_str()), (ada.revision + 1, "King"));
        assert_eq!(newest_events(store, 2).await, ["CHANGE_USER_ATTRIBUTES", "CHANGE_LAST_NAME"]);
        assert_eq!(marks(store).await, [(ada.id, false)], "an attribute does not touch who is entitled");
        assert_eq!(users::get(store, ada.id).await.unwrap(), edited);

        settle(store).await;
        let same = users::edit(store, &BY, ada.id, None, title.clone()).await.unwrap();
        assert_eq!((same, marks(store).await), (edited, vec![]), "nothing differs, nothing is written");
        let stale = users::edit(store, &BY, ada.id, Some(ada.revision), UserEdit { given_name: Some("B".into()), ..title }).await;
        assert!(refusal(stale).starts_with("the user was changed meanwhile by command line at 20"));

        for (change, event) in [
            (UserEdit { primary_email: Some("countess@acme.example".into()), ..UserEdit::default() }, "RENAME_USER"),
            (UserEdit { org_unit_path: Some("/sales/emea".into()), ..UserEdit::default() }, "MOVE_USER_TO_ORG_UNIT"),
        ] {
            settle(store).await;
            users::edit(store, &BY, ada.id, None, change).await.unwrap();
            assert_eq!(newest_events(store, 1).await, [event]);
            assert_eq!(marks(store).await, [(ada.id, true)]);
        }
    });
}

#[test]
fn status_verbs_follow_the_flags() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let id = user(store, "ada@acme.example").await.id;
        settle(store).await;
        let suspended = users::suspend(store, &BY, id, " left\nearly ").await.unwrap();
        assert_eq!(suspended.status.suspended.as_ref().map(|suspension| suspension.reason.as_str()), Some("leftearly"));
        assert_eq!((newest_events(store, 1).await, marks(store).await), (vec!["SUSPEND_USER".to_owned()], vec![(id, true)]));
        assert_eq!(refusal(users::suspend(store, &BY, id, "").await), "the user is suspended already");
        let archived = users::archive(store, &BY, id).await.unwrap();
        assert_eq!(archived.status.state(), UserState::Archived);
        let back = users::unarchive(store, &BY, id).await.unwrap();
        assert_eq!((back.status.state(), back.status.unarchived_at.is_some()), (UserState::Suspended, true));
        users::unsuspend(store, &BY, id).await.unwrap();
        users::delete(store, &BY, id).await.unwrap();
        let deleted = users::get(store, id).await.unwrap();
        assert_eq!(deleted.status.state(), UserState::Deleted);
        for refused in [users::suspend(store, &BY, id, "").await, users::edit(store, &BY, id, None, UserEdit::default()).await] {
            assert_eq!(refusal(refused), "the user is deleted: restore the user first");
        }
        let restored = users::restore(store, &BY, id, None).await.unwrap();
        assert_eq!(restored.status.state(), UserState::Active);
        let events = ["UNDELETE_USER", "DELETE_USER", "UNSUSPEND_USER", "UNARCHIVE_USER", "ARCHIVE_USER", "SUSPEND_USER"];
        assert_eq!(newest_events(store, 6).await, events);
        assert_eq!(users::get(store, id).await.unwrap(), restored);
    });
}

#[test]
fn an_address_belongs_to_one_living_user_or_group() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let ada = user(store, "ada@acme.example").await;
        let bob = user(store, "bob@acme.example").await;
        groups::add(store, &BY, "eng@acme.example", "", "").await.unwrap();
        let taken = "the address \"ada@acme.example\" exists already: choose another";
        assert_eq!(refusal(users::add(store, &BY, new_user("ADA@acme.example", "/")).await), taken);
        assert_eq!(refusal(users::add(store, &BY, new_user("ada@alias.example", "/")).await), taken, "the alias is the primary");
        assert_eq!(refusal(groups::add(store, &BY, "ada@acme.example", "", "").await), taken);
        let rename = |to: &str| UserEdit { primary_email: Some(to.to_owned()), ..UserEdit::default() };
        assert_eq!(refusal(users::edit(store, &BY, bob.id, None, rename("ada@acme.example")).await), taken);
        assert!(matches!(users::edit(store, &BY, bob.id, None, rename("eng@acme.example")).await, Err(StoreError::Taken { .. })));
        assert_eq!(users::find(store, "Ada@Alias.example").await.unwrap(), ada);
        assert_eq!(users::find(store, &ada.id.to_string()).await.unwrap(), ada);

        users::delete(store, &BY, ada.id).await.unwrap();
        let second = user(store, "ada@acme.example").await;
        assert_eq!(users::find(store, "ada@acme.example").await.unwrap(), second, "the living one first");
        assert_eq!(users::find_deleted(store, "ada@acme.example").await.unwrap().id, ada.id);
        assert_eq!(refusal(users::restore(store, &BY, ada.id, None).await), taken);
        users::edit(store, &BY, second.id, None, rename("ada2@acme.example")).await.unwrap();
        users::restore(store, &BY, ada.id, None).await.unwrap();
        assert_eq!(users::find(store, "ada@acme.example").await.unwrap().id, ada.id);
    });
}

#[test]
fn what_cannot_be_kept_is_refused_with_its_reason() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        for (email, path, reason) in [
            ("no address", "/", "\"no address\" is not an e-mail address"),
            ("a@elsewhere.example", "/", "elsewhere.example is not one of the organization's domains"),
            ("a@acme.example", "/Nowhere", "there is no org unit \"/Nowhere\""),
        ] {
            let refused = refusal(users::add(store, &BY, new_user(email, path)).await);
            assert!(refused.starts_with(reason), "{refused}");
        }
        let nameless = users::NewUser { family_name: " ".into(), ..new_user("a@acme.example", "/") };
        assert_eq!(refusal(users::add(store, &BY, nameless).await), "the last name is empty: give one");
        let mut large = new_user("a@acme.example", "/");
        large.attributes.insert("x".into(), "y".repeat(70_000).into());
        assert!(refusal(users::add(store, &BY, large).await).contains("64 KiB"));
        assert_eq!(users::count_by_state(store).await.unwrap().iter().map(|(_, count)| count).sum::<u64>(), 0);
    });
}

#[test]
fn deleted_users_are_restorable_for_twenty_days_and_then_forgotten() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let ada = users::add(store, &BY, new_user("ada@acme.example", "/Contractors")).await.unwrap();
        let bob = user(store, "bob@acme.example").await;
        let group = groups::add(store, &BY, "eng@acme.example", "", "").await.unwrap();
        for member in ["ada@acme.example", "bob@acme.example"] {
            groups::add_member(store, &BY, group.id, member, MemberRole::Member).await.unwrap();
        }
        users::delete(store, &BY, ada.id).await.unwrap();
        assert_eq!(groups::member_count(store, group.id).await.unwrap(), 1, "hidden");
        advance(store, Span::seconds(20 * 86_400 - 60));
        assert_eq!(users::purge_expired(store).await.unwrap(), 0, "not a moment too early");
        let unit = org_units::find_by_path(store, "/Contractors").await.unwrap();
        org_units::delete(store, &BY, unit.id).await.unwrap();
        let back = users::restore(store, &BY, ada.id, None).await.unwrap();
        assert_eq!(back.org_unit, org_units::find_by_path(store, "/").await.unwrap().id, "the former org unit is gone");
        assert_eq!(groups::member_count(store, group.id).await.unwrap(), 2, "memberships come back");

        users::delete(store, &BY, ada.id).await.unwrap();
        users::delete(store, &BY, bob.id).await.unwrap();
        advance(store, Span::seconds(20 * 86_400 + 1));
        let refused = refusal(users::restore(store, &BY, ada.id, None).await);
        assert!(refused.starts_with("the user was deleted more than 20 days ago"), "{refused}");
        assert_eq!(users::purge_expired(store).await.unwrap(), 2);
        assert_eq!(users::purge_expired(store).await.unwrap(), 0);
        assert!(matches!(users::get(store, ada.id).await, Err(StoreError::NotFound { .. })));
        assert!(groups::groups_of_user(store, ada.id).await.unwrap().is_empty());
        assert_eq!(newest_events(store, 2).await, ["PURGE_USER", "PURGE_USER"]);
    });
}

#[test]
fn lists_search_filter_and_page() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        for number in 0..25 {
            let path = if number % 5 == 0 { "/Sales/EMEA" } else { "/" };
            let mut new = new_user(&format!("user{number:02}@acme.example"), path);
            new.given_name = if number == 7 { "Ünal_100%".into() } else { "Ada".into() };
            users::add(store, &BY, new).await.unwrap();
        }
        let mut query = UserQuery { limit: 10, ..UserQuery::default() };
        let mut emails = Vec::new();
        loop {
            let page = users::list(store, &query).await.unwrap();
            emails.extend(page.items.into_iter().map(|user| user.primary_email));
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        let expected: Vec<String> = (0..25).map(|number| format!("user{number:02}@acme.example")).collect();
        assert_eq!(emails, expected, "each exactly once, in order");

        let count = async |query: UserQuery| users::list(store, &UserQuery { limit: 100, ..query }).await.unwrap().items.len();
        assert_eq!(count(UserQuery { text: "USER1 lovelace".into(), ..UserQuery::default() }).await, 10);
        assert_eq!(count(UserQuery { text: "Ünal_100%".into(), ..UserQuery::default() }).await, 1);
        assert_eq!(count(UserQuery { text: "%".into(), ..UserQuery::default() }).await, 0, "a wildcard is a character");
        let sales = org_units::find_by_path(store, "/Sales").await.unwrap().id;
        assert_eq!(count(UserQuery { org_unit: Some(sales), ..UserQuery::default() }).await, 5, "with descendants");
        let group = groups::add(store, &BY, "eng@acme.example", "", "").await.unwrap();
        groups::add_member(store, &BY, group.id, "user03@acme.example", MemberRole::Owner).await.unwrap();
        assert_eq!(count(UserQuery { group: Some(group.id), ..UserQuery::default() }).await, 1);
        for (number, state) in [(1, UserState::Suspended), (2, UserState::Archived), (3, UserState::Deleted)] {
            let id = users::find(store, &format!("user{number:02}@acme.example")).await.unwrap().id;
            match state {
                UserState::Suspended => users::suspend(store, &BY, id, "").await,
                UserState::Archived => users::archive(store, &BY, id).await,
                UserState::Active | UserState::Deleted => users::delete(store, &BY, id).await,
            }
            .unwrap();
            assert_eq!(count(UserQuery { state: Some(state), ..UserQuery::default() }).await, 1);
        }
        assert_eq!(count(UserQuery::default()).await, 24, "all but deleted");
        let counts: Vec<u64> = users::count_by_state(store).await.unwrap().into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [22, 1, 1, 1]);
    });
}

#[test]
fn an_outside_member_is_joined_when_somebody_gets_the_address() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let group = groups::add(store, &BY, "eng@acme.example", "", "").await.unwrap();
        for address in ["new@acme.example", "renamed@alias.example", "back@acme.example", "team@acme.example"] {
            groups::add_member(store, &BY, group.id, address, MemberRole::Manager).await.unwrap();
        }
        let new = user(store, "new@acme.example").await;
        let renamed = user(store, "before@acme.example").await;
        let edit = UserEdit { primary_email: Some("renamed@acme.example".into()), ..UserEdit::default() };
        users::edit(store, &BY, renamed.id, None, edit).await.unwrap();
        let team = groups::add(store, &BY, "team@acme.example", "", "").await.unwrap();
        for user in [new.id, renamed.id] {
            let groups = groups::groups_of_user(store, user).await.unwrap();
            assert_eq!(groups, [(group.clone(), true)]);
        }
        let members = groups::members(store, group.id, None, 10).await.unwrap().items;
        let kinds: Vec<(&str, bool)> = members.iter().map(|entry| (entry.email.as_str(), entry.state.is_some())).collect();
        let expected = [
            ("back@acme.example", false),
            ("new@acme.example", true),
            ("renamed@acme.example", true),
            ("team@acme.example", false),
        ];
        assert_eq!(kinds, expected);
        assert!(members.iter().all(|entry| entry.role == MemberRole::Manager), "the role stays");
        assert_eq!(members[3].member, provost_core::directory::Member::Group(team.id));
    });
}

#[test]
fn two_at_once_get_one_address_once() {
    on_each_engine(|store: Store| async move {
        let attempts = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { users::add(&store, &BY, new_user("ada@acme.example", "/")).await.is_ok() })
        });
        let mut added = 0;
        for attempt in attempts.collect::<Vec<_>>() {
            added += usize::from(attempt.await.unwrap());
        }
        assert_eq!(added, 1);
    });
}

#[test]
fn changes_of_one_user_at_once_are_all_kept() {
    on_each_engine(|store: Store| async move {
        let ada = user(&store, "ada@acme.example").await;
        let given = UserEdit { given_name: Some("Augusta".into()), ..UserEdit::default() };
        let family = UserEdit { family_name: Some("King".into()), ..UserEdit::default() };
        let edits = [given, family].map(|edit| {
            let store = store.clone();
            tokio::spawn(async move { users::edit(&store, &BY, ada.id, None, edit).await })
        });
        for edit in edits {
            edit.await.unwrap().unwrap();
        }
        let after = users::get(&store, ada.id).await.unwrap();
        assert_eq!((after.full_name().as_str(), after.revision), ("Augusta King", 3));
    });
}

#[test]
fn the_first_user_of_an_empty_directory_brings_the_primary_domain() {
    on_each_empty_engine(|store: Store| async move {
        user(&store, "ada@first.example").await;
        let all = domains::list(&store).await.unwrap();
        assert_eq!(
            all.iter().map(|domain| (domain.name.as_str(), domain.kind)).collect::<Vec<_>>(),
            [("first.example", DomainKind::Primary)]
        );
    });
}
