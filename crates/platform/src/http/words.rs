//! Why there was no answer, in words an administrator understands: what happened on the wire, with the cause behind a colon.

use super::reasons::plain;
use std::error::Error;
use std::io;

/// Why no connection came about: the address, the name or TLS.
pub(super) fn no_connection(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "nobody answered at this address in time".to_owned();
    }
    if sources(error).any(|source| source.to_string().contains("dns error")) {
        return format!("the host's name could not be resolved: {}", reason(error));
    }
    match io_error(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => {
            "the connection was refused: nothing listens at this address and port".to_owned()
        }
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
            "there is no way to this address: the host or a network on the way is down".to_owned()
        }
        _ if is_tls(error) => format!("TLS failed, so the app's identity is not proven: {}", reason(error)),
        _ => plain(&causes(error)),
    }
}

/// Why a request that may have been sent was not answered whole.
pub(super) fn no_answer(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "the app did not answer in time".to_owned();
    }
    let all = causes(error);
    let told = all.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| told.contains(word));
    if says(&["stream error received"]) {
        return format!("the app broke off this one request (RST_STREAM of HTTP/2): {}", reason(error));
    }
    if says(&["goaway", "go_away", "http2 error", "received: not a result of an error"]) {
        return format!("the app ended the HTTP/2 connection (GOAWAY): {}", reason(error));
    }
    if error.is_body() || error.is_decode() {
        return format!("the app's answer broke off before its end: {}", reason(error));
    }
    if says(&["before message completed", "connection reset", "broken pipe", "closed"]) {
        return "the app closed the connection without an answer".to_owned();
    }
    plain(&all)
}

/// The error with its causes, without the URL, each text once.
pub(super) fn causes(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    for source in sources(error).skip(1) {
        let text = source.to_string();
        if texts.last().is_none_or(|last| !last.ends_with(&text)) {
            texts.push(text);
        }
    }
    if texts.is_empty() { error.to_string() } else { texts.join(": ") }
}

pub(super) fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The innermost cause.
fn reason(error: &reqwest::Error) -> String {
    plain(&sources(error).last().map_or_else(|| error.to_string(), ToString::to_string))
}

fn io_error(error: &reqwest::Error) -> Option<&io::Error> {
    sources(error).find_map(|source| source.downcast_ref::<io::Error>())
}

/// TLS errors travel inside those of input and output, and not always as what they are.
fn is_tls(error: &reqwest::Error) -> bool {
    let all = causes(error).to_lowercase();
    ["certificate", "tls", "handshake", "corrupt message", "fatal alert", "peer "].iter().any(|word| all.contains(word))
}
