"""What queries know beside their events: joins, subqueries, lookup tables, earlier times; events as streams; integrations."""

import json
import time

import boto3
import pytest
from botocore.config import Config

from test_insights import finished, logs, refused, rows, start, write  # noqa: F401  (a fixture among them)
from tidegate import ACCOUNT, REGION

_number = iter(range(1, 1000))


@pytest.fixture
def two_groups(logs):
    number = next(_number)
    api, database = f"/join/{number}/api", f"/join/{number}/db"
    for name in (api, database):
        logs.create_log_group(logGroupName=name)
    write(logs, api, [json.dumps({"requestId": f"r{at}", "path": f"/{at}"}) for at in range(4)])
    write(logs, database, [json.dumps({"requestId": f"r{at}", "ms": at * 10}) for at in (1, 3, 3)] + ["text"])
    return api, database


def test_join(logs, two_groups):
    api, database = two_groups
    query = f"join type=inner left=api right=db where api.requestId=db.requestId (SOURCE '{database}' | filter ms > 5) | fields api.path, db.ms | sort db.ms, api.path"
    assert rows(logs, api, query) == [{"api.path": "/1", "db.ms": "10"}] + [{"api.path": "/3", "db.ms": "30"}] * 2
    query = f"join type=left left=api right=db where api.requestId=db.requestId (SOURCE '{database}') | stats count(db.ms) as n by api.path | sort api.path"
    assert [row["n"] for row in rows(logs, api, query)] == ["0", "1", "0", "2"]


def test_subqueries(logs, two_groups):
    api, database = two_groups
    found = rows(logs, api, f"filter requestId in (SOURCE '{database}' | filter ms >= 30 | fields requestId) | fields path")
    assert found == [{"path": "/3"}]
    found = rows(logs, api, f"filter requestId not in (SOURCE logGroups(namePrefix: ['{database}']) | fields requestId) | fields path | sort path")
    assert found == [{"path": "/0"}, {"path": "/2"}]
    words = f"Log group '/none' does not exist for account ID '{ACCOUNT}'"
    assert refused(lambda: start(logs, api, "filter a in (SOURCE '/none' | fields a)")) == ("ResourceNotFoundException", words)


def test_source_names_groups(logs, two_groups):
    now = int(time.time())
    query = f"SOURCE '{two_groups[0]}', '{two_groups[1]}' | stats count(*) as n"
    query_id = logs.start_query(startTime=now - 3600, endTime=now + 60, queryString=query)["queryId"]
    assert finished(logs, query_id)["results"] == [[{"field": "n", "value": "8"}]]


def test_diff(logs):
    group = f"/diff/{next(_number)}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = int(time.time())
    day_ago = (now - 86_400) * 1000
    old = [{"timestamp": day_ago, "message": text} for text in ("took 1 ms", "gone")]
    new = [{"timestamp": now * 1000, "message": text} for text in ("took 2 ms", "took 3 ms", "[ERROR] new")]
    for events in (old, new):
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    found = {row["@pattern"]: row for row in rows(logs, group, "pattern @message | diff previousDay")}
    assert (found["took <Number-1> ms"]["@sampleCount"], found["took <Number-1> ms"]["@baselineSampleCount"]) == ("2", "1")
    assert {key: row["@differenceDescription"] for key, row in found.items()} == {"took <Number-1> ms": "+100%", "[ERROR] new": "New", "gone": "Disappeared"}
    assert found["[ERROR] new"]["@severityLabel"] == "ERROR"


def test_commands_about_all_rows(logs):
    group = f"/whole/{next(_number)}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    minute = int(time.time()) // 60 * 60_000 - 600_000
    events = [{"timestamp": minute + at * 60_000, "message": json.dumps({"ms": at + 1})} for at in (0, 3)]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    query = "stats sum(ms) as total by bin(1m) as t | fillmissing with 0 for total | accum total as sum | display total, sum"
    assert [(row["total"], row["sum"]) for row in rows(logs, group, query)] == [("1", "1"), ("0", "1"), ("0", "1"), ("4", "5")]
    query = "fields ms, ms * 2 as twice | sort ms | addtotals col=true | display ms, twice, Total"
    assert rows(logs, group, query)[-1] == {"ms": "5", "twice": "10", "Total": "15"}


def test_lookup_tables(logs, two_groups):
    body = 'path,team,owner\n/1,red,"Ann, A."\n/3,blue,Bob\n'
    made = logs.create_lookup_table(lookupTableName="teams", tableBody=body, description="who", tags={"a": "b"})
    arn = made["lookupTableArn"]
    assert arn == f"arn:aws:logs:{REGION}:{ACCOUNT}:lookup-table:teams" and made["createdAt"] > 0
    assert refused(lambda: logs.create_lookup_table(lookupTableName="teams", tableBody=body))[0] == "ResourceAlreadyExistsException"
    assert refused(lambda: logs.create_lookup_table(lookupTableName="odd", tableBody="a,b\n1\n"))[0] == "ValidationException"
    table = logs.get_lookup_table(lookupTableArn=arn)
    assert (table["tableBody"], table["sizeBytes"], table["description"]) == (body, len(body), "who")
    (shown,) = logs.describe_lookup_tables(lookupTableNamePrefix="tea")["lookupTables"]
    assert (shown["tableFields"], shown["recordsCount"]) == (["path", "team", "owner"], 2)
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    query = "lookup teams path as path OUTPUT team, owner | filter ispresent(team) | sort path | display path, team, owner"
    assert rows(logs, two_groups[0], query) == [
        {"path": "/1", "team": "red", "owner": "Ann, A."}, {"path": "/3", "team": "blue", "owner": "Bob"},
    ]
    assert refused(lambda: start(logs, two_groups[0], "lookup none path as path OUTPUT team"))[0] == "ResourceNotFoundException"
    assert refused(lambda: start(logs, two_groups[0], "lookup teams path as path OUTPUT none"))[0] == "InvalidParameterException"
    logs.update_lookup_table(lookupTableArn=arn, tableBody="path,team\n/1,green\n")
    assert rows(logs, two_groups[0], "lookup teams path OUTPUT team | filter ispresent(team) | display team") == [{"team": "green"}]
    assert logs.get_lookup_table(lookupTableArn=arn)["description"] == "who"
    logs.delete_lookup_table(lookupTableArn=arn)
    assert refused(lambda: logs.get_lookup_table(lookupTableArn=arn))[0] == "ResourceNotFoundException"
    assert refused(lambda: logs.delete_lookup_table(lookupTableArn=arn))[0] == "ResourceNotFoundException"


def test_an_event_as_a_stream(logs, server):
    group = f"/object/{next(_number)}"
    logs.create_log_group(logGroupName=group)
    write(logs, group, [json.dumps({"id": 7, "long": "x" * 200_000})])
    answer = finished(logs, start(logs, group, "fields id"))
    pointer = next(field["value"] for field in answer["results"][0] if field["field"] == "@ptr")
    config = Config(inject_host_prefix=False)
    streaming = boto3.client("logs", endpoint_url=server.url, config=config, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")
    pieces = [event["fields"]["data"] for event in streaming.get_log_object(logObjectPointer=pointer)["fieldStream"]]
    record = json.loads(b"".join(pieces))
    assert len(pieces) > 1 and record["id"] == "7" and record == logs.get_log_record(logRecordPointer=pointer)["logRecord"]
    assert refused(lambda: streaming.get_log_object(logObjectPointer="none"))[0] == "InvalidParameterException"


def test_fields_of_a_data_source(logs):
    group = f"/source/{next(_number)}"
    logs.create_log_group(logGroupName=group, tags={"cw:datasource:name": "shop", "cw:datasource:type": "orders"})
    write(logs, group, [json.dumps({"id": 1, "price": 1.5, "paid": True, "lines": [{"n": "a"}], "to": {"city": "b"}}), "text"])
    fields = {field["logFieldName"]: field["logFieldType"] for field in logs.get_log_fields(dataSourceName="shop", dataSourceType="orders")["logFields"]}
    assert (fields["id"], fields["price"], fields["paid"]) == ({"type": "long"}, {"type": "double"}, {"type": "boolean"})
    assert fields["lines"]["element"]["fields"] == [{"logFieldName": "n", "logFieldType": {"type": "string"}}]
    assert fields["to"]["type"] == "struct" and fields["@timestamp"] == {"type": "timestamp"}
    assert refused(lambda: logs.get_log_fields(dataSourceName="shop", dataSourceType="none"))[0] == "ResourceNotFoundException"
    (summary,) = logs.list_aggregate_log_group_summaries(groupBy="DATA_SOURCE_NAME_AND_TYPE")["aggregateLogGroupSummaries"]
    assert summary["logGroupCount"] == 1
    assert [each["value"] for each in summary["groupingIdentifiers"]] == ["shop", "orders"]


def test_a_masked_number_leaves_the_other_fields(logs):
    group = f"/masked/{next(_number)}"
    logs.create_log_group(logGroupName=group)
    identifier = "arn:aws:dataprotection::aws:data-identifier/CreditCardNumber"
    statement = {"DataIdentifier": [identifier]}
    policy = {
        "Name": "p", "Version": "2021-06-01",
        "Statement": [{**statement, "Sid": "a", "Operation": {"Audit": {"FindingsDestination": {}}}}, {**statement, "Sid": "m", "Operation": {"Deidentify": {"MaskConfig": {}}}}],
    }
    logs.put_data_protection_policy(logGroupIdentifier=group, policyDocument=json.dumps(policy))
    write(logs, group, ['{"card":4111111111111111,"id":7}'])
    (row,) = rows(logs, group, "fields card, id")
    assert row["id"] == "7" and set(row["card"]) == {"*"}


def test_integrations(logs):
    config = {"openSearchResourceConfig": {"dataSourceRoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "dashboardViewerPrincipals": ["arn"], "retentionDays": 30}}
    put = {"integrationName": "dash", "resourceConfig": config, "integrationType": "OPENSEARCH"}
    assert logs.put_integration(**put)["integrationStatus"] == "ACTIVE"
    assert logs.put_integration(**put)["integrationName"] == "dash"
    assert refused(lambda: logs.put_integration(**{**put, "integrationName": "other"}))[0] == "LimitExceededException"
    assert logs.get_integration(integrationName="dash")["integrationType"] == "OPENSEARCH"
    assert [each["integrationName"] for each in logs.list_integrations(integrationNamePrefix="d")["integrationSummaries"]] == ["dash"]
    logs.delete_integration(integrationName="dash")
    assert refused(lambda: logs.get_integration(integrationName="dash"))[0] == "ResourceNotFoundException"


def test_what_needs_services_that_are_not_here(logs):
    detector = f"arn:aws:logs:{REGION}:{ACCOUNT}:anomaly-detector:14e0db71-5d35-4eb5-b481-8945cf9d10c2"
    anomaly = {"anomalyDetectorArn": detector, "anomalyId": "14e0db71-5d35-4eb5-b481-8945cf9d10c2"}
    integration = f"arn:aws:observabilityadmin:{REGION}:{ACCOUNT}:s3tableintegration/i"
    store = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:eventdatastore/e"
    for call in (
        lambda: logs.update_anomaly(**anomaly),
        lambda: logs.cancel_import_task(importId="i"),
        lambda: logs.describe_import_task_batches(importId="i"),
        lambda: logs.create_import_task(importSourceArn=store, importRoleArn=f"arn:aws:iam::{ACCOUNT}:role/r"),
        lambda: logs.list_sources_for_s3_table_integration(integrationArn=integration),
        lambda: logs.associate_source_to_s3_table_integration(integrationArn=integration, dataSource={"name": "n"}),
        lambda: logs.disassociate_source_from_s3_table_integration(identifier="i"),
    ):
        assert refused(call)[0] == "ResourceNotFoundException"
    assert logs.describe_import_tasks()["imports"] == []
    assert logs.describe_configuration_templates()["configurationTemplates"] == []
