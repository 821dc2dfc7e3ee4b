"""A table of misuses with AWS's answers.

Each line is (what is wrong, operation, parameters, code, message). The code is the one that clients
have always seen (the query protocol's); `JSON_TYPES` tells the JSON protocol's name for it. Messages
are AWS's own words, from recordings of the real service in public test suites and from users' reports;
a message that ends in `…` is compared up to there. `$queue`, `$fifo`, `$dead` and `$missing` stand
for queue URLs, `$arn` and `$fifo-arn` for ARNs, `$receipt` for a receipt that was good and is used up.
"""

JSON_TYPES = {
    "AWS.SimpleQueueService.BatchEntryIdsNotDistinct": "BatchEntryIdsNotDistinct",
    "AWS.SimpleQueueService.BatchRequestTooLong": "BatchRequestTooLong",
    "AWS.SimpleQueueService.EmptyBatchRequest": "EmptyBatchRequest",
    "AWS.SimpleQueueService.InvalidBatchEntryId": "InvalidBatchEntryId",
    "AWS.SimpleQueueService.NonExistentQueue": "QueueDoesNotExist",
    "AWS.SimpleQueueService.PurgeQueueInProgress": "PurgeQueueInProgress",
    "AWS.SimpleQueueService.TooManyEntriesInBatchRequest": "TooManyEntriesInBatchRequest",
    "AWS.SimpleQueueService.UnsupportedOperation": "UnsupportedOperation",
    "InvalidAttributeName": "InvalidAttributeName",
    "InvalidAttributeValue": "InvalidAttributeValue",
    "InvalidMessageContents": "InvalidMessageContents",
    "InvalidParameterValue": "InvalidParameterValueException",
    "MissingParameter": "MissingRequiredParameterException",
    "OverLimit": "OverLimit",
    "QueueAlreadyExists": "QueueNameExists",
    "ReceiptHandleIsInvalid": "ReceiptHandleIsInvalid",
    "ResourceNotFoundException": "ResourceNotFoundException",
}
STATUSES = {"OverLimit": 403, "ReceiptHandleIsInvalid": 404, "ResourceNotFoundException": 404}

NAME = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
BATCH_ID = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
ALLOW_FORMAT = "Invalid value for the parameter RedriveAllowPolicy. Reason: Amazon SQS can't create the redrive allow policy, as it’s in an unsupported format."
NOT_A_MAP = "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map."
BATCH = "AWS.SimpleQueueService."
INVALID = "InvalidParameterValue"
MISSING = "MissingParameter"
NO_QUEUE = BATCH + "NonExistentQueue"
CHARACTERS = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"


def missing(parameter: str) -> tuple[str, str]:
    return MISSING, f"The request must contain the parameter {parameter}."


def bad(value, parameter: str, reason: str) -> tuple[str, str]:
    return INVALID, f"Value {value} for parameter {parameter} is invalid. Reason: {reason}"


def fifo_id(value: str, parameter: str) -> tuple[str, str]:
    return bad(value, parameter, f"{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.")


def create(what: str, code: str, message: str, name: str = "misuse", **attributes):
    return (f"create: {what}", "CreateQueue", {"QueueName": name, "Attributes": attributes}, code, message)


def set_(what: str, code: str, message: str, queue: str = "$queue", **attributes):
    return (f"set: {what}", "SetQueueAttributes", {"QueueUrl": queue, "Attributes": attributes}, code, message)


def send(what: str, answer: tuple[str, str], queue: str = "$queue", **parameters):
    return (f"send: {what}", "SendMessage", {"QueueUrl": queue, "MessageBody": "x"} | parameters, *answer)


def receive(what: str, answer: tuple[str, str], **parameters):
    return (f"receive: {what}", "ReceiveMessage", {"QueueUrl": "$queue"} | parameters, *answer)


def batch(what: str, operation: str, entries: list, code: str, message: str):
    return (f"batch: {what}", operation, {"QueueUrl": "$queue", "Entries": entries}, BATCH + code if "." not in code else code, message)


def attribute(what: str, message: str, name: str = "a", **value):
    return send(f"attribute {what}", (INVALID, message), MessageAttributes={name: value})


def redrive(what: str, text: str, reason: str):
    return set_(f"redrive {what}", *bad(text, "RedrivePolicy", reason), RedrivePolicy=text)


def value(name: str) -> tuple[str, str]:
    return "InvalidAttributeValue", f"Invalid value for the parameter {name}."


OUT_OF_RANGE = {
    "DelaySeconds": ["-1", "901", "abc", "", " 6", "1.5"],
    "MaximumMessageSize": ["1023", "1048577", "x"],
    "MessageRetentionPeriod": ["59", "1209601"],
    "ReceiveMessageWaitTimeSeconds": ["-1", "21"],
    "VisibilityTimeout": ["-1", "43201", "ten"],
    "KmsDataKeyReusePeriodSeconds": ["59", "86401"],
    "SqsManagedSseEnabled": ["maybe"],
}

NAMES = [
    create("a blank in the name", INVALID, NAME, name="bad name"),
    create("a dot in the name", INVALID, NAME, name="in.fo"),
    create("letters beyond ASCII", INVALID, NAME, name="ééwwà"),
    create("a slash in the name", INVALID, NAME, name="a/b"),
    create("81 characters", INVALID, NAME, name="x" * 81),
    ("create: no name", "CreateQueue", {}, INVALID, "Value for parameter QueueName is invalid. Reason: Must specify a queue name."),
    create("an empty name", INVALID, "Queue name cannot be empty", name=""),
    create("a FIFO name without FifoQueue", INVALID, NAME, name="misuse.fifo"),
    create("FifoQueue without a FIFO name", INVALID, "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length…", FifoQueue="true"),
    create("FifoQueue=false", "InvalidAttributeName", "Unknown Attribute FifoQueue.", FifoQueue="false"),
]

ATTRIBUTES = [
    *[create(f"{name}={text!r}", *value(name), **{name: text}) for name, texts in OUT_OF_RANGE.items() for text in texts],
    *[set_(f"{name}={texts[-1]!r}", *value(name), **{name: texts[-1]}) for name, texts in OUT_OF_RANGE.items()],
    create("an unknown attribute", "InvalidAttributeName", "Unknown Attribute Colour.", Colour="red"),
    set_("an unknown attribute", "InvalidAttributeName", "Unknown Attribute Colour.", Colour="red"),
    set_("a read-only attribute", "InvalidAttributeName", "Unknown Attribute QueueArn.", QueueArn="x"),
    create("deduplication by content on a standard queue", "InvalidAttributeName", "Unknown Attribute ContentBasedDeduplication.", ContentBasedDeduplication="false"),
    create("a scope on a standard queue", "InvalidAttributeName", "You can specify the DeduplicationScope only when FifoQueue is set to true.", DeduplicationScope="queue"),
    create("a limit on a standard queue", "InvalidAttributeName", "You can specify the FifoThroughputLimit only when FifoQueue is set to true.", FifoThroughputLimit="perQueue"),
    set_("a standard queue to FIFO", "InvalidAttributeName", "Unknown Attribute FifoQueue.", FifoQueue="true"),
    set_("a FIFO queue to standard", "InvalidAttributeValue", "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.", queue="$fifo", FifoQueue="false"),
    set_("an unknown scope", *value("DeduplicationScope"), queue="$fifo", DeduplicationScope="everything"),
    set_("an unknown limit", *value("FifoThroughputLimit"), queue="$fifo", FifoThroughputLimit="none"),
    set_("a policy that is no JSON", *value("Policy"), Policy="{not json"),
    ("attributes: an unknown name", "GetQueueAttributes", {"QueueUrl": "$queue", "AttributeNames": ["Colour"]}, "InvalidAttributeName", "Unknown Attribute Colour."),
    create("the same name and another value", "QueueAlreadyExists", "A queue already exists with the same name and a different value for attribute VisibilityTimeout", name="misused", VisibilityTimeout="31"),
]

REDRIVE = [
    set_("redrive no JSON", "InvalidAttributeValue", NOT_A_MAP, RedrivePolicy="not json"),
    set_("redrive a list", "InvalidAttributeValue", NOT_A_MAP, RedrivePolicy="[]"),
    redrive("nothing in it", "{}", "Redrive policy does not contain mandatory attribute: maxReceiveCount."),
    redrive("no target", '{"maxReceiveCount":5}', "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."),
    redrive("no receives", '{"deadLetterTargetArn":"$arn"}', "Redrive policy does not contain mandatory attribute: maxReceiveCount."),
    redrive("zero receives", '{"deadLetterTargetArn":"$arn","maxReceiveCount":0}', "Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive."),
    redrive("too many receives", '{"deadLetterTargetArn":"$arn","maxReceiveCount":1001}', "Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive."),
    redrive("a topic", '{"deadLetterTargetArn":"arn:aws:sns:us-east-1:000000000000:t","maxReceiveCount":5}', "Only SQS queues are valid resources for deadLetterTargetArn."),
    redrive("a queue that is not there", '{"deadLetterTargetArn":"$arn-nowhere","maxReceiveCount":5}', "Dead letter target does not exist."),
    redrive("a FIFO queue for a standard one", '{"deadLetterTargetArn":"$fifo-arn","maxReceiveCount":5}', "Dead-letter queue must be same type of queue as the source…"),
    redrive("something else in it", '{"deadLetterTargetArn":"$arn","maxReceiveCount":5,"dummy":"x"}', "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn]."),
    set_("allow no JSON", "InvalidAttributeValue", ALLOW_FORMAT, RedriveAllowPolicy="badjson"),
    set_("allow nothing in it", "InvalidAttributeValue", ALLOW_FORMAT, RedriveAllowPolicy="{}"),
    set_("allow an unknown permission", "InvalidAttributeValue", ALLOW_FORMAT, RedriveAllowPolicy='{"redrivePermission":"dummy"}'),
    set_(
        "allow by queue without queues",
        *bad('{"redrivePermission":"byQueue"}', "RedriveAllowPolicy", "Amazon SQS can't create the redrive allow policy. When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values."),
        RedriveAllowPolicy='{"redrivePermission":"byQueue"}',
    ),
]

SENDS = [
    send("an empty body", missing("MessageBody"), MessageBody=""),
    ("send: no body", "SendMessage", {"QueueUrl": "$queue"}, *missing("MessageBody")),
    send("a character that XML lacks", ("InvalidMessageContents", CHARACTERS), MessageBody="a\x01b"),
    send("a noncharacter", ("InvalidMessageContents", CHARACTERS), MessageBody="a\uffffb"),
    send("a mebibyte and a byte", (INVALID, "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."), MessageBody="x" * 1_048_577),
    send("a delay beyond 15 minutes", bad(901, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."), DelaySeconds=901),
    send("a negative delay", bad(-1, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."), DelaySeconds=-1),
    send("a deduplication id on a standard queue", bad("1", "MessageDeduplicationId", "The request include parameter that is not valid for this queue type."), MessageDeduplicationId="1"),
    send("a blank in a group id", fifo_id("group 123", "MessageGroupId"), MessageGroupId="group 123"),
    send("a long group id", fifo_id("a" * 129, "MessageGroupId"), MessageGroupId="a" * 129),
    send("no group", missing("MessageGroupId"), queue="$fifo"),
    send("no deduplication id", (INVALID, "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"), queue="$fifo", MessageGroupId="g"),
    send("a blank in a deduplication id", fifo_id("group 123", "MessageDeduplicationId"), queue="$fifo", MessageGroupId="g", MessageDeduplicationId="group 123"),
    send("a long deduplication id", fifo_id("a" * 129, "MessageDeduplicationId"), queue="$fifo", MessageGroupId="g", MessageDeduplicationId="a" * 129),
    send("a delay on a FIFO queue", bad(2, "DelaySeconds", "The request include parameter that is not valid for this queue type."), queue="$fifo", MessageGroupId="g", MessageDeduplicationId="1", DelaySeconds=2),
    attribute("without a value", "Message (user) attribute 'a' must contain a non-empty value of type 'String'.", DataType="String", StringValue=""),
    attribute("of an unknown type", "The type of message (user) attribute 'a' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", DataType="Colour", StringValue="red"),
    attribute("that is no number", "Can't cast the value of message (user) attribute 'a' to a number.", DataType="Number", StringValue="ten"),
    attribute("with a reserved name", "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for internal use. Additionally, they cannot start or end with '.'.", name="AWS.x", DataType="String", StringValue="x"),
    attribute("with a dot at its end", "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for internal use. Additionally, they cannot start or end with '.'.", name="x.", DataType="String", StringValue="x"),
    attribute("with a blank in its name", "Message (user) attributes name can only contain upper and lower score characters, digits, periods, hyphens and underscores. ", name="a b", DataType="String", StringValue="x"),
    attribute("with a long name", "Message (user) attribute names must be shorter than 256 Bytes", name="a" * 257, DataType="String", StringValue="x"),
    send(
        "eleven attributes",
        (INVALID, "Number of message attributes [11] exceeds the allowed maximum [10]."),
        MessageAttributes={f"a{n}": {"DataType": "String", "StringValue": "x"} for n in range(11)},
    ),
]

RECEIVES = [
    receive("none wanted", bad(0, "MaxNumberOfMessages", "Must be between 1 and 10, if provided."), MaxNumberOfMessages=0),
    receive("eleven wanted", bad(11, "MaxNumberOfMessages", "Must be between 1 and 10, if provided."), MaxNumberOfMessages=11),
    receive("a long wait", bad(21, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided."), WaitTimeSeconds=21),
    receive("a negative wait", bad(-1, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided."), WaitTimeSeconds=-1),
    receive("a long timeout", bad(43201, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided."), VisibilityTimeout=43201),
    receive("a negative timeout", bad(-1, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided."), VisibilityTimeout=-1),
    receive("an unknown attribute", ("InvalidAttributeName", "Unknown Attribute Colour."), AttributeNames=["Colour"]),
    receive("an attempt id on a standard queue", bad("1", "ReceiveRequestAttemptId", "The request include parameter that is not valid for this queue type."), ReceiveRequestAttemptId="1"),
    ("delete: no receipt", "DeleteMessage", {"QueueUrl": "$queue"}, *missing("ReceiptHandle")),
    ("delete: a bad receipt", "DeleteMessage", {"QueueUrl": "$queue", "ReceiptHandle": "garbage"}, "ReceiptHandleIsInvalid", 'The input receipt handle "garbage" is not a valid receipt handle.'),
    ("visibility: a bad receipt", "ChangeMessageVisibility", {"QueueUrl": "$queue", "ReceiptHandle": "garbage", "VisibilityTimeout": 1}, "ReceiptHandleIsInvalid", 'The input receipt handle "garbage" is not a valid receipt handle.'),
    ("visibility: no timeout", "ChangeMessageVisibility", {"QueueUrl": "$queue", "ReceiptHandle": "$receipt"}, *missing("VisibilityTimeout")),
    ("visibility: too long", "ChangeMessageVisibility", {"QueueUrl": "$queue", "ReceiptHandle": "$receipt", "VisibilityTimeout": 43201}, *bad(43201, "VisibilityTimeout", "VisibilityTimeout must be an integer between 0 and 43200.")),
    ("visibility: negative", "ChangeMessageVisibility", {"QueueUrl": "$queue", "ReceiptHandle": "$receipt", "VisibilityTimeout": -1}, *bad(-1, "VisibilityTimeout", "VisibilityTimeout must be an integer between 0 and 43200.")),
    (
        "visibility: a receipt that is used up",
        "ChangeMessageVisibility",
        {"QueueUrl": "$queue", "ReceiptHandle": "$receipt", "VisibilityTimeout": 10},
        *bad("$receipt", "ReceiptHandle", "Message does not exist or is not available for visibility timeout change."),
    ),
]

SENT = {"MessageBody": "x"}
HELD = {"ReceiptHandle": "r"}
TIMED = {"ReceiptHandle": "r", "VisibilityTimeout": 1}
BATCHES = [
    line
    for operation, entry in (("SendMessageBatch", SENT), ("DeleteMessageBatch", HELD), ("ChangeMessageVisibilityBatch", TIMED))
    for line in (
        batch(f"{operation} with eleven", operation, [{"Id": str(n), **entry} for n in range(11)], "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11."),
        batch(f"{operation} with one id twice", operation, [{"Id": "a", **entry}, {"Id": "b", **entry}, {"Id": "a", **entry}], "BatchEntryIdsNotDistinct", "Id a repeated."),
        batch(f"{operation} with a colon in an id", operation, [{"Id": "invalid:id", **entry}], "InvalidBatchEntryId", BATCH_ID),
        batch(f"{operation} with an empty id", operation, [{"Id": "", **entry}], "InvalidBatchEntryId", BATCH_ID),
        batch(f"{operation} with a long id", operation, [{"Id": "a" * 81, **entry}], "InvalidBatchEntryId", BATCH_ID),
        batch(f"{operation} with nothing", operation, [], "EmptyBatchRequest", f"There should be at least one {operation}RequestEntry in the request."),
    )
] + [
    (
        f"batch: {operation} with an entry that has no id",
        operation,
        {"QueueUrl": "$queue", "Entries": [{"Id": "a", **entry}, entry]},
        *missing(f"{operation}RequestEntry.2.Id"),
    )
    for operation, entry in (("SendMessageBatch", SENT), ("DeleteMessageBatch", HELD), ("ChangeMessageVisibilityBatch", TIMED))
] + [
    batch("beyond a mebibyte", "SendMessageBatch", [{"Id": "a", "MessageBody": "x" * 1_048_576}, {"Id": "b", "MessageBody": "y"}], "BatchRequestTooLong", "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."),
]

ON_MISSING = [
    (f"no such queue: {operation}", operation, {"QueueUrl": "$missing"} | extra, NO_QUEUE, "The specified queue does not exist.")
    for operation, extra in {
        "AddPermission": {"Label": "l", "AWSAccountIds": ["111122223333"], "Actions": ["SendMessage"]},
        "ChangeMessageVisibility": TIMED,
        "ChangeMessageVisibilityBatch": {"Entries": [{"Id": "a", **TIMED}]},
        "DeleteMessage": HELD,
        "DeleteMessageBatch": {"Entries": [{"Id": "a", **HELD}]},
        "DeleteQueue": {},
        "GetQueueAttributes": {"AttributeNames": ["All"]},
        "ListDeadLetterSourceQueues": {},
        "ListQueueTags": {},
        "PurgeQueue": {},
        "ReceiveMessage": {},
        "RemovePermission": {"Label": "l"},
        "SendMessage": SENT,
        "SendMessageBatch": {"Entries": [{"Id": "a", **SENT}]},
        "SetQueueAttributes": {"Attributes": {"DelaySeconds": "1"}},
        "TagQueue": {"Tags": {"a": "b"}},
        "UntagQueue": {"TagKeys": ["a"]},
    }.items()
] + [
    ("no name: GetQueueUrl", "GetQueueUrl", {}, *missing("QueueName")),
    ("no such queue: GetQueueUrl", "GetQueueUrl", {"QueueName": "not-there"}, NO_QUEUE, "The specified queue does not exist."),
]

OTHERS = [
    ("permission: an unknown action", "AddPermission", {"QueueUrl": "$queue", "Label": "l", "AWSAccountIds": ["111122223333"], "Actions": ["Fly"]}, *bad("SQS:Fly", "ActionName", "Please refer to the appropriate WSDL for a list of valid actions…")),
    ("permission: an owner's action", "AddPermission", {"QueueUrl": "$queue", "Label": "l", "AWSAccountIds": ["111122223333"], "Actions": ["CreateQueue"]}, *bad("SQS:CreateQueue", "ActionName", "Only the queue owner is allowed to invoke this action.")),
    ("permission: eight actions", "AddPermission", {"QueueUrl": "$queue", "Label": "l", "AWSAccountIds": ["111122223333"], "Actions": ["SendMessage"] * 8}, "OverLimit", "8 Actions were found, maximum allowed is 7."),
    ("permission: no label of that name", "RemovePermission", {"QueueUrl": "$queue", "Label": "nothing"}, *bad("nothing", "Label", "can't find label…")),
    ("tags: 51", "TagQueue", {"QueueUrl": "$queue", "Tags": {str(n): "x" for n in range(51)}}, INVALID, "Too many tags added for queue misused."),
    ("tags: an empty key", "TagQueue", {"QueueUrl": "$queue", "Tags": {"": "x"}}, INVALID, "Tag keys must be between 1 and 128 characters in length."),
    ("tags: a long key", "TagQueue", {"QueueUrl": "$queue", "Tags": {"x" * 129: "x"}}, INVALID, "Tag keys must be between 1 and 128 characters in length."),
    ("list: no results wanted", "ListQueues", {"MaxResults": 0}, INVALID, "Value 0 for parameter MaxResults is invalid…"),
    ("list: too many results wanted", "ListQueues", {"MaxResults": 1001}, INVALID, "Value 1001 for parameter MaxResults is invalid…"),
    ("move: not a dead-letter queue", "StartMessageMoveTask", {"SourceArn": "$fifo-arn"}, INVALID, "Source queue must be configured as a Dead Letter Queue."),
    ("move: no ARN", "StartMessageMoveTask", {"SourceArn": "nonsense"}, INVALID, "You must use this format to specify the SourceArn: arn:<partition>:<service>:<region>:<account-id>:<resource-id>"),
    ("move: a queue that is not there", "StartMessageMoveTask", {"SourceArn": "$arn-nowhere"}, "ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist."),
    ("move: a bad handle", "CancelMessageMoveTask", {"TaskHandle": "nonsense"}, INVALID, "Value for parameter TaskHandle is invalid."),
    ("move: no source", "StartMessageMoveTask", {}, *missing("SourceArn")),
]

TABLE = NAMES + ATTRIBUTES + REDRIVE + SENDS + RECEIVES + BATCHES + ON_MISSING + OTHERS
