"""Walks every operation that is served: what it is called with, and what a refusal of it says.

Requests are made from botocore's models: what must be there, with values that name things which exist
(`World`), and the smallest value of its type for everything else.
"""

import base64
import json
import re
from pathlib import Path

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT, REGION = "000000000000", "us-east-1"
SERVICES = ["iam", "sqs", "dynamodb", "dynamodbstreams", "logs", "lambda", "s3", "ses", "sesv2", "sts"]
COVERAGE = Path(__file__).resolve().parents[3] / "docs" / "coverage.md"
REFUSAL = re.compile(r"User: (\S+) is not authorized to perform: (\S+) on resource: (\S+?)(?= |$)(.*)", re.S)


def served(service: str) -> list[str]:
    """The operations of a service that do something, as the coverage table has it."""
    section = COVERAGE.read_text().split(f"\n## {service}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (\w+) \| ([^|]+) \|", section, re.M)
    return [name for name, state in rows if name != "operation" and state.strip() != "not implemented"]


def client(url: str, key: tuple, service: str):
    # What is refused is not sent again, and what is invalid is the server's to refuse.
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False, read_timeout=20, s3={"addressing_style": "path"})
    token = key[2] if len(key) > 2 else None
    return boto3.client(service, endpoint_url=url, region_name=REGION, aws_access_key_id=key[0],
                        aws_secret_access_key=key[1], aws_session_token=token, config=config.merge(Config(inject_host_prefix=False)))


def arguments(model, given: dict) -> dict:
    """Arguments for an operation: what it requires, and of what is given what it knows."""
    shape = model.input_shape
    if shape is None:
        return {}
    made = {name: minimal(shape.members[name], name) for name in shape.required_members}
    return made | {name: value for name, value in given.items() if name in shape.members and value is not None}


def minimal(shape, name: str = "", depth: int = 0):
    """The smallest value of a shape."""
    kind = shape.type_name
    if kind == "structure":
        return {inner: minimal(shape.members[inner], inner, depth + 1) for inner in shape.required_members if depth < 6}
    if kind == "list":
        return [minimal(shape.member, name, depth + 1)]
    if kind == "map":
        return {"x": minimal(shape.value, name, depth + 1)}
    if kind == "string":
        return shape.enum[0] if getattr(shape, "enum", None) else "x" * max(1, int(shape.metadata.get("min", 1)))
    return {"blob": b"x", "boolean": True, "timestamp": 1_700_000_000, "float": 1.0, "double": 1.0}.get(kind, int(shape.metadata.get("min", 1)))


class Refusal:
    """Who was refused what, and why."""

    def __init__(self, error: ClientError):
        said = REFUSAL.search(error.response["Error"].get("Message", ""))
        self.code = error.response["Error"]["Code"]
        self.status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        self.who, self.action, self.resource, self.why = said.groups() if said else (None, None, None, None)
        self.resource = self.resource and self.resource.strip('"')


def attempt(client, operation: str, values: dict) -> Refusal | None:
    """Calls an operation. A refusal is answered; whatever else happens is of no interest."""
    try:
        answer = getattr(client, xform_name(operation))(**values)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("AccessDenied", "AccessDeniedException", "403"):
            return Refusal(error)
        if code in ("MissingAuthenticationToken", "InvalidClientTokenId", "SignatureDoesNotMatch", "NotImplemented"):
            raise
        return None
    body = [value for value in answer.values() if hasattr(value, "close") or type(value).__name__ == "EventStream"]
    for stream in body:
        stream.close()
    return None


def allow(*needs: tuple[str, str], **more) -> str:
    """A policy that allows exactly these actions on these resources."""
    statements = [{"Effect": "Allow", "Action": action, "Resource": resource} | more for action, resource in needs]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


ROLE = f"arn:aws:iam::{ACCOUNT}:role/service"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com", "logs.amazonaws.com"]}, "Action": "sts:AssumeRole"}]}

OF_PEOPLE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}


class World:
    """One of everything, made by the account's root; and what operations are called with."""

    def __init__(self, clients):
        self.clients = clients
        self.given = {name: getattr(self, f"_{name}")() for name in SERVICES}

    def arguments(self, service: str, operation: str) -> dict:
        general, special = self.given[service]
        model = self.clients(service).meta.service_model.operation_model(operation)
        return arguments(model, general | special.get(operation, {}))

    def fill(self, resource: str) -> str:
        """A resource of the table: account and region are written out there, what is drawn is not."""
        return resource.format(backup=self.backup, stream=self.stream, tenant=self.tenant)

    def _iam(self):
        iam = self.clients("iam")
        iam.create_role(RoleName="service", AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.create_role(RoleName="person", AssumeRolePolicyDocument=json.dumps(OF_PEOPLE))
        iam.create_user(UserName="person", Path="/people/")
        self.access_key = iam.create_access_key(UserName="person")["AccessKey"]["AccessKeyId"]
        iam.create_group(GroupName="group")
        iam.create_policy(PolicyName="policy", PolicyDocument=allow(("sqs:*", "*")))
        device = f"arn:aws:iam::{ACCOUNT}:mfa/device"
        general = {
            "RoleName": "service", "UserName": "person", "GroupName": "group", "InstanceProfileName": "profile",
            "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/policy", "PolicyDocument": allow(("sqs:*", "*")),
            "PolicyName": "policy", "VirtualMFADeviceName": "device", "SerialNumber": device, "ServerCertificateName": "certificate",
            "OpenIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example", "Url": "https://idp.example",
            "SAMLProviderArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/saml", "AWSServiceName": "lambda.amazonaws.com",
            "PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:user/people/person", "Arn": f"arn:aws:iam::{ACCOUNT}:user/people/person",
            "AssumeRolePolicyDocument": json.dumps(TRUST),
        }
        special = {name: {"Name": "saml"} for name in ("CreateSAMLProvider",)}
        codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
        special |= {
            "EnableMFADevice": codes, "ResyncMFADevice": codes, "GetPolicyVersion": {"VersionId": "v1"},
            "SetDefaultPolicyVersion": {"VersionId": "v1"}, "DeletePolicyVersion": {"VersionId": "v1"},
            "GetServiceLinkedRoleDeletionStatus": {"DeletionTaskId": "task/aws-service-role/lambda.amazonaws.com/AWSServiceRoleForLambda/1"},
            "UpdateUser": {"NewPath": None}, "UpdateGroup": {"NewGroupName": "others"}, "GetAccessKeyLastUsed": {"AccessKeyId": self.access_key},
            "ListPolicies": {"PolicyUsageFilter": None},
        }
        return general, special

    def _sqs(self):
        url = self.clients("sqs").create_queue(QueueName="queue")["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"
        self.clients("sqs").create_queue(QueueName="source", Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})})
        task = self.clients("sqs").start_message_move_task(SourceArn=arn)["TaskHandle"]
        return {"QueueUrl": url, "QueueName": "queue", "SourceArn": arn, "TaskHandle": task}, {}

    def _dynamodb(self):
        dynamodb = self.clients("dynamodb")
        made = dynamodb.create_table(
            TableName="table", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )["TableDescription"]
        self.table, self.stream = made["TableArn"], made["LatestStreamArn"]
        self.backup = dynamodb.create_backup(TableName="table", BackupName="backup")["BackupDetails"]["BackupArn"]
        key = {"pk": {"S": "x"}}
        general = {"TableName": "table", "ResourceArn": self.table, "BackupArn": self.backup, "Key": key, "Item": key, "TargetTableName": "target",
                   "SourceTableName": "table", "KeyConditionExpression": "pk = :x", "ExpressionAttributeValues": {":x": {"S": "x"}}}
        special = {
            "BatchGetItem": {"RequestItems": {"table": {"Keys": [key]}}},
            "BatchWriteItem": {"RequestItems": {"table": [{"PutRequest": {"Item": key}}]}},
            "TransactGetItems": {"TransactItems": [{"Get": {"TableName": "table", "Key": key}}]},
            "TransactWriteItems": {"TransactItems": [{"Put": {"TableName": "table", "Item": key}}, {"Delete": {"TableName": "table", "Key": {"pk": {"S": "y"}}}}]},
            "ExecuteStatement": {"Statement": "SELECT * FROM \"table\" WHERE pk = 'x'"},
            "BatchExecuteStatement": {"Statements": [{"Statement": "SELECT * FROM \"table\" WHERE pk = 'x'"}]},
            "ExecuteTransaction": {"TransactStatements": [{"Statement": "DELETE FROM \"table\" WHERE pk = 'x'"}]},
            "CreateTable": {"TableName": "other"}, "ListTables": {}, "DescribeLimits": {},
        }
        return general, special

    def _dynamodbstreams(self):
        streams = self.clients("dynamodbstreams")
        shard = streams.describe_stream(StreamArn=self.stream)["StreamDescription"]["Shards"][0]["ShardId"]
        iterator = streams.get_shard_iterator(StreamArn=self.stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        return {"StreamArn": self.stream, "ShardId": shard, "ShardIterator": iterator}, {}

    def _logs(self):
        logs = self.clients("logs")
        logs.create_log_group(logGroupName="group")
        logs.create_log_stream(logGroupName="group", logStreamName="stream")
        group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:group"
        pointer = base64.b64encode(b"1\n0\n0\ngroup\nstream").decode()
        general = {"logGroupName": "group", "logStreamName": "stream", "destinationName": "destination", "resourceArn": group, "roleArn": ROLE,
                   "name": "source", "deliveryDestinationName": "goal", "id": "delivery",
                   "deliveryDestinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:delivery-destination:goal",
                   "anomalyDetectorArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:anomaly-detector:14e0db71-5d35-4eb5-b481-8945cf9d10c2",
                   "logGroupIdentifier": "group", "queryString": "fields @message", "logRecordPointer": pointer, "logObjectPointer": pointer,
                   "lookupTableName": "table", "tableBody": "a\n1\n", "lookupTableArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:lookup-table:table",
                   "integrationName": "integration", "integrationArn": f"arn:aws:observabilityadmin:{REGION}:{ACCOUNT}:s3tableintegration/i"}
        special = {
            "StartQuery": {"logGroupName": "group"}, "StartLiveTail": {"logGroupIdentifiers": [group]},
            "PutSubscriptionFilter": {"roleArn": None}, "ListLogGroups": {"logGroupName": None}, "FilterLogEvents": {"logStreamName": None},
            "GetLogEvents": {"logGroupIdentifier": None}, "ListAggregateLogGroupSummaries": {"groupBy": "DATA_SOURCE_NAME_AND_TYPE"},
            "PutAccountPolicy": {"policyType": "SUBSCRIPTION_FILTER_POLICY", "policyDocument": json.dumps({"DestinationArn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s", "RoleArn": ROLE})},
            "DeleteAccountPolicy": {"policyType": "SUBSCRIPTION_FILTER_POLICY"},
            "DescribeFieldIndexes": {"logGroupIdentifiers": ["group"]}, "DescribeIndexPolicies": {"logGroupIdentifiers": ["group"]},
            "CreateLogAnomalyDetector": {"logGroupArnList": [group]}, "PutDeliverySource": {"resourceArn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/D"},
            "PutDeliveryDestination": {"name": "goal"}, "GetDeliveryDestination": {"name": "goal"}, "DeleteDeliveryDestination": {"name": "goal"},
            "CreateDelivery": {"deliverySourceName": "source"}, "PutResourcePolicy": {"resourceArn": None}, "DeleteResourcePolicy": {"resourceArn": None},
        }
        return general, special

    def _lambda(self):
        layer = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:layer"
        function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:function"
        general = {"FunctionName": "function", "LayerName": "layer", "VersionNumber": 1, "Name": "alias", "Resource": function,
                   "UUID": "14e0db71-5d35-4eb5-b481-8945cf9d10c2", "Role": ROLE,
                   "CodeSigningConfigArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:code-signing-config:csc-0f6c334abcdea4d8b",
                   "CapacityProviderName": "capacity"}
        special = {
            "GetLayerVersionByArn": {"Arn": f"{layer}:1"}, "UpdateFunctionConfiguration": {"Role": None},
            "GetFunctionRecursionConfig": {}, "CreateEventSourceMapping": {"EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"},
            "ListEventSourceMappings": {"FunctionName": None}, "ListLayers": {}, "InvokeAsync": {"InvokeArgs": b"{}"},
            "AddLayerVersionPermission": {"Principal": "*", "Action": "lambda:GetLayerVersion"},
            "AddPermission": {"Principal": ACCOUNT, "Action": "lambda:InvokeFunction"}, "CreateAlias": {"FunctionVersion": "1"},
            "CreateCodeSigningConfig": {"AllowedPublishers": {"SigningProfileVersionArns": [f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/p/1234567890"]}},
            "GetFunctionScalingConfig": {"Qualifier": "1"}, "PutFunctionScalingConfig": {"Qualifier": "1"},
        }
        return general, special

    def _s3(self):
        s3 = self.clients("s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="key", Body=b"x")
        general = {"Bucket": "bucket", "Key": "key", "CopySource": "bucket/key", "UploadId": "upload", "PartNumber": 1}
        rules = {"Rules": [{"Status": "Enabled", "Prefix": "", "Expiration": {"Days": 1}}]}
        special = {
            "PutBucketLifecycle": {"LifecycleConfiguration": rules}, "PutBucketLifecycleConfiguration": {"LifecycleConfiguration": rules},
            "PutObjectLegalHold": {"LegalHold": {"Status": "ON"}}, "PutObjectLockConfiguration": {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}},
            "PutObjectRetention": {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": 1_900_000_000}}, "RestoreObject": {"RestoreRequest": {"Days": 1}},
        }
        return general, special

    def _ses(self):
        ses = self.clients("sesv2")
        ses.create_email_identity(EmailIdentity="shop.example")
        ses.create_configuration_set(ConfigurationSetName="set")
        source = "me@shop.example"
        destination = {"ToAddresses": ["you@example.org"]}
        general = {"Source": source, "Destination": destination, "Identity": "shop.example", "TemplateName": "template",
                   "ConfigurationSetName": "set", "RuleSetName": "rules"}
        special = {
            "SendRawEmail": {"RawMessage": {"Data": f"From: {source}\r\nTo: you@example.org\r\n\r\nx\r\n".encode()}, "ConfigurationSetName": None},
            "SendTemplatedEmail": {"Template": "template", "ConfigurationSetName": None, "TemplateData": "{}"},
            "SendBulkTemplatedEmail": {"Template": "template", "ConfigurationSetName": None, "DefaultTemplateData": "{}", "Destinations": [{"Destination": destination}]},
            "SendEmail": {"ConfigurationSetName": None, "Message": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
            "CreateConfigurationSetTrackingOptions": {"TrackingOptions": {"CustomRedirectDomain": "shop.example"}},
            "UpdateConfigurationSetTrackingOptions": {"TrackingOptions": {"CustomRedirectDomain": "shop.example"}},
            "SendBounce": {"BounceSender": source},
            "SendCustomVerificationEmail": {"EmailAddress": "you@example.org", "ConfigurationSetName": None},
        }
        return general, special

    def _sesv2(self):
        self.tenant = self.clients("sesv2").create_tenant(TenantName="tenant")["TenantArn"]
        source = "me@shop.example"
        destination = {"ToAddresses": ["you@example.org"]}
        general = {"EmailIdentity": "shop.example", "ConfigurationSetName": "set", "TemplateName": "template", "ContactListName": "list",
                   "PoolName": "pool", "FromEmailAddress": source, "Destination": destination, "EmailAddress": "you@example.org",
                   "TenantName": "tenant", "ResourceArn": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/shop.example", "ImportDestination": None,
                   "ReplicaRegion": None}
        special = {
            "SendEmail": {"ConfigurationSetName": None, "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}}},
            "SendBulkEmail": {"ConfigurationSetName": None, "DefaultContent": {"Template": {"TemplateName": "template", "TemplateData": "{}"}},
                              "BulkEmailEntries": [{"Destination": destination}]},
            "SendCustomVerificationEmail": {"ConfigurationSetName": None}, "GetImportJob": {"JobId": "job"}, "CreateTenant": {"TenantName": "other"},
            "CreateImportJob": {"ImportDestination": {"SuppressionListDestination": {"SuppressionListImportAction": "PUT"}},
                                "ImportDataSource": {"S3Url": "s3://bucket/key", "DataFormat": "CSV"}},
            "PutDedicatedIpInPool": {"DestinationPoolName": "pool"},
            "CreateEmailIdentity": {"ConfigurationSetName": None, "EmailIdentity": "other.example"},
        }
        return general, special

    def _sts(self):
        general = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/person", "RoleSessionName": "session", "Name": "friend", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
                   "EncodedMessage": "x", "WebIdentityToken": "x" * 8}
        return general, {}
