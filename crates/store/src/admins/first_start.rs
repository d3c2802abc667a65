//! The first-start link: whoever holds it makes the first administrator, once.

use super::{Admin, Role, check_address, exists_any, hashed, insert};
use crate::{Actor, Store, StoreError};
use provost_db::{Batch, CommitError};
use provost_platform::{Secret, mint_token, token_checksum_ok, token_hash};

/// How first-start tokens begin.
const PREFIX: &str = "pvs";
/// The setting that holds the hash.
const SETTING: &str = "first_start_token";

fn hash_text(token: &str) -> String {
    provost_platform::hex::encode(&token_hash(token))
}

/// A fresh first-start token, which replaces an earlier one; `None` when there is an administrator.
pub async fn first_start_token(store: &Store) -> Result<Option<Secret>, StoreError> {
    if exists_any(store).await? {
        return Ok(None);
    }
    let token = mint_token(PREFIX);
    let mut batch = Batch::new();
    batch.run(
        "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [SETTING.into(), hash_text(token.expose()).into()],
    );
    store.db.commit(batch).await?;
    Ok(Some(token))
}

/// Makes the first administrator, a super admin. The token works once, and not when there is an administrator already.
pub async fn use_first_start_token(store: &Store, token: &str, email: &str, password: &str) -> Result<Admin, StoreError> {
    let refused = || {
        let text = "this first-start link is not valid any more: use the one that the server printed when it started last";
        StoreError::Invalid(text.to_owned())
    };
    if !token_checksum_ok(PREFIX, token) || exists_any(store).await? {
        return Err(refused());
    }
    let email = check_address(store, email).await?;
    let hash = hashed(password).await?;
    let mut batch = Batch::new();
    let spent = "DELETE FROM setting WHERE name = $1 AND value = $2";
    batch.expect(1, spent, [SETTING.into(), hash_text(token).into()]);
    batch.expect(0, "UPDATE admin SET role = role", []);
    let by = Actor::Admin { id: store.id(), email: email.clone() };
    let admin = insert(&mut batch, store, &by, email, hash, Role::SuperAdmin);
    match store.db.commit(batch).await {
        Err(CommitError::Conflict { .. }) => Err(refused()),
        answer => {
            answer?;
            Ok(admin)
        }
    }
}
