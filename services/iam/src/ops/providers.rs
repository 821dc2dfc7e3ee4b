//! Identity providers: OpenID Connect and SAML.

use tidegate_api_iam as api;
use tidegate_types::Timestamp;

use super::{draw, given_tags, new_tags, quota, tags, text};
use crate::domain::{OidcProvider, SamlProvider, Thing, add_tags, remove_tags};
use crate::error::{Error, ValueFault};
use crate::service::Desk;
use crate::wire::shown;

/// The most audiences and thumbprints of a provider.
const MAX_CLIENT_IDS: usize = 100;
const MAX_THUMBPRINTS: usize = 5;
/// How long a SAML provider is good for whose metadata does not say so: a hundred years, as AWS has it.
const SAML_SECONDS: u64 = 100 * 365 * 24 * 3600;

/// The ARN of an OpenID Connect provider.
fn oidc_arn(desk: &Desk<'_>, provider: &OidcProvider) -> String {
    format!("arn:aws:iam::{}:oidc-provider/{}", desk.account, provider.url)
}

/// A provider's URL without its scheme. AWS has providers with https alone; here those on this machine may
/// have http, because few have certificates.
fn provider_url(url: &str) -> Result<&str, Error> {
    let invalid = || Error::Value(ValueFault::Url(url.to_owned()));
    let is_local = |place: &str| {
        let host = place.split('/').next().unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        host == "localhost" || host.ends_with(".localhost") || host == "[::1]" || host.starts_with("127.")
    };
    let plain = url.strip_prefix("http://").filter(|place| is_local(place));
    let place = url.strip_prefix("https://").or(plain).ok_or_else(invalid)?;
    let place = place.strip_suffix('/').unwrap_or(place);
    let host = place.split('/').next().unwrap_or_default();
    let valid = !host.is_empty() && place.chars().all(|c| c.is_ascii_graphic() && !"?#\"<>".contains(c));
    if valid { Ok(place) } else { Err(invalid()) }
}

fn oidc<'a>(desk: &'a mut Desk<'_>, arn: &Option<String>) -> Result<&'a mut OidcProvider, Error> {
    look_oidc(desk, arn)?;
    let url = text(arn).split_once(":oidc-provider/").map_or("", |(_, url)| url);
    desk.edit().oidc.edit(url)
}

fn look_oidc<'a>(desk: &'a Desk<'_>, arn: &Option<String>) -> Result<&'a OidcProvider, Error> {
    let url = text(arn).split_once(":oidc-provider/").map_or("", |(_, url)| url);
    let found = desk.state.oidc.find(url).filter(|provider| oidc_arn(desk, provider) == text(arn));
    found.map(|provider| &**provider).ok_or_else(|| Error::NoSuch(Thing::OidcProvider, text(arn).to_owned()))
}

fn thumbprints(given: &Option<Vec<String>>) -> Result<Vec<String>, Error> {
    let given = given.clone().unwrap_or_default();
    if given.len() > MAX_THUMBPRINTS { Err(Error::Thumbprints(MAX_THUMBPRINTS)) } else { Ok(given) }
}

pub(crate) fn create_oidc_provider(
    desk: &mut Desk<'_>,
    input: &api::CreateOpenIDConnectProviderRequest,
) -> Result<api::CreateOpenIDConnectProviderResponse, Error> {
    let url = provider_url(text(&input.url))?.to_owned();
    let mut client_ids = input.client_id_list.clone().unwrap_or_default();
    let mut seen = std::collections::BTreeSet::new();
    client_ids.retain(|id| seen.insert(id.clone()));
    quota("ClientIdsPerOpenIdConnectProvider", client_ids.len(), MAX_CLIENT_IDS)?;
    quota("OpenIDConnectProvidersPerAccount", desk.state.oidc.len() + 1, 100)?;
    let provider = OidcProvider {
        url,
        client_ids,
        thumbprints: thumbprints(&input.thumbprint_list)?,
        created_at: desk.now,
        tags: new_tags(&input.tags)?,
    };
    let (arn, tags) = (oidc_arn(desk, &provider), shown::some_tags(&provider.tags));
    desk.edit().oidc.add(provider)?;
    Ok(api::CreateOpenIDConnectProviderResponse { open_id_connect_provider_arn: Some(arn), tags })
}

pub(crate) fn get_oidc_provider(
    desk: &Desk<'_>,
    input: &api::GetOpenIDConnectProviderRequest,
) -> Result<api::GetOpenIDConnectProviderResponse, Error> {
    let provider = look_oidc(desk, &input.open_id_connect_provider_arn)?;
    Ok(api::GetOpenIDConnectProviderResponse {
        url: Some(provider.url.clone()),
        client_id_list: Some(provider.client_ids.clone()),
        thumbprint_list: Some(provider.thumbprints.clone()),
        create_date: Some(provider.created_at),
        tags: shown::some_tags(&provider.tags),
    })
}

pub(crate) fn list_oidc_providers(
    desk: &Desk<'_>,
    _: &api::ListOpenIDConnectProvidersRequest,
) -> Result<api::ListOpenIDConnectProvidersResponse, Error> {
    let all = desk.state.oidc.all();
    let all = all.map(|(_, provider)| api::OpenIDConnectProviderListEntry { arn: Some(oidc_arn(desk, provider)) });
    Ok(api::ListOpenIDConnectProvidersResponse { open_id_connect_provider_list: Some(all.collect()) })
}

/// Deleting a provider that is not there is no error, as AWS has it.
pub(crate) fn delete_oidc_provider(
    desk: &mut Desk<'_>,
    input: &api::DeleteOpenIDConnectProviderRequest,
) -> Result<(), Error> {
    match look_oidc(desk, &input.open_id_connect_provider_arn).map(|provider| provider.url.clone()) {
        Ok(url) => desk.edit().oidc.remove(&url).map(drop),
        Err(_) => Ok(()),
    }
}

pub(crate) fn add_client_id(
    desk: &mut Desk<'_>,
    input: &api::AddClientIDToOpenIDConnectProviderRequest,
) -> Result<(), Error> {
    let ids = &mut oidc(desk, &input.open_id_connect_provider_arn)?.client_ids;
    let id = text(&input.client_id);
    if !ids.iter().any(|known| known == id) {
        ids.push(id.to_owned());
    }
    quota("ClientIdsPerOpenIdConnectProvider", ids.len(), MAX_CLIENT_IDS)
}

pub(crate) fn remove_client_id(
    desk: &mut Desk<'_>,
    input: &api::RemoveClientIDFromOpenIDConnectProviderRequest,
) -> Result<(), Error> {
    let ids = &mut oidc(desk, &input.open_id_connect_provider_arn)?.client_ids;
    ids.retain(|id| id != text(&input.client_id));
    Ok(())
}

pub(crate) fn update_thumbprints(
    desk: &mut Desk<'_>,
    input: &api::UpdateOpenIDConnectProviderThumbprintRequest,
) -> Result<(), Error> {
    let thumbprints = thumbprints(&input.thumbprint_list)?;
    oidc(desk, &input.open_id_connect_provider_arn)?.thumbprints = thumbprints;
    Ok(())
}

pub(crate) fn tag_oidc_provider(
    desk: &mut Desk<'_>,
    input: &api::TagOpenIDConnectProviderRequest,
) -> Result<(), Error> {
    Ok(add_tags(&mut oidc(desk, &input.open_id_connect_provider_arn)?.tags, given_tags(&input.tags))?)
}

pub(crate) fn untag_oidc_provider(
    desk: &mut Desk<'_>,
    input: &api::UntagOpenIDConnectProviderRequest,
) -> Result<(), Error> {
    let provider = oidc(desk, &input.open_id_connect_provider_arn)?;
    remove_tags(&mut provider.tags, input.tag_keys.as_deref().unwrap_or_default());
    Ok(())
}

pub(crate) fn list_oidc_provider_tags(
    desk: &Desk<'_>,
    input: &api::ListOpenIDConnectProviderTagsRequest,
) -> Result<api::ListOpenIDConnectProviderTagsResponse, Error> {
    let provider = look_oidc(desk, &input.open_id_connect_provider_arn)?;
    let (tags, marker) = tags::page(&provider.tags, input.max_items, &input.marker)?;
    Ok(api::ListOpenIDConnectProviderTagsResponse { tags: Some(tags), is_truncated: Some(marker.is_some()), marker })
}

/// The ARN of a SAML provider.
fn saml_arn(desk: &Desk<'_>, provider: &SamlProvider) -> String {
    format!("arn:aws:iam::{}:saml-provider/{}", desk.account, provider.name)
}

fn look_saml<'a>(desk: &'a Desk<'_>, arn: &Option<String>) -> Result<&'a SamlProvider, Error> {
    let name = text(arn).rsplit('/').next().unwrap_or_default();
    let found = desk.state.saml.find(name).filter(|provider| saml_arn(desk, provider) == text(arn));
    found.map(|provider| &**provider).ok_or_else(|| Error::NoSuch(Thing::SamlProvider, text(arn).to_owned()))
}

fn saml<'a>(desk: &'a mut Desk<'_>, arn: &Option<String>) -> Result<&'a mut SamlProvider, Error> {
    let name = look_saml(desk, arn)?.name.clone();
    desk.edit().saml.edit(&name)
}

/// Until when a provider is good: its metadata says so, or it is a hundred years.
fn valid_until(provider: &SamlProvider) -> Timestamp {
    let said = || {
        let (_, rest) = provider.metadata.split_once("validUntil=")?;
        let quote = rest.chars().next().filter(|c| "\"'".contains(*c))?;
        let end: jiff::Timestamp = rest[1..].split_once(quote)?.0.parse().ok()?;
        u64::try_from(end.as_second()).ok().map(Timestamp::from_secs)
    };
    said().unwrap_or_else(|| Timestamp::from_secs(provider.created_at.as_secs() + SAML_SECONDS))
}

/// Refuses what is no description of an identity provider. More than its kind is not looked at.
fn metadata(text: &str) -> Result<String, Error> {
    match text.contains("EntityDescriptor") && text.contains("IDPSSODescriptor") {
        true => Ok(text.to_owned()),
        false => Err(Error::Value(ValueFault::Metadata("it describes no identity provider"))),
    }
}

fn private_key(desk: &Desk<'_>, given: &Option<String>) -> Result<Option<(String, Timestamp)>, Error> {
    let Some(key) = given else { return Ok(None) };
    match crate::domain::has_private_key(key) {
        true => Ok(Some((draw::saml_id(desk.env), desk.now))),
        false => Err(Error::Value(ValueFault::Metadata("the private key is not one"))),
    }
}

pub(crate) fn create_saml_provider(
    desk: &mut Desk<'_>,
    input: &api::CreateSAMLProviderRequest,
) -> Result<api::CreateSAMLProviderResponse, Error> {
    quota("SAMLProvidersPerAccount", desk.state.saml.len() + 1, 100)?;
    let provider = SamlProvider {
        name: text(&input.name).to_owned(),
        id: draw::saml_id(desk.env),
        metadata: metadata(text(&input.saml_metadata_document))?,
        created_at: desk.now,
        encryption_mode: input.assertion_encryption_mode.clone(),
        private_keys: private_key(desk, &input.add_private_key)?.into_iter().collect(),
        tags: new_tags(&input.tags)?,
    };
    let (arn, tags) = (saml_arn(desk, &provider), shown::some_tags(&provider.tags));
    desk.edit().saml.add(provider)?;
    Ok(api::CreateSAMLProviderResponse { saml_provider_arn: Some(arn), tags })
}

pub(crate) fn get_saml_provider(
    desk: &Desk<'_>,
    input: &api::GetSAMLProviderRequest,
) -> Result<api::GetSAMLProviderResponse, Error> {
    let provider = look_saml(desk, &input.saml_provider_arn)?;
    let key = |(id, at): &(String, Timestamp)| api::SAMLPrivateKey { key_id: Some(id.clone()), timestamp: Some(*at) };
    Ok(api::GetSAMLProviderResponse {
        saml_provider_uuid: Some(provider.id.clone()),
        saml_metadata_document: Some(provider.metadata.clone()),
        create_date: Some(provider.created_at),
        valid_until: Some(valid_until(provider)),
        tags: shown::some_tags(&provider.tags),
        assertion_encryption_mode: provider.encryption_mode.clone(),
        private_key_list: Some(provider.private_keys.iter().map(key).collect()),
    })
}

pub(crate) fn list_saml_providers(
    desk: &Desk<'_>,
    _: &api::ListSAMLProvidersRequest,
) -> Result<api::ListSAMLProvidersResponse, Error> {
    let entry = |provider: &SamlProvider| api::SAMLProviderListEntry {
        arn: Some(saml_arn(desk, provider)),
        valid_until: Some(valid_until(provider)),
        create_date: Some(provider.created_at),
    };
    let all = desk.state.saml.all().map(|(_, provider)| entry(provider));
    Ok(api::ListSAMLProvidersResponse { saml_provider_list: Some(all.collect()) })
}

pub(crate) fn update_saml_provider(
    desk: &mut Desk<'_>,
    input: &api::UpdateSAMLProviderRequest,
) -> Result<api::UpdateSAMLProviderResponse, Error> {
    let document = input.saml_metadata_document.as_deref().map(metadata).transpose()?;
    let added = private_key(desk, &input.add_private_key)?;
    let provider = saml(desk, &input.saml_provider_arn)?;
    if let Some(document) = document {
        provider.metadata = document;
    }
    if input.assertion_encryption_mode.is_some() {
        provider.encryption_mode.clone_from(&input.assertion_encryption_mode);
    }
    if let Some(gone) = &input.remove_private_key {
        provider.private_keys.retain(|(id, _)| id != gone);
    }
    provider.private_keys.extend(added);
    quota("PrivateKeysPerSAMLProvider", provider.private_keys.len(), 2)?;
    Ok(api::UpdateSAMLProviderResponse { saml_provider_arn: input.saml_provider_arn.clone() })
}

pub(crate) fn delete_saml_provider(desk: &mut Desk<'_>, input: &api::DeleteSAMLProviderRequest) -> Result<(), Error> {
    let name = look_saml(desk, &input.saml_provider_arn)?.name.clone();
    desk.edit().saml.remove(&name).map(drop)
}

pub(crate) fn tag_saml_provider(desk: &mut Desk<'_>, input: &api::TagSAMLProviderRequest) -> Result<(), Error> {
    Ok(add_tags(&mut saml(desk, &input.saml_provider_arn)?.tags, given_tags(&input.tags))?)
}

pub(crate) fn untag_saml_provider(desk: &mut Desk<'_>, input: &api::UntagSAMLProviderRequest) -> Result<(), Error> {
    let provider = saml(desk, &input.saml_provider_arn)?;
    remove_tags(&mut provider.tags, input.tag_keys.as_deref().unwrap_or_default());
    Ok(())
}

pub(crate) fn list_saml_provider_tags(
    desk: &Desk<'_>,
    input: &api::ListSAMLProviderTagsRequest,
) -> Result<api::ListSAMLProviderTagsResponse, Error> {
    let provider = look_saml(desk, &input.saml_provider_arn)?;
    let (tags, marker) = tags::page(&provider.tags, input.max_items, &input.marker)?;
    Ok(api::ListSAMLProviderTagsResponse { tags: Some(tags), is_truncated: Some(marker.is_some()), marker })
}
