//! Suspend, unsuspend, archive, unarchive, delete, restore: each asks first, and says what provisioning will do about it.

use super::{USERS, effects, org_unit_options, org_unit_path, shown_name, user_href};
use crate::Server;
use crate::console::form::{At, Changer, Posted};
use crate::console::frame::{answer, page_with, refusal, refused_status};
use crate::console::session::SignedIn;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use provost_core::directory::{InvalidTransition, RESTORE_WINDOW, User, UserStatus};
use provost_core::ids::UserId;
use provost_core::time::Timestamp;
use provost_store::StoreError;
use provost_store::directory::users;
use provost_web::{
    ButtonKind, Confirm, Field, Markup, Notice, confirm_with, field, html, not_found, notice_box, redirect_with_notice, select,
};
use serde::Deserialize;

/// What can be done to a user's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Suspend,
    Unsuspend,
    Archive,
    Unarchive,
    Delete,
    Restore,
}

impl Verb {
    pub(super) const ALL: [Self; 6] =
        [Self::Suspend, Self::Unsuspend, Self::Archive, Self::Unarchive, Self::Delete, Self::Restore];

    /// The end of the page's address.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Suspend => "suspend",
            Self::Unsuspend => "unsuspend",
            Self::Archive => "archive",
            Self::Unarchive => "unarchive",
            Self::Delete => "delete",
            Self::Restore => "restore",
        }
    }

    /// As the user page's list of actions says it.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Suspend => "Suspend",
            Self::Unsuspend => "Reactivate",
            Self::Archive => "Archive",
            Self::Unarchive => "Unarchive",
            Self::Delete => "Delete",
            Self::Restore => "Restore",
        }
    }

    const fn done(self) -> &'static str {
        match self {
            Self::Suspend => "was suspended",
            Self::Unsuspend => "was reactivated",
            Self::Archive => "was archived",
            Self::Unarchive => "was unarchived",
            Self::Delete => "was deleted, and can be restored for 20 days",
            Self::Restore => "was restored",
        }
    }

    const fn kind(self) -> ButtonKind {
        match self {
            Self::Delete => ButtonKind::Danger,
            Self::Suspend | Self::Unsuspend | Self::Archive | Self::Unarchive | Self::Restore => ButtonKind::Primary,
        }
    }

    /// The status afterwards, as the directory's rules have it.
    pub(super) fn applied(self, status: UserStatus, now: Timestamp) -> Result<UserStatus, InvalidTransition> {
        match self {
            Self::Suspend => status.suspend("", now),
            Self::Unsuspend => status.unsuspend(),
            Self::Archive => status.archive(now),
            Self::Unarchive => status.unarchive(now),
            Self::Delete => status.delete(now),
            Self::Restore => status.restore(now),
        }
    }

    const fn explained(self) -> &'static str {
        match self {
            Self::Suspend => "The user stays in the directory, with groups and organizational unit, and is marked suspended.",
            Self::Unsuspend => "The suspension ends. Grace periods that it began are cancelled.",
            Self::Archive => "Provisioning leaves an archived user alone: nothing is sent, and grace periods stand still.",
            Self::Unarchive => "Provisioning takes the user up again. Grace periods of causes that still hold begin anew.",
            Self::Delete => {
                "The address is free at once. The user, with groups, can be restored for 20 days and is then forgotten."
            }
            Self::Restore => "The user comes back with address, groups and the flags they had.",
        }
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    org_unit: String,
}

fn verb_of(word: &str) -> Option<Verb> {
    Verb::ALL.into_iter().find(|verb| verb.word() == word)
}

pub(super) async fn show(State(server): State<Server>, Changer(who): Changer, At((id, verb)): At<(UserId, String)>) -> Response {
    let Some(verb) = verb_of(&verb) else { return not_found() };
    answer(&server, &who, ask(&server, &who, StatusCode::OK, id, verb, &Typed::default(), None).await)
}

async fn ask(
    server: &Server,
    who: &SignedIn,
    status: StatusCode,
    id: UserId,
    verb: Verb,
    typed: &Typed,
    notice: Option<&Notice>,
) -> Result<Response, StoreError> {
    let user = users::get(&server.store, id).await?;
    let (name, back, now) = (shown_name(&user), user_href(id), server.store.now());
    let crumbs = [("Users", USERS), (&*name, &*back), (verb.label(), "")];
    let body = match verb.applied(user.status.clone(), now) {
        Ok(_) => {
            let title = format!("{} {name}?", verb.label());
            confirm_with(Confirm {
                title: &title,
                text: verb.explained(),
                body: more(server, &user, verb, typed).await?,
                action: &format!("{back}/{}", verb.word()),
                confirm_label: &verb.label().to_uppercase(),
                kind: verb.kind(),
                cancel_href: &back,
                hidden: &[],
            })
        }
        Err(invalid) => html! {
            (notice_box(&Notice::error(crate::console::frame::sentence(&invalid.to_string()))))
            p { a href=(back) { "Back to " (name) } }
        },
    };
    Ok(page_with(status, server, who, verb.label(), USERS, &crumbs, notice, body))
}

async fn more(server: &Server, user: &User, verb: Verb, typed: &Typed) -> Result<Markup, StoreError> {
    let now = server.store.now();
    let effects = effects::of(&server.store, user.id, now, |user| {
        if let Ok(status) = verb.applied(user.status.clone(), now) {
            user.status = status;
        }
    })
    .await?;
    Ok(html! {
        (effects::shown(&effects))
        @if verb == Verb::Suspend {
            (field(Field { label: "Reason", name: "reason", value: &typed.reason, hint: Some("Optional. Stands on the user's page and in the log."), ..Field::default() }))
        }
        @if verb == Verb::Restore { (restore_fields(server, user, typed).await?) }
    })
}

async fn restore_fields(server: &Server, user: &User, typed: &Typed) -> Result<Markup, StoreError> {
    let former = org_unit_path(&server.store, user).await?;
    let chosen =
        if typed.org_unit.is_empty() { former.clone().unwrap_or_else(|| "/".to_owned()) } else { typed.org_unit.clone() };
    let until = user.status.deleted_since.map(|since| since + RESTORE_WINDOW);
    Ok(html! {
        @if let Some(until) = until { p.muted { "Can be restored until " (provost_web::time(until.0)) "." } }
        @if former.is_none() { p { "The organizational unit that the user was in is gone: choose another." } }
        (select("Organizational unit", "org_unit", &org_unit_options(&server.store).await?, &chosen))
    })
}

pub(super) async fn submit(
    State(server): State<Server>,
    At((id, verb)): At<(UserId, String)>,
    Posted { who, form: typed }: Posted<Typed>,
) -> Response {
    let Some(verb) = verb_of(&verb) else { return not_found() };
    let (store, by) = (&server.store, &who.principal.actor);
    let done = match verb {
        Verb::Suspend => users::suspend(store, by, id, &typed.reason).await,
        Verb::Unsuspend => users::unsuspend(store, by, id).await,
        Verb::Archive => users::archive(store, by, id).await,
        Verb::Unarchive => users::unarchive(store, by, id).await,
        Verb::Delete => users::delete(store, by, id).await,
        Verb::Restore => users::restore(store, by, id, Some(&*typed.org_unit).filter(|path| !path.is_empty())).await,
    };
    let result = match done {
        Ok(user) => {
            let notice = Notice::success(format!("{} {}.", shown_name(&user), verb.done()));
            Ok(redirect_with_notice(&user_href(id), &notice))
        }
        Err(error @ StoreError::NotFound { what: "user", .. }) => Err(error),
        Err(error) => match refusal(&error) {
            Some(text) => ask(&server, &who, refused_status(&error), id, verb, &typed, Some(&Notice::error(text))).await,
            None => Err(error),
        },
    };
    answer(&server, &who, result)
}
