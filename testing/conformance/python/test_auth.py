"""`--auth enforce`: whose signature is good, and what everybody else is told."""

import datetime
import hashlib

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from queues import arn, bodies, receive, refused, send
from tidegate import Server
from wire import Answer

SERVER_ARGUMENTS = ["--auth", "enforce", "--virtual-clock"]
HEADERS = {"X-Amz-Target": "AmazonSQS.ListQueues", "Content-Type": "application/x-amz-json-1.0"}


@pytest.fixture(scope="module")
def key(server):
    """A key made as people make one."""
    return make_key(server)


def make_key(server, account: str = "000000000000") -> tuple[str, str]:
    made = server.run("keys", "--data", str(server.data), "create", "--account", account)
    assert made.returncode == 0, made.stderr
    words = made.stdout.replace("=", " ").replace('"', " ").split()
    key_id = next(word for word in words if word.startswith(("AKIA", "TG", "ASIA")) and len(word) >= 16)
    secret = next(word for word in words if len(word) == 40 and word != key_id)
    return key_id, secret


def signed(server: Server, key: tuple[str, str], *, body: str = "{}", service="sqs", region="us-east-1", at=None, change=None, headers=None) -> Answer:
    """A request that botocore signed and that was then tampered with."""
    request = botocore.awsrequest.AWSRequest("POST", server.url + "/", data=body, headers=HEADERS | (headers or {}))
    signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(*key), service, region)
    if at:
        fixed = at.strftime("%Y%m%dT%H%M%SZ")
        request.context["timestamp"] = fixed
        request.headers["X-Amz-Date"] = fixed
        scope = f"{fixed[:8]}/{region}/{service}/aws4_request"
        request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(body.encode()).hexdigest()
        canonical = signer.canonical_request(request)
        signer.scope = lambda _: f"{key[0]}/{scope}"
        text = "\n".join(["AWS4-HMAC-SHA256", fixed, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        signer._inject_signature_to_request(request, signer.signature(text, request))
    else:
        signer.add_auth(request)
    sent = {"body": body, "path": "/", "headers": dict(request.headers.items())}
    if change:
        change(sent)
    return server.request("POST", sent["path"], sent["body"], sent["headers"])


def test_a_made_key_works_for_its_account(server, key):
    sqs = server.client(key=key[0], secret=key[1])
    url = sqs.create_queue(QueueName="mine")["QueueUrl"]
    send(sqs, url, "x")
    assert bodies(receive(sqs, url)) == ["x"]
    other = make_key(server, "123456789012")
    theirs = server.client(key=other[0], secret=other[1])
    assert arn(theirs, theirs.create_queue(QueueName="theirs")["QueueUrl"]).split(":")[4] == "123456789012"


def test_an_unknown_key_is_refused(server):
    with refused("InvalidClientTokenId", "The security token included in the request is invalid.", 403):
        server.client(key="AKIAIOSFODNN7EXAMPLE", secret="x" * 40).list_queues()


def test_a_twelve_digit_key_is_no_key_here(server):
    with refused("InvalidClientTokenId", "", 403):
        server.client(key="111122223333", secret="test").list_queues()


def test_a_wrong_secret_is_refused(server, key):
    with refused("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.", 403):
        server.client(key=key[0], secret="x" * 40).list_queues()


def test_the_untouched_request_is_accepted(server, key):
    assert signed(server, key).status == 200


def altered_signature(sent):
    sent["headers"]["Authorization"] = sent["headers"]["Authorization"][:-1] + ("0" if sent["headers"]["Authorization"][-1] != "0" else "1")


def header(name: str, value: str | None):
    def change(sent):
        sent["headers"].pop(name, None)
        if value is not None:
            sent["headers"][name] = value

    return change


MISMATCH = "InvalidSignatureException"


@pytest.mark.parametrize(
    ("change", "type_"),
    [
        (altered_signature, MISMATCH),
        (lambda sent: sent.update(body='{"MaxResults": 5}'), MISMATCH),
        (lambda sent: sent.update(path="/?x=1"), MISMATCH),
        (header("X-Amz-Target", "AmazonSQS.CreateQueue"), MISMATCH),
        (header("Content-Type", "application/x-amz-json-1.1"), None),
        (header("Authorization", None), "MissingAuthenticationTokenException"),
        (header("Authorization", "Basic dXNlcjpwYXNz"), "IncompleteSignatureException"),
        (header("Authorization", "AWS4-HMAC-SHA256 Credential=x"), "IncompleteSignatureException"),
        (header("X-Amz-Date", "20200101T000000Z"), MISMATCH),
        (header("X-Amz-Date", None), None),
    ],
    ids=["signature", "body", "query", "target", "content type", "nothing", "basic", "cut", "date", "no date"],
)
def test_a_request_that_was_tampered_with_is_refused(server, key, change, type_):
    answer = signed(server, key, change=change)
    assert answer.status in (400, 403), answer
    if type_:
        assert answer.status == 403
        assert answer.json()["__type"].split("#")[-1] == type_, answer


def test_signatures_go_out_of_date(server, key):
    now = datetime.datetime.now(datetime.timezone.utc)
    for minutes, status in ((0, 200), (-4, 200), (4, 200), (-16, 403), (16, 403)):
        answer = signed(server, key, at=now + datetime.timedelta(minutes=minutes))
        assert answer.status == status, (minutes, answer)


def test_a_moved_clock_does_not_make_signatures_old(server, key):
    admin = (server.data / "admin-key").read_text().strip()
    answer = server.request("POST", "/_tidegate/clock", '{"advance":"PT48H"}', {"Content-Type": "application/json", "X-Tidegate-Admin-Key": admin})
    assert answer.status == 200, answer
    assert signed(server, key).status == 200


def test_the_scope_must_be_the_services(server, key):
    assert signed(server, key, service="s3").status in (400, 403)


def test_the_pages_need_the_admin_key(server):
    assert server.request("GET", "/_tidegate/health").status == 200
    for method, path in (("GET", "/_tidegate/metrics"), ("POST", "/_tidegate/settle"), ("POST", "/_tidegate/reset"), ("GET", "/_tidegate/keys"), ("GET", "/_localstack/init")):
        assert server.request(method, path).status == 403, path
    admin = (server.data / "admin-key").read_text().strip()
    assert server.request("GET", "/_tidegate/metrics", None, {"X-Tidegate-Admin-Key": admin}).status == 200
    assert server.request("GET", "/_tidegate/metrics", None, {"X-Tidegate-Admin-Key": admin[:-1]}).status == 403


def test_a_deleted_key_no_longer_works(server):
    key = make_key(server)
    assert signed(server, key).status == 200
    assert server.run("keys", "--data", str(server.data), "delete", key[0]).returncode == 0
    assert signed(server, key).status == 403


def test_beyond_loopback_somebody_must_check_signatures(tmp_path):
    with pytest.raises(RuntimeError, match="--auth enforce"):
        with Server("--host", "0.0.0.0"):
            pass
