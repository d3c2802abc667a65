//! The tenant's settings: the REST API page's switch and rate, and one option for everything that no public document says
//! about a real tenant. They are one row, read with every request, so that a second process or node never serves old ones.

use provost_db::{Batch, CommitError, Db, DbError, Query};
use serde::{Deserialize, Serialize};

/// What a change of `userName` or of an e-mail address does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenameEffect {
    /// It is carried out, as the newer interface description says.
    Applied,
    /// It is accepted and not reflected, as documents of 2022 say.
    Ignored,
}

/// What DELETE leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteEffect {
    /// Nothing.
    Hard,
    /// A tombstone that no API shows; the address is free again.
    Soft,
}

/// What `active: false` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspendEffect {
    /// The user stays, inactive, and can be activated again.
    Deactivates,
    /// The user is removed, as one third-party client reports.
    Removes,
}

/// What a successful PATCH answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatchAnswer {
    /// What the profile says: 204 without a body for Netskope.
    AsProfile,
    /// 200 with the whole resource.
    Resource,
}

/// The settings of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// *REST API Status*: off, no token works.
    pub rest_api_enabled: bool,
    /// *Global Rate Limit*, requests per second over all tokens; 0 is no limit. A second's worth may come at once.
    pub requests_per_second: u32,
    /// Assumed: applied.
    pub rename_effect: RenameEffect,
    /// Assumed: hard.
    pub delete_effect: DeleteEffect,
    /// Assumed: deactivates.
    pub suspend_effect: SuspendEffect,
    /// As the profile says.
    pub patch_answer: PatchAnswer,
    /// Whether users can be filtered by `externalId eq` as well. Assumed: no.
    pub external_id_filter: bool,
    /// Whether a new password of an administrator revokes the tokens that this administrator made.
    pub tokens_end_with_password: bool,
    /// After how many days without a sign-in of its administrator a token stops working; 0 is never.
    pub tokens_end_after_idle_days: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rest_api_enabled: true,
            requests_per_second: 1_000,
            rename_effect: RenameEffect::Applied,
            delete_effect: DeleteEffect::Hard,
            suspend_effect: SuspendEffect::Deactivates,
            patch_answer: PatchAnswer::AsProfile,
            external_id_filter: false,
            tokens_end_with_password: false,
            tokens_end_after_idle_days: 0,
        }
    }
}

/// The settings as they are kept; where nothing is, the defaults.
pub(crate) fn from_text(kept: Option<&str>) -> Result<Options, DbError> {
    let Some(text) = kept else { return Ok(Options::default()) };
    serde_json::from_str(text).map_err(|error| DbError::Engine(format!("the tenant's settings are not readable: {error}")))
}

/// The settings as they stand now.
pub(crate) async fn load(db: &Db) -> Result<Options, DbError> {
    from_text(kept(db).await?.as_deref())
}

/// The same as they are kept.
pub(crate) async fn kept(db: &Db) -> Result<Option<String>, DbError> {
    let rows = db.read(Query::new("SELECT value FROM tenant_setting WHERE name = 'options'", [])).await?;
    Ok(rows.first().map(|row| row.get(0)).transpose()?)
}

/// Replaces the settings.
pub(crate) async fn save(db: &Db, options: &Options) -> Result<(), CommitError> {
    let text = serde_json::to_string(options).map_err(|error| DbError::Engine(error.to_string()))?;
    let mut batch = Batch::new();
    batch.expect(
        1,
        "INSERT INTO tenant_setting (name, value) VALUES ('options', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [text.into()],
    );
    db.commit(batch).await.map(|_| ())
}
