"""CloudWatch Logs, through boto3: groups, streams, events, filters, Live Tail; and the AWS CLI."""

import base64
import gzip
import itertools
import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from queues import attribute, receive
from refusals import refused
from tidegate import ACCOUNT, REGION, Server

CREDENTIALS = {"region_name": REGION, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
NO_GROUP = "The specified log group does not exist."
NO_STREAM = "The specified log stream does not exist."
TOKEN = "The specified nextToken is invalid."
DAY_MS = 86_400_000

_numbers = itertools.count(1)


def connect(server):
    # SDKs put `streaming-` in front of the host for Live Tail; no such name leads to this machine.
    config = Config(retries={"total_max_attempts": 1}, read_timeout=40, max_pool_connections=50, inject_host_prefix=False)
    return boto3.client("logs", endpoint_url=server.url, config=config, **CREDENTIALS)


@pytest.fixture(scope="module")
def logs(server):
    return connect(server)


@pytest.fixture
def group(logs):
    """A group with two streams, `s` and `t`."""
    name = f"/test/group-{next(_numbers)}"
    logs.create_log_group(logGroupName=name)
    for stream in ("s", "t"):
        logs.create_log_stream(logGroupName=name, logStreamName=stream)
    return name


@pytest.fixture(scope="module")
def now(server, logs):
    """The server's time in milliseconds, as a function: tests move it."""

    def now() -> int:
        name = f"now-{next(_numbers)}"
        logs.create_log_group(logGroupName=name)
        return logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["creationTime"]

    return now


@pytest.fixture
def put(logs, group, now):
    """Writes lines, a millisecond apart, or at given times before now."""

    def put(*lines, stream="s", ago_ms=0, group=group):
        at = now() - ago_ms
        events = [{"timestamp": at + number, "message": line} for number, line in enumerate(lines)]
        return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    return put


def messages(answer):
    return [event["message"] for event in answer["events"]]


def filtered(logs, group, **parameters):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, **parameters)
    return [event["message"] for page in pages for event in page["events"]]


def arn(group):
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"


# Groups and streams


def test_a_group_is_described(logs, group):
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert found["logGroupName"] == group
    assert found["arn"] == arn(group) + ":*" and found["logGroupArn"] == arn(group)
    assert (found["storedBytes"], found["metricFilterCount"], found["logGroupClass"]) == (0, 0, "STANDARD")
    assert "retentionInDays" not in found


def test_groups_are_paged(logs):
    names = [f"paged-{number:02}" for number in range(7)]
    for name in names:
        logs.create_log_group(logGroupName=name)
    pages = list(logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="paged-", PaginationConfig={"PageSize": 3}))
    assert [len(page["logGroups"]) for page in pages] == [3, 3, 1]
    assert [found["logGroupName"] for page in pages for found in page["logGroups"]] == names
    pattern = logs.describe_log_groups(logGroupNamePattern="AGED-03")["logGroups"]
    assert [found["logGroupName"] for found in pattern] == ["paged-03"]
    listed = logs.list_log_groups(logGroupNamePattern="^paged-0")["logGroups"]
    assert [found["logGroupName"] for found in listed] == names


def test_both_families_of_tags_see_the_same(logs, group):
    logs.tag_resource(resourceArn=arn(group), tags={"a": "1", "b": "2"})
    logs.tag_log_group(logGroupName=group, tags={"c": "3"})
    logs.untag_log_group(logGroupName=group, tags=["a"])
    logs.untag_resource(resourceArn=arn(group), tagKeys=["b"])
    assert logs.list_tags_for_resource(resourceArn=arn(group))["tags"] == {"c": "3"}
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"c": "3"}


def test_streams_by_name_and_by_last_event(logs, group, put):
    put("x", stream="t", ago_ms=5000)
    put("x", stream="s")
    listed = lambda **more: [s["logStreamName"] for s in logs.describe_log_streams(logGroupName=group, **more)["logStreams"]]
    assert listed() == ["s", "t"]
    assert listed(descending=True) == ["t", "s"]
    assert listed(orderBy="LastEventTime") == ["t", "s"]
    assert listed(orderBy="LastEventTime", descending=True, limit=1) == ["s"]
    assert listed(logStreamNamePrefix="t") == ["t"]


def test_a_stream_knows_its_first_and_last_event(logs, group, put, now):
    put("a", ago_ms=60_000)
    put("b", "c")
    stream = logs.describe_log_streams(logGroupIdentifier=arn(group), logStreamNamePrefix="s")["logStreams"][0]
    assert stream["arn"] == arn(group) + ":log-stream:s"
    assert 59_000 < stream["lastEventTimestamp"] - stream["firstEventTimestamp"] < 70_000
    assert stream["lastIngestionTime"] <= now() and stream["storedBytes"] == 0
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["storedBytes"] == 3 * 27


# Events


def test_events_come_back_in_order_of_time(logs, group, put):
    put("late")
    put("early", ago_ms=3_600_000)
    put("middle", ago_ms=60_000)
    answer = logs.get_log_events(logGroupName=group, logStreamName="s", startFromHead=True)
    assert messages(answer) == ["early", "middle", "late"]
    assert set(answer["events"][0]) == {"timestamp", "message", "ingestionTime"}


def test_tokens_walk_forward_and_stay_at_the_end(logs, group, put):
    put(*map(str, range(10)))
    get = lambda **more: logs.get_log_events(logGroupName=group, logStreamName="s", limit=4, startFromHead=True, **more)
    pages, answer = [], get()
    while answer["events"]:
        pages.append(messages(answer))
        answer = get(nextToken=answer["nextForwardToken"])
    assert pages == [["0", "1", "2", "3"], ["4", "5", "6", "7"], ["8", "9"]]
    assert get(nextToken=answer["nextForwardToken"])["nextForwardToken"] == answer["nextForwardToken"]
    put("new", ago_ms=-1000)
    assert messages(get(nextToken=answer["nextForwardToken"])) == ["new"]


def test_tokens_walk_back_from_the_latest(logs, group, put):
    put(*map(str, range(6)))
    answer = logs.get_log_events(logGroupName=group, logStreamName="s", limit=4)
    assert messages(answer) == ["2", "3", "4", "5"]
    answer = logs.get_log_events(logGroupName=group, logStreamName="s", limit=4, nextToken=answer["nextBackwardToken"])
    assert messages(answer) == ["0", "1"]
    assert answer["nextBackwardToken"].startswith("b/") and len(answer["nextBackwardToken"]) == 60


def test_sequence_tokens_are_not_looked_at(logs, group, now):
    for token in ("wrong", "49545295115971876468408574808465228053014326443450203434"):
        answer = logs.put_log_events(
            logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now(), "message": "x"}], sequenceToken=token
        )
        assert len(answer["nextSequenceToken"]) == 56


def test_what_is_out_of_time_is_left_out(logs, group, put, now):
    at = now()
    events = [{"timestamp": at, "message": "now"}, {"timestamp": at + 3 * 3_600_000, "message": "ahead"}]
    answer = logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    assert answer["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert put("old", ago_ms=15 * DAY_MS)["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    logs.put_retention_policy(logGroupName=group, retentionInDays=3)
    assert put("expired", ago_ms=4 * DAY_MS)["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert filtered(logs, group) == ["now"]


def test_a_batch_of_ten_thousand_and_of_a_megabyte(logs, group, put):
    put(*(f"line {number}" for number in range(10_000)))
    assert len(filtered(logs, group)) == 10_000
    put("x" * 1_048_550, stream="t")
    assert [len(message) for message in filtered(logs, group, logStreamNames=["t"])] == [1_048_550]


def test_text_of_all_kinds_comes_back(logs, group, put):
    lines = ["é\n\tü", "\u0000\u0001", "🌊" * 100, '{"a": "\\u00e9"}']
    put(*lines)
    assert filtered(logs, group) == lines


def test_many_writers_at_once(logs, group, now):
    at = now()

    def write(writer):
        for number in range(20):
            event = {"timestamp": at + number, "message": f"{writer}-{number}"}
            logs.put_log_events(logGroupName=group, logStreamName="st"[writer % 2], logEvents=[event])

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    [writer.start() for writer in writers]
    [writer.join() for writer in writers]
    assert sorted(filtered(logs, group)) == sorted(f"{w}-{n}" for w in range(8) for n in range(20))


# Filtering


def test_streams_are_merged_and_chosen(logs, group, put):
    put("1", ago_ms=3000)
    put("2", stream="t", ago_ms=2000)
    put("3", ago_ms=1000)
    assert filtered(logs, group) == ["1", "2", "3"]
    assert filtered(logs, group, logStreamNames=["t"]) == ["2"]
    assert filtered(logs, group, logStreamNamePrefix="s") == ["1", "3"]
    answer = logs.filter_log_events(logGroupIdentifier=arn(group), limit=2)
    assert messages(answer) == ["1", "2"] and answer["searchedLogStreams"] == []
    assert set(answer["events"][0]) == {"logStreamName", "timestamp", "message", "ingestionTime", "eventId"}
    assert messages(logs.filter_log_events(logGroupName=group, nextToken=answer["nextToken"])) == ["3"]


def test_both_ends_of_the_time_are_included(logs, group, now):
    at = now()
    events = [{"timestamp": at + number, "message": str(number)} for number in range(5)]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    assert filtered(logs, group, startTime=at + 1, endTime=at + 3) == ["1", "2", "3"]
    got = logs.get_log_events(logGroupName=group, logStreamName="s", startTime=at + 1, endTime=at + 3)
    assert messages(got) == ["1", "2"], "here the end is not"


@pytest.mark.parametrize(
    "pattern, expected",
    [
        ("", "abcde"),
        ("ERROR", "ac"),
        ("ERROR disk", "a"),
        ("?disk ?GET", "abd"),
        ("disk -ERROR", "b"),
        ('"full: 99%"', "b"),
        ("%[0-9]{3}%", "de"),
        ("{ $.level = \"ERROR\" }", "c"),
        ("{ $.ms >= 10 && $.user.name = \"b*\" }", "c"),
        ("{ $.ms < 10 || $.tags[0] = \"x\" }", "c"),
        ("{ $.gone NOT EXISTS }", "c"),
        ("[ip, verb, status]", "d"),
        ("[ip, verb=GET, status=4*]", "d"),
        ("[..., size>1000]", "e"),
    ],
)
def test_patterns(logs, group, put, pattern, expected):
    lines = {
        "a": "ERROR disk",
        "b": "WARN disk full: 99%",
        "c": '{"level": "ERROR", "ms": 12, "user": {"name": "bob"}, "tags": ["x"]}',
        "d": "1.2.3.4 GET 404",
        "e": "1.2.3.4 PUT 200 ok 2048",
    }
    put(*lines.values())
    found = [name for name, line in lines.items() if line in filtered(logs, group, filterPattern=pattern)]
    assert "".join(found) == expected


# Retention, deletion, durability


def test_retention_is_seen_at_once_and_really_trims(server, logs, group, put):
    put("old", ago_ms=2 * DAY_MS)
    put("new")
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["retentionInDays"] == 1
    assert filtered(logs, group) == ["new"]
    server.settle()
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["storedBytes"] == 29
    server.advance("PT26H")
    server.settle()
    assert filtered(logs, group) == []
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["storedBytes"] == 0
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]


def test_what_is_deleted_is_gone(logs, group, put):
    put("x")
    put("y", stream="t")
    logs.delete_log_stream(logGroupName=group, logStreamName="s")
    assert filtered(logs, group) == ["y"]
    logs.delete_log_group(logGroupName=group)
    assert refused(logs.filter_log_events, logGroupName=group) == ("ResourceNotFoundException", NO_GROUP)
    logs.create_log_group(logGroupName=group)
    assert filtered(logs, group) == []


def test_protection_keeps_a_group(logs):
    logs.create_log_group(logGroupName="kept", deletionProtectionEnabled=True)
    refused(logs.delete_log_group, logGroupName="kept")
    logs.put_log_group_deletion_protection(logGroupIdentifier="kept", deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName="kept")


def test_a_group_is_exported_into_a_bucket(server, logs, s3, bucket, group, put, now):
    logs.create_log_stream(logGroupName=group, logStreamName="a/b")
    put("one", "two", stream="a/b")
    span = {"fromTime": now() - 60_000, "to": now() + 60_000}
    missing = refused(logs.create_export_task, logGroupName=group, destination="nowhere-at-all", **span)
    assert missing == ("InvalidParameterException", "The given bucket does not exist. Please provide a valid bucket.")
    task = logs.create_export_task(logGroupName=group, destination=bucket, destinationPrefix="logs", **span)["taskId"]
    server.settle()
    described = logs.describe_export_tasks(taskId=task)["exportTasks"][0]
    assert described["status"]["code"] == "COMPLETED", described
    body = s3.get_object(Bucket=bucket, Key=f"logs/{task}/a-b/000000.gz")["Body"].read()
    lines = gzip.decompress(body).decode().splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["one", "two"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.split(" ", 1)[0]) for line in lines)


def test_everything_is_there_after_a_kill():
    """Writers write while the server is killed: what was acknowledged is there, and once."""
    with Server() as server:
        logs = connect(server)
        logs.create_log_group(logGroupName="g", tags={"a": "b"})
        logs.put_retention_policy(logGroupName="g", retentionInDays=30)
        acknowledged: list[str] = []

        def write(writer):
            stream = f"s{writer}"
            logs.create_log_stream(logGroupName="g", logStreamName=stream)
            for number in itertools.count():
                lines = [f"{writer}-{number}-{line}" for line in range(10)]
                events = [{"timestamp": int(time.time() * 1000), "message": line} for line in lines]
                try:
                    logs.put_log_events(logGroupName="g", logStreamName=stream, logEvents=events)
                except Exception:  # the server is gone
                    return
                acknowledged.extend(lines)

        writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
        [writer.start() for writer in writers]
        while len(acknowledged) < 500:
            threading.Event().wait(0.01)
        server.kill()
        [writer.join() for writer in writers]
        server.start()
        found = filtered(logs, "g")
        assert len(found) == len(set(found)) and set(acknowledged) <= set(found)
        assert len(found) % 10 == 0, "a batch is there as a whole or not at all"
        group = logs.describe_log_groups()["logGroups"][0]
        assert group["retentionInDays"] == 30 and logs.list_tags_log_group(logGroupName="g")["tags"] == {"a": "b"}
        assert server.stop() == 0
        checked = server.run("check", str(server.data))
        assert checked.returncode == 0, checked.stdout + checked.stderr


# Subscription filters, metric filters, policies, destinations


def unpacked(body):
    return json.loads(gzip.decompress(base64.b64decode(json.loads(body)["awslogs"]["data"])))


def test_a_subscriber_gets_what_matches(logs, sqs, make, group, put):
    url = make("subscriber")
    target = attribute(sqs, url, "QueueArn")
    logs.put_subscription_filter(logGroupName=group, filterName="f", filterPattern="ERROR", destinationArn=target)
    control = [unpacked(message["Body"])["messageType"] for message in receive(sqs, url)]
    assert control == ["CONTROL_MESSAGE"]
    put("ERROR one", "fine", "ERROR two")
    put("fine")
    received = [unpacked(message["Body"]) for message in receive(sqs, url)]
    assert len(received) == 1
    assert {key: received[0][key] for key in ("messageType", "owner", "logGroup", "logStream", "subscriptionFilters")} == {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": group,
        "logStream": "s",
        "subscriptionFilters": ["f"],
    }
    assert [event["message"] for event in received[0]["logEvents"]] == ["ERROR one", "ERROR two"]
    found = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    assert found[0]["destinationArn"] == target and found[0]["distribution"] == "ByLogStream"
    logs.delete_subscription_filter(logGroupName=group, filterName="f")
    put("ERROR three")
    assert receive(sqs, url) == []


def test_metric_filters_are_seen_among_the_metrics(server, logs, group, put):
    metric = {"metricName": f"Errors{next(_numbers)}", "metricNamespace": "App", "metricValue": "$.ms", "unit": "Milliseconds"}
    logs.put_metric_filter(logGroupName=group, filterName="f", filterPattern="{ $.ms > 0 }", metricTransformations=[metric])
    put('{"ms": 2.5}', "text", '{"ms": 4}')
    lines = [line for line in server.request("GET", "/_tidegate/metrics").text.splitlines() if metric["metricName"] in line]
    values = {line.split("{")[0]: float(line.split()[-1]) for line in lines}
    assert values == {"tidegate_logs_metric_samples_total": 2, "tidegate_logs_metric_sum": 6.5}
    found = logs.describe_metric_filters(metricName=metric["metricName"], metricNamespace="App")["metricFilters"]
    assert found[0]["logGroupName"] == group and found[0]["metricTransformations"] == [metric]
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["metricFilterCount"] == 1
    logs.delete_metric_filter(logGroupName=group, filterName="f")


def test_a_pattern_can_be_tried(logs):
    answer = logs.test_metric_filter(
        filterPattern='[ip, verb, status=4*, bytes]', logEventMessages=["1.2.3.4 GET 404 12", "1.2.3.4 GET 200 12"]
    )
    values = {"$ip": "1.2.3.4", "$verb": "GET", "$status": "404", "$bytes": "12"}
    assert answer["matches"] == [{"eventNumber": 1, "eventMessage": "1.2.3.4 GET 404 12", "extractedValues": values}]


def test_resource_policies(logs):
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    put = logs.put_resource_policy(policyName="p", policyDocument=document)["resourcePolicy"]
    assert (put["policyName"], put["policyDocument"], put["policyScope"]) == ("p", document, "ACCOUNT")
    assert logs.describe_resource_policies()["resourcePolicies"] == [put]
    for number in range(9):
        logs.put_resource_policy(policyName=f"p{number}", policyDocument=document)
    full = refused(logs.put_resource_policy, policyName="one-more", policyDocument=document)
    assert full == ("LimitExceededException", "Resource limit exceeded.")
    for name in ["p", *(f"p{number}" for number in range(9))]:
        logs.delete_resource_policy(policyName=name)


def test_destinations(logs):
    role, target = f"arn:aws:iam::{ACCOUNT}:role/r", f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s"
    made = logs.put_destination(destinationName="d", targetArn=target, roleArn=role)["destination"]
    assert made["arn"] == f"arn:aws:logs:{REGION}:{ACCOUNT}:destination:d"
    logs.put_destination_policy(destinationName="d", accessPolicy="{}")
    logs.tag_resource(resourceArn=made["arn"], tags={"a": "b"})
    found = logs.describe_destinations(DestinationNamePrefix="d")["destinations"]
    assert found == [{**made, "accessPolicy": "{}"}]
    logs.delete_destination(destinationName="d")
    assert logs.describe_destinations()["destinations"] == []


# Live Tail


def test_live_tail_tells_of_what_is_written(logs, group, put):
    put("before")
    answer = logs.start_live_tail(logGroupIdentifiers=[arn(group)], logEventFilterPattern="-noise")
    stream = answer["responseStream"]
    events = iter(stream)
    start = next(events)["sessionStart"]
    assert start["logGroupIdentifiers"] == [arn(group)] and start["sessionId"]
    put("one", "noise", "two")
    put("three", stream="t")
    results = []
    while len(results) < 3:
        update = next(events)["sessionUpdate"]
        assert update["sessionMetadata"] == {"sampled": False}
        results += update["sessionResults"]
    stream.close()
    assert [result["message"] for result in results] == ["one", "two", "three"]
    assert results[0]["logGroupIdentifier"] == f"{ACCOUNT}:{group}" and results[0]["logStreamName"] == "s"


def test_live_tail_of_some_streams(logs, group, put):
    stream = logs.start_live_tail(logGroupIdentifiers=[arn(group)], logStreamNamePrefixes=["t"])["responseStream"]
    events = iter(stream)
    next(events)
    put("no")
    put("yes", stream="t")
    results = []
    while not results:
        results += next(events)["sessionUpdate"]["sessionResults"]
    stream.close()
    assert [result["message"] for result in results] == ["yes"]


def test_live_tail_ends_with_the_server():
    with Server() as server:
        logs = connect(server)
        logs.create_log_group(logGroupName="g")
        events = iter(logs.start_live_tail(logGroupIdentifiers=[arn("g")])["responseStream"])
        assert "sessionStart" in next(events)
        assert server.stop() == 0
        assert all("sessionUpdate" in event for event in events)


def test_live_tail_through_the_prefixed_host(server, group):
    """What SDKs send if they are not told otherwise: the host is understood wherever it leads here."""
    body = json.dumps({"logGroupIdentifiers": ["gone"]})
    headers = {
        "Host": f"streaming-logs.{REGION}.localhost.localstack.cloud:{server.port}",
        "X-Amz-Target": "Logs_20140328.StartLiveTail",
        "Content-Type": "application/x-amz-json-1.1",
    }
    answer = server.request("POST", "/", body, headers)
    assert (answer.status, answer.json()["message"]) == (400, NO_GROUP)


# The CLI


@pytest.fixture(scope="module")
def aws(cli_environment):
    command = [str(Path(sys.executable).parent / "aws")]

    def aws(*arguments):
        done = subprocess.run([*command, *arguments], env=cli_environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return aws


def test_the_cli_creates_writes_and_filters(aws, logs, now):
    aws("logs", "create-log-group", "--log-group-name", "cli")
    aws("logs", "create-log-stream", "--log-group-name", "cli", "--log-stream-name", "s")
    events = json.dumps([{"timestamp": now(), "message": "hello"}])
    aws("logs", "put-log-events", "--log-group-name", "cli", "--log-stream-name", "s", "--log-events", events)
    found = json.loads(aws("logs", "filter-log-events", "--log-group-name", "cli", "--output", "json"))
    assert [event["message"] for event in found["events"]] == ["hello"]


def version_2():
    """The second version of the CLI, which alone has `logs tail`, where people have it: on the PATH."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        program = Path(folder) / "aws"
        if program.is_file():
            said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
            if said.stdout.startswith("aws-cli/2"):
                return program
    pytest.skip("there is no `aws` of version 2 on the PATH")


@pytest.fixture
def tail(server, tmp_path):
    """Starts `aws logs tail` and answers the process; its lines are messages behind a time."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = inherited | {"HOME": str(tmp_path), "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    program = version_2()
    running = []

    def tail(*arguments):
        # Releases from before AWS_ENDPOINT_URL need the option.
        command = [program, "--endpoint-url", server.url, "--region", REGION, "logs", "tail", "--format", "short", *arguments]
        running.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        return running[-1]

    yield tail
    for process in running:
        process.kill()
        process.wait()


def shown(line):
    return line.rstrip("\n").split(" ", 1)[1]


def test_the_cli_tails(tail, group, put):
    put("one", "two")
    put("three", stream="t", ago_ms=-1000)
    out, _ = tail(group, "--since", "1h").communicate(timeout=60)
    assert [shown(line) for line in out.splitlines()] == ["one", "two", "three"]


def test_the_cli_follows(tail, group, put):
    put("INFO before", "WARN before")
    process = tail(group, "--follow", "--since", "1h", "--filter-pattern", "INFO")
    assert shown(process.stdout.readline()) == "INFO before"
    put("WARN later", "INFO later", ago_ms=-2000)
    assert shown(process.stdout.readline()) == "INFO later"


# Misuses. Most messages were recorded from AWS by public test suites.


def violated(value, member, constraint):
    return "InvalidParameterException", f"1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: {constraint}"


INVALID, MISSING = "InvalidParameterException", "ResourceNotFoundException"
LONG = "Invalid LogGroup or LogStream, both must have length less than or equal to 512."
SOON = "$now"
METRIC = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
SQS = f"arn:aws:sqs:{REGION}:{ACCOUNT}:missing"
MISUSES = [
    ("a group that exists", "create_log_group", {"logGroupName": "$group"}, "ResourceAlreadyExistsException", "The specified log group already exists"),
    ("a stream that exists", "create_log_stream", {"logGroupName": "$group", "logStreamName": "s"}, "ResourceAlreadyExistsException", "The specified log stream already exists"),
    ("a group with a long name", "create_log_group", {"logGroupName": "x" * 513}, INVALID, LONG),
    ("a stream with a long name", "create_log_stream", {"logGroupName": "$group", "logStreamName": "x" * 513}, INVALID, LONG),
    ("a group with a space", "create_log_group", {"logGroupName": "a b"}, *violated("'a b'", "logGroupName", r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+")),
    ("a stream with a colon", "create_log_stream", {"logGroupName": "$group", "logStreamName": "a:b"}, *violated("'a:b'", "logStreamName", "Member must satisfy regular expression pattern: [^:*]*")),
    ("a class that is none", "create_log_group", {"logGroupName": "c", "logGroupClass": "X"}, *violated("'X'", "logGroupClass", "Member must satisfy enum value set: [STANDARD, INFREQUENT_ACCESS, DELIVERY]")),
    ("delete a group that is not there", "delete_log_group", {"logGroupName": "gone"}, MISSING, NO_GROUP),
    ("delete a stream that is not there", "delete_log_stream", {"logGroupName": "$group", "logStreamName": "gone"}, MISSING, NO_STREAM),
    ("write to no group", "put_log_events", {"logGroupName": "gone", "logStreamName": "s", "logEvents": [{"timestamp": SOON, "message": "x"}]}, MISSING, NO_GROUP),
    ("write to no stream", "put_log_events", {"logGroupName": "$group", "logStreamName": "gone", "logEvents": [{"timestamp": SOON, "message": "x"}]}, MISSING, NO_STREAM),
    ("events out of order", "put_log_events", {"logGroupName": "$group", "logStreamName": "s", "logEvents": [{"timestamp": SOON, "message": "x"}, {"timestamp": 1, "message": "x"}]}, INVALID, "Log events in a single PutLogEvents request must be in chronological order."),
    ("a batch of more than a day", "put_log_events", {"logGroupName": "$group", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "x"}, {"timestamp": SOON, "message": "x"}]}, INVALID, "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."),
    ("a batch of more than a megabyte", "put_log_events", {"logGroupName": "$group", "logStreamName": "s", "logEvents": [{"timestamp": SOON, "message": "x" * 1_048_551}]}, INVALID, "Upload too large: 1048577 bytes exceeds limit of 1048576"),
    ("no events", "put_log_events", {"logGroupName": "$group", "logStreamName": "s", "logEvents": []}, *violated("'[]'", "logEvents", "Member must have length greater than or equal to 1")),
    ("an empty event", "put_log_events", {"logGroupName": "$group", "logStreamName": "s", "logEvents": [{"timestamp": SOON, "message": ""}]}, *violated("''", "logEvents.1.member.message", "Member must have length greater than or equal to 1")),
    ("get from no group", "get_log_events", {"logGroupName": "gone", "logStreamName": "s"}, MISSING, NO_GROUP),
    ("get from no stream", "get_log_events", {"logGroupName": "$group", "logStreamName": "gone"}, MISSING, NO_STREAM),
    ("get with no token", "get_log_events", {"logGroupName": "$group", "logStreamName": "s", "nextToken": "x"}, INVALID, TOKEN),
    ("get too many", "get_log_events", {"logGroupName": "$group", "logStreamName": "s", "limit": 10_001}, *violated("'10001'", "limit", "Member must have value less than or equal to 10000")),
    ("filter no group", "filter_log_events", {"logGroupName": "gone"}, MISSING, NO_GROUP),
    ("filter no stream", "filter_log_events", {"logGroupName": "$group", "logStreamNames": ["gone"]}, MISSING, NO_STREAM),
    ("filter with no token", "filter_log_events", {"logGroupName": "$group", "nextToken": "x"}, INVALID, TOKEN),
    ("filter too many", "filter_log_events", {"logGroupName": "$group", "limit": 10_001}, *violated("'10001'", "limit", "Member must have value less than or equal to 10000")),
    ("filter by name and ARN", "filter_log_events", {"logGroupName": "$group", "logGroupIdentifier": "$group"}, "ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters."),
    ("streams by name and ARN", "describe_log_streams", {"logGroupName": "$group", "logGroupIdentifier": "$group"}, "ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters."),
    ("streams of no group", "describe_log_streams", {"logGroupName": "gone"}, MISSING, NO_GROUP),
    ("streams by time and prefix", "describe_log_streams", {"logGroupName": "$group", "orderBy": "LastEventTime", "logStreamNamePrefix": "s"}, INVALID, "Cannot order by LastEventTime with a logStreamNamePrefix."),
    ("streams in no order", "describe_log_streams", {"logGroupName": "$group", "orderBy": "sth"}, *violated("'sth'", "orderBy", "Member must satisfy enum value set: [LogStreamName, LastEventTime]")),
    ("too many streams", "describe_log_streams", {"logGroupName": "$group", "limit": 51}, *violated("'51'", "limit", "Member must have value less than or equal to 50")),
    ("groups by prefix and pattern", "describe_log_groups", {"logGroupNamePrefix": "a", "logGroupNamePattern": "b"}, INVALID, "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."),
    ("retention of two days", "put_retention_policy", {"logGroupName": "$group", "retentionInDays": 2}, *violated("'2'", "retentionInDays", "Member must satisfy enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]")),
    ("retention of no group", "put_retention_policy", {"logGroupName": "gone", "retentionInDays": 1}, MISSING, NO_GROUP),
    ("tags of no group", "list_tags_log_group", {"logGroupName": "gone"}, MISSING, NO_GROUP),
    ("a metric filter with a long name", "put_metric_filter", {"logGroupName": "$group", "filterName": "X" * 513, "filterPattern": "", "metricTransformations": [METRIC]}, *violated(f"'{'X' * 513}'", "filterName", "Member must have length less than or equal to 512")),
    ("a long pattern", "put_metric_filter", {"logGroupName": "$group", "filterName": "f", "filterPattern": "X" * 1025, "metricTransformations": [METRIC]}, *violated(f"'{'X' * 1025}'", "filterPattern", "Member must have length less than or equal to 1024")),
    ("dimensions of words", "put_metric_filter", {"logGroupName": "$group", "filterName": "f", "filterPattern": "x", "metricTransformations": [{**METRIC, "dimensions": {"d": "$.d"}}]}, INVALID, "The specified filter pattern does not support dimensions"),
    ("dimensions and a default", "put_metric_filter", {"logGroupName": "$group", "filterName": "f", "filterPattern": "{ $.d = * }", "metricTransformations": [{**METRIC, "dimensions": {"d": "$.d"}, "defaultValue": 1.0}]}, INVALID, "Invalid metric transformation: dimensions and default value are mutually exclusive properties."),
    ("delete no metric filter", "delete_metric_filter", {"logGroupName": "$group", "filterName": "gone"}, MISSING, "The specified metric filter does not exist."),
    ("a subscriber that is not there", "put_subscription_filter", {"logGroupName": "$group", "filterName": "f", "filterPattern": "", "destinationArn": SQS}, INVALID, "Could not deliver test message to specified SQS queue. Check if the given queue exists."),
    ("a subscriber that nobody serves", "put_subscription_filter", {"logGroupName": "$group", "filterName": "f", "filterPattern": "", "destinationArn": f"arn:aws:es:{REGION}:{ACCOUNT}:domain/d"}, INVALID, "PutSubscriptionFilter operation cannot work with destinationArn for vendor es"),
    ("a stream without a role", "put_subscription_filter", {"logGroupName": "$group", "filterName": "f", "filterPattern": "", "destinationArn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s"}, INVALID, "destinationArn for vendor kinesis cannot be used without roleArn"),
    ("another account's function", "put_subscription_filter", {"logGroupName": "$group", "filterName": "f", "filterPattern": "", "destinationArn": f"arn:aws:lambda:{REGION}:111111111111:function:f"}, "AccessDeniedException", "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross account lambda triggers."),
    ("delete no subscription filter", "delete_subscription_filter", {"logGroupName": "$group", "filterName": "gone"}, MISSING, "The specified subscription filter does not exist."),
    ("delete no policy", "delete_resource_policy", {"policyName": "non-existent"}, MISSING, "Policy with name [non-existent] does not exist."),
    ("tail no group", "start_live_tail", {"logGroupIdentifiers": [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:gone"]}, MISSING, NO_GROUP),
]


def filled(value, group, at):
    if isinstance(value, dict):
        return {key: filled(entry, group, at) for key, entry in value.items()}
    if isinstance(value, list):
        return [filled(entry, group, at) for entry in value]
    return {"$group": group, SOON: at}.get(value, value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def lenient(server):
    """A client that lets everything through, so that the server is asked."""
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False, inject_host_prefix=False)
    return boto3.client("logs", endpoint_url=server.url, config=config, **CREDENTIALS)


@pytest.mark.parametrize("operation, parameters, code, message", [line[1:] for line in MISUSES], ids=[line[0] for line in MISUSES])
def test_misuse(lenient, group, now, operation, parameters, code, message):
    assert refused(getattr(lenient, operation), **filled(parameters, group, now())) == (code, message)
