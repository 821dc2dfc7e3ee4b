//! Receipt rule sets, their rules, and filters.

use tidegate_api_ses as api;
use tidegate_types::Timestamp;

use crate::desk::Desk;
use crate::domain::receipt::{Action, Filter, Rule, RuleSet, What};
use crate::error::{Error, Thing};
use crate::ops::receipt;
use crate::wire::paging::Paging;
use crate::wire::text;

fn rule(given: &Option<api::ReceiptRule>) -> Result<Rule, Error> {
    let given = given.clone().unwrap_or_default();
    let actions = given.actions.into_iter().flatten().map(action).collect::<Result<_, _>>()?;
    Ok(Rule {
        name: text(&given.name).to_owned(),
        enabled: given.enabled.unwrap_or(false),
        requires_tls: given.tls_policy.as_deref() == Some("Require"),
        recipients: given.recipients.unwrap_or_default(),
        actions,
        scan: given.scan_enabled.unwrap_or(false),
    })
}

fn action(given: api::ReceiptAction) -> Result<Action, Error> {
    let owned = |value: &Option<String>| text(value).to_owned();
    let all = [
        given.s3_action.map(|own| Action {
            topic: own.topic_arn,
            what: What::S3 {
                bucket: own.bucket_name.unwrap_or_default(),
                prefix: own.object_key_prefix,
                kms_key: own.kms_key_arn,
                role: own.iam_role_arn,
            },
        }),
        given.bounce_action.map(|own| Action {
            what: What::Bounce {
                reply_code: owned(&own.smtp_reply_code),
                message: owned(&own.message),
                sender: owned(&own.sender),
                status: own.status_code,
            },
            topic: own.topic_arn,
        }),
        given.workmail_action.map(|own| Action {
            what: What::WorkMail { organization: owned(&own.organization_arn) },
            topic: own.topic_arn,
        }),
        given.lambda_action.map(|own| Action {
            what: What::Lambda {
                function: owned(&own.function_arn),
                waits: own.invocation_type.as_deref() == Some("RequestResponse"),
            },
            topic: own.topic_arn,
        }),
        given.stop_action.map(|own| Action { what: What::Stop, topic: own.topic_arn }),
        given.add_header_action.map(|own| Action {
            what: What::AddHeader { name: owned(&own.header_name), value: owned(&own.header_value) },
            topic: None,
        }),
        given.sns_action.map(|own| Action {
            what: What::Sns { base64: own.encoding.as_deref() == Some("Base64") },
            topic: own.topic_arn,
        }),
        given.connect_action.map(|own| Action {
            what: What::Connect { instance: owned(&own.instance_arn), role: owned(&own.iam_role_arn) },
            topic: None,
        }),
    ];
    let mut all = all.into_iter().flatten();
    match (all.next(), all.next()) {
        (Some(action), None) => Ok(action),
        _ => Err(Error::invalid("Exactly one action type must be specified for each action")),
    }
}

fn shown(own: Rule) -> api::ReceiptRule {
    api::ReceiptRule {
        name: Some(own.name),
        enabled: Some(own.enabled),
        tls_policy: Some(if own.requires_tls { "Require" } else { "Optional" }.to_owned()),
        recipients: Some(own.recipients).filter(|recipients| !recipients.is_empty()),
        actions: Some(own.actions.into_iter().map(shown_action).collect()),
        scan_enabled: Some(own.scan),
    }
}

fn shown_action(own: Action) -> api::ReceiptAction {
    let mut shown = api::ReceiptAction::default();
    let topic_arn = own.topic;
    match own.what {
        What::S3 { bucket, prefix, kms_key, role } => {
            shown.s3_action = Some(api::S3Action {
                topic_arn,
                bucket_name: Some(bucket),
                object_key_prefix: prefix,
                kms_key_arn: kms_key,
                iam_role_arn: role,
            });
        }
        What::Bounce { reply_code, status, message, sender } => {
            shown.bounce_action = Some(api::BounceAction {
                topic_arn,
                smtp_reply_code: Some(reply_code),
                status_code: status,
                message: Some(message),
                sender: Some(sender),
            });
        }
        What::WorkMail { organization } => {
            shown.workmail_action = Some(api::WorkmailAction { topic_arn, organization_arn: Some(organization) });
        }
        What::Lambda { function, waits } => {
            let kind = if waits { "RequestResponse" } else { "Event" };
            shown.lambda_action = Some(api::LambdaAction {
                topic_arn,
                function_arn: Some(function),
                invocation_type: Some(kind.to_owned()),
            });
        }
        What::Stop => shown.stop_action = Some(api::StopAction { scope: Some("RuleSet".to_owned()), topic_arn }),
        What::AddHeader { name, value } => {
            shown.add_header_action = Some(api::AddHeaderAction { header_name: Some(name), header_value: Some(value) });
        }
        What::Sns { base64 } => {
            let encoding = if base64 { "Base64" } else { "UTF-8" };
            shown.sns_action = Some(api::SNSAction { topic_arn, encoding: Some(encoding.to_owned()) });
        }
        What::Connect { instance, role } => {
            shown.connect_action = Some(api::ConnectAction { instance_arn: Some(instance), iam_role_arn: Some(role) });
        }
    }
    shown
}

fn metadata(set: &RuleSet) -> api::ReceiptRuleSetMetadata {
    api::ReceiptRuleSetMetadata {
        name: Some(set.name.clone()),
        created_timestamp: Some(Timestamp::from_millis(set.created_at)),
    }
}

pub(crate) async fn create_rule_set(
    mut desk: Desk<'_>,
    input: &api::CreateReceiptRuleSetRequest,
) -> Result<api::CreateReceiptRuleSetResponse, Error> {
    receipt::create_set(&mut desk, text(&input.rule_set_name), Vec::new()).await?;
    Ok(api::CreateReceiptRuleSetResponse {})
}

pub(crate) async fn clone_rule_set(
    mut desk: Desk<'_>,
    input: &api::CloneReceiptRuleSetRequest,
) -> Result<api::CloneReceiptRuleSetResponse, Error> {
    let original = receipt::find(&mut desk, text(&input.original_rule_set_name)).await?;
    receipt::create_set(&mut desk, text(&input.rule_set_name), original.rules).await?;
    Ok(api::CloneReceiptRuleSetResponse {})
}

pub(crate) async fn delete_rule_set(
    mut desk: Desk<'_>,
    input: &api::DeleteReceiptRuleSetRequest,
) -> Result<api::DeleteReceiptRuleSetResponse, Error> {
    receipt::delete_set(&mut desk, text(&input.rule_set_name)).await?;
    Ok(api::DeleteReceiptRuleSetResponse {})
}

pub(crate) async fn describe_rule_set(
    mut desk: Desk<'_>,
    input: &api::DescribeReceiptRuleSetRequest,
) -> Result<api::DescribeReceiptRuleSetResponse, Error> {
    let set = receipt::find(&mut desk, text(&input.rule_set_name)).await?;
    Ok(api::DescribeReceiptRuleSetResponse {
        metadata: Some(metadata(&set)),
        rules: Some(set.rules.into_iter().map(shown).collect()),
    })
}

pub(crate) async fn describe_active_rule_set(
    mut desk: Desk<'_>,
    _: &api::DescribeActiveReceiptRuleSetRequest,
) -> Result<api::DescribeActiveReceiptRuleSetResponse, Error> {
    let Some(name) = desk.shelf.settings().await?.active_rule_set else {
        return Ok(api::DescribeActiveReceiptRuleSetResponse::default());
    };
    let set = receipt::find(&mut desk, &name).await?;
    Ok(api::DescribeActiveReceiptRuleSetResponse {
        metadata: Some(metadata(&set)),
        rules: Some(set.rules.into_iter().map(shown).collect()),
    })
}

pub(crate) async fn set_active_rule_set(
    mut desk: Desk<'_>,
    input: &api::SetActiveReceiptRuleSetRequest,
) -> Result<api::SetActiveReceiptRuleSetResponse, Error> {
    let name = input.rule_set_name.as_deref().filter(|name| !name.is_empty());
    receipt::activate(&mut desk, name).await?;
    Ok(api::SetActiveReceiptRuleSetResponse {})
}

pub(crate) async fn list_rule_sets(
    desk: Desk<'_>,
    input: &api::ListReceiptRuleSetsRequest,
) -> Result<api::ListReceiptRuleSetsResponse, Error> {
    let paging = Paging::new(&input.next_token, None, 100)?;
    let (page, next_token) = paging.cut_whole(desk.shelf.all::<RuleSet>().await?, |set| set.name.clone());
    Ok(api::ListReceiptRuleSetsResponse { rule_sets: Some(page.iter().map(metadata).collect()), next_token })
}

pub(crate) async fn reorder_rule_set(
    mut desk: Desk<'_>,
    input: &api::ReorderReceiptRuleSetRequest,
) -> Result<api::ReorderReceiptRuleSetResponse, Error> {
    let names = input.rule_names.as_deref().unwrap_or_default();
    receipt::reorder(&mut desk, text(&input.rule_set_name), names).await?;
    Ok(api::ReorderReceiptRuleSetResponse {})
}

pub(crate) async fn create_rule(
    mut desk: Desk<'_>,
    input: &api::CreateReceiptRuleRequest,
) -> Result<api::CreateReceiptRuleResponse, Error> {
    let rule = rule(&input.rule)?;
    receipt::create_rule(&mut desk, text(&input.rule_set_name), input.after.as_deref(), rule).await?;
    Ok(api::CreateReceiptRuleResponse {})
}

pub(crate) async fn update_rule(
    mut desk: Desk<'_>,
    input: &api::UpdateReceiptRuleRequest,
) -> Result<api::UpdateReceiptRuleResponse, Error> {
    let rule = rule(&input.rule)?;
    receipt::update_rule(&mut desk, text(&input.rule_set_name), rule).await?;
    Ok(api::UpdateReceiptRuleResponse {})
}

pub(crate) async fn delete_rule(
    mut desk: Desk<'_>,
    input: &api::DeleteReceiptRuleRequest,
) -> Result<api::DeleteReceiptRuleResponse, Error> {
    receipt::delete_rule(&mut desk, text(&input.rule_set_name), text(&input.rule_name)).await?;
    Ok(api::DeleteReceiptRuleResponse {})
}

pub(crate) async fn describe_rule(
    mut desk: Desk<'_>,
    input: &api::DescribeReceiptRuleRequest,
) -> Result<api::DescribeReceiptRuleResponse, Error> {
    let set = receipt::find(&mut desk, text(&input.rule_set_name)).await?;
    let name = text(&input.rule_name);
    let found = set.rules.into_iter().find(|rule| rule.name == name);
    let found = found.ok_or_else(|| Error::NoSuch(Thing::Rule, name.to_owned()))?;
    Ok(api::DescribeReceiptRuleResponse { rule: Some(shown(found)) })
}

pub(crate) async fn set_rule_position(
    mut desk: Desk<'_>,
    input: &api::SetReceiptRulePositionRequest,
) -> Result<api::SetReceiptRulePositionResponse, Error> {
    let (set, name) = (text(&input.rule_set_name), text(&input.rule_name));
    receipt::move_rule(&mut desk, set, name, input.after.as_deref()).await?;
    Ok(api::SetReceiptRulePositionResponse {})
}

pub(crate) async fn create_filter(
    mut desk: Desk<'_>,
    input: &api::CreateReceiptFilterRequest,
) -> Result<api::CreateReceiptFilterResponse, Error> {
    let given = input.filter.clone().unwrap_or_default();
    let range = given.ip_filter.unwrap_or_default();
    let filter = Filter {
        name: text(&given.name).to_owned(),
        allows: range.policy.as_deref() == Some("Allow"),
        cidr: range.cidr.unwrap_or_default(),
    };
    receipt::create_filter(&mut desk, filter).await?;
    Ok(api::CreateReceiptFilterResponse {})
}

pub(crate) async fn delete_filter(
    mut desk: Desk<'_>,
    input: &api::DeleteReceiptFilterRequest,
) -> Result<api::DeleteReceiptFilterResponse, Error> {
    desk.shelf.remove::<Filter>(text(&input.filter_name));
    Ok(api::DeleteReceiptFilterResponse {})
}

pub(crate) async fn list_filters(
    desk: Desk<'_>,
    _: &api::ListReceiptFiltersRequest,
) -> Result<api::ListReceiptFiltersResponse, Error> {
    let shown = desk.shelf.all::<Filter>().await?.into_iter().map(|filter| api::ReceiptFilter {
        name: Some(filter.name),
        ip_filter: Some(api::ReceiptIpFilter {
            policy: Some(if filter.allows { "Allow" } else { "Block" }.to_owned()),
            cidr: Some(filter.cidr),
        }),
    });
    Ok(api::ListReceiptFiltersResponse { filters: Some(shown.collect()) })
}
