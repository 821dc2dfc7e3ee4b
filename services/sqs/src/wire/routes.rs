use tidegate_api_sqs::MODEL;
use tidegate_protocol::{Router, route};

use super::COVERAGE;
use super::access::accesses;
use crate::ops;
use crate::service::Sqs;

/// Every operation and the function that performs it.
pub(crate) fn router() -> Router<Sqs> {
    Router::new(
        &MODEL,
        COVERAGE,
        [
            ("AddPermission", route(ops::add_permission)),
            ("CancelMessageMoveTask", route(ops::cancel_message_move_task)),
            ("ChangeMessageVisibility", route(ops::change_message_visibility)),
            ("ChangeMessageVisibilityBatch", route(ops::change_message_visibility_batch)),
            ("CreateQueue", route(ops::create_queue)),
            ("DeleteMessage", route(ops::delete_message)),
            ("DeleteMessageBatch", route(ops::delete_message_batch)),
            ("DeleteQueue", route(ops::delete_queue)),
            ("GetQueueAttributes", route(ops::get_queue_attributes)),
            ("GetQueueUrl", route(ops::get_queue_url)),
            ("ListDeadLetterSourceQueues", route(ops::list_dead_letter_source_queues)),
            ("ListMessageMoveTasks", route(ops::list_message_move_tasks)),
            ("ListQueueTags", route(ops::list_queue_tags)),
            ("ListQueues", route(ops::list_queues)),
            ("PurgeQueue", route(ops::purge_queue)),
            ("ReceiveMessage", route(ops::receive_message)),
            ("RemovePermission", route(ops::remove_permission)),
            ("SendMessage", route(ops::send_message)),
            ("SendMessageBatch", route(ops::send_message_batch)),
            ("SetQueueAttributes", route(ops::set_queue_attributes)),
            ("StartMessageMoveTask", route(ops::start_message_move_task)),
            ("TagQueue", route(ops::tag_queue)),
            ("UntagQueue", route(ops::untag_queue)),
        ],
    )
    .with_accesses(accesses())
}
