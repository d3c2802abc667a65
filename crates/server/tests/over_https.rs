//! Behind a proxy that lets browsers in over https only, cookies go no other way.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE, STRICT_TRANSPORT_SECURITY};
use axum::response::Response;
use provost_db::Location;
use provost_platform::{Clock, Sealer};
use provost_server::Server;
use provost_store::admins::{self, Role};
use provost_store::{Actor, Store};
use tower::ServiceExt;

const PASSWORD: &str = "correct horse battery";

async fn sign_in(server: &Server) -> Response {
    let form = format!("email=root%40example.com&password={}", PASSWORD.replace(' ', "+"));
    let request = Request::post("/sign-in").header("sec-fetch-site", "same-origin");
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(form)).unwrap();
    provost_server::router(server.clone()).oneshot(request).await.unwrap()
}

async fn home(server: &Server, cookie: &str) -> u16 {
    let request = Request::get("/").header(COOKIE, cookie).body(Body::empty()).unwrap();
    provost_server::router(server.clone()).oneshot(request).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn the_session_cookie_is_secure_where_browsers_come_over_https() {
    let store = Store::open(&Location::Memory, Clock::system(), Sealer::from_key([7; 32])).await.unwrap();
    admins::create(&store, &Actor::CommandLine, "root@example.com", PASSWORD, Role::SuperAdmin).await.unwrap();
    for https in [false, true] {
        let server = Server::new(store.clone(), Vec::new()).over_https(https);
        let answer = sign_in(&server).await;
        let cookies: Vec<&str> = answer.headers().get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect();
        let session = cookies.iter().find(|cookie| cookie.contains("provost_console=")).unwrap();
        assert_eq!(session.starts_with("__Host-"), https, "{session}");
        assert!(cookies.iter().all(|cookie| cookie.contains("; Secure") == https), "{cookies:?}");
        assert_eq!(answer.headers().contains_key(STRICT_TRANSPORT_SECURITY), https);
        let pair = session.split(';').next().unwrap();
        assert_eq!(home(&server, pair).await, 200, "it is a session");
        assert_eq!(home(&server, pair.trim_start_matches("__Host-")).await, if https { 303 } else { 200 }, "by its whole name");
    }
}
