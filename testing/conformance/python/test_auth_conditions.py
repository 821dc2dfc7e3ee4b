"""`--auth enforce`: the condition keys of each service's actions, with a value that lets in and one that does not."""

import json

import pytest

import walk
from test_auth_operations import Walker, root, world  # noqa: F401
from walk import ACCOUNT, REGION, attempt

SERVER_ARGUMENTS = ["--auth", "enforce"]
TAGS = [{"Key": "team", "Value": "blue"}]
KEY = {"pk": {"S": "mine"}}
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:function"
LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:layer:1"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/policy"
MAPPING = {"FunctionName": "function", "EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"}
NETWORK = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
INSERT = "INSERT INTO \"table\" VALUE {'pk': 'mine'}"
SELECT = "SELECT * FROM \"table\" WHERE pk = 'mine'"

UNMASKING = 'SOURCE logGroups(namePrefix: ["group"]) | unmask @message'

# Service, operation, what it is called with besides, the actions, the key, a value that lets in, one that does not,
# and the operator's beginning.
CASES = [
    ("sqs", "CreateQueue", {"QueueName": "other", "tags": {"team": "blue"}}, "sqs:*", "aws:RequestTag/team", "blue", "red", ""),
    ("sqs", "CreateQueue", {"QueueName": "other", "tags": {"team": "blue"}}, "sqs:*", "aws:TagKeys", "team", "cost", "ForAllValues:"),
    ("sqs", "SendMessage", {}, "sqs:SendMessage", "aws:ResourceTag/team", "blue", "red", ""),
    ("sqs", "UntagQueue", {"TagKeys": ["cost"]}, "sqs:UntagQueue", "aws:TagKeys", "cost", "team", "ForAllValues:"),
    ("dynamodb", "GetItem", {"Key": KEY}, "dynamodb:GetItem", "dynamodb:LeadingKeys", "mine", "theirs", "ForAllValues:"),
    ("dynamodb", "Query", {"ExpressionAttributeValues": {":x": {"S": "mine"}}}, "dynamodb:Query", "dynamodb:LeadingKeys", "mine", "theirs", "ForAllValues:"),
    ("dynamodb", "BatchWriteItem", {"RequestItems": {"table": [{"PutRequest": {"Item": KEY}}]}}, "dynamodb:BatchWriteItem", "dynamodb:LeadingKeys", "mine", "theirs", "ForAllValues:"),
    ("dynamodb", "TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "table", "Item": KEY}}]}, "dynamodb:PutItem", "dynamodb:LeadingKeys", "mine", "theirs", "ForAllValues:"),
    ("dynamodb", "TransactGetItems", {}, "dynamodb:GetItem", "dynamodb:EnclosingOperation", "TransactGetItems", "BatchGetItem", ""),
    ("dynamodb", "GetItem", {"ProjectionExpression": "pk", "Key": KEY}, "dynamodb:GetItem", "dynamodb:Attributes", "pk", "name", "ForAllValues:"),
    ("dynamodb", "GetItem", {"ProjectionExpression": "pk"}, "dynamodb:GetItem", "dynamodb:Select", "SPECIFIC_ATTRIBUTES", "ALL_ATTRIBUTES", ""),
    ("dynamodb", "Query", {"Select": "COUNT"}, "dynamodb:Query", "dynamodb:Select", "COUNT", "ALL_ATTRIBUTES", ""),
    ("dynamodb", "Scan", {"Select": "COUNT"}, "dynamodb:Scan", "dynamodb:Select", "COUNT", "ALL_ATTRIBUTES", ""),
    ("dynamodb", "PutItem", {"ReturnValues": "NONE"}, "dynamodb:PutItem", "dynamodb:ReturnValues", "NONE", "ALL_OLD", ""),
    ("dynamodb", "GetItem", {"ReturnConsumedCapacity": "TOTAL"}, "dynamodb:GetItem", "dynamodb:ReturnConsumedCapacity", "TOTAL", "INDEXES", ""),
    ("dynamodb", "ExecuteStatement", {"Statement": INSERT}, "dynamodb:PartiQLInsert", "dynamodb:LeadingKeys", "mine", "theirs", "ForAllValues:"),
    ("dynamodb", "ExecuteStatement", {"Statement": SELECT}, "dynamodb:PartiQLSelect", "dynamodb:FullTableScan", "false", "true", "Bool"),
    ("dynamodb", "CreateTable", {"Tags": TAGS}, "dynamodb:*", "aws:RequestTag/team", "blue", "red", ""),
    ("dynamodb", "DescribeTable", {}, "dynamodb:DescribeTable", "aws:ResourceTag/team", "blue", "red", ""),
    ("logs", "CreateLogGroup", {"logGroupName": "other", "tags": {"team": "blue"}}, "logs:*", "aws:RequestTag/team", "blue", "red", ""),
    ("logs", "DescribeLogStreams", {"logGroupIdentifier": None}, "logs:DescribeLogStreams", "aws:ResourceTag/team", "blue", "red", ""),
    ("logs", "PutLogEvents", {}, "logs:PutLogEvents", "aws:ResourceTag/team", "blue", "red", ""),
    ("logs", "FilterLogEvents", {"unmask": True}, ["logs:FilterLogEvents", "logs:Unmask"], "aws:ResourceTag/team", "blue", "red", ""),
    ("logs", "StartQuery", {"logGroupName": None, "queryString": UNMASKING}, ["logs:StartQuery", "logs:Unmask"], "aws:ResourceTag/team", "blue", "red", ""),
    ("logs", "PutDestination", {}, ["logs:*", "iam:PassRole"], "iam:PassedToService", "logs.amazonaws.com", "lambda.amazonaws.com", "IfExists"),
    ("lambda", "CreateEventSourceMapping", MAPPING, "lambda:CreateEventSourceMapping", "lambda:FunctionArn", FUNCTION, FUNCTION + "2", ""),
    ("lambda", "AddPermission", {}, "lambda:AddPermission", "lambda:Principal", ACCOUNT, "s3.amazonaws.com", ""),
    ("lambda", "CreateFunctionUrlConfig", {"AuthType": "AWS_IAM"}, "lambda:CreateFunctionUrlConfig", "lambda:FunctionUrlAuthType", "AWS_IAM", "NONE", ""),
    ("lambda", "CreateFunctionUrlConfig", {"AuthType": "AWS_IAM"}, "lambda:CreateFunctionUrlConfig", "lambda:FunctionArn", FUNCTION, FUNCTION + "2", ""),
    ("lambda", "UpdateFunctionConfiguration", {"Layers": [LAYER]}, ["lambda:*"], "lambda:Layer", LAYER, LAYER + "2", "ForAnyValue:IfExists"),
    ("lambda", "UpdateFunctionConfiguration", {"VpcConfig": NETWORK}, "lambda:*", "lambda:SubnetIds", "subnet-1", "subnet-2", "ForAllValues:"),
    ("lambda", "UpdateFunctionConfiguration", {"VpcConfig": NETWORK}, "lambda:*", "lambda:SecurityGroupIds", "sg-1", "sg-2", "ForAllValues:"),
    ("lambda", "CreateFunction", {"FunctionName": "other"}, ["lambda:*", "iam:PassRole"], "iam:PassedToService", "lambda.amazonaws.com", "ec2.amazonaws.com", "IfExists"),
    ("lambda", "CreateFunction", {"FunctionName": "other", "Tags": {"team": "blue"}}, ["lambda:*", "iam:PassRole"], "aws:RequestTag/team", "blue", "red", "IfExists"),
    ("s3", "ListObjectsV2", {"Prefix": "home/"}, "s3:ListBucket", "s3:prefix", "home/", "", ""),
    ("s3", "ListObjects", {"Delimiter": "/"}, "s3:ListBucket", "s3:delimiter", "/", "-", ""),
    ("s3", "ListObjectVersions", {"MaxKeys": 7}, "s3:ListBucketVersions", "s3:max-keys", "7", "8", "Numeric"),
    ("s3", "PutObject", {"ACL": "private"}, "s3:Put*", "s3:x-amz-acl", "private", "public-read", ""),
    ("s3", "PutObject", {"ServerSideEncryption": "AES256"}, "s3:PutObject", "s3:x-amz-server-side-encryption", "AES256", "aws:kms", ""),
    ("s3", "PutObject", {"StorageClass": "STANDARD_IA"}, "s3:PutObject", "s3:x-amz-storage-class", "STANDARD_IA", "GLACIER", ""),
    ("s3", "PutObject", {"Tagging": "team=blue"}, "s3:Put*", "s3:RequestObjectTag/team", "blue", "red", ""),
    ("s3", "PutObject", {"Tagging": "team=blue"}, "s3:Put*", "s3:RequestObjectTagKeys", "team", "cost", "ForAllValues:"),
    ("s3", "GetObject", {"Key": "tagged"}, "s3:GetObject", "s3:ExistingObjectTag/team", "blue", "red", ""),
    ("s3", "GetObject", {}, "s3:GetObject", "s3:signatureversion", "AWS4-HMAC-SHA256", "AWS", ""),
    ("s3", "GetObject", {}, "s3:GetObject", "s3:authType", "REST-HEADER", "POST", ""),
    ("s3", "GetObject", {}, "s3:GetObject", "s3:ResourceAccount", ACCOUNT, "123456789012", ""),
    ("s3", "GetObject", {"VersionId": "null"}, "s3:GetObjectVersion", "s3:VersionId", "null", "other", ""),
    ("s3", "CreateBucket", {"Bucket": "abroad", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}, "s3:CreateBucket", "s3:locationconstraint", "eu-west-1", "eu-north-1", ""),
    ("s3", "CopyObject", {"MetadataDirective": "REPLACE"}, "s3:*", "s3:x-amz-metadata-directive", "REPLACE", "COPY", "IfExists"),
    ("ses", "SendEmail", {}, "ses:SendEmail", "ses:FromAddress", "me@shop.example", "you@shop.example", ""),
    ("ses", "SendEmail", {}, "ses:SendEmail", "ses:Recipients", "you@example.org", "me@example.org", "ForAllValues:"),
    ("ses", "GetSendQuota", {}, "ses:GetSendQuota", "ses:ApiVersion", "1", "2", ""),
    ("sesv2", "GetAccount", {}, "ses:GetAccount", "ses:ApiVersion", "2", "1", ""),
    ("sesv2", "GetEmailIdentity", {}, "ses:GetEmailIdentity", "aws:ResourceTag/team", "blue", "red", ""),
    ("sesv2", "CreateContactList", {"Tags": TAGS}, "ses:*", "aws:RequestTag/team", "blue", "red", ""),
    ("iam", "AttachRolePolicy", {}, "iam:AttachRolePolicy", "iam:PolicyARN", BOUNDARY, BOUNDARY + "2", "Arn"),
    ("iam", "CreateUser", {"UserName": "bounded", "PermissionsBoundary": BOUNDARY}, "iam:CreateUser", "iam:PermissionsBoundary", BOUNDARY, BOUNDARY + "2", ""),
    ("iam", "AttachUserPolicy", {"UserName": "limited"}, "iam:AttachUserPolicy", "iam:PermissionsBoundary", BOUNDARY, BOUNDARY + "2", ""),
    ("iam", "CreateServiceLinkedRole", {}, "iam:CreateServiceLinkedRole", "iam:AWSServiceName", "lambda.amazonaws.com", "ecs.amazonaws.com", ""),
    ("iam", "CreateRole", {"RoleName": "other", "Tags": TAGS}, "iam:*", "aws:RequestTag/team", "blue", "red", ""),
    ("iam", "TagUser", {"Tags": TAGS}, "iam:TagUser", "aws:TagKeys", "team", "cost", "ForAllValues:"),
    ("iam", "GetUser", {"UserName": "limited"}, "iam:GetUser", "aws:ResourceTag/team", "blue", "red", ""),
    ("iam", "GetUser", {"UserName": "limited"}, "iam:GetUser", "iam:ResourceTag/team", "blue", "red", ""),
    ("iam", "AddRoleToInstanceProfile", {}, "iam:*", "iam:PassedToService", "ec2.amazonaws.com", "lambda.amazonaws.com", "IfExists"),
    ("iam", "CreateServiceSpecificCredential", {"ServiceName": "codecommit.amazonaws.com"}, "iam:CreateServiceSpecificCredential", "iam:ServiceSpecificCredentialServiceName", "codecommit.amazonaws.com", "cassandra.amazonaws.com", ""),
    ("sts", "AssumeRole", {}, "sts:AssumeRole", "sts:RoleSessionName", "session", "other", ""),
    ("sts", "AssumeRole", {"ExternalId": "partner"}, "sts:AssumeRole", "sts:ExternalId", "partner", "other", ""),
    ("sts", "AssumeRole", {}, "sts:AssumeRole", "iam:ResourceTag/team", "blue", "red", ""),
    ("sqs", "ListQueues", {}, "sqs:ListQueues", "aws:PrincipalTag/team", "blue", "red", ""),
    ("sqs", "ListQueues", {}, "sqs:ListQueues", "aws:username", "conditional", "somebody", ""),
    ("sqs", "ListQueues", {}, "sqs:ListQueues", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:user/conditional", f"arn:aws:iam::{ACCOUNT}:user/x", "Arn"),
    ("sqs", "ListQueues", {}, "sqs:ListQueues", "aws:PrincipalType", "User", "AssumedRole", ""),
    ("sqs", "ListQueues", {}, "sqs:ListQueues", "aws:RequestedRegion", REGION, "eu-west-1", ""),
    ("sqs", "ListQueues", {}, "sqs:ListQueues", "aws:SourceIp", "127.0.0.0/8", "10.0.0.0/8", "IpAddress"),
    ("sqs", "ListQueues", {}, "sqs:ListQueues", "aws:SecureTransport", "false", "true", "Bool"),
    ("sqs", "SendMessage", {}, "sqs:SendMessage", "aws:ResourceAccount", ACCOUNT, "123456789012", ""),
]


@pytest.fixture(scope="module")
def walker(server, root, world):
    """Somebody with a tag, where the things that are asked for have tags too."""
    iam = root("iam")
    walker = Walker(server, root, "conditional")
    iam.tag_user(UserName="conditional", Tags=TAGS)
    iam.create_user(UserName="limited", PermissionsBoundary=BOUNDARY, Tags=TAGS)
    iam.create_instance_profile(InstanceProfileName="profile")
    role = json.dumps(walk.OF_PEOPLE | {"Statement": [walk.OF_PEOPLE["Statement"][0] | {"Action": "sts:*"}]})
    iam.update_assume_role_policy(RoleName="person", PolicyDocument=role)
    iam.tag_role(RoleName="person", Tags=TAGS)
    root("sqs").tag_queue(QueueUrl=world.given["sqs"][0]["QueueUrl"], Tags={"team": "blue", "cost": "1"})
    root("dynamodb").tag_resource(ResourceArn=world.table, Tags=TAGS)
    root("logs").tag_log_group(logGroupName="group", tags={"team": "blue"})
    root("s3").put_object(Bucket="bucket", Key="tagged", Body=b"x", Tagging="team=blue")
    identity = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/shop.example"
    root("sesv2").tag_resource(ResourceArn=identity, Tags=TAGS)
    return walker


def condition(operator: str, key: str, value: str) -> dict:
    sets, _, rest = operator.rpartition(":")
    kind = {"": "StringEquals", "IfExists": "StringEqualsIfExists", "Arn": "ArnEquals", "Numeric": "NumericEquals"}.get(rest, rest)
    return {(f"{sets}:" if sets else "") + kind: {key: value}}


@pytest.mark.parametrize("service, operation, values, actions, key, right, wrong, operator", CASES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_condition_lets_in_what_it_names(world, walker, service, operation, values, actions, key, right, wrong, operator):
    client = walker.client(service)
    values = {name: value for name, value in (world.arguments(service, operation) | values).items() if value is not None}
    for value, is_allowed in [(wrong, False), (right, True)]:
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*", "Condition": condition(operator, key, value)}
        walker.has(json.dumps({"Version": "2012-10-17", "Statement": statement}))
        refusal = attempt(client, operation, values)
        assert bool(refusal) != is_allowed, (value, refusal and (refusal.action, refusal.resource, refusal.why))


def test_many_deletions_are_decided_one_by_one(root, walker):
    for name in ("mine/1", "theirs/1"):
        root("s3").put_object(Bucket="bucket", Key=name, Body=b"x")
    walker.has(walk.allow(("s3:DeleteObject", "arn:aws:s3:::bucket/mine/*")))
    answer = walker.client("s3").delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "mine/1"}, {"Key": "theirs/1"}]})
    assert [one["Key"] for one in answer["Deleted"]] == ["mine/1"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("theirs/1", "AccessDenied")]


@pytest.mark.parametrize("operation, values", [
    ("FilterLogEvents", {"unmask": True}),
    ("GetLogEvents", {"unmask": True, "logStreamName": "stream"}),
    ("StartQuery", {"queryString": "fields unmask(@message)"}),
    ("StartQuery", {"queryString": UNMASKING, "logGroupName": None}),
    ("GetLogRecord", {"unmask": True}),
], ids=["filter", "get", "query", "source", "record"])
def test_who_unmasks_needs_the_permission_for_that_group(world, walker, operation, values):
    client = walker.client("logs")
    values = {name: value for name, value in (world.arguments("logs", operation) | values).items() if value is not None}
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:group:*"
    both = [(f"logs:{operation}", "*"), ("logs:Unmask", "*")]
    walker.has(walk.allow(both[0]))
    assert attempt(client, operation, values).action == "logs:Unmask"
    walker.has(walk.allow(*both))
    assert not attempt(client, operation, values)
    for action, _ in both:
        denied = {"Effect": "Deny", "Action": action, "Resource": group}
        allowed = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
        walker.has(json.dumps({"Version": "2012-10-17", "Statement": [allowed, denied]}))
        assert attempt(client, operation, values).action == action


def test_who_looks_up_needs_the_permission_for_the_table(world, walker):
    client = walker.client("logs")
    values = world.arguments("logs", "StartQuery") | {"queryString": "lookup other a OUTPUT b"}
    table = f"arn:aws:logs:{REGION}:{ACCOUNT}:lookup-table:other"
    walker.has(walk.allow(("logs:StartQuery", "*")))
    refusal = attempt(client, "StartQuery", values)
    assert (refusal.action, refusal.resource) == ("logs:GetLookupTable", table)
    walker.has(walk.allow(("logs:StartQuery", "*"), ("logs:GetLookupTable", table)))
    assert not attempt(client, "StartQuery", values)
