"""The pages beside the AWS APIs: health, metrics, clock, barrier, peek, init scripts; and who may not."""

import json
import stat

import boto3
import pytest

from queues import counts, receive, send
from tidegate import Server
from wire import call_json

PAGE = {"Content-Type": "application/json"}


def test_health_has_localstacks_shape(server):
    for path in ("/_tidegate/health", "/_localstack/health"):
        health = server.request("GET", path).json()
        assert health["services"]["sqs"] == "running"
        assert health["edition"] and health["version"]


def test_metrics_are_prometheus_text(server, sqs, queue):
    send(sqs, queue, "x")
    answer = server.request("GET", "/_tidegate/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    values = {}
    for line in answer.text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            values[name] = float(value)
    sends = [value for name, value in values.items() if name.startswith("tidegate_requests_total") and 'operation="SendMessage"' in name and 'status="200"' in name]
    assert sends and sends[0] >= 1
    assert values["process_resident_memory_bytes"] > 1_000_000


def test_a_queue_can_be_looked_into_without_consuming(server, sqs, queue):
    send(sqs, queue, "one", "two")
    for _ in range(2):
        answer = server.request("GET", f"/_tidegate/sqs/peek?queueUrl={queue}")
        assert answer.status == 200, answer
        assert "one" in answer.text and "two" in answer.text
    assert counts(sqs, queue) == (2, 0, 0)
    (message, _) = receive(sqs, queue, AttributeNames=["All"])
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert server.request("GET", "/_tidegate/sqs/peek?queueUrl=nothing").status in (400, 404)


def test_time_moves_forward_only_and_is_kept(server, sqs, queue):
    before = server.request("GET", "/_tidegate/clock").json()["now"]
    server.advance("PT1H")
    after = server.request("GET", "/_tidegate/clock").json()["now"]
    assert after > before
    server.kill()
    server.start()
    assert server.request("GET", "/_tidegate/clock").json()["now"] >= after
    for body in ({"advance": "-PT1H"}, {"advance": "tomorrow"}, {}, {"set": "2001-01-01T00:00:00Z"}):
        assert server.request("POST", "/_tidegate/clock", json.dumps(body), PAGE).status == 400, body


def test_the_barrier_says_what_it_waits_for(server, sqs, queue):
    send(sqs, queue, "x", DelaySeconds=600)
    settled = server.settle()
    assert settled["idle"] is True


def test_a_reset_forgets_everything(server, sqs, queue):
    send(sqs, queue, "x")
    assert server.request("POST", "/_tidegate/reset").status == 200
    assert "QueueUrls" not in sqs.list_queues()
    url = sqs.create_queue(QueueName=queue.rsplit("/", 1)[1])["QueueUrl"]
    assert counts(sqs, url) == (0, 0, 0)


def test_without_a_virtual_clock_time_and_data_stay():
    with Server() as server:
        assert server.request("POST", "/_tidegate/clock", '{"advance":"PT1H"}', PAGE).status == 409
        assert server.request("POST", "/_tidegate/reset").status == 409


def test_an_unknown_page_lists_the_known_ones(server):
    answer = server.request("GET", "/_tidegate/nothing")
    assert answer.status == 404 and "/_tidegate/health" in answer.text


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Host": "localhost"}, True),
        ({"Host": "evil.example.com"}, False),
        ({"Host": "127.0.0.1.evil.example"}, False),
        ({"Origin": "http://localhost:3000"}, True),
        ({"Origin": "https://evil.example.com"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
    ],
)
def test_web_pages_from_elsewhere_are_turned_away(server, headers, allowed):
    reply = server.request("POST", "/", "{}", {"X-Amz-Target": "AmazonSQS.ListQueues", "Content-Type": "application/x-amz-json-1.0"} | headers)
    assert (reply.status == 200) is allowed, reply
    if not allowed:
        assert reply.status == 403
        assert "access-control-allow-origin" not in reply.headers
        assert server.request("POST", "/_tidegate/reset", None, headers).status == 403


def test_pages_that_are_allowed_get_their_headers():
    with Server("--allow-origin", "https://app.example.com", "--allow-host", "tidegate.example.com") as server:
        preflight = server.request(
            "OPTIONS",
            "/",
            None,
            {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-amz-target,authorization"},
        )
        assert preflight.status in (200, 204)
        assert preflight.headers["access-control-allow-origin"] == "https://app.example.com"
        assert "x-amz-target" in preflight.headers["access-control-allow-headers"].lower()
        assert call_json(server, "ListQueues", {}, {"Host": "tidegate.example.com"}).status == 200
        answer = call_json(server, "ListQueues", {}, {"Origin": "https://app.example.com"}).raw
        assert answer.headers["access-control-allow-origin"] == "https://app.example.com"


def test_https_on_the_same_port_with_a_local_authority():
    with Server("--tls") as server:
        authority = server.data / "tls" / "authority.pem"
        secure = boto3.client(
            "sqs",
            endpoint_url=f"https://localhost:{server.port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            verify=str(authority),
        )
        url = secure.create_queue(QueueName="secure")["QueueUrl"]
        assert url == f"https://localhost:{server.port}/000000000000/secure"
        send(secure, url, "x")
        assert [message["Body"] for message in receive(server.client(), url)] == ["x"]
        secure.close()


@pytest.mark.parametrize("layout", ["ready.d", ""])
def test_init_scripts_run_once_the_server_is_ready(tmp_path, layout):
    folder = tmp_path / layout
    folder.mkdir(exist_ok=True)
    good, bad = folder / "10-good.sh", folder / "20-bad.sh"
    good.write_text('#!/bin/sh\nset -e\ncurl -fsS "$AWS_ENDPOINT_URL/_localstack/health" > "$(dirname "$0")/answer"\n')
    bad.write_text("#!/bin/sh\nexit 3\n")
    for script in (good, bad):
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    with Server("--init", str(tmp_path)) as server:
        for _ in range(10_000):
            report = server.request("GET", "/_localstack/init").json()
            if report["completed"]["READY"]:
                break
        states = {script["name"]: script["state"] for script in report["scripts"]}
        assert states == {"10-good.sh": "SUCCESSFUL", "20-bad.sh": "ERROR"}
        assert "running" in (folder / "answer").read_text()
        assert server.request("GET", "/_localstack/init/ready").json()["completed"] is True
