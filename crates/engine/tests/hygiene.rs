//! What HTTP can do to a create: redirects that would carry the token away, answers without end, connections that die.

use provost_core::provisioning::{AccountState, FailureKind};
use provost_core::time::Span;
use provost_testkit::{Fault, Recorded, World};
use std::time::Duration;
use tokio::net::TcpListener;

fn create(request: &Recorded) -> bool {
    request.method == "POST"
}

fn methods(world: &World) -> Vec<String> {
    world.proxy.recorded().into_iter().map(|request| request.method).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_not_followed_and_the_token_goes_nowhere_else() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
    let location = format!("http://{}/scim/Users", elsewhere.local_addr().expect("it is bound"));
    for status in [301, 302, 307, 308] {
        let world = World::new("netskope").await;
        let user = world.add("ada", "/").await;
        let to = vec![("Location".to_owned(), location.clone())];
        world.proxy.once(create, Fault::Answer(status, to, String::new()));
        world.turn_on(world.config()).await;
        let failure = world.account(&user).await.failure.expect("it fails");
        assert_eq!(failure.kind, FailureKind::Rejected);
        assert!(failure.message.contains("redirects elsewhere"), "{}", failure.message);
        assert_eq!(methods(&world), ["POST"]);
    }
    let visited = tokio::time::timeout(Duration::from_millis(300), elsewhere.accept()).await;
    assert!(visited.is_err(), "somebody followed the redirect");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_over_the_limit_leaves_it_open_what_was_done() {
    let world = World::new("netskope").await;
    let user = world.add("ada", "/").await;
    let endless = " ".repeat(9 << 20);
    world.proxy.once(create, Fault::Answer(201, Vec::new(), endless));
    world.turn_on(world.config()).await;
    world.settle().await;
    world.advance(Span::seconds(10)).await;
    assert_eq!(world.account(&user).await.state, AccountState::Linked);
    assert_eq!(methods(&world), ["POST", "GET", "POST"], "looked up first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creates_whose_connections_die_are_looked_up_and_none_is_doubled() {
    let world = World::new("netskope").await;
    for number in 0..40 {
        world.add(&format!("person{number}"), "/").await;
    }
    // Every third create is done and not answered, every fifth not even done; connections are reused in between.
    for number in 0..13 {
        let of = move |request: &Recorded| create(request) && request.body.contains(&format!("\"person{}@", number * 3));
        world.proxy.once(of, Fault::LoseAnswer);
    }
    for number in 0..8 {
        let of = move |request: &Recorded| create(request) && request.body.contains(&format!("\"person{}@", number * 5 + 1));
        world.proxy.once(of, Fault::LoseRequest);
    }
    world.turn_on(world.config()).await;
    world.settle().await;
    world.advance(Span::seconds(10)).await;
    world.settle().await;
    assert_eq!(world.failures().await, Vec::<String>::new());
    let creates = world.proxy.recorded().iter().filter(|request| create(request)).count();
    let (users, lost) = (world.tenant_users().await.len(), 8 - 3);
    assert_eq!(users, 40);
    assert_eq!(creates, 40 + lost, "only what was not done is sent again");
}
