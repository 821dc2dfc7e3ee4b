"""What a user sees of durability: kill it, start it, everything is there; and its commands."""

import json

from queues import attribute, counts, drain, receive, send, send_fifo
from tidegate import Server


def test_everything_is_there_after_a_kill(server, sqs, make):
    dead = make("dead", tags={"a": "b"})
    url = make(VisibilityTimeout=77, RedrivePolicy={"deadLetterTargetArn": attribute(sqs, dead, "QueueArn"), "maxReceiveCount": 3})
    large = "x" * 300_000
    send(sqs, url, "small", large, MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}})
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    server.kill()
    server.start()
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] == before
    assert sqs.list_queue_tags(QueueUrl=dead)["Tags"] == {"a": "b"}
    messages = receive(sqs, url, MessageAttributeNames=["All"])
    assert sorted(len(message["Body"]) for message in messages) == [5, 300_000]
    assert all(message["MessageAttributes"]["k"]["StringValue"] == "v" for message in messages)


def test_what_was_deleted_or_purged_stays_away(server, sqs, make):
    deleted, purged, gone = make(), make(), make("gone")
    send(sqs, deleted, *map(str, range(20)))
    assert len(drain(sqs, deleted)) == 20
    send(sqs, purged, *map(str, range(20)))
    sqs.purge_queue(QueueUrl=purged)
    sqs.delete_queue(QueueUrl=gone)
    server.kill()
    server.start()
    assert counts(sqs, deleted) == counts(sqs, purged) == (0, 0, 0)
    assert receive(sqs, deleted) == receive(sqs, purged) == []
    assert gone not in sqs.list_queues()["QueueUrls"]


def test_a_graceful_end_is_a_success_and_keeps_everything(server, sqs, fifo):
    send_fifo(sqs, fifo, "g", "1", "2", "3")
    assert server.stop() == 0
    checked = server.run("check", str(server.data))
    assert checked.returncode == 0, checked.stderr
    server.start()
    assert drain(sqs, fifo) == ["1", "2", "3"]


def test_a_folder_has_one_owner(server):
    second = Server()
    second.data = server.data
    try:
        second.start()
    except RuntimeError as error:
        assert str(server.data) in str(error)
    else:
        raise AssertionError("two servers share a folder")
    finally:
        second.close()
    checked = server.run("check", str(server.data))
    assert checked.returncode != 0 and str(server.data) in checked.stderr


def test_a_backup_becomes_a_server(server, sqs, queue):
    send(sqs, queue, "kept")
    server.stop()
    backup = server.folder / "backup"
    copied = server.run("backup", "--data", str(server.data), str(backup))
    assert copied.returncode == 0, copied.stderr
    server.start()
    assert drain(sqs, queue) == ["kept"]
    with Server("--virtual-clock") as other:
        other.stop()
        other.data = other.folder / "restored"
        restored = other.run("restore", str(backup), "--data", str(other.data))
        assert restored.returncode == 0, restored.stderr
        other.start()
        theirs = other.client()
        url = theirs.get_queue_url(QueueName=queue.rsplit("/", 1)[1])["QueueUrl"]
        assert drain(theirs, url) == ["kept"]


def test_a_damaged_folder_is_reported_and_not_skipped(tmp_path):
    with Server() as server:
        sqs = server.client()
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        for number in range(50):
            send(sqs, url, f"message {number} " + "x" * 2_000)
        server.stop()
        files = sorted((path for path in server.data.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
        journal = next(path for path in reversed(files) if b"message 25 " in path.read_bytes())
        content = bytearray(journal.read_bytes())
        at = content.index(b"message 25 ")
        content[at : at + 10] = b"\x00" * 10
        journal.write_bytes(content)
        checked = server.run("check", str(server.data))
        assert checked.returncode != 0, checked.stdout
        assert checked.stderr.strip()


def test_an_ephemeral_server_forgets():
    with Server("--ephemeral") as server:
        sqs = server.client()
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        send(sqs, url, "x")
        assert drain(sqs, url) == ["x"]
        server.advance("PT1H")
        server.kill()
        server.start()
        assert "QueueUrls" not in sqs.list_queues()
        assert not any(path.is_file() for path in server.data.rglob("*")), "nothing is written"


def test_status_and_env_find_the_server(server):
    status = server.run("status", "--data", str(server.data))
    assert status.returncode == 0 and server.url in status.stdout, status
    env = server.run("env", "--data", str(server.data), "--shell", "sh")
    assert f"AWS_ENDPOINT_URL={server.url}" in env.stdout.replace("'", "").replace('"', "")
    health = json.loads(server.request("GET", "/_tidegate/health").text)
    assert health["services"]["sqs"] == "running"
