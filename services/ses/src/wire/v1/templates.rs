//! Templates, of mails and of verification mails.

use tidegate_api_ses as api;
use tidegate_types::Timestamp;

use crate::desk::Desk;
use crate::domain::tags::Tags;
use crate::domain::template::{CustomTemplate, Parts, Template};
use crate::error::Error;
use crate::ops::templates;
use crate::wire::paging::Paging;
use crate::wire::text;

/// The most templates of a page.
const MOST: usize = 100;

fn template(given: &Option<api::Template>) -> (String, Parts) {
    let given = given.clone().unwrap_or_default();
    let parts = Parts { subject: given.subject_part, text: given.text_part, html: given.html_part };
    (text(&given.template_name).to_owned(), parts)
}

pub(crate) async fn create_template(
    mut desk: Desk<'_>,
    input: &api::CreateTemplateRequest,
) -> Result<api::CreateTemplateResponse, Error> {
    let (name, parts) = template(&input.template);
    let created_at = desk.millis();
    templates::create(&mut desk, Template { name, created_at, parts, tags: Tags::new() }).await?;
    Ok(api::CreateTemplateResponse {})
}

pub(crate) async fn update_template(
    mut desk: Desk<'_>,
    input: &api::UpdateTemplateRequest,
) -> Result<api::UpdateTemplateResponse, Error> {
    let (name, parts) = template(&input.template);
    templates::update(&mut desk, &name, parts).await?;
    Ok(api::UpdateTemplateResponse {})
}

pub(crate) async fn get_template(
    mut desk: Desk<'_>,
    input: &api::GetTemplateRequest,
) -> Result<api::GetTemplateResponse, Error> {
    let Template { name, parts, .. } = templates::find(&mut desk, text(&input.template_name)).await?;
    let template = api::Template {
        template_name: Some(name),
        subject_part: parts.subject,
        text_part: parts.text,
        html_part: parts.html,
    };
    Ok(api::GetTemplateResponse { template: Some(template) })
}

pub(crate) async fn list_templates(
    desk: Desk<'_>,
    input: &api::ListTemplatesRequest,
) -> Result<api::ListTemplatesResponse, Error> {
    let paging = Paging::new(&input.next_token, Some(input.max_items.map_or(10, i64::from)), MOST)?;
    let found: Vec<Template> = desk.shelf.list("", paging.after.as_deref(), paging.reach()).await?;
    let (page, next_token) = paging.cut(found, |template| template.name.clone());
    let shown = page.into_iter().map(|template| api::TemplateMetadata {
        name: Some(template.name),
        created_timestamp: Some(Timestamp::from_millis(template.created_at)),
    });
    Ok(api::ListTemplatesResponse { templates_metadata: Some(shown.collect()), next_token })
}

pub(crate) async fn delete_template(
    mut desk: Desk<'_>,
    input: &api::DeleteTemplateRequest,
) -> Result<api::DeleteTemplateResponse, Error> {
    desk.shelf.remove::<Template>(text(&input.template_name));
    Ok(api::DeleteTemplateResponse {})
}

pub(crate) async fn test_render_template(
    mut desk: Desk<'_>,
    input: &api::TestRenderTemplateRequest,
) -> Result<api::TestRenderTemplateResponse, Error> {
    let rendered = templates::test(&mut desk, text(&input.template_name), text(&input.template_data)).await?;
    Ok(api::TestRenderTemplateResponse { rendered_template: Some(rendered) })
}

pub(crate) async fn create_custom_verification_email_template(
    mut desk: Desk<'_>,
    input: &api::CreateCustomVerificationEmailTemplateRequest,
) -> Result<(), Error> {
    let template = CustomTemplate {
        name: text(&input.template_name).to_owned(),
        from: text(&input.from_email_address).to_owned(),
        subject: text(&input.template_subject).to_owned(),
        content: text(&input.template_content).to_owned(),
        success_url: text(&input.success_redirection_url).to_owned(),
        failure_url: text(&input.failure_redirection_url).to_owned(),
        tags: Tags::new(),
    };
    templates::create_custom(&mut desk, template).await
}

pub(crate) async fn update_custom_verification_email_template(
    mut desk: Desk<'_>,
    input: &api::UpdateCustomVerificationEmailTemplateRequest,
) -> Result<(), Error> {
    let old = templates::find_custom(&mut desk, text(&input.template_name)).await?;
    let new = CustomTemplate {
        from: input.from_email_address.clone().unwrap_or(old.from),
        subject: input.template_subject.clone().unwrap_or(old.subject),
        content: input.template_content.clone().unwrap_or(old.content),
        success_url: input.success_redirection_url.clone().unwrap_or(old.success_url),
        failure_url: input.failure_redirection_url.clone().unwrap_or(old.failure_url),
        ..old
    };
    templates::check_custom(&mut desk, &new).await?;
    desk.shelf.put(&new);
    Ok(())
}

pub(crate) async fn get_custom_verification_email_template(
    mut desk: Desk<'_>,
    input: &api::GetCustomVerificationEmailTemplateRequest,
) -> Result<api::GetCustomVerificationEmailTemplateResponse, Error> {
    let found = templates::find_custom(&mut desk, text(&input.template_name)).await?;
    Ok(api::GetCustomVerificationEmailTemplateResponse {
        template_name: Some(found.name),
        from_email_address: Some(found.from),
        template_subject: Some(found.subject),
        template_content: Some(found.content),
        success_redirection_url: Some(found.success_url),
        failure_redirection_url: Some(found.failure_url),
    })
}

pub(crate) async fn list_custom_verification_email_templates(
    desk: Desk<'_>,
    input: &api::ListCustomVerificationEmailTemplatesRequest,
) -> Result<api::ListCustomVerificationEmailTemplatesResponse, Error> {
    let paging = Paging::new(&input.next_token, input.max_results.map(i64::from), 50)?;
    let found: Vec<CustomTemplate> = desk.shelf.list("", paging.after.as_deref(), paging.reach()).await?;
    let (page, next_token) = paging.cut(found, |template| template.name.clone());
    let shown = page.into_iter().map(|found| api::CustomVerificationEmailTemplate {
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

pub(crate) async fn delete_custom_verification_email_template(
    mut desk: Desk<'_>,
    input: &api::DeleteCustomVerificationEmailTemplateRequest,
) -> Result<(), Error> {
    templates::delete_custom(&mut desk, text(&input.template_name)).await?;
    Ok(())
}

pub(crate) async fn send_custom_verification_email(
    mut desk: Desk<'_>,
    input: &api::SendCustomVerificationEmailRequest,
) -> Result<api::SendCustomVerificationEmailResponse, Error> {
    let (address, name) = (text(&input.email_address), text(&input.template_name));
    let id = templates::send_custom(&mut desk, address, name, input.configuration_set_name.as_deref()).await?;
    Ok(api::SendCustomVerificationEmailResponse { message_id: Some(id) })
}
