//! Plans and explanations.

use crate::world::{BY, World, on_each_engine};
use provost_core::app::{
    Access, Action, ArchivedRule, Connection, ConnectionConfig, Expression, GracePeriod, Scope, ScopeGroup, ScopeMembers,
    ScopeMode, SecondaryDomains, Trigger,
};
use provost_core::ids::UserId;
use provost_core::time::Span;
use provost_store::accounts::load_rules_for;
use provost_store::apps::{self, connections};
use provost_store::directory::users::{self, UserEdit};
use provost_store::planning::{Plan, PlanAction, explain, plan};
use serde_json::json;

fn actions(plan: &Plan) -> Vec<(String, PlanAction)> {
    plan.entries.iter().map(|entry| (entry.email.clone(), entry.action)).collect()
}

#[test]
fn a_plan_says_what_would_be_sent_to_whom_and_why_and_sends_nothing() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let ada = world.user("ada@acme.example", "/").await;
        let archived = world.user("archived@acme.example", "/").await;
        let leaver = world.user("leaver@acme.example", "/").await;
        world.user("second@sub.example", "/").await;
        let everybody =
            ["ada@acme.example", "archived@acme.example", "leaver@acme.example", "second@sub.example", "out@side.example"];
        let group = world.group("all@acme.example", &everybody).await;
        let scope = Scope {
            mode: ScopeMode::Groups,
            groups: vec![ScopeGroup { group: group.id, members: ScopeMembers::Direct, deleted_since: None }],
        };
        let mut config = ConnectionConfig { scope, ..World::config() };
        config.deprovisioning.deleted.hard_delete = Some(Action { after: GracePeriod::Days7, edited_at: None });
        users::archive(store, &BY, archived.id).await.unwrap();
        let connection = world.active(config).await;
        let rules = world.rules(&connection).await;

        let first = plan(store, &rules, 100).await.unwrap();
        assert_eq!((first.counts.create, first.counts.skipped, first.needs_confirmation), (2, 3, false));
        assert_eq!(first.summary(), "2 to create, 3 skipped");
        let skipped: Vec<_> = first.entries.iter().filter(|entry| entry.action == PlanAction::Skipped).collect();
        let why = |email: &str| skipped.iter().find(|entry| entry.email == email).unwrap().why.join(" ");
        assert!(why("second@sub.example").contains("Skipped: secondary domain (sub.example)."));
        assert!(why("out@side.example").contains("Skipped: outside"));
        assert!(why("archived@acme.example").contains("archived"));
        assert_eq!(plan(store, &rules, 1).await.unwrap().hash, first.hash, "the hash covers what is not listed");
        assert!(
            first.entries[0]
                .changes
                .iter()
                .any(|change| change.attribute == "userName" && change.to == Some(json!("ada@acme.example")))
        );

        assert_eq!(world.sync(&connection).await.len(), 2, "as planned, and nothing was sent by the plan");
        let quiet = plan(store, &rules, 100).await.unwrap();
        assert_eq!((quiet.counts.create, quiet.counts.update, quiet.accounts), (0, 0, 2));
        assert_ne!(quiet.hash, first.hash);

        let edit = UserEdit { family_name: Some("Lovelace".to_owned()), ..UserEdit::default() };
        users::edit(store, &BY, ada.id, None, edit).await.unwrap();
        users::delete(store, &BY, leaver.id).await.unwrap();
        let changed = plan(store, &rules, 2).await.unwrap();
        assert_eq!(
            actions(&changed),
            [("ada@acme.example".to_owned(), PlanAction::Update), ("leaver@acme.example".to_owned(), PlanAction::HardDelete)]
        );
        assert!(
            changed.entries[0]
                .changes
                .iter()
                .any(|change| change.from == Some(json!("Test")) && change.to == Some(json!("Lovelace")))
        );
        let removal = &changed.entries[1];
        assert_eq!((removal.trigger, removal.at), (Some(Trigger::Deleted), removal.since.map(|since| since + Span::days(7))));
        assert_eq!((changed.counts.hard_delete_later, changed.counts.hard_delete, changed.needs_confirmation), (1, 0, true));
        let shown = serde_json::to_value(removal).unwrap();
        assert!(shown["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{shown}");
        assert_eq!(shown["action"], "hard_delete");
    });
}

#[test]
fn a_proposal_counts_its_causes_from_now_and_says_what_the_guard_would_hold() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        for number in 0..10 {
            world.user(&format!("u{number}@acme.example"), "/").await;
        }
        let mut config = World::config();
        config.deprovisioning.app_off.hard_delete = Some(Action { after: GracePeriod::Days1, edited_at: None });
        let connection = world.active(config).await;
        world.sync(&connection).await;
        world.advance(Span::days(30));
        let app = apps::get(store, connection.app_id).await.unwrap();
        let proposed = provost_core::app::App { access: Access::default(), ..app };
        let rules = load_rules_for(store, proposed, connection.clone()).await.unwrap();
        let before = store.now();
        let off = plan(store, &rules, 100).await.unwrap();
        assert_eq!((off.counts.hard_delete_later, off.counts.hard_delete, off.needs_confirmation), (10, 0, true));
        assert!(off.entries.iter().all(|entry| entry.at.unwrap() >= before + Span::days(1)), "not from 30 days ago");
        world.advance(Span::seconds(5));
        assert_eq!(plan(store, &rules, 100).await.unwrap().hash, off.hash, "the hash outlives the seconds of a confirmation");
        assert_eq!(off.removals_by(Trigger::AppOff).count(), 10);

        apps::set_access(store, &BY, connection.app_id, None, Access::default()).await.unwrap();
        world.sync(&connection).await;
        world.advance(Span::days(1));
        let rules = world.rules(&connection).await;
        let due = plan(store, &rules, 100).await.unwrap();
        assert_eq!((due.counts.hard_delete, due.counts.held, due.holds.len()), (10, 10, 1));
        assert!(due.entries.iter().all(|entry| entry.held && entry.at.is_none()));
        connections::turn_off(store, &BY, connection.id).await.unwrap();
    });
}

#[test]
fn accounts_that_stay_as_they_are_and_users_who_are_to_have_none_are_counted_apart() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        world.user("ada@acme.example", "/").await;
        world.user("bob@acme.example", "/").await;
        let away = world.user("away@acme.example", "/").await;
        users::suspend(store, &BY, away.id, "").await.unwrap();
        let connection = world.active(World::config()).await;
        let rules = world.rules(&connection).await;
        let first = plan(store, &rules, 100).await.unwrap().counts;
        assert_eq!((first.create, first.unchanged, first.no_account, first.users()), (2, 0, 1, 3));
        world.sync(&connection).await;
        let synced = plan(store, &rules, 100).await.unwrap().counts;
        assert_eq!((synced.create, synced.unchanged, synced.no_account, synced.users()), (0, 2, 1, 3));
    });
}

/// The catalogue's mapping with another source of the name.
fn named_by(source: &str) -> ConnectionConfig {
    let mut config = World::config();
    let name = config.mapping.iter_mut().find(|row| row.target == "userName").unwrap();
    name.source = Expression::parse(source).unwrap();
    config
}

/// The same with one that nobody of the directory has.
fn without_names() -> ConnectionConfig {
    named_by("user.organizations.title")
}

async fn plan_of(world: &World, connection: &Connection, config: ConnectionConfig) -> Plan {
    let app = apps::get(&world.store, connection.app_id).await.unwrap();
    let proposed = connections::previewed(&world.store, connection, config, false).await.unwrap();
    let rules = load_rules_for(&world.store, app, proposed).await.unwrap();
    plan(&world.store, &rules, 100).await.unwrap()
}

#[test]
fn users_who_would_fail_by_an_edit_are_counted_and_asked_about_once() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        world.user("ada@acme.example", "/").await;
        world.user("bob@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        world.sync(&connection).await;
        world.user("new@acme.example", "/").await;
        let harmless = plan_of(&world, &connection, World::config()).await;
        assert_eq!((harmless.counts.create, harmless.counts.would_fail, harmless.needs_confirmation), (1, 0, false));
        let broken = plan_of(&world, &connection, without_names()).await;
        assert_eq!((broken.counts.would_fail, broken.counts.waiting, broken.counts.users()), (3, 0, 3));
        assert!(broken.needs_confirmation);
        assert_eq!(broken.summary(), "3 who would fail and do not fail now");
        assert!(broken.entries.iter().all(|entry| entry.action == PlanAction::WouldFail));
        let why = broken.entries[0].why.join(" ");
        assert!(why.contains("the mandatory attribute userName has no value"), "{why}");

        let connection = connections::edit(store, &BY, connection.id, None, without_names(), false).await.unwrap();
        world.sync(&connection).await;
        let another = ConnectionConfig { secondary_domains: SecondaryDomains::Skip, ..without_names() };
        let after = plan_of(&world, &connection, another).await;
        assert_eq!((after.counts.would_fail, after.counts.waiting, after.needs_confirmation), (0, 3, false), "they fail already");
        world.user("newer@acme.example", "/").await;
        let stored = plan(store, &world.rules(&connection).await, 100).await.unwrap();
        assert_eq!((stored.counts.would_fail, stored.counts.waiting), (1, 3), "nobody has looked at the new one yet");
    });
}

#[test]
fn users_who_would_share_a_name_by_an_edit_would_fail_and_nobody_else() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let mut ids = Vec::new();
        for email in ["ada@acme.example", "bob@acme.example", "ada@sub.example"] {
            ids.push(world.user(email, "/").await.id);
        }
        let connection = world.active(World::config()).await;
        world.sync(&connection).await;
        let all = plan_of(&world, &connection, named_by("'the same'")).await;
        assert_eq!((all.counts.would_fail, all.counts.update, all.needs_confirmation), (3, 0, true));
        let two = plan_of(&world, &connection, named_by("user.username")).await;
        assert_eq!((two.counts.would_fail, two.counts.update, two.counts.users()), (2, 1, 3));
        let said = |id: UserId| two.entries.iter().find(|entry| entry.user_id == Some(id)).unwrap().why.join(" ");
        assert!(said(ids[0]).contains("Failing: ada@sub.example is to have the same userName \"ada\""), "{}", said(ids[0]));
        assert!(said(ids[2]).contains("Failing: ada@acme.example is to have the same userName \"ada\""), "{}", said(ids[2]));

        let connection = connections::edit(store, &BY, connection.id, None, named_by("user.username"), false).await.unwrap();
        let another = ConnectionConfig { archived: ArchivedRule::AsSuspended, ..named_by("user.username") };
        let at_once = plan_of(&world, &connection, another.clone()).await;
        assert_eq!((at_once.counts.would_fail, at_once.counts.waiting), (0, 2), "they fail by what is stored");
        world.sync(&connection).await;
        let after = plan_of(&world, &connection, another).await;
        assert_eq!((after.counts.would_fail, after.counts.waiting, after.counts.unchanged), (0, 2, 1));
        users::delete(store, &BY, ids[2]).await.unwrap();
        let stored = plan(store, &world.rules(&connection).await, 100).await.unwrap();
        assert_eq!((stored.counts.would_fail, stored.counts.update), (0, 1), "one is left with the name");
    });
}

#[test]
fn users_who_fail_by_the_stored_mapping_of_an_app_that_is_off_are_asked_about_when_it_is_turned_on() {
    on_each_engine(|world: World| async move {
        world.user("ada@acme.example", "/").await;
        let connection = world.connected(without_names()).await;
        let another = ConnectionConfig { secondary_domains: SecondaryDomains::Skip, ..without_names() };
        let edited = plan_of(&world, &connection, another).await;
        assert_eq!((edited.counts.would_fail, edited.counts.waiting, edited.needs_confirmation), (0, 1, false));
        let turned_on = plan(&world.store, &world.rules(&connection).await, 100).await.unwrap();
        assert_eq!((turned_on.counts.would_fail, turned_on.needs_confirmation), (1, true));
    });
}

#[test]
fn an_explanation_names_every_rule_with_its_evidence() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let ada = world.user("ada@acme.example", "/Sales/EMEA").await;
        let mut config = World::config();
        config.deprovisioning.suspended.hard_delete = Some(Action { after: GracePeriod::Days21, edited_at: None });
        let connection = world.active(config).await;
        world.sync(&connection).await;
        users::suspend(store, &BY, ada.id, "on leave").await.unwrap();
        world.sync(&connection).await;
        let explanation = explain(store, "netskope", "ADA@acme.example").await.unwrap();
        let text = explanation.to_string();
        for evidence in [
            "ada@acme.example",
            "org unit /Sales/EMEA",
            "suspended since",
            "(on leave)",
            "in use, id r",
            "Service status: ON, set at org unit /.",
            "Provisioning scope: everyone with access.",
            "The user is suspended since",
            "will be hard deleted at",
            "Updates pause",
        ] {
            assert!(text.contains(evidence), "{evidence:?} is not in\n{text}");
        }
        assert_eq!((explanation.account, explanation.removal, explanation.held), ("linked", Some("hard_delete"), false));
        assert_eq!(explanation.causes.len(), 1);
        assert_eq!(explanation.removal_at, explanation.next_look_at);

        users::delete(store, &BY, ada.id).await.unwrap();
        assert!(explain(store, "Netskope", "ada@acme.example").await.unwrap().to_string().contains("deleted since"));
        world.advance(Span::hours(20 * 24 + 12));
        users::purge_expired(store).await.unwrap();
        let gone = explain(store, "Netskope", "ada@acme.example").await.unwrap();
        assert_eq!(gone.user_state, None);
        assert!(gone.to_string().contains("no longer in the directory"), "{gone}");
        let error = explain(store, "Netskope", "nobody@acme.example").await.unwrap_err();
        assert_eq!(error.to_string(), "there is no user \"nobody@acme.example\"");
    });
}
