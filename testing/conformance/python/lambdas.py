"""What the tests of Lambda share: zip files, three kinds of functions, and how to wait."""

import io
import itertools
import json
import time
import zipfile

from tidegate import ACCOUNT, REGION

ROLE = f"arn:aws:iam::{ACCOUNT}:role/functions"
BASE = f"arn:aws:lambda:{REGION}:{ACCOUNT}"

PYTHON = """
import json, os

def handler(event, context):
    return {
        "event": event,
        "version": context.function_version,
        "arn": context.invoked_function_arn,
        "id": context.aws_request_id,
        "left": context.get_remaining_time_in_millis(),
        "memory": context.memory_limit_in_mb,
        "name": context.function_name,
    }
"""

NODE = """
exports.handler = async (event, context) => {
  console.log("seen", JSON.stringify(event));
  return { event, version: context.functionVersion, arn: context.invokedFunctionArn, id: context.awsRequestId };
};
"""

BOOTSTRAP = """#!/bin/sh
set -eu
API="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
  HEADERS="$(mktemp)"
  EVENT=$(curl -sS -LD "$HEADERS" "$API/next")
  ID=$(grep -i '^lambda-runtime-aws-request-id:' "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
  echo "shell saw $EVENT"
  curl -sS -X POST "$API/$ID/response" -d "{\\"shell\\": $EVENT, \\"handler\\": \\"$_HANDLER\\"}" > /dev/null
done
"""

# For JavaScript functions that write to tables with plain HTTP: `write({ table: [requests] })`.
WRITES = r"""
const http = require('http');
const agent = new http.Agent({ keepAlive: true });
const endpoint = new URL(process.env.AWS_ENDPOINT_URL);
const scope = `Credential=${process.env.AWS_ACCESS_KEY_ID}/20260101/${process.env.AWS_REGION}/dynamodb/aws4_request`;

function write(tables) {
  const body = JSON.stringify({ RequestItems: tables });
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'DynamoDB_20120810.BatchWriteItem',
    'content-length': Buffer.byteLength(body),
    authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0`,
  };
  const where = { agent, hostname: endpoint.hostname, port: endpoint.port, method: 'POST', headers };
  return new Promise((resolve, reject) => {
    const request = http.request(where, (answer) => {
      let text = '';
      answer.on('data', (piece) => (text += piece));
      answer.on('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(text))));
    });
    request.on('error', reject);
    request.end(body);
  });
}

"""

_numbers = itertools.count(1)


def zipped(**files: str | bytes) -> bytes:
    """A zip file of files that may all be run; the same files make the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name.replace("__", "."))
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def python(text: str = PYTHON, **more) -> dict:
    """What CreateFunction is given for a Python program."""
    code = {"ZipFile": zipped(index__py=text)}
    return {"Runtime": "python3.11", "Handler": "index.handler", "Role": ROLE, "Code": code} | more


def node(text: str = NODE, **more) -> dict:
    """What CreateFunction is given for a JavaScript program."""
    return python(Runtime="nodejs20.x", Code={"ZipFile": zipped(index__js=text)}) | more


def shell(text: str = BOOTSTRAP, **more) -> dict:
    """What CreateFunction is given for a shell script that is its own runtime."""
    return python(Runtime="provided.al2023", Handler="any.thing", Code={"ZipFile": zipped(bootstrap=text)}) | more


def fresh(prefix: str = "f") -> str:
    """A name that nothing has yet."""
    return f"{prefix}-{next(_numbers)}"


def create(aws, given: dict | None = None, **more) -> str:
    """Creates a function, waits until it can be used, and answers its name."""
    name = fresh()
    aws.create_function(FunctionName=name, **((given or python()) | more))
    aws.get_waiter("function_active_v2").wait(FunctionName=name)
    return name


def invoke(aws, name: str, event=None, **more):
    """Invokes a function; answers what it returned, and its whole answer."""
    answer = aws.invoke(FunctionName=name, Payload=json.dumps(event), **more)
    return json.load(answer["Payload"]), answer


def until(found, within_s: float = 30):
    """Asks until there is an answer: for what the server does behind an acknowledged call."""
    deadline = time.monotonic() + within_s
    while not (answer := found()):
        assert time.monotonic() < deadline, "it did not come"
    return answer
