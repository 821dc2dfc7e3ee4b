// How far the import has come: a bar for each stage, from what AWS's own APIs tell of it.
import { setTimeout } from "node:timers/promises";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetAccountCommand, SESv2Client } from "@aws-sdk/client-sesv2";
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import { NAME } from "./names.js";

const PAUSE_MS = 250;
// How long nothing may move.
const PATIENCE_MS = 120_000;
const BAR = 40;

const logs = new CloudWatchLogsClient({});
const dynamodb = new DynamoDBClient({});
const sqs = new SQSClient({});
const ses = new SESv2Client({});

/** Follows the function's own words about what it has read, page by page. */
class Reading {
  #startTime = 0;
  #seen = { read: 0, queued: 0, refused: 0 };

  async now() {
    let nextToken;
    do {
      const page = await this.#page(nextToken);
      for (const { message, timestamp } of page.events ?? []) this.#take(message, timestamp);
      nextToken = page.nextToken;
    } while (nextToken);
    return this.#seen;
  }

  #page(nextToken) {
    const logGroupName = `/aws/lambda/${NAME}-process-csv`;
    const filterPattern = "?progress ?done";
    return logs.send(new FilterLogEventsCommand({ logGroupName, filterPattern, startTime: this.#startTime, nextToken }));
  }

  #take(message, timestamp) {
    const said = message.match(/\b(?:progress|done)\s+(\{.*\})/);
    if (!said) return;
    const count = JSON.parse(said[1]);
    // A file that is read once more begins at its first row again: the furthest is what counts.
    for (const name of Object.keys(this.#seen)) this.#seen[name] = Math.max(this.#seen[name], count[name]);
    this.#startTime = Math.max(this.#startTime, timestamp);
  }
}

async function waiting(name) {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: name }));
  const AttributeNames = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
  return AttributeNames.reduce((sum, attribute) => sum + Number(Attributes[attribute]), 0);
}

/** On AWS a table's count is six hours old; here it is of this moment. */
async function inserted() {
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: `${NAME}-users` }));
  return Table.ItemCount;
}

async function mailed() {
  const { SendQuota } = await ses.send(new GetAccountCommand({}));
  return SendQuota.SentLast24Hours;
}

function bar(name, count, rows) {
  const part = Math.min(1, count / rows);
  const full = Math.round(part * BAR);
  const percent = `${Math.floor(part * 100)} %`;
  return `${name.padEnd(9)} ${"█".repeat(full)}${"░".repeat(BAR - full)} ${percent.padStart(5)}  ${count}`;
}

/** On a terminal the bars stay in their place; in a file there is one line for each change. */
class Display {
  #shown = 0;
  #last = "";

  show(rows, counts) {
    const text = Object.entries(counts).map(([name, count]) => bar(name, count, rows));
    if (process.stdout.isTTY) {
      if (this.#shown) process.stdout.write(`\x1b[${this.#shown}A`);
      process.stdout.write(text.map((line) => `\x1b[2K${line}\n`).join(""));
      this.#shown = text.length;
      return;
    }
    const line = Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(", ");
    if (line !== this.#last) console.log(line);
    this.#last = line;
  }
}

/** Watches until this many per cent of the rows are inserted and mailed; nothing moving for long is a failure. */
export async function watch(rows, percent) {
  const reading = new Reading();
  const display = new Display();
  const enough = (rows * percent) / 100;
  let movedAt = Date.now();
  let before = "";
  for (;;) {
    const { read, queued, refused } = await reading.now();
    const counts = { read, queued, inserted: await inserted(), mailed: await mailed() };
    display.show(rows, counts);
    if (counts.inserted + refused >= enough && counts.mailed + refused >= enough) break;
    const now = JSON.stringify([counts, await waiting(`${NAME}-buffer`)]);
    if (now !== before) movedAt = Date.now();
    before = now;
    if (Date.now() - movedAt > PATIENCE_MS) throw new Error(`nothing has moved for two minutes: ${now}`);
    await setTimeout(PAUSE_MS);
  }
  const dead = await waiting(`${NAME}-dead`);
  const [users, mails] = [await inserted(), await mailed()];
  console.log(`${users} users, ${mails} mails, ${dead} dead letters`);
  // At least once: a function that is cut off between sending and saying so is given the same records again.
  if (mails > users) console.log(`${mails - users} of the mails were sent twice: their function was cut off before it said so`);
}
