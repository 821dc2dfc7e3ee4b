"""What owners of log groups want of them, through boto3: masking, transformers, indexes, policies of accounts,
deliveries, anomaly detectors; and the AWS CLI and Insights on top of them."""

import base64
import gzip
import itertools
import json

import pytest

from queues import attribute, receive
from refusals import refused
from tidegate import ACCOUNT, REGION

_numbers = itertools.count(1)
MANAGED = "arn:aws:dataprotection::aws:data-identifier/"


@pytest.fixture(scope="module")
def logs(server):
    return server.client("logs", inject_host_prefix=False)


@pytest.fixture
def group(logs):
    name = f"/rules/group-{next(_numbers)}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return name


@pytest.fixture
def now(logs):
    name = f"now-{next(_numbers)}"
    logs.create_log_group(logGroupName=name)
    return logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["creationTime"]


@pytest.fixture
def put(logs, now):
    def put(group, *lines):
        events = [{"timestamp": now + number, "message": line} for number, line in enumerate(lines)]
        return logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)

    return put


def messages(answer):
    return [event["message"] for event in answer["events"]]


def unpacked(body):
    return json.loads(gzip.decompress(base64.b64decode(json.loads(body)["awslogs"]["data"])))


def protection(*names):
    identifiers = [MANAGED + name for name in names]
    return json.dumps({
        "Name": "p",
        "Description": "",
        "Version": "2021-06-01",
        "Statement": [
            {"Sid": "audit", "DataIdentifier": identifiers, "Operation": {"Audit": {"FindingsDestination": {}}}},
            {"Sid": "redact", "DataIdentifier": identifiers, "Operation": {"Deidentify": {"MaskConfig": {}}}},
        ],
    })


def queried(server, logs, text, now, **groups):
    query = logs.start_query(queryString=text, startTime=now // 1000 - 60, endTime=now // 1000 + 60, **groups)["queryId"]
    server.settle()
    answer = logs.get_query_results(queryId=query)
    assert answer["status"] == "Complete"
    return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in answer["results"]]


def test_sensitive_parts_are_masked(server, logs, group, put, now):
    document = protection("EmailAddress", "CreditCardNumber")
    answer = logs.put_data_protection_policy(logGroupIdentifier=group, policyDocument=document)
    assert answer["policyDocument"] == document
    put(group, "mail jane@example.com", "card 4111 1111 1111 1111", "nothing")
    masked = ["mail ****************", "card *******************", "nothing"]
    assert messages(logs.get_log_events(logGroupName=group, logStreamName="s", startFromHead=True)) == masked
    assert messages(logs.filter_log_events(logGroupName=group)) == masked
    assert messages(logs.filter_log_events(logGroupName=group, unmask=True))[0] == "mail jane@example.com"
    rows = queried(server, logs, "fields unmask(@message) as clear | filter @message like /mail/", now, logGroupName=group)
    assert [row["clear"] for row in rows] == ["mail jane@example.com"]
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["dataProtectionStatus"] == "ACTIVATED"
    logs.delete_data_protection_policy(logGroupIdentifier=group)
    assert "policyDocument" not in logs.get_data_protection_policy(logGroupIdentifier=group)


def test_live_tail_and_metrics_see_masked_events(server, logs, group, put):
    logs.put_data_protection_policy(logGroupIdentifier=group, policyDocument=protection("EmailAddress"))
    metric = {"metricName": "mails", "metricNamespace": "n", "metricValue": "1", "dimensions": {"Who": "$.who"}}
    logs.put_metric_filter(logGroupName=group, filterName="f", filterPattern="{ $.who = * }", metricTransformations=[metric])
    identifier = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
    stream = logs.start_live_tail(logGroupIdentifiers=[identifier])["responseStream"]
    events = iter(stream)
    assert "sessionStart" in next(events)
    put(group, json.dumps({"who": "jane@example.com"}))
    results = []
    while not results:
        results = next(events)["sessionUpdate"]["sessionResults"]
    stream.close()
    assert [json.loads(result["message"]) for result in results] == [{"who": "*" * 16}]
    lines = [line for line in server.request("GET", "/_tidegate/metrics").text.splitlines() if 'metric="mails"' in line]
    assert lines and all(f'dimensions="Who={"*" * 16}"' in line for line in lines)


def test_events_are_transformed(server, logs, group, put, now):
    config = [
        {"parseJSON": {}},
        {"addKeys": {"entries": [{"key": "env", "value": "test"}]}},
        {"renameKeys": {"entries": [{"key": "lvl", "renameTo": "level"}]}},
        {"upperCaseString": {"withKeys": ["level"]}},
        {"copyValue": {"entries": [{"source": "@logGroupName", "target": "origin"}]}},
    ]
    logs.put_transformer(logGroupIdentifier=group, transformerConfig=config)
    assert logs.get_transformer(logGroupIdentifier=group)["transformerConfig"] == config
    put(group, '{"lvl":"warn","n":1}', "no JSON")
    assert messages(logs.filter_log_events(logGroupName=group)) == ['{"lvl":"warn","n":1}', "no JSON"]
    rows = queried(server, logs, "fields level, env, origin | filter ispresent(level)", now, logGroupName=group)
    assert rows == [{"level": "WARN", "env": "test", "origin": group}]
    tried = logs.test_transformer(transformerConfig=config[:2], logEventMessages=['{"a":1}'])["transformedLogs"]
    assert json.loads(tried[0]["transformedEventMessage"]) == {"a": 1, "env": "test"}
    logs.delete_transformer(logGroupIdentifier=group)
    assert refused(logs.get_transformer, logGroupIdentifier=group)[0] == "ResourceNotFoundException"


def test_an_account_has_a_subscription(logs, sqs, make, group, put):
    queue = make()
    other = f"/rules/other-{next(_numbers)}"
    logs.create_log_group(logGroupName=other)
    logs.create_log_stream(logGroupName=other, logStreamName="s")
    policy = {"policyName": "all", "policyType": "SUBSCRIPTION_FILTER_POLICY"}
    document = json.dumps({"DestinationArn": attribute(sqs, queue, "QueueArn"), "FilterPattern": "ERROR", "Distribution": "Random"})
    criteria = json.dumps([other])
    logs.put_account_policy(**policy, policyDocument=document, selectionCriteria=f"LogGroupName NOT IN {criteria}", scope="ALL")
    put(group, "ERROR a", "fine")
    put(other, "ERROR b")
    received = [unpacked(message["Body"]) for message in receive(sqs, queue)]
    assert [(r["logGroup"], r["policyLevel"], [e["message"] for e in r["logEvents"]]) for r in received] == [(group, "ACCOUNT_LEVEL_POLICY", ["ERROR a"])]
    found = logs.describe_account_policies(policyType="SUBSCRIPTION_FILTER_POLICY")["accountPolicies"]
    assert [(p["policyName"], p["accountId"], p["scope"]) for p in found] == [("all", ACCOUNT, "ALL")]
    second = {**policy, "policyName": "second", "policyDocument": document}
    assert refused(logs.put_account_policy, **second) == ("LimitExceededException", "Resource limit exceeded.")
    logs.delete_account_policy(**policy)
    assert logs.describe_account_policies(policyType="SUBSCRIPTION_FILTER_POLICY")["accountPolicies"] == []


def test_fields_are_indexed(logs, group):
    document = json.dumps({"Fields": ["requestId", "userId"]})
    policy = logs.put_index_policy(logGroupIdentifier=group, policyDocument=document)["indexPolicy"]
    assert (policy["source"], policy["policyDocument"]) == ("LOG_GROUP", document)
    fields = logs.describe_field_indexes(logGroupIdentifiers=[group])["fieldIndexes"]
    assert [field["fieldIndexName"] for field in fields] == ["requestId", "userId"]
    logs.delete_index_policy(logGroupIdentifier=group)
    assert logs.describe_index_policies(logGroupIdentifiers=[group])["indexPolicies"] == []


def test_deliveries(logs, bucket):
    source = f"source-{next(_numbers)}"
    logs.put_delivery_source(name=source, resourceArn=f"arn:aws:cloudfront::{ACCOUNT}:distribution/D", logType="ACCESS_LOGS")
    target = logs.put_delivery_destination(
        name="target", outputFormat="json", deliveryDestinationConfiguration={"destinationResourceArn": f"arn:aws:s3:::{bucket}"}
    )["deliveryDestination"]
    delivery = logs.create_delivery(deliverySourceName=source, deliveryDestinationArn=target["arn"], tags={"a": "b"})["delivery"]
    assert logs.get_delivery(id=delivery["id"])["delivery"] == delivery
    assert logs.list_tags_for_resource(resourceArn=delivery["arn"])["tags"] == {"a": "b"}
    assert refused(logs.delete_delivery_source, name=source)[0] == "ConflictException"
    logs.delete_delivery(id=delivery["id"])
    logs.delete_delivery_source(name=source)
    logs.delete_delivery_destination(name="target")


def test_a_group_of_the_other_class_has_less(logs):
    name = f"/rules/rare-{next(_numbers)}"
    logs.create_log_group(logGroupName=name, logGroupClass="INFREQUENT_ACCESS")
    words = "This operation is only supported on the Standard log class."
    metric = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
    assert refused(logs.put_metric_filter, logGroupName=name, filterName="f", filterPattern="", metricTransformations=[metric]) == ("ValidationException", words)
    assert refused(logs.put_index_policy, logGroupIdentifier=name, policyDocument='{"Fields":["a"]}') == ("ValidationException", words)


def test_a_groups_resource_policy(logs, group):
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
    first = logs.put_resource_policy(resourceArn=arn, policyDocument='{"Statement":[]}')["revisionId"]
    second = logs.put_resource_policy(resourceArn=arn, policyDocument='{"Statement":[{}]}', expectedRevisionId=first)["revisionId"]
    assert first != second
    assert refused(logs.delete_resource_policy, resourceArn=arn, expectedRevisionId=first)[0] == "OperationAbortedException"
    found = logs.describe_resource_policies(resourceArn=arn)["resourcePolicies"]
    assert [(policy["policyScope"], policy["revisionId"]) for policy in found] == [("RESOURCE", second)]
    logs.delete_resource_policy(resourceArn=arn, expectedRevisionId=second)


def test_patterns_of_groups_that_the_query_names(server, logs, group, put, now):
    put(group, "took 5 ms", "took 17 ms", "[ERROR] failed")
    text = f'SOURCE logGroups(namePrefix: ["{group}"]) | pattern @message'
    rows = queried(server, logs, text, now)
    assert rows[0] == {"@pattern": "took <Number-1> ms", "@ratio": "0.6667", "@sampleCount": "2", "@severityLabel": "NONE"}
    assert rows[1]["@severityLabel"] == "ERROR"
