//! Org units and domains.

use crate::world::{BY, new_user, newest_events, on_each_empty_engine, on_each_engine, refusal, settle, sweeps, user};
use provost_core::directory::DomainKind;
use provost_store::directory::domains::{self, Domains};
use provost_store::directory::{org_units, users};
use provost_store::{Store, StoreError};

async fn paths(store: &Store) -> Vec<String> {
    org_units::list_all(store).await.unwrap().into_iter().map(|unit| unit.path).collect()
}

#[test]
fn a_new_directory_has_a_root_that_stays() {
    on_each_empty_engine(|store: Store| async move {
        org_units::ensure_root(&store).await.unwrap();
        assert_eq!(paths(&store).await, ["/"]);
        let root = org_units::find_by_path(&store, "").await.unwrap();
        for refused in [
            org_units::rename(&store, &BY, root.id, "x").await.map(|_| ()),
            org_units::move_(&store, &BY, root.id, "/", "x").await.map(|_| ()),
            org_units::delete(&store, &BY, root.id).await,
        ] {
            assert!(refusal(refused).starts_with("the root org unit cannot be"));
        }
    });
}

#[test]
fn org_units_move_with_everything_below_them() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let ada = users::add(store, &BY, new_user("ada@acme.example", "/Sales/EMEA")).await.unwrap();
        let taken = org_units::add(store, &BY, "/sales/", "emea").await;
        assert!(matches!(taken, Err(StoreError::Taken { .. })), "paths are unique ignoring case");
        assert!(refusal(org_units::add(store, &BY, "/", "a/b").await).contains("contains a slash"));
        let sales = org_units::find_by_path(store, "/sales").await.unwrap();
        settle(store).await;
        org_units::rename(store, &BY, sales.id, "SALES").await.unwrap();
        assert_eq!(paths(store).await, ["/", "/Contractors", "/SALES", "/SALES/EMEA"]);
        assert_eq!(newest_events(store, 1).await, ["EDIT_ORG_UNIT_NAME"]);
        assert!(sweeps(store).await.is_empty(), "settings are keyed by id: a name changes nothing for anybody");
        let inside = refusal(org_units::move_(store, &BY, sales.id, "/SALES/EMEA", "Sales").await);
        assert!(inside.contains("cannot be moved into itself"), "{inside}");
        org_units::move_(store, &BY, sales.id, "/Contractors", "Sales").await.unwrap();
        assert_eq!(paths(store).await, ["/", "/Contractors", "/Contractors/Sales", "/Contractors/Sales/EMEA"]);
        assert_eq!(newest_events(store, 1).await, ["MOVE_ORG_UNIT"]);
        assert_eq!(sweeps(store).await, [("org_unit".to_owned(), Some(sales.id.get()))]);
        assert_eq!(org_units::get(store, ada.org_unit).await.unwrap().path, "/Contractors/Sales/EMEA");
    });
}

#[test]
fn an_org_unit_with_users_or_children_stays() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let ada = users::add(store, &BY, new_user("ada@acme.example", "/Sales/EMEA")).await.unwrap();
        let sales = org_units::find_by_path(store, "/Sales").await.unwrap();
        let emea = org_units::find_by_path(store, "/Sales/EMEA").await.unwrap();
        let refused = refusal(org_units::delete(store, &BY, sales.id).await);
        assert!(refused.starts_with("/Sales has 0 users and 1 org units below it"), "{refused}");
        let refused = refusal(org_units::delete(store, &BY, emea.id).await);
        assert!(refused.starts_with("/Sales/EMEA has 1 users"), "{refused}");
        assert_eq!(users::count_by_unit(store).await.unwrap().get(&emea.id), Some(&1));
        users::delete(store, &BY, ada.id).await.unwrap();
        org_units::delete(store, &BY, emea.id).await.unwrap();
        org_units::delete(store, &BY, sales.id).await.unwrap();
        assert_eq!(paths(store).await, ["/", "/Contractors"]);
    });
}

#[test]
fn domains_have_one_primary_and_sweep_everyone() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let id = async |name: &str| Domains::load(store).await.unwrap().find(name).map(|domain| domain.id).unwrap();
        let everyone = [("everyone".to_owned(), None)];
        assert!(matches!(domains::add(store, &BY, "SUB.example.", DomainKind::Alias).await, Err(StoreError::Taken { .. })));
        assert!(refusal(domains::add(store, &BY, "nodot", DomainKind::Alias).await).contains("is not a domain name"));
        assert!(
            refusal(domains::add(store, &BY, "x.example", DomainKind::Primary).await).contains("acme.example is the primary")
        );
        user(store, "ada@sub.example").await;
        settle(store).await;
        let in_use = refusal(domains::remove(store, &BY, id("sub.example").await).await);
        assert!(in_use.starts_with("1 users and groups have addresses in sub.example"), "{in_use}");
        let in_use = refusal(domains::set_kind(store, &BY, id("sub.example").await, DomainKind::Alias).await);
        assert!(in_use.contains("before it can become an alias"), "{in_use}");
        assert!(refusal(domains::remove(store, &BY, id("acme.example").await).await).contains("cannot be removed"));
        assert!(sweeps(store).await.is_empty());

        domains::set_kind(store, &BY, id("sub.example").await, DomainKind::Primary).await.unwrap();
        let all = Domains::load(store).await.unwrap();
        assert_eq!(all.primary().unwrap().name, "sub.example");
        assert_eq!(all.kind_of("x@acme.example"), Some(DomainKind::Secondary));
        assert_eq!(all.canonical("ada@alias.example"), "ada@sub.example");
        assert_eq!(sweeps(store).await, everyone);
        assert_eq!(newest_events(store, 1).await, ["CHANGE_DOMAIN_KIND"]);
        settle(store).await;
        domains::remove(store, &BY, id("alias.example").await).await.unwrap();
        assert_eq!(
            (sweeps(store).await, newest_events(store, 1).await),
            (everyone.to_vec(), vec!["REMOVE_DOMAIN_ALIAS".to_owned()])
        );
        settle(store).await;
        domains::add(store, &BY, "third.example", DomainKind::Secondary).await.unwrap();
        assert_eq!(sweeps(store).await, everyone);
    });
}
