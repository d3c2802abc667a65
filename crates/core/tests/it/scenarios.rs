//! Scenario scripts with golden transcripts: `tests/scenarios/*.txt`. A line is a step; the lines that begin with `>` are
//! what it made happen, and are compared. `UPDATE_GOLDEN=1` writes them anew.
//!
//! Steps: `world PROFILE PEOPLE`, `day D [HH:MM:SS]` (time passes), `in flight: STEP`, `fault NAME`, `policy TRIGGER
//! suspend|delete PERIOD|never [confirmed]`, `explain N`, `app` (lists the app), and the changes that [`change`] reads.

use crate::kit::{START, golden_at};
use crate::world::{Address, Change, Fault, World, moment, user_name};
use provost_core::app::{GracePeriod, ScopeMembers, Trigger};
use provost_core::provisioning::RemovalKind;
use provost_core::time::Span;
use std::path::Path;

#[test]
fn every_scenario_goes_as_its_transcript_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let files = std::fs::read_dir(folder).expect("there are scenarios");
    let mut paths: Vec<_> = files.map(|file| file.expect("it can be listed").path()).collect();
    paths.sort();
    assert!(paths.len() >= 12, "only {} scenarios", paths.len());
    for path in paths {
        let script = std::fs::read_to_string(&path).expect("a scenario can be read");
        golden_at(&path, &transcript(&script, &path.display().to_string()));
    }
}

fn transcript(script: &str, name: &str) -> String {
    let mut world = World::new("netskope", 0);
    let mut text = String::new();
    for line in script.lines().filter(|line| !line.starts_with('>')) {
        text.push_str(line);
        text.push('\n');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let said = step(&mut world, &words).unwrap_or_else(|| panic!("{name}: \"{line}\" is not a step"));
        for line in world.log.drain(..).chain(said) {
            text.push_str("> ");
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

/// Takes a step; what it says beside what happened. `None` when it is not a step.
fn step(world: &mut World, words: &[&str]) -> Option<Vec<String>> {
    match words {
        ["world", profile, people] => *world = World::new(profile, people.parse().ok()?),
        ["archived", "as", "suspended"] => *world = World::new("netskope-suspend", 1).archived_as_suspended(),
        ["sync"] => {}
        ["day", days] => advance(world, days, "00:00:00")?,
        ["day", days, time] => advance(world, days, time)?,
        ["in", "flight:", rest @ ..] => {
            world.in_flight.push_back(change(rest)?);
            return Some(Vec::new());
        }
        ["fault", name] => {
            world.faults.push_back(Some(fault(name)?));
            return Some(Vec::new());
        }
        ["explain", id] => return Some(world.explain(id.parse().ok()?)),
        ["app"] => return Some(listing(world)),
        other => {
            if !world.change(change(other)?) {
                return Some(vec!["refused".to_owned()]);
            }
            // Turning the connection and its rules over is one edit; the rest is worked at once.
            if other[0] == "policy" && world.requests == 0 {
                return Some(Vec::new());
            }
        }
    }
    if words[0] != "world" {
        world.process();
    }
    let held = world.held.iter().map(|held| format!("held: {} of {}", held.removal.kind.word(), held.email));
    Some(held.collect())
}

fn advance(world: &mut World, days: &str, time: &str) -> Option<()> {
    let parts: Vec<i64> = time.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hours, minutes, seconds] = parts.as_slice() else { return None };
    let at = START + Span::days(days.parse().ok()?) + Span::seconds(hours * 3_600 + minutes * 60 + seconds);
    world.advance(at - world.now);
    Some(())
}

fn change(words: &[&str]) -> Option<Change> {
    let on = |word: &str| match word {
        "on" | "in" | "add" => Some(true),
        "off" | "out" | "remove" => Some(false),
        _ => None,
    };
    Some(match words {
        ["suspend", id] => Change::Suspend(id.parse().ok()?),
        ["unsuspend", id] => Change::Unsuspend(id.parse().ok()?),
        ["archive", id] => Change::Archive(id.parse().ok()?),
        ["unarchive", id] => Change::Unarchive(id.parse().ok()?),
        ["delete", id] => Change::Delete(id.parse().ok()?),
        ["restore", id] => Change::Restore(id.parse().ok()?),
        ["join", email] => Change::Join(address(email)?),
        ["rename", id, email] => Change::Rename(id.parse().ok()?, address(email)?),
        ["retitle", id] => Change::Retitle(id.parse().ok()?),
        ["contractors", id, to] => Change::Move(id.parse().ok()?, on(to)?),
        ["member", id, to] => Change::Direct(id.parse().ok()?, on(to)?),
        ["nested", id, to] => Change::Nested(id.parse().ok()?, on(to)?),
        ["vip", id, to] => Change::Vip(id.parse().ok()?, on(to)?),
        ["turn", "app", to] => Change::AppOn(on(to)?),
        ["turn", "contractors", to] => Change::ContractorsOn(on(to)?),
        ["turn", "off"] => Change::TurnOff,
        ["turn", "on"] => Change::TurnOn,
        ["names", "local"] => Change::LocalNames(true),
        ["names", "whole"] => Change::LocalNames(false),
        ["scope", "everyone"] => Change::ScopeEveryone,
        ["scope", "direct"] => Change::ScopeGroup(ScopeMembers::Direct),
        ["scope", "all"] => Change::ScopeGroup(ScopeMembers::All),
        ["scope", "lost"] => Change::DeleteScopeGroup,
        ["foreign", email] => Change::Foreign(address(email)?),
        ["lose", id] => Change::LoseRemote(id.parse().ok()?),
        ["approve"] => Change::Approve,
        ["policy", trigger, kind, period, confirmed @ ..] => Change::Policy {
            trigger: Trigger::ALL.into_iter().find(|known| known.word() == *trigger)?,
            kind: if *kind == "suspend" { RemovalKind::Suspend } else { RemovalKind::HardDelete },
            period: if *period == "never" { None } else { Some(GracePeriod::parse(period)?) },
            confirmed: *confirmed == ["confirmed"],
        },
        _ => return None,
    })
}

/// `user7@example.com`, or `user7@second.example`.
fn address(email: &str) -> Option<Address> {
    let (local, domain) = email.split_once('@')?;
    Some(Address(local.strip_prefix("user")?.parse().ok()?, domain == "second.example"))
}

fn fault(name: &str) -> Option<Fault> {
    Some(match name {
        "lost-before" => Fault::LostBefore,
        "lost-after" => Fault::LostAfter,
        "500-before" => Fault::ErrorBefore,
        "500-after" => Fault::ErrorAfter,
        "refused" => Fault::Refused,
        "429" => Fault::Throttled,
        "400" => Fault::Rejected,
        "401" => Fault::Unauthorized,
        _ => return None,
    })
}

fn listing(world: &World) -> Vec<String> {
    let account = |(id, account): (&String, &crate::world::RemoteAccount)| {
        let (name, active) = (user_name(&account.body), &account.body["active"]);
        format!("{id}: {name}, {}", if active == true { "active" } else { "suspended" })
    };
    let failing = world.records.values().filter_map(|record| {
        let failure = record.failure.as_ref()?;
        let retry = failure.retry_at.map_or("waits".to_owned(), |at| format!("again {}", moment(at)));
        Some(format!("failing: {}: {} ({retry})", record.email, failure.message))
    });
    let mut lines: Vec<String> = world.app.accounts.iter().map(account).chain(failing).collect();
    if lines.is_empty() {
        lines.push("no accounts".to_owned());
    }
    lines
}
