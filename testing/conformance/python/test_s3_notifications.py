"""Who hears of an object: queues and functions, by event, prefix and suffix; what they are told."""

import json
import urllib.parse

import pytest

from lambdas import ROLE, zipped
from s3 import PART, bytes_of, etag, refused, upload_parts
from tidegate import ACCOUNT, REGION

HEARS = "exports.handler = async (event) => { console.log('heard', JSON.stringify(event)); };"


def queue_arn(url: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rsplit('/', 1)[1]}"


def allow(sqs, url: str) -> str:
    """Lets S3 send into the queue."""
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue_arn(url)}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})})
    return queue_arn(url)


@pytest.fixture
def heard(sqs, queue):
    """What the queue has been told since it was last asked."""
    allow(sqs, queue)

    def heard():
        found = []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    heard.arn = queue_arn(queue)
    return heard


def notify(s3, bucket, heard, *events, rules=(), id="mine"):
    entry = {"Id": id, "QueueArn": heard.arn, "Events": list(events)}
    if rules:
        entry["Filter"] = {"Key": {"FilterRules": [{"Name": name, "Value": value} for name, value in rules]}}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [entry]})
    return entry


def test_a_configuration_is_told_and_tested(s3, bucket, heard):
    entry = notify(s3, bucket, heard, "s3:ObjectCreated:*", rules=[("prefix", "in/"), ("suffix", ".csv")])
    (told,) = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    rules = {rule["Name"].lower(): rule["Value"] for rule in told["Filter"]["Key"]["FilterRules"]}
    assert (told["Id"], told["QueueArn"], told["Events"], rules) == ("mine", entry["QueueArn"], entry["Events"], {"prefix": "in/", "suffix": ".csv"})
    (test,) = heard()
    assert (test["Service"], test["Event"], test["Bucket"]) == ("Amazon S3", "s3:TestEvent", bucket)
    assert test["Time"] and test["RequestId"] and test["HostId"]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert set(s3.get_bucket_notification_configuration(Bucket=bucket)) == {"ResponseMetadata"}


def test_what_an_event_says(s3, bucket, heard):
    notify(s3, bucket, heard, "s3:ObjectCreated:*")
    heard()
    s3.put_object(Bucket=bucket, Key="a b/ü+%.csv", Body=b"hello")
    (event,) = heard()
    (record,) = event["Records"]
    assert (record["eventVersion"], record["eventSource"], record["awsRegion"], record["eventName"]) == ("2.1", "aws:s3", REGION, "ObjectCreated:Put")
    assert record["eventTime"].endswith("Z") and record["userIdentity"]["principalId"]
    assert record["requestParameters"]["sourceIPAddress"] == "127.0.0.1"
    assert set(record["responseElements"]) == {"x-amz-request-id", "x-amz-id-2"}
    told = record["s3"]
    assert (told["s3SchemaVersion"], told["configurationId"]) == ("1.0", "mine")
    assert (told["bucket"]["name"], told["bucket"]["arn"]) == (bucket, f"arn:aws:s3:::{bucket}")
    assert told["bucket"]["ownerIdentity"]["principalId"]
    assert told["object"]["key"] == "a+b/%C3%BC%2B%25.csv"
    assert urllib.parse.unquote_plus(told["object"]["key"]) == "a b/ü+%.csv"
    assert (told["object"]["size"], told["object"]["eTag"]) == (5, etag(b"hello").strip('"'))
    assert "versionId" not in told["object"]
    assert int(told["object"]["sequencer"], 16) > 0


def test_each_change_has_its_name(s3, bucket, heard):
    notify(s3, bucket, heard, "s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*")
    heard()
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/a")
    upload_parts(s3, bucket, "c", [bytes_of(PART), b"last"])
    s3.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    s3.delete_object_tagging(Bucket=bucket, Key="a")
    s3.delete_object(Bucket=bucket, Key="a")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}, {"Key": "c"}]})
    found = [(record["eventName"], record["s3"]["object"]["key"]) for event in heard() for record in event["Records"]]
    assert sorted(found) == sorted([
        ("ObjectCreated:Put", "a"), ("ObjectCreated:Copy", "b"), ("ObjectCreated:CompleteMultipartUpload", "c"),
        ("ObjectTagging:Put", "a"), ("ObjectTagging:Delete", "a"),
        ("ObjectRemoved:Delete", "a"), ("ObjectRemoved:Delete", "b"), ("ObjectRemoved:Delete", "c"),
    ])


def test_versions_and_their_order(s3, bucket, heard):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    notify(s3, bucket, heard, "s3:ObjectCreated:*", "s3:ObjectRemoved:*")
    heard()
    made = [s3.put_object(Bucket=bucket, Key="a", Body=b"x")["VersionId"] for _ in range(3)]
    made.append(s3.delete_object(Bucket=bucket, Key="a")["VersionId"])
    records = sorted((event["Records"][0] for event in heard()), key=lambda record: record["s3"]["object"]["sequencer"])
    assert [record["s3"]["object"]["versionId"] for record in records] == made
    assert records[-1]["eventName"] == "ObjectRemoved:DeleteMarkerCreated"
    assert "size" not in records[-1]["s3"]["object"]


def test_only_what_was_asked_for(s3, bucket, heard):
    notify(s3, bucket, heard, "s3:ObjectCreated:Put", rules=[("prefix", "in put/"), ("suffix", ".csv")])
    heard()
    for key in ("in put/a.csv", "in put/b.txt", "out/c.csv", "in put.csv"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    s3.copy_object(Bucket=bucket, Key="in put/copy.csv", CopySource=f"{bucket}/in put/a.csv")
    s3.delete_object(Bucket=bucket, Key="in put/a.csv")
    assert [event["Records"][0]["s3"]["object"]["key"] for event in heard()] == ["in+put/a.csv"]


def test_destinations_are_checked(s3, bucket):
    missing = {"QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:missing", "Events": ["s3:ObjectCreated:*"]}
    wanted = {"Bucket": bucket, "NotificationConfiguration": {"QueueConfigurations": [missing]}}
    answer = refused("InvalidArgument", s3.put_bucket_notification_configuration, **wanted)
    assert answer["Error"]["Message"] == "Unable to validate the following destination configurations"
    assert missing["QueueArn"] in json.dumps(answer["Error"])
    s3.put_bucket_notification_configuration(**wanted, SkipDestinationValidation=True)


def entries(heard, *filters):
    return [
        {"Id": f"n{at}", "QueueArn": heard.arn, "Events": events, **({"Filter": {"Key": {"FilterRules": [{"Name": name, "Value": value} for name, value in rules]}}} if rules else {})}
        for at, (events, rules) in enumerate(filters)
    ]


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ([(["s3:ObjectCreated:*"], []), (["s3:ObjectCreated:Put"], [])], "Configurations overlap. Configurations on the same bucket cannot share a common event type."),
        ([(["s3:ObjectCreated:*"], [("prefix", "a")]), (["s3:ObjectCreated:*"], [("prefix", "ab")])], "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type."),
        ([(["s3:ObjectCreated:*"], [("prefix", "a"), ("prefix", "b")])], "Cannot specify more than one prefix rule in a filter."),
        ([(["s3:ObjectCreated:*"], [("infix", "a")])], "filter rule name must be either prefix or suffix"),
        ([(["s3:ObjectInvented:*"], [])], "The event is not supported for notifications"),
    ],
)
def test_configurations_that_cannot_be(s3, bucket, heard, filters, message):
    wrong = {"QueueConfigurations": entries(heard, *filters)}
    answer = refused("InvalidArgument", s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=wrong)
    assert answer["Error"]["Message"].startswith(message)


def test_several_that_do_not_overlap(s3, bucket, heard):
    apart = entries(heard, (["s3:ObjectCreated:*"], [("prefix", "a/"), ("suffix", ".x")]), (["s3:ObjectCreated:*"], [("prefix", "a/"), ("suffix", ".y")]), (["s3:ObjectRemoved:*"], []))
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": apart})
    heard()
    s3.put_object(Bucket=bucket, Key="a/b.y", Body=b"")
    assert [record["s3"]["configurationId"] for event in heard() for record in event["Records"]] == ["n1"]


@pytest.fixture(scope="module")
def function(server):
    functions = server.client("lambda")
    made = functions.create_function(FunctionName="hears", Runtime="nodejs22.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped(index__js=HEARS)})
    return functions, made["FunctionArn"]


def test_a_function_hears(server, s3, bucket, function):
    functions, arn = function
    entry = {"Id": "f", "LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}
    wanted = {"Bucket": bucket, "NotificationConfiguration": {"LambdaFunctionConfigurations": [entry]}}
    nobody = {"LambdaFunctionConfigurations": [entry | {"LambdaFunctionArn": f"{arn}-not"}]}
    refused("InvalidArgument", s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=nobody)
    functions.add_permission(
        FunctionName="hears", StatementId=bucket, Action="lambda:InvokeFunction", Principal="s3.amazonaws.com", SourceArn=f"arn:aws:s3:::{bucket}", SourceAccount=ACCOUNT,
    )
    s3.put_bucket_notification_configuration(**wanted)
    s3.put_object(Bucket=bucket, Key="told.csv", Body=b"x")
    server.settle()
    found = server.client("logs").filter_log_events(logGroupName="/aws/lambda/hears", filterPattern="heard")["events"]
    heard = [json.loads(event["message"].split("heard", 1)[1]) for event in found]
    (record,) = [record for event in heard for record in event["Records"] if record["s3"]["bucket"]["name"] == bucket]
    assert (record["s3"]["object"]["key"], record["s3"]["configurationId"]) == ("told.csv", "f")


def test_no_event_is_lost_by_a_kill(server, s3, bucket, heard):
    notify(s3, bucket, heard, "s3:ObjectCreated:*")
    heard()
    for n in range(20):
        s3.put_object(Bucket=bucket, Key=f"k{n}", Body=b"x")
        if n % 7 == 6:
            server.kill()
            server.start()
    assert sorted(event["Records"][0]["s3"]["object"]["key"] for event in heard()) == sorted(f"k{n}" for n in range(20))
