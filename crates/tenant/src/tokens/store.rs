//! The token rows.

use super::lifetime::{self, Lifetime};
use super::{Grant, NewToken, SECRET_PREFIX, Token, TokenChange, TokenError, TokenState};
use crate::Tenant;
use provost_db::{Batch, CommitError, DbError, Query, Row};
use provost_platform::{Secret, mint_token, token_hash};

const COLUMNS: &str =
    "t.id, t.name, t.grants, t.created_at, t.created_by, t.expires_at, t.revoked_at, t.last_used_at, t.revision";
const NAME_LENGTH_MAX: usize = 100;

/// Makes a token and answers its secret, which is not kept and cannot be shown again.
pub async fn create(tenant: &Tenant, name: &str, grants: Vec<Grant>, expires: Lifetime) -> Result<Secret, TokenError> {
    let expires_at = expires.after(tenant.inner.clock.now_micros());
    let new = NewToken { name: name.to_owned(), grants, expires_at, created_by: None };
    create_as(tenant, new).await.map(|(_, secret)| secret)
}

/// Makes a token and answers its record and its secret, which is not kept and cannot be shown again.
pub async fn create_as(tenant: &Tenant, new: NewToken) -> Result<(Token, Secret), TokenError> {
    let now = tenant.inner.clock.now_micros();
    let token = Token {
        id: tenant.inner.ids.next(),
        name: checked_name(&new.name)?,
        grants: checked_grants(new.grants)?,
        created_at: now,
        created_by: new.created_by,
        expires_at: checked_expiry(new.expires_at, now)?,
        revoked_at: None,
        last_used_at: None,
        revision: 1,
    };
    let secret = mint_token(SECRET_PREFIX);
    let mut batch = Batch::new();
    batch.expect(
        1,
        "INSERT INTO tenant_token (id, name, name_key, secret_hash, grants, created_at, created_by, expires_at, revision) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            token.id.into(),
            token.name.clone().into(),
            token.name.to_lowercase().into(),
            token_hash(secret.expose()).into(),
            grants_text(&token.grants)?.into(),
            token.created_at.into(),
            token.created_by.clone().into(),
            token.expires_at.into(),
            token.revision.into(),
        ],
    );
    commit(tenant, batch, &token.name).await?;
    Ok((token, secret))
}

/// All tokens, by name.
pub async fn list(tenant: &Tenant) -> Result<Vec<Token>, DbError> {
    let query = Query::new(format!("SELECT {COLUMNS} FROM tenant_token t ORDER BY t.name_key"), []);
    tenant.inner.db.read(query).await?.iter().map(token).collect()
}

/// One token.
pub async fn get(tenant: &Tenant, id: i64) -> Result<Token, TokenError> {
    let query = Query::new(format!("SELECT {COLUMNS} FROM tenant_token t WHERE t.id = $1"), [id.into()]);
    let rows = tenant.inner.db.read(query).await?;
    Ok(token(rows.first().ok_or(TokenError::NotFound)?)?)
}

/// Replaces name, grants or expiry; the secret stays.
pub async fn change(tenant: &Tenant, id: i64, change: TokenChange) -> Result<Token, TokenError> {
    let before = get(tenant, id).await?;
    let now = tenant.inner.clock.now_micros();
    let expires_at = match change.expires_at {
        // The same instant is no change: a whole record may be sent for an expired token's name.
        Some(at) if at != before.expires_at => checked_expiry(at, now)?,
        Some(_) | None => before.expires_at,
    };
    let after = Token {
        name: change.name.map_or(Ok(before.name), |name| checked_name(&name))?,
        grants: change.grants.map_or(Ok(before.grants), checked_grants)?,
        expires_at,
        revision: before.revision + 1,
        ..before
    };
    let mut batch = Batch::new();
    batch.expect(
        1,
        "UPDATE tenant_token SET name = $3, name_key = $4, grants = $5, expires_at = $6, revision = revision + 1 \
         WHERE id = $1 AND revision = $2",
        [
            id.into(),
            before.revision.into(),
            after.name.clone().into(),
            after.name.to_lowercase().into(),
            grants_text(&after.grants)?.into(),
            after.expires_at.into(),
        ],
    );
    commit(tenant, batch, &after.name).await?;
    Ok(after)
}

/// Gives the token a new secret; the old one is dead from the next request on.
pub async fn reissue(tenant: &Tenant, id: i64) -> Result<(Token, Secret), TokenError> {
    let before = get(tenant, id).await?;
    match before.state(tenant.inner.clock.now_micros()) {
        TokenState::Active => {}
        TokenState::Expired => return Err(TokenError::NotActive("expired", "change its expiration first")),
        TokenState::Revoked => return Err(TokenError::NotActive("revoked", "make a new token")),
    }
    let secret = mint_token(SECRET_PREFIX);
    let mut batch = Batch::new();
    batch.expect(
        1,
        "UPDATE tenant_token SET secret_hash = $3, revision = revision + 1 WHERE id = $1 AND revision = $2",
        [id.into(), before.revision.into(), token_hash(secret.expose()).into()],
    );
    commit(tenant, batch, &before.name).await?;
    Ok((Token { revision: before.revision + 1, ..before }, secret))
}

/// Ends the token; its record stays. Revoking twice changes nothing.
pub async fn revoke(tenant: &Tenant, id: i64) -> Result<Token, TokenError> {
    let now = tenant.inner.clock.now_micros();
    let mut batch = Batch::new();
    batch.run(
        "UPDATE tenant_token SET revoked_at = $2, revision = revision + 1 WHERE id = $1 AND revoked_at IS NULL",
        [id.into(), now.into()],
    );
    tenant.inner.db.commit(batch).await.map_err(TokenError::Commit)?;
    get(tenant, id).await
}

/// Ends the token and removes its record.
pub async fn delete(tenant: &Tenant, id: i64) -> Result<(), TokenError> {
    let mut batch = Batch::new();
    batch.expect(1, "DELETE FROM tenant_token WHERE id = $1", [id.into()]);
    match tenant.inner.db.commit(batch).await {
        Ok(_) => Ok(()),
        Err(CommitError::Conflict { .. }) => Err(TokenError::NotFound),
        Err(error) => Err(TokenError::Commit(error)),
    }
}

/// A token that a request bears, with what its owner's idleness depends on.
#[derive(Debug, Clone)]
pub(crate) struct Presented {
    pub(crate) token: Token,
    /// When the administrator who made it was last seen: signed in, or was made.
    pub(crate) owner_seen_at: Option<i64>,
}

/// Finds the token that has this secret, beside the tenant's options: one row, whatever of them there is. It is read with every
/// request, and a single statement needs no transaction.
pub(crate) fn presented_query(secret: Option<&str>) -> Query {
    // No secret has an empty hash.
    let hash = secret.map(token_hash).unwrap_or_default();
    Query::new(
        format!(
            "SELECT {COLUMNS}, COALESCE(a.last_sign_in_at, a.created_at), o.value FROM (SELECT 1 AS one) r \
             LEFT JOIN tenant_setting o ON o.name = 'options' LEFT JOIN tenant_token t ON t.secret_hash = $1 \
             LEFT JOIN tenant_admin a ON a.email = t.created_by"
        ),
        [hash.into()],
    )
}

/// A row of [`presented_query`]: the options' text and the token.
pub(crate) fn presented_from_row(row: &Row) -> Result<(Option<&str>, Option<Presented>), DbError> {
    let is_known = row.get::<Option<i64>>(0)?.is_some();
    let presented = if is_known { Some(Presented { token: token(row)?, owner_seen_at: row.get(9)? }) } else { None };
    Ok((row.text(10)?, presented))
}

impl Presented {
    /// Notes the use, at most once a minute.
    pub(crate) async fn note_use(&self, tenant: &Tenant, now_micros: i64) -> Result<(), CommitError> {
        if !tenant.inner.last_used.is_due(self.token.id, now_micros) {
            return Ok(());
        }
        let mut batch = Batch::new();
        batch.run("UPDATE tenant_token SET last_used_at = $2 WHERE id = $1", [self.token.id.into(), now_micros.into()]);
        tenant.inner.db.commit(batch).await.map(|_| ())
    }
}

fn token(row: &Row) -> Result<Token, DbError> {
    let grants: String = row.get(2)?;
    Ok(Token {
        id: row.get(0)?,
        name: row.get(1)?,
        grants: serde_json::from_str(&grants)
            .map_err(|error| DbError::Engine(format!("a token's grants are not readable: {error}")))?,
        created_at: row.get(3)?,
        created_by: row.get(4)?,
        expires_at: row.get(5)?,
        revoked_at: row.get(6)?,
        last_used_at: row.get(7)?,
        revision: row.get(8)?,
    })
}

async fn commit(tenant: &Tenant, batch: Batch, name: &str) -> Result<(), TokenError> {
    match tenant.inner.db.commit(batch).await {
        Ok(_) => Ok(()),
        Err(CommitError::Unique { .. }) => Err(TokenError::NameTaken(name.to_owned())),
        Err(CommitError::Conflict { .. }) => Err(TokenError::Changed),
        Err(error) => Err(TokenError::Commit(error)),
    }
}

fn checked_name(name: &str) -> Result<String, TokenError> {
    let name = name.trim();
    let well_formed = !name.is_empty() && name.chars().count() <= NAME_LENGTH_MAX && !name.contains(char::is_control);
    if well_formed { Ok(name.to_owned()) } else { Err(TokenError::Name) }
}

fn checked_grants(grants: Vec<Grant>) -> Result<Vec<Grant>, TokenError> {
    let mut checked: Vec<Grant> = Vec::new();
    for grant in grants {
        let grant = Grant::new(&grant.endpoint, grant.permission)?;
        if checked.iter().any(|other| other.endpoint == grant.endpoint) {
            return Err(TokenError::GrantTwice(grant.endpoint));
        }
        checked.push(grant);
    }
    if checked.is_empty() { Err(TokenError::NoGrants) } else { Ok(checked) }
}

fn checked_expiry(expires_at: i64, now: i64) -> Result<i64, TokenError> {
    if expires_at > now && expires_at <= lifetime::furthest(now) { Ok(expires_at) } else { Err(TokenError::Expiry) }
}

fn grants_text(grants: &[Grant]) -> Result<String, DbError> {
    serde_json::to_string(grants).map_err(|error| DbError::Engine(error.to_string()))
}
