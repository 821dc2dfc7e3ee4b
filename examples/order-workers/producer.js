// Takes orders and puts them into the queue, ten at a time.
import { SendMessageBatchCommand } from "@aws-sdk/client-sqs";

const BATCH = 10;

/** Sends `count` orders; every hundredth has no customer and can never be processed. */
export async function placeOrders(sqs, queueUrl, count) {
  for (let first = 1; first <= count; first += BATCH) {
    const entries = [];
    for (let id = first; id < first + BATCH && id <= count; id++) {
      const order = { id, customer: id % 100 === 0 ? null : `customer-${id % 7}` };
      entries.push({ Id: String(id), MessageBody: JSON.stringify(order) });
    }
    const answer = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
    if (answer.Failed?.length) throw new Error(`not sent: ${JSON.stringify(answer.Failed)}`);
  }
}
