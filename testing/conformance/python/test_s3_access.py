"""`--auth enforce`: who may read and write objects, by policies, by lists and by their tags; of two accounts, and of
nobody at all."""

import itertools
import json
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from s3 import body, path, refused, status
from test_auth import make_key

SERVER_ARGUMENTS = ["--auth", "enforce", "--virtual-clock"]
OWNER, FRIEND = "000000000000", "123456789012"
EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
SIGNED_ONES = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
_numbers = itertools.count(1)


def client(server, key, service="s3"):
    return boto3.client(
        service, endpoint_url=server.url, region_name="us-east-1", aws_access_key_id=key[0], aws_secret_access_key=key[1],
        config=Config(retries={"total_max_attempts": 1}, signature_version="s3v4" if service == "s3" else None, s3={"addressing_style": "path"}),
    )


@pytest.fixture(scope="module")
def owner_key(server):
    return make_key(server, OWNER)


@pytest.fixture(scope="module")
def s3(server, owner_key):
    return client(server, owner_key)


@pytest.fixture(scope="module")
def friend(server):
    """The root of another account."""
    return client(server, make_key(server, FRIEND))


@pytest.fixture
def user(server, owner_key):
    """A user of the owner's account who may do what these statements say."""

    def user(*statements: dict):
        iam, name = client(server, owner_key, "iam"), f"user-{next(_numbers)}"
        iam.create_user(UserName=name)
        if statements:
            document = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_user_policy(UserName=name, PolicyName="it", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return client(server, (key["AccessKeyId"], key["SecretAccessKey"]))

    return user


def allow(action, resource, **more) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def arn(bucket: str, key: str = "") -> str:
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def open_up(s3, bucket: str, ownership: str = "ObjectWriter") -> None:
    """Lets lists grant something."""
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]})


def canonical(client) -> str:
    return client.list_buckets()["Owner"]["ID"]


def set_policy(s3, bucket: str, *statements: dict) -> None:
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def anonymous(server, method: str, bucket: str, key: str = "", query: str = "", data: bytes | None = None) -> int:
    return server.request(method, path(bucket, key) + query, data).status


def test_who_may_not_list_is_not_told_what_is_missing(s3, user, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    reader = user(allow("s3:GetObject", arn(bucket, "*")))
    assert body(reader, bucket, "it") == b"x"
    answer = refused("AccessDenied", reader.get_object, Bucket=bucket, Key="missing")
    assert status(answer) == 403
    assert f'is not authorized to perform: s3:ListBucket on resource: {arn(bucket)} because no identity-based policy allows the s3:ListBucket action' in answer["Error"]["Message"]
    assert status(refused("403", reader.head_object, Bucket=bucket, Key="missing")) == 403
    refused("AccessDenied", reader.copy_object, Bucket=bucket, Key="to", CopySource=f"{bucket}/missing")
    lister = user(allow("s3:GetObject", arn(bucket, "*")), allow("s3:ListBucket", arn(bucket)))
    refused("NoSuchKey", lister.get_object, Bucket=bucket, Key="missing")
    assert status(refused("404", lister.head_object, Bucket=bucket, Key="missing")) == 404


def test_a_deletion_is_as_missing(s3, user, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="it", Body=b"x")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="it")
    reader = user(allow(["s3:GetObject", "s3:GetObjectVersion"], arn(bucket, "*")))
    refused("AccessDenied", reader.get_object, Bucket=bucket, Key="it")
    assert body(reader, bucket, "it", VersionId=version) == b"x"


def test_tags_of_an_object_decide(s3, user, bucket):
    s3.put_object(Bucket=bucket, Key="open", Body=b"o", Tagging="class=open")
    s3.put_object(Bucket=bucket, Key="secret", Body=b"s", Tagging="class=secret")
    s3.put_object(Bucket=bucket, Key="bare", Body=b"b")
    tagged = {"StringEquals": {"s3:ExistingObjectTag/class": "open"}}
    reader = user(allow(["s3:GetObject", "s3:GetObjectTagging"], arn(bucket, "*"), Condition=tagged), allow("s3:ListBucket", arn(bucket)))
    assert body(reader, bucket, "open") == b"o"
    assert reader.get_object_tagging(Bucket=bucket, Key="open")["TagSet"]
    for key in ("secret", "bare"):
        refused("AccessDenied", reader.get_object, Bucket=bucket, Key=key)
        refused("AccessDenied", reader.get_object_tagging, Bucket=bucket, Key=key)
    s3.put_object_tagging(Bucket=bucket, Key="secret", Tagging={"TagSet": [{"Key": "class", "Value": "open"}]})
    assert body(reader, bucket, "secret") == b"s"


def test_tags_that_a_request_brings(s3, user, bucket):
    allowed = {"StringEquals": {"s3:RequestObjectTag/team": "a"}, "ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["team"]}}
    writer = user(allow(["s3:PutObject", "s3:PutObjectTagging"], arn(bucket, "*"), Condition=allowed), allow("s3:ListBucket", arn(bucket)))
    writer.put_object(Bucket=bucket, Key="it", Body=b"", Tagging="team=a")
    for tags in ("team=b", "team=a&more=1", ""):
        refused("AccessDenied", writer.put_object, Bucket=bucket, Key="it", Body=b"", **({"Tagging": tags} if tags else {}))
    writer.put_object_tagging(Bucket=bucket, Key="it", Tagging={"TagSet": [{"Key": "team", "Value": "a"}]})
    refused("AccessDenied", writer.put_object_tagging, Bucket=bucket, Key="it", Tagging={"TagSet": [{"Key": "team", "Value": "b"}]})


@pytest.mark.parametrize(
    ("condition", "right", "wrong"),
    [
        ({"StringEquals": {"s3:x-amz-storage-class": "STANDARD_IA"}}, {"StorageClass": "STANDARD_IA"}, {}),
        ({"StringEquals": {"s3:x-amz-server-side-encryption": "AES256"}}, {"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "aws:kms"}),
        ({"StringEquals": {"s3:if-none-match": "*"}}, {"IfNoneMatch": "*"}, {}),
        ({"Bool": {"s3:ObjectCreationOperation": "true"}}, {}, None),
        ({"Bool": {"aws:SecureTransport": "false"}}, {}, None),
        ({"StringEquals": {"s3:authType": "REST-HEADER"}}, {}, None),
        ({"StringEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}}, {}, None),
        ({"NumericLessThan": {"s3:signatureAge": "600000"}}, {}, None),
    ],
    ids=lambda value: next(iter(next(iter(value.values())))) if isinstance(value, dict) and value and isinstance(next(iter(value.values())), dict) else "",
)
def test_conditions_on_writes(user, bucket, condition, right, wrong):
    writer = user(allow("s3:PutObject", arn(bucket, "*"), Condition=condition))
    writer.put_object(Bucket=bucket, Key=f"it-{next(_numbers)}", Body=b"", **right)
    if wrong is not None:
        refused("AccessDenied", writer.put_object, Bucket=bucket, Key="it", Body=b"", **wrong)
    operator, test = next(iter(condition.items()))
    never = {operator: {key: "0" if operator.startswith("Numeric") else "true" if value == "false" else "false" for key, value in test.items()}}
    denied = user(allow("s3:PutObject", arn(bucket, "*"), Condition=never))
    refused("AccessDenied", denied.put_object, Bucket=bucket, Key="it", Body=b"", **right)


def test_a_version_in_a_condition(s3, user, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first, second = (s3.put_object(Bucket=bucket, Key="it", Body=text)["VersionId"] for text in (b"1", b"2"))
    reader = user(allow("s3:GetObjectVersion", arn(bucket, "*"), Condition={"StringEquals": {"s3:VersionId": first}}))
    assert body(reader, bucket, "it", VersionId=first) == b"1"
    refused("AccessDenied", reader.get_object, Bucket=bucket, Key="it", VersionId=second)


def test_presigned_urls_by_how_they_are_signed(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    url = urlsplit(s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "it"}))
    asked = f"{url.path}?{url.query}"
    assert server.request("GET", asked).status == 200
    everything = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": arn(bucket, "*")}
    set_policy(s3, bucket, everything | {"Condition": {"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}})
    assert server.request("GET", asked).status == 403
    assert body(s3, bucket, "it") == b"x"
    set_policy(s3, bucket, everything | {"Condition": {"NumericGreaterThan": {"s3:signatureAge": "600000"}}})
    assert server.request("GET", asked).status == 200


@pytest.mark.parametrize(
    ("group", "for_nobody", "for_a_friend"), [(EVERYBODY, 200, True), (SIGNED_ONES, 403, True)], ids=["everybody", "the signed ones"]
)
def test_an_objects_list(server, s3, friend, bucket, group, for_nobody, for_a_friend):
    open_up(s3, bucket)
    s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    s3.put_object(Bucket=bucket, Key="other", Body=b"y")
    assert anonymous(server, "GET", bucket, "it") == 403
    refused("AccessDenied", friend.get_object, Bucket=bucket, Key="it")
    s3.put_object_acl(Bucket=bucket, Key="it", GrantRead=f'uri="{group}"')
    assert anonymous(server, "GET", bucket, "it") == for_nobody
    assert body(friend, bucket, "it") == b"x"
    refused("AccessDenied", friend.get_object, Bucket=bucket, Key="other")
    refused("AccessDenied", friend.get_object_acl, Bucket=bucket, Key="it")
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"IgnorePublicAcls": True})
    assert anonymous(server, "GET", bucket, "it") == 403
    refused("AccessDenied", friend.get_object, Bucket=bucket, Key="it")


def test_a_grant_to_an_account(server, s3, friend, user, bucket):
    open_up(s3, bucket)
    s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    grantee = f'id="{canonical(friend)}"'
    s3.put_object_acl(Bucket=bucket, Key="it", GrantRead=grantee, GrantReadACP=grantee)
    assert body(friend, bucket, "it") == b"x"
    assert friend.get_object_acl(Bucket=bucket, Key="it")["Grants"]
    refused("AccessDenied", friend.put_object_acl, Bucket=bucket, Key="it", ACL="private")
    assert anonymous(server, "GET", bucket, "it") == 403
    refused("AccessDenied", user().get_object, Bucket=bucket, Key="it")
    # A policy still denies what a list grants.
    set_policy(s3, bucket, {"Effect": "Deny", "Principal": {"AWS": FRIEND}, "Action": "s3:GetObject", "Resource": arn(bucket, "*")})
    refused("AccessDenied", friend.get_object, Bucket=bucket, Key="it")


def test_a_buckets_list_and_who_owns_what_it_lets_write(s3, friend, bucket):
    open_up(s3, bucket)
    refused("AccessDenied", friend.put_object, Bucket=bucket, Key="theirs", Body=b"t")
    grantee = f'id="{canonical(friend)}"'
    s3.put_bucket_acl(Bucket=bucket, GrantWrite=grantee, GrantRead=grantee, GrantFullControl=f'id="{canonical(s3)}"')
    friend.put_object(Bucket=bucket, Key="theirs", Body=b"t")
    friend.put_object(Bucket=bucket, Key="shared", Body=b"s", ACL="bucket-owner-full-control")
    assert [entry["Key"] for entry in friend.list_objects_v2(Bucket=bucket)["Contents"]] == ["shared", "theirs"]
    assert body(friend, bucket, "theirs") == b"t"
    refused("AccessDenied", s3.get_object, Bucket=bucket, Key="theirs")
    assert body(s3, bucket, "shared") == b"s"
    # From now on everything is the bucket's owner's, and lists say nothing.
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    assert body(s3, bucket, "theirs") == b"t"
    refused("AccessDenied", friend.get_object, Bucket=bucket, Key="theirs")


def test_a_bucket_that_everybody_may_write_into(server, s3, bucket):
    open_up(s3, bucket)
    assert anonymous(server, "PUT", bucket, "it", data=b"x") == 403
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    assert anonymous(server, "PUT", bucket, "it", data=b"x") == 200
    assert anonymous(server, "GET", bucket) == 200
    assert anonymous(server, "GET", bucket, "it") == 403
    assert anonymous(server, "GET", bucket, query="?acl") == 403


def test_objects_of_others_where_the_owner_is_preferred(s3, friend, bucket):
    open_up(s3, bucket, "BucketOwnerPreferred")
    s3.put_bucket_acl(Bucket=bucket, GrantWrite=f'id="{canonical(friend)}"', GrantFullControl=f'id="{canonical(s3)}"')
    friend.put_object(Bucket=bucket, Key="given", Body=b"g", ACL="bucket-owner-full-control")
    assert body(s3, bucket, "given") == b"g"
    assert s3.get_object_acl(Bucket=bucket, Key="given")["Owner"]["ID"] == canonical(s3)
    refused("AccessDenied", friend.get_object, Bucket=bucket, Key="given")


def test_grants_that_cannot_be_resolved(s3, bucket):
    open_up(s3, bucket)
    s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    answer = refused("MethodNotAllowed", s3.put_object_acl, Bucket=bucket, Key="it", GrantRead='emailAddress="a@example.com"')
    assert status(answer) == 405
    answer = refused("InvalidArgument", s3.put_object_acl, Bucket=bucket, Key="it", GrantRead='id="nobody"')
    assert answer["Error"]["Message"] == "Invalid id"
    answer = refused("InvalidArgument", s3.put_object_acl, Bucket=bucket, Key="it", GrantRead='uri="http://example.com/all"')
    assert answer["Error"]["Message"] == "Invalid group uri"


def test_many_deletions_are_allowed_one_by_one(s3, user, bucket):
    for key in ("mine/a", "theirs/a"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    cleaner = user(allow("s3:DeleteObject", arn(bucket, "mine/*")))
    answer = cleaner.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "mine/a"}, {"Key": "theirs/a"}]})
    assert [entry["Key"] for entry in answer["Deleted"]] == ["mine/a"]
    (error,) = answer["Errors"]
    assert (error["Key"], error["Code"]) == ("theirs/a", "AccessDenied")
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["theirs/a"]


def test_tags_of_a_bucket_decide_once_they_are_to(s3, user, bucket):
    s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "team", "Value": "a"}]})
    reader = user(allow("s3:GetObject", "*", Condition={"StringEquals": {"aws:ResourceTag/team": "a"}}))
    refused("AccessDenied", reader.get_object, Bucket=bucket, Key="it")
    assert s3.get_bucket_abac(Bucket=bucket)["AbacStatus"] == {"Status": "Disabled"}
    s3.put_bucket_abac(Bucket=bucket, AbacStatus={"Status": "Enabled"})
    assert s3.get_bucket_abac(Bucket=bucket)["AbacStatus"] == {"Status": "Enabled"}
    assert body(reader, bucket, "it") == b"x"


def test_a_form_of_another_account(server, s3, friend, bucket):
    """Whose the bucket is decides, not who signed the form."""
    import requests

    form = friend.generate_presigned_post(bucket, "it")
    answer = requests.post(form["url"], data=form["fields"], files={"file": b"x"})
    assert answer.status_code == 403, answer.text
    set_policy(s3, bucket, {"Effect": "Allow", "Principal": {"AWS": FRIEND}, "Action": "s3:PutObject", "Resource": arn(bucket, "*"), "Condition": {"StringEquals": {"s3:authType": "POST"}}})
    assert requests.post(form["url"], data=form["fields"], files={"file": b"x"}).status_code == 204
    refused("AccessDenied", friend.put_object, Bucket=bucket, Key="it", Body=b"")


def test_functions_are_not_made_from_the_buckets_of_others(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="code.zip", Body=b"no zip")
    key = make_key(server, FRIEND)
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = client(server, key, "iam").create_role(RoleName="taker", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    stranger, code = client(server, key, "lambda"), {"S3Bucket": bucket, "S3Key": "code.zip"}
    with pytest.raises(stranger.exceptions.ClientError) as caught:
        stranger.create_function(FunctionName="taken", Role=role, Runtime="python3.12", Handler="a.b", Code=code)
    assert caught.value.response["Error"]["Code"] in ("AccessDeniedException", "AccessDenied"), caught.value
