// Runs the application once: `node main.js place 500` puts orders into the queue,
// `node main.js work 500` processes them and says what became of each.
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { placeOrders } from "./producer.js";
import { createQueues } from "./queues.js";
import { work } from "./worker.js";

const WORKERS = 4;

const [step, countText = "500"] = process.argv.slice(2);
const count = Number(countText);
const sqs = new SQSClient({ region: process.env.AWS_REGION ?? "us-east-1" });

async function waiting(queueUrl) {
  const names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: names }),
  );
  return names.reduce((sum, name) => sum + Number(Attributes[name]), 0);
}

async function place() {
  const queues = await createQueues(sqs);
  await placeOrders(sqs, queues.orders, count);
  console.log(`${count} orders placed, ${await waiting(queues.orders)} waiting`);
}

async function workAll() {
  const queues = await createQueues(sqs);
  const shipped = new Set();
  let again = 0;
  const dead = Math.floor(count / 100);
  let finished = false;
  const crew = Array.from({ length: WORKERS }, () =>
    work(sqs, queues.orders, {
      processed: (order) => (shipped.has(order.id) ? again++ : shipped.add(order.id)),
      finished: () => (finished ||= shipped.size >= count - dead),
    }),
  );
  await Promise.all(crew);
  // The last orders without a customer may still be on their way to the dead-letter queue.
  while ((await waiting(queues.dead)) < dead) {
    await work(sqs, queues.orders, { processed: () => {}, finished: onceOnly() });
  }
  console.log(`${shipped.size} orders shipped, ${again} of them twice, ${await waiting(queues.dead)} in the dead-letter queue`);
  if (shipped.size !== count - dead || (await waiting(queues.dead)) !== dead) process.exitCode = 1;
}

function onceOnly() {
  let asked = 0;
  return () => asked++ > 0;
}

const steps = { place, work: workAll };
if (!steps[step]) {
  console.error("usage: node main.js place|work [COUNT]");
  process.exit(2);
}
await steps[step]();
