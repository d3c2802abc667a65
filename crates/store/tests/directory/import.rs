//! The database side of imports.

use crate::world::{BY, marks, on_each_empty_engine, on_each_engine, settle, sweeps, user};
use provost_core::directory::{Member, MemberRole, UserState};
use provost_db::Query;
use provost_store::Store;
use provost_store::directory::{domains, groups, org_units, users};
use provost_store::import::{
    AttributeSlot, Import, MemberKind, MemberRow, RowStatus, UserRow, absentees, members_chunk, suspend_absent, users_chunk,
};

const TITLE: AttributeSlot = AttributeSlot::Primary { list: "organizations", field: "title" };

fn row(line: u64, email: &str) -> UserRow {
    UserRow {
        line,
        email: email.to_owned(),
        new_email: None,
        given_name: "Ada".to_owned(),
        family_name: "Lovelace".to_owned(),
        org_unit_path: "/".to_owned(),
        status: None,
        attributes: Vec::new(),
    }
}

fn member(line: u64, group: &str, member: &str, kind: Option<MemberKind>) -> MemberRow {
    MemberRow { line, group_email: group.to_owned(), member_email: member.to_owned(), kind, role: MemberRole::Member }
}

/// Every row of every table that an import may write.
async fn everything(store: &Store) -> Vec<Vec<provost_db::Row>> {
    let tables = ["directory_user", "directory_group", "group_member", "org_unit", "domain", "log_event", "account", "sweep"];
    let mut all = Vec::new();
    for table in tables {
        all.push(store.db.read(Query::new(format!("SELECT * FROM {table} ORDER BY 1, 2"), [])).await.unwrap());
    }
    all
}

#[test]
fn rows_add_change_rename_and_leave() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let old = user(store, "old@acme.example").await;
        let same = user(store, "same@acme.example").await;
        let titled = user(store, "titled@acme.example").await;
        settle(store).await;
        let rows = [
            UserRow {
                org_unit_path: "/Sales/APAC/Tokyo".into(),
                status: Some(RowStatus::Suspended),
                ..row(2, "New@Third.example")
            },
            UserRow { new_email: Some("renamed@acme.example".into()), ..row(3, "old@alias.example") },
            row(4, "same@acme.example"),
            UserRow { attributes: vec![(TITLE, " Engineer ".into())], ..row(5, "titled@acme.example") },
            UserRow { status: Some(RowStatus::Archived), org_unit_path: "/sales/apac".into(), ..row(6, "a@third.example") },
        ];
        let report = users_chunk(store, &BY, &mut Import::begin(false), &rows).await.unwrap();
        assert_eq!(report.rejected, []);
        assert_eq!((report.added, report.changed, report.unchanged, report.renamed), (2, 2, 1, 1));
        assert_eq!((report.suspended, report.archived, report.reactivated), (1, 1, 0));
        assert_eq!(report.org_units_created, ["/Sales/APAC", "/Sales/APAC/Tokyo"]);
        assert_eq!(report.domains_created, ["third.example"]);
        let new = users::find(store, "new@third.example").await.unwrap();
        assert_eq!(new.status.state(), UserState::Suspended);
        assert_eq!(org_units::get(store, new.org_unit).await.unwrap().path, "/Sales/APAC/Tokyo");
        assert_eq!(users::find(store, "renamed@acme.example").await.unwrap().id, old.id, "a rename keeps the user");
        assert_eq!(users::get(store, titled.id).await.unwrap().attributes["organizations"][0]["title"], "Engineer");
        assert_eq!(users::get(store, same.id).await.unwrap(), same);
        let mut expected = vec![
            (new.id, true),
            (old.id, true),
            (titled.id, false),
            (users::find(store, "a@third.example").await.unwrap().id, true),
        ];
        expected.sort();
        assert_eq!(marks(store).await, expected);
        assert_eq!(sweeps(store).await, [("everyone".to_owned(), None)], "a new domain");

        settle(store).await;
        let before = everything(store).await;
        let again = users_chunk(store, &BY, &mut Import::begin(false), &rows).await.unwrap();
        assert_eq!((again.unchanged, again.added + again.changed, again.rejected), (5, 0, vec![]));
        assert_eq!(everything(store).await, before, "the second time nothing is written");
        let back = [UserRow {
            status: Some(RowStatus::Active),
            org_unit_path: "/Sales/APAC/Tokyo".into(),
            ..row(2, "new@third.example")
        }];
        let report = users_chunk(store, &BY, &mut Import::begin(false), &back).await.unwrap();
        assert_eq!((report.changed, report.reactivated), (1, 1));
    });
}

#[test]
fn bad_rows_are_rejected_by_line_and_the_others_kept() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        user(store, "ada@acme.example").await;
        user(store, "bob@acme.example").await;
        groups::add(store, &BY, "eng@acme.example", "", "").await.unwrap();
        let mut import = Import::begin(false);
        let rows = [
            row(2, "first@acme.example"),
            row(3, "FIRST@acme.example"),
            row(4, "first@alias.example"),
            row(5, "eng@acme.example"),
            row(6, "not an address"),
            UserRow { family_name: String::new(), ..row(7, "c@acme.example") },
            UserRow { org_unit_path: String::new(), ..row(8, "d@acme.example") },
            UserRow { new_email: Some("bob@acme.example".into()), ..row(9, "ada@acme.example") },
            UserRow { new_email: Some("first@acme.example".into()), ..row(10, "bob@acme.example") },
            UserRow { org_unit_path: "/a//b".into(), ..row(11, "e@acme.example") },
            row(12, "last@acme.example"),
        ];
        let report = users_chunk(store, &BY, &mut import, &rows).await.unwrap();
        assert_eq!(report.added, 2);
        let expected = [
            (3, "duplicate e-mail: line 2 has first@acme.example already; keep one of them"),
            (4, "duplicate e-mail: line 2 has first@acme.example already; keep one of them"),
            (5, "eng@acme.example is the address of a group: a user cannot have it"),
            (6, "\"not an address\" is not an e-mail address: it needs the form name@domain.example"),
            (7, "the last name is empty: give one"),
            (8, "the org unit path is empty: give one, / for the root"),
            (9, "ada@acme.example cannot be renamed to bob@acme.example: another user has that address"),
            (10, "duplicate e-mail: line 2 has first@acme.example already; keep one of them"),
            (11, "the name of an org unit in the path is empty: give one"),
        ];
        let rejected: Vec<(u64, &str)> = report.rejected.iter().map(|error| (error.line, error.reason.as_str())).collect();
        assert_eq!(rejected, expected);
        let next = users_chunk(store, &BY, &mut import, &[row(1002, "last@acme.example")]).await.unwrap();
        assert_eq!(next.rejected[0].reason, "duplicate e-mail: line 12 has last@acme.example already; keep one of them");
    });
}

#[test]
fn an_address_passes_from_one_row_to_the_next() {
    on_each_engine(|store: Store| async move {
        let ada = user(&store, "a@acme.example").await;
        let bob = user(&store, "b@acme.example").await;
        let rows = [
            UserRow { new_email: Some("c@acme.example".into()), ..row(2, "a@acme.example") },
            UserRow { new_email: Some("a@acme.example".into()), ..row(3, "b@acme.example") },
        ];
        let report = users_chunk(&store, &BY, &mut Import::begin(false), &rows).await.unwrap();
        // Line 3 wants an address that line 2 has named: it is refused rather than guessed.
        assert_eq!((report.renamed, report.rejected.len()), (1, 1));
        assert_eq!(users::find(&store, "c@acme.example").await.unwrap().id, ada.id);
        let report = users_chunk(&store, &BY, &mut Import::begin(false), &rows[1..]).await.unwrap();
        assert_eq!((report.renamed, report.rejected.len()), (1, 0));
        assert_eq!(users::find(&store, "a@acme.example").await.unwrap().id, bob.id);
    });
}

#[test]
fn member_rows_make_groups_and_refuse_cycles() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let ada = user(store, "ada@acme.example").await;
        settle(store).await;
        let group = Some(MemberKind::Group);
        let rows = [
            member(2, "eng@acme.example", "ada@alias.example", Some(MemberKind::User)),
            member(3, "all@acme.example", "eng@acme.example", None),
            member(4, "all@acme.example", "nested@acme.example", group),
            member(5, "eng@acme.example", "all@acme.example", group),
            member(6, "eng@acme.example", "eng@acme.example", group),
            member(7, "eng@acme.example", "ADA@acme.example", None),
            member(8, "eng@acme.example", "ada@acme.example", group),
            member(9, "ada@acme.example", "x@acme.example", None),
            member(10, "eng@acme.example", "friend@elsewhere.example", group),
            member(11, "empty@acme.example", "", None),
            MemberRow { role: MemberRole::Owner, ..member(12, "nested@acme.example", "ada@acme.example", None) },
            member(13, "nested@acme.example", "all@acme.example", None),
        ];
        let report = members_chunk(store, &BY, &mut Import::begin(false), &rows).await.unwrap();
        let lines: Vec<u64> = report.rejected.iter().map(|error| error.line).collect();
        assert_eq!(lines, [5, 6, 7, 8, 9, 13], "{:#?}", report.rejected);
        assert!(report.rejected[0].reason.contains("would contain itself"));
        assert!(report.rejected[2].reason.starts_with("duplicate member: line 2"));
        assert_eq!((report.added, report.outside, report.groups_created), (5, 1, 4));
        assert_eq!(marks(store).await, [(ada.id, true)]);
        let mut nested: Vec<i64> = Vec::new();
        for email in ["eng@acme.example", "nested@acme.example"] {
            nested.push(groups::find(store, email).await.unwrap().id.get());
        }
        nested.sort_unstable();
        let swept: Vec<(String, Option<i64>)> = nested.into_iter().map(|id| ("group".to_owned(), Some(id))).collect();
        assert_eq!(sweeps(store).await, swept);
        let of_ada: Vec<_> =
            groups::groups_of_user(store, ada.id).await.unwrap().into_iter().map(|(group, d)| (group.email, d)).collect();
        let expected = [
            ("all@acme.example".to_owned(), false),
            ("eng@acme.example".to_owned(), true),
            ("nested@acme.example".to_owned(), true),
        ];
        assert_eq!(of_ada, expected);

        settle(store).await;
        let good: Vec<MemberRow> = rows.into_iter().filter(|row| !lines.contains(&row.line)).collect();
        let before = everything(store).await;
        let again = members_chunk(store, &BY, &mut Import::begin(false), &good).await.unwrap();
        assert_eq!((again.unchanged, again.added, again.groups_created), (5, 0, 0));
        assert_eq!(everything(store).await, before, "the second time nothing is written");
        let promoted = [MemberRow { role: MemberRole::Manager, ..member(2, "eng@acme.example", "ada@acme.example", None) }];
        let report = members_chunk(store, &BY, &mut Import::begin(false), &promoted).await.unwrap();
        assert_eq!((report.changed, marks(store).await), (1, vec![]));
    });
}

#[test]
fn imported_users_join_their_outside_memberships() {
    on_each_engine(|store: Store| async move {
        let group = groups::add(&store, &BY, "eng@acme.example", "", "").await.unwrap();
        groups::add_member(&store, &BY, group.id, "ada@acme.example", MemberRole::Owner).await.unwrap();
        users_chunk(&store, &BY, &mut Import::begin(false), &[row(2, "ada@acme.example")]).await.unwrap();
        let ada = users::find(&store, "ada@acme.example").await.unwrap();
        let members = groups::members(&store, group.id, None, 10).await.unwrap().items;
        assert_eq!(members.into_iter().map(|entry| entry.member).collect::<Vec<_>>(), [Member::User(ada.id)]);
    });
}

#[test]
fn a_dry_run_writes_nothing_and_foresees_the_same() {
    on_each_empty_engine(|store: Store| async move {
        let store = &store;
        let chunks = [
            [UserRow { org_unit_path: "/A/B".into(), ..row(2, "a@one.example") }, row(3, "b@two.example")],
            [UserRow { org_unit_path: "/a/b".into(), ..row(4, "c@two.example") }, row(5, "a@one.example")],
        ];
        let members = [
            member(2, "g@one.example", "a@one.example", Some(MemberKind::User)),
            member(3, "g@one.example", "h@two.example", Some(MemberKind::Group)),
        ];
        let later = [
            member(4, "h@two.example", "c@two.example", None),
            member(5, "h@two.example", "g@one.example", None),
            member(6, "g@one.example", "a@one.example", None),
        ];
        let before = everything(store).await;
        let mut reports = Vec::new();
        for dry_run in [true, false] {
            let mut import = Import::begin(dry_run);
            let mut all = Vec::new();
            for chunk in &chunks {
                all.push(users_chunk(store, &BY, &mut import, chunk).await.unwrap());
            }
            all.push(members_chunk(store, &BY, &mut import, &members).await.unwrap());
            all.push(members_chunk(store, &BY, &mut import, &later).await.unwrap());
            if dry_run {
                assert_eq!(everything(store).await, before);
            }
            reports.push(all);
        }
        assert_eq!(reports[0], reports[1]);
        assert_eq!(reports[1][2].added, 2);
        assert_eq!(reports[1][3].rejected.iter().map(|error| error.line).collect::<Vec<_>>(), [5, 6]);
        let primary = &domains::list(store).await.unwrap()[0];
        assert_eq!((primary.name.as_str(), primary.kind), ("one.example", provost_core::directory::DomainKind::Primary));
    });
}

#[test]
fn absent_users_are_active_ones_that_no_row_names() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let gone = user(store, "gone@acme.example").await;
        let renamed = user(store, "renamed@acme.example").await;
        let suspended = user(store, "suspended@acme.example").await;
        users::suspend(store, &BY, suspended.id, "").await.unwrap();
        settle(store).await;
        let mut import = Import::begin(false);
        let rows = [UserRow { new_email: Some("named@acme.example".into()), ..row(2, "renamed@acme.example") }];
        users_chunk(store, &BY, &mut import, &rows).await.unwrap();
        let absent = absentees(store, &import).await.unwrap();
        assert_eq!((absent.users.as_slice(), absent.active), ([gone.id].as_slice(), 2));
        settle(store).await;
        let report = suspend_absent(store, &BY, &[gone.id, suspended.id]).await.unwrap();
        assert_eq!((report.suspended, marks(store).await), (1, vec![(gone.id, true)]));
        let reason = users::get(store, gone.id).await.unwrap().status.suspended.unwrap().reason;
        assert_eq!(reason, "not in the imported file");
        assert_eq!(users::get(store, renamed.id).await.unwrap().status.state(), UserState::Active);
    });
}
