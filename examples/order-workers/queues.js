// The queues of the application: orders in, and beside it the place for what cannot be processed.
import { CreateQueueCommand, GetQueueAttributesCommand } from "@aws-sdk/client-sqs";

const RECEIVES_BEFORE_DEAD = 2;

/** Creates both queues, or finds them as they are; answers their URLs. */
export async function createQueues(sqs) {
  const dead = await sqs.send(new CreateQueueCommand({ QueueName: "orders-dead" }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: dead.QueueUrl, AttributeNames: ["QueueArn"] }),
  );
  const redrive = { deadLetterTargetArn: Attributes.QueueArn, maxReceiveCount: RECEIVES_BEFORE_DEAD };
  const orders = await sqs.send(
    new CreateQueueCommand({
      QueueName: "orders",
      Attributes: { VisibilityTimeout: "30", RedrivePolicy: JSON.stringify(redrive) },
    }),
  );
  return { orders: orders.QueueUrl, dead: dead.QueueUrl };
}
