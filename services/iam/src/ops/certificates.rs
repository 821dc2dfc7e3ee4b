//! Server certificates.

use tidegate_api_iam as api;

use super::{given_tags, header, new_tags, path_of, quota, tags, text};
use crate::domain::{ServerCertificate, Thing, add_tags, certificate_end, has_private_key, remove_tags};
use crate::error::Error;
use crate::service::Desk;
use crate::wire::{Listing, shown};

fn metadata(desk: &Desk<'_>, certificate: &ServerCertificate) -> api::ServerCertificateMetadata {
    let header = &certificate.header;
    api::ServerCertificateMetadata {
        path: Some(header.path.clone()),
        server_certificate_name: Some(header.name.clone()),
        server_certificate_id: Some(header.id.clone()),
        arn: Some(header.arn(desk.account, "server-certificate")),
        upload_date: Some(header.created_at),
        expiration: certificate_end(&certificate.body),
    }
}

/// The key that comes along is looked at and forgotten.
pub(crate) fn upload_server_certificate(
    desk: &mut Desk<'_>,
    input: &api::UploadServerCertificateRequest,
) -> Result<api::UploadServerCertificateResponse, Error> {
    quota("ServerCertificatesPerAccount", desk.state.certificates.len() + 1, 20)?;
    let name = text(&input.server_certificate_name);
    if desk.state.certificates.find(name).is_some() {
        return Err(Error::Exists(Thing::ServerCertificate, name.to_owned()));
    }
    let certificate = ServerCertificate {
        header: header(desk, &input.server_certificate_name, &input.path, "ASCA")?,
        body: text(&input.certificate_body).to_owned(),
        chain: input.certificate_chain.clone(),
        tags: new_tags(&input.tags)?,
    };
    let can_be_read = certificate_end(&certificate.body).is_some()
        && certificate.chain.as_deref().is_none_or(|chain| certificate_end(chain).is_some());
    if !can_be_read || !has_private_key(text(&input.private_key)) {
        return Err(Error::Certificate);
    }
    let (answer, tags) = (metadata(desk, &certificate), shown::some_tags(&certificate.tags));
    desk.edit().certificates.add(certificate)?;
    Ok(api::UploadServerCertificateResponse { server_certificate_metadata: Some(answer), tags })
}

pub(crate) fn get_server_certificate(
    desk: &Desk<'_>,
    input: &api::GetServerCertificateRequest,
) -> Result<api::GetServerCertificateResponse, Error> {
    let certificate = desk.state.certificates.get(text(&input.server_certificate_name))?;
    let answer = api::ServerCertificate {
        server_certificate_metadata: Some(metadata(desk, certificate)),
        certificate_body: Some(certificate.body.clone()),
        certificate_chain: certificate.chain.clone(),
        tags: shown::some_tags(&certificate.tags),
    };
    Ok(api::GetServerCertificateResponse { server_certificate: Some(answer) })
}

pub(crate) fn list_server_certificates(
    desk: &Desk<'_>,
    input: &api::ListServerCertificatesRequest,
) -> Result<api::ListServerCertificatesResponse, Error> {
    let all = desk.state.certificates.all().filter(|(_, one)| shown::within(&one.header, &input.path_prefix));
    let page = Listing::new(input.max_items, &input.marker)?.page(
        all,
        |(name, _)| (*name).clone(),
        |(_, certificate)| metadata(desk, certificate),
    );
    Ok(api::ListServerCertificatesResponse {
        server_certificate_metadata_list: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

pub(crate) fn update_server_certificate(
    desk: &mut Desk<'_>,
    input: &api::UpdateServerCertificateRequest,
) -> Result<(), Error> {
    let old = text(&input.server_certificate_name);
    let mut certificate = (**desk.state.certificates.get(old)?).clone();
    if input.new_path.is_some() {
        certificate.header.path = path_of(&input.new_path)?;
    }
    if let Some(name) = &input.new_server_certificate_name {
        certificate.header.name.clone_from(name);
    }
    desk.edit().certificates.remove(old)?;
    desk.edit().certificates.add(certificate)
}

pub(crate) fn delete_server_certificate(
    desk: &mut Desk<'_>,
    input: &api::DeleteServerCertificateRequest,
) -> Result<(), Error> {
    desk.edit().certificates.remove(text(&input.server_certificate_name)).map(drop)
}

pub(crate) fn tag_server_certificate(
    desk: &mut Desk<'_>,
    input: &api::TagServerCertificateRequest,
) -> Result<(), Error> {
    let certificate = desk.edit().certificates.edit(text(&input.server_certificate_name))?;
    Ok(add_tags(&mut certificate.tags, given_tags(&input.tags))?)
}

pub(crate) fn untag_server_certificate(
    desk: &mut Desk<'_>,
    input: &api::UntagServerCertificateRequest,
) -> Result<(), Error> {
    let certificate = desk.edit().certificates.edit(text(&input.server_certificate_name))?;
    remove_tags(&mut certificate.tags, input.tag_keys.as_deref().unwrap_or_default());
    Ok(())
}

pub(crate) fn list_server_certificate_tags(
    desk: &Desk<'_>,
    input: &api::ListServerCertificateTagsRequest,
) -> Result<api::ListServerCertificateTagsResponse, Error> {
    let certificate = desk.state.certificates.get(text(&input.server_certificate_name))?;
    let (tags, marker) = tags::page(&certificate.tags, input.max_items, &input.marker)?;
    Ok(api::ListServerCertificateTagsResponse { tags: Some(tags), is_truncated: Some(marker.is_some()), marker })
}
