//! The network between the engine and the apps: each request on its course, with what goes wrong on it.

use super::fault::{Course, Fault};
use super::ledger::Effect;
use super::scene::Scene;
use crate::accounts::{Reply, Request, list_of, user_name};
use provost_core::time::Timestamp;
use provost_platform::simulation::Target;
use provost_platform::{Clock, HttpError, HttpRequest, HttpResponse};
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Where the app of this number is.
pub(super) fn endpoint(app: usize) -> String {
    format!("https://app{app}.example/scim/v2")
}

/// Longer than any client waits.
const FOR_EVER: Duration = Duration::from_hours(1);

/// The scene of one app: the driver and the network share it, on one thread.
pub(super) type Shared = Arc<Mutex<Scene>>;

pub(super) fn lock(scene: &Shared) -> MutexGuard<'_, Scene> {
    scene.lock().expect("nothing panics while it holds the scene")
}

/// The apps as the engine's HTTP client meets them, each at its own host.
pub(super) fn target(apps: &[Shared], clock: &Clock) -> Target {
    let apps: Vec<(String, Shared)> =
        apps.iter().enumerate().map(|(app, scene)| (format!("https://app{app}.example"), Arc::clone(scene))).collect();
    let clock = clock.clone();
    Target::new(move |request| {
        let met = apps.iter().find_map(|(host, scene)| Some((request.url.strip_prefix(host)?.to_owned(), scene)));
        let (path, scene) = met.expect("the engine knows no other hosts");
        Box::pin(exchange(Arc::clone(scene), clock.clone(), path, request))
    })
}

async fn exchange(scene: Shared, clock: Clock, path: String, sent: HttpRequest) -> Result<HttpResponse, HttpError> {
    let now = || Timestamp(clock.now_micros());
    let request = Request::at(path, sent);
    let (number, course) = lock(&scene).send(&request, now());
    if course.fault == Some(Fault::Refused) {
        lock(&scene).lose(number);
        return Err(HttpError::Refused { message: "the simulator refuses the connection".to_owned() });
    }
    tokio::time::sleep(course.there).await;
    let answer = answered(&mut lock(&scene), number, &course, &request, now());
    tokio::time::sleep(if course.fault == Some(Fault::Hangs) { FOR_EVER } else { course.back }).await;
    let lost = || HttpError::NoAnswer { message: "the simulator has lost the answer".to_owned() };
    let (response, retry_after) = answer.ok_or_else(lost)?;
    let whole = !matches!(course.fault, Some(Fault::Garbled | Fault::WithoutId));
    lock(&scene).read(number, whole, response.status, retry_after, now());
    Ok(response)
}

/// What becomes of a request that has arrived, or not; `None` where no answer comes.
fn answered(
    scene: &mut Scene,
    number: u64,
    course: &Course,
    request: &Request,
    now: Timestamp,
) -> Option<(HttpResponse, Option<i64>)> {
    if let Some(refusal) = refused(scene, course, request, now) {
        scene.lose(number);
        return Some(refusal);
    }
    match course.fault {
        Some(Fault::LostBefore) => {
            scene.lose(number);
            None
        }
        Some(Fault::Late) => {
            scene.delay(number, now);
            None
        }
        Some(Fault::Hangs) if scene.death(now).is_some() || scene.draw(2) == 0 => {
            scene.lose(number);
            None
        }
        Some(Fault::LostAfter | Fault::Hangs) => {
            scene.arrive(number, now);
            None
        }
        Some(Fault::BlindSearch) => {
            scene.lose(number);
            Some((Reply { status: 200, body: Some(list_of(&[], 0, 1)) }.on_the_wire(), None))
        }
        fault => Some((carried_out(scene, number, fault, request, now), None)),
    }
}

/// The answer to a request that is carried out.
fn carried_out(scene: &mut Scene, number: u64, fault: Option<Fault>, request: &Request, now: Timestamp) -> HttpResponse {
    let mut reply = scene.arrive(number, now);
    match fault {
        Some(Fault::Doubled) => {
            // The second copy does nothing that counts.
            scene.accounts.carry_out(request);
            reply.on_the_wire()
        }
        Some(Fault::ErrorAfter) => Reply::error(500, "the database went away").on_the_wire(),
        Some(Fault::Garbled) => {
            let mut half = reply.on_the_wire();
            half.body.truncate(half.body.len() / 2);
            half
        }
        Some(Fault::WithoutId) => {
            reply.body.iter_mut().filter_map(Value::as_object_mut).for_each(|body| drop(body.remove("id")));
            reply.on_the_wire()
        }
        Some(Fault::Capitals) => {
            // What is shown otherwise than it was sent looks like the work of an update, and so does what is shown as before.
            scene.ledger.resembles(Effect::Changed);
            scene.ledger.resembles(Effect::Changed);
            with_each(reply, capitals).on_the_wire()
        }
        Some(Fault::TextBooleans) => {
            scene.ledger.resembles(Effect::Changed);
            with_each(reply, text_booleans).on_the_wire()
        }
        Some(Fault::PartialListing) => part_of(reply, scene.draw(3)).on_the_wire(),
        // Those that are met before or behind this, and no fault.
        Some(
            Fault::Refused
            | Fault::LostBefore
            | Fault::LostAfter
            | Fault::Hangs
            | Fault::Late
            | Fault::ErrorBefore
            | Fault::Throttled
            | Fault::Unavailable
            | Fault::Rejected
            | Fault::Forbidden
            | Fault::Unauthorized
            | Fault::Conflict
            | Fault::UnknownId
            | Fault::BlindSearch,
        )
        | None => reply.on_the_wire(),
    }
}

/// The answer of an app that does not carry the request out, and the time that it asks for.
fn refused(scene: &mut Scene, course: &Course, request: &Request, now: Timestamp) -> Option<(HttpResponse, Option<i64>)> {
    if scene.death(now).is_some() {
        let fails = course.fault == Some(Fault::ErrorBefore);
        return fails.then(|| (Reply::error(500, "the app is broken").on_the_wire(), None));
    }
    if scene.revoked || course.fault == Some(Fault::Unauthorized) {
        scene.revoked = true;
        return Some((Reply::error(401, "the token has been revoked").on_the_wire(), None));
    }
    if scene.busy_until > now {
        let seconds = (scene.busy_until - now).as_seconds() + 1;
        return Some(later(429, &seconds.to_string(), Some(seconds)));
    }
    if request.path.ends_with("/ServiceProviderConfig") {
        return Some((Reply::error(404, "nothing is announced").on_the_wire(), None));
    }
    if concerns_the_stuck(scene, request) {
        return Some((Reply::error(500, "this user cannot be worked on").on_the_wire(), None));
    }
    let plain = |status, detail| Some((Reply::error(status, detail).on_the_wire(), None));
    match course.fault? {
        Fault::ErrorBefore => plain(500, "the database is away"),
        Fault::Rejected => plain(400, "the app does not like this"),
        Fault::Forbidden => plain(403, "not for this user"),
        Fault::Conflict => plain(409, "userName is in use"),
        Fault::UnknownId => plain(404, "no such user"),
        Fault::Unavailable => Some(later(503, "60", Some(60))),
        Fault::Throttled => Some(match scene.draw(5) {
            0 => later(429, "7", Some(7)),
            1 => later(429, "1800", Some(1_800)),
            2 => later(429, "-5", None),
            3 => later(429, "1000000000", None),
            _ => (Reply::error(429, "too many requests").on_the_wire(), None),
        }),
        Fault::Refused
        | Fault::LostBefore
        | Fault::LostAfter
        | Fault::Hangs
        | Fault::Late
        | Fault::Doubled
        | Fault::ErrorAfter
        | Fault::Garbled
        | Fault::WithoutId
        | Fault::Unauthorized
        | Fault::BlindSearch
        | Fault::PartialListing
        | Fault::Capitals
        | Fault::TextBooleans => None,
    }
}

/// Whether the request is for the user whose requests fail for ever.
fn concerns_the_stuck(scene: &Scene, request: &Request) -> bool {
    let Some(person) = scene.plan.stuck.and_then(|index| scene.model.people.get(index)) else { return false };
    let user = person.id.get();
    let by_id = crate::accounts::id_of(&request.path).and_then(|id| scene.owners.get(&id).copied());
    by_id == Some(user) || request.method == "POST" && request.body.contains(&format!("\"externalId\":\"{user}\""))
}

fn later(status: u16, retry_after: &str, seconds: Option<i64>) -> (HttpResponse, Option<i64>) {
    let mut response = Reply::error(status, "not now").on_the_wire();
    response.headers.push(("retry-after".to_owned(), retry_after.to_owned()));
    (response, seconds)
}

/// The reply with each of its resources changed.
fn with_each(mut reply: Reply, change: fn(&mut Value)) -> Reply {
    match reply.body.as_mut().and_then(|body| body.get_mut("Resources")).and_then(Value::as_array_mut) {
        Some(listed) => listed.iter_mut().for_each(change),
        None => reply.body.iter_mut().for_each(change),
    }
    reply
}

/// A page of a list that lacks accounts: all of them, half of them, or half of them though they are counted.
fn part_of(mut reply: Reply, how: u64) -> Reply {
    if let Some(body) = reply.body.as_mut() {
        let listed = body["Resources"].as_array_mut().map_or(0, |listed| {
            listed.truncate(if how == 0 { 0 } else { listed.len() / 2 });
            listed.len()
        });
        body["itemsPerPage"] = listed.into();
        if how < 2 {
            body["totalResults"] = listed.into();
        }
    }
    reply
}

fn capitals(resource: &mut Value) {
    if let Some(resource) = resource.as_object_mut().filter(|resource| resource.contains_key("userName")) {
        let name = user_name(resource).to_uppercase();
        resource.insert("userName".to_owned(), name.into());
    }
}

fn text_booleans(resource: &mut Value) {
    if let Some(active) = resource.get_mut("active") {
        let text = if *active == Value::Bool(false) { "False" } else { "true" };
        *active = text.into();
    }
}
