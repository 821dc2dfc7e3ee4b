"""What can be set about a bucket: each is told as it was set, and removed; and what CORS and websites do."""

import json

import pytest

from s3 import SIGNED, refused, status

ID = "0" * 64
SETTINGS = [
    ("bucket_encryption", "ServerSideEncryptionConfiguration", {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/a"}, "BucketKeyEnabled": True}]}, None),
    ("bucket_cors", "CORSConfiguration", {"CORSRules": [{"ID": "a", "AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.example.com"], "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}]}, "NoSuchCORSConfiguration"),
    ("bucket_website", "WebsiteConfiguration", {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}, "RoutingRules": [{"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}}]}, "NoSuchWebsiteConfiguration"),
    ("bucket_ownership_controls", "OwnershipControls", {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}, "OwnershipControlsNotFoundError"),
    ("public_access_block", "PublicAccessBlockConfiguration", {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True, "RestrictPublicBuckets": False}, "NoSuchPublicAccessBlockConfiguration"),
    ("bucket_replication", "ReplicationConfiguration", {"Role": "arn:aws:iam::000000000000:role/r", "Rules": [{"ID": "a", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Destination": {"Bucket": "arn:aws:s3:::target"}, "DeleteMarkerReplication": {"Status": "Disabled"}}]}, "ReplicationConfigurationNotFoundError"),
]
VERSIONED = {"bucket_replication"}


@pytest.mark.parametrize(("name", "member", "value", "missing"), SETTINGS, ids=[line[0] for line in SETTINGS])
def test_a_setting_is_told_as_it_was_set(s3, bucket, name, member, value, missing):
    if name in VERSIONED:
        s3.create_bucket(Bucket="target")
        for name_of in (bucket, "target"):
            s3.put_bucket_versioning(Bucket=name_of, VersioningConfiguration={"Status": "Enabled"})
    get, put, delete = (getattr(s3, f"{verb}_{name}") for verb in ("get", "put", "delete"))
    flat = name in ("bucket_cors", "bucket_website")
    put(Bucket=bucket, **{member: value})
    answer = get(Bucket=bucket)
    shown = {key: part for key, part in answer.items() if key != "ResponseMetadata"} if flat else answer[member]
    assert shown == value
    assert status(delete(Bucket=bucket)) == 204
    if missing:
        answer = refused(missing, get, Bucket=bucket)
        assert (status(answer), answer["Error"]["BucketName"]) == (404, bucket)


def test_what_a_new_bucket_has(s3, bucket):
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules == [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    assert s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (grant,) = s3.get_bucket_acl(Bucket=bucket)["Grants"]
    assert (grant["Permission"], grant["Grantee"]["Type"]) == ("FULL_CONTROL", "CanonicalUser")
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    for call in (s3.get_bucket_logging, s3.get_bucket_accelerate_configuration, s3.get_bucket_notification_configuration):
        assert set(call(Bucket=bucket)) == {"ResponseMetadata"}, call
    for code, call in (
        ("NoSuchBucketPolicy", s3.get_bucket_policy), ("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration),
        ("ObjectLockConfigurationNotFoundError", s3.get_object_lock_configuration), ("NoSuchBucketPolicy", s3.get_bucket_policy_status),
    ):
        assert status(refused(code, call, Bucket=bucket)) == 404


def test_switches(s3, bucket):
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "Requester"
    s3.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_accelerate_configuration(Bucket=bucket)["Status"] == "Enabled"
    target = {"TargetBucket": bucket, "TargetPrefix": "log/"}
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": target})
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"] == target
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)


MANY = [
    ("analytics", "Analytics", {"Id": "a", "Filter": {"Prefix": "p"}, "StorageClassAnalysis": {}}),
    ("metrics", "Metrics", {"Id": "a", "Filter": {"Prefix": "p"}}),
    ("inventory", "Inventory", {"Id": "a", "IsEnabled": True, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"},
                                "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::b", "Format": "CSV"}}, "OptionalFields": ["Size"]}),
    ("intelligent_tiering", "IntelligentTiering", {"Id": "a", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]}),
]


@pytest.mark.parametrize(("name", "member", "value"), MANY, ids=[line[0] for line in MANY])
def test_settings_of_which_there_can_be_many(s3, bucket, name, member, value):
    calls = {verb: getattr(s3, f"{verb}_bucket_{name}_configuration") for verb in ("get", "put", "delete")}
    member += "Configuration"
    for id in ("a", "b"):
        calls["put"](Bucket=bucket, Id=id, **{member: value | {"Id": id}})
    assert calls["get"](Bucket=bucket, Id="a")[member] == value
    listed = getattr(s3, f"list_bucket_{name}_configurations")(Bucket=bucket)
    assert [entry["Id"] for entry in listed[f"{member}List"]] == ["a", "b"]
    calls["delete"](Bucket=bucket, Id="a")
    refused("NoSuchConfiguration", calls["get"], Bucket=bucket, Id="a")


def test_policies(s3, bucket):
    s3.delete_public_access_block(Bucket=bucket)
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    assert status(s3.put_bucket_policy(Bucket=bucket, Policy=text)) == 204
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(text)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
    s3.delete_bucket_policy(Bucket=bucket)
    refused("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=bucket)
    answer = refused("MalformedPolicy", s3.put_bucket_policy, Bucket=bucket, Policy="no json")
    assert answer["Error"]["Message"] == "Policies must be valid JSON and the first byte must be '{'"
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": True})
    assert status(refused("AccessDenied", s3.put_bucket_policy, Bucket=bucket, Policy=text)) == 403


def test_access_lists(s3, bucket):
    answer = refused("AccessControlListNotSupported", s3.put_bucket_acl, Bucket=bucket, ACL="public-read")
    assert answer["Error"]["Message"] == "The bucket does not allow ACLs"
    s3.put_object(Bucket=bucket, Key="it", Body=b"", ACL="bucket-owner-full-control")
    refused("AccessControlListNotSupported", s3.put_object, Bucket=bucket, Key="it", Body=b"", ACL="public-read")
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    refused("AccessDenied", s3.put_bucket_acl, Bucket=bucket, ACL="public-read")
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    grants = s3.get_bucket_acl(Bucket=bucket)["Grants"]
    assert [(grant["Grantee"].get("URI"), grant["Permission"]) for grant in grants] == [
        (None, "FULL_CONTROL"), ("http://acs.amazonaws.com/groups/global/AllUsers", "READ"),
    ]
    s3.put_object_acl(Bucket=bucket, Key="it", GrantRead='uri="http://acs.amazonaws.com/groups/global/AuthenticatedUsers"')
    (grant,) = s3.get_object_acl(Bucket=bucket, Key="it")["Grants"]
    assert grant["Grantee"]["URI"].endswith("AuthenticatedUsers")


RULE = {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.example.com"], "AllowedHeaders": ["x-*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}


def preflight(server, bucket, origin="https://a.example.com", method="PUT", asked="x-amz-meta-a"):
    asking = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": asked}
    return server.request("OPTIONS", f"/{bucket}/it", headers=asking)


def test_preflight(server, s3, bucket):
    answer = preflight(server, bucket)
    assert answer.status == 403 and "CORSResponse: CORS is not enabled for this bucket." in answer.text
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [RULE]})
    answer = preflight(server, bucket)
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example.com"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, PUT"
    assert answer.headers["Access-Control-Allow-Headers"] == "x-amz-meta-a"
    assert answer.headers["Access-Control-Expose-Headers"] == "ETag"
    assert answer.headers["Access-Control-Max-Age"] == "60"
    assert "Origin" in answer.headers["Vary"]
    for other in ({"origin": "https://evil.test"}, {"method": "DELETE"}, {"asked": "authorization"}):
        refusal = preflight(server, bucket, **other)
        assert refusal.status == 403 and "CORSResponse: This CORS request is not allowed." in refusal.text
        assert "Access-Control-Allow-Origin" not in refusal.headers


def test_the_request_behind_a_preflight(server, s3, bucket):
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [RULE]})
    s3.put_object(Bucket=bucket, Key="it", Body=b"x")
    answer = server.request("GET", f"/{bucket}/it", headers=SIGNED | {"Origin": "https://a.example.com"})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "https://a.example.com")
    assert answer.headers["Access-Control-Expose-Headers"] == "ETag"
    any_origin = RULE | {"AllowedOrigins": ["*"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [any_origin]})
    assert preflight(server, bucket, origin="https://b.test").headers["Access-Control-Allow-Origin"] == "*"


def test_a_website(server, s3, bucket):
    s3.put_bucket_website(
        Bucket=bucket,
        WebsiteConfiguration={
            "IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"},
            "RoutingRules": [{"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/", "HttpRedirectCode": "302"}}],
        },
    )
    s3.delete_public_access_block(Bucket=bucket)
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    for key, text in (("index.html", "front"), ("docs/index.html", "docs"), ("error.html", "sorry")):
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType="text/html")
    s3.put_object(Bucket=bucket, Key="moved", Body=b"", WebsiteRedirectLocation="/docs/")

    def get(where):
        return server.request("GET", where, headers={"Host": f"{bucket}.s3-website-us-east-1.amazonaws.com"})

    for where, code, text in (("/", 200, "front"), ("/docs/", 200, "docs"), ("/nothing", 404, "sorry")):
        answer = get(where)
        assert (answer.status, answer.text) == (code, text)
    for where, code, target in (("/docs", 302, "/docs/"), ("/moved", 301, "/docs/")):
        answer = get(where)
        assert (answer.status, answer.headers["Location"]) == (code, target)
    answer = get("/old/page")
    assert answer.status == 302 and answer.headers["Location"].endswith("/new/page")
