// `node main.js deploy` creates the application, `send 20` sends messages about as many devices, `show 20` waits until
// they are in the table and shows the last of them and the function's log.
import { setTimeout } from "node:timers/promises";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetQueueUrlCommand, SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient, paginateScan } from "@aws-sdk/lib-dynamodb";
import { deploy, NAME } from "./deploy.js";

const DEVICES = ["iPhoneX", "Pixel 9", "Fairphone 5"];
const PLACES = ["Kolkata", "Utrecht", "Lima", "Nairobi"];
const PATIENCE_MS = 60_000;

const [step, countText = "20"] = process.argv.slice(2);
const count = Number(countText);
const sqs = new SQSClient({});
const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));

function message(n) {
  return { user_id: `user_${n}`, device: DEVICES[n % DEVICES.length], location: PLACES[n % PLACES.length] };
}

async function send() {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: NAME }));
  for (let from = 1; from <= count; from += 10) {
    const numbers = Array.from({ length: Math.min(10, count - from + 1) }, (_, at) => from + at);
    const Entries = numbers.map((n) => ({ Id: `${n}`, MessageBody: JSON.stringify(message(n)) }));
    const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    if (Failed.length) throw new Error(`not sent: ${JSON.stringify(Failed)}`);
  }
  console.log(`${count} messages sent`);
}

async function items() {
  const found = [];
  for await (const page of paginateScan({ client: table }, { TableName: NAME, ConsistentRead: true })) found.push(...page.Items);
  return found;
}

async function show() {
  const until = Date.now() + PATIENCE_MS;
  let found = await items();
  while (found.length < count && Date.now() < until) {
    await setTimeout(200);
    found = await items();
  }
  found.sort((a, b) => a.user_id.localeCompare(b.user_id, "en", { numeric: true }));
  console.table(found.slice(-3));
  const logs = new CloudWatchLogsClient({});
  const { events = [] } = await logs.send(
    new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${NAME}`, filterPattern: "stored", limit: 1 }),
  );
  if (events.length) console.log(`the function's log says: ${events[0].message.trim()}`);
  console.log(`${found.length} of ${count} devices are in the table`);
  if (found.length < count) process.exitCode = 1;
}

async function deployAll() {
  const { queueUrl } = await deploy(sqs);
  console.log(`deployed: ${queueUrl} -> function ${NAME} -> table ${NAME}`);
}

const steps = { deploy: deployAll, send, show };
if (!steps[step]) {
  console.error("usage: node main.js deploy|send|show [COUNT]");
  process.exit(2);
}
await steps[step]();
