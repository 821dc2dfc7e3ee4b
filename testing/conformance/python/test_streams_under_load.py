"""Table to stream to function to table, with functions that fail and a server that is killed: the copy is exact.

`TIDEGATE_LOAD_MESSAGES` says how many changes; a hundred thousand of them are the proof, two thousand the test.
"""

import json
import os
import random

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from lambdas import ROLE, WRITES, zipped
from tidegate import ACCOUNT, REGION, Server

CHANGES = int(os.environ.get("TIDEGATE_LOAD_MESSAGES", "2000"))
ROUNDS = 4
BATCH = 10
KILLS = 5
POISONED = 10
RETRIES = 6

# Copies each item as it is now, and notes each change. It throws sometimes, dies sometimes, and stops at poison.
HANDLER = WRITES + r"""
exports.handler = async (event) => {
  const chance = Math.random();
  if (chance < 0.01) throw new Error('as it was asked to');
  if (chance < 0.013) process.exit(3);
  const poison = event.Records.find((record) => record.dynamodb.NewImage.poison);
  const good = poison ? event.Records.slice(0, event.Records.indexOf(poison)) : event.Records;
  const items = good.map((record) => record.dynamodb.NewImage);
  const puts = (all) => all.map((Item) => ({ PutRequest: { Item } }));
  const newest = [...new Map(items.map((item) => [item.id.S, item])).values()];
  const notes = new Map(items.map((item) => [`${item.id.S} ${item.n.N}`, true]));
  const seen = [...notes.keys()].map((text) => ({ id: { S: text } }));
  if (items.length) await write({ copies: puts(newest), notes: puts(seen) });
  if (chance > 0.99) throw new Error('after it had written');
  return { batchItemFailures: poison ? [{ itemIdentifier: poison.dynamodb.SequenceNumber }] : [] };
};
"""


class Load:
    """The whole system: a server, a table with a stream, the function behind it and the tables that it fills."""

    def __init__(self, server: Server):
        self.server = server
        self.sqs, self.dynamodb, self.lambda_ = (server.client(name) for name in ("sqs", "dynamodb", "lambda"))

    def table(self, name: str, **more) -> dict:
        made = self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            **more,
        )
        return made["TableDescription"]

    def deploy(self) -> None:
        self.given_up = self.sqs.create_queue(QueueName="given-up")["QueueUrl"]
        view = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
        stream = self.table("items", StreamSpecification=view)["LatestStreamArn"]
        self.table("copies")
        self.table("notes")
        code = {"ZipFile": zipped(index__js=HANDLER)}
        self.lambda_.create_function(
            FunctionName="copy", Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Code=code, Timeout=5
        )
        self.lambda_.create_event_source_mapping(
            FunctionName="copy",
            EventSourceArn=stream,
            StartingPosition="TRIM_HORIZON",
            BatchSize=BATCH,
            ParallelizationFactor=4,
            BisectBatchOnFunctionError=True,
            MaximumRetryAttempts=RETRIES,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            DestinationConfig={"OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:{ACCOUNT}:given-up"}},
        )

    def put(self, items: list[dict]) -> None:
        """Writes until it is acknowledged, whatever happens to the server. What is written twice changes nothing."""
        requests = [{"PutRequest": {"Item": item}} for item in items]
        while True:
            try:
                assert not self.dynamodb.batch_write_item(RequestItems={"items": requests})["UnprocessedItems"]
                return
            except (BotoCoreError, ClientError):
                self.server.start()

    def drain(self) -> None:
        """Time passes until the mapping has nothing to do and waits for nothing."""
        for _ in range(POISONED * (RETRIES + 4) * 4):
            state = self.server.settle()
            if not any(waiting["what"].startswith("event source mapping") for waiting in state["waiting"]):
                return
            self.server.advance("PT60S")
        pytest.fail(f"there is no end: {self.server.settle()}")

    def all_of(self, table: str) -> list[dict]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table)
        return [item for page in pages for item in page["Items"]]

    def losses(self) -> list[dict]:
        found = []
        while messages := self.sqs.receive_message(QueueUrl=self.given_up, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.given_up, ReceiptHandle=message["ReceiptHandle"])
        return found


def by_id(items: list[dict]) -> dict[str, dict]:
    return {item["id"]["S"]: item for item in items}


def test_a_copy_is_exact_whatever_is_killed():
    chance = random.Random(11)
    keys = CHANGES // ROUNDS
    poisoned = {f"poison-{number}": chance.randrange(keys) for number in range(POISONED)}
    changes = []
    for turn in range(ROUNDS):
        changes += [{"id": {"S": f"i-{key}"}, "n": {"N": str(turn)}} for key in range(keys)]
    good = list(changes)
    for name, place in poisoned.items():
        changes.insert(place, {"id": {"S": name}, "n": {"N": "0"}, "poison": {"BOOL": True}})
    kills = set(chance.sample(range(1, CHANGES // 25), KILLS))
    with Server("--virtual-clock") as server:
        load = Load(server)
        load.deploy()
        for at in range(0, len(changes), 25):
            if at // 25 in kills:
                server.kill()
            load.put(changes[at : at + 25])
        load.drain()
        copies = by_id(load.all_of("copies"))
        assert copies == {name: item for name, item in by_id(load.all_of("items")).items() if name not in poisoned}
        assert len(copies) == keys
        # A later change of an item was never seen without the earlier ones.
        seen = {item["id"]["S"] for item in load.all_of("notes")}
        assert seen == {f"{item['id']['S']} {item['n']['N']}" for item in good}
        losses = load.losses()
        assert [loss["DDBStreamBatchInfo"]["batchSize"] for loss in losses] == [1] * POISONED
        assert {loss["requestContext"]["condition"] for loss in losses} == {"RetryAttemptsExhausted"}
        state = server.settle()
        assert state["idle"] and not state["busy"], state
        server.stop()
        checked = server.run("check", str(server.data))
        assert checked.returncode == 0, checked.stdout + checked.stderr
