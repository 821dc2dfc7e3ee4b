// A CSV file was uploaded: each of its rows becomes a message, ten to a batch.
//
// The file is read as it comes and never held: what has been read and not been sent is bounded. Whatever goes wrong is
// thrown, so that Lambda tries the whole file again; the messages that are sent twice then become one user each.
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import { records } from "./csv.mjs";
import { Sender } from "./sender.mjs";
import { user } from "./user.mjs";

const BATCH = 10;
const PROGRESS_EVERY_ROWS = 1000;

const s3 = new S3Client({});
const sqs = new SQSClient({});

export async function handler(event) {
  for (const { s3: uploaded } of event.Records ?? []) {
    // Keys are form-encoded in notifications.
    const key = decodeURIComponent(uploaded.object.key.replaceAll("+", " "));
    await importFile(uploaded.bucket.name, key);
  }
}

async function importFile(bucket, key) {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const sender = new Sender(sqs, process.env.BUFFER_QUEUE);
  let batch = [];
  let read = 0;
  let refused = 0;
  const report = (stage) => console.log(stage, JSON.stringify({ key, read, queued: sender.sent, refused }));
  try {
    for await (const record of records(Body)) {
      read += 1;
      const found = user(record);
      if (found) batch.push(found);
      else refused += 1;
      if (batch.length === BATCH) {
        await sender.send(batch);
        batch = [];
      }
      if (read % PROGRESS_EVERY_ROWS === 0) report("progress");
    }
    if (batch.length) await sender.send(batch);
  } finally {
    await sender.finish();
  }
  report("done");
}
