//! What the libraries below us and the system say of a failure, and what it means to an administrator.
//!
//! They tell it in texts alone, so texts are what is compared. One that is not known here is passed on as it is.

/// A part of such a text, and the plain words; the first that fits counts. They go on a sentence about the app.
const MEANINGS: [(&str, &str); 45] = [
    // Certificates: rustls and webpki.
    (
        "CaUsedAsEndEntity",
        "its certificate is an authority's own and not one for a server, as self-made ones often are: the app needs one for its \
         host name",
    ),
    (
        "UnknownIssuer",
        "its certificate is from no authority that this machine trusts: it is self-made, or its chain is not whole, or its \
         authority is to be added to this machine's",
    ),
    ("RevocationStatus", "it cannot be told whether its certificate has been revoked"),
    ("RevocationList", "it cannot be told whether its certificate has been revoked"),
    ("revocation list", "it cannot be told whether its certificate has been revoked"),
    ("certificate: Revoked", "its certificate has been revoked"),
    ("certificate expired", "its certificate has expired, or this machine's clock is ahead"),
    ("certificate: Expired", "its certificate has expired, or this machine's clock is ahead"),
    ("not valid yet", "its certificate is not valid yet, or this machine's clock is behind"),
    ("NotValidYet", "its certificate is not valid yet, or this machine's clock is behind"),
    ("not valid for name", "its certificate is for another host name than the endpoint URL's"),
    ("NotValidForName", "its certificate is for another host name than the endpoint URL's"),
    ("extended key usage", "its certificate is for another purpose than that of a server"),
    ("InvalidPurpose", "its certificate is for another purpose than that of a server"),
    ("UnsupportedSignatureAlgorithm", "its certificate is signed in a way that is not supported, as old ones may be"),
    ("BadSignature", "its certificate does not bear the signature of its authority"),
    ("BadEncoding", "its certificate cannot be read"),
    ("sent no certificates", "it shows no certificate"),
    // TLS itself: rustls.
    ("corrupt message", "what answers there does not speak TLS: check the port in the endpoint URL"),
    ("HandshakeFailure", "it and Provost have no version (1.2 or 1.3) or cipher of TLS in common"),
    ("ProtocolVersion", "it and Provost have no version (1.2 or 1.3) or cipher of TLS in common"),
    ("InsufficientSecurity", "it and Provost have no version (1.2 or 1.3) or cipher of TLS in common"),
    ("peer is incompatible", "it and Provost have no version (1.2 or 1.3) or cipher of TLS in common"),
    ("UnrecognisedName", "it has no host of the name in the endpoint URL"),
    ("CertificateRequired", "it asks for a client certificate, and Provost has none"),
    ("handshake eof", "it closed the connection in the middle of the handshake"),
    // Names: the system's resolver.
    ("Name or service not known", "nobody has this name, check the endpoint URL"),
    ("No address associated", "the name has no address, check the endpoint URL"),
    ("Temporary failure in name resolution", "the name server does not answer"),
    // HTTP/2: h2, by the codes of RFC 9113, section 7.
    ("not a result of an error", "it shuts down or starts anew"),
    ("detected excessive load", "it says that too many requests come at once"),
    ("unexpected internal error", "it had an internal error"),
    ("refused stream", "it refused the request before it looked at it"),
    ("stream no longer needed", "it broke off the request"),
    ("security properties", "the connection is not safe enough for it"),
    ("requires HTTP/1.1", "it wants HTTP/1.1 for this request"),
    ("protocol error", "it says that HTTP/2 is not spoken as it should be"),
    ("protocol violated", "it says that HTTP/2 is not spoken as it should be"),
    ("half-closed", "it says that HTTP/2 is not spoken as it should be"),
    ("invalid size", "it says that HTTP/2 is not spoken as it should be"),
    ("compression context", "it says that HTTP/2 is not spoken as it should be"),
    ("settings ACK not received", "it waited in vain for the beginning of HTTP/2"),
    // A connection that ends before it is used, and HTTP/1.1: hyper.
    ("connection was not ready", "the app ended the connection just when the request was to go out on it"),
    ("message length reached", "fewer bytes came than were announced"),
    (" parsed", "what the app sent is not HTTP"),
];

/// The plain words for `text`, with what is worth knowing of it besides; where there are none the text, without a number of
/// the system's.
pub(super) fn plain(text: &str) -> String {
    let Some((_, words)) = MEANINGS.iter().find(|(part, _)| text.contains(part)) else {
        return text.split(" (os error").next().unwrap_or(text).to_owned();
    };
    // For which names a certificate is; the app's own words of a GOAWAY.
    let names = text.split_once("; certificate ").map(|(_, names)| format!(" (it {names})"));
    let said = text.split_once(" (b\"").map(|(_, said)| format!(" (\"{}\")", said.trim_end_matches("\")")));
    format!("{words}{}", names.or(said).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};
    use std::time::Duration;

    #[test]
    fn what_tls_says_is_told_in_plain_words() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let name = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("app.example").unwrap(),
            presented: vec!["other.example".to_owned()],
        };
        for (error, words) in [
            (CertificateError::UnknownIssuer, "from no authority that this machine trusts"),
            (CertificateError::Expired, "has expired"),
            (CertificateError::ExpiredContext { time: at(9), not_after: at(5) }, "has expired"),
            (CertificateError::NotValidYet, "not valid yet"),
            (CertificateError::NotValidYetContext { time: at(5), not_before: at(9) }, "not valid yet"),
            (CertificateError::Revoked, "its certificate has been revoked"),
            (CertificateError::ExpiredRevocationList, "cannot be told"),
            (CertificateError::UnknownRevocationStatus, "cannot be told"),
            (CertificateError::NotValidForName, "for another host name"),
            (name, "for another host name than the endpoint URL's (it is only valid for other.example)"),
            (CertificateError::InvalidPurpose, "another purpose"),
            (CertificateError::BadSignature, "signature of its authority"),
            (CertificateError::BadEncoding, "cannot be read"),
        ] {
            let told = plain(&Error::InvalidCertificate(error).to_string());
            assert!(told.contains(words) && told.starts_with("it"), "{words}: {told}");
        }
        for (error, words) in [
            (Error::NoCertificatesPresented, "shows no certificate"),
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), "does not speak TLS"),
            (Error::AlertReceived(AlertDescription::HandshakeFailure), "in common"),
            (Error::AlertReceived(AlertDescription::ProtocolVersion), "in common"),
            (Error::AlertReceived(AlertDescription::UnrecognisedName), "no host of the name"),
            (Error::AlertReceived(AlertDescription::CertificateRequired), "client certificate"),
        ] {
            let told = plain(&error.to_string());
            assert!(told.contains(words), "{words}: {told}");
        }
    }

    #[test]
    fn a_text_that_is_not_known_is_passed_on_without_its_number() {
        assert_eq!(plain("No route to host (os error 113)"), "No route to host");
        let closing = plain("client error (Canceled): operation was canceled: connection was not ready");
        assert!(closing.starts_with("the app ended the connection just when"), "{closing}");
        assert_eq!(plain("peer misbehaved: TooMuchOfIt"), "peer misbehaved: TooMuchOfIt");
    }
}
