//! A proxy in front of a PostgreSQL server that cuts a connection at a chosen request.

use provost_db::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Whether the server gets to see the request at which the connection is cut.
#[derive(Clone, Copy)]
pub(crate) enum Cut {
    Before,
    After,
}

#[derive(Clone)]
struct Rule {
    request: &'static str,
    /// Counted from 1, over all connections.
    nth: usize,
    cut: Cut,
    seen: Arc<AtomicUsize>,
}

/// The URL of the same database through a proxy that cuts at the `nth` request of this text.
pub(crate) async fn behind_proxy(location: &Location, request: &'static str, nth: usize, cut: Cut) -> String {
    let Location::Postgres(url) = location else { unreachable!("the location is a server") };
    let (server, _) = url.split_once('@').unwrap().1.split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxied = url.replace(server, &listener.local_addr().unwrap().to_string());
    let (server, rule) = (server.to_owned(), Rule { request, nth, cut, seen: Arc::default() });
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let upstream = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(forward(client, upstream, rule.clone()));
        }
    });
    proxied
}

async fn forward(mut client: TcpStream, mut server: TcpStream, rule: Rule) {
    let (mut to_server, mut to_client) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut to_server) => {
                let Ok(length @ 1..) = read else { return };
                let sent = &to_server[..length];
                if sent.windows(rule.request.len()).any(|window| window == rule.request.as_bytes())
                    && rule.seen.fetch_add(1, Ordering::Relaxed) + 1 == rule.nth
                {
                    if let Cut::After = rule.cut {
                        server.write_all(sent).await.unwrap();
                        // Its answer is awaited, and kept.
                        let _ = server.read(&mut to_client).await;
                    }
                    return;
                }
                server.write_all(sent).await.unwrap();
            }
            read = server.read(&mut to_client) => {
                let Ok(length @ 1..) = read else { return };
                client.write_all(&to_client[..length]).await.unwrap();
            }
        }
    }
}
