//! Templates, of mails and of verification mails.

use tidegate_api_sesv2 as api;
use tidegate_types::Timestamp;

use super::tags;
use crate::desk::Desk;
use crate::domain::template::{CustomTemplate, Parts, Template};
use crate::error::{Error, Thing};
use crate::ops::templates;
use crate::wire::paging::Paging;
use crate::wire::text;

/// The parts of a template as a request gives them.
pub(super) fn parts(given: &Option<api::EmailTemplateContent>) -> Parts {
    let given = given.clone().unwrap_or_default();
    Parts { subject: given.subject, text: given.text, html: given.html }
}

pub(crate) async fn create_email_template(
    mut desk: Desk<'_>,
    input: &api::CreateEmailTemplateRequest,
) -> Result<api::CreateEmailTemplateResponse, Error> {
    let template = Template {
        name: text(&input.template_name).to_owned(),
        created_at: desk.millis(),
        parts: parts(&input.template_content),
        tags: tags::new(&input.tags)?,
    };
    templates::create(&mut desk, template).await?;
    Ok(api::CreateEmailTemplateResponse {})
}

pub(crate) async fn update_email_template(
    mut desk: Desk<'_>,
    input: &api::UpdateEmailTemplateRequest,
) -> Result<api::UpdateEmailTemplateResponse, Error> {
    templates::update(&mut desk, text(&input.template_name), parts(&input.template_content)).await?;
    Ok(api::UpdateEmailTemplateResponse {})
}

pub(crate) async fn get_email_template(
    mut desk: Desk<'_>,
    input: &api::GetEmailTemplateRequest,
) -> Result<api::GetEmailTemplateResponse, Error> {
    let found = templates::find(&mut desk, text(&input.template_name)).await?;
    let Parts { subject, text, html } = found.parts;
    Ok(api::GetEmailTemplateResponse {
        template_name: Some(found.name),
        template_content: Some(api::EmailTemplateContent { subject, text, html }),
        tags: Some(tags::shown(&found.tags)),
    })
}

pub(crate) async fn list_email_templates(
    desk: Desk<'_>,
    input: &api::ListEmailTemplatesRequest,
) -> Result<api::ListEmailTemplatesResponse, Error> {
    let paging = Paging::new(&input.next_token, Some(input.page_size.map_or(10, i64::from)), 100)?;
    let found: Vec<Template> = desk.shelf.list("", paging.after.as_deref(), paging.reach()).await?;
    let (page, next_token) = paging.cut(found, |template| template.name.clone());
    let shown = page.into_iter().map(|template| api::EmailTemplateMetadata {
        template_name: Some(template.name),
        created_timestamp: Some(Timestamp::from_millis(template.created_at)),
    });
    Ok(api::ListEmailTemplatesResponse { templates_metadata: Some(shown.collect()), next_token })
}

pub(crate) async fn delete_email_template(
    mut desk: Desk<'_>,
    input: &api::DeleteEmailTemplateRequest,
) -> Result<api::DeleteEmailTemplateResponse, Error> {
    templates::find(&mut desk, text(&input.template_name)).await?;
    desk.shelf.remove::<Template>(text(&input.template_name));
    Ok(api::DeleteEmailTemplateResponse {})
}

pub(crate) async fn test_render_email_template(
    mut desk: Desk<'_>,
    input: &api::TestRenderEmailTemplateRequest,
) -> Result<api::TestRenderEmailTemplateResponse, Error> {
    let rendered = templates::test(&mut desk, text(&input.template_name), text(&input.template_data)).await?;
    Ok(api::TestRenderEmailTemplateResponse { rendered_template: Some(rendered) })
}

pub(crate) async fn create_custom(
    mut desk: Desk<'_>,
    input: &api::CreateCustomVerificationEmailTemplateRequest,
) -> Result<api::CreateCustomVerificationEmailTemplateResponse, Error> {
    let template = CustomTemplate {
        name: text(&input.template_name).to_owned(),
        from: text(&input.from_email_address).to_owned(),
        subject: text(&input.template_subject).to_owned(),
        content: text(&input.template_content).to_owned(),
        success_url: text(&input.success_redirection_url).to_owned(),
        failure_url: text(&input.failure_redirection_url).to_owned(),
        tags: tags::new(&input.tags)?,
    };
    templates::create_custom(&mut desk, template).await?;
    Ok(api::CreateCustomVerificationEmailTemplateResponse {})
}

pub(crate) async fn update_custom(
    mut desk: Desk<'_>,
    input: &api::UpdateCustomVerificationEmailTemplateRequest,
) -> Result<api::UpdateCustomVerificationEmailTemplateResponse, Error> {
    let old = templates::find_custom(&mut desk, text(&input.template_name)).await?;
    let new = CustomTemplate {
        from: text(&input.from_email_address).to_owned(),
        subject: text(&input.template_subject).to_owned(),
        content: text(&input.template_content).to_owned(),
        success_url: text(&input.success_redirection_url).to_owned(),
        failure_url: text(&input.failure_redirection_url).to_owned(),
        ..old
    };
    templates::check_custom(&mut desk, &new).await?;
    desk.shelf.put(&new);
    Ok(api::UpdateCustomVerificationEmailTemplateResponse {})
}

pub(crate) async fn get_custom(
    mut desk: Desk<'_>,
    input: &api::GetCustomVerificationEmailTemplateRequest,
) -> Result<api::GetCustomVerificationEmailTemplateResponse, Error> {
    let found = templates::find_custom(&mut desk, text(&input.template_name)).await?;
    Ok(api::GetCustomVerificationEmailTemplateResponse {
        template_name: Some(found.name),
        from_email_address: Some(found.from),
        template_subject: Some(found.subject),
        template_content: Some(found.content),
        tags: Some(tags::shown(&found.tags)),
        success_redirection_url: Some(found.success_url),
        failure_redirection_url: Some(found.failure_url),
    })
}

pub(crate) async fn list_custom(
    desk: Desk<'_>,
    input: &api::ListCustomVerificationEmailTemplatesRequest,
) -> Result<api::ListCustomVerificationEmailTemplatesResponse, Error> {
    let paging = Paging::new(&input.next_token, input.page_size.map(i64::from), 50)?;
    let found: Vec<CustomTemplate> = desk.shelf.list("", paging.after.as_deref(), paging.reach()).await?;
    let (page, next_token) = paging.cut(found, |template| template.name.clone());
    let shown = page.into_iter().map(|found| api::CustomVerificationEmailTemplateMetadata {
        template_name: Some(found.name),
        from_email_address: Some(found.from),
        template_subject: Some(found.subject),
        success_redirection_url: Some(found.success_url),
        failure_redirection_url: Some(found.failure_url),
    });
    Ok(api::ListCustomVerificationEmailTemplatesResponse {
        custom_verification_email_templates: Some(shown.collect()),
        next_token,
    })
}

pub(crate) async fn delete_custom(
    mut desk: Desk<'_>,
    input: &api::DeleteCustomVerificationEmailTemplateRequest,
) -> Result<api::DeleteCustomVerificationEmailTemplateResponse, Error> {
    let name = text(&input.template_name);
    match templates::delete_custom(&mut desk, name).await? {
        true => Ok(api::DeleteCustomVerificationEmailTemplateResponse {}),
        false => Err(Error::NoSuch(Thing::CustomTemplate, name.to_owned())),
    }
}

pub(crate) async fn send_custom(
    mut desk: Desk<'_>,
    input: &api::SendCustomVerificationEmailRequest,
) -> Result<api::SendCustomVerificationEmailResponse, Error> {
    let (address, name) = (text(&input.email_address), text(&input.template_name));
    let id = templates::send_custom(&mut desk, address, name, input.configuration_set_name.as_deref()).await?;
    Ok(api::SendCustomVerificationEmailResponse { message_id: Some(id) })
}
