//! An authority that signs what it is asked to, and TLS clients of every kind.
#![allow(dead_code, clippy::unwrap_used)]

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "an authority");
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn identity(&self) -> Identity {
        self.issue(4000)
    }

    /// Not valid any more.
    pub fn expired(&self) -> Identity {
        self.issue(2001)
    }

    fn issue(&self, until_year: i32) -> Identity {
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(until_year, 1, 1);
        let key = KeyPair::generate().unwrap();
        Identity { certificate: params.signed_by(&key, &self.0).unwrap(), key }
    }

    fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// What a server's directory holds: we are the clients' authority.
    pub fn write(&self, directory: &Path, server: &Identity) {
        let write = |name: &str, text: String| {
            env::Files::write_durably(&env::RealFiles, &directory.join(name), text.as_bytes()).unwrap();
        };
        write("ca-cert.pem", self.0.pem());
        write("server-cert.pem", server.certificate.pem());
        write("server-key.pem", server.key.serialize_pem());
    }

    /// A client that trusts this authority and shows `identity`.
    pub fn client(&self, identity: Option<&Identity>) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> =
            WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone()).build().unwrap();
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        Arc::new(match identity {
            None => builder.with_no_client_auth(),
            Some(Identity { certificate, key }) => {
                let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
                builder.with_client_auth_cert(vec![certificate.der().clone()], key).unwrap()
            }
        })
    }
}

pub type Session = StreamOwned<ClientConnection, TcpStream>;

/// Connects and says nothing but the flags.
pub fn greet(address: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut hello = [0; 18];
    socket.read_exact(&mut hello).unwrap();
    socket.write_all(&3u32.to_be_bytes()).unwrap();
    socket
}

pub fn option(code: u32, data: &[u8]) -> Vec<u8> {
    [b"IHAVEOPT".as_slice(), &code.to_be_bytes(), &(data.len() as u32).to_be_bytes(), data].concat()
}

/// The type and data of one option reply.
pub fn answer(stream: &mut impl Read) -> io::Result<(u32, Vec<u8>)> {
    let mut head = [0; 20];
    stream.read_exact(&mut head)?;
    let number = |at: usize| u32::from_be_bytes(head[at..at + 4].try_into().unwrap());
    let mut data = vec![0; number(16) as usize];
    stream.read_exact(&mut data)?;
    Ok((number(12), data))
}

/// STARTTLS. The handshake's failure, if it fails, shows at the first read: the client is done before the server has looked at its
/// certificate.
pub fn start_tls(address: SocketAddr, config: &Arc<ClientConfig>) -> Session {
    let mut socket = greet(address);
    socket.write_all(&option(5, &[])).unwrap();
    assert_eq!(answer(&mut socket).unwrap().0, 1);
    let name = "127.0.0.1".try_into().unwrap();
    StreamOwned::new(ClientConnection::new(config.clone(), name).unwrap(), socket)
}

/// GO to an export, with what is told of it.
pub fn go(session: &mut (impl Read + Write), name: &str) -> io::Result<u32> {
    let data = [&(name.len() as u32).to_be_bytes(), name.as_bytes(), &[0, 0]].concat();
    session.write_all(&option(7, &data))?;
    loop {
        match answer(session)? {
            (3, _) => {}
            (kind, _) => return Ok(kind),
        }
    }
}
