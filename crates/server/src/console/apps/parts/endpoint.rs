//! Endpoint URL.

use crate::Server;
use crate::console::frame::sentence;
use provost_core::app::Profile;
use provost_platform::check_endpoint;
use provost_web::{Field, FieldKind, Markup, field, hint, html};

/// The URL that was typed, without surrounding space and trailing slashes, or what is wrong with it.
pub(in super::super) fn read(server: &Server, typed: &str) -> Result<String, String> {
    check_endpoint(typed, &server.allowed_private).map_err(|error| sentence(&error.to_string()))?;
    Ok(typed.trim().trim_end_matches('/').to_owned())
}

/// The form's content; `value` is the profile's template at first.
pub(in super::super) fn body(app: &str, profile: &Profile, value: &str, error: Option<&str>) -> Markup {
    let placeholder = profile.endpoint_template.contains('{');
    let help = if placeholder {
        format!("In the form {}: put your own name in place of the braces.", profile.endpoint_template)
    } else {
        "The SCIM 2.0 base URL: what /Users is appended to.".to_owned()
    };
    html! {
        (hint(&format!("To reach your {app} accounts, enter the address at which {app} answers SCIM requests.")))
        // Not a field of type url: the template with its braces has to pass the browser, so that we can say what to do.
        (field(Field { label: "Endpoint URL", name: "endpoint", value, kind: FieldKind::Text, required: true, hint: Some(&help), error }))
    }
}
