//! The form of an endpoint's URL, checked while an administrator types it. Nothing is looked up and nothing is sent.

use super::address::{address_allowed, plain};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

const LENGTH_MAX: usize = 2_048;

/// Why a URL cannot be an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Nothing typed.
    #[error("enter the endpoint URL")]
    Empty,
    /// Overlong.
    #[error("the endpoint URL is longer than 2048 characters")]
    TooLong,
    /// The template's placeholder is still there.
    #[error("{placeholder} still stands in the endpoint URL: put your tenant's name there")]
    Placeholder {
        /// With its braces, as in `{tenant-name}`.
        placeholder: String,
    },
    /// Not a URL with a host.
    #[error("this is not a URL: it must look like https://host/path")]
    NotAUrl,
    /// A name or password before the host.
    #[error("the endpoint URL must not hold a user name or password: the access token is entered on its own")]
    UserInfo,
    /// Something after `?` or `#`.
    #[error("the endpoint URL must not hold a query (?) or a fragment (#): it is the address that /Users is appended to")]
    QueryOrFragment,
    /// Neither https nor allowed plain http.
    #[error("the endpoint URL must begin with https://: the access token would travel in the clear")]
    NotHttps,
    /// A literal address, or `localhost`, that is not allowed.
    #[error("{host} is a private or reserved address: use a public host name, or allow its network with --allow-private")]
    PrivateAddress {
        /// As typed, in its usual notation.
        host: String,
    },
}

/// Checks the form of an endpoint's URL: no placeholder left in, https, no user info, query or fragment, no private
/// literal address. Plain http is taken for a loopback address (or `localhost`) that `allowed_private` covers.
pub fn check_endpoint(url: &str, allowed_private: &[IpNet]) -> Result<(), EndpointError> {
    let text = url.trim();
    if text.is_empty() {
        return Err(EndpointError::Empty);
    }
    if text.len() > LENGTH_MAX {
        return Err(EndpointError::TooLong);
    }
    if let Some(placeholder) = placeholder(text) {
        return Err(EndpointError::Placeholder { placeholder });
    }
    let url = Url::parse(text).map_err(|_| EndpointError::NotAUrl)?;
    let host = url.host().ok_or(EndpointError::NotAUrl)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointError::UserInfo);
    }
    if text.contains(['?', '#']) {
        return Err(EndpointError::QueryOrFragment);
    }
    let literals = literal_addresses(&host);
    if !literals.is_empty() && !literals.iter().any(|address| address_allowed(*address, allowed_private)) {
        return Err(EndpointError::PrivateAddress { host: host.to_string() });
    }
    if scheme_allowed(&url, allowed_private) { Ok(()) } else { Err(EndpointError::NotHttps) }
}

/// Whether the scheme is https, or http to a loopback address that the operator allows.
pub(super) fn scheme_allowed(url: &Url, allowed_private: &[IpNet]) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => url.host().is_some_and(|host| {
            literal_addresses(&host)
                .iter()
                .any(|address| plain(*address).is_loopback() && address_allowed(*address, allowed_private))
        }),
        _ => false,
    }
}

/// The addresses that a host names without a look-up: a literal address, or both loopback addresses for `localhost`.
pub(super) fn literal_addresses(host: &Host<&str>) -> Vec<IpAddr> {
    match host {
        Host::Ipv4(address) => vec![(*address).into()],
        Host::Ipv6(address) => vec![(*address).into()],
        // RFC 6761, 6.3: and every name under it.
        Host::Domain(name) if is_localhost(name) => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        Host::Domain(_) => Vec::new(),
    }
}

fn is_localhost(name: &str) -> bool {
    name.trim_end_matches('.').rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case("localhost"))
}

/// The first `{…}` in the text, also when percent-encoded; half of one counts.
fn placeholder(text: &str) -> Option<String> {
    let text = text.replace("%7B", "{").replace("%7b", "{").replace("%7D", "}").replace("%7d", "}");
    let start = text.find(['{', '}'])?;
    let end = text[start..].find('}').map_or(text.len(), |length| start + length + 1);
    Some(text[start..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback() -> Vec<IpNet> {
        vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]
    }

    #[test]
    fn takes_https_to_names_and_public_addresses() {
        for url in [
            "https://acme.goskope.com/api/v2/scim",
            " https://acme.goskope.com ",
            "https://8.8.8.8:8443/scim/",
            "HTTPS://EXAMPLE.COM/a%20b",
        ] {
            assert_eq!(check_endpoint(url, &[]), Ok(()), "{url}");
        }
    }

    #[test]
    fn takes_plain_http_only_to_allowed_loopback() {
        for url in [
            "http://127.0.0.1:8090/scim",
            "http://localhost:8090/scim",
            "http://[::1]/scim",
            "http://[::ffff:127.0.0.1]/",
            "http://LOCALHOST./",
        ] {
            assert_eq!(check_endpoint(url, &loopback()), Ok(()), "{url}");
            assert!(matches!(check_endpoint(url, &[]), Err(EndpointError::PrivateAddress { .. })), "{url}");
        }
        let everything = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
        for url in ["http://example.com/", "http://10.0.0.1/", "http://8.8.8.8/", "ftp://example.com/"] {
            assert_eq!(check_endpoint(url, &everything), Err(EndpointError::NotHttps), "{url}");
        }
    }

    #[test]
    fn a_placeholder_is_named() {
        for (url, placeholder) in [
            ("https://{tenant-name}.goskope.com/api/v2/scim", "{tenant-name}"),
            ("https://%7Btenant-name%7D.goskope.com/", "{tenant-name}"),
            ("https://acme.goskope.com/{path", "{path"),
            ("https://acme}.goskope.com/", "}"),
        ] {
            assert_eq!(check_endpoint(url, &[]), Err(EndpointError::Placeholder { placeholder: placeholder.to_owned() }));
        }
        let told = check_endpoint("https://{tenant-name}.x/", &[]).unwrap_err().to_string();
        assert_eq!(told, "{tenant-name} still stands in the endpoint URL: put your tenant's name there");
    }

    #[test]
    fn private_addresses_are_refused_in_any_notation() {
        for url in [
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://10.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/",
            "https://localhost/",
            "https://a.localhost/",
        ] {
            assert!(matches!(check_endpoint(url, &[]), Err(EndpointError::PrivateAddress { .. })), "{url}");
        }
        assert_eq!(check_endpoint("https://10.0.0.1/", &["10.0.0.0/8".parse().unwrap()]), Ok(()));
    }

    #[test]
    fn the_rest_is_refused_with_its_reason() {
        let long = format!("https://example.com/{}", "a".repeat(2_048));
        for (url, error) in [
            ("", EndpointError::Empty),
            ("   ", EndpointError::Empty),
            (long.as_str(), EndpointError::TooLong),
            ("acme.goskope.com", EndpointError::NotAUrl),
            ("https://", EndpointError::NotAUrl),
            ("mailto:a@b", EndpointError::NotAUrl),
            ("https://user@example.com/", EndpointError::UserInfo),
            ("https://user:pass@example.com/", EndpointError::UserInfo),
            ("https://example.com/?a=b", EndpointError::QueryOrFragment),
            ("https://example.com/?", EndpointError::QueryOrFragment),
            ("https://example.com/#a", EndpointError::QueryOrFragment),
            ("http://example.com/", EndpointError::NotHttps),
        ] {
            assert_eq!(check_endpoint(url, &[]), Err(error), "{url}");
        }
    }
}
