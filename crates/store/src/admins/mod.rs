//! Administrators of the console, keys of the management API, and the first-start link.
//!
//! Sessions are not kept here: whoever keeps them ends them when a password changes or an administrator is disabled.

mod api_keys;
mod first_start;

pub use api_keys::{
    ApiKey, ApiKeyEntry, ApiKeyState, NewApiKey, authenticate_key, create_key, find_key, get_key, list_keys, revoke_key,
};
pub use first_start::{first_start_token, use_first_start_token};

use crate::directory::address;
use crate::directory::domains::Domains;
use crate::log::{LogEvent, append, names};
use crate::{Actor, Store, StoreError};
use provost_core::directory::email_domain;
use provost_core::ids::AdminId;
use provost_core::time::Timestamp;
use provost_db::{Batch, CommitError, Query, Row};
use provost_platform::{check_password_strength, hash_password, verify_password};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::OnceLock;

/// What an administrator or an API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything.
    SuperAdmin,
    /// Reads everything, secrets excepted; changes nothing.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::SuperAdmin, Self::Auditor];

    /// As commands and the store spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super-admin",
            Self::Auditor => "auditor",
        }
    }

    /// As pages show it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::SuperAdmin => "Super admin",
            Self::Auditor => "Auditor",
        }
    }

    /// Reads [`Self::word`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == text)
    }
}

/// An administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Admin {
    /// Immutable.
    pub id: AdminId,
    /// In lower case.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Set when they can no longer sign in.
    pub disabled_since: Option<Timestamp>,
    /// Their last sign-in.
    pub last_login_at: Option<Timestamp>,
}

/// Domains of consumer mail: an administrator's address is of the organization.
const CONSUMER_DOMAINS: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "msn.com",
    "yahoo.com",
    "ymail.com",
    "aol.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "proton.me",
    "protonmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "web.de",
    "t-online.de",
    "mail.com",
    "mail.ru",
    "yandex.com",
    "yandex.ru",
    "zoho.com",
    "qq.com",
    "163.com",
    "126.com",
    "fastmail.com",
    "tutanota.com",
    "hotmail.co.uk",
    "yahoo.co.uk",
    "yahoo.de",
    "yahoo.fr",
    "hotmail.fr",
    "orange.fr",
    "free.fr",
    "laposte.net",
    "libero.it",
];

const COLUMNS: &str = "id, email, role, disabled_since, last_login_at";

fn from_row(row: &Row) -> Result<Admin, StoreError> {
    Ok(Admin {
        id: AdminId::new(row.get(0)?),
        email: row.get(1)?,
        role: read_role(&row.get::<String>(2)?)?,
        disabled_since: row.get::<Option<i64>>(3)?.map(Timestamp),
        last_login_at: row.get::<Option<i64>>(4)?.map(Timestamp),
    })
}

fn read_role(word: &str) -> Result<Role, StoreError> {
    Role::parse(word).ok_or_else(|| StoreError::Corrupt(format!("a role \"{word}\"")))
}

/// Checks an administrator's address: of the organization's domains as soon as there are any, never of consumer mail.
async fn check_address(store: &Store, email: &str) -> Result<String, StoreError> {
    let email = address::normalized(email)?;
    let domain = email_domain(&email);
    if CONSUMER_DOMAINS.contains(&domain) {
        return Err(StoreError::Invalid(format!("{domain} is a consumer mail domain: use an address of the organization")));
    }
    let domains = Domains::load(store).await?;
    if domains.all.is_empty() || domains.kind_of(&email).is_some() {
        return Ok(email);
    }
    Err(StoreError::Invalid(format!(
        "{domain} is not one of the organization's domains: use an address in one of them, or add the domain first"
    )))
}

/// The hash of a new password, made where it does not hold up others; a weak one is refused.
async fn hashed(password: &str) -> Result<String, StoreError> {
    check_password_strength(password).map_err(|weak| StoreError::Invalid(weak.to_string()))?;
    let password = password.to_owned();
    let hashing = tokio::task::spawn_blocking(move || hash_password(&password));
    Ok(hashing.await.expect("hashing a password does not panic and is not cancelled"))
}

async fn verified(password: &str, hash: String) -> bool {
    let password = password.to_owned();
    tokio::task::spawn_blocking(move || verify_password(&password, &hash)).await.unwrap_or(false)
}

/// Adds an administrator.
pub async fn create(store: &Store, by: &Actor, email: &str, password: &str, role: Role) -> Result<Admin, StoreError> {
    let email = check_address(store, email).await?;
    let hash = hashed(password).await?;
    let mut batch = Batch::new();
    let admin = insert(&mut batch, store, by, email, hash, role);
    match store.db.commit(batch).await {
        Err(CommitError::Unique { .. }) => Err(StoreError::Taken { what: "the administrator", key: admin.email }),
        answer => {
            answer?;
            Ok(admin)
        }
    }
}

fn insert(batch: &mut Batch, store: &Store, by: &Actor, email: String, hash: String, role: Role) -> Admin {
    let admin = Admin { id: store.id(), email, role, disabled_since: None, last_login_at: None };
    let now = store.now();
    batch.run(
        "INSERT INTO admin (id, email, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5)",
        [admin.id.get().into(), admin.email.as_str().into(), hash.into(), role.word().into(), now.0.into()],
    );
    let detail = json!({ "admin": admin.email, "role": role });
    append(batch, store, by, now, LogEvent { detail, ..LogEvent::of(names::CREATE_ADMIN) });
    admin
}

/// All administrators, in the order of their addresses.
pub async fn list(store: &Store) -> Result<Vec<Admin>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM admin ORDER BY email");
    store.db.read(Query::new(sql, [])).await?.iter().map(from_row).collect()
}

/// The administrator of this id.
pub async fn get(store: &Store, id: AdminId) -> Result<Admin, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM admin WHERE id = $1");
    let rows = store.db.read(Query::new(sql, [id.get().into()])).await?;
    let not_found = || Err(StoreError::NotFound { what: "administrator", key: id.to_string() });
    rows.first().map_or_else(not_found, from_row)
}

/// The administrator with this address.
pub async fn find_by_email(store: &Store, email: &str) -> Result<Option<Admin>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM admin WHERE email = $1");
    let rows = store.db.read(Query::new(sql, [email.trim().to_lowercase().into()])).await?;
    rows.first().map(from_row).transpose()
}

/// The administrator with this address or id.
pub async fn find(store: &Store, key: &str) -> Result<Admin, StoreError> {
    if let Ok(id) = key.trim().parse() {
        return get(store, id).await;
    }
    let found = find_by_email(store, key).await?;
    found.ok_or_else(|| StoreError::NotFound { what: "administrator", key: key.trim().to_owned() })
}

/// Whether there is any administrator.
pub async fn exists_any(store: &Store) -> Result<bool, StoreError> {
    Ok(!store.db.read(Query::new("SELECT id FROM admin LIMIT 1", [])).await?.is_empty())
}

/// The hash of a password that nobody knows, verified for addresses that nobody has, so that they take as long.
static NOBODY: OnceLock<String> = OnceLock::new();

async fn verify_nobody(password: &str) {
    let password = password.to_owned();
    let verify = move || verify_password(&password, NOBODY.get_or_init(|| hash_password(&provost_platform::random::base62(30))));
    let _ = tokio::task::spawn_blocking(verify).await;
}

/// The administrator who may sign in with this address and password; takes alike long for an address that nobody has.
/// Notes the sign-in.
pub async fn check_password(store: &Store, email: &str, password: &str) -> Result<Option<Admin>, StoreError> {
    let sql = format!("SELECT {COLUMNS}, password_hash FROM admin WHERE email = $1");
    let rows = store.db.read(Query::new(sql, [email.trim().to_lowercase().into()])).await?;
    let Some(row) = rows.first() else {
        verify_nobody(password).await;
        return Ok(None);
    };
    let admin = from_row(row)?;
    let fits = verified(password, row.get(5)?).await;
    if !fits || admin.disabled_since.is_some() {
        return Ok(None);
    }
    let now = store.now();
    let mut batch = Batch::new();
    batch.run("UPDATE admin SET last_login_at = $1 WHERE id = $2", [now.0.into(), admin.id.get().into()]);
    store.db.commit(batch).await?;
    Ok(Some(Admin { last_login_at: Some(now), ..admin }))
}

/// Sets a password. The caller ends the administrator's sessions.
pub async fn set_password(store: &Store, by: &Actor, id: AdminId, password: &str) -> Result<(), StoreError> {
    let admin = get(store, id).await?;
    let hash = hashed(password).await?;
    let mut batch = Batch::new();
    batch.expect(1, "UPDATE admin SET password_hash = $1 WHERE id = $2", [hash.into(), id.get().into()]);
    record(&mut batch, store, by, names::CHANGE_ADMIN_PASSWORD, &admin);
    store.db.commit(batch).await?;
    Ok(())
}

fn record(batch: &mut Batch, store: &Store, by: &Actor, name: &'static str, admin: &Admin) {
    let detail = json!({ "admin": admin.email, "role": admin.role });
    append(batch, store, by, store.now(), LogEvent { detail, ..LogEvent::of(name) });
}

/// What the last super admin must not lose, as a condition on the row of administrator $1.
const ANOTHER_SUPER_ADMIN: &str =
    "EXISTS (SELECT 1 FROM admin o WHERE o.id <> $1 AND o.role = 'super-admin' AND o.disabled_since IS NULL)";

/// Gives an administrator another role. The last super admin keeps theirs.
pub async fn set_role(store: &Store, by: &Actor, id: AdminId, role: Role) -> Result<Admin, StoreError> {
    let admin = get(store, id).await?;
    if admin.role == role {
        return Ok(admin);
    }
    let condition = match role {
        Role::SuperAdmin => "1 = 1",
        Role::Auditor => ANOTHER_SUPER_ADMIN,
    };
    let mut batch = Batch::new();
    let sql = format!("UPDATE admin SET role = $2 WHERE id = $1 AND {condition}");
    batch.expect(1, sql, [id.get().into(), role.word().into()]);
    let admin = Admin { role, ..admin };
    record(&mut batch, store, by, names::ASSIGN_ROLE, &admin);
    commit_unless_last(store, batch, &admin.email).await?;
    Ok(admin)
}

/// Disables an administrator; the last super admin cannot go. The caller ends the sessions.
pub async fn disable(store: &Store, by: &Actor, id: AdminId) -> Result<(), StoreError> {
    let admin = get(store, id).await?;
    if admin.disabled_since.is_some() {
        return Ok(());
    }
    let condition = match admin.role {
        Role::SuperAdmin => ANOTHER_SUPER_ADMIN,
        Role::Auditor => "1 = 1",
    };
    let mut batch = Batch::new();
    let sql = format!("UPDATE admin SET disabled_since = $2 WHERE id = $1 AND {condition}");
    batch.expect(1, sql, [id.get().into(), store.now().0.into()]);
    record(&mut batch, store, by, names::DISABLE_ADMIN, &admin);
    commit_unless_last(store, batch, &admin.email).await
}

async fn commit_unless_last(store: &Store, batch: Batch, email: &str) -> Result<(), StoreError> {
    match store.db.commit(batch).await {
        Err(CommitError::Conflict { .. }) => {
            Err(StoreError::Invalid(format!("{email} is the last super admin: make somebody else a super admin first")))
        }
        answer => {
            answer?;
            Ok(())
        }
    }
}
