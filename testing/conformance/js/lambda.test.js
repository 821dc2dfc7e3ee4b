// Lambda through aws-sdk v3 and v2: functions are created, asked, and answer piece by piece.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import AWS from "aws-sdk";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  LambdaClient,
  ResourceConflictException,
  ResourceNotFoundException,
  TooManyRequestsException,
  PutFunctionConcurrencyCommand,
  waitUntilFunctionActiveV2,
} from "@aws-sdk/client-lambda";
import { credentials, region, Server, zipped } from "./tidegate.js";

const Role = "arn:aws:iam::000000000000:role/functions";
const ECHO = "exports.handler = async (event, context) => ({ event, arn: context.invokedFunctionArn });";
const FAILS = "exports.handler = async () => { throw new RangeError('too far'); };";
const STREAMS = `
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  for (let n = 0; n < event.count; n += 1) {
    stream.write("piece " + n + "\\n");
    await new Promise((go) => setTimeout(go, 50));
  }
  stream.end();
});
`;

let server;
let lambda;
before(async () => {
  server = await Server.start();
  lambda = new LambdaClient({ endpoint: server.url, region, credentials, maxAttempts: 1 });
});
after(async () => {
  lambda.destroy();
  await server.close();
});

const described = (FunctionName, text) => ({
  FunctionName,
  Role,
  Runtime: "nodejs20.x",
  Handler: "index.handler",
  Code: { ZipFile: zipped("index.js", text) },
});

async function create(FunctionName, text) {
  await lambda.send(new CreateFunctionCommand(described(FunctionName, text)));
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30 }, { FunctionName });
}

test("a function is created, asked and deleted", async () => {
  await create("echo", ECHO);
  await assert.rejects(create("echo", ECHO), ResourceConflictException);
  const Payload = JSON.stringify({ text: "ü" });
  const answer = await lambda.send(new InvokeCommand({ FunctionName: "echo", Payload, LogType: "Tail" }));
  const arn = "arn:aws:lambda:us-east-1:000000000000:function:echo";
  assert.deepEqual(JSON.parse(answer.Payload.transformToString()), { event: { text: "ü" }, arn });
  assert.equal(answer.FunctionError, undefined);
  assert.match(Buffer.from(answer.LogResult, "base64").toString(), /REPORT RequestId/);
  const shown = await lambda.send(new GetFunctionCommand({ FunctionName: "echo" }));
  assert.equal(shown.Configuration.State, "Active");
  await lambda.send(new DeleteFunctionCommand({ FunctionName: "echo" }));
  await assert.rejects(lambda.send(new GetFunctionCommand({ FunctionName: "echo" })), ResourceNotFoundException);
});

test("a function's errors are answers, and throttles are errors", async () => {
  await create("fails", FAILS);
  const answer = await lambda.send(new InvokeCommand({ FunctionName: "fails" }));
  assert.equal(answer.FunctionError, "Unhandled");
  const { errorType, errorMessage } = JSON.parse(answer.Payload.transformToString());
  assert.deepEqual([errorType, errorMessage], ["RangeError", "too far"]);
  const none = { FunctionName: "fails", ReservedConcurrentExecutions: 0 };
  await lambda.send(new PutFunctionConcurrencyCommand(none));
  await assert.rejects(lambda.send(new InvokeCommand({ FunctionName: "fails" })), (error) => {
    assert.ok(error instanceof TooManyRequestsException);
    assert.equal(error.Reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
    return true;
  });
});

test("an answer comes piece by piece", async () => {
  await create("streams", STREAMS);
  const Payload = JSON.stringify({ count: 5 });
  const answer = await lambda.send(new InvokeWithResponseStreamCommand({ FunctionName: "streams", Payload }));
  const [pieces, times] = [[], []];
  let complete;
  for await (const event of answer.EventStream) {
    if (event.PayloadChunk) {
      pieces.push(Buffer.from(event.PayloadChunk.Payload).toString());
      times.push(Date.now());
    }
    complete ??= event.InvokeComplete;
  }
  assert.equal(pieces.join(""), [0, 1, 2, 3, 4].map((n) => `piece ${n}\n`).join(""));
  assert.ok(complete && !complete.ErrorCode);
  assert.ok(pieces.length >= 2 && times.at(-1) - times[0] >= 50, "the first piece came before the last was written");
});

test("aws-sdk v2 creates and asks", async () => {
  const old = new AWS.Lambda({ endpoint: server.url, region, credentials, maxRetries: 0, sslEnabled: false });
  await old.createFunction(described("old", ECHO)).promise();
  await old.waitFor("functionActiveV2", { FunctionName: "old" }).promise();
  const answer = await old.invoke({ FunctionName: "old", Payload: JSON.stringify([1]) }).promise();
  assert.deepEqual(JSON.parse(answer.Payload).event, [1]);
  assert.equal((await old.invoke({ FunctionName: "old", InvocationType: "Event" }).promise()).StatusCode, 202);
  await assert.rejects(old.invoke({ FunctionName: "none" }).promise(), { code: "ResourceNotFoundException", statusCode: 404 });
});
