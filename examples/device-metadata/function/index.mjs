// Takes messages about devices out of the queue and writes each into the table. The SDK is the runtime's own.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";

const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));

async function store(record) {
  const { user_id, device, location } = JSON.parse(record.body);
  if (!user_id) throw new Error("the message names no user_id");
  const item = { user_id, device, location, received_at: new Date(Number(record.attributes.SentTimestamp)).toISOString() };
  await table.send(new PutCommand({ TableName: process.env.TABLE, Item: item }));
  console.log("stored", JSON.stringify(item));
}

export async function handler(event) {
  const outcomes = await Promise.allSettled(event.Records.map(store));
  const failed = event.Records.filter((_, at) => outcomes[at].status === "rejected");
  for (const { reason } of outcomes.filter(({ status }) => status === "rejected")) console.error("failed", reason);
  // The others of the batch are done; these are tried again, and end in the dead-letter queue.
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
