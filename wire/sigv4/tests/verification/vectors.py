"""Writes vectors.json: requests signed by botocore, an implementation that is not ours.

Run it with any botocore of the last years: `python3 vectors.py > vectors.json`. The signatures depend
on the inputs below alone.
"""

import datetime
import json

import botocore.auth
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2024, 2, 29, 12, 34, 56)
botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def sign(name, auth, service, method, url, headers=(), body=b"", token=None, **options):
    request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
    credentials = Credentials("AKIDEXAMPLE", SECRET, token)
    auth(credentials, service, "eu-central-1", **options).add_auth(request)
    prepared = request.prepare()
    rest = prepared.url.split("://", 1)[1]
    host, _, target = rest.partition("/")
    path, _, query = ("/" + target).partition("?")
    headers = [[k, v if isinstance(v, str) else v.decode()] for k, v in prepared.headers.items()]
    headers = [pair for pair in headers if pair[0].lower() not in ("content-length", "host")]
    return {
        "name": name,
        "style": "s3" if auth in (S3SigV4Auth, S3SigV4QueryAuth) else "standard",
        "service": service,
        "method": method,
        "path": path,
        "query": query,
        "headers": headers + [["host", host]],
        "body": body.decode(),
        "token": token,
    }


JSON = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage"}
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
SQS = "https://sqs.eu-central-1.amazonaws.com"
S3 = "https://bucket.s3.eu-central-1.amazonaws.com"

CASES = [
    sign("json", SigV4Auth, "sqs", "POST", SQS + "/", JSON, b'{"QueueUrl":"q","MessageBody":"\xc3\xa4"}'),
    sign("json with token", SigV4Auth, "sqs", "POST", SQS + "/", JSON, b"{}", token="Fwo+token/=="),
    sign("query", SigV4Auth, "sqs", "POST", SQS + "/123/q", FORM, b"Action=SendMessage&MessageBody=a+b%26"),
    sign("get with parameters", SigV4Auth, "sqs", "GET", SQS + "/?b=2&a=1&a=0&c=%20x%2Fy~&d"),
    sign("port", SigV4Auth, "sqs", "POST", "http://localhost:4566/", JSON, b"{}"),
    sign("path in need of encoding", SigV4Auth, "lambda", "GET", "https://lambda.x/f/arn%3Aaws%3Alambda/x"),
    sign("path with dots", SigV4Auth, "lambda", "GET", "https://lambda.x/a/./b/../c//d/"),
    sign("blanks in headers", SigV4Auth, "sqs", "POST", SQS + "/", {"x-custom": "  a   b  ", **JSON}, b"{}"),
    sign("presigned", SigV4QueryAuth, "sqs", "GET", SQS + "/?Action=ListQueues", expires=900),
    sign("presigned with token", SigV4QueryAuth, "sqs", "GET", SQS + "/?Action=X", token="Fwo+t/==", expires=60),
    sign("s3 get", S3SigV4Auth, "s3", "GET", S3 + "/key"),
    sign("s3 put", S3SigV4Auth, "s3", "PUT", S3 + "/a/../b//c", {"x-amz-meta-a": "b"}, b"content"),
    sign("s3 key in need of encoding", S3SigV4Auth, "s3", "PUT", S3 + "/a%20b/%C3%A4%2B%3D%26~", body=b"x"),
    sign("s3 subresource", S3SigV4Auth, "s3", "GET", S3 + "/?acl"),
    sign("s3 list", S3SigV4Auth, "s3", "GET", S3 + "/?list-type=2&prefix=a%2Fb&delimiter=%2F"),
    sign("s3 presigned", S3SigV4QueryAuth, "s3", "GET", S3 + "/key%20x?response-content-type=a%2Fb", expires=3600),
    sign("s3 presigned put", S3SigV4QueryAuth, "s3", "PUT", S3 + "/key", expires=3600),
]

print(json.dumps(CASES, indent=1))
