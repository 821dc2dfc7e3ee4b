"""Queue to function to table, with functions that fail and a server that is killed: nothing is lost.

`TIDEGATE_LOAD_MESSAGES` says how many messages; a hundred thousand of them are the proof, two thousand the test.
"""

import json
import os
import random

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from lambdas import WRITES, zipped
from tidegate import ACCOUNT, REGION, Server

MESSAGES = int(os.environ.get("TIDEGATE_LOAD_MESSAGES", "2000"))
KILLS = 5
POISONED = 20
RECEIVES = 12
VISIBILITY_S = 5

# Writes each batch to the table with plain HTTP. It throws sometimes, dies sometimes, and says of poison that it
# could not be processed.
HANDLER = WRITES + r"""
exports.handler = async (event) => {
  const chance = Math.random();
  if (chance < 0.01) throw new Error('as it was asked to');
  if (chance < 0.013) process.exit(3);
  const messages = event.Records.map((record) => ({ id: record.messageId, body: JSON.parse(record.body) }));
  const good = messages.filter((message) => !message.body.poison);
  if (good.length) {
    const puts = good.map(({ body }) => ({ PutRequest: { Item: { id: { S: body.id }, n: { N: `${body.n}` } } } }));
    await write({ [process.env.TABLE]: puts });
  }
  if (chance > 0.99) throw new Error('after it had written');
  const bad = messages.filter((message) => message.body.poison);
  return { batchItemFailures: bad.map(({ id }) => ({ itemIdentifier: id })) };
};
"""


class Load:
    """The whole system: a server, its queues, the function and the table."""

    def __init__(self, server: Server):
        self.server = server
        self.sqs, self.dynamodb, self.lambda_ = (server.client(name) for name in ("sqs", "dynamodb", "lambda"))

    def deploy(self) -> None:
        self.dead = self.sqs.create_queue(QueueName="dead")["QueueUrl"]
        redrive = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead", "maxReceiveCount": RECEIVES}
        attributes = {"VisibilityTimeout": str(VISIBILITY_S), "RedrivePolicy": json.dumps(redrive)}
        self.queue = self.sqs.create_queue(QueueName="work", Attributes=attributes)["QueueUrl"]
        self.dynamodb.create_table(
            TableName="items",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.lambda_.create_function(
            FunctionName="store",
            Runtime="nodejs20.x",
            Handler="index.handler",
            Role=f"arn:aws:iam::{ACCOUNT}:role/store",
            Code={"ZipFile": zipped(index__js=HANDLER)},
            Timeout=VISIBILITY_S,
            Environment={"Variables": {"TABLE": "items"}},
        )
        self.lambda_.create_event_source_mapping(
            FunctionName="store",
            EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:work",
            BatchSize=10,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            ScalingConfig={"MaximumConcurrency": 8},
        )

    def send(self, batch: list[dict]) -> None:
        """Sends until it is acknowledged, whatever happens to the server. What is sent twice is stored once."""
        entries = [{"Id": str(at), "MessageBody": json.dumps(message)} for at, message in enumerate(batch)]
        while True:
            try:
                assert "Failed" not in self.sqs.send_message_batch(QueueUrl=self.queue, Entries=entries)
                return
            except (BotoCoreError, ClientError):
                self.server.start()

    def waiting(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(count) for count in found.values())

    def drain(self) -> None:
        """Time passes until the queue is empty."""
        for _ in range(RECEIVES * 10):
            self.server.settle()
            if not self.waiting():
                return
            self.server.advance(f"PT{VISIBILITY_S}S")
        pytest.fail(f"{self.waiting()} messages are left: {self.server.settle()}")

    def stored(self) -> set[str]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName="items", ProjectionExpression="id")
        return {item["id"]["S"] for page in pages for item in page["Items"]}

    def dead_letters(self) -> list[str]:
        found = []
        while messages := self.sqs.receive_message(QueueUrl=self.dead, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"])["id"])
                self.sqs.delete_message(QueueUrl=self.dead, ReceiptHandle=message["ReceiptHandle"])
        return found


def test_each_message_is_stored_or_a_dead_letter_whatever_is_killed():
    chance = random.Random(7)
    poisoned = set(chance.sample(range(MESSAGES), POISONED))
    messages = [{"id": f"m-{n}", "n": n, "poison": n in poisoned} for n in range(MESSAGES)]
    kills = set(chance.sample(range(1, MESSAGES // 10), KILLS))
    with Server("--virtual-clock") as server:
        load = Load(server)
        load.deploy()
        for at in range(0, MESSAGES, 10):
            if at // 10 in kills:
                server.kill()
            load.send(messages[at : at + 10])
        load.drain()
        assert load.stored() == {message["id"] for message in messages if not message["poison"]}
        assert set(load.dead_letters()) == {f"m-{n}" for n in poisoned}
        state = server.settle()
        assert state["idle"] and not state["busy"], state
        server.stop()
        checked = server.run("check", str(server.data))
        assert checked.returncode == 0, checked.stdout + checked.stderr
