// Welcomes each new user of a batch of the table's stream.
//
// A mail may go out twice only if this function ends between sending it and saying so. Within one environment even
// that is remembered: what was sent before another mail of the batch failed is not sent again.
import { SESv2Client } from "@aws-sdk/client-sesv2";
import { welcome } from "./welcome.mjs";

const AT_A_TIME = 20;
const REMEMBERED = 10_000;

const ses = new SESv2Client({});
const sent = new Set();

export async function handler(event) {
  const records = event.Records.filter(({ eventName }) => eventName === "INSERT");
  for (let at = 0; at < records.length; at += AT_A_TIME) {
    const group = records.slice(at, at + AT_A_TIME);
    const outcomes = await Promise.allSettled(group.map(sendOnce));
    const failed = outcomes.findIndex(({ status }) => status === "rejected");
    if (failed < 0) continue;
    console.error("not sent", group[failed].dynamodb.Keys.email.S, outcomes[failed].reason);
    // The stream comes again from here on.
    return { batchItemFailures: [{ itemIdentifier: group[failed].dynamodb.SequenceNumber }] };
  }
  return { batchItemFailures: [] };
}

async function sendOnce({ eventID, dynamodb }) {
  if (sent.has(eventID)) return;
  const { email, name } = dynamodb.NewImage;
  await ses.send(welcome(process.env.SENDER, email.S, name.S));
  remember(eventID);
}

function remember(eventID) {
  sent.add(eventID);
  if (sent.size > REMEMBERED) sent.delete(sent.values().next().value);
}
