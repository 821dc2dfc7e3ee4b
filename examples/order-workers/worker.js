// Takes orders out of the queue and processes them. What fails is given back at once; after the
// queue's second attempt it is in the dead-letter queue.
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
} from "@aws-sdk/client-sqs";

/** Works until `finished()` says so; calls `processed(order)` for each order that went well. */
export async function work(sqs, queueUrl, { processed, finished }) {
  while (!finished()) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    );
    for (const message of Messages) {
      const receipt = { QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle };
      try {
        const order = JSON.parse(message.Body);
        ship(order);
        await sqs.send(new DeleteMessageCommand(receipt));
        processed(order);
      } catch (error) {
        if (!(error instanceof UnknownCustomer)) throw error;
        await sqs.send(new ChangeMessageVisibilityCommand({ ...receipt, VisibilityTimeout: 0 }));
      }
    }
  }
}

class UnknownCustomer extends Error {}

function ship(order) {
  if (!order.customer) throw new UnknownCustomer(`order ${order.id} has no customer`);
}
