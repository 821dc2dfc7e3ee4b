// SES through aws-sdk v2 (version 1 of the API) and v3 (both), as web applications use it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import AWS from "aws-sdk";
import { ListIdentitiesCommand, SendEmailCommand as SendEmailV1, SESClient, VerifyEmailIdentityCommand } from "@aws-sdk/client-ses";
import {
  CreateEmailIdentityCommand,
  CreateEmailTemplateCommand,
  MessageRejected,
  NotFoundException,
  SendBulkEmailCommand,
  SendEmailCommand,
  SESv2Client,
} from "@aws-sdk/client-sesv2";
import { credentials, region, Server } from "./tidegate.js";

const Source = "sender@example.com";

let server;
before(async () => (server = await Server.start()));
after(() => server.close());

const mailbox = async (id) => (await fetch(`${server.url}/_tidegate/mail/${id}`)).json();

describe("aws-sdk v2", () => {
  let ses;
  before(async () => {
    ses = new AWS.SES({ endpoint: server.url, region, credentials, maxRetries: 0 });
    await ses.verifyEmailIdentity({ EmailAddress: Source }).promise();
  });

  test("a mail lies in the mailbox", async () => {
    const Message = { Subject: { Data: "Grüße" }, Body: { Html: { Data: "<p>Hällo</p>" } } };
    const sent = await ses.sendEmail({ Source, Destination: { ToAddresses: ["to@example.org"] }, Message }).promise();
    const mail = await mailbox(sent.MessageId);
    assert.deepEqual([mail.subject, mail.to, mail.html.trim()], ["Grüße", ["to@example.org"], "<p>Hällo</p>"]);
  });

  test("a raw mail goes out as it is", async () => {
    const Data = `From: ${Source}\r\nTo: to@example.org\r\nSubject: raw\r\n\r\nbody\r\n`;
    const sent = await ses.sendRawEmail({ RawMessage: { Data } }).promise();
    assert.equal((await mailbox(sent.MessageId)).text.trim(), "body");
  });

  test("a mail by a template", async () => {
    await ses.createTemplate({ Template: { TemplateName: "t", SubjectPart: "Hi {{name}}", TextPart: "x" } }).promise();
    const sent = await ses
      .sendTemplatedEmail({ Source, Destination: { ToAddresses: ["to@example.org"] }, Template: "t", TemplateData: '{"name":"Ann"}' })
      .promise();
    assert.equal((await mailbox(sent.MessageId)).subject, "Hi Ann");
  });

  test("an unverified sender is refused by name", async () => {
    const Message = { Subject: { Data: "s" }, Body: { Text: { Data: "t" } } };
    const sending = ses.sendEmail({ Source: "nobody@example.com", Destination: { ToAddresses: ["a@b.org"] }, Message }).promise();
    await assert.rejects(sending, { code: "MessageRejected", statusCode: 400 });
  });
});

describe("aws-sdk v3", () => {
  const settings = () => ({ endpoint: server.url, region, credentials, maxAttempts: 1 });

  test("version 1 of the API", async () => {
    const ses = new SESClient(settings());
    await ses.send(new VerifyEmailIdentityCommand({ EmailAddress: "v3@example.com" }));
    assert.ok((await ses.send(new ListIdentitiesCommand({}))).Identities.includes("v3@example.com"));
    const Message = { Subject: { Data: "s" }, Body: { Text: { Data: "t" } } };
    const sent = await ses.send(new SendEmailV1({ Source: "v3@example.com", Destination: { ToAddresses: ["a@b.org"] }, Message }));
    assert.equal((await mailbox(sent.MessageId)).text.trim(), "t");
    ses.destroy();
  });

  test("version 2 of the API", async () => {
    const ses = new SESv2Client(settings());
    const FromEmailAddress = "Shop <shop@shop.example>";
    const created = await ses.send(new CreateEmailIdentityCommand({ EmailIdentity: "shop.example" }));
    assert.equal(created.DkimAttributes.Tokens.length, 3);
    const Simple = { Subject: { Data: "s" }, Body: { Text: { Data: "t" } } };
    const Destination = { ToAddresses: ["a@b.org"], BccAddresses: ["c@b.org"] };
    const sent = await ses.send(new SendEmailCommand({ FromEmailAddress, Destination, Content: { Simple } }));
    assert.deepEqual((await mailbox(sent.MessageId)).envelope.to, ["a@b.org", "c@b.org"]);
    await ses.send(new CreateEmailTemplateCommand({ TemplateName: "v3", TemplateContent: { Subject: "{{n}}", Text: "x" } }));
    const entry = (n) => ({
      Destination: { ToAddresses: [`to${n}@b.org`] },
      ReplacementEmailContent: { ReplacementTemplate: { ReplacementTemplateData: JSON.stringify({ n }) } },
    });
    const DefaultContent = { Template: { TemplateName: "v3", TemplateData: "{}" } };
    const bulk = await ses.send(new SendBulkEmailCommand({ FromEmailAddress, DefaultContent, BulkEmailEntries: [entry(1), entry(2)] }));
    assert.deepEqual(bulk.BulkEmailEntryResults.map(({ Status }) => Status), ["SUCCESS", "SUCCESS"]);
    assert.equal((await mailbox(bulk.BulkEmailEntryResults[1].MessageId)).subject, "2");
    await assert.rejects(
      ses.send(new SendEmailCommand({ FromEmailAddress: "nobody@example.net", Destination, Content: { Simple } })),
      MessageRejected,
    );
    const absent = { Template: { TemplateName: "absent", TemplateData: "{}" } };
    await assert.rejects(ses.send(new SendEmailCommand({ FromEmailAddress, Destination, Content: absent })), NotFoundException);
    ses.destroy();
  });
});
