//! Groups and members.

use crate::world::{BY, marks, newest_events, on_each_engine, refusal, settle, sweeps, user};
use provost_core::directory::{Member, MemberRole, UserState};
use provost_store::directory::groups::{self, GroupEdit};
use provost_store::directory::users;
use provost_store::{Store, StoreError};

#[test]
fn members_are_users_groups_and_outside_addresses() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let ada = user(store, "ada@acme.example").await;
        let eng = groups::add(store, &BY, "Eng@acme.example", "", "Engineers").await.unwrap();
        assert_eq!((eng.email.as_str(), eng.name.as_str()), ("eng@acme.example", "eng"));
        let all = groups::add(store, &BY, "all@acme.example", "Everybody", "").await.unwrap();
        settle(store).await;
        let add = async |group, key: &str| groups::add_member(store, &BY, group, key, MemberRole::Member).await;
        assert_eq!(add(eng.id, "ada@alias.example").await.unwrap(), Member::User(ada.id));
        assert_eq!(marks(store).await, [(ada.id, true)]);
        assert_eq!(newest_events(store, 1).await, ["ADD_GROUP_MEMBER"]);
        settle(store).await;
        assert_eq!(add(all.id, &eng.id.to_string()).await.unwrap(), Member::Group(eng.id));
        assert_eq!(sweeps(store).await, [("group".to_owned(), Some(eng.id.get()))]);
        settle(store).await;
        assert_eq!(add(all.id, "Friend@Elsewhere.example").await.unwrap(), Member::Outside("friend@elsewhere.example".into()));
        assert!(marks(store).await.is_empty() && sweeps(store).await.is_empty(), "outside members are never provisioned");
        assert!(refusal(add(eng.id, &ada.id.to_string()).await).contains("is a member of eng@acme.example already"));
        groups::add_member(store, &BY, eng.id, "ada@acme.example", MemberRole::Owner).await.unwrap();
        assert_eq!(newest_events(store, 1).await, ["UPDATE_GROUP_MEMBER"]);
        assert!(marks(store).await.is_empty(), "provisioning does not look at roles");

        let page = groups::members(store, all.id, None, 1).await.unwrap();
        assert_eq!((page.items[0].email.as_str(), page.next.as_deref()), ("eng@acme.example", Some("eng@acme.example")));
        let rest = groups::members(store, all.id, page.next.as_deref(), 1).await.unwrap();
        assert_eq!((rest.items[0].email.as_str(), rest.next), ("friend@elsewhere.example", None));
        let entry = groups::members(store, eng.id, None, 10).await.unwrap().items.remove(0);
        assert_eq!((entry.name.as_str(), entry.role, entry.state), ("Ada Lovelace", MemberRole::Owner, Some(UserState::Active)));
        let of_ada = groups::groups_of_user(store, ada.id).await.unwrap();
        assert_eq!(
            of_ada.iter().map(|(group, direct)| (group.id, *direct)).collect::<Vec<_>>(),
            [(all.id, false), (eng.id, true)]
        );

        groups::remove_member(store, &BY, eng.id, "ada@acme.example").await.unwrap();
        assert_eq!(marks(store).await, [(ada.id, true)]);
        groups::remove_member(store, &BY, all.id, "eng@acme.example").await.unwrap();
        assert_eq!(sweeps(store).await, [("group".to_owned(), Some(eng.id.get()))]);
        groups::remove_member(store, &BY, all.id, "friend@elsewhere.example").await.unwrap();
        let absent = refusal(groups::remove_member(store, &BY, eng.id, "ada@acme.example").await);
        assert_eq!(absent, "ada@acme.example is not a direct member of eng@acme.example");
    });
}

#[test]
fn a_group_never_contains_itself() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let mut ids = Vec::new();
        for name in ["a", "b", "c"] {
            ids.push(groups::add(store, &BY, &format!("{name}@acme.example"), "", "").await.unwrap().id);
        }
        let add = async |group: usize, key: &str| groups::add_member(store, &BY, ids[group], key, MemberRole::Member).await;
        add(0, "b@acme.example").await.unwrap();
        add(1, "c@acme.example").await.unwrap();
        assert!(refusal(add(0, "a@acme.example").await).contains("cannot be a member of itself"));
        let refused = refusal(add(2, "a@acme.example").await);
        assert!(refused.starts_with("c@acme.example is already inside a@acme.example"), "{refused}");

        add(2, "later@acme.example").await.unwrap();
        let rename = GroupEdit { email: Some("later@acme.example".into()), ..GroupEdit::default() };
        let refused = refusal(groups::edit(store, &BY, ids[0], None, rename).await);
        assert!(refused.contains("would contain itself"), "{refused}");
    });
}

#[test]
fn two_nestings_at_once_make_no_cycle() {
    on_each_engine(|store: Store| async move {
        for round in 0..5 {
            let a = groups::add(&store, &BY, &format!("a{round}@acme.example"), "", "").await.unwrap().id;
            let b = groups::add(&store, &BY, &format!("b{round}@acme.example"), "", "").await.unwrap().id;
            let attempts = [(a, b), (b, a)].map(|(outer, inner)| {
                let store = store.clone();
                let key = inner.to_string();
                tokio::spawn(async move { groups::add_member(&store, &BY, outer, &key, MemberRole::Member).await.is_ok() })
            });
            let mut nested = 0;
            for attempt in attempts {
                nested += usize::from(attempt.await.unwrap());
            }
            assert_eq!(nested, 1);
        }
    });
}

#[test]
fn groups_are_edited_listed_and_deleted() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        user(store, "ada@acme.example").await;
        let eng = groups::add(store, &BY, "eng@acme.example", "Engineering", "").await.unwrap();
        let all = groups::add(store, &BY, "all@acme.example", "Everybody", "").await.unwrap();
        groups::add_member(store, &BY, all.id, "eng@acme.example", MemberRole::Member).await.unwrap();
        let edit = GroupEdit { name: Some("R&D".into()), email: Some("rnd@acme.example".into()), ..GroupEdit::default() };
        let edited = groups::edit(store, &BY, eng.id, Some(1), edit.clone()).await.unwrap();
        assert_eq!(newest_events(store, 2).await, ["CHANGE_GROUP_NAME", "CHANGE_GROUP_EMAIL"]);
        assert_eq!(groups::find(store, "rnd@alias.example").await.unwrap(), edited);
        assert!(matches!(groups::edit(store, &BY, eng.id, Some(1), edit).await, Err(StoreError::Stale { .. })));
        let taken = GroupEdit { email: Some("ada@acme.example".into()), ..GroupEdit::default() };
        assert!(matches!(groups::edit(store, &BY, eng.id, None, taken).await, Err(StoreError::Taken { .. })));
        assert_eq!(groups::list(store, "r&d", None, 10).await.unwrap().items, [edited]);
        let page = groups::list(store, "", None, 1).await.unwrap();
        assert_eq!((page.items[0].id, page.next.as_deref()), (all.id, Some("all@acme.example")));

        settle(store).await;
        groups::delete(store, &BY, eng.id).await.unwrap();
        assert_eq!(sweeps(store).await, [("everyone".to_owned(), None)]);
        assert_eq!(newest_events(store, 1).await, ["DELETE_GROUP"]);
        assert_eq!(groups::member_count(store, all.id).await.unwrap(), 0);
        assert!(matches!(groups::get(store, eng.id).await, Err(StoreError::NotFound { .. })));
        let again = groups::add(store, &BY, "rnd@acme.example", "", "").await.unwrap();
        assert_ne!(again.id, eng.id, "the address is free, the id is not used again");
        users::find(store, "ada@acme.example").await.unwrap();
    });
}
