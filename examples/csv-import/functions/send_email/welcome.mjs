// The mail that a new user gets.
import { SendEmailCommand } from "@aws-sdk/client-sesv2";

const MARKUP = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export function welcome(sender, email, name) {
  const escaped = name.replace(/[&<>"]/g, (character) => MARKUP[character]);
  const content = (Data) => ({ Data, Charset: "UTF-8" });
  return new SendEmailCommand({
    FromEmailAddress: sender,
    Destination: { ToAddresses: [email] },
    Content: {
      Simple: {
        Subject: content(`Welcome, ${name}`),
        Body: {
          Text: content(`Welcome, ${name}. Your account is ready.`),
          Html: content(`<p>Welcome, <strong>${escaped}</strong>.</p><p>Your account is ready.</p>`),
        },
      },
    },
  });
}
