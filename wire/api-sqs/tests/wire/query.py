"""Writes query.json: requests as the last botocore that spoke query to SQS serialises them.

Run it with that botocore's wheel, which `cargo xtask codegen` fetches:
`PYTHONPATH=../../../../target/codegen/1.31.80/botocore-1.31.80-py3-none-any.whl python3 query.py > query.json`
(it must be unpacked first if Python cannot read data files out of a wheel).
"""

import base64
import json
import sys
import urllib.parse

import botocore.loaders
import botocore.model
import botocore.serialize

model = botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model("sqs", "service-2"), "sqs")
assert model.metadata["protocol"] == "query", botocore.__file__
serializer = botocore.serialize.create_serializer("query", include_validation=True)

URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/q"
ATTRIBUTES = {
    "text": {"DataType": "String", "StringValue": "ä & = + %"},
    "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    "number": {"DataType": "Number.int", "StringValue": "1"},
}
CASES = [
    ("CreateQueue", {"QueueName": "q.fifo", "Attributes": {"FifoQueue": "true", "DelaySeconds": "5"}, "tags": {"a": "b c"}}),
    ("ListQueues", {}),
    ("ListQueues", {"QueueNamePrefix": "q", "MaxResults": 7}),
    ("GetQueueAttributes", {"QueueUrl": URL, "AttributeNames": ["All"]}),
    ("SetQueueAttributes", {"QueueUrl": URL, "Attributes": {"Policy": '{"a": ["b"]}'}}),
    ("SendMessage", {"QueueUrl": URL, "MessageBody": "a\nb\tc <&> ünï \U0001f600", "DelaySeconds": 0}),
    ("SendMessage", {"QueueUrl": URL, "MessageBody": "x", "MessageAttributes": ATTRIBUTES,
                     "MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}},
                     "MessageDeduplicationId": "d", "MessageGroupId": "g"}),
    ("SendMessageBatch", {"QueueUrl": URL, "Entries": [
        {"Id": str(n), "MessageBody": f"body {n}", "MessageAttributes": ATTRIBUTES} for n in range(12)]}),
    ("ReceiveMessage", {"QueueUrl": URL, "AttributeNames": ["SentTimestamp", "All"], "MessageAttributeNames": ["a.*"],
                        "MaxNumberOfMessages": 10, "WaitTimeSeconds": 20, "VisibilityTimeout": 0}),
    ("DeleteMessageBatch", {"QueueUrl": URL, "Entries": [{"Id": "1", "ReceiptHandle": "r+/="}]}),
    ("ChangeMessageVisibilityBatch", {"QueueUrl": URL, "Entries": [
        {"Id": "1", "ReceiptHandle": "r", "VisibilityTimeout": 5}]}),
    ("AddPermission", {"QueueUrl": URL, "Label": "l", "AWSAccountIds": ["1", "2"], "Actions": ["*"]}),
    ("TagQueue", {"QueueUrl": URL, "Tags": {"k": "v", "": ""}}),
    ("UntagQueue", {"QueueUrl": URL, "TagKeys": ["a", "b"]}),
    ("StartMessageMoveTask", {"SourceArn": "arn:aws:sqs:r:1:q", "MaxNumberOfMessagesPerSecond": 5}),
]


def as_json(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    return [as_json(inner) for inner in value] if isinstance(value, list) else value


out = []
for operation, parameters in CASES:
    request = serializer.serialize_to_request(parameters, model.operation_model(operation))
    body = urllib.parse.urlencode(request["body"])
    out.append({"operation": operation, "parameters": as_json(parameters), "body": body})
json.dump(out, sys.stdout, indent=1)
print()
