//! Small things that tell a state: chips, avatars, empty lists, live parts, expanders, code.

use crate::icon::{Icon, icon};
use maud::{Markup, html};

/// What a colour says; the text says it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A fact.
    Neutral,
    /// In work, chosen.
    Info,
    /// As it should be.
    Good,
    /// Needs a look.
    Warn,
    /// Has failed, will be deleted.
    Bad,
}

/// A state in one or two words.
pub fn chip(text: &str, tone: Tone) -> Markup {
    let class = match tone {
        Tone::Neutral => "chip chip-neutral",
        Tone::Info => "chip chip-info",
        Tone::Good => "chip chip-good",
        Tone::Warn => "chip chip-warn",
        Tone::Bad => "chip chip-bad",
    };
    html! { span class=(class) { (text) } }
}

/// The first letter in a circle, in a colour that depends on the name only.
pub fn avatar(name: &str) -> Markup {
    html! { span class=(format!("avatar avatar-{}", colour(name))) aria-hidden="true" { (first_letter(name)) } }
}

pub(super) fn avatar_square(name: &str) -> Markup {
    html! { span class=(format!("avatar avatar-square avatar-{}", colour(name))) aria-hidden="true" { (first_letter(name)) } }
}

fn first_letter(name: &str) -> String {
    name.chars()
        .find(|character| character.is_alphanumeric())
        .map_or_else(|| "?".to_owned(), |letter| letter.to_uppercase().collect())
}

fn colour(name: &str) -> u32 {
    name.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 6
}

/// Avatar, name as a link, and the address below: a person or a group in a list.
pub fn person(name: &str, email: &str, href: &str) -> Markup {
    html! { span.person { (avatar(name)) span.person-text { a href=(href) { (name) } span.muted { (email) } } } }
}

/// A path, URL or address that may break after its separators rather than anywhere.
pub fn breakable(text: &str) -> Markup {
    html! { @for part in text.split_inclusive(['/', '@', '.', ':', '=', '&', '?']) { (part) wbr; } }
}

/// In place of a list without rows.
pub fn empty_state(text: &str) -> Markup {
    html! { p.empty { (text) } }
}

/// In place of a page's content: what could be here, and the button that puts it here.
pub fn empty_state_with(drawn: Icon, title: &str, text: &str, action: Markup) -> Markup {
    html! { div.empty.empty-large { (icon(drawn)) h2 { (title) } p { (text) } (action) } }
}

/// "1 user", "2 users".
pub fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A remark in grey.
pub fn hint(text: &str) -> Markup {
    html! { p.muted { (text) } }
}

/// Content that opens on a click; works without script.
pub fn expander(summary: &str, open: bool, body: Markup) -> Markup {
    html! {
        details.expander open[open] {
            summary { (icon(Icon::ChevronRight)) span { (summary) } }
            div.expander-body { (body) }
        }
    }
}

/// Lines of code or JSON, as they are.
pub fn code_block(text: &str) -> Markup {
    html! { pre.code tabindex="0" { code { (text) } } }
}

/// A part of the page that the script fetches again from `url` every two seconds: the answer is a whole page or a fragment
/// that holds an element with this `id`, which takes the part's place. When that one is no `live` part (for a thing that
/// has ended), the fetching ends. `url` is often the page's own.
pub fn live(id: &str, url: &str, body: Markup) -> Markup {
    html! { div id=(id) data-live=(url) aria-live="off" { (body) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "user")), ["0 users", "1 user", "2 users"]);
    }

    #[test]
    fn avatars_take_the_first_letter_of_anything() {
        for (name, letter) in [("ada@example.com", "A"), ("\"élan", "É"), ("", "?"), ("…", "?"), ("7up", "7")] {
            assert_eq!(first_letter(name), letter);
        }
        assert!(colour("ada") < 6 && colour("ada") == colour("ada"));
    }
}
