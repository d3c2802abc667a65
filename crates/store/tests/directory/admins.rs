//! Administrators, API keys, the first-start link.

use crate::world::{BY, newest_events, on_each_empty_engine, on_each_engine, refusal};
use provost_core::time::Span;
use provost_store::admins::{self, ApiKeyState, Role};
use provost_store::{Store, StoreError};

const PASSWORD: &str = "correct horse battery";

#[test]
fn administrators_sign_in_and_the_last_super_admin_stays() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let root = admins::create(store, &BY, "Root@acme.example", PASSWORD, Role::SuperAdmin).await.unwrap();
        let auditor = admins::create(store, &BY, "audit@sub.example", PASSWORD, Role::Auditor).await.unwrap();
        assert_eq!(newest_events(store, 2).await, ["CREATE_ADMIN", "CREATE_ADMIN"]);
        assert!(matches!(
            admins::create(store, &BY, "root@acme.example", PASSWORD, Role::Auditor).await,
            Err(StoreError::Taken { .. })
        ));
        for (email, password, reason) in [
            ("me@gmail.com", PASSWORD, "gmail.com is a consumer mail domain"),
            ("me@elsewhere.example", PASSWORD, "elsewhere.example is not one of the organization's domains"),
            ("me@acme.example", "short", "the password"),
        ] {
            let refused = refusal(admins::create(store, &BY, email, password, Role::Auditor).await);
            assert!(refused.to_lowercase().contains(reason), "{refused}");
        }
        let signed_in = admins::check_password(store, "ROOT@acme.example", PASSWORD).await.unwrap().unwrap();
        assert_eq!(
            (signed_in.id, signed_in.last_login_at),
            (root.id, Some(store.now()).map(|_| signed_in.last_login_at.unwrap()))
        );
        assert_eq!(admins::check_password(store, "root@acme.example", "wrong password").await.unwrap(), None);
        assert_eq!(admins::check_password(store, "nobody@acme.example", PASSWORD).await.unwrap(), None);

        let last = "root@acme.example is the last super admin: make somebody else a super admin first";
        assert_eq!(refusal(admins::disable(store, &BY, root.id).await), last);
        assert_eq!(refusal(admins::set_role(store, &BY, root.id, Role::Auditor).await), last);
        admins::set_role(store, &BY, auditor.id, Role::SuperAdmin).await.unwrap();
        admins::disable(store, &BY, root.id).await.unwrap();
        assert_eq!(newest_events(store, 2).await, ["DISABLE_ADMIN", "ASSIGN_ROLE"]);
        assert_eq!(admins::check_password(store, "root@acme.example", PASSWORD).await.unwrap(), None, "disabled");
        admins::set_password(store, &BY, auditor.id, "another long password").await.unwrap();
        assert_eq!(admins::check_password(store, "audit@sub.example", PASSWORD).await.unwrap(), None);
        assert!(admins::check_password(store, "audit@sub.example", "another long password").await.unwrap().is_some());
        assert_eq!(admins::list(store).await.unwrap().len(), 2);
        assert!(admins::find_by_email(store, "Root@Acme.example").await.unwrap().unwrap().disabled_since.is_some());
    });
}

#[test]
fn api_keys_work_until_they_are_revoked() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let made = admins::create_key(store, &BY, " ci ", Role::Auditor, None).await.unwrap();
        assert_eq!(admins::find_key(store, "ci").await.unwrap(), made.entry);
        assert_eq!(admins::find_key(store, &made.entry.key.id.to_string()).await.unwrap(), made.entry);
        assert!(matches!(admins::find_key(store, "cj").await, Err(StoreError::NotFound { .. })));
        // A name that is the id of another key does not stand in its way.
        let id = made.entry.key.id;
        admins::create_key(store, &BY, &id.to_string(), Role::Auditor, None).await.unwrap();
        assert_eq!(admins::find_key(store, &id.to_string()).await.unwrap().key.id, id);
        let secret = made.secret;
        assert!(secret.expose().starts_with("pvk_"));
        assert!(matches!(admins::create_key(store, &BY, "ci", Role::Auditor, None).await, Err(StoreError::Taken { .. })));
        let key = admins::authenticate_key(store, secret.expose()).await.unwrap().unwrap();
        assert_eq!((key.name.as_str(), key.role), ("ci", Role::Auditor));
        let entry = admins::get_key(store, id).await.unwrap();
        assert!(entry.last_used_at.is_some() && entry.revoked_at.is_none());
        for wrong in ["", "pvk_nonsense", &format!("{}x", secret.expose()), provost_platform::mint_token("pvk").expose()] {
            assert_eq!(admins::authenticate_key(store, wrong).await.unwrap(), None);
        }
        admins::revoke_key(store, &BY, key.id).await.unwrap();
        assert_eq!(admins::authenticate_key(store, secret.expose()).await.unwrap(), None);
        assert_eq!(newest_events(store, 2).await, ["REVOKE_API_KEY", "CREATE_API_KEY"]);
    });
}

#[test]
fn a_key_that_expires_works_until_then_and_no_longer() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let end = store.now() + Span::hours(1);
        let made = admins::create_key(store, &BY, "guest", Role::Auditor, Some(end)).await.unwrap();
        let entry = admins::find_key(store, "guest").await.unwrap();
        assert_eq!((entry.clone(), entry.expires_at), (made.entry, Some(end)));
        let works = async || admins::authenticate_key(store, made.secret.expose()).await.unwrap().is_some();
        store.clock.advance_micros(Span::seconds(59 * 60).0);
        assert!(works().await);
        assert_eq!(entry.state(end + Span::seconds(-1)), ApiKeyState::Active);
        store.clock.advance_micros(Span::seconds(60).0);
        assert!(!works().await);
        assert_eq!(entry.state(end), ApiKeyState::Expired);
        admins::revoke_key(store, &BY, entry.key.id).await.unwrap();
        assert_eq!(admins::find_key(store, "guest").await.unwrap().state(end), ApiKeyState::Revoked);
        let past = refusal(admins::create_key(store, &BY, "late", Role::Auditor, Some(end)).await);
        assert!(past.contains("would have expired") && past.contains("choose a later time"), "{past}");
        assert!(admins::find_key(store, "late").await.is_err());
    });
}

#[test]
fn the_first_start_link_works_once() {
    on_each_empty_engine(|store: Store| async move {
        let store = &store;
        let earlier = admins::first_start_token(store).await.unwrap().unwrap();
        let token = admins::first_start_token(store).await.unwrap().unwrap();
        let make = async |token: &str| admins::use_first_start_token(store, token, "root@acme.example", PASSWORD).await;
        assert!(refusal(make(earlier.expose()).await).contains("not valid any more"));
        let weak = admins::use_first_start_token(store, token.expose(), "root@acme.example", "x").await;
        assert!(weak.is_err() && !admins::exists_any(store).await.unwrap());
        let admin = make(token.expose()).await.unwrap();
        assert_eq!(admin.role, Role::SuperAdmin);
        assert!(refusal(make(token.expose()).await).contains("not valid any more"));
        assert!(admins::first_start_token(store).await.unwrap().is_none());
    });
}
