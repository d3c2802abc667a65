//! Listings as they are kept: pages joined to account rows, the place, what is known of a name, differences, and who is not
//! managed.

use crate::world::{BY, World, on_each_engine};
use provost_core::app::{Connection, DriftRule};
use provost_core::ids::UserId;
use provost_core::provisioning::{DriftChange, DriftKind, Remote};
use provost_core::time::Span;
use provost_store::apps::connections;
use provost_store::remote::{
    self, DriftAction, FoundDifference, JoinedPage, Kept, Known, Listing, ListingCounts, ListingState, Shown, TRUSTED_FOR,
};
use serde_json::json;

async fn page(world: &World, connection: &Connection, listing: &Listing, ids: &[(&str, &str)]) -> JoinedPage {
    let shown = ids.iter().map(|(id, name)| {
        let resource = json!({ "id": id, "userName": name, "externalId": format!("x-{id}"), "active": true });
        Shown::of(&Remote { id: (*id).to_owned(), resource: resource.as_object().cloned() }, connection)
    });
    remote::join_page(&world.store, connection, listing, shown.collect()).await.unwrap()
}

async fn keep(world: &World, listing: &Listing, page: &JoinedPage, differences: &[FoundDifference]) -> Listing {
    let kept = Kept { page, place: "{}".to_owned(), steady: true, differences, counts_as_page: true };
    remote::keep_page(&world.store, listing, kept).await.unwrap()
}

async fn done(world: &World, listing: &Listing) {
    remote::finish(&world.store, listing, ListingState::Done, None, ListingCounts::default()).await.unwrap();
}

/// What is known of one name.
async fn known(world: &World, connection: &Connection, seeker: UserId, name: &str) -> Known {
    remote::known_all(&world.store, connection, &[(seeker, name)]).await.unwrap().pop().unwrap_or(Known::Unknown)
}

#[test]
fn a_first_contact_says_who_is_there_until_it_is_too_old() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let ada = world.user("ada@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        let known = async |name: &str| known(&world, &connection, ada.id, name).await;
        assert_eq!(known("ada@acme.example").await, Known::Unknown, "nothing was listed");
        assert!(!remote::met(store, connection.id).await.unwrap());
        remote::meet(store, &connection, None).await.unwrap();
        assert!(remote::met(store, connection.id).await.unwrap());
        let listing = remote::open(store, connection.id).await.unwrap().unwrap();
        let first = page(&world, &connection, &listing, &[("1", "ADA@acme.example"), ("2", "bob@acme.example")]).await;
        assert_eq!((first.fresh, first.strangers.len()), (2, 2));
        let listing = keep(&world, &listing, &first, &[]).await;
        assert_eq!((listing.state, listing.pages, listing.listed), (ListingState::Listing, 1, 2));
        let again = page(&world, &connection, &listing, &[("2", "bob@acme.example"), ("3", "bob@acme.example")]).await;
        assert_eq!(again.fresh, 1, "one of them was shown before");
        assert_eq!(known("ada@acme.example").await, Known::Unknown, "a listing that is not over says nothing");
        let listing = keep(&world, &listing, &again, &[]).await;
        assert_eq!(remote::open(store, connection.id).await.unwrap(), Some(listing.clone()), "it is kept as it stands");
        done(&world, &listing).await;

        let Known::Shown(shown) = known("Ada@ACME.example").await else { panic!("ada is there") };
        assert_eq!((shown[0].id.as_str(), shown[0].external_id()), ("1", Some("x-1")));
        assert!(matches!(known("bob@acme.example").await, Known::Shown(two) if two.len() == 2));
        assert_eq!(known("cyd@acme.example").await, Known::Nobody);
        world.advance(TRUSTED_FOR);
        assert_eq!(known("cyd@acme.example").await, Known::Unknown);
    });
}

#[test]
fn a_name_that_another_account_of_ours_bears_is_not_known() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let ada = world.user("ada@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        remote::meet(store, &connection, None).await.unwrap();
        let listing = remote::open(store, connection.id).await.unwrap().unwrap();
        let listing = keep(&world, &listing, &JoinedPage::default(), &[]).await;
        done(&world, &listing).await;
        assert_eq!(world.sync(&connection).await.len(), 1);
        let seeker = UserId::new(ada.id.get() + 1);
        assert_eq!(known(&world, &connection, seeker, "ada@acme.example").await, Known::Unknown, "made since: the app is asked");
        assert_eq!(known(&world, &connection, ada.id, "ada@acme.example").await, Known::Nobody);
    });
}

#[test]
fn who_is_linked_leaves_the_list_of_those_not_managed() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let ada = world.user("ada@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        world.sync(&connection).await;
        let ours = world.account(&connection, ada.id).await.remote_id.unwrap();
        let check = remote::request_check(store, &BY, connection.id, None).await.unwrap();
        assert_eq!(remote::request_check(store, &BY, connection.id, None).await.unwrap().id, check.id, "one at a time");
        let listed = [(ours.as_str(), "ada@acme.example"), ("7", "bob@acme.example"), ("8", "cyd@acme.example")];
        let joined = page(&world, &connection, &check, &listed).await;
        assert_eq!((joined.linked.len(), joined.strangers.len(), joined.fresh), (1, 2, 3));
        let check = keep(&world, &check, &joined, &[]).await;
        assert_eq!(page(&world, &connection, &check, &listed).await.fresh, 0);
        let counts = remote::linked_counts(store, &check).await.unwrap();
        assert_eq!((counts.held, counts.not_seen), (1, 0));
        done(&world, &check).await;
        let check = remote::last_check(store, connection.id).await.unwrap().unwrap();
        assert_eq!((check.counts.unmanaged, check.counts.unmanaged_new), (2, 2));
        let found = remote::unmanaged(store, connection.id, "BOB", None, 10).await.unwrap().items;
        assert_eq!(found.iter().map(|one| one.remote_id.as_str()).collect::<Vec<_>>(), ["7"]);
        let first = remote::unmanaged(store, connection.id, "", None, 1).await.unwrap();
        let second = remote::unmanaged(store, connection.id, "", first.next.as_deref(), 1).await.unwrap();
        assert_eq!((second.items[0].remote_id.as_str(), second.next), ("8", None));

        // The next listing does not show one of them any more, and our own account neither.
        world.advance(Span::days(1));
        let check = remote::request_check(store, &BY, connection.id, Some(DriftRule::Report)).await.unwrap();
        let joined = page(&world, &connection, &check, &listed[1..2]).await;
        let check = keep(&world, &check, &joined, &[]).await;
        let counts = remote::linked_counts(store, &check).await.unwrap();
        assert_eq!((counts.held, counts.not_seen), (1, 1));
        let absent = remote::not_seen(store, &check, UserId::new(0)).await.unwrap().unwrap();
        assert_eq!(absent.user_id, ada.id);
        assert_eq!(remote::not_seen(store, &check, ada.id).await.unwrap(), None);
        done(&world, &check).await;
        assert_eq!(remote::unmanaged_count(store, connection.id).await.unwrap(), 1);
        let check = remote::last_check(store, connection.id).await.unwrap().unwrap();
        assert_eq!((check.counts.unmanaged, check.counts.unmanaged_new), (1, 0));

        connections::delete_configuration(store, &BY, connection.id).await.unwrap();
        assert_eq!(remote::unmanaged_count(store, connection.id).await.unwrap(), 0);
        assert_eq!(remote::last_check(store, connection.id).await.unwrap(), None);
    });
}

fn difference(user: i64, kind: DriftKind, action: DriftAction, world: &World) -> FoundDifference {
    let change = DriftChange { attribute: "title".to_owned(), ours: Some(json!("Dr")), theirs: None };
    FoundDifference {
        user_id: UserId::new(user),
        email: format!("u{user}@acme.example"),
        remote_id: user.to_string(),
        kind,
        changes: vec![change],
        action,
        found_at: world.store.now(),
    }
}

#[test]
fn differences_are_counted_paged_and_replaced_by_the_next_whole_check() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let connection = world.active(World::config()).await;
        let check = remote::request_check(store, &BY, connection.id, None).await.unwrap();
        let found = [
            difference(1, DriftKind::Changed, DriftAction::Accepted, &world),
            difference(2, DriftKind::Missing, DriftAction::Repaired, &world),
            difference(3, DriftKind::Suspended, DriftAction::Reported, &world),
        ];
        let check = keep(&world, &check, &JoinedPage::default(), &found).await;
        let first = remote::differences(store, &check, None, 2).await.unwrap();
        assert_eq!(first.items, found[..2]);
        let rest = remote::differences(store, &check, first.next.as_deref(), 2).await.unwrap();
        assert_eq!((rest.items.as_slice(), rest.next), (&found[2..], None));
        let users = [1, 2, 3].map(UserId::new);
        let accepted = remote::accepted(store, connection.id, &users).await.unwrap();
        assert_eq!(accepted.into_values().collect::<Vec<_>>(), found[..1]);
        done(&world, &check).await;
        let counts = remote::last_check(store, connection.id).await.unwrap().unwrap().counts;
        assert_eq!((counts.changed, counts.missing, counts.suspended, counts.reactivated), (1, 1, 1, 0));
        assert_eq!((counts.repaired, counts.accepted, counts.differences()), (1, 1, 3));

        // A check that failed leaves what is known; a whole one replaces it.
        let failed = remote::request_check(store, &BY, connection.id, None).await.unwrap();
        remote::finish(store, &failed, ListingState::Failed, Some("no list"), ListingCounts::default()).await.unwrap();
        assert_eq!(remote::accepted(store, connection.id, &users).await.unwrap().len(), 1);
        let whole = remote::request_check(store, &BY, connection.id, None).await.unwrap();
        done(&world, &whole).await;
        assert!(remote::accepted(store, connection.id, &users).await.unwrap().is_empty());
    });
}

#[test]
fn a_check_is_held_confirmed_and_cancelled_by_administrators() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let connection = world.active(World::config()).await;
        assert!(remote::confirm(store, &BY, connection.id).await.is_err(), "nothing is held");
        assert!(remote::cancel(store, &BY, connection.id).await.is_err(), "nothing runs");
        let due = remote::next_check(store, &connection).await.unwrap().unwrap();
        let check = remote::request_check(store, &BY, connection.id, None).await.unwrap();
        assert_eq!(remote::next_check(store, &connection).await.unwrap(), None, "one is under way");
        let check = keep(&world, &check, &JoinedPage::default(), &[]).await;
        remote::hold(store, &check, "too few", ListingCounts::default()).await.unwrap();
        assert_eq!(remote::open(store, connection.id).await.unwrap(), None);
        let confirmed = remote::confirm(store, &BY, connection.id).await.unwrap();
        assert_eq!((confirmed.state, confirmed.message), (ListingState::Verifying, None));
        let cancelled = remote::cancel(store, &BY, connection.id).await.unwrap();
        assert_eq!(cancelled.state, ListingState::Cancelled);
        // A page that was under way is not kept any more.
        let page = JoinedPage::default();
        let kept = Kept { page: &page, place: "{}".to_owned(), steady: true, differences: &[], counts_as_page: true };
        assert!(remote::keep_page(store, &check, kept).await.is_err());
        world.advance(Span::days(2));
        let whole = remote::request_check(store, &BY, connection.id, None).await.unwrap();
        done(&world, &whole).await;
        let next = remote::next_check(store, &connection).await.unwrap().unwrap();
        assert!(next - due >= Span::days(2), "a week after the last one");
        for _ in 0..30 {
            let check = remote::request_check(store, &BY, connection.id, None).await.unwrap();
            done(&world, &check).await;
        }
        assert_eq!(remote::recent(store, connection.id).await.unwrap().len(), 20);
        let rows = store.db.read(provost_db::Query::new("SELECT count(*) FROM app_listing", [])).await.unwrap();
        assert!(rows[0].get::<i64>(0).unwrap() <= 21, "{rows:?}");
    });
}
