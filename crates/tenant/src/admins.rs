//! The tenant's administrators: who may sign in to its console and use its token API. One role; the tenant's own directory of
//! users is another matter ([`crate::users`]).

use crate::{Tenant, options};
use provost_db::{Batch, CommitError, DbError, Query, Row};
use provost_platform::{WeakPassword, check_password_strength, hash_password, verify_password};

const EMAIL_LENGTH_MAX: usize = 254;
/// A hash of nothing anybody types: an unknown address takes as long as a wrong password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$6Jm1nLfC7bR2vGy1yCYUrK0ic8+0Hc1c0YpGyGzXbA8";

/// An administrator of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// In lower case.
    pub email: String,
    /// Microseconds since 1970.
    pub created_at: i64,
    /// Microseconds since 1970; `None` before the first sign-in.
    pub last_sign_in_at: Option<i64>,
}

/// An administrator that cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Not an address.
    #[error("{0:?} is not an e-mail address: write it as name@example.com")]
    Email(String),
    /// There is one.
    #[error("{0} is an administrator of this tenant already")]
    Taken(String),
    /// There is none.
    #[error("{0} is not an administrator of this tenant")]
    Unknown(String),
    /// Guessed too easily.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The change was not kept.
    #[error(transparent)]
    Commit(CommitError),
}

/// Makes an administrator.
pub async fn create(tenant: &Tenant, email: &str, password: &str) -> Result<Admin, AdminError> {
    let email = checked_email(email)?;
    check_password_strength(password)?;
    let hash = hashed(password).await?;
    let now = tenant.inner.clock.now_micros();
    let mut batch = Batch::new();
    batch.expect(
        1,
        "INSERT INTO tenant_admin (id, email, password_hash, created_at) VALUES ($1, $2, $3, $4)",
        [tenant.inner.ids.next().into(), email.clone().into(), hash.into(), now.into()],
    );
    match tenant.inner.db.commit(batch).await {
        Ok(_) => Ok(Admin { email, created_at: now, last_sign_in_at: None }),
        Err(CommitError::Unique { .. }) => Err(AdminError::Taken(email)),
        Err(error) => Err(AdminError::Commit(error)),
    }
}

/// All administrators, by address.
pub async fn list(tenant: &Tenant) -> Result<Vec<Admin>, DbError> {
    let query = Query::new("SELECT email, created_at, last_sign_in_at FROM tenant_admin ORDER BY email", []);
    tenant.inner.db.read(query).await?.iter().map(admin).collect()
}

/// Whether anybody can sign in at all.
pub async fn exists_any(tenant: &Tenant) -> Result<bool, DbError> {
    Ok(!tenant.inner.db.read(Query::new("SELECT email FROM tenant_admin LIMIT 1", [])).await?.is_empty())
}

/// Sets a new password and, when the tenant is set so, revokes the tokens that the administrator made. Open sessions end.
pub async fn set_password(tenant: &Tenant, email: &str, password: &str) -> Result<(), AdminError> {
    let email = checked_email(email)?;
    check_password_strength(password)?;
    let hash = hashed(password).await?;
    let options = options::load(&tenant.inner.db).await?;
    let mut batch = Batch::new();
    batch.expect(1, "UPDATE tenant_admin SET password_hash = $2 WHERE email = $1", [email.clone().into(), hash.into()]);
    if options.tokens_end_with_password {
        batch.run(
            "UPDATE tenant_token SET revoked_at = $2, revision = revision + 1 WHERE created_by = $1 AND revoked_at IS NULL",
            [email.clone().into(), tenant.inner.clock.now_micros().into()],
        );
    }
    match tenant.inner.db.commit(batch).await {
        Ok(_) => Ok(tenant.inner.sessions.end_all_of(&email).await?),
        Err(CommitError::Conflict { .. }) => Err(AdminError::Unknown(email)),
        Err(error) => Err(AdminError::Commit(error)),
    }
}

/// The administrator with this address and password, if there is one. Takes equally long either way.
pub async fn check(tenant: &Tenant, email: &str, password: &str) -> Result<Option<Admin>, DbError> {
    let email = email.trim().to_lowercase();
    let query =
        Query::new("SELECT email, created_at, last_sign_in_at, password_hash FROM tenant_admin WHERE email = $1", [email.into()]);
    let rows = tenant.inner.db.read(query).await?;
    let found = rows.first().map(|row| Ok::<_, DbError>((admin(row)?, row.get::<String>(3)?))).transpose()?;
    let (admin, hash) = found.map_or((None, NOBODY.to_owned()), |(admin, hash)| (Some(admin), hash));
    let password = password.to_owned();
    let matches = blocking(move || verify_password(&password, &hash)).await?;
    Ok(admin.filter(|_| matches))
}

/// Notes that the administrator has signed in.
pub(crate) async fn signed_in(tenant: &Tenant, email: &str) -> Result<(), CommitError> {
    let mut batch = Batch::new();
    batch.run(
        "UPDATE tenant_admin SET last_sign_in_at = $2 WHERE email = $1",
        [email.into(), tenant.inner.clock.now_micros().into()],
    );
    tenant.inner.db.commit(batch).await.map(|_| ())
}

fn admin(row: &Row) -> Result<Admin, DbError> {
    Ok(Admin { email: row.get(0)?, created_at: row.get(1)?, last_sign_in_at: row.get(2)? })
}

fn checked_email(text: &str) -> Result<String, AdminError> {
    let email = text.trim().to_lowercase();
    let well_formed = email.len() <= EMAIL_LENGTH_MAX
        && !email.contains(|c: char| c.is_whitespace() || c.is_control())
        && email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if well_formed { Ok(email) } else { Err(AdminError::Email(text.chars().take(80).collect())) }
}

async fn hashed(password: &str) -> Result<String, DbError> {
    let password = password.to_owned();
    blocking(move || hash_password(&password)).await
}

/// Argon2 takes tens of milliseconds of a processor: never on a thread that serves others.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, DbError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| DbError::Closed)
}
