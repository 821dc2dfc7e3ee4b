// @aws-sdk/client-sqs, which speaks JSON and sends to the host of the queue's URL.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  paginateListQueues,
  QueueDoesNotExist,
  ReceiptHandleIsInvalid,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { credentials, region, Server } from "./tidegate.js";

let server, sqs;

before(async () => {
  server = await Server.start("--virtual-clock");
  sqs = new SQSClient({ endpoint: server.url, region, credentials, maxAttempts: 1 });
});
after(async () => {
  sqs.destroy();
  await server.close();
});

const create = async (QueueName, Attributes = {}) =>
  (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl;
const receive = async (QueueUrl, options = {}) =>
  (await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...options }))).Messages ?? [];

test("a message goes out and comes in, with its checksums verified", async () => {
  const QueueUrl = await create("v3-first");
  assert.equal(QueueUrl, `${server.url}/000000000000/v3-first`);
  const MessageAttributes = {
    text: { DataType: "String", StringValue: "grün" },
    bytes: { DataType: "Binary", BinaryValue: new Uint8Array([0, 255, 16]) },
    number: { DataType: "Number", StringValue: "1.5" },
  };
  const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "hello ünïcode 🚚", MessageAttributes }));
  const [message] = await receive(QueueUrl, { MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] });
  assert.equal(message.Body, "hello ünïcode 🚚");
  assert.equal(message.MessageId, sent.MessageId);
  assert.equal(message.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
  assert.deepEqual([...message.MessageAttributes.bytes.BinaryValue], [0, 255, 16]);
  assert.equal(message.Attributes.ApproximateReceiveCount, "1");
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
  await server.advance("PT1M");
  assert.deepEqual(await receive(QueueUrl), []);
});

test("a batch is sent, received and deleted", async () => {
  const QueueUrl = await create("v3-batch");
  const Entries = Array.from({ length: 10 }, (_, n) => ({ Id: `${n}`, MessageBody: `body ${n}` }));
  const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  assert.equal(sent.Successful.length, 10);
  assert.equal(sent.Failed, undefined);
  const messages = await receive(QueueUrl);
  assert.equal(messages.length, 10);
  const deleted = await sqs.send(
    new DeleteMessageBatchCommand({
      QueueUrl,
      Entries: [
        ...messages.slice(0, 9).map(({ ReceiptHandle }, n) => ({ Id: `${n}`, ReceiptHandle })),
        { Id: "bad", ReceiptHandle: "nonsense" },
      ],
    }),
  );
  assert.equal(deleted.Successful.length, 9);
  assert.deepEqual(
    deleted.Failed.map(({ Id, Code, SenderFault }) => ({ Id, Code, SenderFault })),
    [{ Id: "bad", Code: "ReceiptHandleIsInvalid", SenderFault: true }],
  );
});

test("a FIFO queue keeps its order and deduplicates", async () => {
  const QueueUrl = await create("v3.fifo", { FifoQueue: "true", ContentBasedDeduplication: "true" });
  const ids = [];
  for (const MessageBody of ["1", "2", "2", "3"]) {
    ids.push((await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: "g" }))).MessageId);
  }
  assert.equal(ids[1], ids[2]);
  assert.deepEqual((await receive(QueueUrl)).map(({ Body }) => Body), ["1", "2", "3"]);
});

test("a long poll wakes at once", async () => {
  const QueueUrl = await create("v3-poll");
  const began = performance.now();
  const poll = receive(QueueUrl, { WaitTimeSeconds: 20 });
  await server.settle();
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "awake" }));
  assert.equal((await poll)[0].Body, "awake");
  assert.ok(performance.now() - began < 10_000);
});

test("errors are classes with names, and carry the code that old clients knew", async () => {
  const refused = async (command) => {
    try {
      await sqs.send(command);
    } catch (error) {
      return error;
    }
    assert.fail("it was accepted");
  };
  const gone = await refused(new GetQueueUrlCommand({ QueueName: "nothing" }));
  assert.ok(gone instanceof QueueDoesNotExist, gone);
  assert.equal(gone.name, "QueueDoesNotExist");
  assert.equal(gone.message, "The specified queue does not exist.");
  assert.equal(gone.$fault, "client");
  assert.equal(gone.$metadata.httpStatusCode, 400);
  assert.match(gone.$metadata.requestId, /^[0-9a-f-]{36}$/);
  assert.equal(gone.Code ?? gone.Error?.Code, "AWS.SimpleQueueService.NonExistentQueue");
  const QueueUrl = await create("v3-errors");
  const handle = await refused(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: "nonsense" }));
  assert.ok(handle instanceof ReceiptHandleIsInvalid, handle);
  assert.equal(handle.$metadata.httpStatusCode, 404);
  const wide = await refused(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 11 }));
  assert.equal(wide.message, "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.");
});

test("a client that names localhost gets URLs that name localhost, and they work", async () => {
  const endpoint = server.url.replace("127.0.0.1", "localhost");
  const local = new SQSClient({ endpoint, region, credentials, maxAttempts: 1 });
  const { QueueUrl } = await local.send(new CreateQueueCommand({ QueueName: "v3-hosts" }));
  assert.equal(QueueUrl, `${endpoint}/000000000000/v3-hosts`);
  await local.send(new SendMessageCommand({ QueueUrl, MessageBody: "x" }));
  const other = await sqs.send(new GetQueueUrlCommand({ QueueName: "v3-hosts" }));
  assert.equal((await receive(other.QueueUrl))[0].Body, "x");
  local.destroy();
});

test("AWS_ENDPOINT_URL alone is enough", async () => {
  const names = { AWS_ENDPOINT_URL: server.url, AWS_REGION: region, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
  const before = Object.fromEntries(Object.keys(names).map((name) => [name, process.env[name]]));
  Object.assign(process.env, names);
  try {
    const plain = new SQSClient();
    const { QueueUrl } = await plain.send(new CreateQueueCommand({ QueueName: "v3-environment" }));
    assert.ok(QueueUrl.startsWith(server.url));
    plain.destroy();
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
});

test("queues are listed in pages, with tags and attributes", async () => {
  for (let n = 0; n < 5; n++) {
    await sqs.send(new CreateQueueCommand({ QueueName: `v3-paged-${n}`, tags: { n: `${n}` } }));
  }
  const found = [];
  for await (const page of paginateListQueues({ client: sqs, pageSize: 2 }, { QueueNamePrefix: "v3-paged-" })) {
    found.push(...(page.QueueUrls ?? []));
  }
  assert.equal(new Set(found).size, 5);
  assert.deepEqual((await sqs.send(new ListQueueTagsCommand({ QueueUrl: found[3] }))).Tags, { n: "3" });
  const names = ["QueueArn", "VisibilityTimeout"];
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: found[0], AttributeNames: names }));
  assert.deepEqual(Attributes, { QueueArn: "arn:aws:sqs:us-east-1:000000000000:v3-paged-0", VisibilityTimeout: "30" });
  assert.equal((await sqs.send(new ListQueuesCommand({ QueueNamePrefix: "none-" }))).QueueUrls, undefined);
});

test("nothing is lost when the server is killed between two requests", async () => {
  const QueueUrl = await create("v3-killed");
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "kept" }));
  await server.kill();
  await server.start();
  const again = new SQSClient({ endpoint: server.url, region, credentials });
  const { Messages } = await again.send(new ReceiveMessageCommand({ QueueUrl }));
  assert.equal(Messages[0].Body, "kept");
  again.destroy();
});
