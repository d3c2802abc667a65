//! Answers as bytes.

use super::state::Wire;
use crate::accounts::Reply;
use serde_json::Value;

const CHUNKED: &str = "Transfer-Encoding: chunked";

fn head(status: u16, headers: &[String]) -> String {
    let mut head = format!("HTTP/1.1 {status} Faulty\r\nContent-Type: application/scim+json\r\nConnection: close\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head + "\r\n"
}

/// An answer as it should be, with further headers.
pub(super) fn http(reply: &Reply, headers: &[String]) -> Wire {
    let body = reply.body.as_ref().map(Value::to_string).unwrap_or_default();
    text(reply.status, &body, body.len(), headers)
}

/// An answer with this text and a length that may be a lie.
pub(super) fn text(status: u16, body: &str, length: usize, headers: &[String]) -> Wire {
    let mut headers = headers.to_vec();
    if status != 204 {
        headers.push(format!("Content-Length: {length}"));
    }
    Wire::Bytes([head(status, &headers).as_bytes(), body.as_bytes()].concat())
}

/// A chunked answer that breaks off in its first chunk.
pub(super) fn half(status: u16, body: &str) -> Wire {
    let half = &body.as_bytes()[..body.len() / 2];
    let size = format!("{:x}\r\n", body.len().max(16));
    Wire::Bytes([head(status, &[CHUNKED.to_owned()]).as_bytes(), size.as_bytes(), half].concat())
}

/// How an endless answer begins.
pub(super) fn endless_head() -> Vec<u8> {
    head(200, &[CHUNKED.to_owned()]).into_bytes()
}

/// A compressed answer of about 100 KiB that unpacks to 17 MB of one letter. It says no `Connection: close`, as common
/// servers do not.
pub(super) fn bomb() -> Wire {
    let body = bomb_bytes(66_000);
    let head = format!(
        "HTTP/1.1 200 Faulty\r\nContent-Type: application/scim+json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    Wire::Bytes([head.into_bytes(), body].concat())
}

/// RFC 1952 around RFC 1951: a zero byte, then `repeats` times the longest copy of the byte before.
fn bomb_bytes(repeats: usize) -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let (mut bits, mut count) = (0_u32, 0_u32);
    let mut put = |value: u32, width: u32| {
        bits |= value << count;
        count += width;
        while count >= 8 {
            bytes.push((bits & 0xff) as u8);
            bits >>= 8;
            count -= 8;
        }
    };
    // The last block, with the fixed codes of section 3.2.6; codes go out with their first bit first.
    put(1, 1);
    put(1, 2);
    put(0b0011_0000_u8.reverse_bits().into(), 8);
    for _ in 0..repeats {
        // 285: a copy of 258 bytes; distance code 0: from one byte back.
        put(0b1100_0101_u8.reverse_bits().into(), 8);
        put(0, 5);
    }
    put(0, 7);
    put(0, 7);
    bytes.extend([0; 8]);
    bytes
}

/// RFC 9113 section 6.5: no settings of our own.
pub(super) const H2_SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

/// Section 6.8: the end of the connection with no stream processed. Length 8, type 7, stream 0; last stream 0,
/// `ENHANCE_YOUR_CALM`.
pub(super) const GO_AWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xb];

/// Whether what a client has sent so far holds the head of a request (HEADERS, type 1) behind the preface of 24 bytes.
pub(super) fn holds_h2_request(read: &[u8]) -> bool {
    let mut rest = read.get(24..).unwrap_or_default();
    while let [high, middle, low, kind, ..] = rest {
        if *kind == 1 {
            return true;
        }
        let length = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
        rest = rest.get(9 + length..).unwrap_or_default();
    }
    false
}
