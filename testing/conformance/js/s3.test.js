// S3 through aws-sdk v2 and v3: streams in and out, uploads in parts, signed URLs and forms.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { after, before, describe, test } from "node:test";
import AWS from "aws-sdk";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NoSuchBucket,
  NoSuchKey,
  NotFound,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  waitUntilObjectExists,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { credentials, region, Server } from "./tidegate.js";

const LARGE = randomBytes(17 * 1024 * 1024);
const PART = 5 * 1024 * 1024;
const md5 = (content) => createHash("md5").update(content).digest("hex");

let server;
let folder;
before(async () => {
  server = await Server.start();
  folder = mkdtempSync(path.join(tmpdir(), "tidegate-s3-"));
  writeFileSync(path.join(folder, "large"), LARGE);
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("aws-sdk v2", () => {
  let s3;
  const Bucket = "with-v2";
  before(async () => {
    s3 = new AWS.S3({ endpoint: server.url, region, credentials, maxRetries: 0, s3ForcePathStyle: true });
    await s3.createBucket({ Bucket }).promise();
  });

  test("createReadStream reads what was put", async () => {
    await s3.putObject({ Bucket, Key: "it", Body: LARGE }).promise();
    const target = path.join(folder, "v2");
    await pipeline(s3.getObject({ Bucket, Key: "it" }).createReadStream(), createWriteStream(target));
    assert.equal(md5(readFileSync(target)), md5(LARGE));
    const missing = s3.getObject({ Bucket, Key: "missing" }).createReadStream();
    await assert.rejects(() => missing.toArray(), { code: "NoSuchKey", statusCode: 404 });
  });

  test("a managed upload of a stream is in parts", async () => {
    const progress = [];
    const upload = s3.upload({ Bucket, Key: "parts", Body: createReadStream(path.join(folder, "large")) }, { partSize: PART, queueSize: 3 });
    upload.on("httpUploadProgress", ({ loaded }) => progress.push(loaded));
    const done = await upload.promise();
    assert.match(done.ETag, /-4"$/);
    assert.equal(done.Key, "parts");
    assert.equal(Math.max(...progress), LARGE.length);
    const { Body } = await s3.getObject({ Bucket, Key: "parts" }).promise();
    assert.equal(md5(Body), md5(LARGE));
  });

  test("an upload that is given up leaves nothing", async () => {
    const body = new Readable({ read() {} });
    body.push(LARGE);
    const upload = s3.upload({ Bucket, Key: "given-up", Body: body }, { partSize: PART });
    const sent = new Promise((resolve) => upload.on("httpUploadProgress", resolve));
    const ended = assert.rejects(() => upload.promise(), { code: "RequestAbortedError" });
    await sent;
    upload.abort();
    await ended;
    await assert.rejects(() => s3.headObject({ Bucket, Key: "given-up" }).promise(), { statusCode: 404 });
  });

  test("listing, copying, deleting, signing", async () => {
    await s3.putObject({ Bucket, Key: "ä b/c+d", Body: "text", Metadata: { colour: "blue" } }).promise();
    await s3.copyObject({ Bucket, Key: "copy", CopySource: encodeURI(`${Bucket}/ä b/c`) + "%2Bd" }).promise();
    const { Contents } = await s3.listObjectsV2({ Bucket }).promise();
    assert.ok(Contents.some(({ Key }) => Key === "ä b/c+d"));
    const url = s3.getSignedUrl("getObject", { Bucket, Key: "copy", Expires: 60 });
    assert.equal(await (await fetch(url)).text(), "text");
    const { Metadata } = await s3.headObject({ Bucket, Key: "copy" }).promise();
    assert.deepEqual(Metadata, { colour: "blue" });
    const { Deleted } = await s3.deleteObjects({ Bucket, Delete: { Objects: [{ Key: "ä b/c+d" }, { Key: "copy" }] } }).promise();
    assert.equal(Deleted.length, 2);
  });

  test("a form", async () => {
    const post = s3.createPresignedPost({ Bucket, Fields: { key: "form" }, Conditions: [["content-length-range", 1, 100]] });
    const form = new FormData();
    for (const [name, value] of Object.entries(post.fields)) form.append(name, value);
    form.append("file", new Blob(["from a form"]), "name.txt");
    const answer = await fetch(post.url, { method: "POST", body: form });
    assert.equal(answer.status, 204, await answer.text());
    assert.equal((await s3.getObject({ Bucket, Key: "form" }).promise()).Body.toString(), "from a form");
  });
});

describe("aws-sdk v3", () => {
  let s3;
  const Bucket = "with-v3";
  before(async () => {
    s3 = new S3Client({ endpoint: server.url, region, credentials, maxAttempts: 1, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket }));
  });

  test("bodies: text, bytes, streams", async () => {
    const stream = createReadStream(path.join(folder, "large"));
    for (const [Key, Body, more] of [["text", "grüße"], ["bytes", Buffer.from([0, 255])], ["empty", ""], ["stream", stream, { ContentLength: LARGE.length }]]) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
    }
    const get = async (Key) => (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body;
    assert.equal(await (await get("text")).transformToString(), "grüße");
    assert.deepEqual([...(await (await get("bytes")).transformToByteArray())], [0, 255]);
    assert.equal(await (await get("empty")).transformToString(), "");
    const target = path.join(folder, "v3");
    await pipeline(await get("stream"), createWriteStream(target));
    assert.equal(md5(readFileSync(target)), md5(LARGE));
  });

  test("Upload sends a stream in parts, with checksums of each", async () => {
    const params = { Bucket, Key: "parts", Body: createReadStream(path.join(folder, "large")), ContentType: "text/csv", ChecksumAlgorithm: "SHA256" };
    const done = await new Upload({ client: s3, params, partSize: PART, queueSize: 3 }).done();
    assert.match(done.ETag, /-4"$/);
    assert.match(done.ChecksumSHA256, /-4$/);
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "parts", ChecksumMode: "ENABLED" }));
    assert.deepEqual([head.ContentLength, head.ContentType, head.ChecksumSHA256], [LARGE.length, "text/csv", done.ChecksumSHA256]);
    const small = await new Upload({ client: s3, params: { Bucket, Key: "small", Body: Readable.from(["a", "b"]) } }).done();
    assert.ok(small.ETag);
  });

  test("errors are classes", async () => {
    await assert.rejects(() => s3.send(new GetObjectCommand({ Bucket, Key: "missing" })), NoSuchKey);
    await assert.rejects(() => s3.send(new ListObjectsV2Command({ Bucket: "with-nothing" })), NoSuchBucket);
    await assert.rejects(() => s3.send(new HeadObjectCommand({ Bucket, Key: "missing" })), NotFound);
    await assert.rejects(() => s3.send(new HeadBucketCommand({ Bucket: "with-nothing" })), NotFound);
  });

  test("signed URLs put, get and send parts", async () => {
    const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: "a b/ü+" }), { expiresIn: 60 });
    assert.equal((await fetch(put, { method: "PUT", body: "by url" })).status, 200);
    const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "a b/ü+", ResponseContentType: "text/x" }));
    const answer = await fetch(get);
    assert.deepEqual([await answer.text(), answer.headers.get("content-type")], ["by url", "text/x"]);
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "it" }));
    const part = await getSignedUrl(s3, new UploadPartCommand({ Bucket, Key: "it", UploadId, PartNumber: 1 }));
    const ETag = (await fetch(part, { method: "PUT", body: "whole" })).headers.get("etag");
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: "it", UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }));
    await waitUntilObjectExists({ client: s3, maxWaitTime: 10 }, { Bucket, Key: "it" });
  });

  test("a form", async () => {
    const Conditions = [["starts-with", "$Content-Type", "text/"]];
    const post = await createPresignedPost(s3, { Bucket, Key: "up/${filename}", Conditions, Fields: { "Content-Type": "text/plain", success_action_status: "201" } });
    const form = new FormData();
    for (const [name, value] of Object.entries(post.fields)) form.append(name, value);
    form.append("file", new Blob(["from a form"]), "name.txt");
    const answer = await fetch(post.url, { method: "POST", body: form });
    assert.equal(answer.status, 201);
    assert.match(await answer.text(), /<Key>up\/name\.txt<\/Key>/);
  });

  test("pages, copies, many deleted", async () => {
    const keys = Array.from({ length: 25 }, (_, n) => `many/${String(n).padStart(2, "0")} +`);
    await Promise.all(keys.map((Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))));
    const found = [];
    for await (const page of paginateListObjectsV2({ client: s3, pageSize: 10 }, { Bucket, Prefix: "many/" })) {
      found.push(...page.Contents.map(({ Key }) => Key));
    }
    assert.deepEqual(found, keys);
    await s3.send(new CopyObjectCommand({ Bucket, Key: "copied", CopySource: `${Bucket}/${encodeURIComponent(keys[3])}` }));
    const { Deleted } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }));
    assert.equal(Deleted.length, 25);
  });
});
