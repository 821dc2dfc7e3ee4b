// aws-sdk v2, on both wires: its last releases speak JSON to SQS, those from before November 2023
// the query protocol. The same program must not notice.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import newest from "aws-sdk";
import older from "aws-sdk-query";
import { credentials, region, Server } from "./tidegate.js";

let server;
before(async () => (server = await Server.start("--virtual-clock")));
after(() => server.close());

for (const [wire, AWS] of [["json", newest], ["query", older]]) {
  describe(`aws-sdk v2 over ${wire}`, () => {
    let sqs;
    before(() => {
      sqs = new AWS.SQS({ endpoint: server.url, region, credentials, maxRetries: 0, sslEnabled: false });
      assert.equal(sqs.api.protocol, wire);
    });
    const create = async (name, Attributes) =>
      (await sqs.createQueue({ QueueName: `v2-${wire}-${name}`, Attributes }).promise()).QueueUrl;
    const receive = async (QueueUrl, options = {}) =>
      (await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, ...options }).promise()).Messages ?? [];

    test("a message goes out and comes in, with its checksums verified", async () => {
      const QueueUrl = await create("first");
      const MessageAttributes = {
        text: { DataType: "String", StringValue: "a <b> & 'c'" },
        bytes: { DataType: "Binary", BinaryValue: Buffer.from([0, 255, 16]) },
      };
      const sent = await sqs.sendMessage({ QueueUrl, MessageBody: "<xml/> & 🚚", MessageAttributes }).promise();
      const [message] = await receive(QueueUrl, { MessageAttributeNames: ["All"], AttributeNames: ["All"] });
      assert.equal(message.Body, "<xml/> & 🚚");
      assert.equal(message.MessageId, sent.MessageId);
      assert.equal(message.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
      assert.deepEqual([...message.MessageAttributes.bytes.BinaryValue], [0, 255, 16]);
      assert.equal(message.Attributes.ApproximateReceiveCount, "1");
      await sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: 0 }).promise();
      const [again] = await receive(QueueUrl);
      await sqs.deleteMessage({ QueueUrl, ReceiptHandle: again.ReceiptHandle }).promise();
      assert.deepEqual(await receive(QueueUrl), []);
    });

    test("batches tell both fates", async () => {
      const QueueUrl = await create("batch", { MaximumMessageSize: "1024" });
      const Entries = [{ Id: "good", MessageBody: "x" }, { Id: "bad", MessageBody: "x".repeat(1025) }];
      const { Successful, Failed } = await sqs.sendMessageBatch({ QueueUrl, Entries }).promise();
      assert.deepEqual(Successful.map(({ Id }) => Id), ["good"]);
      assert.deepEqual(Failed.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault]), [["bad", "InvalidParameterValue", true]]);
    });

    test("a FIFO queue keeps its order", async () => {
      const QueueUrl = await create("order.fifo", { FifoQueue: "true" });
      for (const n of ["1", "2", "3"]) {
        const sent = await sqs
          .sendMessage({ QueueUrl, MessageBody: n, MessageGroupId: "g", MessageDeduplicationId: n })
          .promise();
        assert.match(sent.SequenceNumber, /^\d{20}$/);
      }
      assert.deepEqual((await receive(QueueUrl)).map(({ Body }) => Body), ["1", "2", "3"]);
    });

    test("errors have the codes that programs compare with", async () => {
      const refused = (request) => request.promise().then(() => assert.fail("it was accepted"), (error) => error);
      const gone = await refused(sqs.getQueueUrl({ QueueName: "nothing" }));
      assert.equal(gone.code, "AWS.SimpleQueueService.NonExistentQueue");
      assert.equal(gone.statusCode, 400);
      assert.equal(gone.retryable, false);
      assert.match(gone.requestId, /^[0-9a-f-]{36}$/);
      const QueueUrl = await create("errors");
      const wide = await refused(sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 11 }));
      assert.equal(wide.code, "InvalidParameterValue");
      assert.equal(wide.message, "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.");
      const handle = await refused(sqs.deleteMessage({ QueueUrl, ReceiptHandle: "nonsense" }));
      assert.equal(handle.code, "ReceiptHandleIsInvalid");
    });

    test("a long poll wakes at once", async () => {
      const QueueUrl = await create("poll");
      const began = performance.now();
      const poll = receive(QueueUrl, { WaitTimeSeconds: 20 });
      await server.settle();
      await sqs.sendMessage({ QueueUrl, MessageBody: "awake" }).promise();
      assert.equal((await poll)[0].Body, "awake");
      assert.ok(performance.now() - began < 10_000);
    });

    test("tags, attributes and lists", async () => {
      const QueueUrl = await create("described", { DelaySeconds: "3" });
      await sqs.tagQueue({ QueueUrl, Tags: { team: "billing", "a b": "c+d@e" } }).promise();
      assert.deepEqual((await sqs.listQueueTags({ QueueUrl }).promise()).Tags, { team: "billing", "a b": "c+d@e" });
      const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] }).promise();
      assert.equal(Attributes.DelaySeconds, "3");
      const { QueueUrls } = await sqs.listQueues({ QueueNamePrefix: `v2-${wire}-described` }).promise();
      assert.deepEqual(QueueUrls, [QueueUrl]);
    });
  });
}
