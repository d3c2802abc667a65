//! Endpoints as keys: two spellings of one endpoint are one endpoint. Whether an address is allowed is not asked here.

/// The endpoint with scheme and host in lower case, without a default port and without trailing slashes.
pub fn normalized_endpoint(url: &str) -> String {
    let url = url.trim();
    let origin = origin(url);
    let (_, path) = split(url);
    let path = path.trim_end_matches('/');
    format!("{origin}{path}")
}

/// Where a token for this endpoint is sent to: scheme, host and port.
pub fn origin(url: &str) -> String {
    let (origin, _) = split(url.trim());
    let origin = origin.to_lowercase();
    let default_port = [("https://", ":443"), ("http://", ":80")].into_iter().find(|(scheme, _)| origin.starts_with(scheme));
    match default_port.and_then(|(_, port)| origin.strip_suffix(port)) {
        Some(short) => short.to_owned(),
        None => origin,
    }
}

fn split(url: &str) -> (&str, &str) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    url.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_endpoint_are_one_key() {
        let key = "https://acme.goskope.com/api/v2/scim";
        for spelling in [key, "HTTPS://Acme.Goskope.com/api/v2/scim/", " https://acme.goskope.com:443/api/v2/scim// "] {
            assert_eq!(normalized_endpoint(spelling), key, "{spelling}");
        }
        assert_ne!(normalized_endpoint("https://acme.goskope.com/api/v2/SCIM"), key);
        assert_ne!(normalized_endpoint("https://acme.goskope.com:8443/api/v2/scim"), key);
        assert_eq!(normalized_endpoint("http://127.0.0.1:8090/api/v2/scim"), "http://127.0.0.1:8090/api/v2/scim");
        assert_eq!(normalized_endpoint("https://a.example"), normalized_endpoint("https://a.example/"));
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(origin("https://A.example:443/x"), "https://a.example");
        assert_ne!(origin("https://a.example/x"), origin("http://a.example/x"));
        assert_ne!(origin("http://a.example:8090/x"), origin("http://a.example/x"));
    }
}
