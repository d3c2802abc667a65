//! Putting the schemas of requests and of answers into one set, in words for people who do not read Rust.

use super::shape::SCHEMAS_AT;
use serde_json::{Map, Value};

/// What a schema is called that only requests use in this form.
const SENT: &str = "Sent";

/// Takes out what only means something in Rust: links in descriptions, widths of numbers, lines of a comment.
pub(super) fn tidy(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(object) => {
            if object.get("format").and_then(Value::as_str).is_some_and(is_width) {
                object.remove("format");
            }
            if object.get("maximum").and_then(Value::as_u64).is_some_and(|most| most == u64::from(u16::MAX)) {
                object.remove("maximum");
            }
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = in_plain_words(text);
            }
            object.values_mut().for_each(tidy);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_width(format: &str) -> bool {
    format.trim_start_matches("uint").trim_start_matches("int").bytes().all(|byte| byte.is_ascii_digit())
}

fn in_plain_words(text: &str) -> String {
    text.replace("[`", "`").replace("`]", "`").replace("`None`", "null").replace('\n', " ")
}

/// One set of the schemas of answers and of requests. Where the two differ under one name, those of requests get names of their own;
/// `refer` are the schemas outside the set that refer to it.
pub(super) fn merged(told: Map<String, Value>, mut sent: Map<String, Value>, refer: &mut [&mut Value]) -> Map<String, Value> {
    // Another name changes whoever refers to it, which may need another name then.
    while let Some(name) = sent.iter().find(|(name, schema)| told.get(*name).is_some_and(|other| other != *schema)).map(first) {
        let other = format!("{SENT}{name}");
        sent = sent.into_iter().map(|(key, schema)| if key == name { (other.clone(), schema) } else { (key, schema) }).collect();
        let (from, to) = (format!("#{SCHEMAS_AT}/{name}"), format!("#{SCHEMAS_AT}/{other}"));
        sent.values_mut().for_each(|schema| renamed(schema, &from, &to));
        for schema in refer.iter_mut() {
            renamed(schema, &from, &to);
        }
    }
    let mut all = told;
    all.extend(sent);
    all.sort_keys();
    all
}

fn first((name, _): (&String, &Value)) -> String {
    name.clone()
}

fn renamed(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => to.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| renamed(item, from, to)),
        Value::Object(object) => object.values_mut().for_each(|item| renamed(item, from, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn what_differs_between_requests_and_answers_gets_two_names_with_all_that_refers_to_it() {
        let at = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let told = object(&json!({ "Rule": { "required": ["after"] }, "Policy": at("Rule"), "Word": { "const": "w" } }));
        let sent = object(&json!({ "Rule": {}, "Policy": at("Rule"), "Word": { "const": "w" } }));
        let (mut policy, mut word) = (at("Policy"), at("Word"));
        let all = merged(told, sent, &mut [&mut policy, &mut word]);
        assert_eq!(all.keys().collect::<Vec<_>>(), ["Policy", "Rule", "SentPolicy", "SentRule", "Word"]);
        assert_eq!((&all["Policy"], &all["SentPolicy"]), (&at("Rule"), &at("SentRule")));
        assert_eq!((policy, word), (at("SentPolicy"), at("Word")));
    }

    #[test]
    fn descriptions_are_for_people_who_do_not_read_rust() {
        let number = json!({ "type": "integer", "format": "uint16", "maximum": 65_535 });
        let mut schema = json!({ "description": "`None` until\n[`x`] is.", "items": number });
        tidy(&mut schema);
        assert_eq!(schema, json!({ "description": "null until `x` is.", "items": { "type": "integer" } }));
        let mut instant = json!({ "type": "string", "format": "date-time" });
        tidy(&mut instant);
        assert_eq!(instant["format"], "date-time");
    }
}
