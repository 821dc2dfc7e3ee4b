//! Which permissions each operation needs: the action, the queue, and what conditions may be about.
//!
//! IAM knows no actions for batches: a batch needs what its entries do. What only a queue's owner may do
//! cannot be granted to other accounts by the queue's policy, whatever it says ("Basic examples of Amazon
//! SQS policies": cross-account permissions do not apply to these actions).

use tidegate_api_sqs as api;
use tidegate_protocol::{Access, Call, Need, needs};

use super::{open_task_handle, queue_of_arn};
use crate::domain::QueueAddress;
use crate::error::Error;
use crate::service::{Sqs, address};

type Entry = (&'static str, Access<Sqs>);

/// Every operation and what it needs.
pub(crate) fn accesses() -> impl IntoIterator<Item = Entry> {
    messages().into_iter().chain(queues()).chain(owners()).chain(tasks())
}

/// A need on the queue of this URL.
fn on_url(sqs: &Sqs, call: &Call, action: &'static str, url: &Option<String>) -> Result<Need, Error> {
    on_queue(sqs, action, &address(call, url.clone())?)
}

fn on_queue(sqs: &Sqs, action: &'static str, queue: &QueueAddress) -> Result<Need, Error> {
    let need = Need::new(action, queue.arn().to_string());
    Ok(match sqs.directory.get(queue)? {
        Some(found) => {
            need.with_resource_tags(found.record.tags.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        }
        // Whoever may do it learns that there is no such queue.
        None => need,
    })
}

fn messages() -> [Entry; 8] {
    [
        (
            "SendMessage",
            needs(|sqs: &Sqs, call: &Call, input: &api::SendMessageRequest| {
                on_url(sqs, call, "sqs:SendMessage", &input.queue_url)
            }),
        ),
        (
            "SendMessageBatch",
            needs(|sqs: &Sqs, call: &Call, input: &api::SendMessageBatchRequest| {
                on_url(sqs, call, "sqs:SendMessage", &input.queue_url)
            }),
        ),
        (
            "ReceiveMessage",
            needs(|sqs: &Sqs, call: &Call, input: &api::ReceiveMessageRequest| {
                on_url(sqs, call, "sqs:ReceiveMessage", &input.queue_url)
            }),
        ),
        (
            "DeleteMessage",
            needs(|sqs: &Sqs, call: &Call, input: &api::DeleteMessageRequest| {
                on_url(sqs, call, "sqs:DeleteMessage", &input.queue_url)
            }),
        ),
        (
            "DeleteMessageBatch",
            needs(|sqs: &Sqs, call: &Call, input: &api::DeleteMessageBatchRequest| {
                on_url(sqs, call, "sqs:DeleteMessage", &input.queue_url)
            }),
        ),
        (
            "ChangeMessageVisibility",
            needs(|sqs: &Sqs, call: &Call, input: &api::ChangeMessageVisibilityRequest| {
                on_url(sqs, call, "sqs:ChangeMessageVisibility", &input.queue_url)
            }),
        ),
        (
            "ChangeMessageVisibilityBatch",
            needs(|sqs: &Sqs, call: &Call, input: &api::ChangeMessageVisibilityBatchRequest| {
                on_url(sqs, call, "sqs:ChangeMessageVisibility", &input.queue_url)
            }),
        ),
        (
            "PurgeQueue",
            needs(|sqs: &Sqs, call: &Call, input: &api::PurgeQueueRequest| {
                on_url(sqs, call, "sqs:PurgeQueue", &input.queue_url)
            }),
        ),
    ]
}

fn queues() -> [Entry; 5] {
    [
        (
            "CreateQueue",
            needs(|_: &Sqs, call: &Call, input: &api::CreateQueueRequest| -> Result<Vec<Need>, Error> {
                let name = input.queue_name.as_deref().unwrap_or_default();
                let arn = format!("arn:aws:sqs:{}:{}:{name}", call.region, call.account);
                let tags = || input.tags.iter().flatten().map(|(name, value)| (name.as_str(), value.as_str()));
                let need = |action| Need::new(action, arn.clone()).owners_alone().with_request_tags(tags());
                // "To be able to tag a queue on creation, you must have the sqs:CreateQueue and sqs:TagQueue
                // permissions."
                let tagging = tags().next().map(|_| need("sqs:TagQueue"));
                Ok(std::iter::once(need("sqs:CreateQueue")).chain(tagging).collect())
            }),
        ),
        (
            "GetQueueAttributes",
            needs(|sqs: &Sqs, call: &Call, input: &api::GetQueueAttributesRequest| {
                on_url(sqs, call, "sqs:GetQueueAttributes", &input.queue_url)
            }),
        ),
        (
            "GetQueueUrl",
            needs(|_: &Sqs, call: &Call, input: &api::GetQueueUrlRequest| -> Result<Need, Error> {
                let own = call.account.to_string();
                let owner = input.queue_owner_aws_account_id.as_ref().unwrap_or(&own);
                let name = input.queue_name.as_deref().unwrap_or_default();
                Ok(Need::new("sqs:GetQueueUrl", format!("arn:aws:sqs:{}:{owner}:{name}", call.region)))
            }),
        ),
        (
            "ListDeadLetterSourceQueues",
            needs(|sqs: &Sqs, call: &Call, input: &api::ListDeadLetterSourceQueuesRequest| {
                on_url(sqs, call, "sqs:ListDeadLetterSourceQueues", &input.queue_url)
            }),
        ),
        (
            "ListQueues",
            needs(|_: &Sqs, _: &Call, _: &api::ListQueuesRequest| -> Result<Need, Error> {
                Ok(Need::anywhere("sqs:ListQueues"))
            }),
        ),
    ]
}

/// What is a queue's owner's alone.
fn owners() -> [Entry; 7] {
    [
        (
            "AddPermission",
            needs(|sqs: &Sqs, call: &Call, input: &api::AddPermissionRequest| {
                on_url(sqs, call, "sqs:AddPermission", &input.queue_url).map(Need::owners_alone)
            }),
        ),
        (
            "RemovePermission",
            needs(|sqs: &Sqs, call: &Call, input: &api::RemovePermissionRequest| {
                on_url(sqs, call, "sqs:RemovePermission", &input.queue_url).map(Need::owners_alone)
            }),
        ),
        (
            "SetQueueAttributes",
            needs(|sqs: &Sqs, call: &Call, input: &api::SetQueueAttributesRequest| {
                on_url(sqs, call, "sqs:SetQueueAttributes", &input.queue_url).map(Need::owners_alone)
            }),
        ),
        (
            "DeleteQueue",
            needs(|sqs: &Sqs, call: &Call, input: &api::DeleteQueueRequest| {
                on_url(sqs, call, "sqs:DeleteQueue", &input.queue_url).map(Need::owners_alone)
            }),
        ),
        (
            "ListQueueTags",
            needs(|sqs: &Sqs, call: &Call, input: &api::ListQueueTagsRequest| {
                on_url(sqs, call, "sqs:ListQueueTags", &input.queue_url).map(Need::owners_alone)
            }),
        ),
        (
            "TagQueue",
            needs(|sqs: &Sqs, call: &Call, input: &api::TagQueueRequest| {
                let tags = input.tags.iter().flatten().map(|(name, value)| (name.as_str(), value.as_str()));
                let need = on_url(sqs, call, "sqs:TagQueue", &input.queue_url)?;
                Ok::<_, Error>(need.owners_alone().with_request_tags(tags))
            }),
        ),
        (
            "UntagQueue",
            needs(|sqs: &Sqs, call: &Call, input: &api::UntagQueueRequest| {
                let names = input.tag_keys.iter().flatten().map(String::as_str);
                let need = on_url(sqs, call, "sqs:UntagQueue", &input.queue_url)?;
                Ok::<_, Error>(need.owners_alone().with_tag_names(names))
            }),
        ),
    ]
}

fn tasks() -> [Entry; 3] {
    [
        (
            "StartMessageMoveTask",
            needs(|sqs: &Sqs, _: &Call, input: &api::StartMessageMoveTaskRequest| {
                let source = queue_of_arn(input.source_arn.as_deref().unwrap_or_default(), "SourceArn")?;
                // "To start a task, you need these permissions on the dead-letter queue."
                let on_source =
                    ["sqs:StartMessageMoveTask", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
                let on_source =
                    on_source.into_iter().map(|action| on_queue(sqs, action, &source).map(Need::owners_alone));
                let mut all = on_source.collect::<Result<Vec<_>, Error>>()?;
                if let Some(arn) = &input.destination_arn {
                    all.push(on_queue(sqs, "sqs:SendMessage", &queue_of_arn(arn, "DestinationArn")?)?);
                }
                Ok::<_, Error>(all)
            }),
        ),
        (
            "CancelMessageMoveTask",
            needs(|sqs: &Sqs, _: &Call, input: &api::CancelMessageMoveTaskRequest| {
                let (_, source) = open_task_handle(input.task_handle.as_deref().unwrap_or_default())?;
                on_queue(sqs, "sqs:CancelMessageMoveTask", &source).map(Need::owners_alone)
            }),
        ),
        (
            "ListMessageMoveTasks",
            needs(|sqs: &Sqs, _: &Call, input: &api::ListMessageMoveTasksRequest| {
                let source = queue_of_arn(input.source_arn.as_deref().unwrap_or_default(), "SourceArn")?;
                on_queue(sqs, "sqs:ListMessageMoveTasks", &source).map(Need::owners_alone)
            }),
        ),
    ]
}
