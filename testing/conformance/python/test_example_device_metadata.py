"""The sample application `device-metadata`: its function stores what is sent, and logs it; what names no user is a dead
letter. Its SDK is faked here by a package in a layer, since the real one comes over the network."""

import json
from pathlib import Path

from lambdas import zipped
from tidegate import ACCOUNT, REGION

EXAMPLE = Path(__file__).resolve().parents[3] / "examples/device-metadata"
NAME = "device-metadata"
MESSAGE = {"user_id": "user_1", "device": "iPhoneX", "location": "Kolkata"}

# As much of the SDK as the function uses: PutItem of texts, over plain HTTP.
CLIENT = "exports.DynamoDBClient = class {};"
DOCUMENT = """
exports.PutCommand = class { constructor(input) { this.input = input; } };
exports.DynamoDBDocumentClient = { from: () => ({ async send({ input }) {
  const Item = Object.fromEntries(Object.entries(input.Item).map(([name, value]) => [name, { S: value }]));
  const scope = `Credential=${process.env.AWS_ACCESS_KEY_ID}/20260101/${process.env.AWS_REGION}/dynamodb/aws4_request`;
  const answer = await fetch(process.env.AWS_ENDPOINT_URL, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.PutItem',
      authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify({ ...input, Item }),
  });
  if (!answer.ok) throw new Error(await answer.text());
} }) };
"""


def test_messages_become_items_and_lines_of_the_log(server, sqs):
    dynamodb, functions, logs = (server.client(name) for name in ("dynamodb", "lambda", "logs"))
    dynamodb.create_table(
        TableName=NAME,
        KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dead = sqs.create_queue(QueueName=f"{NAME}-dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}-dead", "maxReceiveCount": 3}
    queue = sqs.create_queue(QueueName=NAME, Attributes={"RedrivePolicy": json.dumps(redrive)})["QueueUrl"]
    modules = "nodejs/node_modules/@aws-sdk"
    files = {f"{modules}/client-dynamodb/index.js": CLIENT, f"{modules}/lib-dynamodb/index.js": DOCUMENT}
    layer = functions.publish_layer_version(LayerName="sdk", Content={"ZipFile": zipped(**files)})
    functions.create_function(
        FunctionName=NAME,
        Runtime="nodejs22.x",
        Handler="index.handler",
        Role=f"arn:aws:iam::{ACCOUNT}:role/{NAME}",
        Code={"ZipFile": zipped(**{"index.mjs": (EXAMPLE / "function/index.mjs").read_text()})},
        Environment={"Variables": {"TABLE": NAME}},
        Layers=[layer["LayerVersionArn"]],
    )
    functions.create_event_source_mapping(
        FunctionName=NAME,
        EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}",
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(MESSAGE))
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"device": "nobody's"}))
    for _ in range(4):
        server.settle()
        server.advance("PT30S")
    server.settle()
    item = dynamodb.get_item(TableName=NAME, Key={"user_id": {"S": "user_1"}})["Item"]
    assert {name: item[name]["S"] for name in MESSAGE} == MESSAGE
    found = logs.filter_log_events(logGroupName=f"/aws/lambda/{NAME}", filterPattern="stored")["events"]
    assert any('"location":"Kolkata"' in event["message"] for event in found)
    (letter,) = sqs.receive_message(QueueUrl=dead)["Messages"]
    assert json.loads(letter["Body"]) == {"device": "nobody's"}
