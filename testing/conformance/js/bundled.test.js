// Functions as people deploy them: aws-sdk v2 and v3, bundled by esbuild and by webpack or found in the runtime, without
// a word about where the services are.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { CreateTableCommand, DynamoDBClient, GetItemCommand, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { CreateFunctionCommand, InvokeCommand, LambdaClient, waitUntilFunctionActiveV2 } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { buildSync } from "esbuild";
import webpack from "webpack";
import { credentials, region, Server, zipped } from "./tidegate.js";

const NAME = "bundled";

// Each stores what it is sent in the table, and in the bucket whose host is its own name.
const HANDLERS = {
  v2: `
const DynamoDB = require("aws-sdk/clients/dynamodb");
const S3 = require("aws-sdk/clients/s3");
const table = new DynamoDB.DocumentClient();
const bucket = new S3();

exports.handler = async (event) => {
  for (const record of event.Records) {
    const item = JSON.parse(record.body);
    await table.put({ TableName: "${NAME}", Item: item }).promise();
    await bucket.putObject({ Bucket: "${NAME}", Key: item.id, Body: record.body }).promise();
    console.log("stored", item);
  }
};
`,
  v3: `
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const bucket = new S3Client({});

export const handler = async (event) => {
  for (const record of event.Records) {
    const item = JSON.parse(record.body);
    await table.send(new PutCommand({ TableName: "${NAME}", Item: item }));
    await bucket.send(new PutObjectCommand({ Bucket: "${NAME}", Key: item.id, Body: record.body }));
    console.log("stored", item);
  }
};
`,
};

const folder = mkdtempSync(path.join(import.meta.dirname, "bundled-"));

/** What is deployed, by who makes it: the name of the file, and its text. */
const MAKERS = {
  esbuild(source) {
    const outfile = path.join(folder, "esbuild.js");
    buildSync({ entryPoints: [source], outfile, bundle: true, platform: "node", target: "node20", logLevel: "error" });
    return ["index.js", readFileSync(outfile)];
  },
  async webpack(source) {
    const output = { path: folder, filename: "webpack.js", library: { type: "commonjs2" } };
    const stats = await promisify(webpack)({ entry: source, output, target: "node20", mode: "none" });
    assert.ok(!stats.hasErrors(), stats.toString());
    return ["index.js", readFileSync(path.join(folder, "webpack.js"))];
  },
  async nobody(source) {
    return [`index${path.extname(source)}`, readFileSync(source)];
  },
};

let server;
const clients = {};
before(async () => {
  server = await Server.start();
  // As `tidegate runtime install` does it.
  const runtime = path.join(server.folder, "data/runtime/nodejs");
  mkdirSync(runtime, { recursive: true });
  symlinkSync(path.join(import.meta.dirname, "node_modules"), path.join(runtime, "node_modules"));
  const options = { endpoint: server.url, region, credentials };
  clients.lambda = new LambdaClient(options);
  clients.dynamodb = new DynamoDBClient(options);
  clients.s3 = new S3Client({ ...options, forcePathStyle: true });
  const table = {
    TableName: NAME,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  };
  await clients.dynamodb.send(new CreateTableCommand(table));
  await waitUntilTableExists({ client: clients.dynamodb, maxWaitTime: 30 }, { TableName: NAME });
  await clients.s3.send(new CreateBucketCommand({ Bucket: NAME }));
});
after(async () => {
  for (const client of Object.values(clients)) client.destroy();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

for (const [sdk, text] of Object.entries(HANDLERS)) {
  for (const [maker, make] of Object.entries(MAKERS)) {
    test(`aws-sdk ${sdk}, bundled by ${maker}`, async () => {
      const source = path.join(folder, `${sdk}.${sdk === "v2" ? "cjs" : "mjs"}`);
      writeFileSync(source, text);
      const FunctionName = `${sdk}-${maker}`;
      const create = {
        FunctionName,
        Role: "arn:aws:iam::000000000000:role/functions",
        Runtime: "nodejs20.x",
        Handler: "index.handler",
        Timeout: 30,
        MemorySize: 256,
        Code: { ZipFile: zipped(...(await make(source))) },
      };
      await clients.lambda.send(new CreateFunctionCommand(create));
      await waitUntilFunctionActiveV2({ client: clients.lambda, maxWaitTime: 30 }, { FunctionName });
      const body = JSON.stringify({ id: FunctionName, device: "iPhoneX" });
      const Payload = JSON.stringify({ Records: [{ messageId: "1", body }] });
      const answer = await clients.lambda.send(new InvokeCommand({ FunctionName, Payload, LogType: "Tail" }));
      const log = Buffer.from(answer.LogResult ?? "", "base64").toString();
      assert.equal(answer.FunctionError, undefined, `${Buffer.from(answer.Payload)}\n${log}`);
      assert.match(log, /stored/);
      const { Item } = await clients.dynamodb.send(new GetItemCommand({ TableName: NAME, Key: { id: { S: FunctionName } } }));
      assert.equal(Item.device.S, "iPhoneX");
      const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: NAME, Key: FunctionName }));
      assert.equal(await Body.transformToString(), body);
    });
  }
}
