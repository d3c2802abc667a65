//! Settings: how this tenant behaves where nothing public says how a real one does.

use super::error::PageError;
use super::view::{View, done};
use crate::options::{DeleteEffect, Options, PatchAnswer, RenameEffect, SuspendEffect};
use axum::Form;
use axum::http::StatusCode;
use axum::response::Response;
use provost_web::{
    ButtonKind, Field, FieldKind, Markup, button, card, checkbox_with_hint, field, form, form_actions, hint, html, page_header,
    select, stack,
};
use std::collections::HashMap;

pub(super) const PATH: &str = "/settings/tools/behaviour";
const TITLE: &str = "Settings";
const IDLE_DAYS_MAX: u32 = 3_650;

pub(super) async fn page(view: View) -> Result<Response, PageError> {
    let options = view.tenant.options().await?;
    let idle_days = options.tokens_end_after_idle_days.to_string();
    Ok(settings_page(&view, &options, &idle_days, None))
}

pub(super) async fn save(view: View, Form(sent): Form<HashMap<String, String>>) -> Result<Response, PageError> {
    let before = view.tenant.options().await?;
    let is = |name: &str, value: &str| sent.get(name).is_some_and(|text| text == value);
    let idle_days = sent.get("idle_days").map_or("0", |text| text.trim());
    let options = Options {
        rename_effect: if is("rename", "ignored") { RenameEffect::Ignored } else { RenameEffect::Applied },
        delete_effect: if is("delete", "soft") { DeleteEffect::Soft } else { DeleteEffect::Hard },
        suspend_effect: if is("suspend", "removes") { SuspendEffect::Removes } else { SuspendEffect::Deactivates },
        patch_answer: if is("patch", "resource") { PatchAnswer::Resource } else { PatchAnswer::AsProfile },
        external_id_filter: is("external_id_filter", "yes"),
        tokens_end_with_password: is("tokens_end_with_password", "yes"),
        ..before
    };
    let Some(days) = idle_days.parse().ok().filter(|days| *days <= IDLE_DAYS_MAX) else {
        let error = format!("Write a whole number of days from 0 to {IDLE_DAYS_MAX}.");
        return Ok(settings_page(&view, &options, idle_days, Some(&error)));
    };
    view.tenant.set_options(&Options { tokens_end_after_idle_days: days, ..options }).await?;
    Ok(done(PATH, "The settings were saved. They apply from the next request on."))
}

fn settings_page(view: &View, options: &Options, idle_days: &str, error: Option<&str>) -> Response {
    let fields = html! {
        (stack(&[card("SCIM", scim_fields(options)), card("Tokens", token_fields(options, idle_days, error))]))
        (form_actions(button("Save", ButtonKind::Primary)))
    };
    let body = html! {
        (page_header(TITLE, html! {}))
        (hint(&format!(
            "This tenant plays the profile “{}”. Where no public document says how the real service behaves, it is set here; the first choice is assumed.",
            view.tenant.profile()
        )))
        (form(PATH, fields))
    };
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    view.page_with(status, TITLE, PATH, &[], body)
}

fn scim_fields(options: &Options) -> Markup {
    let rename = match options.rename_effect {
        RenameEffect::Applied => "applied",
        RenameEffect::Ignored => "ignored",
    };
    let delete = match options.delete_effect {
        DeleteEffect::Hard => "hard",
        DeleteEffect::Soft => "soft",
    };
    let suspend = match options.suspend_effect {
        SuspendEffect::Deactivates => "deactivates",
        SuspendEffect::Removes => "removes",
    };
    let patch = match options.patch_answer {
        PatchAnswer::AsProfile => "profile",
        PatchAnswer::Resource => "resource",
    };
    html! {
        (select("A changed userName or e-mail address is", "rename", &[("applied", "Applied"), ("ignored", "Accepted and ignored")], rename))
        (select("DELETE", "delete", &[("hard", "Removes the user"), ("soft", "Leaves a tombstone that no API shows")], delete))
        (select("active: false", "suspend", &[("deactivates", "Deactivates the user"), ("removes", "Removes the user")], suspend))
        (select("A successful PATCH answers", "patch", &[("profile", "As the profile says"), ("resource", "200 with the resource")], patch))
        (checkbox_with_hint(
            "Filter users by externalId",
            "external_id_filter",
            "yes",
            options.external_id_filter,
            Some("Besides userName. A filter that is not supported is answered with 400."),
        ))
    }
}

fn token_fields(options: &Options, idle_days: &str, error: Option<&str>) -> Markup {
    html! {
        (checkbox_with_hint(
            "An administrator's new password revokes the tokens that this administrator made",
            "tokens_end_with_password",
            "yes",
            options.tokens_end_with_password,
            None,
        ))
        (field(Field {
            label: "Days without a sign-in of its administrator after which a token stops working",
            name: "idle_days",
            value: idle_days,
            kind: FieldKind::Number,
            hint: Some("0 is never."),
            error,
            ..Field::default()
        }))
    }
}
