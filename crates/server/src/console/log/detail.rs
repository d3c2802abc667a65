//! One event as people read it: a line of what matters, and everything behind a click.

use provost_store::log::{LogEntry, names};
use provost_web::{Markup, Tone, code_block, expander, html};
use serde_json::{Map, Value};

/// How an event is meant, as a colour.
pub(crate) fn entry_tone(name: &str) -> Tone {
    match name {
        names::AUTO_PROV_FAILURE => Tone::Bad,
        names::HARD_DELETED_AUTO_PROVISIONED_USER
        | names::SUSPEND_AUTO_PROVISIONED_USER
        | names::AUTO_PROV_REMOVALS_HELD
        | names::SUSPEND_USER
        | names::DELETE_USER
        | names::DELETE_GROUP
        | names::DELETE_APPLICATION
        | names::DELETE_AUTO_PROV_CONFIG
        | names::REMOVE_ORG_UNIT
        | names::DISABLE_ADMIN
        | names::REVOKE_API_KEY => Tone::Warn,
        names::CREATE_USER_WITH_AUTO_PROV | names::UNSUSPEND_AUTO_PROVISIONED_USER | names::UNDELETE_USER => Tone::Good,
        // Names are texts of the store, and there will be more of them.
        _ => Tone::Info,
    }
}

/// The event's detail.
pub(crate) fn entry_body(entry: &LogEntry) -> Markup {
    let Some(fields) = entry.detail.as_object().filter(|fields| !fields.is_empty()) else { return html! {} };
    let line = line(fields);
    let whole = fields.values().any(|value| value.is_object() || value.is_array());
    html! {
        @if !line.is_empty() { p.muted { (line) } }
        @if whole { (expander("Details", false, code_block(&pretty(&entry.detail)))) }
    }
}

/// The plain values on one line; ids are left to the details.
fn line(fields: &Map<String, Value>) -> String {
    let parts = fields.iter().filter(|(key, _)| !key.ends_with("_id")).filter_map(|(key, value)| {
        let text = match value {
            Value::String(text) if text.is_empty() => return None,
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(true) => "yes".to_owned(),
            Value::Bool(false) | Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        Some(format!("{}: {text}", key.to_lowercase().replace('_', " ")))
    });
    parts.collect::<Vec<_>>().join(" · ")
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_line_has_the_plain_values_and_no_ids() {
        let detail = json!({ "APPLICATION_NAME": "Netskope", "group_id": "7", "changes": ["a"], "reason": "", "sent": 3, "approved": false });
        assert_eq!(line(detail.as_object().unwrap()), "application name: Netskope · sent: 3");
    }
}
