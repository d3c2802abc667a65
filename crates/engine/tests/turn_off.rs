//! "Turn off", again and again in the middle of the work, of several connections at once: no request starts more than a second
//! after the answer.

use provost_store::Actor;
use provost_store::apps::connections;
use provost_store::directory::users::{self, UserEdit};
use provost_testkit::{Fault, World, wait_for};
use std::time::{Duration, Instant};

const BY: Actor = Actor::CommandLine;

/// Two hundred in all.
const WORLDS: usize = 8;
const TOGGLES: usize = 25;

/// A promise of the product.
const PROMISED: Duration = Duration::from_secs(1);

/// How long it is watched after each.
const WATCHED: Duration = Duration::from_millis(1_150);

/// Toggles; the longest time after an answer in which a request started, and how many requests there were.
async fn toggled(number: usize) -> (Duration, usize) {
    let world = World::new("netskope").await;
    world.proxy.every(|request| request.method != "GET", Fault::Delay(Duration::from_millis(300)));
    let mut people = Vec::new();
    for person in 0..120 {
        people.push(world.add(&format!("person{person}"), "/").await);
    }
    let connection = world.turn_on(world.config()).await;
    let (mut longest, mut changed) = (Duration::ZERO, 0);
    for toggle in 0..TOGGLES {
        let before = world.proxy.recorded().len();
        wait_for("the work goes on", async || world.proxy.recorded().len() > before + 2).await;
        connections::turn_off(&world.store, &BY, connection.id).await.expect("turned off");
        let answered = Instant::now();
        // More work comes while it is off.
        for _ in 0..25 {
            let user = people[changed % people.len()].id;
            let change = UserEdit { given_name: Some(format!("Name {toggle} {changed}")), ..UserEdit::default() };
            users::edit(&world.store, &BY, user, None, change).await.expect("an edit");
            changed += 1;
        }
        tokio::time::sleep(WATCHED.saturating_sub(answered.elapsed())).await;
        let late = world.proxy.recorded().into_iter().map(|request| request.at.saturating_duration_since(answered)).max();
        longest = longest.max(late.unwrap_or_default());
        connections::turn_on(&world.store, &BY, connection.id, None).await.expect("turned on");
    }
    let sent = world.proxy.recorded().len();
    println!("connection {number}: {sent} requests, the latest {longest:?} after an answer");
    (longest, sent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_starts_a_second_after_turning_off() {
    let worlds: Vec<_> = (0..WORLDS).map(|number| tokio::spawn(toggled(number))).collect();
    for world in worlds {
        let (longest, sent) = world.await.expect("it does not panic");
        assert!(longest <= PROMISED, "a request started {longest:?} after the answer");
        assert!(sent >= TOGGLES * 3, "there was work at each: {sent}");
    }
}
