//! The reference as a page: every operation with its parameters, bodies, answers and a command line, and every type.

use super::document::{permission_word, problems_by_status};
use super::example::curl;
use super::fields::{fields, type_anchor, type_words, words};
use super::shape::{Content, Parameter};
use super::{Chapter, DOCUMENT_AT, Operation, RULES, Reference};
use crate::api::ProblemKind;
use crate::console::frame::PRODUCT;
use provost_web::{
    ButtonKind, Chrome, Markup, NavGroup, Table, card, code_block, data_table, expander, html, link_button, page, page_header,
    stack,
};
use serde_json::Value;

const TITLE: &str = "API reference";

/// The anchors of what stands behind the operations.
const PROBLEMS: (&str, &str) = ("Problems", "#problems");
const TYPES: (&str, &str) = ("Types", "#types");

/// The whole page.
pub(super) fn of(reference: &Reference) -> Markup {
    let anchors: Vec<(&str, String)> =
        reference.chapters.iter().map(|chapter| (chapter.name, format!("#{}", anchor(chapter.name)))).collect();
    let mut items: Vec<(&str, &str)> = anchors.iter().map(|(name, anchor)| (*name, anchor.as_str())).collect();
    items.extend([PROBLEMS, TYPES]);
    let nav = [NavGroup { label: "", items: &[("Home", "/")] }, NavGroup { label: TITLE, items: &items }];
    let (signed_in_as, banner, crumbs) = (None, None, &[][..]);
    let chrome = Chrome { product: PRODUCT, title: TITLE, nav: &nav, current: "", signed_in_as, banner, crumbs, search: false };
    let mut blocks = vec![card("How to call it", introduction())];
    blocks.extend(reference.chapters.iter().map(chapter));
    blocks.push(section(
        "problems",
        "Problems",
        "What errors look like: problem details (RFC 9457).",
        &problems(&reference.problem),
    ));
    let about = "What bodies are made of. A type whose name begins with “Sent” is that of a request where an answer says more.";
    blocks.push(section("types", "Types", about, &types(reference)));
    let body = html! {
        (page_header(TITLE, link_button("OpenAPI document", DOCUMENT_AT, ButtonKind::Secondary)))
        (stack(&blocks))
    };
    page(&chrome, None, body)
}

fn anchor(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}

fn section(id: &str, title: &str, about: &str, body: &Markup) -> Markup {
    html! { section.card id=(id) { div.card-header { h2 { (title) } } p.muted { (about) } (body) } }
}

fn introduction() -> Markup {
    let example = "export PROVOST=http://127.0.0.1:8080\nexport KEY=$(cat key)";
    html! {
        div.stack {
            p {
                "Every request needs an API key, made under " a href="/account/api-keys" { "API keys" } " or by " code { "provost api-keys create" }
                ". One of role auditor only reads; one of role super-admin also changes. The examples below take address and key from the shell:"
            }
            (code_block(example))
            ul { @for rule in RULES { li { (prose(rule)) } } }
        }
    }
}

fn chapter(chapter: &Chapter) -> Markup {
    let operations = html! { @for operation in &chapter.operations { (operation_markup(operation)) } };
    section(&anchor(chapter.name), chapter.name, chapter.about, &operations)
}

fn operation_markup(operation: &Operation) -> Markup {
    let body = html! {
        div.stack id=(operation.id) {
            p { code { (operation.method) " " (operation.path) } }
            @if !operation.description.is_empty() { (prose(operation.description)) }
            p { "Asks for a key that may " strong { (permission_word(operation.permission)) } "." }
            @if !operation.parameters.is_empty() {
                h3 { "Parameters" }
                (parameters(&operation.parameters))
            }
            @if let Some((content, required)) = &operation.body {
                h3 { "Body" }
                p { (content_words(content)) @if !required { ". It can be left out" } "." }
            }
            h3 { "Answers" }
            (answers(operation))
            h3 { "Example" }
            (code_block(&curl(operation)))
        }
    };
    expander(&format!("{} – {} {}", operation.summary, operation.method, operation.path), false, body)
}

fn content_words(content: &Content) -> Markup {
    let is_text = content.schema["type"] == "string";
    html! { @if !is_text { (type_words(&content.schema)) ", " } code { (content.media_type) } }
}

fn parameters(parameters: &[Parameter]) -> Markup {
    let row = |parameter: &Parameter| {
        let place = format!("{}{}", parameter.place.word(), if parameter.required { ", required" } else { "" });
        vec![
            html! { code { (parameter.name) } },
            html! { (place) },
            html! { span { (type_words(&parameter.schema)) } },
            prose(&parameter.description),
        ]
    };
    let rows: Vec<Vec<Markup>> = parameters.iter().map(row).collect();
    data_table(Table {
        caption: "Parameters",
        headers: &["Name", "Place", "Type", "Meaning"],
        numbers: &[],
        rows: &rows,
        empty: "",
    })
}

fn answers(operation: &Operation) -> Markup {
    let mut rows: Vec<Vec<Markup>> = Vec::new();
    for said in &operation.said {
        let contents = html! {
            span {
                @for (index, content) in said.contents.iter().enumerate() { @if index > 0 { "; or " } (content_words(content)) }
                @if said.tagged { " with " code { "ETag" } }
            }
        };
        rows.push(vec![html! { (said.status) }, prose(said.description), contents]);
    }
    let problem = || html! { span { a href=(PROBLEMS.1) { "Problem" } } };
    for (status, words) in problems_by_status(&operation.problems) {
        rows.push(vec![html! { (status) }, prose(&words), problem()]);
    }
    data_table(Table { caption: "Answers", headers: &["Status", "Meaning", "Body"], numbers: &[], rows: &rows, empty: "" })
}

fn problems(schema: &Value) -> Markup {
    let row = |kind: ProblemKind| {
        let (status, word, title, help) = kind.facts();
        vec![html! { code { (word) } }, html! { (status.as_u16()) }, html! { (title) }, html! { (help) }]
    };
    let rows: Vec<Vec<Markup>> = ProblemKind::ALL.into_iter().map(row).collect();
    html! {
        p { "The body is a " (type_words(schema)) ". Its " code { "type" } " is " code { "urn:provost:problem:" } " and one of these words:" }
        (data_table(Table { caption: "Problems", headers: &["Word", "Status", "Title", "What to do"], numbers: &[], rows: &rows, empty: "" }))
    }
}

fn types(reference: &Reference) -> Markup {
    let of_type = |name: &str, schema: &Value| {
        let body = html! {
            div.stack id=(type_anchor(name)) {
                @if let Some(about) = schema["description"].as_str() { (prose(about)) }
                (type_body(schema))
            }
        };
        expander(name, false, body)
    };
    html! { @for (name, schema) in &reference.schemas { (of_type(name, schema)) } }
}

/// Its fields, or its words, or what it is.
fn type_body(schema: &Value) -> Markup {
    let (fields, words) = (fields(schema), words(schema));
    if !fields.is_empty() {
        let rows: Vec<Vec<Markup>> = fields
            .iter()
            .map(|field| {
                let about = field.schema["description"].as_str().unwrap_or_default();
                let always = if field.required { "always" } else { "may be left out" };
                vec![
                    html! { code { (field.name) } },
                    html! { span { (type_words(field.schema)) } },
                    html! { (always) },
                    prose(about),
                ]
            })
            .collect();
        return data_table(Table {
            caption: "Fields",
            headers: &["Field", "Type", "Present", "Meaning"],
            numbers: &[],
            rows: &rows,
            empty: "",
        });
    }
    if !words.is_empty() {
        let rows: Vec<Vec<Markup>> = words.iter().map(|(word, about)| vec![html! { code { (word) } }, prose(about)]).collect();
        return data_table(Table { caption: "Words", headers: &["Word", "Meaning"], numbers: &[], rows: &rows, empty: "" });
    }
    if let Some(choices) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        return html! { ul { @for choice in choices { li { (type_body(choice)) } } } };
    }
    html! { p { (type_words(schema)) } }
}

/// A sentence in which what stands between backticks is code.
fn prose(text: &str) -> Markup {
    html! {
        span {
            @for (index, part) in text.split('`').enumerate() {
                @if index % 2 == 1 { code { (part) } } @else { (part) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::REFERENCE;
    use super::*;

    #[test]
    fn every_link_of_the_page_leads_somewhere_and_every_operation_is_there() {
        let page = of(&REFERENCE).into_string();
        let targets: Vec<&str> = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(targets.len() > 200, "{}", targets.len());
        for target in targets {
            assert_eq!(page.matches(&format!("id=\"{target}\"")).count(), 1, "{target}");
        }
        for operation in REFERENCE.chapters.iter().flat_map(|chapter| &chapter.operations) {
            assert_eq!(page.matches(&format!("id=\"{}\"", operation.id)).count(), 1, "{}", operation.id);
        }
    }

    #[test]
    fn code_in_a_sentence_is_marked_and_markup_is_escaped() {
        assert_eq!(prose("`a` < b").into_string(), "<span><code>a</code> &lt; b</span>");
    }
}
