// Writes a batch of messages into the table. The key is the address, so a message that comes twice changes nothing.
import { setTimeout } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { BatchWriteCommand, DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";

const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 50;
// What one BatchWriteItem may write.
const WRITES = 25;

const table = process.env.USERS_TABLE;
const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));

export async function handler(event) {
  const { users, unreadable } = parse(event.Records);
  const unwritten = new Set(await write([...users.values()]));
  const failed = event.Records.filter(({ messageId, body }) => unreadable.has(messageId) || unwritten.has(emailOf(body)));
  // The others of the batch are done; these come again, and in the end go to the dead-letter queue.
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** The users by their addresses: one request must not write one key twice. */
function parse(records) {
  const users = new Map();
  const unreadable = new Set();
  for (const { messageId, body } of records) {
    const email = emailOf(body);
    if (email) users.set(email, { email, name: JSON.parse(body).name });
    else unreadable.add(messageId);
  }
  return { users, unreadable };
}

function emailOf(body) {
  try {
    return JSON.parse(body)?.email;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    console.error("not JSON:", body);
    return undefined;
  }
}

/** Writes all; answers the addresses of those that the table did not take. */
async function write(items) {
  const unwritten = [];
  for (let at = 0; at < items.length; at += WRITES) {
    const puts = items.slice(at, at + WRITES).map((Item) => ({ PutRequest: { Item } }));
    unwritten.push(...(await put(puts)));
  }
  return unwritten;
}

async function put(puts) {
  let left = puts;
  for (let attempt = 0; left.length && attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await setTimeout(FIRST_PAUSE_MS * 2 ** attempt);
    const { UnprocessedItems } = await client.send(new BatchWriteCommand({ RequestItems: { [table]: left } }));
    left = UnprocessedItems?.[table] ?? [];
  }
  return left.map(({ PutRequest }) => PutRequest.Item.email);
}
