//! AWS's codes and words for everything that can go wrong. No other file knows them.
//!
//! Where the words come from: recordings of the real SQS in public test suites; where there was none,
//! the service's documentation.

use tidegate_api_sqs::errors;
use tidegate_protocol::errors::{INVALID_PARAMETER_VALUE, MISSING_PARAMETER, UNKNOWN_OPERATION};
use tidegate_protocol::{ErrorShape, ProtocolId, ServiceError};
use tidegate_store::{CommitError, StoreError};
use tidegate_types::ErrorKind;

use crate::domain::{
    Attribute, AttributeError, BatchError, IdError, MessageError, NameError, PermissionError, SettingError, TagError,
    VisibilityError,
};
use crate::error::{
    AttributeTextError, BatchFailure, Error, MoveTaskError, RangeError, RedriveAllowTextError, RedriveTextError,
    TagFailure,
};

impl From<Error> for ServiceError {
    fn from(error: Error) -> ServiceError {
        match error {
            Error::NoSuchQueue { protocol } => {
                new(errors::QUEUE_DOES_NOT_EXIST, no_such_queue(protocol)).with_kind(ErrorKind::NotFound)
            }
            Error::NameTaken(attribute) => {
                let name = attribute.name();
                let text = "A queue already exists with the same name and a different value for attribute";
                new(errors::QUEUE_NAME_EXISTS, format!("{text} {name}")).with_kind(ErrorKind::Conflict)
            }
            Error::DeletedRecently => {
                let text = "You must wait 60 seconds after deleting a queue before you can create another with the \
                            same name.";
                new(errors::QUEUE_DELETED_RECENTLY, text)
            }
            Error::PurgeInProgress { name } => {
                let text = format!("Only one PurgeQueue operation on {name} is allowed every 60 seconds.");
                new(errors::PURGE_QUEUE_IN_PROGRESS, text).with_kind(ErrorKind::Throttled)
            }
            // A receive that meets this goes on without the dead-letter queue.
            Error::NoDeadLetterQueue => ServiceError::internal(error.to_string()),
            Error::TooManyInFlight => {
                let text = "The maximum number of in flight messages is reached.";
                new(errors::OVER_LIMIT, text).with_kind(ErrorKind::Throttled)
            }
            Error::Name(error) => new(INVALID_PARAMETER_VALUE, name(error)),
            Error::Setting(error) => setting(&error),
            Error::AttributeText(error) => attribute_text(error),
            Error::Message(error) => message(error),
            Error::Id(error) => new(INVALID_PARAMETER_VALUE, id(&error)),
            Error::Batch(failure) => batch(failure),
            Error::Receipt(error) => {
                let text = format!("The input receipt handle \"{}\" is not a valid receipt handle.", error.0);
                new(errors::RECEIPT_HANDLE_IS_INVALID, text)
            }
            Error::Visibility { handle, reason } => visibility(&handle, reason),
            Error::Range(error) => new(INVALID_PARAMETER_VALUE, range(error)),
            Error::Permission(error) => permission(error),
            Error::Tag(failure) => tag(failure),
            Error::MoveTask(error) => move_task(&error),
            Error::Missing(parameter) => missing(parameter),
            Error::MissingInEntry { entry, number, parameter } => missing(&format!("{entry}.{number}.{parameter}")),
            // A missing parameter by its words, an invalid value by its code: AWS does it so in batches.
            Error::GroupMissingInBatch => invalid("The request must contain the parameter MessageGroupId."),
            Error::NotForThisQueue { parameter, value } => not_for_this_queue(parameter, &value),
            Error::NotOfAQueue(action) => {
                new(UNKNOWN_OPERATION, format!("The action {action} is not valid for this endpoint."))
            }
            Error::MalformedToken => new(INVALID_PARAMETER_VALUE, "Invalid or expired next token."),
            Error::Store(error) => store(&error),
            Error::Commit(error) => commit(&error),
        }
    }
}

fn new(shape: ErrorShape, message: impl Into<String>) -> ServiceError {
    ServiceError::new(shape, message)
}

fn invalid(message: impl Into<String>) -> ServiceError {
    new(INVALID_PARAMETER_VALUE, message)
}

fn missing(parameter: &str) -> ServiceError {
    new(MISSING_PARAMETER, format!("The request must contain the parameter {parameter}."))
}

fn not_for_this_queue(parameter: &str, value: &str) -> ServiceError {
    let reason = "The request include parameter that is not valid for this queue type.";
    invalid(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
}

/// Old clients speak query, and some of them look for these very words.
fn no_such_queue(protocol: ProtocolId) -> &'static str {
    match protocol {
        ProtocolId::AwsQuery | ProtocolId::Ec2Query => "The specified queue does not exist for this wsdl version.",
        ProtocolId::AwsJson1_0
        | ProtocolId::AwsJson1_1
        | ProtocolId::RestJson1
        | ProtocolId::RestXml
        | ProtocolId::RpcV2Cbor => "The specified queue does not exist.",
    }
}

fn name(error: NameError) -> &'static str {
    match error {
        NameError::Missing => "Value for parameter QueueName is invalid. Reason: Must specify a queue name.",
        NameError::Empty => "Queue name cannot be empty",
        NameError::Malformed => "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        NameError::NotFifo => {
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end \
             with .fifo suffix and be 1 to 80 in length."
        }
    }
}

fn unknown_attribute(name: &str) -> ServiceError {
    new(errors::INVALID_ATTRIBUTE_NAME, format!("Unknown Attribute {name}."))
}

fn invalid_attribute(attribute: Attribute) -> ServiceError {
    let text = format!("Invalid value for the parameter {}.", attribute.name());
    new(errors::INVALID_ATTRIBUTE_VALUE, text)
}

fn setting(error: &SettingError) -> ServiceError {
    match error {
        SettingError::OutOfRange(attribute) => invalid_attribute(*attribute),
        SettingError::NotForThisQueue(attribute) => unknown_attribute(attribute.name()),
        SettingError::FifoOnly(attribute) => {
            let text = format!("You can specify the {} only when FifoQueue is set to true.", attribute.name());
            new(errors::INVALID_ATTRIBUTE_NAME, text)
        }
        SettingError::TypeIsFixed => {
            let text = "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.";
            new(errors::INVALID_ATTRIBUTE_VALUE, text)
        }
        SettingError::TwoEncryptions => {
            let text = "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS \
                        SSE or SQS SSE.";
            new(errors::INVALID_ATTRIBUTE_NAME, text)
        }
        SettingError::LimitNeedsScope => {
            let text = "Invalid value for the parameter FifoThroughputLimit. Reason: The perMessageGroupId value is \
                        allowed only when the value for DeduplicationScope is messageGroup.";
            new(errors::INVALID_ATTRIBUTE_VALUE, text)
        }
    }
}

fn attribute_text(error: AttributeTextError) -> ServiceError {
    match error {
        AttributeTextError::UnknownName(name) => unknown_attribute(&name),
        AttributeTextError::Malformed(attribute) => invalid_attribute(attribute),
        AttributeTextError::RedriveNotAnObject => {
            let text = "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.";
            new(errors::INVALID_ATTRIBUTE_VALUE, text)
        }
        AttributeTextError::Redrive { text, reason } => {
            invalid(format!("Value {text} for parameter RedrivePolicy is invalid. Reason: {}", redrive(&reason)))
        }
        AttributeTextError::RedriveAllowFormat => {
            let text = "Invalid value for the parameter RedriveAllowPolicy. Reason: Amazon SQS can't create the \
                        redrive allow policy, as it’s in an unsupported format.";
            new(errors::INVALID_ATTRIBUTE_VALUE, text)
        }
        AttributeTextError::RedriveAllow { text, reason } => {
            let reason = redrive_allow(reason);
            let text =
                format!("Value {text} for parameter RedriveAllowPolicy is invalid. Reason: Amazon SQS can't create");
            invalid(format!("{text} the redrive allow policy. {reason}"))
        }
        AttributeTextError::TooManyStatements(count) => {
            let text = format!("{count} statements were found in the submitted policy, max allowed is 20");
            new(errors::OVER_LIMIT, text)
        }
    }
}

fn redrive(reason: &RedriveTextError) -> String {
    let text = match reason {
        RedriveTextError::Missing(field) => {
            return format!("Redrive policy does not contain mandatory attribute: {field}.");
        }
        RedriveTextError::MaxReceiveCount(count) => {
            let range = "valid values are from 1 to 1000 both inclusive.";
            return format!("Invalid value for maxReceiveCount: {count}, {range}");
        }
        RedriveTextError::OtherAttributes => {
            "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn]."
        }
        RedriveTextError::NotAnArn => "Dead-letter target ARN should be fully qualified ARN.",
        RedriveTextError::NotAQueue => "Only SQS queues are valid resources for deadLetterTargetArn.",
        RedriveTextError::OtherType => "Dead-letter queue must be same type of queue as the source.",
        RedriveTextError::OtherOwner => "Dead-letter target owner should be same as the source.",
        RedriveTextError::NoSuchTarget => "Dead letter target does not exist.",
        RedriveTextError::NotAllowed => "Dead-letter queue's redrive allow policy does not allow this source queue.",
    };
    text.to_owned()
}

fn redrive_allow(reason: RedriveAllowTextError) -> &'static str {
    match reason {
        RedriveAllowTextError::SourcesWithoutByQueue => {
            "To specify one or more source queue ARNs, you must set redrivePermission to byQueue."
        }
        RedriveAllowTextError::ByQueueWithoutSources => {
            "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values."
        }
        RedriveAllowTextError::TooManySources => "The maximum number of source queue ARNs you can specify is 10.",
    }
}

fn message(error: MessageError) -> ServiceError {
    match error {
        MessageError::NoBody => missing("MessageBody"),
        MessageError::BodyCharacters => new(errors::INVALID_MESSAGE_CONTENTS, CHARACTERS),
        MessageError::TooLarge { limit } => {
            let reason = format!("Reason: Message must be shorter than {limit} bytes.");
            invalid(format!("One or more parameters are invalid. {reason}"))
        }
        MessageError::DelayOutOfRange(seconds) => {
            let reason = "Reason: DelaySeconds must be >= 0 and <= 900.";
            invalid(format!("Value {seconds} for parameter DelaySeconds is invalid. {reason}"))
        }
        MessageError::NotForThisQueue { parameter, value } => not_for_this_queue(parameter, &value),
        MessageError::NoGroup => missing("MessageGroupId"),
        MessageError::NoDeduplicationId => invalid(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
             explicitly",
        ),
        MessageError::Id(error) => invalid(id(&error)),
        MessageError::Attribute(AttributeError::ListValue) => {
            let text = "Message attribute list values in SendMessage operation are not supported.";
            new(errors::UNSUPPORTED_OPERATION, text)
        }
        MessageError::Attribute(error) => invalid(message_attribute(&error)),
        MessageError::UnknownSystemAttribute { name } => {
            invalid(format!("Message system attribute name '{name}' is invalid."))
        }
        MessageError::MalformedSystemAttribute { name } => {
            invalid(format!("Message system attribute '{name}' must contain a non-empty value of type 'String'."))
        }
    }
}

const CHARACTERS: &str = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | \
                          #xE000 to #xFFFD | #x10000 to #x10FFFF";

fn message_attribute(error: &AttributeError) -> String {
    match error {
        AttributeError::TooMany(count) => {
            format!("Number of message attributes [{count}] exceeds the allowed maximum [10].")
        }
        AttributeError::NoName => "The request must contain non-empty message (user) attribute names.".to_owned(),
        AttributeError::NameTooLong => "Message (user) attribute names must be shorter than 256 Bytes".to_owned(),
        AttributeError::NameCharacters => "Message (user) attributes name can only contain upper and lower score \
                                           characters, digits, periods, hyphens and underscores. "
            .to_owned(),
        AttributeError::NameReserved => "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. \
                                         These strings are reserved for internal use. Additionally, they cannot start \
                                         or end with '.'."
            .to_owned(),
        AttributeError::NoType { name } => {
            format!("The message (user) attribute '{name}' must contain a non-empty message attribute type.")
        }
        AttributeError::TypeTooLong => "Message (user) attribute types must be shorter than 256 Bytes".to_owned(),
        AttributeError::UnknownType { name } => format!(
            "The type of message (user) attribute '{name}' is invalid. You must use only the following supported \
             type prefixes: Binary, Number, String."
        ),
        AttributeError::NoValue { name } => {
            format!("The message (user) attribute '{name}' must contain a non-empty message attribute value.")
        }
        AttributeError::EmptyValue { name, data_type } => {
            format!("Message (user) attribute '{name}' must contain a non-empty value of type '{data_type}'.")
        }
        AttributeError::WrongField { name, data_type } => {
            let field = if data_type.starts_with("Binary") { "Binary" } else { "String" };
            format!("The message (user) attribute '{name}' with type '{data_type}' must use field '{field}'.")
        }
        AttributeError::NotANumber { name } => {
            format!("Can't cast the value of message (user) attribute '{name}' to a number.")
        }
        AttributeError::ValueCharacters => CHARACTERS.to_owned(),
        AttributeError::ListValue => "Message attribute list values are not supported.".to_owned(),
    }
}

fn id(IdError { parameter, value }: &IdError) -> String {
    let reason = format!("{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}")
}

fn batch(BatchFailure { entry, error }: BatchFailure) -> ServiceError {
    match error {
        BatchError::Empty => {
            new(errors::EMPTY_BATCH_REQUEST, format!("There should be at least one {entry} in the request."))
        }
        BatchError::TooMany(count) => {
            let text = format!("Maximum number of entries per request are 10. You have sent {count}.");
            new(errors::TOO_MANY_ENTRIES_IN_BATCH_REQUEST, text)
        }
        BatchError::MalformedId => {
            let text = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be \
                        at most 80 letters long.";
            new(errors::INVALID_BATCH_ENTRY_ID, text)
        }
        BatchError::RepeatedId(id) => new(errors::BATCH_ENTRY_IDS_NOT_DISTINCT, format!("Id {id} repeated.")),
        BatchError::TooLarge { bytes } => {
            let text = format!("Batch requests cannot be longer than 1048576 bytes. You have sent {bytes} bytes.");
            new(errors::BATCH_REQUEST_TOO_LONG, text)
        }
    }
}

fn visibility(handle: &str, reason: VisibilityError) -> ServiceError {
    let timeout = |seconds: &dyn std::fmt::Display, reason: &str| {
        invalid(format!("Value {seconds} for parameter VisibilityTimeout is invalid. Reason: {reason}"))
    };
    let receipt =
        |reason: &str| invalid(format!("Value {handle} for parameter ReceiptHandle is invalid. Reason: {reason}"));
    match reason {
        VisibilityError::OutOfRange(seconds) => {
            timeout(&seconds, "VisibilityTimeout must be an integer between 0 and 43200.")
        }
        VisibilityError::BeyondLimit(seconds) => {
            timeout(&seconds, "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
        }
        VisibilityError::Gone => receipt("Message does not exist or is not available for visibility timeout change."),
        VisibilityError::NotInFlight => new(errors::MESSAGE_NOT_INFLIGHT, "The message referred to is not in flight."),
        VisibilityError::Expired => receipt("The receipt handle has expired."),
    }
}

fn range(error: RangeError) -> String {
    let (value, parameter, reason) = match error {
        RangeError::MaxNumberOfMessages(value) => {
            (value, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
        }
        RangeError::WaitTimeSeconds(value) => (value, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided."),
        RangeError::ReceiveVisibilityTimeout(value) => {
            (value, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided.")
        }
        RangeError::MaxResults(value) => (value, "MaxResults", "MaxResults is out of its range."),
        RangeError::MaxNumberOfMessagesPerSecond(_) => {
            return "Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a number \
                    that's between 1 and 500."
                .to_owned();
        }
    };
    format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}")
}

fn permission(error: PermissionError) -> ServiceError {
    let action = |action: &str, reason| {
        invalid(format!("Value SQS:{action} for parameter ActionName is invalid. Reason: {reason}"))
    };
    let label =
        |label: &str, reason: &str| invalid(format!("Value {label} for parameter Label is invalid. Reason: {reason}"));
    match error {
        PermissionError::NoActions => missing("Actions"),
        PermissionError::TooManyActions(count) => {
            new(errors::OVER_LIMIT, format!("{count} Actions were found, maximum allowed is 7."))
        }
        PermissionError::OwnersOnly(name) => action(&name, "Only the queue owner is allowed to invoke this action."),
        PermissionError::UnknownAction(name) => {
            action(&name, "Please refer to the appropriate WSDL for a list of valid actions. ")
        }
        PermissionError::NoPrincipals => {
            invalid("Value [] for parameter PrincipalId is invalid. Reason: Unable to verify.")
        }
        PermissionError::UnknownPrincipal(account) => {
            invalid(format!("Value [{account}] for parameter PrincipalId is invalid. Reason: Unable to verify."))
        }
        PermissionError::MalformedLabel(text) => {
            label(&text, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.")
        }
        PermissionError::LabelTaken(text) => label(&text, "Already exists."),
        PermissionError::NoSuchLabel(text) => label(&text, "can't find label."),
        PermissionError::TooManyStatements(count) => {
            new(errors::OVER_LIMIT, format!("{count} Statements were found, maximum allowed is 20."))
        }
    }
}

fn tag(TagFailure { queue, error }: TagFailure) -> ServiceError {
    match error {
        TagError::NoTags => missing("Tags"),
        TagError::KeyLength => invalid("Tag keys must be between 1 and 128 characters in length."),
        TagError::ValueLength => invalid("Tag values must be between 0 and 256 characters in length."),
        TagError::Characters => invalid(
            "Tag keys and values can only include alphanumeric characters, white space, and the characters _.:/=+-@.",
        ),
        TagError::ReservedKey => invalid("Tag keys cannot begin with 'aws:', which is reserved for system use."),
        TagError::TooMany => invalid(format!("Too many tags added for queue {queue}.")),
    }
}

fn move_task(error: &MoveTaskError) -> ServiceError {
    match error {
        MoveTaskError::MalformedArn { parameter } => {
            let format = "arn:<partition>:<service>:<region>:<account-id>:<resource-id>";
            invalid(format!("You must use this format to specify the {parameter}: {format}"))
        }
        MoveTaskError::NoSuchQueue { parameter } => {
            let text = format!("The resource that you specified for the {parameter} parameter doesn't exist.");
            new(errors::RESOURCE_NOT_FOUND_EXCEPTION, text)
        }
        MoveTaskError::NotADeadLetterQueue => invalid("Source queue must be configured as a Dead Letter Queue."),
        MoveTaskError::SameQueue => invalid("Source queue arn and destination queue arn cannot be the same."),
        MoveTaskError::OtherType => invalid("The source queue and destination queue must be of the same queue type."),
        MoveTaskError::AlreadyRunning => invalid(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        ),
        MoveTaskError::MalformedHandle => invalid("Value for parameter TaskHandle is invalid."),
        MoveTaskError::NoSuchTask => new(errors::RESOURCE_NOT_FOUND_EXCEPTION, "Task does not exist."),
        MoveTaskError::NotRunning => {
            new(errors::UNSUPPORTED_OPERATION, "Only a message movement task that is running can be cancelled.")
        }
    }
}

fn commit(error: &CommitError) -> ServiceError {
    match error {
        CommitError::Store(error) => store(error),
        CommitError::Conflict { .. } => ServiceError::unavailable(error.to_string()),
        CommitError::TooLarge { .. } => ServiceError::internal(error.to_string()),
    }
}

fn store(error: &StoreError) -> ServiceError {
    match error {
        StoreError::Unavailable { .. } | StoreError::Engine(_) => ServiceError::unavailable(error.to_string()),
        StoreError::Corrupt { .. } => ServiceError::internal(error.to_string()).with_kind(ErrorKind::Corrupt),
    }
}
