"""Logs of who did what with a bucket: AWS's lines, in objects of another bucket."""

import re

from s3 import body, keys, put_all, refused

LINE = re.compile(
    r'(?P<owner>[0-9a-f]{64}) (?P<bucket>\S+) \[(?P<at>[^\]]+)\] (?P<ip>\S+) (?P<requester>\S+) (?P<id>\S+) (?P<operation>\S+) (?P<key>\S+) '
    r'"(?P<uri>[^"]*)" (?P<status>\d{3}) (?P<error>\S+) (?P<sent>\S+) (?P<size>\S+) (?P<total>\d+) (?P<turn>\d+) '
    r'"(?P<referer>[^"]*)" "(?P<agent>[^"]*)" (?P<version>\S+) (?P<host_id>\S+) (?P<signature>\S+) - (?P<authentication>\S+) (?P<host>\S+) - - -'
)


def log_into(s3, bucket: str, target: str, **more) -> None:
    s3.create_bucket(Bucket=target)
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": "logs/"} | more})


def delivered(server, s3, target: str) -> list[dict]:
    """The lines that have come after five minutes, in order."""
    server.advance("PT5M")
    server.settle()
    lines = []
    for key in keys(s3.list_objects_v2(Bucket=target)):
        lines += body(s3, target, key).decode().splitlines()
    return [LINE.fullmatch(line).groupdict() for line in lines]


def test_what_was_done_is_told(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="before", Body=b"not logged")
    log_into(s3, bucket, "told")
    s3.put_object(Bucket=bucket, Key="a b", Body=b"0123456789")
    s3.get_object(Bucket=bucket, Key="a b", Range="bytes=2-4")["Body"].read()
    refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="missing")
    s3.list_objects_v2(Bucket=bucket)
    s3.get_bucket_versioning(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="a b")
    lines = delivered(server, s3, "told")
    shown = [(line["operation"], line["key"], line["status"], line["error"], line["sent"], line["size"]) for line in lines]
    assert shown == [
        ("REST.PUT.OBJECT", "a%20b", "200", "-", "-", "10"),
        ("REST.GET.OBJECT", "a%20b", "206", "-", "3", "10"),
        ("REST.GET.OBJECT", "missing", "404", "NoSuchKey", "-", "-"),
        ("REST.GET.BUCKET", "-", "200", "-", "-", "-"),
        ("REST.GET.VERSIONING", "-", "200", "-", "-", "-"),
        ("REST.DELETE.OBJECT", "a%20b", "204", "-", "-", "-"),
    ]
    first = lines[0]
    owner = s3.list_buckets()["Owner"]["ID"]
    assert (first["owner"], first["bucket"], first["requester"]) == (owner, bucket, owner)
    assert (first["signature"], first["authentication"], first["ip"]) == ("SigV4", "AuthHeader", "127.0.0.1")
    assert first["uri"].startswith(f"PUT /{bucket}/a%20b") and first["uri"].endswith("HTTP/1.1")
    assert first["agent"].startswith("Boto3/")


def test_names_of_logs(server, s3, bucket):
    log_into(s3, bucket, "named")
    put_all(s3, bucket, "a")
    delivered(server, s3, "named")
    (key,) = keys(s3.list_objects_v2(Bucket="named"))
    assert re.fullmatch(r"logs/\d{4}(-\d\d){5}-[0-9A-F]{16}", key)
    log_into(s3, bucket, "parted", TargetObjectKeyFormat={"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}})
    put_all(s3, bucket, "a")
    delivered(server, s3, "parted")
    (key,) = keys(s3.list_objects_v2(Bucket="parted"))
    assert re.fullmatch(rf"logs/000000000000/us-east-1/{bucket}/\d{{4}}/\d\d/\d\d/\d{{4}}(-\d\d){{5}}-[0-9A-F]{{16}}", key)


def test_lines_survive_the_server(server, s3, bucket):
    log_into(s3, bucket, "survived")
    put_all(s3, bucket, "a", "b")
    server.kill()
    server.start()
    put_all(s3, bucket, "c")
    assert [line["key"] for line in delivered(server, s3, "survived")] == ["a", "b", "c"]


def test_a_log_that_was_given_up(server, s3, bucket):
    log_into(s3, bucket, "abandoned")
    put_all(s3, bucket, "a")
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    put_all(s3, bucket, "b")
    assert delivered(server, s3, "abandoned") == []
    log_into(s3, bucket, "removed")
    put_all(s3, bucket, "c")
    s3.delete_bucket(Bucket="removed")
    server.advance("PT5M")
    server.settle()
    put_all(s3, bucket, "d")
