//! The certificates of one control plane: an authority of its own, the server's, and one per client.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

/// Names and addresses under which the API server is reached.
const SERVER: &[&str] = &["127.0.0.1", "localhost", "kubernetes.default.svc"];
/// Members of this group may do everything; the bootstrap of RBAC itself relies on it.
const MASTERS: &str = "system:masters";

/// An authority that signs for one control plane.
pub(super) struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, both as PEM.
pub(super) struct Identity {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    /// Makes a new authority.
    pub(super) fn new() -> Result<Self> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, "testkit");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let certificate = parameters.self_signed(&key)?.pem();
        Ok(Self { certificate, issuer: Issuer::new(parameters, key) })
    }

    /// The certificate that others trust.
    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The API server's.
    pub(super) fn server(&self) -> Result<Identity> {
        let mut parameters = CertificateParams::new(SERVER.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        self.sign(parameters)
    }

    /// One for a client that may do everything, under a name that the audit log tells.
    pub(super) fn master(&self, name: &str) -> Result<Identity> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.distinguished_name.push(DnType::OrganizationName, MASTERS);
        parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        self.sign(parameters)
    }

    fn sign(&self, parameters: CertificateParams) -> Result<Identity> {
        let key = KeyPair::generate()?;
        let certificate = parameters.signed_by(&key, &self.issuer)?.pem();
        Ok(Identity { certificate, key: key.serialize_pem() })
    }
}

/// Writes everything that the API server and the controller manager read from files.
pub(super) fn write(authority: &Authority, directory: &Path) -> Result<()> {
    let server = authority.server()?;
    let accounts = KeyPair::generate()?;
    let files = [
        ("ca.crt", authority.certificate().to_owned()),
        ("server.crt", server.certificate),
        ("server.key", server.key),
        ("accounts.key", accounts.serialize_pem()),
        ("accounts.pub", accounts.public_key_pem()),
    ];
    for (name, text) in files {
        fs::write(directory.join(name), text).with_context(|| name.to_owned())?;
    }
    Ok(())
}
