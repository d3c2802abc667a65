//! The file's shape, and reading it. Names are names here: nothing is looked up.

use super::Duration;
use provost_core::app::{
    ArchivedRule, ConnectionStatus, DriftRule, GracePeriod, ScopeMembers, SecondaryDomains, ServiceStatus, SsoDetails,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The largest file.
const BYTES_MAX: usize = 1024 * 1024;

/// A file that is not one of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Not YAML, an unknown key, a missing key, or a value of the wrong kind.
    #[error("line {line}, column {column}: {message}")]
    At {
        /// Counted from 1.
        line: u64,
        /// Counted from 1.
        column: u64,
        /// What is wrong there.
        message: String,
    },
    /// The same without a place.
    #[error("{0}")]
    Nowhere(String),
    /// Too large.
    #[error("the file is larger than 1 MiB: split it by apps")]
    TooLarge,
    /// Two entries for one app.
    #[error("the app \"{0}\" stands in the file twice: merge its entries")]
    Twice(String),
}

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// The apps; those that are not listed are left as they are.
    #[serde(default)]
    pub apps: Vec<AppEntry>,
}

/// One app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppEntry {
    /// By which the app is found, whatever its case.
    pub name: String,
    /// The key of its profile: `netskope`, `generic`. A new app needs it; an existing one keeps its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<String>,
    /// What single sign-on needs to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso: Option<SsoDetails>,
    /// For whom the app is ON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<AccessEntry>,
    /// The connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoprovisioning: Option<AutoprovisioningEntry>,
}

/// The service status, by paths and addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessEntry {
    /// What holds where no org unit says otherwise.
    pub default: ServiceStatus,
    /// Explicit settings by path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub org_units: BTreeMap<String, ServiceStatus>,
    /// Access groups by address. A group can only turn the app ON.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, ServiceStatus>,
}

/// The provisioning configuration. The token never stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoprovisioningEntry {
    /// The SCIM base URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// A file that holds the token; read by the command, relative to the configuration file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<String>,
    /// An environment variable that holds the token; read by the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_env: Option<String>,
    /// Merged over the catalogue's default: the app's attribute to its source; null removes an optional one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<BTreeMap<String, Option<String>>>,
    /// Who is provisioned among those with access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeEntry>,
    /// What becomes of users in secondary domains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secondary_domains: Option<SecondaryDomains>,
    /// What becomes of archived users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<ArchivedRule>,
    /// When accounts go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprovisioning: Option<DeprovisioningEntry>,
    /// The length of "within 24 hours" for a hard delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_24_hours_delete: Option<Duration>,
    /// How many removals go in 24 hours without being asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<GuardEntry>,
    /// For how long nothing new must have happened before a removal goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removal_quiet: Option<Duration>,
    /// Drift checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftEntry>,
    /// Turned on or off; left out, it stays as it is, and a new connection is inactive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ConnectionStatus>,
}

/// Drift checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriftEntry {
    /// `repair`, `report` or `accept`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differences: Option<DriftRule>,
    /// How often a check begins by itself; 0: only on demand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
}

/// The scope: `everyone`, or `groups: [...]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScopeEntry {
    /// All users with app access.
    Everyone,
    /// Users with app access who are members of one of these.
    Groups(Vec<ScopeGroupEntry>),
}

/// One group of the scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeGroupEntry {
    /// Its address.
    pub group: String,
    /// Whether members of nested groups count.
    pub members: ScopeMembers,
}

/// One rule a trigger; a trigger that is left out has nothing ticked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeprovisioningEntry {
    /// When an app is turned off for a user.
    #[serde(default)]
    pub app_off: RuleEntry,
    /// When a user is suspended.
    #[serde(default)]
    pub suspended: RuleEntry,
    /// When a user is deleted.
    #[serde(default)]
    pub deleted: RuleEntry,
}

/// The two actions of a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleEntry {
    /// Before the account is suspended.
    #[serde(default, skip_serializing_if = "Wait::is_never")]
    pub suspend_after: Wait,
    /// Before the account is hard deleted.
    #[serde(default)]
    pub delete_after: Wait,
}

/// A grace period, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Wait {
    /// Not ticked.
    #[default]
    #[serde(rename = "never")]
    Never,
    /// A suspend at once, a hard delete after `within_24_hours_delete`.
    #[serde(rename = "within_24_hours")]
    Within24Hours,
    /// After 1 day.
    #[serde(rename = "1d")]
    Days1,
    /// After 7 days.
    #[serde(rename = "7d")]
    Days7,
    /// After 21 days.
    #[serde(rename = "21d")]
    Days21,
}

impl Wait {
    /// The grace period, or nothing for never.
    pub const fn period(self) -> Option<GracePeriod> {
        match self {
            Self::Never => None,
            Self::Within24Hours => Some(GracePeriod::Within24Hours),
            Self::Days1 => Some(GracePeriod::Days1),
            Self::Days7 => Some(GracePeriod::Days7),
            Self::Days21 => Some(GracePeriod::Days21),
        }
    }

    /// The word for a grace period, or never.
    pub const fn of(period: Option<GracePeriod>) -> Self {
        match period {
            None => Self::Never,
            Some(GracePeriod::Within24Hours) => Self::Within24Hours,
            Some(GracePeriod::Days1) => Self::Days1,
            Some(GracePeriod::Days7) => Self::Days7,
            Some(GracePeriod::Days21) => Self::Days21,
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
    const fn is_never(&self) -> bool {
        matches!(self, Self::Never)
    }
}

/// The guard's limits; one that is left out stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardEntry {
    /// Never fewer than this many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<u32>,
    /// Up to this many where it is at most `cap_percent` of the accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<u32>,
    /// See `cap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap_percent: Option<u32>,
    /// Always this share of the accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u32>,
}

/// Reads a file. Unknown keys are refused with their line and column.
pub fn parse(text: &str) -> Result<ConfigFile, FileError> {
    if text.len() > BYTES_MAX {
        return Err(FileError::TooLarge);
    }
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(ConfigFile::default());
    }
    let options = serde_saphyr::options! { with_snippet: false };
    let file: ConfigFile = serde_saphyr::from_str_with_options(text, options).map_err(|error| placed(&error))?;
    let key = |app: &AppEntry| app.name.trim().to_lowercase();
    for (index, app) in file.apps.iter().enumerate() {
        if file.apps[..index].iter().any(|earlier| key(earlier) == key(app)) {
            return Err(FileError::Twice(app.name.clone()));
        }
    }
    Ok(file)
}

fn placed(error: &serde_saphyr::Error) -> FileError {
    let message = error.to_string();
    let Some(location) = error.location() else { return FileError::Nowhere(message) };
    let (line, column) = (location.line(), location.column());
    // The library puts the place into its words too, in words of its own.
    let message = [format!(" at line {line}, column {column}"), format!("line {line} column {column}: ")]
        .iter()
        .fold(message, |message, place| message.replace(place.as_str(), ""));
    FileError::At { line, column, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"apps:
  - name: Netskope
    catalogue: netskope                 # or: generic
    sso: { acs_url: "https://tenant.example/acs", entity_id: "https://tenant.example" }
    access: { default: on, org_units: { "/Contractors": off }, groups: { "vip@example.com": on } }
    autoprovisioning:
      endpoint: "http://127.0.0.1:8090/api/v2/scim"
      token_file: ./token
      mapping: { title: user.organizations.title, displayName: null, emails.primary: true }
      scope: { groups: [ { group: "eng@example.com", members: all } ] }
      secondary_domains: skip_in_groups
      deprovisioning:
        app_off:   { delete_after: 7d }
        suspended: { delete_after: 21d, suspend_after: within_24_hours }
        deleted:   { delete_after: never }
      guard: { floor: 5 }
      removal_quiet: 0
      status: active
"#;

    #[test]
    fn the_whole_shape_is_read() {
        let file = parse(WHOLE).unwrap();
        let app = &file.apps[0];
        let access = app.access.as_ref().unwrap();
        assert_eq!(access.default, ServiceStatus::On);
        assert_eq!(access.org_units["/Contractors"], ServiceStatus::Off);
        let entry = app.autoprovisioning.as_ref().unwrap();
        let mapping = entry.mapping.as_ref().unwrap();
        assert_eq!(mapping["title"].as_deref(), Some("user.organizations.title"));
        assert_eq!(mapping["displayName"], None);
        assert_eq!(mapping["emails.primary"].as_deref(), Some("true"));
        let group = ScopeGroupEntry { group: "eng@example.com".to_owned(), members: ScopeMembers::All };
        assert_eq!(entry.scope, Some(ScopeEntry::Groups(vec![group])));
        let deprovisioning = entry.deprovisioning.unwrap();
        assert_eq!(deprovisioning.app_off.delete_after, Wait::Days7);
        assert_eq!(deprovisioning.suspended.suspend_after, Wait::Within24Hours);
        assert_eq!(deprovisioning.deleted, RuleEntry::default());
        assert_eq!(entry.guard.unwrap().floor, Some(5));
        assert_eq!(entry.removal_quiet.unwrap().to_string(), "0s");
        assert_eq!(entry.status, Some(ConnectionStatus::Active));
        let everyone = WHOLE.replace("{ groups: [ { group: \"eng@example.com\", members: all } ] }", "everyone");
        assert_eq!(parse(&everyone).unwrap().apps[0].autoprovisioning.as_ref().unwrap().scope, Some(ScopeEntry::Everyone));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let file = parse(WHOLE).unwrap();
        let written = serde_saphyr::to_string(&file).unwrap();
        assert_eq!(parse(&written), Ok(file), "{written}");
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        for (from, to, line, column, named) in [
            ("      status: active", "      statsu: active", 18, 7, "statsu"),
            ("    catalogue: netskope", "    catalog: netskope", 3, 5, "catalog"),
            ("{ delete_after: 7d }", "{ delete_afterwards: 7d }", 13, 22, "delete_afterwards"),
            ("      token_file: ./token", "      token: secret", 8, 7, "token"),
        ] {
            let error = parse(&WHOLE.replace(from, to)).unwrap_err();
            let FileError::At { line: l, column: c, message } = &error else { panic!("{error}") };
            assert_eq!((*l, *c), (line, column), "{error}");
            assert!(message.contains(named), "{error}");
        }
    }

    #[test]
    fn values_of_the_wrong_kind_and_broken_yaml_have_a_place_too() {
        for (from, to, line) in [
            ("delete_after: 7d", "delete_after: 8d", 13),
            ("default: on", "default: maybe", 5),
            ("members: all", "members: some", 10),
            ("status: active", "status: on", 18),
            ("removal_quiet: 0", "removal_quiet: soon", 17),
            ("scope: { groups", "scope: { group", 10),
            ("      status: active", "      endpoint: again", 18),
            ("    catalogue: netskope ", "   catalogue: netskope ", 3),
        ] {
            let error = parse(&WHOLE.replace(from, to)).unwrap_err();
            let FileError::At { line: l, .. } = &error else { panic!("{error}") };
            assert_eq!(*l, line, "{error}");
        }
    }

    #[test]
    fn an_app_stands_in_the_file_once_and_an_empty_file_is_no_app() {
        let twice = "apps:\n  - { name: A, catalogue: generic }\n  - { name: a, catalogue: generic }\n";
        assert_eq!(parse(twice), Err(FileError::Twice("a".to_owned())));
        assert_eq!(parse("# nothing yet\n\n"), Ok(ConfigFile::default()));
        assert_eq!(parse(&" ".repeat(BYTES_MAX + 1)), Err(FileError::TooLarge));
    }
}
