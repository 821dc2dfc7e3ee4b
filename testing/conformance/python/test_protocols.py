"""Both wires at once: their frames, their errors, and that they say the same."""

import json
import socket

import pytest

from queues import refused
from wire import call_json, call_query, tag, texts

TWO = pytest.mark.parametrize("call", [call_json, call_query], ids=["json", "query"])


def make(server, name: str) -> str:
    return call_json(server, "CreateQueue", {"QueueName": name}).output["QueueUrl"]


def test_a_query_answer_has_the_frame_that_old_sdks_parse(server):
    reply = call_query(server, "CreateQueue", {"QueueName": "framed", "Attributes": {"DelaySeconds": "1"}, "tags": {"a": "b"}})
    root = reply.output
    assert root.tag == tag("CreateQueueResponse")
    assert [child.tag for child in root] == [tag("CreateQueueResult"), tag("ResponseMetadata")]
    assert texts(root, "QueueUrl") == [f"{server.url}/000000000000/framed"]
    assert len(texts(root, "RequestId")[0]) == 36
    assert reply.raw.headers["content-type"].startswith("text/xml")
    assert texts(call_query(server, "ListQueueTags", {"QueueUrl": f"{server.url}/000000000000/framed"}).output, "Value") == ["b"]


def test_a_query_answer_without_a_result_still_has_its_metadata(server):
    url = make(server, "resultless")
    root = call_query(server, "SetQueueAttributes", {"QueueUrl": url, "Attributes": {"DelaySeconds": "2"}}).output
    assert root.tag == tag("SetQueueAttributesResponse")
    assert [child.tag for child in root] == [tag("ResponseMetadata")]


def test_json_answers_are_json_with_a_request_id(server):
    reply = call_json(server, "CreateQueue", {"QueueName": "json"})
    assert reply.raw.headers["content-type"] == "application/x-amz-json-1.0"
    assert len(reply.raw.headers["x-amzn-requestid"]) == 36
    assert reply.output == {"QueueUrl": f"{server.url}/000000000000/json"}


def test_what_one_protocol_sends_the_other_receives(server):
    url = make(server, "both")
    attributes = {"n": {"DataType": "Number", "StringValue": "1"}, "b": {"DataType": "Binary", "BinaryValue": "AAH/"}}
    sent = call_query(server, "SendMessage", {"QueueUrl": url, "MessageBody": "a <&> b\r\n\tc", "MessageAttributes": attributes}).output
    parameters = {"QueueUrl": url, "AttributeNames": ["All"], "MessageAttributeNames": ["All"], "VisibilityTimeout": 0}
    (message,) = call_json(server, "ReceiveMessage", parameters).output["Messages"]
    assert message["Body"] == "a <&> b\r\n\tc"
    assert message["MessageAttributes"] == attributes
    assert [message["MessageId"]] == texts(sent, "MessageId")
    assert [message["MD5OfMessageAttributes"]] == texts(sent, "MD5OfMessageAttributes")
    root = call_query(server, "ReceiveMessage", parameters).output
    (element,) = root.iter(tag("Message"))
    assert element.find(tag("Body")).text.replace("\n", "\r\n").replace("\r\r", "\r") == "a <&> b\r\n\tc"
    told = {attribute.find(tag("Name")).text: attribute.find(tag("Value")) for attribute in element.iter(tag("MessageAttribute"))}
    assert told["b"].find(tag("BinaryValue")).text == "AAH/"
    system = {attribute.find(tag("Name")).text: attribute.find(tag("Value")).text for attribute in element.findall(tag("Attribute"))}
    assert system["SentTimestamp"] == message["Attributes"]["SentTimestamp"]
    assert system["ApproximateReceiveCount"] == "2"


def test_batches_in_query_tell_both_fates(server):
    url = make(server, "batches")
    root = call_query(server, "SendMessageBatch", {"QueueUrl": url, "Entries": [{"Id": "a", "MessageBody": "x"}, {"Id": "b", "MessageBody": "\x01"}]}).output
    assert texts(root.find(f".//{tag('SendMessageBatchResultEntry')}"), "Id") == ["a"]
    failed = root.find(f".//{tag('BatchResultErrorEntry')}")
    assert (texts(failed, "Id"), texts(failed, "Code"), texts(failed, "SenderFault")) == (["b"], ["InvalidMessageContents"], ["true"])


def test_the_two_protocols_list_the_same(server):
    for index in range(3):
        make(server, f"same-{index}")
    by_json = call_json(server, "ListQueues", {"QueueNamePrefix": "same-"}).output["QueueUrls"]
    assert by_json == texts(call_query(server, "ListQueues", {"QueueNamePrefix": "same-"}).output, "QueueUrl")
    attributes = call_json(server, "GetQueueAttributes", {"QueueUrl": by_json[0], "AttributeNames": ["All"]}).output["Attributes"]
    root = call_query(server, "GetQueueAttributes", {"QueueUrl": by_json[0], "AttributeNames": ["All"]}).output
    assert attributes == {element.find(tag("Name")).text: element.find(tag("Value")).text for element in root.iter(tag("Attribute"))}


def test_query_also_comes_as_a_get(server):
    make(server, "by-get")
    answer = server.request("GET", "/?Action=GetQueueUrl&QueueName=by-get&Version=2012-11-05")
    assert answer.status == 200 and "/000000000000/by-get</QueueUrl>" in answer.text
    answer = server.request("GET", "/000000000000/by-get?Action=SendMessage&MessageBody=hi&Version=2012-11-05")
    assert answer.status == 200 and "<MessageId>" in answer.text


@pytest.mark.parametrize("action", ["ListQueues", "CreateQueue&QueueName=other"])
def test_a_queues_own_url_is_for_what_concerns_the_queue(server, action):
    make(server, "own")
    answer = server.request("GET", f"/000000000000/own?Action={action}&Version=2012-11-05", headers=SCOPE)
    words = f"The action {action.split('&')[0]} is not valid for this endpoint."
    assert answer.status == 400 and "<Code>InvalidAction</Code>" in answer.text and words in answer.text, answer


@pytest.mark.parametrize("where", ["/000000000000/by-path", "/queue/us-east-1/000000000000/by-path"])
def test_json_on_the_queues_own_path(server, where):
    url = make(server, "by-path")
    reply = call_json(server, "SendMessage", {"QueueUrl": url, "MessageBody": "x"}, path=where)
    assert reply.status == 200, reply


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        ("{", "SerializationException"),
        ("", "SerializationException"),
        ("[]", "SerializationException"),
        ('"text"', "SerializationException"),
        ('{"QueueUrl": 7, "MaxNumberOfMessages": "many"}', "SerializationException"),
        ('{"QueueUrl": {}}', "SerializationException"),
        ('{"QueueUrl": "x"} trailing', "SerializationException"),
        ("{" * 100_000, "SerializationException"),
        (b'{"QueueUrl": "\xff\xfe"}', "SerializationException"),
    ],
    ids=["cut", "empty", "list", "text", "types", "structure", "trailing", "deep", "not UTF-8"],
)
def test_bodies_that_are_no_input(server, body, type_):
    reply = call_json(server, "ReceiveMessage", body)
    assert (reply.status, reply.type) == (400, type_), reply


def test_some_texts_are_booleans(server):
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.DescribeLogGroups"}
    ask = lambda word: server.request("POST", "/", json.dumps({"includeLinkedAccounts": word}), headers)
    assert [ask(word).status for word in (False, "false", "No", "0")] == [200] * 4
    for word, found in (("maybe", "STRING_VALUE can not be converted to an Boolean"), (1, "NUMBER_VALUE can not be converted to a Boolean")):
        answer = ask(word)
        assert (answer.status, answer.json()["__type"], found in answer.text) == (400, "SerializationException", True), answer


def test_unknown_members_are_passed_over(server):
    url = make(server, "members")
    assert call_json(server, "SendMessage", {"QueueUrl": url, "MessageBody": "x", "Colour": {"deep": [1]}}).status == 200


# An unsigned request to no queue names its service by nothing else.
SCOPE = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0"}


def test_an_unknown_operation(server):
    reply = call_json(server, "FlyToTheMoon", {})
    assert (reply.status, reply.type) == (400, "UnknownOperationException"), reply
    reply = call_query(server, "FlyToTheMoon", {}, SCOPE)
    assert (reply.status, reply.code) == (400, "InvalidAction"), reply
    assert reply.message == "The action FlyToTheMoon is not valid for this endpoint."


def test_a_query_without_an_action(server):
    answer = server.request("POST", "/", "QueueName=x", {"Content-Type": "application/x-www-form-urlencoded"} | SCOPE)
    assert answer.status == 400 and "<Code>MissingAction</Code>" in answer.text, answer


def test_a_service_that_is_not_there_yet_says_so(server):
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters"}
    answer = server.request("POST", "/", "{}", headers)
    assert answer.status == 501 and "NotImplemented" in answer.text and "ListClusters" in answer.text, answer


def test_nonsense_is_refused_and_nobody_falls_over(server):
    for method, path, body, headers in [
        ("POST", "/", "hello", {"Content-Type": "text/plain"}),
        ("POST", "/", b"\x00\xff" * 100, {"Content-Type": "application/octet-stream"}),
        ("PUT", "/bucket/key", "x", {}),
        ("DELETE", "/", None, {}),
        ("POST", "/", "{}", {"X-Amz-Target": "AmazonSQS."}),
        ("POST", "/", "{}", {"X-Amz-Target": "...."}),
        ("POST", "/%zz/%00", "{}", {"X-Amz-Target": "AmazonSQS.ListQueues", "Content-Type": "application/x-amz-json-1.0"}),
        ("POST", "/", "Action=%ZZ&Version=2012-11-05", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("GET", "/" + "x" * 10_000, None, {}),
    ]:
        answer = server.request(method, path, body, headers)
        assert 200 <= answer.status < 600 and answer.status != 500, (method, path, answer)
    assert server.request("GET", "/_tidegate/health").status == 200


def test_bodies_beyond_the_limit_are_refused(server):
    url = make(server, "large")
    body = json.dumps({"QueueUrl": url, "MessageBody": "x" * (9 * 1024 * 1024)})
    answer = server.request("POST", "/", body, {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"})
    assert answer.status == 413, answer


def test_a_body_that_is_announced_as_too_large_is_refused_before_it_comes(server):
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.SendMessage\r\nContent-Length: 100000000\r\n\r\n{"
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(head)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ") and b"\r\nconnection: close\r\n" in answer, answer


def test_who_sends_everything_first_still_reads_the_refusal(server, sqs, queue):
    for megabytes in (9, 30):
        with refused("RequestEntityTooLarge", status=413):
            sqs.send_message(QueueUrl=queue, MessageBody="x" * (megabytes * 1024 * 1024))


def test_queue_urls_echo_the_callers_host(server):
    make(server, "echoed")
    for host in (f"localhost:{server.port}", f"127.0.0.1:{server.port}", "sqs.us-east-1.localhost.localstack.cloud:4566", "sqs.us-east-1.amazonaws.com"):
        reply = call_json(server, "GetQueueUrl", {"QueueName": "echoed"}, {"Host": host})
        assert reply.output["QueueUrl"] == f"http://{host}/000000000000/echoed"
        again = call_json(server, "SendMessage", {"QueueUrl": reply.output["QueueUrl"], "MessageBody": "x"}, {"Host": host})
        assert again.status == 200, again


@pytest.mark.parametrize("url", ["echo-me", "http://elsewhere.example.com/000000000000/echo-me", "https://queue.amazonaws.com/000000000000/echo-me", "/000000000000/echo-me", "http://localhost:4566/queue/us-east-1/000000000000/echo-me"])
def test_any_url_that_names_the_queue_finds_it(server, url):
    make(server, "echo-me")
    reply = call_json(server, "SendMessage", {"QueueUrl": url, "MessageBody": "x"})
    assert reply.status == 200, reply


@TWO
def test_an_error_has_a_request_id(server, call):
    reply = call(server, "GetQueueUrl", {"QueueName": "nothing"})
    assert reply.status == 400
    assert reply.raw.headers["x-amzn-requestid"]
