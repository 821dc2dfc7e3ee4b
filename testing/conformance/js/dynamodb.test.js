// DynamoDB through aws-sdk v2's DocumentClient, v3's lib-dynamodb, and ElectroDB as a real application.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  paginateListTables,
  TransactionCanceledException,
  waitUntilTableExists,
  waitUntilTableNotExists,
  DeleteTableCommand,
} from "@aws-sdk/client-dynamodb";
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from "@aws-sdk/client-dynamodb-streams";
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  ExecuteStatementCommand,
  GetCommand,
  paginateQuery,
  PutCommand,
  ScanCommand,
  TransactGetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import AWS from "aws-sdk";
import { Entity, Service } from "electrodb";
import { credentials, region, Server } from "./tidegate.js";

let server, client, docs, v2;

before(async () => {
  server = await Server.start();
  client = new DynamoDBClient({ endpoint: server.url, region, credentials, maxAttempts: 1 });
  docs = DynamoDBDocumentClient.from(client);
  // Version 2 compares each answer with its x-amz-crc32.
  v2 = new AWS.DynamoDB.DocumentClient({ endpoint: server.url, region, credentials, maxRetries: 0 });
});
after(async () => {
  client.destroy();
  await server.close();
});

const create = async (TableName, options = {}) => {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      ...options,
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 0.05, maxDelay: 0.2 }, { TableName });
};

const wholeTable = async (TableName) => (await docs.send(new ScanCommand({ TableName, ConsistentRead: true }))).Items;

test("version 2's DocumentClient writes, reads, queries and transacts", async () => {
  const TableName = "v2-documents";
  await create(TableName);
  const item = { pk: "a", sk: "1", n: 1.5, list: [1, "two", null, { three: true }], tags: v2.createSet(["x", "y"]) };
  await v2.put({ TableName, Item: item }).promise();
  const { Item } = await v2.get({ TableName, Key: { pk: "a", sk: "1" } }).promise();
  assert.deepEqual(Item.list, item.list);
  assert.deepEqual([...Item.tags.values].sort(), ["x", "y"]);
  const updated = await v2
    .update({
      TableName,
      Key: { pk: "a", sk: "1" },
      UpdateExpression: "SET n = n + :one REMOVE #l[0]",
      ExpressionAttributeNames: { "#l": "list" },
      ExpressionAttributeValues: { ":one": 1 },
      ReturnValues: "ALL_NEW",
    })
    .promise();
  assert.equal(updated.Attributes.n, 2.5);
  assert.deepEqual(updated.Attributes.list, ["two", null, { three: true }]);
  const puts = Array.from({ length: 9 }, (_, n) => ({ PutRequest: { Item: { pk: "a", sk: `${n + 2}` } } }));
  await v2.batchWrite({ RequestItems: { [TableName]: puts } }).promise();
  const page = await v2
    .query({ TableName, KeyConditionExpression: "pk = :a", ExpressionAttributeValues: { ":a": "a" }, Limit: 4 })
    .promise();
  assert.equal(page.Items.length, 4);
  assert.deepEqual(page.LastEvaluatedKey, { pk: "a", sk: "3" }, "1, 10, 2, 3: sort keys are texts");
  const failed = v2
    .transactWrite({
      TransactItems: [
        { Put: { TableName, Item: { pk: "b", sk: "1" } } },
        { ConditionCheck: { TableName, Key: { pk: "a", sk: "1" }, ConditionExpression: "attribute_not_exists(pk)" } },
      ],
    })
    .promise();
  await assert.rejects(failed, (error) => {
    assert.equal(error.code, "TransactionCanceledException");
    assert.match(error.message, /\[None, ConditionalCheckFailed\]/);
    return true;
  });
  const gone = await v2.get({ TableName, Key: { pk: "b", sk: "1" } }).promise();
  assert.equal(gone.Item, undefined);
});

test("version 3's document client does every operation on items", async () => {
  const TableName = "v3-documents";
  await create(TableName);
  const Key = { pk: "a", sk: "1" };
  await docs.send(new PutCommand({ TableName, Item: { ...Key, bytes: new Uint8Array([0, 255]), big: 10n ** 30n } }));
  const got = await docs.send(new GetCommand({ TableName, Key, ReturnConsumedCapacity: "TOTAL", ConsistentRead: true }));
  assert.deepEqual([...got.Item.bytes], [0, 255]);
  assert.equal(got.ConsumedCapacity.CapacityUnits, 1);
  const refused = docs.send(
    new PutCommand({
      TableName,
      Item: Key,
      ConditionExpression: "attribute_not_exists(pk)",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    }),
  );
  await assert.rejects(refused, (error) => {
    assert.equal(error.name, "ConditionalCheckFailedException");
    assert.equal(error.message, "The conditional request failed");
    assert.equal(error.Item.sk.S, "1");
    return true;
  });
  await docs.send(
    new BatchWriteCommand({
      RequestItems: { [TableName]: [{ PutRequest: { Item: { pk: "a", sk: "2" } } }, { DeleteRequest: { Key } }] },
    }),
  );
  const batch = await docs.send(
    new BatchGetCommand({ RequestItems: { [TableName]: { Keys: [Key, { pk: "a", sk: "2" }] } } }),
  );
  assert.deepEqual(batch.Responses[TableName], [{ pk: "a", sk: "2" }]);
  const both = await docs.send(
    new TransactGetCommand({ TransactItems: [Key, { pk: "a", sk: "2" }].map((Key) => ({ Get: { TableName, Key } })) }),
  );
  assert.deepEqual(both.Responses.map((response) => response.Item), [undefined, { pk: "a", sk: "2" }]);
  const removed = await docs.send(
    new DeleteCommand({ TableName, Key: { pk: "a", sk: "2" }, ReturnValues: "ALL_OLD" }),
  );
  assert.deepEqual(removed.Attributes, { pk: "a", sk: "2" });
  const Statement = `INSERT INTO "${TableName}" VALUE {'pk': ?, 'sk': ?, 'n': 7}`;
  await docs.send(new ExecuteStatementCommand({ Statement, Parameters: ["p", "1"] }));
  const Select = `SELECT n FROM "${TableName}" WHERE pk = ?`;
  const selected = await docs.send(new ExecuteStatementCommand({ Statement: Select, Parameters: ["p"] }));
  assert.deepEqual(selected.Items, [{ n: 7 }]);
});

test("a cancelled transaction says why, in order, and leaves nothing behind", async () => {
  const TableName = "v3-transactions";
  await create(TableName);
  await docs.send(new PutCommand({ TableName, Item: { pk: "a", sk: "1", n: 1 } }));
  const transaction = docs.send(
    new TransactWriteCommand({
      TransactItems: [
        { Put: { TableName, Item: { pk: "b", sk: "1" } } },
        {
          Update: {
            TableName,
            Key: { pk: "a", sk: "1" },
            UpdateExpression: "SET n = :two",
            ConditionExpression: "n = :two",
            ExpressionAttributeValues: { ":two": 2 },
            ReturnValuesOnConditionCheckFailure: "ALL_OLD",
          },
        },
      ],
    }),
  );
  await assert.rejects(transaction, (error) => {
    assert.ok(error instanceof TransactionCanceledException);
    assert.deepEqual(error.CancellationReasons.map((reason) => reason.Code), ["None", "ConditionalCheckFailed"]);
    assert.equal(error.CancellationReasons[1].Item.n.N, "1");
    return true;
  });
  assert.equal((await wholeTable(TableName)).length, 1);
});

test("paginators see everything once", async () => {
  const TableName = "v3-pages";
  await create(TableName);
  for (let n = 0; n < 100; n += 25) {
    const items = Array.from({ length: 25 }, (_, i) => ({ pk: "p", sk: String(n + i).padStart(3, "0") }));
    await docs.send(
      new BatchWriteCommand({ RequestItems: { [TableName]: items.map((Item) => ({ PutRequest: { Item } })) } }),
    );
  }
  const seen = [];
  const query = { TableName, KeyConditionExpression: "pk = :p", ExpressionAttributeValues: { ":p": "p" }, Limit: 7 };
  for await (const page of paginateQuery({ client: docs }, query)) seen.push(...page.Items.map((item) => item.sk));
  assert.deepEqual(seen, Array.from({ length: 100 }, (_, n) => String(n).padStart(3, "0")));
  const tables = [];
  for await (const page of paginateListTables({ client, pageSize: 1 }, {})) tables.push(...page.TableNames);
  assert.ok(tables.includes(TableName));
  assert.equal(new Set(tables).size, tables.length);
});

test("a stream tells of every change, with both images", async () => {
  const TableName = "v3-stream";
  await create(TableName, { StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" } });
  const Key = { pk: "a", sk: "1" };
  await docs.send(new PutCommand({ TableName, Item: { ...Key, n: 1 } }));
  await docs.send(
    new UpdateCommand({ TableName, Key, UpdateExpression: "ADD n :one", ExpressionAttributeValues: { ":one": 1 } }),
  );
  await docs.send(new DeleteCommand({ TableName, Key }));
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  const streams = new DynamoDBStreamsClient({ endpoint: server.url, region, credentials });
  const StreamArn = Table.LatestStreamArn;
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const records = [];
  for (const { ShardId } of StreamDescription.Shards) {
    const { ShardIterator } = await streams.send(
      new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: "TRIM_HORIZON" }),
    );
    records.push(...(await streams.send(new GetRecordsCommand({ ShardIterator }))).Records);
  }
  assert.deepEqual(records.map((record) => record.eventName), ["INSERT", "MODIFY", "REMOVE"]);
  assert.equal(records[1].dynamodb.OldImage.n.N, "1");
  assert.equal(records[1].dynamodb.NewImage.n.N, "2");
  streams.destroy();
});

test("waiters notice that a table is gone", async () => {
  const TableName = "v3-gone";
  await create(TableName);
  await client.send(new DeleteTableCommand({ TableName }));
  await waitUntilTableNotExists({ client, maxWaitTime: 30, minDelay: 0.05, maxDelay: 0.2 }, { TableName });
});

test("ElectroDB keeps a shop in one table", async () => {
  const table = "electro-shop";
  await create(table, {
    AttributeDefinitions: ["pk", "sk", "gsi1pk", "gsi1sk"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    GlobalSecondaryIndexes: [
      {
        IndexName: "gsi1",
        KeySchema: [
          { AttributeName: "gsi1pk", KeyType: "HASH" },
          { AttributeName: "gsi1sk", KeyType: "RANGE" },
        ],
        Projection: { ProjectionType: "ALL" },
      },
    ],
  });
  const model = { version: "1", service: "shop" };
  const customers = new Entity(
    {
      model: { ...model, entity: "customer" },
      attributes: { id: { type: "string" }, name: { type: "string" }, orders: { type: "number", default: 0 } },
      indexes: { own: { pk: { field: "pk", composite: ["id"] }, sk: { field: "sk", composite: [] } } },
    },
    { client: docs, table },
  );
  const orders = new Entity(
    {
      model: { ...model, entity: "order" },
      attributes: {
        customer: { type: "string" },
        order: { type: "string" },
        status: { type: ["open", "sent"], default: "open" },
        total: { type: "number" },
      },
      indexes: {
        own: { pk: { field: "pk", composite: ["customer"] }, sk: { field: "sk", composite: ["order"] } },
        byStatus: {
          index: "gsi1",
          pk: { field: "gsi1pk", composite: ["status"] },
          sk: { field: "gsi1sk", composite: ["customer", "order"] },
        },
      },
    },
    { client: docs, table },
  );
  const shop = new Service({ customers, orders }, { client: docs, table });
  await customers.put({ id: "ada", name: "Ada" }).go();
  for (let n = 0; n < 5; n += 1) {
    const placed = await shop.transaction
      .write(({ customers, orders }) => [
        orders.create({ customer: "ada", order: `o${n}`, total: n * 10 }).commit(),
        customers.patch({ id: "ada" }).add({ orders: 1 }).commit(),
      ])
      .go();
    assert.equal(placed.canceled, false);
  }
  const again = await shop.transaction
    .write(({ customers, orders }) => [
      orders.create({ customer: "ada", order: "o0", total: 1 }).commit(),
      customers.patch({ id: "ada" }).add({ orders: 1 }).commit(),
    ])
    .go();
  assert.equal(again.canceled, true);
  await orders.patch({ customer: "ada", order: "o3" }).set({ status: "sent" }).go();
  assert.equal((await customers.get({ id: "ada" }).go()).data.orders, 5);
  const open = await orders.query.byStatus({ status: "open" }).go({ pages: "all" });
  assert.deepEqual(open.data.map((order) => order.order), ["o0", "o1", "o2", "o4"]);
  const dear = await orders.query
    .own({ customer: "ada" })
    .where(({ total }, { gte }) => gte(total, 30))
    .go();
  assert.deepEqual(dear.data.map((order) => order.order), ["o3", "o4"]);
});
