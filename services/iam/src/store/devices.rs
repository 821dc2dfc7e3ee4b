//! How devices and certificates are written, those of users as a part of the user's record.

use tidegate_record::{DecodeError, Reader, Stored, Writer};

use super::records::{read_header, read_pairs, write_header, write_pairs};
use crate::domain::{MfaDevice, Row, ServerCertificate, ServiceCredential, SigningCertificate, SshKey, Thing, User};

/// The last fields of a user.
pub(super) fn write(to: &mut Writer, user: &User) {
    to.list(user.certificates.iter(), |to, certificate| {
        to.text(&certificate.id);
        to.text(&certificate.body);
        to.bool(certificate.active);
        to.timestamp(certificate.created_at);
    });
    to.list(user.ssh_keys.iter(), |to, key| {
        to.text(&key.id);
        to.text(&key.body);
        to.bool(key.active);
        to.timestamp(key.created_at);
    });
    to.list(user.service_credentials.iter(), |to, credential| {
        to.text(&credential.id);
        to.text(&credential.service);
        to.text(&credential.user_name);
        to.text(&credential.password);
        to.bool(credential.active);
        to.timestamp(credential.created_at);
    });
}

pub(super) fn read_certificates(from: &mut Reader<'_>) -> Result<Vec<SigningCertificate>, DecodeError> {
    from.list(|from| {
        Ok(SigningCertificate {
            id: from.text()?,
            body: from.text()?,
            active: from.bool()?,
            created_at: from.timestamp()?,
        })
    })
}

pub(super) fn read_ssh_keys(from: &mut Reader<'_>) -> Result<Vec<SshKey>, DecodeError> {
    from.list(|from| {
        Ok(SshKey { id: from.text()?, body: from.text()?, active: from.bool()?, created_at: from.timestamp()? })
    })
}

pub(super) fn read_service_credentials(from: &mut Reader<'_>) -> Result<Vec<ServiceCredential>, DecodeError> {
    from.list(|from| {
        Ok(ServiceCredential {
            id: from.text()?,
            service: from.text()?,
            user_name: from.text()?,
            password: from.text()?,
            active: from.bool()?,
            created_at: from.timestamp()?,
        })
    })
}

impl Row for MfaDevice {
    const THING: Thing = Thing::MfaDevice;
    const KIND: u8 = 9;
    fn name(&self) -> &str {
        &self.header.name
    }
}

impl Stored for MfaDevice {
    const NAME: &'static str = "iam mfa device";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        write_header(to, &self.header);
        to.bytes(&self.seed);
        to.option(self.owner.as_ref(), |to, (name, at)| {
            to.text(name);
            to.timestamp(*at);
        });
        write_pairs(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(MfaDevice {
            header: read_header(from)?,
            seed: from.bytes()?.to_vec(),
            owner: from.option(|from| Ok((from.text()?, from.timestamp()?)))?,
            tags: read_pairs(from)?,
        })
    }
}

impl Row for ServerCertificate {
    const THING: Thing = Thing::ServerCertificate;
    const KIND: u8 = 10;
    fn name(&self) -> &str {
        &self.header.name
    }
}

impl Stored for ServerCertificate {
    const NAME: &'static str = "iam server certificate";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        write_header(to, &self.header);
        to.text(&self.body);
        to.option(self.chain.as_deref(), Writer::text);
        write_pairs(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(ServerCertificate {
            header: read_header(from)?,
            body: from.text()?,
            chain: from.option(Reader::text)?,
            tags: read_pairs(from)?,
        })
    }
}
