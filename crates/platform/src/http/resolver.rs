//! Name resolution that hands over only addresses the guard allows, so that a name cannot point us somewhere private, not
//! even between a check and the connection.

use super::address::address_allowed;
use super::options::Names;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// A name that resolves to nothing we may speak to.
#[derive(Debug, thiserror::Error)]
#[error("{}", refusal(host, addresses.first().copied()))]
pub(super) struct NoAllowedAddress {
    host: String,
    addresses: Vec<IpAddr>,
}

/// The text for a host that may not be spoken to.
pub(super) fn refusal(host: &str, address: Option<IpAddr>) -> String {
    match address {
        Some(address) => format!(
            "{host} is at {address}, a private or reserved address, and requests do not go there: \
             use a public address, or allow the network it is in with --allow-private"
        ),
        None => format!("{host} has no address"),
    }
}

/// Resolves with the system's resolver, then filters.
#[derive(Debug)]
pub(super) struct GuardedResolver {
    allowed_private: Arc<[IpNet]>,
    names: Names,
}

impl GuardedResolver {
    pub(super) fn new(allowed_private: Arc<[IpNet]>, names: Names) -> Self {
        Self { allowed_private, names }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed_private, names) = (Arc::clone(&self.allowed_private), self.names.clone());
        Box::pin(async move {
            let host = name.as_str();
            let found = match &names {
                Names::System => addresses_of(host).await?,
                Names::Given(look_up) => look_up(host)?,
            };
            let allowed: Vec<SocketAddr> = found
                .iter()
                .filter(|address| address_allowed(**address, &allowed_private))
                .map(|address| SocketAddr::new(*address, 0))
                .collect();
            if allowed.is_empty() {
                return Err(NoAllowedAddress { host: host.to_owned(), addresses: found }.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

async fn addresses_of(host: &str) -> std::io::Result<Vec<IpAddr>> {
    // RFC 6761, 6.3: localhost is always the loopback address, whatever a name server says.
    let name = host.trim_end_matches('.');
    if name.eq_ignore_ascii_case("localhost") {
        return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolve(name: &str, allowed: &[&str]) -> Result<Vec<IpAddr>, String> {
        let allowed: Arc<[IpNet]> = allowed.iter().map(|network| network.parse().unwrap()).collect();
        let found = GuardedResolver::new(allowed, Names::System).resolve(name.parse().unwrap()).await;
        found.map(|addresses| addresses.map(|address| address.ip()).collect()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn hands_over_only_the_allowed_addresses_of_a_name() {
        let v4 = IpAddr::from(Ipv4Addr::LOCALHOST);
        let v6 = IpAddr::from(Ipv6Addr::LOCALHOST);
        assert_eq!(resolve("localhost", &["127.0.0.0/8"]).await.unwrap(), [v4]);
        assert_eq!(resolve("LOCALHOST.", &["::1/128"]).await.unwrap(), [v6]);
        assert_eq!(resolve("localhost", &["127.0.0.0/8", "::1/128"]).await.unwrap(), [v4, v6]);
    }

    #[tokio::test]
    async fn refuses_a_name_without_an_allowed_address_and_says_what_to_do() {
        let told = resolve("localhost", &["10.0.0.0/8"]).await.unwrap_err();
        assert!(told.contains("localhost is at 127.0.0.1") && told.contains("--allow-private"), "{told}");
    }
}
