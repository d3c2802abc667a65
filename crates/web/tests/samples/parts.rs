//! Sign-in, and the components that stand on no other sample page.

use super::{HOUR, NOW, console};
use provost_web::{
    ButtonKind, Field, FieldKind, Markup, Notice, TimelineEntry, Tone, TreeNode, avatar, bare_page, button, card, centered,
    checkbox, chip, code_block, copy_button, copy_field, empty_state, expander, field, fieldset, form, form_actions, hidden,
    html, link_button, notice_box, page, page_header, pager, progress, radio, stack, table, time, timeline, tree,
};

pub(super) fn sign_in() -> Markup {
    let body = html! {
        h1 { "Sign in" }
        p.muted { "Use your administrator account." }
        (notice_box(&Notice::error("The e-mail address or the password is wrong.")))
        form method="post" action="/sign-in" {
            (field(Field { label: "E-mail", name: "email", value: "ada@example.com", kind: FieldKind::Email, required: true, ..Field::default() }))
            (field(Field { label: "Password", name: "password", kind: FieldKind::Password, required: true, ..Field::default() }))
            (button("Sign in", ButtonKind::Primary))
        }
    };
    bare_page("Sign in – Provost", centered(Some("Provost"), body))
}

pub(super) fn parts() -> Markup {
    let leaf = |text: &str| TreeNode { label: html! { (text) }, children: Vec::new(), open: false };
    let units = [TreeNode {
        label: html! { "example.com " (chip("ON", Tone::Good)) },
        children: vec![
            TreeNode { label: html! { "Engineering" }, children: vec![leaf("Platform"), leaf("Web")], open: true },
            leaf("Contractors"),
        ],
        open: true,
    }];
    let entry = |hours: i64, label: &str, tone: Tone, text: &str| TimelineEntry {
        at: NOW - hours * HOUR,
        label: label.to_owned(),
        tone,
        body: html! { (text) },
    };
    let events = [
        entry(1, "Updated", Tone::Info, "title: Engineer → Senior engineer"),
        entry(30, "Failed", Tone::Bad, "409: userName is taken. Next attempt in 4 minutes."),
        entry(300, "Created", Tone::Good, "Account 4f1c in Netskope."),
    ];
    let body = html! {
        (page_header("Parts", button("Save", ButtonKind::Primary)))
        (stack(&[
            card("Buttons", html! { div.actions { (button("Primary", ButtonKind::Primary)) (button("Secondary", ButtonKind::Secondary)) (button("Text", ButtonKind::Text)) (button("Delete", ButtonKind::Danger)) (copy_button("Copy", "text")) } }),
            card("Form", form("/parts", html! {
                (field(Field { label: "Name", name: "name", value: "Engineering", required: true, hint: Some("At most 60 characters."), ..Field::default() }))
                (field(Field { label: "Description", name: "description", value: "Everybody who builds.", kind: FieldKind::Textarea, ..Field::default() }))
                (fieldset("Who", html! { (radio("Everyone", "who", "everyone", true, None)) (radio("Members of groups", "who", "groups", false, Some("Choose the groups below."))) }))
                (checkbox("Notify", "notify", "yes", false))
                (hidden("revision", "3"))
                (form_actions(html! { (button("Save", ButtonKind::Primary)) (link_button("Cancel", "/", ButtonKind::Text)) }))
            })),
            card("Organizational units", tree(&units)),
            card("Timeline", timeline(&events)),
            card("Progress", html! { (progress("Users decided", 1_200, 5_000)) (progress("Listing the app's accounts", 340, 0)) }),
            card("Texts", html! { (copy_field("Entity ID", "https://provost.example/saml/1")) (expander("Request body", true, code_block("{\n  \"userName\": \"ada@example.com\"\n}"))) (empty_state("No failures.")) p { (time(NOW)) " " (avatar("Ada")) } }),
            table(&["Name"], &[]),
        ]))
        (pager(Some("/parts?page=1"), Some("/parts?page=3")))
    };
    page(
        &console("Parts", "/parts", &[("Home", "/"), ("Parts", "/parts")]),
        Some(&Notice::error("It was not saved: the name is taken.")),
        body,
    )
}
