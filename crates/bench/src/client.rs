//! The client: one connection that sends a request and reads its answer, on the thread that waits for it. HTTP/1.1 as far as the
//! measured servers speak it: an answer with its length or in chunks, and a connection that one side may close after an answer.
//!
//! A client for all cases would share the machine's processors with the server for longer than the server needs them.

use anyhow::{Context, bail, ensure};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const REQUEST_MAX: Duration = Duration::from_mins(2);
/// A larger answer is none that is expected.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// A request: what differs between operations.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) method: &'static str,
    /// From the host on: `/path?query`.
    pub(crate) target: String,
    pub(crate) body: Option<String>,
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// A connection to one server, made when it is needed.
#[derive(Debug)]
pub(crate) struct Connection {
    /// `127.0.0.1:PORT`.
    host: String,
    token: String,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(host: &str, token: &str) -> Self {
        Self { host: host.to_owned(), token: token.to_owned(), stream: None, buffer: Vec::new() }
    }

    /// Sends the request and reads the answer to its end.
    pub(crate) async fn send(&mut self, sent: &Sent) -> anyhow::Result<Answer> {
        tokio::time::timeout(REQUEST_MAX, self.exchange(sent)).await.context("it took too long")?
    }

    async fn exchange(&mut self, sent: &Sent) -> anyhow::Result<Answer> {
        let mut text = format!(
            "{} {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\naccept: */*\r\n",
            sent.method, sent.target, self.host, self.token
        );
        match &sent.body {
            Some(body) => {
                let length = body.len();
                text.extend(["content-type: application/scim+json\r\ncontent-length: ", &length.to_string(), "\r\n\r\n", body]);
            }
            None => text.push_str("\r\n"),
        }
        let mut stream = if let Some(stream) = self.stream.take() {
            stream
        } else {
            let stream = TcpStream::connect(&self.host).await.context("cannot connect")?;
            stream.set_nodelay(true).context("the connection is gone")?;
            stream
        };
        stream.write_all(text.as_bytes()).await.context("the request was not taken")?;
        self.buffer.clear();
        let (answer, stays_open) = read(&mut stream, &mut self.buffer).await?;
        if stays_open {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

/// How long a body is.
enum Length {
    Bytes(usize),
    Chunks,
    /// To the end of the connection.
    Open,
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<(Answer, bool)> {
    let head_length = loop {
        if let Some(end) = find(buffer, b"\r\n\r\n") {
            break end + 4;
        }
        ensure!(more(stream, buffer).await?, "the server closed the connection without an answer");
    };
    let head = String::from_utf8_lossy(&buffer[..head_length]).to_ascii_lowercase();
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split(' ').nth(1).and_then(|text| text.parse().ok()).context("not an HTTP answer")?;
    let mut stays_open = status_line.starts_with("http/1.1");
    let mut length = if status == 204 || status == 304 { Length::Bytes(0) } else { Length::Open };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        match (name, value.trim()) {
            ("content-length", value) => length = Length::Bytes(value.parse().context("a length that is none")?),
            ("transfer-encoding", "chunked") => length = Length::Chunks,
            ("connection", "close") => stays_open = false,
            _ => {}
        }
    }
    let body = match length {
        Length::Bytes(length) => {
            ensure!(length <= ANSWER_BYTES_MAX, "an answer of {length} bytes");
            while buffer.len() < head_length + length {
                ensure!(more(stream, buffer).await?, "the answer broke off");
            }
            buffer[head_length..head_length + length].to_vec()
        }
        Length::Chunks => {
            let mut body = Vec::new();
            let mut at = head_length;
            loop {
                let Some(end) = find(&buffer[at..], b"\r\n") else {
                    ensure!(more(stream, buffer).await?, "the answer broke off");
                    continue;
                };
                let size = String::from_utf8_lossy(&buffer[at..at + end]).into_owned();
                let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16).context("not a chunk")?;
                let start = at + end + 2;
                while buffer.len() < start + size + 2 {
                    ensure!(more(stream, buffer).await?, "the answer broke off");
                }
                if size == 0 {
                    break body;
                }
                body.extend_from_slice(&buffer[start..start + size]);
                at = start + size + 2;
            }
        }
        Length::Open => {
            stays_open = false;
            while more(stream, buffer).await? {}
            buffer[head_length..].to_vec()
        }
    };
    Ok((Answer { status, body }, stays_open))
}

/// Reads what has come; false at the end of the connection.
async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<bool> {
    buffer.reserve(8_192);
    if buffer.len() > ANSWER_BYTES_MAX {
        bail!("an answer of more than {ANSWER_BYTES_MAX} bytes");
    }
    Ok(stream.read_buf(buffer).await.context("the connection is gone")? > 0)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// Sends these answers, each on a connection of its own, and closes it.
    async fn answered(texts: &'static [&'static str]) -> Vec<Result<Answer, String>> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let mut connection = Connection::new(&listener.local_addr().expect("it is bound").to_string(), "t");
        let serving = tokio::spawn(async move {
            for text in texts {
                let (mut stream, _) = listener.accept().await.expect("somebody connects");
                let mut request = vec![0; 1_024];
                assert!(stream.read(&mut request).await.expect("a request comes") > 0);
                for part in text.as_bytes().chunks(7) {
                    stream.write_all(part).await.expect("it is still connected");
                }
            }
        });
        let mut answers = Vec::new();
        for _ in texts {
            let sent = Sent { method: "GET", target: "/".to_owned(), body: None };
            answers.push(connection.send(&sent).await.map_err(|error| error.to_string()));
        }
        serving.await.expect("it does not panic");
        answers
    }

    #[tokio::test]
    async fn bodies_are_read_by_their_length_in_chunks_and_to_the_end() {
        let answers = answered(&[
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n",
            "HTTP/1.0 201 Created\r\n\r\nhello",
            "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        ])
        .await;
        let answer = |status, body: &str| Ok(Answer { status, body: body.as_bytes().to_vec() });
        assert_eq!(answers, [answer(200, "hello"), answer(200, "hello"), answer(201, "hello"), answer(204, "")]);
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_an_error() {
        let answers = answered(&["HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhel", "HTTP/1.1 2"]).await;
        assert!(answers.iter().all(Result::is_err), "{answers:?}");
    }
}
