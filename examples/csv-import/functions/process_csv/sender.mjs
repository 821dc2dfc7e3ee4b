// Sends batches to a queue, many at a time.
import { setTimeout } from "node:timers/promises";
import { SendMessageBatchCommand } from "@aws-sdk/client-sqs";

const AT_A_TIME = 16;
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 50;

export class Sender {
  #sqs;
  #queueUrl;
  #underWay = new Set();
  #failure;
  /** How many messages the queue has taken. */
  sent = 0;

  constructor(sqs, queueUrl) {
    this.#sqs = sqs;
    this.#queueUrl = queueUrl;
  }

  /** Sends a batch as soon as there is room; throws what went wrong with an earlier one. */
  async send(messages) {
    while (this.#underWay.size >= AT_A_TIME) await Promise.race(this.#underWay);
    if (this.#failure) throw this.#failure;
    const sending = this.#sendAll(messages)
      .catch((error) => (this.#failure ??= error))
      .finally(() => this.#underWay.delete(sending));
    this.#underWay.add(sending);
  }

  /** Waits until everything is sent. */
  async finish() {
    await Promise.all(this.#underWay);
    if (this.#failure) throw this.#failure;
  }

  /** A batch can be taken in part: what is left of it is sent again. */
  async #sendAll(messages) {
    let left = messages.map((message, at) => ({ Id: `${at}`, MessageBody: JSON.stringify(message) }));
    for (let attempt = 0; left.length; attempt += 1) {
      if (attempt > 0) await setTimeout(FIRST_PAUSE_MS * 2 ** attempt);
      const command = new SendMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries: left });
      const { Successful = [], Failed = [] } = await this.#sqs.send(command);
      this.sent += Successful.length;
      const failed = new Set(Failed.map(({ Id }) => Id));
      left = left.filter(({ Id }) => failed.has(Id));
      if (left.length && attempt + 1 === ATTEMPTS) throw new Error(`the queue takes no messages: ${Failed[0].Message}`);
    }
  }
}
