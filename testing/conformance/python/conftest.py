"""What every test file has: a server of its own, a client, queues with names of their own."""

import itertools
import json
import os

import botocore.session
import pytest

from tidegate import REGION, Server

_numbers = itertools.count(1)

# The environment of the old SDK, which is there for the tests marked `sdk`, has nothing beside it.
if botocore.session.get_session().get_service_model("sqs").protocol == "query":
    collect_ignore = ["test_celery.py", "test_identities.py", "test_pynamodb.py"]
    collect_ignore_glob = ["test_s3_*.py"]


@pytest.fixture(scope="module")
def server(request):
    """One server for a test file, with a clock that can be moved; `SERVER_ARGUMENTS` adds to it."""
    with Server(*getattr(request.module, "SERVER_ARGUMENTS", ["--virtual-clock"])) as server:
        yield server


@pytest.fixture(scope="module")
def sqs(server):
    return server.client()


@pytest.fixture
def make(sqs):
    """Makes a queue with a name of its own: `make(fifo=True, VisibilityTimeout=5)` answers its URL."""

    def make(prefix: str = "q", fifo: bool = False, tags: dict | None = None, **attributes) -> str:
        name = f"{prefix}-{next(_numbers)}" + (".fifo" if fifo else "")
        values = {key: json.dumps(value) if isinstance(value, dict) else str(value) for key, value in attributes.items()}
        if fifo:
            values["FifoQueue"] = "true"
        extra = {"tags": tags} if tags else {}
        return sqs.create_queue(QueueName=name, Attributes=values, **extra)["QueueUrl"]

    return make


@pytest.fixture
def queue(make) -> str:
    return make()


@pytest.fixture
def fifo(make) -> str:
    return make(fifo=True)


@pytest.fixture(scope="module")
def cli_environment(server, tmp_path_factory) -> dict[str, str]:
    """What the AWS CLI finds in its environment. HTTPS goes to a proxy that is not there: no test may reach AWS."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return inherited | {
        "HOME": str(tmp_path_factory.mktemp("home")),
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }


@pytest.fixture(scope="module")
def s3(server):
    return server.client("s3")


@pytest.fixture
def bucket(s3) -> str:
    """A bucket with a name of its own."""
    name = f"bucket-{next(_numbers)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows its server's log."""
    outcome = yield
    report = outcome.get_result()
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and isinstance(server, Server):
        report.sections.append(("server log", server.log()))
