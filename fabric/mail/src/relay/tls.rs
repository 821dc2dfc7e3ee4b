use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::address::{RelayAddress, Security};

/// Why TLS to a relay cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsTrouble {
    /// The file of `ca=` is not there, or not one of certificates.
    #[error("{} holds no certificates: {source}", file.display())]
    Ca {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: rustls::pki_types::pem::Error,
    },
    /// Neither the machine nor `ca=` has a certificate to trust.
    #[error("this machine trusts no certificates; name a file of them with ca=FILE")]
    NothingTrusted,
    /// The TLS library refuses.
    #[error(transparent)]
    Library(#[from] rustls::Error),
}

/// How connections to this relay are secured.
///
/// # Errors
/// [`TlsTrouble`].
pub(crate) fn client_config(address: &RelayAddress) -> Result<Arc<ClientConfig>, TlsTrouble> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let config = match address.security {
        Security::Plain | Security::Opportunistic => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider))).with_no_client_auth()
        }
        Security::StartTls | Security::Tls => builder.with_root_certificates(trusted(address)?).with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

fn trusted(address: &RelayAddress) -> Result<RootCertStore, TlsTrouble> {
    let mut roots = RootCertStore::empty();
    // A certificate of the machine's that cannot be read trusts nobody; the others still do.
    let _counts = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = &address.ca {
        let trouble = |source| TlsTrouble::Ca { file: file.clone(), source };
        let listed: Vec<CertificateDer<'static>> =
            CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(trouble)?;
        if listed.is_empty() {
            return Err(trouble(rustls::pki_types::pem::Error::NoItemsFound));
        }
        for certificate in listed {
            roots.add(certificate)?;
        }
    }
    if roots.is_empty() { Err(TlsTrouble::NothingTrusted) } else { Ok(roots) }
}

/// Believes any certificate: see [`Security::Opportunistic`]. Whoever could show a wrong one could as well
/// take `STARTTLS` out of the greeting.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
