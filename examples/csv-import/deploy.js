// The same as `infrastructure`, through the API: for machines without Terraform. What is there already stays.
import { CloudWatchLogsClient, CreateLogGroupCommand, PutRetentionPolicyCommand } from "@aws-sdk/client-cloudwatch-logs";
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  AddPermissionCommand,
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  LambdaClient,
  PutFunctionEventInvokeConfigCommand,
  UpdateFunctionCodeCommand,
  waitUntilFunctionActiveV2,
} from "@aws-sdk/client-lambda";
import {
  CreateBucketCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { CreateEmailIdentityCommand, SESv2Client } from "@aws-sdk/client-sesv2";
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { zipped } from "./build.js";
import { NAME, SENDER } from "./names.js";

const dynamodb = new DynamoDBClient({});
const iam = new IAMClient({});
const lambda = new LambdaClient({});
const logs = new CloudWatchLogsClient({});
const s3 = new S3Client({});
const sqs = new SQSClient({});

/** Creates something, unless it is there. */
async function unless(present, create) {
  try {
    return await create();
  } catch (error) {
    if (!present.includes(error.name)) throw error;
    return undefined;
  }
}

async function queue(QueueName, Attributes) {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  const found = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
  return { url: QueueUrl, arn: found.Attributes.QueueArn };
}

async function queues() {
  const dead = await queue(`${NAME}-dead`, { MessageRetentionPeriod: `${14 * 24 * 60 * 60}` });
  const redrive = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 5 });
  return { dead, buffer: await queue(`${NAME}-buffer`, { VisibilityTimeout: "180", RedrivePolicy: redrive }) };
}

async function table() {
  const TableName = `${NAME}-users`;
  const create = new CreateTableCommand({
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "email", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "email", AttributeType: "S" }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
  });
  await unless(["ResourceInUseException"], () => dynamodb.send(create));
  const { reason } = await waitUntilTableExists({ client: dynamodb, maxWaitTime: 30 }, { TableName });
  return { name: TableName, arn: reason.Table.TableArn, stream: reason.Table.LatestStreamArn };
}

async function bucket(account) {
  const Bucket = `${NAME}-uploads-${account}`;
  await unless(["BucketAlreadyOwnedByYou"], () => s3.send(new CreateBucketCommand({ Bucket })));
  const open = { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true };
  await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: open }));
  const rule = {
    ID: "remove-after-a-day",
    Status: "Enabled",
    Filter: { Prefix: "" },
    Expiration: { Days: 1 },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
  };
  await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [rule] } }));
  return { name: Bucket, arn: `arn:aws:s3:::${Bucket}` };
}

/** A role that may do this and write its log. */
async function role(RoleName, group, allowed) {
  const trust = { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" };
  const policy = (Statement) => JSON.stringify({ Version: "2012-10-17", Statement });
  const create = new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: policy([trust]) });
  await unless(["EntityAlreadyExistsException"], () => iam.send(create));
  const log = { Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: group };
  const PolicyDocument = policy([log, ...allowed].map((statement) => ({ Effect: "Allow", ...statement })));
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "allowed", PolicyDocument }));
}

async function logGroup(logGroupName) {
  await unless(["ResourceAlreadyExistsException"], () => logs.send(new CreateLogGroupCommand({ logGroupName })));
  await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 7 }));
}

/** Creates a function, its role and its log group, or brings its code up to date. */
async function deployFunction(account, folder, { variables, allowed, memoryMb = 256, timeoutS = 30 }) {
  const FunctionName = `${NAME}-${folder.replaceAll("_", "-")}`;
  const ZipFile = zipped(folder);
  const group = `/aws/lambda/${FunctionName}`;
  await logGroup(group);
  await role(FunctionName, `arn:aws:logs:*:${account}:log-group:${group}:*`, allowed);
  const create = new CreateFunctionCommand({
    FunctionName,
    Runtime: "nodejs22.x",
    Handler: "index.handler",
    Role: `arn:aws:iam::${account}:role/${FunctionName}`,
    Code: { ZipFile },
    MemorySize: memoryMb,
    Timeout: timeoutS,
    Environment: { Variables: variables },
  });
  const created = await unless(["ResourceConflictException"], () => lambda.send(create));
  if (!created) await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile }));
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30 }, { FunctionName });
  return FunctionName;
}

function functions(account, { dead, buffer, users, uploads }) {
  const deploy = (folder, options) => deployFunction(account, folder, options);
  const stream = ["GetRecords", "GetShardIterator", "DescribeStream", "ListStreams"].map((name) => `dynamodb:${name}`);
  const polling = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"].map((name) => `sqs:${name}`);
  return Promise.all([
    deploy("process_csv", {
      memoryMb: 512,
      timeoutS: 900,
      variables: { BUFFER_QUEUE: buffer.url },
      allowed: [
        { Action: "s3:GetObject", Resource: `${uploads.arn}/*` },
        { Action: "sqs:SendMessage", Resource: [buffer.arn, dead.arn] },
      ],
    }),
    deploy("insert_records", {
      variables: { USERS_TABLE: users.name },
      allowed: [
        { Action: polling, Resource: buffer.arn },
        { Action: "dynamodb:BatchWriteItem", Resource: users.arn },
      ],
    }),
    deploy("send_email", {
      timeoutS: 60,
      variables: { SENDER },
      allowed: [
        { Action: stream, Resource: users.stream },
        { Action: "ses:SendEmail", Resource: "*" },
        { Action: "sqs:SendMessage", Resource: dead.arn },
      ],
    }),
  ]);
}

async function connect(account, region, parts, [processCsv, insertRecords, sendEmail]) {
  const { dead, buffer, users, uploads } = parts;
  const map = (input) =>
    unless(["ResourceConflictException"], () =>
      lambda.send(new CreateEventSourceMappingCommand({ FunctionResponseTypes: ["ReportBatchItemFailures"], ...input })),
    );
  await map({ FunctionName: insertRecords, EventSourceArn: buffer.arn, BatchSize: 10, ScalingConfig: { MaximumConcurrency: 8 } });
  await map({
    FunctionName: sendEmail,
    EventSourceArn: users.stream,
    BatchSize: 100,
    StartingPosition: "TRIM_HORIZON",
    BisectBatchOnFunctionError: true,
    MaximumRetryAttempts: 10,
    FilterCriteria: { Filters: [{ Pattern: JSON.stringify({ eventName: ["INSERT"] }) }] },
    DestinationConfig: { OnFailure: { Destination: dead.arn } },
  });
  const failures = { FunctionName: processCsv, MaximumRetryAttempts: 2, DestinationConfig: { OnFailure: { Destination: dead.arn } } };
  await lambda.send(new PutFunctionEventInvokeConfigCommand(failures));
  await notify(account, region, uploads, processCsv);
}

async function notify(account, region, uploads, FunctionName) {
  const permission = new AddPermissionCommand({
    FunctionName,
    StatementId: "uploads",
    Action: "lambda:InvokeFunction",
    Principal: "s3.amazonaws.com",
    SourceArn: uploads.arn,
    SourceAccount: account,
  });
  await unless(["ResourceConflictException"], () => lambda.send(permission));
  const target = {
    Id: "process-csv",
    LambdaFunctionArn: `arn:aws:lambda:${region}:${account}:function:${FunctionName}`,
    Events: ["s3:ObjectCreated:*"],
    Filter: { Key: { FilterRules: [{ Name: "suffix", Value: ".csv" }] } },
  };
  const NotificationConfiguration = { LambdaFunctionConfigurations: [target] };
  await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: uploads.name, NotificationConfiguration }));
}

export async function deploy() {
  const { Account } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
  const sender = new CreateEmailIdentityCommand({ EmailIdentity: SENDER });
  await unless(["AlreadyExistsException"], () => new SESv2Client({}).send(sender));
  const parts = { ...(await queues()), users: await table(), uploads: await bucket(Account) };
  await connect(Account, await lambda.config.region(), parts, await functions(Account, parts));
  console.log(`deployed: s3://${parts.uploads.name} -> process_csv -> queue -> insert_records -> table -> send_email`);
}
