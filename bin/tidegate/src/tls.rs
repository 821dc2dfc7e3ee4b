//! HTTPS without a certificate to buy: a local authority in the data folder, which the user trusts
//! once, and certificates from it for this run.
//!
//! A certificate is made for each name when a client asks for it: a star stands for one label only,
//! and clients ask for `bucket.s3.us-east-1.localhost.localstack.cloud`. The authority's private key
//! never leaves the folder, and the authority may only sign for names of this machine (a *name
//! constraint*), so that trusting it gives nobody the power to pose as another site.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tidegate_env::Env;
use tidegate_types::Timestamp;

use crate::secret_file;

/// The names of the certificate for clients that ask for none, as those who connect by address do.
const DEFAULT_NAMES: [&str; 4] = ["localhost", "localhost.localstack.cloud", "127.0.0.1", "::1"];
/// The domains below which any name gets a certificate.
const DOMAINS: [&str; 2] = ["localhost", "localhost.localstack.cloud"];
/// The most certificates kept; a client that asks for ever new names gets the default one beyond.
const MAX_CERTIFICATES: usize = 1000;
/// How long the authority is good for.
const AUTHORITY_DAYS: u64 = 3650;
/// How long a run's certificates are good for. Apple's systems refuse those of more than 825 days.
const CERTIFICATE_DAYS: u64 = 397;
const DAY_SECS: u64 = 86_400;

/// Where a data folder keeps its authority's certificate: what users are asked to trust.
pub fn authority_path(data: &Path) -> PathBuf {
    data.join("tls").join("authority.pem")
}

/// What the port needs to speak TLS. `data` is absent for an ephemeral server, whose authority dies
/// with it.
///
/// # Errors
/// A folder that cannot be read or written, or keys that are not what was written there.
pub fn server_config(data: Option<&Path>, env: &Env) -> anyhow::Result<Arc<ServerConfig>> {
    let (key, authority) = match data {
        Some(data) => open_authority(data, env)?,
        None => {
            let key = KeyPair::generate().context("cannot make a key")?;
            let pem = authority_params(env)?.self_signed(&key).context("cannot make an authority")?.pem();
            (key, pem)
        }
    };
    let certificates = Certificates::new(env.clone(), key, &authority)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("cannot set up TLS")?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(certificates));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The same for clients that speak no HTTP.
pub fn without_protocols(config: &ServerConfig) -> Arc<ServerConfig> {
    let mut config = config.clone();
    config.alpn_protocols.clear();
    Arc::new(config)
}

/// Certificates by the name that a client asks for.
struct Certificates {
    env: Env,
    issuer: Issuer<'static, KeyPair>,
    authority: CertificateDer<'static>,
    default: Arc<CertifiedKey>,
    made: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Certificates {
    fn new(env: Env, authority_key: KeyPair, authority: &str) -> anyhow::Result<Certificates> {
        let issuer = Issuer::new(authority_params(&env)?, authority_key);
        let authority = CertificateDer::from_pem_slice(authority.as_bytes())
            .context("the local authority's certificate is not one")?;
        let names = DEFAULT_NAMES.map(str::to_owned).to_vec();
        let default = Arc::new(make(&env, &issuer, &authority, names)?);
        Ok(Certificates { env, issuer, authority, default, made: Mutex::default() })
    }

    fn for_name(&self, name: &str) -> anyhow::Result<Arc<CertifiedKey>> {
        let below = |domain: &str| name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        if !DOMAINS.iter().any(|domain| below(domain)) {
            return Ok(self.default.clone());
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.get(name) {
            return Ok(known.clone());
        }
        if made.len() >= MAX_CERTIFICATES {
            return Ok(self.default.clone());
        }
        let fresh = Arc::new(make(&self.env, &self.issuer, &self.authority, vec![name.to_owned()])?);
        made.insert(name.to_owned(), fresh.clone());
        Ok(fresh)
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificates")
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let Some(name) = client.server_name() else { return Some(self.default.clone()) };
        let found = self.for_name(&name.to_ascii_lowercase());
        found.inspect_err(|error| tracing::warn!(name, %error, "cannot make a certificate")).ok()
    }
}

fn make(
    env: &Env,
    issuer: &Issuer<'_, KeyPair>,
    authority: &CertificateDer<'static>,
    names: Vec<String>,
) -> anyhow::Result<CertifiedKey> {
    let key = KeyPair::generate().context("cannot make a key")?;
    let certificate = certificate_params(env, names)?.signed_by(&key, issuer).context("cannot make a certificate")?;
    let chain = vec![certificate.der().clone(), authority.clone()];
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let signing = rustls::crypto::ring::sign::any_ecdsa_type(&private).context("cannot use a key")?;
    Ok(CertifiedKey::new(chain, signing))
}

fn open_authority(data: &Path, env: &Env) -> anyhow::Result<(KeyPair, String)> {
    let certificate_path = authority_path(data);
    let folder = data.join("tls");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let key_path = folder.join("authority.key");
    let fresh = KeyPair::generate().context("cannot make a key")?;
    let key = secret_file::read_or_create(&key_path, || fresh.serialize_pem())
        .with_context(|| format!("cannot keep the local authority's key in {}", key_path.display()))?;
    let key = KeyPair::from_pem(&key).with_context(|| {
        format!("{} is not a key; remove the folder {} to start anew", key_path.display(), folder.display())
    })?;
    let certificate = authority_params(env)?.self_signed(&key).context("cannot make an authority")?.pem();
    let certificate = secret_file::read_or_create(&certificate_path, || certificate)
        .with_context(|| format!("cannot keep the local authority in {}", certificate_path.display()))?;
    Ok((key, certificate))
}

fn authority_params(env: &Env) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "Tidegate local authority");
    params.distinguished_name.push(DnType::OrganizationName, "Tidegate");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::DnsName("localhost.localstack.cloud".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(std::net::Ipv6Addr::LOCALHOST.octets(), 128)),
        ],
        excluded_subtrees: Vec::new(),
    });
    set_validity(&mut params, env.real_now(), AUTHORITY_DAYS)?;
    Ok(params)
}

fn certificate_params(env: &Env, names: Vec<String>) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "Tidegate");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params, env.real_now(), CERTIFICATE_DAYS)?;
    Ok(params)
}

/// Good from the day before (clocks differ) for `days` from now.
fn set_validity(params: &mut CertificateParams, now: Timestamp, days: u64) -> anyhow::Result<()> {
    let day = |seconds: u64| -> anyhow::Result<_> {
        let time = jiff::Timestamp::from_second(i64::try_from(seconds)?)?.to_zoned(jiff::tz::TimeZone::UTC);
        Ok(date_time_ymd(i32::from(time.year()), u8::try_from(time.month())?, u8::try_from(time.day())?))
    };
    params.not_before = day(now.as_secs().saturating_sub(DAY_SECS))?;
    params.not_after = day(now.as_secs() + days * DAY_SECS)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_stays_and_its_key_is_secret() {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::real();
        server_config(Some(folder.path()), &env).unwrap();
        let first = std::fs::read_to_string(authority_path(folder.path())).unwrap();
        server_config(Some(folder.path()), &env).unwrap();
        assert_eq!(std::fs::read_to_string(authority_path(folder.path())).unwrap(), first);
        server_config(None, &env).unwrap();
    }
}
