// `node main.js deploy` creates the application without Terraform; `upload users.csv` uploads a file; `watch 1000`
// shows how far it has come, until there are a thousand users and as many mails; `--until 30` stops at 30 per cent.
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { Upload } from "@aws-sdk/lib-storage";
import { deploy } from "./deploy.js";
import { NAME } from "./names.js";
import { watch } from "./watch.js";

const USAGE = "usage: node main.js deploy | upload FILE | watch ROWS [--until PER_CENT]";

async function upload(file) {
  const { Account } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
  const where = { Bucket: `${NAME}-uploads-${Account}`, Key: basename(file) };
  // In parts and from the disk: a file of any size needs the same memory.
  const { ETag } = await new Upload({ client: new S3Client({}), params: { ...where, Body: createReadStream(file) } }).done();
  console.log(`uploaded s3://${where.Bucket}/${where.Key}, ETag ${ETag}`);
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { until: { type: "string", default: "100" } } });
const [step, what] = positionals;
if (step === "deploy") await deploy();
else if (step === "upload" && what) await upload(what);
else if (step === "watch" && Number(what) > 0) await watch(Number(what), Number(values.until));
else {
  console.error(USAGE);
  process.exitCode = 2;
}
