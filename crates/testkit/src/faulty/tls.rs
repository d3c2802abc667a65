//! The target's side of TLS, by hand over a socket: a certificate of the tests' own authority, or a stranger's.

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The authority that signed [`Certificate::Known`], for clients that trust it alone.
pub(super) const AUTHORITY: &[u8] = include_bytes!("tls/authority.der");

/// Which certificate is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Certificate {
    Known,
    Stranger,
}

/// A connection, plain or not.
pub(super) struct Stream {
    socket: TcpStream,
    tls: Option<Box<ServerConnection>>,
}

impl Stream {
    pub(super) const fn plain(socket: TcpStream) -> Self {
        Self { socket, tls: None }
    }

    pub(super) fn tls(socket: TcpStream, certificate: Certificate, protocol: &[u8]) -> Result<Self> {
        let (chain, key): (&[u8], &[u8]) = match certificate {
            Certificate::Known => (include_bytes!("tls/known.der"), include_bytes!("tls/known.key.der")),
            Certificate::Stranger => (include_bytes!("tls/stranger.der"), include_bytes!("tls/stranger.key.der")),
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec()));
        let chain = vec![CertificateDer::from(chain.to_vec())];
        let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).map_err(Error::other)?;
        config.alpn_protocols = vec![protocol.to_vec()];
        let tls = ServerConnection::new(Arc::new(config)).map_err(Error::other)?;
        Ok(Self { socket, tls: Some(Box::new(tls)) })
    }

    /// Some bytes; none at the end.
    pub(super) async fn read(&mut self) -> Result<Vec<u8>> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let count = self.socket.read(&mut buffer).await?;
            let Some(tls) = &mut self.tls else { return Ok(buffer[..count].to_vec()) };
            let mut received = &buffer[..count];
            let mut plain = Vec::new();
            while !received.is_empty() {
                tls.read_tls(&mut received)?;
                let state = tls.process_new_packets();
                let waiting = state.as_ref().map(rustls::IoState::plaintext_bytes_to_read);
                if let Ok(waiting) = waiting {
                    let mut part = vec![0; waiting];
                    tls.reader().read_exact(&mut part)?;
                    plain.extend(part);
                }
                // An alert to the other side goes out before the failure ends the connection.
                flush(tls, &mut self.socket).await?;
                state.map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
            }
            if !plain.is_empty() || count == 0 {
                return Ok(plain);
            }
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(tls) = &mut self.tls else { return self.socket.write_all(bytes).await };
        for part in bytes.chunks(8 * 1024) {
            tls.writer().write_all(part)?;
            flush(tls, &mut self.socket).await?;
        }
        Ok(())
    }

    /// Says that nothing follows.
    pub(super) async fn close(&mut self) -> Result<()> {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            flush(tls, &mut self.socket).await?;
        }
        self.socket.shutdown().await
    }
}

async fn flush(tls: &mut ServerConnection, socket: &mut TcpStream) -> Result<()> {
    let mut out = Vec::new();
    while tls.wants_write() {
        tls.write_tls(&mut out)?;
    }
    socket.write_all(&out).await
}
