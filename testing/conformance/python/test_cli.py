"""The AWS CLI, end to end.

Version 1 has a trap: in the older regions its customisation for SQS sets the legacy host
`queue.amazonaws.com` before AWS_ENDPOINT_URL is looked at, so there `aws sqs` needs `--endpoint-url`.
In newer regions, and in version 2, the environment is enough.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lambdas import ROLE, zipped

AWS = Path(sys.executable).parent / "aws"

# A region that the CLI's table of legacy hosts does not have.
NEWER_REGION = "eu-central-2"


@pytest.fixture(scope="module")
def run_aws(cli_environment):
    """Runs `aws` as a user does; answers its JSON."""

    def run(*arguments: str, fails: bool = False):
        done = subprocess.run([AWS, *arguments], env=cli_environment, capture_output=True, text=True, timeout=120)
        assert (done.returncode != 0) is fails, done
        return done.stderr if fails else (json.loads(done.stdout) if done.stdout.strip() else {})

    return run


@pytest.fixture(scope="module")
def aws(server, run_aws):
    """Runs `aws sqs …` in the default region."""
    return lambda *arguments, **options: run_aws("--endpoint-url", server.url, "sqs", *arguments, **options)


def test_the_environment_alone_is_enough_in_newer_regions(server, run_aws):
    url = run_aws("--region", NEWER_REGION, "sqs", "create-queue", "--queue-name", "by-environment")["QueueUrl"]
    assert url == f"{server.url}/000000000000/by-environment"
    arn = run_aws("--region", NEWER_REGION, "sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "QueueArn")
    assert arn["Attributes"]["QueueArn"] == f"arn:aws:sqs:{NEWER_REGION}:000000000000:by-environment"


def test_a_queues_life(aws, tmp_path):
    dead = aws("create-queue", "--queue-name", "cli-dead")["QueueUrl"]
    arn = aws("get-queue-attributes", "--queue-url", dead, "--attribute-names", "QueueArn")["Attributes"]["QueueArn"]
    settings = tmp_path / "attributes.json"
    settings.write_text(json.dumps({"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}), "VisibilityTimeout": "0"}))
    url = aws("create-queue", "--queue-name", "cli", "--attributes", f"file://{settings}", "--tags", "team=billing")["QueueUrl"]
    assert aws("get-queue-url", "--queue-name", "cli")["QueueUrl"] == url
    assert set(aws("list-queues", "--queue-name-prefix", "cli")["QueueUrls"]) == {dead, url}
    assert aws("list-queue-tags", "--queue-url", url)["Tags"] == {"team": "billing"}
    sent = aws("send-message", "--queue-url", url, "--message-body", "hello", "--message-attributes", "k={DataType=String,StringValue=v}")
    received = aws("receive-message", "--queue-url", url, "--message-attribute-names", "All", "--attribute-names", "All")["Messages"][0]
    assert (received["Body"], received["MessageId"]) == ("hello", sent["MessageId"])
    assert aws("receive-message", "--queue-url", url) == {}
    assert aws("receive-message", "--queue-url", dead, "--wait-time-seconds", "5")["Messages"][0]["Body"] == "hello"
    assert aws("list-dead-letter-source-queues", "--queue-url", dead)["queueUrls"] == [url]
    aws("purge-queue", "--queue-url", dead)
    aws("delete-queue", "--queue-url", url)
    assert "NonExistentQueue" in aws("get-queue-url", "--queue-name", "cli", fails=True)


def test_batches_and_fifo(aws):
    url = aws("create-queue", "--queue-name", "cli.fifo", "--attributes", "FifoQueue=true,ContentBasedDeduplication=true")["QueueUrl"]
    entries = [{"Id": str(n), "MessageBody": str(n), "MessageGroupId": "g"} for n in range(3)]
    assert len(aws("send-message-batch", "--queue-url", url, "--entries", json.dumps(entries))["Successful"]) == 3
    messages = aws("receive-message", "--queue-url", url, "--max-number-of-messages", "10")["Messages"]
    assert [message["Body"] for message in messages] == ["0", "1", "2"]
    entries = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]
    assert len(aws("delete-message-batch", "--queue-url", url, "--entries", json.dumps(entries))["Successful"]) == 3


def test_an_error_is_told_in_awss_words(aws):
    told = aws("send-message", "--queue-url", "http://localhost/000000000000/nothing", "--message-body", "x", fails=True)
    assert "(AWS.SimpleQueueService.NonExistentQueue) when calling the SendMessage operation: The specified queue does not exist." in told


def test_pages_are_put_together(aws):
    for number in range(5):
        aws("create-queue", "--queue-name", f"paged-{number}")
    assert len(aws("list-queues", "--queue-name-prefix", "paged-", "--page-size", "2")["QueueUrls"]) == 5
    first = aws("list-queues", "--queue-name-prefix", "paged-", "--max-items", "3")
    assert len(first["QueueUrls"]) == 3 and first["NextToken"]


def test_a_function_is_created_and_invoked(run_aws, tmp_path):
    package, answered = tmp_path / "function.zip", tmp_path / "answer.json"
    package.write_bytes(zipped(index__py="def handler(event, context):\n    return {'got': event}\n"))
    made = run_aws(
        "lambda", "create-function", "--function-name", "cli", "--runtime", "python3.11", "--handler", "index.handler",
        "--role", ROLE, "--zip-file", f"fileb://{package}",
    )
    assert (made["FunctionName"], made["CodeSize"]) == ("cli", package.stat().st_size)
    run_aws("lambda", "wait", "function-active-v2", "--function-name", "cli")
    # Version 1 of the CLI takes the payload as it is.
    answer = run_aws("lambda", "invoke", "--function-name", "cli", "--payload", '{"a": 1}', str(answered))
    assert answer == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    assert json.loads(answered.read_text()) == {"got": {"a": 1}}
    assert [one["FunctionName"] for one in run_aws("lambda", "list-functions")["Functions"]] == ["cli"]
    told = run_aws("lambda", "invoke", "--function-name", "none", str(answered), fails=True)
    assert "(ResourceNotFoundException) when calling the Invoke operation: Function not found: " in told
