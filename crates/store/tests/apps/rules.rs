//! Who is entitled, and by which evidence.

use crate::world::{BY, World, on_each_engine};
use provost_core::app::{Access, ConnectionConfig, Scope, ScopeGroup, ScopeMembers, ScopeMode, SecondaryDomains, ServiceStatus};
use provost_core::directory::{Group, MemberRole};
use provost_core::ids::UserId;
use provost_core::provisioning::{OperationKind, ScopeVerdict, ServiceVerdict};
use provost_db::Batch;
use provost_store::accounts::{self, load_rules_for};
use provost_store::apps::{self, connections};
use provost_store::directory::{groups, org_units};
use provost_store::planning::explain;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

fn scope(entries: &[(&Group, ScopeMembers)]) -> Scope {
    let groups = entries.iter().map(|(group, members)| ScopeGroup { group: group.id, members: *members, deleted_since: None });
    Scope { mode: ScopeMode::Groups, groups: groups.collect() }
}

#[test]
fn the_nearest_setting_up_the_tree_decides_and_an_access_group_wins_over_off() {
    on_each_engine(|world: World| async move {
        let root = world.user("root@acme.example", "/").await;
        let emea = world.user("emea@acme.example", "/Sales/EMEA").await;
        let vip = world.user("vip@acme.example", "/Contractors").await;
        let contractor = world.user("contractor@acme.example", "/Contractors").await;
        world.group("inner@acme.example", &["vip@acme.example"]).await;
        let vips = world.group("vips@acme.example", &["inner@acme.example"]).await;
        let unit = async |path: &str| org_units::find_by_path(&world.store, path).await.unwrap().id;
        let connection = world.connected(World::config()).await;
        let settings =
            BTreeMap::from([(unit("/Sales").await, ServiceStatus::On), (unit("/Contractors").await, ServiceStatus::Off)]);
        let access = Access { default: ServiceStatus::Off, org_units: settings, groups: BTreeSet::from([vips.id]) };
        apps::set_access(&world.store, &BY, connection.app_id, None, access).await.unwrap();

        let rules = world.rules(&connection).await;
        let verdict = async |user: UserId| {
            let subject = world.subject(&connection, user).await;
            format!("{:?}", rules.view(&subject).service)
        };
        assert_eq!(verdict(root.id).await, format!("{:?}", ServiceVerdict::OffByOrgUnit("/")));
        assert_eq!(verdict(emea.id).await, format!("{:?}", ServiceVerdict::OnByOrgUnit("/Sales")));
        assert_eq!(verdict(vip.id).await, format!("{:?}", ServiceVerdict::OnByGroup("vips@acme.example")));
        assert_eq!(verdict(contractor.id).await, format!("{:?}", ServiceVerdict::OffByOrgUnit("/Contractors")));

        groups::delete(&world.store, &BY, vips.id).await.unwrap();
        assert!(apps::get(&world.store, connection.app_id).await.unwrap().access.groups.is_empty());
        let rules = world.rules(&connection).await;
        let subject = world.subject(&connection, vip.id).await;
        assert_eq!(rules.view(&subject).service, ServiceVerdict::OffByOrgUnit("/Contractors"));
    });
}

#[test]
fn a_scope_group_takes_direct_or_all_members() {
    on_each_engine(|world: World| async move {
        let direct = world.user("direct@acme.example", "/").await;
        let nested = world.user("nested@acme.example", "/").await;
        let neither = world.user("neither@acme.example", "/").await;
        world.group("inner@acme.example", &["nested@acme.example"]).await;
        let outer = world.group("outer@acme.example", &["inner@acme.example", "direct@acme.example"]).await;
        let connection = world.connected(World::config()).await;
        let app = apps::get(&world.store, connection.app_id).await.unwrap();
        for (members, nested_counts) in [(ScopeMembers::All, true), (ScopeMembers::Direct, false)] {
            let config = ConnectionConfig { scope: scope(&[(&outer, members)]), ..connection.config.clone() };
            let proposed = connections::previewed(&world.store, &connection, config, false).await.unwrap();
            let rules = load_rules_for(&world.store, app.clone(), proposed).await.unwrap();
            let subjects = accounts::subjects(&world.store, &rules, &[direct.id, nested.id, neither.id]).await.unwrap();
            let scopes: Vec<ScopeVerdict<'_>> = subjects.iter().map(|subject| rules.view(subject).scope).collect();
            let of_nested = if nested_counts { ScopeVerdict::MemberOf("outer@acme.example") } else { ScopeVerdict::NotMember };
            assert_eq!(scopes, [ScopeVerdict::MemberOf("outer@acme.example"), of_nested, ScopeVerdict::NotMember]);
        }
    });
}

#[test]
fn secondary_domains_are_skipped_in_groups_and_aliases_count_as_primary() {
    on_each_engine(|world: World| async move {
        let primary = world.user("p@acme.example", "/").await;
        let secondary = world.user("s@sub.example", "/").await;
        let group = world.group("g@acme.example", &["p@acme.example", "s@sub.example", "guest@elsewhere.example"]).await;
        let connection = world.connected(World::config()).await;
        let app = apps::get(&world.store, connection.app_id).await.unwrap();
        let in_groups = scope(&[(&group, ScopeMembers::Direct)]);
        let (member, skipped) = (ScopeVerdict::MemberOf("g@acme.example"), ScopeVerdict::SecondaryDomain("sub.example"));
        let expected = [
            (SecondaryDomains::SkipInGroups, Scope::everyone(), ScopeVerdict::Everyone),
            (SecondaryDomains::SkipInGroups, in_groups.clone(), skipped),
            (SecondaryDomains::Include, in_groups.clone(), member),
            (SecondaryDomains::Skip, Scope::everyone(), skipped),
            (SecondaryDomains::Skip, in_groups.clone(), skipped),
        ];
        for (secondary_domains, scope, verdict) in expected {
            let config = ConnectionConfig { scope: scope.clone(), secondary_domains, ..connection.config.clone() };
            let proposed = connections::previewed(&world.store, &connection, config, false).await.unwrap();
            let rules = load_rules_for(&world.store, app.clone(), proposed).await.unwrap();
            let subjects = accounts::subjects(&world.store, &rules, &[primary.id, secondary.id]).await.unwrap();
            let of_primary = if scope.mode == ScopeMode::Everyone { ScopeVerdict::Everyone } else { member };
            assert_eq!(rules.view(&subjects[0]).scope, of_primary);
            assert_eq!(rules.view(&subjects[1]).scope, verdict, "{secondary_domains:?} {scope:?}");
            if scope.mode == ScopeMode::Groups {
                assert_eq!(accounts::outside_members(&world.store, &rules, 10).await.unwrap(), ["guest@elsewhere.example"]);
            }
        }
    });
}

#[test]
fn an_alias_address_counts_as_the_primary_domain_and_an_unknown_domain_is_outside() {
    on_each_engine(|world: World| async move {
        let alias = world.user("x@acme.example", "/").await;
        let outside = world.user("y@acme.example", "/").await;
        let connection = world.connected(World::config()).await;
        // The directory writes neither of these itself: they come with data that was there before a domain was.
        for (id, email) in [(alias.id, "x@alias.example"), (outside.id, "y@nowhere.example")] {
            let mut batch = provost_db::Batch::new();
            batch.expect(1, "UPDATE directory_user SET primary_email = $2 WHERE id = $1", [id.get().into(), email.into()]);
            world.store.db.commit(batch).await.unwrap();
        }
        let config = ConnectionConfig { secondary_domains: SecondaryDomains::Skip, ..connection.config.clone() };
        let connection = connections::edit(&world.store, &BY, connection.id, None, config, false).await.unwrap();
        let rules = world.rules(&connection).await;
        let subjects = accounts::subjects(&world.store, &rules, &[alias.id, outside.id]).await.unwrap();
        assert_eq!(rules.view(&subjects[0]).scope, ScopeVerdict::Everyone);
        assert_eq!(rules.view(&subjects[1]).scope, ScopeVerdict::Outside("nowhere.example"));
    });
}

#[test]
fn a_deleted_scope_group_leaves_a_tombstone_and_losing_the_last_one_is_not_everyone() {
    on_each_engine(|world: World| async move {
        let user = world.user("a@acme.example", "/").await;
        let one = world.group("one@acme.example", &["a@acme.example"]).await;
        let two = world.group("two@acme.example", &[]).await;
        let in_groups = scope(&[(&one, ScopeMembers::All), (&two, ScopeMembers::All)]);
        let connection = world.connected(ConnectionConfig { scope: in_groups, ..World::config() }).await;
        assert_eq!(apps::apps_using_group(&world.store, one.id).await.unwrap(), ["Netskope"]);

        groups::delete(&world.store, &BY, one.id).await.unwrap();
        let connection = connections::get(&world.store, connection.id).await.unwrap();
        assert_eq!(connection.config.scope.groups.iter().filter(|entry| entry.deleted_since.is_some()).count(), 1);
        let rules = world.rules(&connection).await;
        let subject = world.subject(&connection, user.id).await;
        assert_eq!(rules.view(&subject).scope, ScopeVerdict::NotMember);

        groups::delete(&world.store, &BY, two.id).await.unwrap();
        let rules = world.rules(&connection).await;
        assert!(rules.scope_is_lost());
        assert_eq!(rules.view(&subject).scope, ScopeVerdict::NoLivingGroup);
        // A tombstone may stay through another edit, and a deleted group cannot be chosen anew.
        let connection = connections::get(&world.store, connection.id).await.unwrap();
        let mut config = connection.config.clone();
        config.scope.groups.retain(|entry| entry.group == two.id);
        let connection = connections::edit(&world.store, &BY, connection.id, None, config.clone(), false).await.unwrap();
        assert!(connection.config.scope.groups[0].deleted_since.is_some());
        config.scope.groups[0].group = one.id;
        let error = connections::edit(&world.store, &BY, connection.id, None, config.clone(), false).await.unwrap_err();
        assert_eq!(error.to_string(), format!("there is no group \"{}\"", one.id));
        config.scope.groups.clear();
        let error = connections::edit(&world.store, &BY, connection.id, None, config, false).await.unwrap_err();
        assert!(error.to_string().contains("choose at least one group"), "{error}");
    });
}

/// Writes refuse a group that contains itself, so the row is put there past them: every walk through it ends, and the members of
/// both are in scope.
#[test]
fn groups_that_contain_each_other_in_a_damaged_database_end_every_walk() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let ada = world.user("ada@acme.example", "/").await;
        let bo = world.user("bo@acme.example", "/").await;
        let cy = world.user("cy@acme.example", "/").await;
        let inner = world.group("inner@acme.example", &["bo@acme.example"]).await;
        let outer = world.group("outer@acme.example", &["ada@acme.example", "inner@acme.example"]).await;
        let mut cycle = Batch::new();
        let row = [inner.id.get().into(), format!("g:{}", outer.id).into(), outer.id.get().into()];
        let insert = "INSERT INTO group_member (group_id, member_key, nested_id, role) VALUES ($1, $2, $3, 'MEMBER')";
        cycle.expect(1, insert, row);
        store.db.commit(cycle).await.unwrap();

        let walks = async {
            let in_scope = scope(&[(&outer, ScopeMembers::All)]);
            let connection = world.active(ConnectionConfig { scope: in_scope, ..World::config() }).await;
            let mut sent: Vec<String> = world.sync(&connection).await.into_iter().map(|(_, email)| email).collect();
            sent.sort();
            assert_eq!(sent, ["ada@acme.example", "bo@acme.example"]);
            connections::start_pass(store, connection.id).await.unwrap();
            assert_eq!(world.sync(&connection).await, Vec::new(), "a pass ends");
            for (user, entitled) in [(&ada, true), (&bo, true), (&cy, false)] {
                let explained = explain(store, "Netskope", &user.primary_email).await.unwrap();
                assert_eq!(explained.entitled, entitled, "{explained}");
                let through = explained.lines.iter().any(|line| line.contains("a member of outer@acme.example"));
                assert_eq!(through, entitled, "{explained}");
            }
            // A sweep of a group in the cycle, the groups of a user, and the refusal of another nesting.
            groups::add_member(store, &BY, inner.id, "cy@acme.example", MemberRole::Member).await.unwrap();
            assert_eq!(world.sync(&connection).await, [(OperationKind::Create, "cy@acme.example".to_owned())]);
            assert_eq!(groups::groups_of_user(store, bo.id).await.unwrap().len(), 2);
            let third = world.group("third@acme.example", &["outer@acme.example"]).await;
            let refused = groups::add_member(store, &BY, inner.id, "third@acme.example", MemberRole::Member).await.unwrap_err();
            assert!(refused.to_string().contains("already inside"), "{refused}");
            groups::delete(store, &BY, third.id).await.unwrap();
            assert_eq!(world.sync(&connection).await, Vec::new());
        };
        tokio::time::timeout(Duration::from_secs(30), walks).await.expect("every walk ends");
    });
}
