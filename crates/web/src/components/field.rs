//! Fields of forms: each with a real label, its hint and its error tied to it.

use super::button::copy_button;
use crate::icon::{Icon, icon};
use maud::{Markup, html};

/// What is typed into a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of text.
    #[default]
    Text,
    /// An e-mail address.
    Email,
    /// The password of who signs in.
    Password,
    /// A password that is being chosen.
    NewPassword,
    /// A token or key: not shown, not offered for saving.
    Secret,
    /// A URL.
    Url,
    /// A whole number.
    Number,
    /// A date.
    Date,
    /// Several lines.
    Textarea,
}

impl FieldKind {
    const fn input_type(self) -> &'static str {
        match self {
            Self::Text | Self::Textarea => "text",
            Self::Email => "email",
            Self::Password | Self::NewPassword | Self::Secret => "password",
            Self::Url => "url",
            Self::Number => "number",
            Self::Date => "date",
        }
    }

    const fn autocomplete(self) -> &'static str {
        match self {
            Self::Email => "username",
            Self::Password => "current-password",
            Self::NewPassword => "new-password",
            Self::Text | Self::Secret | Self::Url | Self::Number | Self::Date | Self::Textarea => "off",
        }
    }
}

/// One field: `Field { label: "Name", name: "name", value, ..Field::default() }`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Field<'a> {
    /// Above the field.
    pub label: &'a str,
    /// The name in the form; also makes the element's id, `field-NAME`.
    pub name: &'a str,
    /// What stands in it. A password or secret is never sent back to the page.
    pub value: &'a str,
    /// What is typed.
    pub kind: FieldKind,
    /// Whether it must be filled in; shown with `*`.
    pub required: bool,
    /// A line below.
    pub hint: Option<&'a str>,
    /// What is wrong with the value that was sent, and what to do.
    pub error: Option<&'a str>,
}

/// A text field with its label.
pub fn field(field: Field<'_>) -> Markup {
    let id = field_id(field.name);
    let described = described_by(&id, field.hint, field.error);
    let invalid = field.error.map(|_| "true");
    let shown =
        if matches!(field.kind, FieldKind::Password | FieldKind::NewPassword | FieldKind::Secret) { "" } else { field.value };
    html! {
        div.field {
            (label_for(&id, field.label, field.required))
            @if field.kind == FieldKind::Textarea {
                textarea id=(id) name=(field.name) rows="5" required[field.required] aria-describedby=[described] aria-invalid=[invalid] { (shown) }
            } @else {
                input id=(id) name=(field.name) type=(field.kind.input_type()) value=[(!shown.is_empty()).then_some(shown)] required[field.required]
                    autocomplete=(field.kind.autocomplete()) spellcheck="false" aria-describedby=[described] aria-invalid=[invalid];
            }
            (hint_and_error(&id, field.hint, field.error))
        }
    }
}

/// A drop-down list: options as value and label.
pub fn select<V: AsRef<str>, L: AsRef<str>>(label: &str, name: &str, options: &[(V, L)], selected: &str) -> Markup {
    let id = field_id(name);
    html! { div.field { (label_for(&id, label, false)) div.select { select id=(id) name=(name) { (option_list(options, selected)) } (icon(Icon::ChevronDown)) } } }
}

/// A drop-down list with headings: category, then its options as value and label.
pub fn select_grouped<G: AsRef<str>, V: AsRef<str>, L: AsRef<str>>(
    label: &str,
    name: &str,
    groups: &[(G, Vec<(V, L)>)],
    selected: &str,
) -> Markup {
    let id = field_id(name);
    html! {
        div.field {
            (label_for(&id, label, false))
            div.select {
                select id=(id) name=(name) {
                    @for (heading, options) in groups { optgroup label=(heading.as_ref()) { (option_list(options, selected)) } }
                }
                (icon(Icon::ChevronDown))
            }
        }
    }
}

/// A box to tick; sends `name=value` when ticked.
pub fn checkbox(label: &str, name: &str, value: &str, checked: bool) -> Markup {
    checkbox_with_hint(label, name, value, checked, None)
}

/// A box to tick with a line below.
pub fn checkbox_with_hint(label: &str, name: &str, value: &str, checked: bool, hint: Option<&str>) -> Markup {
    choice("checkbox", label, name, value, checked, hint)
}

/// One of several: all with one `name`, inside a [`fieldset`].
pub fn radio(label: &str, name: &str, value: &str, checked: bool, hint: Option<&str>) -> Markup {
    choice("radio", label, name, value, checked, hint)
}

fn choice(kind: &str, label: &str, name: &str, value: &str, checked: bool, hint: Option<&str>) -> Markup {
    html! {
        label.choice {
            input type=(kind) name=(name) value=(value) checked[checked];
            span.choice-text { span { (label) } @if let Some(hint) = hint { span.muted { (hint) } } }
        }
    }
}

/// Fields that belong together, under a heading.
pub fn fieldset(legend: &str, body: Markup) -> Markup {
    html! { fieldset { legend { (legend) } (body) } }
}

/// A value that travels with the form.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// A value to copy: shown, selectable, with a copy button.
pub fn copy_field(label: &str, value: &str) -> Markup {
    let id = format!("copy-{}", slug(label));
    html! {
        div.field {
            (label_for(&id, label, false))
            div.copy-row { input id=(id) type="text" value=(value) readonly spellcheck="false" autocomplete="off"; (copy_button("Copy", value)) }
        }
    }
}

/// A secret that is shown once, in a box that says so.
pub fn secret_field(label: &str, value: &str, warning: &str) -> Markup {
    html! { div.secret-box { (copy_field(label, value)) p.secret-warning { (icon(Icon::Warning)) span { (warning) } } } }
}

fn option_list<V: AsRef<str>, L: AsRef<str>>(options: &[(V, L)], selected: &str) -> Markup {
    html! { @for (value, label) in options { option value=(value.as_ref()) selected[value.as_ref() == selected] { (label.as_ref()) } } }
}

pub(super) fn label_for(id: &str, label: &str, required: bool) -> Markup {
    html! { label for=(id) { (label) @if required { span.required aria-hidden="true" { " *" } } } }
}

fn hint_and_error(id: &str, hint: Option<&str>, error: Option<&str>) -> Markup {
    html! {
        @if let Some(error) = error { p.field-error id=(format!("{id}-error")) { (icon(Icon::Error)) span { (error) } } }
        @if let Some(hint) = hint { p.field-hint id=(format!("{id}-hint")) { (hint) } }
    }
}

fn described_by(id: &str, hint: Option<&str>, error: Option<&str>) -> Option<String> {
    let ids: Vec<String> =
        [error.map(|_| format!("{id}-error")), hint.map(|_| format!("{id}-hint"))].into_iter().flatten().collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

pub(super) fn field_id(name: &str) -> String {
    format!("field-{}", slug(name))
}

fn slug(text: &str) -> String {
    text.chars().map(|character| if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '-' }).collect()
}
