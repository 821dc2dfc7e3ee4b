"""CloudWatch Logs Insights through boto3, and filter patterns through TestMetricFilter and FilterLogEvents."""

import itertools
import json
import time

import boto3
import pytest
from botocore.config import Config

from refusals import refused
from tidegate import ACCOUNT, REGION, Server

_numbers = itertools.count(1)


def connect(server):
    config = Config(retries={"total_max_attempts": 1}, read_timeout=40)
    return boto3.client(
        "logs", endpoint_url=server.url, config=config, region_name=REGION,
        aws_access_key_id="test", aws_secret_access_key="test",
    )


@pytest.fixture(scope="module")
def logs(server):
    return connect(server)


def write(logs, group, messages, stream="s"):
    """Writes messages, a second apart, the last one now."""
    now = int(time.time() * 1000)
    events = [{"timestamp": now - 1000 * (len(messages) - 1 - at), "message": text} for at, text in enumerate(messages)]
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


@pytest.fixture
def group(logs):
    name = f"/insights/{next(_numbers)}"
    logs.create_log_group(logGroupName=name)
    return name


def start(logs, group, query, **extra):
    now = int(time.time())
    names = {} if "logGroupNames" in extra or "logGroupIdentifiers" in extra else {"logGroupName": group}
    times = {"startTime": now - 3600, "endTime": now + 60}
    return logs.start_query(**{**names, **times, "queryString": query, **extra})["queryId"]


def finished(logs, query_id, **extra):
    """Asks until the query has ended, as every user of Insights must."""
    deadline = time.monotonic() + 30
    while True:
        answer = logs.get_query_results(queryId=query_id, **extra)
        if answer["status"] not in ("Scheduled", "Running"):
            return answer
        assert time.monotonic() < deadline, answer


def rows(logs, group, query, **extra):
    answer = finished(logs, start(logs, group, query, **extra))
    assert answer["status"] == "Complete", answer
    return [{field["field"]: field["value"] for field in row if field["field"] != "@ptr"} for row in answer["results"]]


REQUESTS = [
    {"path": "/a", "status": 200, "ms": 12.5, "user": {"name": "ann", "tags": ["x", "y"]}},
    {"path": "/b", "status": 500, "ms": 100, "user": {"name": "bob", "tags": ["y"]}},
    {"path": "/a", "status": 404, "ms": 7, "user": {"name": "ann", "tags": []}},
]


@pytest.fixture
def requests(logs, group):
    write(logs, group, [json.dumps(request) for request in REQUESTS] + ["START plain text"])
    return group


def test_the_consoles_first_query(logs, requests):
    found = rows(logs, requests, "fields @timestamp, @message, @logStream, @log\n| sort @timestamp desc\n| limit 10000")
    assert [row["@message"] for row in found][0] == "START plain text"
    assert found[0]["@logStream"] == "s" and found[0]["@log"] == f"{ACCOUNT}:{requests}"
    assert len(found) == 4
    time.strptime(found[0]["@timestamp"][:19], "%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    "query, expected",
    [
        ("filter status >= 400 | fields path, status | sort status", [("/a", "404"), ("/b", "500")]),
        ("filter @message like /plain/ | fields @message", [("START plain text",)]),
        ("filter user.name = 'ann' and user.tags.0 = 'x' | fields ms", [("12.5",)]),
        ("filter ispresent(path) | stats count(*) as n, avg(ms) as a by path | sort path", [("/a", "2", "9.75"), ("/b", "1", "100")]),
        ("parse @message '\"path\": \"*\"' as p | stats count(*) as n by p | sort n desc | limit 1", [("/a", "2")]),
        (r"parse @message /^(?<word>[A-Z]+) / | filter ispresent(word) | display word", [("START",)]),
        ("filter ispresent(path) | sort @timestamp asc | display path | dedup path", [("/a",), ("/b",)]),
        ("stats pct(ms, 50) as p50, max(ms) - min(ms) as spread", [("12.5", "93")]),
        ("fields strcontains(@message, 'plain') as has | stats sum(has) as n", [("1",)]),
        ("filter isIpv4InSubnet('10.1.2.3', '10.0.0.0/8') | stats count(*) as n", [("4",)]),
    ],
)
def test_queries(logs, requests, query, expected):
    assert [tuple(row.values()) for row in rows(logs, requests, query)] == expected


def test_bins(logs, group):
    write(logs, group, [f"line {at}" for at in range(3)])
    found = rows(logs, group, "stats count(*) as n by bin(1d) as day | sort day desc")
    assert sum(int(row["n"]) for row in found) == 3
    assert all(row["day"].endswith(" 00:00:00.000") for row in found)


def test_statistics_and_limits(logs, requests):
    answer = finished(logs, start(logs, requests, "filter status >= 400", limit=1))
    assert len(answer["results"]) == 1
    assert answer["statistics"]["recordsMatched"] == 2.0
    assert answer["statistics"]["recordsScanned"] == 4.0
    assert answer["statistics"]["bytesScanned"] == sum(len(json.dumps(each)) for each in REQUESTS) + len("START plain text")
    by_query = finished(logs, start(logs, requests, "fields @message | limit 2", limit=1))
    assert len(by_query["results"]) == 2, "the query's own limit wins"


def test_several_groups(logs, requests):
    other = f"/insights/{next(_numbers)}"
    logs.create_log_group(logGroupName=other)
    write(logs, other, ["elsewhere"])
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{other}"
    for names in ({"logGroupNames": [requests, other]}, {"logGroupIdentifiers": [requests, arn]}):
        found = rows(logs, None, "stats count(*) as n by @log | sort n desc", **names)
        assert [row["n"] for row in found] == ["4", "1"]


def test_milliseconds_are_taken_as_well(logs, requests):
    now = int(time.time() * 1000)
    assert len(rows(logs, requests, "fields @message", startTime=now - 60_000, endTime=now + 1000)) == 4
    assert rows(logs, requests, "fields @message", startTime=now + 60_000, endTime=now + 61_000) == []


def test_malformed_queries_say_where(logs, group):
    with pytest.raises(logs.exceptions.MalformedQueryException) as caught:
        start(logs, group, "fields @timestamp | filtr x = 1")
    response = caught.value.response
    assert response["Error"]["Message"] == "unexpected symbol found filtr at line 1 and position 20"
    location = response["queryCompileError"]["location"]
    assert (location["startCharOffset"], location["endCharOffset"]) == (20, 25)
    code, _ = refused(lambda: start(logs, group, "stats count(*) as n by a | sort b"))
    assert code == "MalformedQueryException"
    assert refused(lambda: start(logs, "/absent", "limit 1")) == (
        "ResourceNotFoundException",
        f"Log group '/absent' does not exist for account ID '{ACCOUNT}'",
    )


def test_stop_and_describe(logs, requests):
    query_id = start(logs, requests, "fields @message")
    finished(logs, query_id)
    assert refused(lambda: logs.stop_query(queryId=query_id))[0] == "InvalidParameterException"
    described = logs.describe_queries(logGroupName=requests)["queries"]
    assert [(query["queryId"], query["status"]) for query in described] == [(query_id, "Complete")]
    assert described[0]["queryString"] == "fields @message"
    assert refused(lambda: logs.get_query_results(queryId="none"))[0] == "ResourceNotFoundException"


def test_records_and_fields(logs, requests):
    answer = finished(logs, start(logs, requests, "filter status = 500 | fields path"))
    pointer = next(field["value"] for field in answer["results"][0] if field["field"] == "@ptr")
    record = logs.get_log_record(logRecordPointer=pointer)["logRecord"]
    assert (record["path"], record["user.name"], record["user.tags.0"]) == ("/b", "bob", "y")
    assert json.loads(record["@message"]) == REQUESTS[1]
    shares = {field["name"]: field["percent"] for field in logs.get_log_group_fields(logGroupName=requests)["logGroupFields"]}
    assert shares["@message"] == 100 and shares["path"] == 75 and shares["user.tags.0"] == 50


def test_definitions(logs):
    first = logs.put_query_definition(name="folder/one", queryString="fields @message", logGroupNames=["g"])["queryDefinitionId"]
    again = logs.put_query_definition(name="folder/two", queryString="limit 1", queryDefinitionId=first)["queryDefinitionId"]
    assert again == first
    found = logs.describe_query_definitions(queryDefinitionNamePrefix="folder/")["queryDefinitions"]
    assert [(each["name"], each["queryString"]) for each in found] == [("folder/two", "limit 1")]
    assert logs.delete_query_definition(queryDefinitionId=first)["success"]
    assert refused(lambda: logs.delete_query_definition(queryDefinitionId=first))[0] == "ResourceNotFoundException"


def test_pages_of_results(logs, group):
    write(logs, group, [f"{at:03}" for at in range(250)])
    query_id = start(logs, group, "fields @message | sort @timestamp asc, @message asc")
    answer = finished(logs, query_id, maxItems=100)
    found = answer["results"]
    while token := answer.get("nextToken"):
        answer = logs.get_query_results(queryId=query_id, maxItems=100, nextToken=token)
        found += answer["results"]
    assert [row[0]["value"] for row in found] == [f"{at:03}" for at in range(250)]


def test_answers_and_definitions_survive_a_kill():
    with Server() as server:
        logs = connect(server)
        logs.create_log_group(logGroupName="g")
        write(logs, "g", ["one", "two"])
        query_id = start(logs, "g", "stats count(*) as n")
        before = finished(logs, query_id)
        definition = logs.put_query_definition(name="kept", queryString="limit 1")["queryDefinitionId"]
        unfinished = start(logs, "g", "fields @message | sort @timestamp asc")
        server.kill()
        server.start()
        logs = connect(server)
        after = finished(logs, query_id)
        assert (after["status"], after["results"]) == ("Complete", before["results"])
        assert [row[0]["value"] for row in finished(logs, unfinished)["results"]] == ["one", "two"]
        assert [each["queryDefinitionId"] for each in logs.describe_query_definitions()["queryDefinitions"]] == [definition]


ACCESS = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
DOCUMENT = '{"eventType":"UpdateTrail","n":12.0,"tags":[{"id":1},{"id":2}],"none":null,"on":true,"text":"a \\"b\\""}'


@pytest.mark.parametrize(
    "pattern, message, values",
    [
        ("", "anything", {}),
        ("ERROR", "ERRORCODE: -1", {}),
        ("ERROR", "error", None),
        ("?WARN ?ERROR", "a WARN", {}),
        ('ERROR -"exit 0"', "ERROR exit 0", None),
        ('"[ERROR]"', "an [ERROR] here", {}),
        (r"%4\d\d%", "status 404", {}),
        ('{ $.eventType = "Update*" }', DOCUMENT, {"$.eventType": "UpdateTrail"}),
        ("{ $.n = 12 && $.n < 1.3e1 }", DOCUMENT, {"$.n": "12.0"}),
        ('{ $.n = "12" }', DOCUMENT, None),
        ("{ $.tags[1].id = 2 || $.absent = 1 }", DOCUMENT, {"$.tags[1].id": "2"}),
        ("{ $.tags[*].id = 2 }", DOCUMENT, {"$.tags[*].id": "1"}),
        ("{ $.none IS NULL && $.on IS TRUE && $.absent NOT EXISTS }", DOCUMENT, {"$.on": "true"}),
        ("{ $.eventType = %^Up.*l$% }", DOCUMENT, {"$.eventType": "UpdateTrail"}),
        ("{ $.absent != 1 }", DOCUMENT, None),
        (
            "[..., request=*.html*, status=4*,]",
            ACCESS,
            {
                "$1": "127.0.0.1", "$2": "-", "$3": "frank", "$4": "10/Oct/2000:13:25:15 -0700",
                "$request": "GET /index.html HTTP/1.0", "$status": "404", "$7": "1534",
            },
        ),
        ("[ip, user, ..., bytes > 2000]", ACCESS, None),
    ],
)
def test_filter_patterns(logs, pattern, message, values):
    matches = logs.test_metric_filter(filterPattern=pattern, logEventMessages=["-", message])["matches"]
    of_message = [match for match in matches if match["eventNumber"] == 2]
    if values is None:
        assert of_message == []
    else:
        assert [match["eventMessage"] for match in of_message] == [message]
        assert of_message[0].get("extractedValues", {}) == values


@pytest.mark.parametrize(
    "pattern, message",
    [
        ("user@host", "Invalid character(s) in term '@'"),
        ('{ $.a >= "123" }', "Invalid character(s) in term '\"123\"'"),
        ("{ $.a = 1", "If a filter pattern starts with '{' it must end with '}'"),
        ("%a(b)%", "Invalid character(s) in term '('"),
    ],
)
def test_invalid_filter_patterns(logs, group, pattern, message):
    expected = ("InvalidParameterException", message)
    assert refused(lambda: logs.test_metric_filter(filterPattern=pattern, logEventMessages=["x"])) == expected
    assert refused(lambda: logs.filter_log_events(logGroupName=group, filterPattern=pattern)) == expected


def test_filter_log_events_takes_the_same_patterns(logs, requests):
    def messages(pattern):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=requests, filterPattern=pattern)
        return [event["message"] for page in pages for event in page["events"]]

    assert messages("START") == ["START plain text"]
    assert messages("{ $.status >= 400 && $.user.name = b* }") == [json.dumps(REQUESTS[1])]
    assert messages("[kind=START, ...]") == ["START plain text"]
    assert len(messages("")) == 4
    assert messages("{ $.status = 1 }") == []
