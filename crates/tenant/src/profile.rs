//! Which server the tenant plays. The traits of each are data of `provost_scim`; the tenant's options adjust them.

use crate::options::{self, DeleteEffect, Options, PatchAnswer, RenameEffect};
use provost_db::DbError;
use provost_scim::provider::{self, AllowedFilter, AllowedFilters, Deletion, Provider, ProviderProfile, ResourceKind};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

/// The names of the profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileName {
    /// What is known of the SCIM API of a Netskope tenant.
    Netskope,
    /// RFC 7643 and RFC 7644 as they are written.
    Standard,
}

/// A name that no profile has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no profile {0:?}: the profiles are netskope and standard")]
pub struct UnknownProfile(pub String);

impl FromStr for ProfileName {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        match name {
            "netskope" => Ok(Self::Netskope),
            "standard" => Ok(Self::Standard),
            other => Err(UnknownProfile(other.to_owned())),
        }
    }
}

impl std::fmt::Display for ProfileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Netskope => "netskope",
            Self::Standard => "standard",
        })
    }
}

impl ProfileName {
    /// The profile's traits: all that tells one server from the other.
    fn traits(self) -> ProviderProfile {
        match self {
            Self::Netskope => ProviderProfile::netskope(),
            Self::Standard => ProviderProfile::standard(),
        }
    }
}

/// A profile's traits with the tenant's options applied.
fn adjusted(mut traits: ProviderProfile, options: &Options) -> ProviderProfile {
    traits.rename_ignored = match options.rename_effect {
        RenameEffect::Applied => traits.rename_ignored,
        RenameEffect::Ignored => true,
    };
    traits.deletion = match options.delete_effect {
        DeleteEffect::Hard => Deletion::Hard,
        DeleteEffect::Soft => Deletion::Soft,
    };
    traits.patch_answer = match options.patch_answer {
        PatchAnswer::AsProfile => traits.patch_answer,
        PatchAnswer::Resource => provider::PatchAnswer::Resource,
    };
    if let (true, AllowedFilters::Only(filters)) = (options.external_id_filter, &mut traits.allowed_filters) {
        filters.push(AllowedFilter { kind: ResourceKind::User, attribute: "externalId" });
    }
    traits
}

/// How the tenant behaves at present.
#[derive(Debug)]
pub(crate) struct Behaviour {
    pub(crate) options: Options,
    /// The profile's, with the options applied.
    pub(crate) provider: Provider,
}

/// The provider for the present options. Their row is read with every request; it is understood again, and the provider with its large
/// schemas made again, only when it says something else.
#[derive(Debug)]
pub(crate) struct Providers {
    /// The traits of the profile, before options.
    traits: ProviderProfile,
    latest: Mutex<Option<(Option<String>, Arc<Behaviour>)>>,
}

impl Providers {
    pub(crate) fn new(name: ProfileName) -> Self {
        Self { traits: name.traits(), latest: Mutex::new(None) }
    }

    /// The traits that no option changes, for whoever has not read the options.
    pub(crate) const fn traits(&self) -> &ProviderProfile {
        &self.traits
    }

    /// The behaviour by the options as they are kept.
    pub(crate) fn by(&self, kept: Option<&str>) -> Result<Arc<Behaviour>, DbError> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, behaviour)) = latest.as_ref()
            && known.as_deref() == kept
        {
            return Ok(Arc::clone(behaviour));
        }
        let options = options::from_text(kept)?;
        let provider = Provider::new(adjusted(self.traits.clone(), &options));
        let behaviour = Arc::new(Behaviour { options, provider });
        *latest = Some((kept.map(str::to_owned), Arc::clone(&behaviour)));
        Ok(behaviour)
    }
}
