//! Serves every component on sample pages, to look at: `cargo run -p provost-web --example gallery -- 127.0.0.1:8099`.

use axum::Router;
use axum::routing::get;
use provost_web::{assets_router, html_response, not_found, protect};

#[path = "../tests/samples/mod.rs"]
mod samples;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8099".to_owned());
    let mut router: Router = Router::new().merge(assets_router());
    for (path, sample) in samples::PAGES {
        router = router.route(path, get(move || async move { html_response(sample()) }));
    }
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, protect(router.fallback(|| async { not_found() }))).await
}
