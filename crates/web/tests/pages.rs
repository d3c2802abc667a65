//! Every sample page renders as well-formed HTML that the strict policy allows, and everything on it has a name.

mod samples;

use std::collections::BTreeSet;

const VOID: [&str; 7] = ["wbr", "meta", "link", "input", "br", "hr", "img"];

/// The opening tags of a page, each with its attributes as one text.
fn tags(page: &str) -> Vec<(&str, &str)> {
    page.split('<')
        .skip(1)
        .filter_map(|tag| tag.split_once('>').map(|(tag, _)| tag))
        .filter_map(|tag| {
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            (!name.starts_with(['/', '!'])).then_some((name, attributes))
        })
        .collect()
}

fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let start = format!("{name}=\"");
    let at = attributes.match_indices(&start).find(|(at, _)| *at == 0 || attributes.as_bytes()[at - 1] == b' ')?.0 + start.len();
    attributes[at..].split('"').next()
}

fn each_page(check: impl Fn(&str, &str)) {
    for (path, sample) in samples::PAGES {
        check(path, &sample().into_string());
    }
}

#[test]
fn pages_are_well_formed_and_have_one_main_and_one_language() {
    each_page(|path, page| {
        let mut open: Vec<&str> = Vec::new();
        for tag in page.split('<').skip(1).map(|tag| tag.split_once('>').expect("a tag ends").0) {
            let name = tag.split(' ').next().expect("split gives one");
            if let Some(name) = name.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "{path}");
            } else if !name.starts_with('!') && !VOID.contains(&name) {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{path}: {open:?}");
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\""), "{path}");
        assert_eq!(page.matches("<main ").count(), 1, "{path}");
        assert!(page.contains("id=\"main\""), "{path}");
    });
}

#[test]
fn nothing_breaks_the_content_security_policy() {
    each_page(|path, page| {
        for (name, attributes) in tags(page) {
            let inline =
                attribute(attributes, "style").is_some() || attributes.contains(" on") && attributes.contains("=\"javascript");
            assert!(!inline && name != "style", "{path}: <{name} {attributes}>");
            if matches!(name, "script" | "link" | "img") {
                let source = attribute(attributes, "src").or(attribute(attributes, "href")).expect("a source");
                assert!(source.starts_with("/assets/"), "{path}: {source}");
            }
        }
        assert!(!page.contains("javascript:"), "{path}");
    });
}

#[test]
fn no_attribute_stands_twice_on_an_element() {
    each_page(|path, page| {
        for (name, attributes) in tags(page) {
            let mut names = BTreeSet::new();
            // Outside of quotes stand the names: the even pieces between quotation marks.
            for piece in
                attributes.split('"').step_by(2).flat_map(|piece| piece.split([' ', '='])).filter(|piece| !piece.is_empty())
            {
                assert!(names.insert(piece), "{path}: <{name} {attributes}> has {piece} twice");
            }
        }
    });
}

#[test]
fn ids_are_unique_and_labels_and_descriptions_point_at_them() {
    each_page(|path, page| {
        let tags = tags(page);
        let mut ids = BTreeSet::new();
        for (_, attributes) in &tags {
            if let Some(id) = attribute(attributes, "id") {
                assert!(ids.insert(id), "{path}: the id {id} stands twice");
            }
        }
        for (_, attributes) in &tags {
            for name in ["for", "aria-describedby", "popovertarget", "data-target", "form"] {
                for id in attribute(attributes, name).into_iter().flat_map(|ids| ids.split(' ')) {
                    assert!(ids.contains(id), "{path}: {name}={id} points nowhere");
                }
            }
        }
    });
}

#[test]
fn every_control_has_a_name() {
    each_page(|path, page| {
        let labelled: BTreeSet<&str> = tags(page).iter().filter_map(|(_, attributes)| attribute(attributes, "for")).collect();
        for (name, attributes) in tags(page) {
            let kind = attribute(attributes, "type").unwrap_or_default();
            let wrapped = matches!(kind, "hidden" | "checkbox" | "radio");
            if matches!(name, "input" | "select" | "textarea") && !wrapped {
                let id = attribute(attributes, "id").unwrap_or_default();
                assert!(labelled.contains(id), "{path}: <{name} {attributes}> has no label");
            }
        }
    });
}

#[test]
fn texts_from_outside_are_escaped_everywhere() {
    use provost_web::*;
    let evil = "<script>alert(1)</script>\"'&";
    let all = html! {
        (button(evil, ButtonKind::Primary)) (button_named(evil, ButtonKind::Text, evil, evil)) (link_button(evil, evil, ButtonKind::Text))
        (copy_button(evil, evil)) (menu(evil, &[menu_link(evil, evil), menu_post(evil, evil, &[(evil, evil)])])) (switch_link(Switch::On, evil, evil, evil))
        (card(evil, html! {})) (app_header(evil, evil)) (definition_list(&[(evil, html! {})])) (tile(evil, 1, evil, None)) (progress(evil, 1, 2))
        (confirm_form(evil, evil, evil, evil, evil, &[(evil, evil)])) (chip(evil, Tone::Bad)) (avatar(evil)) (person(evil, evil, evil)) (empty_state(evil))
        (expander(evil, true, code_block(evil))) (live(evil, evil, hint(evil))) (select(evil, evil, &[(evil, evil)], evil)) (checkbox(evil, evil, evil, true))
        (field(Field { label: evil, name: evil, value: evil, hint: Some(evil), error: Some(evil), ..Field::default() }))
        (field(Field { label: evil, name: evil, value: evil, kind: FieldKind::Textarea, ..Field::default() }))
        (copy_field(evil, evil)) (breadcrumb(&[(evil, evil), (evil, evil)])) (tabs(&[(evil, evil)], evil)) (pager(Some(evil), Some(evil))) (stepper(&[evil], 0))
        (table(&[evil], &[vec![html! { (evil) }]])) (check_row(evil, evil, evil, Some(evil))) (search_field(evil, evil, evil)) (fieldset(evil, html! {}))
    };
    let all = all.into_string();
    assert!(!all.contains("<script>") && !all.contains("\"'"), "{all}");
}

#[test]
fn secrets_are_never_sent_back_to_the_page() {
    use provost_web::*;
    for kind in [FieldKind::Password, FieldKind::NewPassword, FieldKind::Secret] {
        let page =
            field(Field { label: "Access token", name: "token", value: "hidden-value", kind, ..Field::default() }).into_string();
        assert!(!page.contains("hidden-value") && page.contains("type=\"password\""), "{page}");
    }
}

#[test]
fn an_assistant_says_what_its_buttons_do() {
    let pages: Vec<String> =
        samples::PAGES.iter().filter(|(path, _)| path.starts_with("/wizard")).map(|(_, page)| page().into_string()).collect();
    assert!(
        pages[0].contains("value=\"back\" formnovalidate>BACK<") && pages[0].contains("name=\"go\" value=\"continue\">CONTINUE<")
    );
    assert!(pages[1].contains("href=\"/wizard\">BACK<") && pages[1].contains("name=\"go\" value=\"finish\">FINISH<"));
    for page in &pages {
        let first_button = page.find("<button").expect("it has buttons");
        assert!(!page[first_button..first_button + 120].contains("back"), "Enter must not go back");
        assert!(page.contains("href=\"/app\">CANCEL<"));
    }
}
