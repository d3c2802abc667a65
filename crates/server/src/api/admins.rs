//! Administrators of the console.

use super::ProblemKind::{Conflict, Invalid};
use super::extract::{At, Body};
use super::json::{Answer, CreatedPlain, Done, Listed, Shown, done, instant, ok, whole};
use super::{Noun, change, read};
use crate::Server;
use crate::access::{self, Principal};
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Method};
use provost_core::ids::AdminId;
use provost_core::time::Rfc3339;
use provost_store::admins::{self, Admin, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) fn routes() -> Noun {
    Noun {
        name: "Administrators",
        about: "Who signs in to the console. Programs have API keys instead.",
        routes: vec![
            read("/admins", "List administrators", list).told("All of them, also disabled ones, in the order of their addresses."),
            change(Method::POST, "/admins", "Add an administrator", add)
                .told("The address must be in a domain of the directory as soon as there is one. The password has at least 8 characters.")
                .sending(r#"{"email":"sam@example.com","password":"correct horse battery","role":"auditor"}"#)
                .refuses(&[Conflict, Invalid]),
            read("/admins/{key}", "Show an administrator", show),
            change(Method::PATCH, "/admins/{key}", "Change an administrator's role", edit)
                .told("It holds from their next request on. The last super admin keeps the role.")
                .sending(r#"{"role":"super-admin"}"#)
                .refuses(&[Invalid]),
            change(Method::PUT, "/admins/{key}/password", "Set an administrator's password", set_password)
                .told("All their sessions end.")
                .sending(r#"{"password":"another long password"}"#)
                .refuses(&[Invalid]),
            change(Method::POST, "/admins/{key}/disable", "Disable an administrator", disable)
                .told("They are signed out at once and can no longer sign in. The last super admin cannot be disabled.")
                .refuses(&[Invalid]),
        ],
    }
}

/// An administrator of the console.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Admin")]
struct AdminBody {
    id: AdminId,
    /// The address to sign in with, in lower case.
    email: String,
    role: Role,
    /// Null as long as they can sign in.
    disabled_since: Option<Rfc3339>,
    last_sign_in: Option<Rfc3339>,
}

fn admin_body(admin: Admin) -> AdminBody {
    AdminBody {
        id: admin.id,
        email: admin.email,
        role: admin.role,
        disabled_since: instant(admin.disabled_since),
        last_sign_in: instant(admin.last_login_at),
    }
}

async fn list(State(server): State<Server>) -> Answer<Shown<Listed<AdminBody>>> {
    ok(whole(admins::list(&server.store).await?.into_iter().map(admin_body).collect()))
}

/// An administrator to be added. It holds a password, and is not printed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewAdmin", description = "An administrator to be added.")]
struct Added {
    /// The address to sign in with.
    email: String,
    password: String,
    role: Role,
}

async fn add(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Body(new): Body<Added>,
) -> Answer<CreatedPlain<AdminBody>> {
    let admin = admins::create(&server.store, &caller.actor, &new.email, &new.password, new.role).await?;
    Ok(CreatedPlain(admin_body(admin)))
}

async fn show(State(server): State<Server>, At(key): At<String>) -> Answer<Shown<AdminBody>> {
    ok(admin_body(admins::find(&server.store, &key).await?))
}

/// What to change of an administrator.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AdminEdit")]
struct Edited {
    role: Role,
}

async fn edit(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(edited): Body<Edited>,
) -> Answer<Shown<AdminBody>> {
    let admin = admins::find(&server.store, &key).await?;
    ok(admin_body(admins::set_role(&server.store, &caller.actor, admin.id, edited.role).await?))
}

/// What an administrator is to sign in with. It is not printed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "What an administrator is to sign in with.")]
struct NewPassword {
    /// At least 8 characters; longer is better.
    password: String,
}

async fn set_password(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(new): Body<NewPassword>,
) -> Answer<Done> {
    let admin = admins::find(&server.store, &key).await?;
    // A key has no session that could be kept.
    access::set_password(&server, &caller.actor, admin.id, &new.password, &HeaderMap::new()).await?;
    done()
}

async fn disable(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
) -> Answer<Shown<AdminBody>> {
    let admin = admins::find(&server.store, &key).await?;
    access::disable(&server, &caller.actor, admin.id).await?;
    ok(admin_body(admins::get(&server.store, admin.id).await?))
}
