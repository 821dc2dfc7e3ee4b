"""The calls of before 2013, which old SDKs and Terraform's providers make: rules with a prefix, and notifications of
which there is one of each kind."""

import json

from s3 import refused, status

EVENT = "s3:ObjectCreated:*"


def queue_of(server) -> tuple[str, str]:
    sqs = server.client()
    url = sqs.create_queue(QueueName="old-calls")["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def received(server, url: str) -> list[dict]:
    answer = server.client().receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    for message in answer.get("Messages", []):
        server.client().delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_a_lifecycle_of_rules_with_a_prefix(server, s3, bucket):
    refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle, Bucket=bucket)
    rules = [
        {"ID": "tmp", "Prefix": "tmp/", "Status": "Enabled", "Expiration": {"Days": 1}},
        {
            "ID": "logs", "Prefix": "logs/", "Status": "Enabled", "Transition": {"Days": 30, "StorageClass": "GLACIER"},
            "NoncurrentVersionTransition": {"NoncurrentDays": 30, "StorageClass": "GLACIER"}, "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
    ]
    assert status(s3.put_bucket_lifecycle(Bucket=bucket, LifecycleConfiguration={"Rules": rules})) == 200
    assert s3.get_bucket_lifecycle(Bucket=bucket)["Rules"] == rules
    shown = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert [(rule["ID"], rule["Prefix"], "Filter" in rule) for rule in shown] == [("tmp", "tmp/", False), ("logs", "logs/", False)]
    assert shown[1]["Transitions"] == [{"Days": 30, "StorageClass": "GLACIER"}]
    s3.put_object(Bucket=bucket, Key="tmp/a", Body=b"")
    s3.put_object(Bucket=bucket, Key="kept", Body=b"")
    server.advance("P2D")
    server.settle()
    assert [entry["Key"] for entry in s3.list_objects(Bucket=bucket)["Contents"]] == ["kept"]
    s3.delete_bucket_lifecycle(Bucket=bucket)
    refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle, Bucket=bucket)


def test_a_prefix_of_nothing_is_the_whole_bucket(s3, bucket):
    rule = {"ID": "all", "Prefix": "", "Status": "Enabled", "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    assert s3.get_bucket_lifecycle(Bucket=bucket)["Rules"] == [rule]


def test_a_queue_for_several_events(server, s3, bucket):
    url, arn = queue_of(server)
    assert set(s3.get_bucket_notification(Bucket=bucket)) == {"ResponseMetadata"}
    s3.put_bucket_notification(Bucket=bucket, NotificationConfiguration={"QueueConfiguration": {"Id": "q", "Queue": arn, "Events": [EVENT, "s3:ObjectRemoved:*"]}})
    shown = s3.get_bucket_notification(Bucket=bucket)["QueueConfiguration"]
    assert (shown["Id"], shown["Queue"], shown["Events"]) == ("q", arn, [EVENT, "s3:ObjectRemoved:*"])
    (newer,) = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    assert (newer["Id"], newer["QueueArn"], newer["Events"]) == ("q", arn, [EVENT, "s3:ObjectRemoved:*"])
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    test, event = received(server, url)
    assert test["Event"] == "s3:TestEvent"
    assert (event["Records"][0]["eventName"], event["Records"][0]["s3"]["configurationId"]) == ("ObjectCreated:Put", "q")
    s3.put_bucket_notification(Bucket=bucket, NotificationConfiguration={})
    assert set(s3.get_bucket_notification(Bucket=bucket)) == {"ResponseMetadata"}


def test_a_queue_for_a_single_event(server, s3, bucket):
    url, arn = queue_of(server)
    s3.put_bucket_notification(Bucket=bucket, NotificationConfiguration={"QueueConfiguration": {"Queue": arn, "Event": "s3:ObjectRemoved:Delete"}})
    shown = s3.get_bucket_notification(Bucket=bucket)["QueueConfiguration"]
    assert shown["Events"] == ["s3:ObjectRemoved:Delete"] and shown["Id"]
    received(server, url)
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    s3.delete_object(Bucket=bucket, Key="a")
    (event,) = received(server, url)
    assert event["Records"][0]["eventName"] == "ObjectRemoved:Delete"


def test_what_is_wrong_with_old_documents(s3, bucket):
    def notify(**configuration):
        return {"Bucket": bucket, "NotificationConfiguration": configuration}

    nowhere = "arn:aws:lambda:us-east-1:000000000000:function:nothing"
    answer = refused("InvalidArgument", s3.put_bucket_notification, **notify(CloudFunctionConfiguration={"CloudFunction": nowhere, "Event": EVENT, "InvocationRole": "arn:aws:iam::000000000000:role/r"}))
    assert answer["Error"]["Message"] == "Unable to validate the following destination configurations"
    answer = refused("InvalidArgument", s3.put_bucket_notification, **notify(TopicConfiguration={"Topic": "nobody", "Event": EVENT}))
    assert answer["Error"]["Message"] == "The ARN could not be parsed"
    refused("MalformedXML", s3.put_bucket_lifecycle, Bucket=bucket, LifecycleConfiguration={"Rules": [{"Prefix": "", "Status": "Perhaps", "Expiration": {"Days": 1}}]})
