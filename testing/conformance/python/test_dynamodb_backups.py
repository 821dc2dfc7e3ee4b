"""Backups, point-in-time recovery and restores of tables, through boto3, over `kill -9`."""

import pytest

from refusals import refused

SCHEMA = {
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"}],
    "GlobalSecondaryIndexes": [
        {"IndexName": "by-g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}
    ],
}


@pytest.fixture(scope="module")
def dynamodb(server):
    return server.client("dynamodb")


def fill(dynamodb, name, count):
    dynamodb.create_table(TableName=name, **SCHEMA)
    for start in range(0, count, 25):
        items = [item(number, "old") for number in range(start, min(start + 25, count))]
        dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": one}} for one in items]})


def item(number, value):
    return {"p": {"S": f"p{number}"}, "g": {"S": f"g{number % 3}"}, "v": {"S": value}}


def contents(dynamodb, name, **more):
    pages = dynamodb.get_paginator("scan").paginate(TableName=name, **more)
    return sorted((one["p"]["S"], one["v"]["S"]) for page in pages for one in page["Items"])


def recover(dynamodb, name, enabled, **more):
    wanted = {"PointInTimeRecoveryEnabled": enabled, **more}
    answer = dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=wanted)
    return answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]


def test_a_backup_is_of_its_moment_over_writes_and_a_kill(server, dynamodb):
    fill(dynamodb, "large", 5000)
    before = contents(dynamodb, "large")
    arn = dynamodb.create_backup(TableName="large", BackupName="one")["BackupDetails"]["BackupArn"]
    for number in range(0, 200, 2):
        dynamodb.put_item(TableName="large", Item=item(number, "new"))
        dynamodb.delete_item(TableName="large", Key={"p": {"S": f"p{number + 1}"}})
    server.kill()
    server.start()
    server.settle()
    described = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]
    assert described["BackupDetails"]["BackupStatus"] == "AVAILABLE"
    assert described["SourceTableDetails"]["ItemCount"] == 5000
    made = dynamodb.restore_table_from_backup(
        TargetTableName="restored", BackupArn=arn, BillingModeOverride="PROVISIONED",
        ProvisionedThroughputOverride={"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
        SSESpecificationOverride={"Enabled": True, "SSEType": "KMS"},
    )["TableDescription"]
    assert made["TableStatus"] == "CREATING" and made["RestoreSummary"]["RestoreInProgress"]
    server.kill()
    server.start()
    server.settle()
    shown = dynamodb.describe_table(TableName="restored")["Table"]
    assert shown["TableStatus"] == "ACTIVE" and shown["SSEDescription"]["Status"] == "ENABLED"
    assert shown["ProvisionedThroughput"]["WriteCapacityUnits"] == 6
    assert contents(dynamodb, "restored") == contents(dynamodb, "restored", IndexName="by-g") == before
    bare = dynamodb.restore_table_from_backup(TargetTableName="bare", BackupArn=arn, GlobalSecondaryIndexOverride=[])
    assert "GlobalSecondaryIndexes" not in bare["TableDescription"]
    assert refused(dynamodb.delete_backup, BackupArn=arn)[0] == "BackupInUseException"
    server.settle()
    assert refused(dynamodb.restore_table_from_backup, TargetTableName="bare", BackupArn=arn) == (
        "TableAlreadyExistsException", "Table already exists: bare",
    )
    assert [one["BackupArn"] for one in dynamodb.list_backups(TableName="large")["BackupSummaries"]] == [arn]
    assert dynamodb.delete_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "DELETED"
    assert refused(dynamodb.describe_backup, BackupArn=arn) == ("BackupNotFoundException", f"Backup not found: {arn}")


def test_a_table_is_restored_to_a_second(server, dynamodb):
    fill(dynamodb, "timed", 50)
    assert recover(dynamodb, "timed", True, RecoveryPeriodInDays=7)["RecoveryPeriodInDays"] == 7
    server.advance("PT10S")
    before = contents(dynamodb, "timed")
    shown = dynamodb.describe_continuous_backups(TableName="timed")["ContinuousBackupsDescription"]
    moment = shown["PointInTimeRecoveryDescription"]["LatestRestorableDateTime"]
    server.advance("PT10S")
    dynamodb.put_item(TableName="timed", Item=item(1, "new"))
    restore = dynamodb.restore_table_to_point_in_time
    restore(SourceTableName="timed", TargetTableName="then", RestoreDateTime=moment)
    restore(SourceTableName="timed", TargetTableName="now", UseLatestRestorableTime=True)
    server.settle()
    assert contents(dynamodb, "then") == before
    assert contents(dynamodb, "now") == contents(dynamodb, "timed") != before
    dynamodb.delete_table(TableName="timed")
    (backup,) = dynamodb.list_backups(BackupType="SYSTEM")["BackupSummaries"]
    assert backup["BackupName"] == "timed$DeletedTableBackup"
    dynamodb.restore_table_from_backup(TargetTableName="timed", BackupArn=backup["BackupArn"])
    server.settle()
    assert contents(dynamodb, "timed") == contents(dynamodb, "now")


def test_what_is_missing_is_named(dynamodb):
    missing = ("TableNotFoundException", "Table not found: missing")
    assert refused(dynamodb.create_backup, TableName="missing", BackupName="one") == missing
    assert refused(dynamodb.describe_continuous_backups, TableName="missing") == missing
    wanted = {"PointInTimeRecoveryEnabled": True}
    call = dynamodb.update_continuous_backups
    assert refused(call, TableName="missing", PointInTimeRecoverySpecification=wanted) == missing
    dynamodb.create_table(TableName="plain", **SCHEMA)
    call = dynamodb.restore_table_to_point_in_time
    assert refused(call, SourceTableName="plain", TargetTableName="other", UseLatestRestorableTime=True) == (
        "PointInTimeRecoveryUnavailableException", "Point in time recovery is not enabled for table 'plain'",
    )


def test_everything_stored_holds_together(server):
    assert server.stop() == 0
    checked = server.run("check", str(server.data))
    assert checked.returncode == 0, checked.stderr
    server.start()
