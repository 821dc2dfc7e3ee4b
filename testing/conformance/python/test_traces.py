"""One trace through every hop: a message, the function that stores it, the table's stream and the function behind it."""


from lambdas import fresh, python, until

SERVER_ARGUMENTS: list[str] = []

ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"
SENT = f"{ROOT};Parent=53995c3f42cd8ad8;Sampled=1"

# Puts an item for each record, as SDKs do it: with the trace of the invocation in a header.
HANDLER = """
import json, os, urllib.request

def put(item):
    trace = os.environ["_X_AMZN_TRACE_ID"]
    item["trace"] = {"S": trace}
    scope = f"Credential={os.environ['AWS_ACCESS_KEY_ID']}/20260101/{os.environ['AWS_REGION']}/dynamodb/aws4_request"
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "DynamoDB_20120810.PutItem",
        "x-amzn-trace-id": trace,
        "authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
    }
    body = json.dumps({"TableName": os.environ["TABLE"], "Item": item}).encode()
    urllib.request.urlopen(urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], body, headers)).read()

def handler(event, context):
    for record in event["Records"]:
        told = record.get("attributes", {}).get("AWSTraceHeader", "")
        name = record["body"] if "body" in record else record["dynamodb"]["Keys"]["id"]["S"]
        put({"id": {"S": name}, "told": {"S": told}})
"""


def table(dynamodb, **more) -> dict:
    name = fresh("traced")
    made = dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )
    return made["TableDescription"]


def function(lambda_, target: str) -> str:
    name = fresh("traced")
    lambda_.create_function(FunctionName=name, Environment={"Variables": {"TABLE": target}}, **python(HANDLER))
    return name


def test_a_trace_goes_through_queue_function_table_stream_and_function(server):
    sqs, dynamodb, lambda_ = (server.client(name) for name in ("sqs", "dynamodb", "lambda"))
    queue = sqs.create_queue(QueueName=fresh("traced"))["QueueUrl"]
    source = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    view = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    first, second = table(dynamodb, StreamSpecification=view), table(dynamodb)
    store, follow = function(lambda_, first["TableName"]), function(lambda_, second["TableName"])
    lambda_.create_event_source_mapping(FunctionName=store, EventSourceArn=source)
    lambda_.create_event_source_mapping(
        FunctionName=follow, EventSourceArn=first["LatestStreamArn"], StartingPosition="TRIM_HORIZON"
    )
    header = {"AWSTraceHeader": {"DataType": "String", "StringValue": SENT}}
    sqs.send_message(QueueUrl=queue, MessageBody="one", MessageSystemAttributes=header)

    def item(of: dict) -> dict | None:
        return dynamodb.get_item(TableName=of["TableName"], Key={"id": {"S": "one"}}).get("Item")

    stored, followed = until(lambda: item(first)), until(lambda: item(second))
    assert stored["told"] == {"S": SENT}
    one, two = stored["trace"]["S"], followed["trace"]["S"]
    assert one.startswith(f"{SENT};Lineage=") and two.startswith(f"{SENT};Lineage="), (one, two)
    # A table ends a lineage, as on AWS, whose functions may go through tables in circles.
    assert one.count(":1") == two.count(":1") == 1 and one != two
