//! What surrounds every page of the console, and the pages for what went wrong.

use super::session::SignedIn;
use crate::Server;
use axum::http::StatusCode;
use axum::response::Response;
use provost_store::StoreError;
use provost_web::{
    ButtonKind, Chrome, Markup, NavGroup, Notice, error_page, html, html_response, html_response_with, link_button, page_header,
};

/// The product's name.
pub const PRODUCT: &str = "Provost";

const NAVIGATION: [NavGroup<'static>; 5] = [
    NavGroup { label: "", items: &[("Home", "/")] },
    NavGroup {
        label: "Directory",
        items: &[
            ("Users", "/directory/users"),
            ("Groups", "/directory/groups"),
            ("Organizational units", "/directory/org-units"),
            ("Domains", "/directory/domains"),
        ],
    },
    NavGroup { label: "Apps", items: &[("Web and mobile apps", "/apps")] },
    NavGroup { label: "Reporting", items: &[("Admin log events", "/reporting/admin")] },
    NavGroup { label: "Account", items: &[("Administrators", "/account/admins"), ("API keys", "/account/api-keys")] },
];

/// A page with navigation. `current` is the href of the navigation's item; `crumbs` are labels and hrefs, the last one
/// the page itself; without a `notice` the one that the page before left is shown.
pub fn page(
    server: &Server,
    who: &SignedIn,
    title: &str,
    current: &str,
    crumbs: &[(&str, &str)],
    notice: Option<&Notice>,
    body: Markup,
) -> Response {
    html_response(markup(server, who, title, current, crumbs, notice, body))
}

/// [`page`] with another status: 422 for a form that comes back with errors.
#[expect(clippy::too_many_arguments, reason = "the parts of a page, each once")]
pub fn page_with(
    status: StatusCode,
    server: &Server,
    who: &SignedIn,
    title: &str,
    current: &str,
    crumbs: &[(&str, &str)],
    notice: Option<&Notice>,
    body: Markup,
) -> Response {
    html_response_with(status, markup(server, who, title, current, crumbs, notice, body))
}

fn markup(
    server: &Server,
    who: &SignedIn,
    title: &str,
    current: &str,
    crumbs: &[(&str, &str)],
    notice: Option<&Notice>,
    body: Markup,
) -> Markup {
    let chrome = Chrome {
        product: PRODUCT,
        title,
        nav: &NAVIGATION,
        current,
        signed_in_as: Some(&who.email),
        banner: banner(server),
        crumbs,
        search: false,
    };
    provost_web::page(&chrome, notice.or(who.notice.as_ref()), body)
}

/// The strip that tells a simulated date from a real one.
pub fn banner(server: &Server) -> Option<String> {
    let now = server.store.now();
    server.simulated.then(|| format!("This is a demonstration. Its simulated date is {now}; sessions run on real time."))
}

/// The answer of a page that may have failed.
pub fn answer(server: &Server, who: &SignedIn, result: Result<Response, StoreError>) -> Response {
    result.unwrap_or_else(|error| failed(server, who, error))
}

/// What is wrong with what was sent, as a sentence for the form that sent it; `None` for what the form cannot mend, which
/// [`failed`] shows.
pub fn refusal(error: &StoreError) -> Option<String> {
    match error {
        StoreError::Taken { .. }
        | StoreError::Invalid(_)
        | StoreError::Transition(_)
        | StoreError::Config(_)
        | StoreError::NotFound { .. } => Some(sentence(&error.to_string())),
        StoreError::Stale { .. } => Some(format!(
            "{} What you typed is still below, and was not saved. Open the page anew to see the present state.",
            sentence(&error.to_string())
        )),
        StoreError::NeedsConfirmation(_)
        | StoreError::Db(_)
        | StoreError::Commit(_)
        | StoreError::Open(_)
        | StoreError::Corrupt(_) => None,
    }
}

/// The status of a form that comes back: 409 when somebody else was faster, else 422.
pub const fn refused_status(error: &StoreError) -> StatusCode {
    if matches!(error, StoreError::Stale { .. }) { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY }
}

/// A refusal of the store as a page; what is our own fault is logged and not shown.
#[expect(clippy::needless_pass_by_value, reason = "an error ends here; handlers have it by value")]
pub fn failed(server: &Server, who: &SignedIn, error: StoreError) -> Response {
    refused(server, who, &error)
}

/// [`failed`] for an error that is kept elsewhere too.
pub fn refused(server: &Server, who: &SignedIn, error: &StoreError) -> Response {
    let (status, title) = match error {
        StoreError::NotFound { .. } => (StatusCode::NOT_FOUND, "Not found"),
        StoreError::Stale { .. } => (StatusCode::CONFLICT, "Changed meanwhile"),
        StoreError::Taken { .. } | StoreError::Invalid(_) | StoreError::Transition(_) | StoreError::Config(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "Not done")
        }
        StoreError::NeedsConfirmation(_) => (StatusCode::CONFLICT, "Confirmation needed"),
        StoreError::Db(_) | StoreError::Commit(_) | StoreError::Open(_) | StoreError::Corrupt(_) => {
            tracing::error!(%error, "a page could not be made");
            return broken();
        }
    };
    let text = sentence(&error.to_string());
    let body = html! {
        (page_header(title, html! {}))
        div.actions { (link_button("Go to the home page", "/", ButtonKind::Secondary)) }
    };
    page_with(status, server, who, title, "", &[], Some(&Notice::error(text)), body)
}

/// The page for what is our own fault.
pub fn broken() -> Response {
    error_page(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong",
        "Nothing was changed, as far as this page knows. The server's log says what happened; try again.",
    )
}

/// An error's text as a sentence: capital letter, full stop. An address, domain or path at its beginning stays as it is.
pub fn sentence(text: &str) -> String {
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    let first_word = text.split_whitespace().next().unwrap_or_default();
    let mut characters = text.chars();
    match characters.next() {
        None => String::new(),
        Some(first) if !first_word.contains(['@', '.', '/', '_']) => {
            format!("{}{}{end}", first.to_uppercase(), characters.as_str())
        }
        Some(_) => format!("{text}{end}"),
    }
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn sentences_begin_with_a_capital_but_addresses_stay() {
        for (text, shown) in [
            ("the user is deleted: restore the user first", "The user is deleted: restore the user first."),
            ("ada@example.com is a member already", "ada@example.com is a member already."),
            ("example.com is not a domain. Why?", "example.com is not a domain. Why?"),
            ("", ""),
        ] {
            assert_eq!(sentence(text), shown);
        }
    }
}
