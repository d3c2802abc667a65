//! The administrator's verbs on apps and connections.

use crate::world::{BY, ENDPOINT, World, on_each_engine};
use provost_core::app::{
    Action, ConnectionConfig, ConnectionStatus, GracePeriod, Halt, HaltReason, Scope, ScopeGroup, ScopeMembers, ScopeMode,
};
use provost_core::time::{Span, Timestamp};
use provost_platform::Secret;
use provost_store::apps::tests::{TestResult, answer_test, pending_tests, request_test, test_result};
use provost_store::apps::{self, connections, token_expiry};
use provost_store::log::names;
use provost_store::{StoreError, accounts, schedule};

#[test]
fn an_app_needs_a_free_name_a_known_catalogue_key_and_sso_before_autoprovisioning() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let error = apps::create(store, &BY, "Slack", "slack").await.unwrap_err();
        assert!(error.to_string().contains("choose one of netskope"), "{error}");
        let app = apps::create(store, &BY, " Netskope ", "netskope").await.unwrap();
        let error = apps::create(store, &BY, "NETSKOPE", "generic").await.unwrap_err();
        assert!(matches!(error, StoreError::Taken { .. }), "{error}");
        assert_eq!(apps::find(store, "netskope").await.unwrap().id, app.id);
        assert_eq!(apps::find(store, &app.id.to_string()).await.unwrap().name, "Netskope");
        let error = apps::find(store, "nothing").await.unwrap_err();
        assert_eq!(error.to_string(), "there is no app \"nothing\"");

        let error = connections::configure(store, &BY, app.id, World::config(), &Secret::new("t")).await.unwrap_err();
        assert!(error.to_string().contains("single sign-on is not set up"), "{error}");
        let error = apps::set_sso(store, &BY, app.id, Some(7), None).await.unwrap_err();
        assert!(matches!(error, StoreError::Stale { .. }), "{error}");
        assert_eq!(world.events(names::ADD_APPLICATION).await.len(), 1);
    });
}

#[test]
fn a_second_connection_to_one_endpoint_is_refused_and_the_token_is_sealed() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let connection = world.connected(World::config()).await;
        assert_eq!(connection.status, ConnectionStatus::Inactive);
        assert_eq!(connections::credential(store, connection.id).await.unwrap().unwrap().expose(), "t0ken");
        let row = provost_db::Query::new("SELECT credential FROM connection", []);
        let sealed: String = store.db.read(row).await.unwrap()[0].get(0).unwrap();
        assert!(!sealed.contains("t0ken") && sealed.starts_with("v1:"), "{sealed}");

        let other = world.app("Other", "netskope").await;
        let mut config = World::config();
        config.endpoint = "HTTPS://ACME.goskope.com:443/api/v2/scim/".to_owned();
        let error = connections::configure(store, &BY, other.id, config.clone(), &Secret::new("t")).await.unwrap_err();
        assert!(error.to_string().contains("another app is connected"), "{error}");
        config.endpoint = "https://two.goskope.com/api/v2/scim".to_owned();
        let other = connections::configure(store, &BY, other.id, config, &Secret::new("t")).await.unwrap();
        let config = World::config();
        let error = connections::edit(store, &BY, other.id, None, config, false).await.unwrap_err();
        assert!(error.to_string().contains("another app is connected"), "{error}");
        let error = connections::configure(store, &BY, connection.app_id, World::config(), &Secret::new("t")).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid(_)), "{error}");
        let error = connections::reauthorize(store, &BY, other.id, &Secret::new("two words"), None).await.unwrap_err();
        assert!(error.to_string().contains("paste the token alone"), "{error}");

        // A sealed token moved to another row does not open there.
        let mut batch = provost_db::Batch::new();
        batch.run("UPDATE connection SET credential = $2 WHERE id = $1", [other.id.get().into(), sealed.into()]);
        store.db.commit(batch).await.unwrap();
        let error = connections::credential(store, other.id).await.unwrap_err();
        assert!(error.to_string().contains("reauthorize"), "{error}");
    });
}

#[test]
fn another_host_erases_the_token_and_another_path_does_not() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let user = world.user("a@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        world.sync(&connection).await;
        let moved = |endpoint: &str| ConnectionConfig { endpoint: endpoint.to_owned(), ..World::config() };

        let path = format!("{ENDPOINT}2");
        let connection = connections::edit(store, &BY, connection.id, None, moved(&path), false).await.unwrap();
        assert!(connection.halt.is_none() && connections::credential(store, connection.id).await.unwrap().is_some());
        let remote = world.account(&connection, user.id).await.remote_id.unwrap();
        assert_eq!(accounts::claimants(store, &connection, &remote, "", None).await.unwrap()[0].user_id, user.id);

        let connection =
            connections::edit(store, &BY, connection.id, None, moved("https://evil.example/scim"), false).await.unwrap();
        assert_eq!(connection.halt.as_ref().unwrap().reason, HaltReason::NeedsReauthorization);
        assert!(connections::credential(store, connection.id).await.unwrap().is_none());
        assert!(!connections::details(store, connection.id).await.unwrap().has_credential);
        assert_eq!(world.events(names::UPDATE_AUTO_PROV_CONFIG_CONNECTION_URL).await.len(), 2);
        assert_eq!(world.events(names::UPDATE_AUTO_PROV_CONFIG_CREDENTIALS).await.len(), 1);

        connections::turn_off(store, &BY, connection.id).await.unwrap();
        let error = connections::turn_on(store, &BY, connection.id, None).await.unwrap_err();
        assert!(error.to_string().contains("no access token"), "{error}");
        let connection = connections::reauthorize(store, &BY, connection.id, &Secret::new("n3w"), None).await.unwrap();
        assert!(connection.halt.is_none());
        connections::turn_on(store, &BY, connection.id, Some(connection.revision)).await.unwrap();
    });
}

#[test]
fn an_edit_logs_each_part_that_changed_and_gives_notice_of_a_changed_grace_period() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let group = world.group("g@acme.example", &[]).await;
        let mut config = World::config();
        config.deprovisioning.app_off.hard_delete = Some(Action { after: GracePeriod::Days7, edited_at: None });
        let connection = world.connected(config.clone()).await;
        world.expand().await;
        let same = connections::edit(store, &BY, connection.id, None, config.clone(), false).await.unwrap();
        assert_eq!(same.revision, connection.revision, "an edit that changes nothing is none");
        assert!(!schedule::sweeping(store, connection.id).await.unwrap());

        config.mapping.retain(|row| row.target != "title");
        config.scope = Scope {
            mode: ScopeMode::Groups,
            groups: vec![ScopeGroup { group: group.id, members: ScopeMembers::All, deleted_since: None }],
        };
        config.deprovisioning.app_off.hard_delete = Some(Action { after: GracePeriod::Days1, edited_at: None });
        config.deprovisioning.suspended.hard_delete = Some(Action { after: GracePeriod::Within24Hours, edited_at: None });
        config.within_24_hours_delete = Span::hours(2);
        let now = store.now();
        let edited =
            connections::edit(store, &BY, connection.id, Some(connection.revision), config.clone(), false).await.unwrap();
        let stored = connections::get(store, connection.id).await.unwrap();
        assert_eq!(edited, stored);
        assert!(stored.config.deprovisioning.app_off.hard_delete.unwrap().edited_at.unwrap() >= now);
        assert!(schedule::sweeping(store, connection.id).await.unwrap());
        for (name, count) in [
            (names::AUTO_PROV_CONFIG_ATTRIBUTE_MAPPING_UPDATED, usize::from(stored.config.mapping != connection.config.mapping)),
            (names::AUTO_PROV_CONFIG_GROUP_NAME_ADDED, 1),
            (names::AUTO_PROV_DEPROV_ACTION_ADDED, 2),
            (names::UPDATE_AUTO_PROV_CONFIG_SETTINGS, 1),
            (names::AUTO_PROV_DEPROV_ACTION_REMOVED, 0),
        ] {
            assert_eq!(world.events(name).await.len(), count, "{name}");
        }
        let error =
            connections::edit(store, &BY, connection.id, Some(connection.revision), config.clone(), false).await.unwrap_err();
        assert!(matches!(error, StoreError::Stale { .. }), "{error}");

        config.deprovisioning.app_off.suspend = Some(Action { after: GracePeriod::Days7, edited_at: None });
        let error = connections::edit(store, &BY, connection.id, None, config, false).await.unwrap_err();
        assert!(matches!(error, StoreError::Config(_)), "{error}");
    });
}

#[test]
fn turning_off_keeps_everything_and_deleting_the_configuration_removes_it() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let user = world.user("a@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        assert_eq!(world.sync(&connection).await.len(), 1);
        let error = apps::delete(store, &BY, connection.app_id).await.unwrap_err();
        assert!(error.to_string().contains("turn it off"), "{error}");

        let off = connections::turn_off(store, &BY, connection.id).await.unwrap();
        assert_eq!((off.status, off.revision), (ConnectionStatus::Inactive, connection.revision + 1));
        assert_eq!(connections::turn_off(store, &BY, connection.id).await.unwrap().revision, off.revision);
        assert_eq!(world.account(&connection, user.id).await.remote_id, Some(format!("r{}", user.id)));

        connections::delete_configuration(store, &BY, connection.id).await.unwrap();
        assert!(connections::of_app(store, connection.app_id).await.unwrap().is_none());
        assert!(accounts::account(store, connection.id, user.id).await.unwrap().is_none());
        assert!(connections::required_of_app(store, connection.app_id).await.is_err());
        apps::delete(store, &BY, connection.app_id).await.unwrap();
        assert!(apps::list(store).await.unwrap().is_empty());
        for (name, count) in [
            (names::CREATE_AUTO_PROV_CONFIG, 1),
            (names::UPDATE_AUTO_PROV_STATUS, 2),
            (names::DELETE_AUTO_PROV_CONFIG, 1),
            (names::DELETE_APPLICATION, 1),
        ] {
            assert_eq!(world.events(name).await.len(), count, "{name}");
        }
    });
}

#[test]
fn the_first_halt_stays_until_the_app_is_reauthorized() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let connection = world.active(World::config()).await;
        let halt =
            |message: &str| Halt { reason: HaltReason::NeedsReauthorization, message: message.to_owned(), since: store.now() };
        connections::set_halt(store, connection.id, &halt("first")).await.unwrap();
        connections::set_halt(store, connection.id, &halt("second")).await.unwrap();
        assert_eq!(connections::get(store, connection.id).await.unwrap().halt.unwrap().message, "first");
        let connection = connections::reauthorize(store, &BY, connection.id, &Secret::new("n3w"), None).await.unwrap();
        assert_eq!(connections::get(store, connection.id).await.unwrap(), connection);
        assert_eq!(connections::credential(store, connection.id).await.unwrap().unwrap().expose(), "n3w");
    });
}

#[test]
fn a_connection_test_is_answered_once_and_its_token_erased() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let app = world.app("Netskope", "netskope").await;
        let id = request_test(store, &BY, app.id, &format!("{ENDPOINT}/"), &Secret::new("s3cret")).await.unwrap();
        assert_eq!(test_result(store, id).await.unwrap(), None);
        let pending = pending_tests(store).await.unwrap();
        assert_eq!((pending[0].id, pending[0].endpoint.as_str(), pending[0].token.expose()), (id, ENDPOINT, "s3cret"));
        let result =
            TestResult { ok: false, message: "the token cannot write".to_owned(), can_write: Some(false), announced: None };
        answer_test(store, id, &result).await.unwrap();
        answer_test(store, id, &TestResult { ok: true, message: String::new(), can_write: None, announced: None }).await.unwrap();
        assert_eq!(test_result(store, id).await.unwrap(), Some(result));
        assert!(pending_tests(store).await.unwrap().is_empty());
        let rows = store.db.read(provost_db::Query::new("SELECT credential FROM connection_test", [])).await.unwrap();
        assert_eq!(rows[0].get::<Option<String>>(0).unwrap(), None);
    });
}

#[test]
fn a_token_that_tells_its_end_is_kept_with_it_unless_somebody_says_otherwise() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        // {"alg":"HS256","typ":"JWT"} and {"sub":"scim","exp":1767225600}
        let telling = Secret::new("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJzY2ltIiwiZXhwIjoxNzY3MjI1NjAwfQ.c2lnbmF0dXJl");
        let told = Some(Timestamp(1_767_225_600_000_000));
        let app = world.app("Netskope", "netskope").await;
        let connection = connections::configure(store, &BY, app.id, World::config(), &telling).await.unwrap();
        assert_eq!(token_expiry::get(store, connection.id).await.unwrap(), told);
        connections::reauthorize(store, &BY, connection.id, &Secret::new("0paque"), None).await.unwrap();
        assert_eq!(token_expiry::get(store, connection.id).await.unwrap(), None);
        connections::reauthorize(store, &BY, connection.id, &telling, None).await.unwrap();
        assert_eq!(token_expiry::get(store, connection.id).await.unwrap(), told);
        let said = Some(Timestamp(1_800_000_000_000_000));
        connections::reauthorize(store, &BY, connection.id, &telling, said).await.unwrap();
        assert_eq!(token_expiry::get(store, connection.id).await.unwrap(), said, "an administrator knows better");
    });
}
