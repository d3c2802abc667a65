//! `provost serve`: console, management API and engine over one data directory.

use crate::Ended;
use crate::cli::ServeArguments;
use crate::data_dir::DataDir;
use crate::high_water::HighWater;
use anyhow::Context;
use axum::Router;
use ipnet::IpNet;
use provost_platform::{Clock, HttpClient};
use provost_server::Server;
use provost_store::Store;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Runs until SIGINT or SIGTERM; requests under way are finished.
pub(crate) async fn run(arguments: ServeArguments) -> anyhow::Result<Ended> {
    let mut data = DataDir::hold(&arguments.data)?;
    // Whoever can connect finds the data there, and so does a verb that is begun then.
    let database = arguments.database.as_deref();
    let store = if arguments.key_lost {
        data.open_without_old_key(database, Clock::system()).await?
    } else {
        data.open(database, Clock::system()).await?
    };
    let listener = listen(arguments.listen).await?;
    let url = url_of(&listener)?;
    let high_water = HighWater::of(&arguments.data);
    high_water.compare(&store, arguments.restored).await?;
    data.announce(&url)?;
    println!("Provost listens on {url}");
    if let Some(token) = provost_store::admins::first_start_token(&store).await? {
        println!("There is no administrator yet. Make the first one within a day at {url}/first-start?token={}", token.expose());
    }
    let stop = CancellationToken::new();
    let engine = start_engine(&store, arguments.allow_private.clone(), &stop);
    let marking = tokio::spawn(high_water.keep(store.clone(), stop.clone()));
    let router = provost_server::router(Server::new(store, arguments.allow_private).over_https(arguments.https));
    let served = serve_until(listener, router, stop_signal()).await;
    stop.cancel();
    engine.await.context("the engine ended badly")?;
    marking.await.context("the task that marks how far the data have come ended badly")?;
    served.map(|()| Ended::Well)
}

/// Starts the engine over a store.
pub(crate) fn start_engine(store: &Store, allow_private: Vec<IpNet>, stop: &CancellationToken) -> JoinHandle<()> {
    tokio::spawn(provost_engine::run(store.clone(), HttpClient::new(allow_private), stop.clone()))
}

/// Listens; a port in use is told as such, with what to do.
pub(crate) async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: if another program uses the port, choose another with --listen 127.0.0.1:PORT")
    })
}

/// `http://127.0.0.1:8080`
pub(crate) fn url_of(listener: &TcpListener) -> anyhow::Result<String> {
    Ok(format!("http://{}", listener.local_addr().context("the listener has no address")?))
}

/// Serves until `stop` comes, and then finishes the requests under way.
pub(crate) async fn serve_until(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await.context("the listener failed")
}

/// SIGINT or SIGTERM.
pub(crate) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        // Without handlers the signals end the process, as they do by default.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
