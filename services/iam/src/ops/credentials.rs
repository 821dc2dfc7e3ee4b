//! Signing certificates, SSH public keys, and names and passwords for single services. All are kept and
//! shown; nothing here logs in with them.

use tidegate_api_iam as api;

use super::{draw, quota, text, user_name};
use crate::domain::{
    ServiceCredential, SigningCertificate, SshKey, Thing, User, certificate_end, fingerprint, pem_as_ssh_key, ssh_key,
    ssh_key_as_pem,
};
use crate::error::Error;
use crate::service::Desk;
use crate::wire::Listing;

/// The services that have such credentials.
const SERVICES: [&str; 2] = ["codecommit.amazonaws.com", "cassandra.amazonaws.com"];

fn status(active: bool) -> Option<String> {
    Some(if active { "Active" } else { "Inactive" }.to_owned())
}

fn is_active(status: &Option<String>) -> bool {
    text(status) == "Active"
}

/// The user whom a listing is about; the root has no credentials.
fn listed<'a>(desk: &'a Desk<'_>, given: &Option<String>) -> Result<Option<&'a User>, Error> {
    match user_name(desk, given) {
        Ok(name) => Ok(Some(desk.state.users.get(name)?)),
        Err(_) => Ok(None),
    }
}

fn missing(thing: Thing, id: &Option<String>) -> impl FnOnce() -> Error + '_ {
    move || Error::NoSuch(thing, text(id).to_owned())
}

fn shown_certificate(user: &User, certificate: &SigningCertificate) -> api::SigningCertificate {
    api::SigningCertificate {
        user_name: Some(user.header.name.clone()),
        certificate_id: Some(certificate.id.clone()),
        certificate_body: Some(certificate.body.clone()),
        status: status(certificate.active),
        upload_date: Some(certificate.created_at),
    }
}

pub(crate) fn upload_signing_certificate(
    desk: &mut Desk<'_>,
    input: &api::UploadSigningCertificateRequest,
) -> Result<api::UploadSigningCertificateResponse, Error> {
    let name = user_name(desk, &input.user_name)?.to_owned();
    let body = text(&input.certificate_body).to_owned();
    certificate_end(&body).ok_or(Error::Certificate)?;
    let certificate = SigningCertificate { id: draw::certificate(desk.env), body, active: true, created_at: desk.now };
    let user = desk.edit().users.edit(&name)?;
    if user.certificates.iter().any(|other| other.body == certificate.body) {
        return Err(Error::DuplicateCertificate);
    }
    quota("CertificatesPerUser", user.certificates.len() + 1, 2)?;
    let answer = shown_certificate(user, &certificate);
    user.certificates.push(certificate);
    Ok(api::UploadSigningCertificateResponse { certificate: Some(answer) })
}

pub(crate) fn update_signing_certificate(
    desk: &mut Desk<'_>,
    input: &api::UpdateSigningCertificateRequest,
) -> Result<(), Error> {
    let name = user_name(desk, &input.user_name)?.to_owned();
    let certificates = &mut desk.edit().users.edit(&name)?.certificates;
    let found = certificates.iter_mut().find(|certificate| certificate.id == text(&input.certificate_id));
    found.ok_or_else(missing(Thing::SigningCertificate, &input.certificate_id))?.active = is_active(&input.status);
    Ok(())
}

pub(crate) fn delete_signing_certificate(
    desk: &mut Desk<'_>,
    input: &api::DeleteSigningCertificateRequest,
) -> Result<(), Error> {
    let name = user_name(desk, &input.user_name)?.to_owned();
    let certificates = &mut desk.edit().users.edit(&name)?.certificates;
    let at = certificates.iter().position(|certificate| certificate.id == text(&input.certificate_id));
    certificates.remove(at.ok_or_else(missing(Thing::SigningCertificate, &input.certificate_id))?);
    Ok(())
}

pub(crate) fn list_signing_certificates(
    desk: &Desk<'_>,
    input: &api::ListSigningCertificatesRequest,
) -> Result<api::ListSigningCertificatesResponse, Error> {
    let user = listed(desk, &input.user_name)?;
    let all = user.into_iter().flat_map(|user| user.certificates.iter().map(move |one| (user, one)));
    let page = Listing::new(input.max_items, &input.marker)?.page(
        all.enumerate(),
        |(index, _)| format!("{index:04}"),
        |(_, (user, certificate))| shown_certificate(user, certificate),
    );
    Ok(api::ListSigningCertificatesResponse {
        certificates: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

fn shown_key(user: &User, key: &SshKey) -> api::SSHPublicKey {
    api::SSHPublicKey {
        user_name: Some(user.header.name.clone()),
        ssh_public_key_id: Some(key.id.clone()),
        fingerprint: ssh_key(&key.body).map(|key| fingerprint(&key)),
        ssh_public_key_body: Some(key.body.clone()),
        status: status(key.active),
        upload_date: Some(key.created_at),
    }
}

pub(crate) fn upload_ssh_public_key(
    desk: &mut Desk<'_>,
    input: &api::UploadSSHPublicKeyRequest,
) -> Result<api::UploadSSHPublicKeyResponse, Error> {
    let given = text(&input.ssh_public_key_body).trim();
    let body = pem_as_ssh_key(given).unwrap_or_else(|| given.to_owned());
    let bytes = ssh_key(&body).ok_or(Error::PublicKey)?;
    let key = SshKey { id: draw::id(desk.env, "APKA"), body, active: true, created_at: desk.now };
    let user = desk.edit().users.edit(text(&input.user_name))?;
    if let Some(other) = user.ssh_keys.iter().find(|other| ssh_key(&other.body).as_ref() == Some(&bytes)) {
        return Err(Error::DuplicateSshKey(other.id.clone()));
    }
    quota("SSHPublicKeysPerUser", user.ssh_keys.len() + 1, 5)?;
    let answer = shown_key(user, &key);
    user.ssh_keys.push(key);
    Ok(api::UploadSSHPublicKeyResponse { ssh_public_key: Some(answer) })
}

/// A key in SSH's form, or in PEM.
pub(crate) fn get_ssh_public_key(
    desk: &Desk<'_>,
    input: &api::GetSSHPublicKeyRequest,
) -> Result<api::GetSSHPublicKeyResponse, Error> {
    let user = desk.state.users.get(text(&input.user_name))?;
    let found = user.ssh_keys.iter().find(|key| key.id == text(&input.ssh_public_key_id));
    let key = found.ok_or_else(missing(Thing::SshKey, &input.ssh_public_key_id))?;
    match text(&input.encoding) {
        "SSH" => Ok(api::GetSSHPublicKeyResponse { ssh_public_key: Some(shown_key(user, key)) }),
        "PEM" => {
            let pem = ssh_key(&key.body).and_then(|key| ssh_key_as_pem(&key));
            let pem = pem.ok_or_else(|| Error::KeyEncoding("PEM".to_owned()))?;
            let shown = api::SSHPublicKey { ssh_public_key_body: Some(pem), ..shown_key(user, key) };
            Ok(api::GetSSHPublicKeyResponse { ssh_public_key: Some(shown) })
        }
        other => Err(Error::KeyEncoding(other.to_owned())),
    }
}

pub(crate) fn update_ssh_public_key(desk: &mut Desk<'_>, input: &api::UpdateSSHPublicKeyRequest) -> Result<(), Error> {
    let keys = &mut desk.edit().users.edit(text(&input.user_name))?.ssh_keys;
    let found = keys.iter_mut().find(|key| key.id == text(&input.ssh_public_key_id));
    found.ok_or_else(missing(Thing::SshKey, &input.ssh_public_key_id))?.active = is_active(&input.status);
    Ok(())
}

pub(crate) fn delete_ssh_public_key(desk: &mut Desk<'_>, input: &api::DeleteSSHPublicKeyRequest) -> Result<(), Error> {
    let keys = &mut desk.edit().users.edit(text(&input.user_name))?.ssh_keys;
    let at = keys.iter().position(|key| key.id == text(&input.ssh_public_key_id));
    keys.remove(at.ok_or_else(missing(Thing::SshKey, &input.ssh_public_key_id))?);
    Ok(())
}

pub(crate) fn list_ssh_public_keys(
    desk: &Desk<'_>,
    input: &api::ListSSHPublicKeysRequest,
) -> Result<api::ListSSHPublicKeysResponse, Error> {
    let user = listed(desk, &input.user_name)?;
    let all = user.into_iter().flat_map(|user| user.ssh_keys.iter().map(move |one| (user, one)));
    let page = Listing::new(input.max_items, &input.marker)?.page(
        all.enumerate(),
        |(index, _)| format!("{index:04}"),
        |(_, (user, key))| api::SSHPublicKeyMetadata {
            user_name: Some(user.header.name.clone()),
            ssh_public_key_id: Some(key.id.clone()),
            status: status(key.active),
            upload_date: Some(key.created_at),
        },
    );
    Ok(api::ListSSHPublicKeysResponse {
        ssh_public_keys: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

fn shown_credential(user: &User, credential: &ServiceCredential) -> api::ServiceSpecificCredential {
    api::ServiceSpecificCredential {
        create_date: Some(credential.created_at),
        service_name: Some(credential.service.clone()),
        service_user_name: Some(credential.user_name.clone()),
        service_password: Some(credential.password.clone()),
        service_specific_credential_id: Some(credential.id.clone()),
        user_name: Some(user.header.name.clone()),
        status: status(credential.active),
        ..api::ServiceSpecificCredential::default()
    }
}

pub(crate) fn create_service_specific_credential(
    desk: &mut Desk<'_>,
    input: &api::CreateServiceSpecificCredentialRequest,
) -> Result<api::CreateServiceSpecificCredentialResponse, Error> {
    let service = text(&input.service_name).to_owned();
    if !SERVICES.contains(&service.as_str()) {
        return Err(Error::NoServiceCredentials(service));
    }
    let (id, password) = (draw::id(desk.env, "ACCA"), draw::password(desk.env));
    let (account, now) = (desk.account, desk.now);
    let user = desk.edit().users.edit(text(&input.user_name))?;
    let all = &user.service_credentials;
    quota("ServiceSpecificCredentialsPerUser", all.iter().filter(|one| one.service == service).count() + 1, 2)?;
    // The second one differs from the first.
    let names = [String::new(), "+1".to_owned()].map(|mark| format!("{}{mark}-at-{account}", user.header.name));
    let is_free = |name: &String| !all.iter().any(|one| one.service == service && one.user_name == *name);
    let name = names.into_iter().find(is_free).unwrap_or_else(|| id.clone());
    let credential = ServiceCredential { id, service, user_name: name, password, active: true, created_at: now };
    let answer = shown_credential(user, &credential);
    user.service_credentials.push(credential);
    Ok(api::CreateServiceSpecificCredentialResponse { service_specific_credential: Some(answer) })
}

/// The user's credential, to be changed.
fn credential<'a>(
    desk: &'a mut Desk<'_>,
    user: &Option<String>,
    id: &Option<String>,
) -> Result<(&'a mut User, usize), Error> {
    let name = user_name(desk, user)?.to_owned();
    let user = desk.edit().users.edit(&name)?;
    let at = user.service_credentials.iter().position(|credential| credential.id == text(id));
    let at = at.ok_or_else(missing(Thing::ServiceCredential, id))?;
    Ok((user, at))
}

pub(crate) fn reset_service_specific_credential(
    desk: &mut Desk<'_>,
    input: &api::ResetServiceSpecificCredentialRequest,
) -> Result<api::ResetServiceSpecificCredentialResponse, Error> {
    let password = draw::password(desk.env);
    let (user, at) = credential(desk, &input.user_name, &input.service_specific_credential_id)?;
    user.service_credentials[at].password = password;
    let answer = shown_credential(user, &user.service_credentials[at]);
    Ok(api::ResetServiceSpecificCredentialResponse { service_specific_credential: Some(answer) })
}

pub(crate) fn update_service_specific_credential(
    desk: &mut Desk<'_>,
    input: &api::UpdateServiceSpecificCredentialRequest,
) -> Result<(), Error> {
    let (user, at) = credential(desk, &input.user_name, &input.service_specific_credential_id)?;
    user.service_credentials[at].active = is_active(&input.status);
    Ok(())
}

pub(crate) fn delete_service_specific_credential(
    desk: &mut Desk<'_>,
    input: &api::DeleteServiceSpecificCredentialRequest,
) -> Result<(), Error> {
    let (user, at) = credential(desk, &input.user_name, &input.service_specific_credential_id)?;
    user.service_credentials.remove(at);
    Ok(())
}

pub(crate) fn list_service_specific_credentials(
    desk: &Desk<'_>,
    input: &api::ListServiceSpecificCredentialsRequest,
) -> Result<api::ListServiceSpecificCredentialsResponse, Error> {
    let users: Vec<&User> = match input.all_users {
        Some(true) => desk.state.users.all().map(|(_, user)| &**user).collect(),
        _ => listed(desk, &input.user_name)?.into_iter().collect(),
    };
    let all = users.into_iter().flat_map(|user| user.service_credentials.iter().map(move |one| (user, one)));
    let wanted = |service: &str| input.service_name.as_deref().is_none_or(|wanted| wanted == service);
    let page = Listing::new(input.max_items, &input.marker)?.page(
        all.filter(|(_, one)| wanted(&one.service)).enumerate(),
        |(index, _)| format!("{index:06}"),
        |(_, (user, credential))| api::ServiceSpecificCredentialMetadata {
            user_name: Some(user.header.name.clone()),
            status: status(credential.active),
            service_user_name: Some(credential.user_name.clone()),
            create_date: Some(credential.created_at),
            service_specific_credential_id: Some(credential.id.clone()),
            service_name: Some(credential.service.clone()),
            ..api::ServiceSpecificCredentialMetadata::default()
        },
    );
    Ok(api::ListServiceSpecificCredentialsResponse {
        service_specific_credentials: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}
