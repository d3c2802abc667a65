//! The forms of the four parts that are edited, and the configuration that each one proposes.

use super::super::form::Fields;
use super::super::parts::{deprovisioning, endpoint, mapping, preview, scope};
use super::super::path_of;
use crate::Server;
use provost_core::app::{App, Connection, ConnectionConfig, ScopeMode, SecondaryDomains};
use provost_store::StoreError;
use provost_web::{Markup, checkbox_with_hint, html};

/// A part of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Endpoint,
    Mapping,
    Scope,
    Deprovisioning,
}

impl Part {
    /// The part of a path.
    pub(super) fn parse(slug: &str) -> Option<Self> {
        [Self::Endpoint, Self::Mapping, Self::Scope, Self::Deprovisioning].into_iter().find(|part| part.slug() == slug)
    }

    /// In the path.
    pub(super) const fn slug(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Mapping => "mapping",
            Self::Scope => "scope",
            Self::Deprovisioning => "deprovisioning",
        }
    }

    /// The heading.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Endpoint => "Endpoint URL",
            Self::Mapping => "Attribute mapping",
            Self::Scope => "Provisioning scope",
            Self::Deprovisioning => "Deprovisioning",
        }
    }

    /// Whether the form sent one of the buttons within it, after which it is shown again.
    pub(super) fn acted(self, fields: &Fields) -> bool {
        match self {
            Self::Mapping => mapping::acted(fields),
            Self::Scope => scope::acted(fields),
            Self::Endpoint | Self::Deprovisioning => false,
        }
    }
}

/// The content of a part's form: as sent, or as stored when nothing was sent yet.
pub(super) async fn content(
    server: &Server,
    part: Part,
    app: &App,
    connection: &Connection,
    sent: Option<&Fields>,
) -> Result<Markup, StoreError> {
    let config = &connection.config;
    match part {
        Part::Endpoint => {
            let value = sent.map_or(config.endpoint.as_str(), |fields| fields.text("endpoint"));
            Ok(html! {
                (endpoint::body(&app.name, connection.profile, value, None))
                p.muted { "On another host the access token is erased, because it would be sent there: reauthorize afterwards." }
            })
        }
        Part::Mapping => {
            let rows = sent.map_or_else(|| mapping::rows_of(&config.mapping), mapping::rows_sent);
            let user = sent.map_or("", |fields| fields.text("preview_user"));
            let path = path_of(app, "preview");
            let preview = preview::preview(server, connection.profile, &rows, user, &path).await?;
            Ok(mapping::body(&app.name, connection.profile, &rows, &path, &preview))
        }
        Part::Scope => scope_content(server, app, connection, sent).await,
        Part::Deprovisioning => {
            let policy = sent.map_or(config.deprovisioning, deprovisioning::read);
            Ok(html! {
                (deprovisioning::body(&app.name, connection.profile, &policy))
                (checkbox_with_hint("Apply changed periods at once to accounts that wait already", "earlier", "on",
                    sent.is_some_and(|fields| fields.ticked("earlier")),
                    Some("Without this, accounts that wait already get at least 24 hours from now.")))
            })
        }
    }
}

async fn scope_content(server: &Server, app: &App, connection: &Connection, sent: Option<&Fields>) -> Result<Markup, StoreError> {
    let store = &server.store;
    let stored = &connection.config.scope;
    let input = sent.map_or_else(|| scope::Input::of(stored), |fields| scope::Input::sent(fields, Some(stored)));
    let mut proposed = connection.clone();
    proposed.config.scope = input.scope();
    proposed.config.secondary_domains = secondary_domains(sent, connection.config.secondary_domains);
    let secondary = proposed.config.secondary_domains;
    let users = scope::count(store, app, proposed).await?;
    let chosen = scope::chosen(store, &input).await?;
    let found = scope::found(store, &input).await?;
    let path = path_of(app, "edit/scope");
    let was_limited = stored.mode == ScopeMode::Groups;
    Ok(html! {
        (scope::body(&app.name, &input, &chosen, &found, users, &path))
        (scope::secondary_domains(secondary))
        @if was_limited && input.groups.is_empty() {
            (checkbox_with_hint(&format!("Provision everybody with access to {}", app.name), "everyone", "on",
                sent.is_some_and(|fields| fields.ticked("everyone")),
                Some("The last group was removed. Tick this to lift the limit, or choose another group.")))
        }
    })
}

fn secondary_domains(sent: Option<&Fields>, stored: SecondaryDomains) -> SecondaryDomains {
    match sent.map(|fields| fields.text("secondary_domains")) {
        Some("skip_in_groups") => SecondaryDomains::SkipInGroups,
        Some("include") => SecondaryDomains::Include,
        Some("skip") => SecondaryDomains::Skip,
        Some(_) | None => stored,
    }
}

/// The configuration that a form proposes, or what is wrong with it.
pub(super) fn proposed(
    server: &Server,
    part: Part,
    connection: &Connection,
    fields: &Fields,
) -> Result<ConnectionConfig, String> {
    let mut config = connection.config.clone();
    match part {
        Part::Endpoint => config.endpoint = endpoint::read(server, fields.text("endpoint"))?,
        Part::Mapping => config.mapping = mapping::parse(&mapping::rows_sent(fields), connection.profile)?,
        Part::Scope => {
            let input = scope::Input::sent(fields, Some(&config.scope));
            let lifts = config.scope.mode == ScopeMode::Groups && input.groups.is_empty();
            if lifts && !fields.ticked("everyone") {
                return Err(
                    "No group is left. Choose at least one, or tick that everybody with access is provisioned.".to_owned()
                );
            }
            config.scope = input.scope();
            config.secondary_domains = secondary_domains(Some(fields), config.secondary_domains);
        }
        Part::Deprovisioning => config.deprovisioning = deprovisioning::read(fields),
    }
    Ok(config)
}
