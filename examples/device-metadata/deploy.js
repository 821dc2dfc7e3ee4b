// Creates the application: a queue with a dead-letter queue, a table, a role, a function, and the event source
// mapping that connects them. What is there already stays.
import { readFileSync } from "node:fs";
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  LambdaClient,
  UpdateFunctionCodeCommand,
  waitUntilFunctionActiveV2,
} from "@aws-sdk/client-lambda";
import { CreateQueueCommand, GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { zipSync } from "fflate";

const NAME = "device-metadata";
const POLICY = "arn:aws:iam::aws:policy/service-role/";

// Creates something, unless it is there.
async function unless(present, create) {
  try {
    return await create();
  } catch (error) {
    if (error.name !== present) throw error;
    return undefined;
  }
}

async function queues(sqs) {
  const dead = await sqs.send(new CreateQueueCommand({ QueueName: `${NAME}-dead` }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: dead.QueueUrl, AttributeNames: ["QueueArn"] }),
  );
  const redrive = { deadLetterTargetArn: Attributes.QueueArn, maxReceiveCount: 3 };
  const queue = await sqs.send(
    new CreateQueueCommand({
      QueueName: NAME,
      Attributes: { VisibilityTimeout: "30", RedrivePolicy: JSON.stringify(redrive) },
    }),
  );
  return { queueUrl: queue.QueueUrl, deadUrl: dead.QueueUrl, queueArn: Attributes.QueueArn.replace(/-dead$/, "") };
}

async function table() {
  const dynamodb = new DynamoDBClient({});
  await unless("ResourceInUseException", () =>
    dynamodb.send(
      new CreateTableCommand({
        TableName: NAME,
        KeySchema: [{ AttributeName: "user_id", KeyType: "HASH" }],
        AttributeDefinitions: [{ AttributeName: "user_id", AttributeType: "S" }],
        BillingMode: "PAY_PER_REQUEST",
      }),
    ),
  );
  await waitUntilTableExists({ client: dynamodb, maxWaitTime: 30 }, { TableName: NAME });
}

// The function may poll the queue, write into the table, and log: no more.
async function role(account) {
  const iam = new IAMClient({});
  const trust = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
  };
  await unless("EntityAlreadyExistsException", () =>
    iam.send(new CreateRoleCommand({ RoleName: NAME, AssumeRolePolicyDocument: JSON.stringify(trust) })),
  );
  await iam.send(new AttachRolePolicyCommand({ RoleName: NAME, PolicyArn: `${POLICY}AWSLambdaSQSQueueExecutionRole` }));
  const write = { Effect: "Allow", Action: "dynamodb:PutItem", Resource: `arn:aws:dynamodb:*:${account}:table/${NAME}` };
  const policy = JSON.stringify({ Version: "2012-10-17", Statement: [write] });
  await iam.send(new PutRolePolicyCommand({ RoleName: NAME, PolicyName: "write", PolicyDocument: policy }));
  return `arn:aws:iam::${account}:role/${NAME}`;
}

async function deployFunction(lambda, roleArn) {
  const source = readFileSync(new URL("function/index.mjs", import.meta.url));
  const zip = zipSync({ "index.mjs": new Uint8Array(source) });
  const created = await unless("ResourceConflictException", () =>
    lambda.send(
      new CreateFunctionCommand({
        FunctionName: NAME,
        Runtime: "nodejs22.x",
        Handler: "index.handler",
        Role: roleArn,
        Code: { ZipFile: zip },
        Timeout: 10,
        Environment: { Variables: { TABLE: NAME } },
      }),
    ),
  );
  if (!created) await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: NAME, ZipFile: zip }));
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30 }, { FunctionName: NAME });
}

export async function deploy(sqs) {
  const { queueUrl, deadUrl, queueArn } = await queues(sqs);
  await table();
  const account = queueArn.split(":")[4];
  const lambda = new LambdaClient({});
  await deployFunction(lambda, await role(account));
  await unless("ResourceConflictException", () =>
    lambda.send(
      new CreateEventSourceMappingCommand({
        FunctionName: NAME,
        EventSourceArn: queueArn,
        BatchSize: 10,
        FunctionResponseTypes: ["ReportBatchItemFailures"],
      }),
    ),
  );
  return { queueUrl, deadUrl };
}

export { NAME };
