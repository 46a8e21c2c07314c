//! TLS 1.3 for NBD: both sides show certificates, whatever the address. Nothing older, no resumption (a resumed session would not
//! look at the client's certificate again), no certificates of public authorities.
//!
//! ```text
//!  <directory>/                 the names that qemu, nbdkit and libnbd give them
//!     ca-cert.pem       who signs clients' certificates
//!     ca-crl.pem        certificates it has revoked, if the file is there
//!     server-cert.pem   ours, followed by those between it and the clients' authority, if any
//!     server-key.pem    its key
//! ```

use crate::socket::{Security, Stream, Wire};
use env::Files;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Our certificate and whom we let in.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

impl Tls {
    /// Reads the directory. Errors name the file.
    pub fn load(files: &dyn Files, directory: &Path) -> io::Result<Tls> {
        let read = |name: &str| files.read(&directory.join(name)).map_err(|e| told(name, e));
        let mut authority = RootCertStore::empty();
        for certificate in certificates("ca-cert.pem", &read("ca-cert.pem")?)? {
            authority.add(certificate).map_err(|e| told("ca-cert.pem", wrong(e)))?;
        }
        let revoked = match files.exists(&directory.join("ca-crl.pem")) {
            true => CertificateRevocationListDer::pem_slice_iter(&read("ca-crl.pem")?)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|e| told("ca-crl.pem", wrong(e)))?,
            false => Vec::new(),
        };
        let ours = certificates("server-cert.pem", &read("server-cert.pem")?)?;
        let key = PrivateKeyDer::from_pem_slice(&read("server-key.pem")?)
            .map_err(|e| told("server-key.pem", wrong(e)))?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(authority), provider.clone())
            .with_crls(revoked)
            .build()
            .map_err(|e| told("ca-cert.pem", wrong(e)))?;
        Tls::new(provider, clients, ours, key).map_err(|e| told("server-cert.pem", wrong(e)))
    }

    fn new(
        provider: Arc<CryptoProvider>,
        clients: Arc<dyn rustls::server::danger::ClientCertVerifier>,
        ours: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Tls, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(clients)
            .with_single_cert(ours, key)?;
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        Ok(Tls(Arc::new(config)))
    }
}

fn certificates(name: &str, pem: &[u8]) -> io::Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(told(name, wrong("no certificate in it"))),
        found => found.map_err(|e| told(name, wrong(e))),
    }
}

fn wrong(why: impl ToString) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why.to_string())
}

fn told(name: &str, why: io::Error) -> io::Error {
    io::Error::new(why.kind(), format!("{name}: {why}"))
}

/// A connection that may have to become a TLS one.
pub(crate) struct Secured {
    stream: Stream,
    required: Option<Tls>,
    tls: Option<Box<ServerConnection>>,
}

impl Secured {
    pub fn new(stream: Stream, required: Option<Tls>) -> Secured {
        Secured { stream, required, tls: None }
    }
}

impl Wire for Secured {
    fn start_deadline(&mut self, within: Duration) -> io::Result<()> {
        self.stream.start_deadline(within)
    }

    fn end_deadline(&mut self) -> io::Result<()> {
        self.stream.end_deadline()
    }

    fn security(&self) -> Security {
        match (&self.tls, &self.required) {
            (Some(_), _) => Security::Tls,
            (None, Some(_)) => Security::TlsRequired,
            (None, None) => Security::Plain,
        }
    }

    fn second(&self) -> io::Result<Option<Secured>> {
        match self.security() {
            // What is sent depends on what was sent before.
            Security::Tls | Security::TlsRequired => Ok(None),
            Security::Plain => Ok(self.stream.second()?.map(|stream| Secured::new(stream, None))),
        }
    }

    fn close(&self) {
        self.stream.close();
    }

    fn start_tls(&mut self) -> io::Result<()> {
        let Some(Tls(config)) = &self.required else { return Err(ErrorKind::Unsupported.into()) };
        let connection = ServerConnection::new(config.clone()).map_err(wrong)?;
        // Ours from here on: whatever fails below, nothing is said outside of TLS any more.
        let tls = self.tls.insert(Box::new(connection));
        while tls.is_handshaking() {
            tls.complete_io(&mut self.stream)?;
        }
        Ok(())
    }
}

impl Read for Secured {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.stream).read(buf),
            None => self.stream.read(buf),
        }
    }
}

impl Write for Secured {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.stream).write(buf),
            None => self.stream.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.stream).flush(),
            None => self.stream.flush(),
        }
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        if let Some(tls) = &mut self.tls {
            // So that the client can tell an end from a cut. It may be gone already.
            tls.send_close_notify();
            let _ = tls.write_tls(&mut self.stream);
        }
    }
}
