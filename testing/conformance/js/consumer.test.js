// sqs-consumer as a real application: handlers that succeed, that fail, and a server that is killed
// under them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";
import { credentials, region, Server } from "./tidegate.js";

let server, sqs;
before(async () => {
  server = await Server.start("--virtual-clock");
  sqs = new SQSClient({ endpoint: server.url, region, credentials });
});
after(async () => {
  sqs.destroy();
  await server.close();
});

async function create(QueueName, Attributes = {}) {
  return (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl;
}

async function fill(QueueUrl, count) {
  for (let start = 0; start < count; start += 10) {
    const Entries = Array.from({ length: Math.min(10, count - start) }, (_, n) => ({ Id: `${n}`, MessageBody: `${start + n}` }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
}

async function left(QueueUrl) {
  const AttributeNames = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
  return Object.values(Attributes).map(Number);
}

/** Runs a consumer until `done()` says so; answers when it has stopped and its deletes are through. */
async function consume(queueUrl, options, done) {
  const consumer = Consumer.create({ queueUrl, sqs, batchSize: 10, waitTimeSeconds: 5, ...options(() => done() && consumer.stop()) });
  const errors = [];
  consumer.on("error", (error) => errors.push(error));
  consumer.on("processing_error", () => {});
  const stopped = new Promise((resolve) => consumer.once("stopped", resolve));
  consumer.start();
  await stopped;
  return errors;
}

test("every message is handled once and deleted", async () => {
  const url = await create("consumer-each");
  await fill(url, 60);
  const seen = [];
  const options = (check) => ({
    handleMessage: async (message) => {
      seen.push(Number(message.Body));
      return message;
    },
    // The last delete is on its way when the last handler returns.
    pollingCompleteWaitTimeMs: 5_000,
    postReceiveMessageCallback: async () => check(),
  });
  const errors = await consume(url, options, () => seen.length >= 60);
  assert.deepEqual(errors, []);
  assert.deepEqual(seen.sort((a, b) => a - b), Array.from({ length: 60 }, (_, n) => n));
  await server.settle();
  assert.deepEqual(await left(url), [0, 0]);
});

test("whole batches are handled", async () => {
  const url = await create("consumer-batches");
  await fill(url, 30);
  const seen = new Set();
  const options = (check) => ({
    handleMessageBatch: async (messages) => {
      messages.forEach(({ Body }) => seen.add(Body));
      return messages;
    },
    pollingCompleteWaitTimeMs: 5_000,
    postReceiveMessageCallback: async () => check(),
  });
  assert.deepEqual(await consume(url, options, () => seen.size >= 30), []);
  assert.deepEqual(await left(url), [0, 0]);
});

test("what a handler cannot do ends in the dead-letter queue", async () => {
  const dead = await create("consumer-dead");
  const deadLetterTargetArn = "arn:aws:sqs:us-east-1:000000000000:consumer-dead";
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 });
  const url = await create("consumer-poison", { RedrivePolicy });
  await fill(url, 10);
  let failures = 0;
  const good = new Set();
  const options = (check) => ({
    terminateVisibilityTimeout: true,
    handleMessage: async (message) => {
      if (message.Body === "7") {
        failures += 1;
        throw new Error("poison");
      }
      good.add(message.Body);
      return message;
    },
    pollingCompleteWaitTimeMs: 5_000,
    postReceiveMessageCallback: async () => check(),
  });
  await consume(url, options, () => failures >= 2 && good.size >= 9);
  await server.settle();
  const probe = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url }));
  assert.equal(probe.Messages, undefined);
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: dead, WaitTimeSeconds: 5 }));
  assert.equal(Messages[0].Body, "7");
  assert.equal(failures, 2);
});

test("a consumer outlives the server's death, and nothing is lost", async () => {
  const url = await create("consumer-killed", { VisibilityTimeout: "60" });
  await fill(url, 40);
  const seen = new Set();
  let killed;
  const options = (check) => ({
    batchSize: 5,
    pollingWaitTimeMs: 50,
    handleMessage: async (message) => {
      seen.add(message.Body);
      if (seen.size === 10) {
        killed ??= server
          .kill()
          .then(() => server.start())
          .then(() => server.advance("PT61S"));
      }
      await killed;
      return message;
    },
    pollingCompleteWaitTimeMs: 5_000,
    postReceiveMessageCallback: async () => check(),
  });
  await consume(url, options, () => seen.size >= 40);
  assert.equal(seen.size, 40);
});
