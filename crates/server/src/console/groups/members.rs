//! Adding members to a group and removing them.

use super::profile::profile;
use super::{GROUPS, group_href};
use crate::Server;
use crate::console::form::{Asked, At, Changer, Posted};
use crate::console::frame::{answer, page, refusal, refused_status};
use crate::console::session::SignedIn;
use crate::console::users::effects_of_leaving;
use axum::extract::State;
use axum::response::Response;
use provost_core::directory::{Member, MemberRole};
use provost_core::ids::GroupId;
use provost_store::StoreError;
use provost_store::directory::groups;
use provost_web::{ButtonKind, Confirm, Notice, confirm_with, html, redirect_with_notice};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Added {
    member: String,
    role: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Removed {
    member: String,
}

pub(super) async fn add(State(server): State<Server>, At(id): At<GroupId>, Posted { who, form }: Posted<Added>) -> Response {
    let role = MemberRole::parse(&form.role).unwrap_or(MemberRole::Member);
    let result = match groups::add_member(&server.store, &who.principal.actor, id, &form.member, role).await {
        Ok(member) => Ok(redirect_with_notice(&group_href(id), &added(&member, form.member.trim()))),
        Err(error) => match refusal(&error) {
            Some(text) => {
                let refused = (refused_status(&error), Notice::error(text));
                profile(&server, &who, id, "", &form.member, Some(refused)).await
            }
            None => Err(error),
        },
    };
    answer(&server, &who, result)
}

fn added(member: &Member, key: &str) -> Notice {
    match member {
        Member::User(_) => Notice::success(format!("{key} was added.")),
        Member::Group(_) => Notice::success(format!("The group {key} was added: its members are members through it.")),
        Member::Outside(_) => Notice::warning(format!(
            "{key} was added. Nobody in the directory has this address, so it counts as outside and is never provisioned."
        )),
    }
}

pub(super) async fn show_remove(
    State(server): State<Server>,
    Changer(who): Changer,
    At(id): At<GroupId>,
    Asked(asked): Asked<Removed>,
) -> Response {
    answer(&server, &who, ask(&server, &who, id, &asked.member).await)
}

async fn ask(server: &Server, who: &SignedIn, id: GroupId, member: &str) -> Result<Response, StoreError> {
    let group = groups::get(&server.store, id).await?;
    let back = group_href(id);
    let using = provost_store::apps::apps_using_group(&server.store, id).await?;
    let body = confirm_with(Confirm {
        title: &format!("Remove {member} from {}?", group.name),
        text: "Only the membership ends; the user, group or address itself stays.",
        body: html! { (effects_of_leaving(&using)) },
        action: &format!("{back}/members/remove"),
        confirm_label: "REMOVE",
        kind: ButtonKind::Danger,
        cancel_href: &back,
        hidden: &[("member", member)],
    });
    let crumbs = [("Groups", GROUPS), (&*group.name, &*back), ("Remove member", "")];
    Ok(page(server, who, "Remove member", GROUPS, &crumbs, None, body))
}

pub(super) async fn remove(State(server): State<Server>, At(id): At<GroupId>, Posted { who, form }: Posted<Removed>) -> Response {
    let result = match groups::remove_member(&server.store, &who.principal.actor, id, &form.member).await {
        Ok(()) => {
            let notice = Notice::success(format!("{} was removed.", form.member.trim()));
            Ok(redirect_with_notice(&group_href(id), &notice))
        }
        Err(error) => match refusal(&error) {
            Some(text) => profile(&server, &who, id, "", "", Some((refused_status(&error), Notice::error(text)))).await,
            None => Err(error),
        },
    };
    answer(&server, &who, result)
}
