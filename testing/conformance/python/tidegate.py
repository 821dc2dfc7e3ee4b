"""Starts a server of its own for a test, and looks after it.

The twin of the Rust crate `testing/harness`, for tests that are Python programs. A server has a free
port and a folder of its own; it can be killed, stopped and started again on the same folder.
"""

import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import boto3
from botocore.config import Config

READY_WITHIN_S = 60
STOPPED_WITHIN_S = 60
SHOWN_LOG_LINES = 150
REGION = "us-east-1"
ACCOUNT = "000000000000"


def binary() -> str:
    """`$TIDEGATE_BIN`, or the newest build under `target/`."""
    if named := os.environ.get("TIDEGATE_BIN"):
        return named
    target = Path(__file__).resolve().parents[3] / "target"
    built = [path for path in (target / profile / "tidegate" for profile in ("debug", "quick", "release")) if path.is_file()]
    if not built:
        raise RuntimeError("there is no server: run `cargo build -p tidegate` first, or set TIDEGATE_BIN")
    return str(max(built, key=lambda path: path.stat().st_mtime))


class Answer:
    """What came back for a raw request."""

    def __init__(self, response: http.client.HTTPResponse):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"<{self.status} {dict(self.headers)} {self.text[:1000]!r}>"


def free_port() -> int:
    """A port below those that systems give to whoever asks for any: nobody takes it while its server is down."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) != 0:
                return port


class Server:
    """A running server. `with Server("--virtual-clock") as server: …`"""

    def __init__(self, *arguments: str, env: dict | None = None):
        self.arguments = arguments
        self.env = env or {}
        self.folder = Path(tempfile.mkdtemp(prefix="tidegate-test-"))
        self.data = self.folder / "data"
        self.port = free_port()
        self.process: subprocess.Popen | None = None
        self._clients: list = []

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it, or starts it again: same folder, same port."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [binary(), "up", "--port", str(self.port), "--data", str(self.data), *self.arguments],
                cwd=self.folder,
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        ready = threading.Event()
        threading.Thread(target=self._read_stdout, args=(self.process, ready), daemon=True).start()
        if not ready.wait(READY_WITHIN_S) or self.process.poll() is not None:
            raise RuntimeError(f"the server did not become ready; its log:\n{self.log()}")

    def _read_stdout(self, process: subprocess.Popen, ready: threading.Event) -> None:
        """Reads for the server's whole life, so that it never blocks on a full pipe."""
        for line in process.stdout:
            if "http://" in line:
                ready.set()
        process.wait()
        ready.set()

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; answers the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOPPED_WITHIN_S)

    def close(self) -> None:
        for client in self._clients:
            client.close()
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        path = self.folder / "server.log"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return "\n".join(lines[-SHOWN_LOG_LINES:])

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Runs another command of the binary."""
        return subprocess.run([binary(), *arguments], capture_output=True, text=True, cwd=self.folder, timeout=60)

    def client(self, service: str = "sqs", *, key: str = "test", secret: str = "test", region: str = REGION, endpoint: str | None = None, **config):
        """A boto3 client. It does not try again: a test wants to see every answer."""
        client = boto3.client(
            service,
            endpoint_url=endpoint or self.url,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=40, max_pool_connections=50, **config),
        )
        self._clients.append(client)
        return client

    def request(self, method: str, path: str, body: bytes | str | None = None, headers: dict | None = None) -> Answer:
        """Sends exactly this and nothing else; the host too can be chosen."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        try:
            data = body.encode() if isinstance(body, str) else body
            connection.request(method, path, data, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def _admin(self, page: str, value: dict) -> dict:
        answer = self.request("POST", f"/_tidegate/{page}", json.dumps(value), {"Content-Type": "application/json"})
        assert answer.status == 200, answer
        return answer.json()

    def advance(self, duration: str) -> dict:
        """Moves time by an ISO 8601 duration; needs `--virtual-clock`."""
        return self._admin("clock", {"advance": duration})

    def settle(self) -> dict:
        """Waits until the server is idle, long polls aside."""
        return self._admin("settle", {})
