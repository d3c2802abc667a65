//! Provisioning scope: all users with app access, or those among them who are members of chosen groups.
//!
//! The chosen groups travel in the form: a field `group.ID` each, and `members.ID` for which members count.

use super::super::app_path;
use super::super::form::Fields;
use super::super::list::off_for_everyone;
use provost_core::app::{App, Connection, Scope, ScopeGroup, ScopeMembers, ScopeMode};
use provost_core::directory::Group;
use provost_core::ids::GroupId;
use provost_store::accounts::{load_rules_for, page};
use provost_store::directory::groups;
use provost_store::{Store, StoreError};
use provost_web::{
    ButtonKind, Icon, Markup, Notice, Table, Tone, button_named, card, chip, counted, data_table, hidden, hint, html, icon,
    notice_box, select,
};

/// How many groups a search shows.
const FOUND_MAX: usize = 20;

/// How many users are in memory while they are counted.
const PAGE_USERS: usize = 1_000;

/// What the form says: the chosen groups, and the search.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Input {
    pub(in super::super) groups: Vec<ScopeGroup>,
    pub(in super::super) search: String,
}

impl Input {
    /// The input of a stored scope.
    pub(in super::super) fn of(scope: &Scope) -> Self {
        let groups = match scope.mode {
            ScopeMode::Everyone => Vec::new(),
            ScopeMode::Groups => scope.groups.clone(),
        };
        Self { groups, search: String::new() }
    }

    /// What a form sent, after its *Add* and *Remove* buttons. Tombstones of `old` keep theirs.
    pub(in super::super) fn sent(fields: &Fields, old: Option<&Scope>) -> Self {
        let mut groups: Vec<ScopeGroup> = Vec::new();
        let added = fields.given("add");
        let removed = fields.given("remove");
        for id in fields.below("group.").map(|(id, _)| id).chain(added).filter(|id| Some(*id) != removed) {
            let Ok(group) = id.parse::<GroupId>() else { continue };
            let known = old.and_then(|old| old.groups.iter().find(|known| known.group == group));
            let members = match fields.text(&format!("members.{id}")) {
                "all" => ScopeMembers::All,
                _ => ScopeMembers::Direct,
            };
            if !groups.iter().any(|entry| entry.group == group) {
                groups.push(ScopeGroup { group, members, deleted_since: known.and_then(|known| known.deleted_since) });
            }
        }
        Self { groups, search: fields.text("q").to_owned() }
    }

    /// The scope: groups when any is chosen, else everyone.
    pub(in super::super) fn scope(&self) -> Scope {
        if self.groups.is_empty() {
            return Scope::everyone();
        }
        Scope { mode: ScopeMode::Groups, groups: self.groups.clone() }
    }
}

/// Whether the form sent one of the buttons within it, after which it is shown again.
/// Enter in the search field presses the form's first button: letters that were not searched for yet are searched for.
pub(in super::super) fn acted(fields: &Fields) -> bool {
    let unsearched = !matches!(fields.text("go"), "back" | "update") && fields.text("q") != fields.text("searched");
    fields.given("add").is_some() || fields.given("remove").is_some() || fields.text("go") == "search" || unsearched
}

/// How many users are active, have the app ON and are in the scope.
pub(in super::super) async fn count(store: &Store, app: &App, connection: Connection) -> Result<u64, StoreError> {
    let rules = load_rules_for(store, app.clone(), connection).await?;
    let mut count = 0;
    let mut after = None;
    loop {
        let subjects = page(store, &rules, after, PAGE_USERS).await?;
        let Some(last) = subjects.last() else { return Ok(count) };
        after = Some(last.account.user_id);
        for subject in &subjects {
            let active = subject.user.as_ref().is_some_and(|user| {
                let status = &user.status;
                status.suspended.is_none() && status.archived_since.is_none() && status.deleted_since.is_none()
            });
            count += u64::from(active && rules.view(subject).entitled());
        }
    }
}

/// A chosen group with its name; `None` for one that was deleted.
pub(in super::super) struct Chosen {
    entry: ScopeGroup,
    group: Option<Group>,
}

/// Looks up the names of the chosen groups.
pub(in super::super) async fn chosen(store: &Store, input: &Input) -> Result<Vec<Chosen>, StoreError> {
    let mut chosen = Vec::new();
    for entry in &input.groups {
        let group = match groups::get(store, entry.group).await {
            Ok(group) => Some(group),
            Err(StoreError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        chosen.push(Chosen { entry: entry.clone(), group });
    }
    Ok(chosen)
}

/// The groups that a search finds and that are not chosen yet; nothing without letters to search for.
pub(in super::super) async fn found(store: &Store, input: &Input) -> Result<Vec<Group>, StoreError> {
    if input.search.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = groups::list(store, &input.search, None, FOUND_MAX + input.groups.len()).await?.items;
    found.retain(|group| !input.groups.iter().any(|entry| entry.group == group.id));
    found.truncate(FOUND_MAX);
    Ok(found)
}

/// What is said where nobody would be provisioned whatever the scope is.
pub(in super::super) fn without_access(app: &App) -> Markup {
    html! {
        @if off_for_everyone(&app.access) {
            (notice_box(&Notice::warning(format!("Nobody has access to {} yet: it is OFF for everyone, and no account is made.", app.name))))
            p { a href=(format!("{}/access", app_path(app))) { "User access" } " says for whom it is ON." }
        }
    }
}

/// The form's content. `path` is the page itself, asked again while one types.
pub(in super::super) fn body(app: &str, input: &Input, chosen: &[Chosen], found: &[Group], users: u64, path: &str) -> Markup {
    let how_many = counted(users, "user");
    let who = if chosen.is_empty() {
        format!("All users with access to {app}: {how_many} now.")
    } else {
        format!("Users with access to {app} who are members of a group below: {how_many} now.")
    };
    html! {
        (hint(&format!("Without groups, everybody who has access to {app} is provisioned. Add groups to provision only their members.")))
        (card("Groups", html! {
            p { (who) }
            (chosen_table(chosen))
            (search(input, path))
            div id="group-results" { (hidden("searched", &input.search)) (results(input, found)) }
        }))
    }
}

fn chosen_table(chosen: &[Chosen]) -> Markup {
    let rows: Vec<Vec<Markup>> = chosen
        .iter()
        .map(|chosen| {
            let id = chosen.entry.group.to_string();
            let name = html! {
                @if let Some(group) = &chosen.group { strong { (group.name) } br; span.muted { (group.email) } }
                @else { (chip("deleted group", Tone::Warn)) " " span.muted { (id) } }
            };
            let label = chosen.group.as_ref().map_or(id.as_str(), |group| group.email.as_str()).to_owned();
            vec![
                html! { (name) (hidden(&format!("group.{id}"), "on")) },
                members_select(&id, &label, chosen.entry.members),
                html! { button.button.button-text type="submit" name="remove" value=(id) aria-label=(format!("Remove {label}")) { "Remove" } },
            ]
        })
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    data_table(Table { caption: "Groups in the scope", headers: &["Group", "Scope", ""], numbers: &[], rows: &rows, empty: "" })
}

fn members_select(id: &str, group: &str, members: ScopeMembers) -> Markup {
    let all = match members {
        ScopeMembers::All => true,
        ScopeMembers::Direct => false,
    };
    html! {
        div.select {
            select name=(format!("members.{id}")) aria-label=(format!("Scope of {group}")) {
                option value="direct" selected[!all] { "Direct members" }
                option value="all" selected[all] { "All members, also of nested groups" }
            }
            (icon(Icon::ChevronDown))
        }
    }
}

fn search(input: &Input, path: &str) -> Markup {
    html! {
        div.actions {
            (super::live_search("Search groups", "q", &input.search, path, "group-results"))
            (button_named("Search", ButtonKind::Secondary, "go", "search"))
        }
    }
}

fn results(input: &Input, found: &[Group]) -> Markup {
    if input.search.is_empty() {
        return html! { p.muted { "Type one or more letters of a group's name or address." } };
    }
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|group| {
            let id = group.id.to_string();
            vec![
                html! { strong { (group.name) } br; span.muted { (group.email) } },
                members_select(&id, &group.email, ScopeMembers::Direct),
                html! { button.button.button-secondary type="submit" name="add" value=(id) aria-label=(format!("Add {}", group.email)) { "Add" } },
            ]
        })
        .collect();
    let empty = format!("No further group has “{}” in its name or address.", input.search);
    data_table(Table { caption: "Groups found", headers: &["Group", "Scope", ""], numbers: &[], rows: &rows, empty: &empty })
}

/// The choice for users in secondary domains, for the settings.
pub(in super::super) fn secondary_domains(selected: provost_core::app::SecondaryDomains) -> Markup {
    use provost_core::app::SecondaryDomains;
    let word = match selected {
        SecondaryDomains::SkipInGroups => "skip_in_groups",
        SecondaryDomains::Include => "include",
        SecondaryDomains::Skip => "skip",
    };
    let options = [
        ("skip_in_groups", "Not provisioned when the scope is limited to groups"),
        ("include", "Provisioned like everybody else"),
        ("skip", "Never provisioned"),
    ];
    select("Users in secondary domains", "secondary_domains", &options, word)
}
