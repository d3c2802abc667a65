//! Schemas in words: what a field is, and which fields a type has.

use provost_web::{Markup, html};
use serde_json::Value;

/// The anchor of a type on the page.
pub(super) fn type_anchor(name: &str) -> String {
    format!("type-{name}")
}

/// What a value is, in a few words; other types are links.
pub(super) fn type_words(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return html! { a href=(format!("#{}", type_anchor(name))) { (name) } };
    }
    if let Some(word) = schema.get("const").and_then(Value::as_str) {
        return html! { code { (word) } };
    }
    if let Some(words) = schema["enum"].as_array() {
        return one_of(words.iter().map(|word| html! { code { (word.as_str().unwrap_or_default()) } }));
    }
    if let Some(choices) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
        return one_of(choices.iter().map(type_words));
    }
    match &schema["type"] {
        Value::Array(types) => one_of(types.iter().map(|kind| of_type(schema, kind.as_str().unwrap_or_default()))),
        Value::String(kind) => of_type(schema, kind),
        _ => html! { "anything" },
    }
}

fn one_of(words: impl Iterator<Item = Markup>) -> Markup {
    html! { @for (index, word) in words.enumerate() { @if index > 0 { " or " } (word) } }
}

fn of_type(schema: &Value, kind: &str) -> Markup {
    match kind {
        "string" if schema["format"] == "date-time" => html! { "instant" },
        "string" => html! { "text" },
        "integer" => html! { "whole number" },
        "number" => html! { "number" },
        "boolean" => html! { "true or false" },
        "null" => html! { "null" },
        "array" if schema.get("prefixItems").is_some() => {
            let parts = schema["prefixItems"].as_array().into_iter().flatten();
            html! { "pair of " @for (index, part) in parts.enumerate() { @if index > 0 { " and " } (type_words(part)) } }
        }
        "array" => html! { "list of " (type_words(&schema["items"])) },
        "object" if schema["additionalProperties"].is_object() => {
            html! { "object with " (type_words(&schema["additionalProperties"])) " by name" }
        }
        _ => html! { "object" },
    }
}

/// A field of a type.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) required: bool,
    pub(super) schema: &'a Value,
}

/// The fields of an object; none for what is no object.
pub(super) fn fields(schema: &Value) -> Vec<Field<'_>> {
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|other| other == name));
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.map(|(name, schema)| Field { name, required: required(name), schema }).collect()
}

/// The words that a type of words knows, each with what it means; none for what is no such type.
pub(super) fn words(schema: &Value) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for choice in schema["oneOf"].as_array().into_iter().flatten() {
        let about = choice["description"].as_str().unwrap_or_default();
        found.extend(choice["const"].as_str().map(|word| (word, about)));
        found.extend(choice["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).map(|word| (word, about)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_are_told_in_words() {
        for (schema, words) in [
            (json!({ "type": "string", "format": "date-time" }), "instant"),
            (json!({ "type": ["integer", "null"] }), "whole number or null"),
            (
                json!({ "type": "array", "items": { "$ref": "#/components/schemas/User" } }),
                "list of <a href=\"#type-User\">User</a>",
            ),
            (json!({ "anyOf": [{ "const": "on" }, { "type": "boolean" }] }), "<code>on</code> or true or false"),
            (json!({ "type": "object", "additionalProperties": { "type": "string" } }), "object with text by name"),
            (json!({ "type": "array", "prefixItems": [{ "type": "string" }, {}] }), "pair of text and anything"),
            (json!({ "type": "object", "additionalProperties": true }), "object"),
        ] {
            assert_eq!(type_words(&schema).into_string(), words, "{schema}");
        }
    }

    #[test]
    fn fields_and_words_are_listed_in_their_order() {
        let schema = json!({ "properties": { "b": {}, "a": {} }, "required": ["a"] });
        let listed: Vec<(&str, bool)> = fields(&schema).iter().map(|field| (field.name, field.required)).collect();
        assert_eq!(listed, [("b", false), ("a", true)]);
        let schema = json!({ "oneOf": [{ "const": "on", "description": "Is on." }, { "enum": ["off"] }] });
        assert_eq!(words(&schema), [("on", "Is on."), ("off", "")]);
    }
}
