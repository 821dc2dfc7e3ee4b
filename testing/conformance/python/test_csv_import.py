"""The sample application `csv-import`: a file becomes users and mails, whatever is killed on the way.

`TIDEGATE_LOAD_ROWS` says how many rows: a million are the proof, a thousand the test.
"""

import collections
import json
import os
import random
import time

import pytest

import csvimport
from csvimport import NAME
from tidegate import ACCOUNT, Server

ROWS = int(os.environ.get("TIDEGATE_LOAD_ROWS", "1000"))
KILLS = 2
MOST_MEMORY_MB = 300
PATIENCE_S = 1800
# The mailbox keeps all of them, so that they can be counted.
ARGUMENTS = ["--virtual-clock", "--mail-keep", str(ROWS + 1000)]


@pytest.fixture
def server():
    server = Server(*ARGUMENTS)
    yield server
    server.close()


def expected(rows: int) -> set[str]:
    return {f"user{n}@example.com" for n in range(1, rows + 1)}


def upload(application, content: str | bytes, key: str) -> None:
    body = content.encode() if isinstance(content, str) else content
    application.server.client("s3").put_object(Bucket=f"{NAME}-uploads-{ACCOUNT}", Key=key, Body=body)


def idle(server) -> None:
    """Waits until the server is idle, however long that takes: settling by itself gives up after a while."""
    patience = time.monotonic() + PATIENCE_S
    while (answer := server.request("POST", "/_tidegate/settle", "{}", {"Content-Type": "application/json"})).status != 200:
        assert answer.status == 409 and time.monotonic() < patience, answer


def finish(application) -> None:
    """Time passes until nothing is left in the queue: what a killed function had taken comes back in its time."""
    for _ in range(20):
        idle(application.server)
        if not application.waiting("buffer"):
            return
        application.server.advance("PT180S")
    pytest.fail(f"{application.waiting('buffer')} messages are left")


CSV = """\ufeffemail,Name
ADA@example.com ,"Lovelace, Ada"
bo@example.com,"He said ""hello""
and left"
,nobody
no-address,Somebody
ada@example.com,Ada again

ünï@example.com,"Ünï <b>"\r
last@example.com,Last"""


def test_what_csv_can_look_like(server):
    application = csvimport.on(server)
    upload(application, CSV, "strange names/ü+ 1.csv")
    upload(application, "email,name\nx@example.com,X\n", "not-for-us.txt")
    finish(application)
    assert sorted(application.users()) == ["ada@example.com", "bo@example.com", "last@example.com"]
    assert sorted(application.mailed()) == sorted(application.users())
    item = server.client("dynamodb").get_item(TableName=f"{NAME}-users", Key={"email": {"S": "bo@example.com"}})["Item"]
    assert item["name"]["S"] == 'He said "hello"\nand left'
    said = server.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{NAME}-process-csv", filterPattern="done")["events"]
    assert json.loads(said[0]["message"][said[0]["message"].index("{") :]) == {"key": "strange names/ü+ 1.csv", "read": 7, "queued": 4, "refused": 3}
    # What is uploaded once more is no news to anybody.
    upload(application, CSV, "again.csv")
    finish(application)
    assert len(application.mailed()) == 3
    # The day after the file is gone, and the users stay.
    server.advance("P3D")
    server.settle()
    assert server.client("s3").list_objects_v2(Bucket=f"{NAME}-uploads-{ACCOUNT}")["KeyCount"] == 0
    assert len(application.users()) == 3


def test_a_message_that_is_none_becomes_a_dead_letter(server):
    application = csvimport.on(server)
    url = application.sqs.get_queue_url(QueueName=f"{NAME}-buffer")["QueueUrl"]
    for text in ("no JSON", json.dumps({"email": "x@example.com", "name": "X"})):
        application.sqs.send_message(QueueUrl=url, MessageBody=text)
    finish(application)
    assert application.users() == ["x@example.com"] and application.waiting("dead") == 1


def test_each_user_once_and_each_mail_whatever_is_killed(server, tmp_path):
    application = csvimport.on(server)
    file = tmp_path / "users.csv"
    application.generate(ROWS, file)
    chance = random.Random(5)
    kills = sorted(chance.uniform(0.05, 0.8) for _ in range(KILLS))
    began = time.monotonic()
    application.node("main.js", "upload", str(file))
    most = 0.0
    for part in kills:
        until(application, int(ROWS * part))
        most = max(most, application.most_memory_mb())
        server.kill()
        server.start()
    finish(application)
    most = max(most, application.most_memory_mb())
    took = time.monotonic() - began
    users = application.users()
    assert len(users) == ROWS and set(users) == expected(ROWS)
    mails = collections.Counter(application.mailed())
    assert set(mails) == expected(ROWS)
    # More than one only for what was being sent when the server was killed.
    assert sum(mails.values()) - ROWS <= KILLS * 500, mails.most_common(3)
    assert application.waiting("dead") == 0
    print(f"\ncsv-import: {ROWS} rows in {took:.0f} s, {sum(mails.values()) - ROWS} mails twice, at most {most:.0f} MB")
    assert most <= MOST_MEMORY_MB
    server.stop()
    checked = server.run("check", str(server.data))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def until(application, count: int) -> None:
    """Asks until so many users are there."""
    patience = time.monotonic() + PATIENCE_S
    while application.inserted() < count:
        assert time.monotonic() < patience, f"{application.inserted()} users after {PATIENCE_S} s"
