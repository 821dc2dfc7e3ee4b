// Logs and identities through aws-sdk v3.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  paginateFilterLogEvents,
  PutLogEventsCommand,
  ResourceAlreadyExistsException,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetRoleCommand,
  IAMClient,
  NoSuchEntityException,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { credentials, region, Server } from "./tidegate.js";

let server;
const options = () => ({ endpoint: server.url, region, credentials, maxAttempts: 1 });

before(async () => {
  server = await Server.start();
});
after(() => server.close());

test("lines are put, filtered and paged", async () => {
  const logs = new CloudWatchLogsClient(options());
  const [logGroupName, logStreamName] = ["app", "one"];
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  await assert.rejects(logs.send(new CreateLogGroupCommand({ logGroupName })), ResourceAlreadyExistsException);
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  const now = Date.now();
  const logEvents = Array.from({ length: 50 }, (_, n) => ({
    timestamp: now + n,
    message: JSON.stringify({ n, level: n % 5 ? "info" : "error" }),
  }));
  await logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
  const found = [];
  const filter = { logGroupName, filterPattern: '{ $.level = "error" && $.n > 10 }', limit: 3 };
  for await (const page of paginateFilterLogEvents({ client: logs }, filter)) found.push(...page.events);
  assert.deepEqual(found.map((event) => JSON.parse(event.message).n), [15, 20, 25, 30, 35, 40, 45]);
  logs.destroy();
});

test("a user's key names the user, and a role can be assumed", async () => {
  const iam = new IAMClient(options());
  await iam.send(new CreateUserCommand({ UserName: "ada" }));
  const Statement = [{ Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" }];
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await iam.send(new PutUserPolicyCommand({ UserName: "ada", PolicyName: "assume", PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "ada" }));
  const own = { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
  const sts = new STSClient({ ...options(), credentials: own });
  const me = await sts.send(new GetCallerIdentityCommand({}));
  assert.equal(me.Arn, "arn:aws:iam::000000000000:user/ada");
  const trust = [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: me.Arn } }];
  const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: trust });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "worker", AssumeRolePolicyDocument }));
  const session = await sts.send(new AssumeRoleCommand({ RoleArn: Role.Arn, RoleSessionName: "one" }));
  assert.equal(session.AssumedRoleUser.Arn, "arn:aws:sts::000000000000:assumed-role/worker/one");
  await assert.rejects(iam.send(new GetRoleCommand({ RoleName: "nobody" })), NoSuchEntityException);
  for (const client of [iam, sts]) client.destroy();
});
