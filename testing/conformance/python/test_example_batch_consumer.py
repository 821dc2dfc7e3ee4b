"""The sample function `batch-consumer`, in Rust and in Go: an API that refuses many calls is called once for twenty
messages."""

import io
import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from tidegate import ACCOUNT, REGION

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples/batch-consumer"
MESSAGES = 100
RATE = 10

sys.path.insert(0, str(EXAMPLE))
from upstream import Upstream  # noqa: E402


def built_rust(_folder: Path) -> Path:
    command = ["cargo", "build", "--quiet", "--package", "batch-consumer", "--message-format", "json"]
    built = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    messages = [json.loads(line) for line in built.splitlines()]
    (binary,) = [message["executable"] for message in messages if message.get("executable")]
    return Path(binary)


def built_go(folder: Path) -> Path:
    go = shutil.which("go")
    if not go:
        pytest.skip("no Go toolchain is on the PATH")
    settings = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": "-mod=mod"}
    binary = folder / "bootstrap"
    subprocess.run([go, "build", "-o", binary, "."], cwd=EXAMPLE / "go", env={**os.environ, **settings}, check=True)
    return binary


BUILDS = {"rust": built_rust, "go": built_go}


@pytest.fixture(scope="module", params=list(BUILDS))
def twin(request, tmp_path_factory) -> tuple[str, bytes]:
    """One of the two functions: its language, and the zip file that is uploaded."""
    binary = BUILDS[request.param](tmp_path_factory.mktemp("built"))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        file.writestr(entry, binary.read_bytes(), zipfile.ZIP_DEFLATED)
    return request.param, archive.getvalue()


@pytest.fixture
def upstream():
    # A second passes when the test says so: with each round in which messages come again.
    server = Upstream(0, RATE, clock=lambda: server.now)
    server.now = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.mark.parametrize("batch, window", [(20, 1), (1, 0)])
def test_batches_spare_an_api_that_allows_few_calls(server, sqs, twin, upstream, batch, window):
    language, zipped = twin
    name = f"{language}-batches-of-{batch}"
    queue = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    functions = server.client("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role=f"arn:aws:iam::{ACCOUNT}:role/{name}",
        Code={"ZipFile": zipped},
        Environment={"Variables": {"UPSTREAM": f"127.0.0.1:{upstream.server_address[1]}"}},
    )
    for start in range(0, MESSAGES, 10):
        entries = [{"Id": str(n), "MessageBody": json.dumps({"n": n})} for n in range(start, start + 10)]
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    functions.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
        BatchSize=batch,
        MaximumBatchingWindowInSeconds=window,
        ScalingConfig={"MaximumConcurrency": 5},
    )
    server.settle()
    print(f"{language}, batches of {batch}: {upstream.calls} calls, {upstream.refused} refused")
    if batch == 1:
        assert (upstream.calls, upstream.refused) == (MESSAGES, MESSAGES - RATE)
        # What was refused comes again when its visibility has run out, and goes through in the end.
        for _ in range(MESSAGES):
            if len(upstream.entities) == MESSAGES:
                break
            upstream.now += 1
            server.advance("PT30S")
            server.settle()
    assert sorted(entity["n"] for entity in upstream.entities) == list(range(MESSAGES))
    if batch == 20:
        assert upstream.refused == 0
        assert upstream.calls <= MESSAGES // batch + 5
        found = server.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="Messages")
        assert any("Messages count: 20" in event["message"] for event in found["events"])
