"""Deploys examples/csv-import for tests: with its own code and the real SDK that functions find on AWS."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tidegate import REGION, Server, binary

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples/csv-import"
INSTALLED = ROOT / "target/conformance"
NAME = "csv-import"


def sdk() -> Path:
    """The folder that `tidegate runtime install` fills; once for all tests, since it comes over the network."""
    folder = INSTALLED / "sdk"
    if not (folder / "done").exists():
        subprocess.run([binary(), "runtime", "install", "--data", str(folder)], check=True, capture_output=True)
        (folder / "done").touch()
    return folder / "runtime"


def application() -> Path:
    """The example with its packages; installed again where its lock file changes."""
    folder = INSTALLED / NAME
    lock = (EXAMPLE / "package-lock.json").read_bytes()
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", "dist", ".terraform", "terraform.tfstate*"))
    marker = folder / "installed"
    if not marker.exists() or marker.read_bytes() != lock:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
        marker.write_bytes(lock)
    return folder


class Import:
    """The application on a server."""

    def __init__(self, server: Server, folder: Path):
        self.server, self.folder = server, folder
        self.dynamodb, self.sqs = server.client("dynamodb"), server.client("sqs")

    def node(self, *arguments: str, fails: bool = False) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
            "AWS_ENDPOINT_URL": self.server.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "NODE_NO_WARNINGS": "1",
        }
        done = subprocess.run(["node", *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=3600)
        assert (done.returncode != 0) is fails, done
        return done.stdout

    def generate(self, rows: int, to: Path) -> None:
        with to.open("w") as file:
            subprocess.run(["node", "generate.js", str(rows)], cwd=self.folder, stdout=file, check=True)

    def users(self) -> list[str]:
        """Each item's key, as often as a scan finds it."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=f"{NAME}-users", ProjectionExpression="email", ConsistentRead=True)
        return [item["email"]["S"] for page in pages for item in page["Items"]]

    def mailed(self) -> list[str]:
        """The recipient of each welcome in the mailbox, however often; the mail that verifies the sender is none."""
        found, cursor = [], ""
        while True:
            page = self.server.request("GET", f"/_tidegate/mail?limit=1000{cursor}").json()
            found += [address for mail in page["messages"] if mail["subject"].startswith("Welcome, ") for address in mail["to"]]
            if not page.get("cursor"):
                return found
            cursor = f"&cursor={page['cursor']}"

    def inserted(self) -> int:
        return self.dynamodb.describe_table(TableName=f"{NAME}-users")["Table"]["ItemCount"]

    def waiting(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self.sqs.get_queue_url(QueueName=f"{NAME}-{queue}")["QueueUrl"]
        counts = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(map(int, counts.values()))

    def most_memory_mb(self) -> float:
        """The most that the server has had resident."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def on(server: Server) -> Import:
    """Deploys it; the server is started with the SDK in its folder."""
    server.data.mkdir(parents=True, exist_ok=True)
    (server.data / "runtime").symlink_to(sdk())
    server.start()
    made = Import(server, application())
    made.node("main.js", "deploy")
    return made
