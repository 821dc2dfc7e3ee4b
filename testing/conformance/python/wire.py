"""Raw requests in both of SQS's protocols, from one and the same description.

An SDK refuses to send most of what is worth trying. Here a call is an operation and its parameters by
their names in the API; `call_json` writes them as awsJson 1.0, `call_query` as the form that SDKs from
before November 2023 send, whose names differ.
"""

import json
import urllib.parse
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

from tidegate import Answer, Server

NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"

# What the query protocol calls the entries of lists and maps.
LISTS = {
    "AttributeNames": "AttributeName",
    "MessageAttributeNames": "MessageAttributeName",
    "MessageSystemAttributeNames": "MessageSystemAttributeName",
    "AWSAccountIds": "AWSAccountId",
    "Actions": "ActionName",
    "TagKeys": "TagKey",
}
MAPS = {
    "Attributes": ("Attribute", "Name", "Value"),
    "MessageAttributes": ("MessageAttribute", "Name", "Value"),
    "MessageSystemAttributes": ("MessageSystemAttribute", "Name", "Value"),
    "Tags": ("Tag", "Key", "Value"),
    "tags": ("Tag", "Key", "Value"),
}


@dataclass
class Reply:
    """An answer in either protocol, brought to one form."""

    status: int
    raw: Answer
    code: str = ""
    message: str = ""
    type: str = ""
    query_error: str = ""
    output: object = field(default=None)


def call_json(server: Server, operation: str, parameters, headers: dict | None = None, path: str = "/") -> Reply:
    """Calls with awsJson 1.0; text or bytes go out as they are."""
    body = parameters if isinstance(parameters, (str, bytes)) else json.dumps(parameters)
    fixed = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{operation}"}
    answer = server.request("POST", path, body, fixed | (headers or {}))
    if answer.status == 200:
        return Reply(200, answer, output=answer.json() if answer.body else {})
    error = answer.json()
    query_error = answer.headers.get("x-amzn-query-error", "")
    message = error.get("message", error.get("Message", ""))
    return Reply(answer.status, answer, query_error.split(";")[0], message, error["__type"].split("#")[-1], query_error)


def call_query(server: Server, operation: str, parameters: dict, headers: dict | None = None, path: str | None = None) -> Reply:
    """Calls with the query protocol, at the queue's own URL as old SDKs do."""
    form = [("Action", operation), ("Version", "2012-11-05"), *flatten(operation, parameters)]
    where = path or urllib.parse.urlsplit(parameters.get("QueueUrl") or "/").path or "/"
    fixed = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    answer = server.request("POST", where, urllib.parse.urlencode(form), fixed | (headers or {}))
    root = ElementTree.fromstring(answer.body)
    if answer.status == 200:
        return Reply(200, answer, output=root)
    error = root.find(tag("Error"))
    text = {child.tag.split("}")[-1]: child.text or "" for child in error}
    return Reply(answer.status, answer, text["Code"], text["Message"], text["Type"])


def tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def texts(root, name: str) -> list[str]:
    """The texts of all elements of this name."""
    return [element.text or "" for element in root.iter(tag(name))]


def flatten(operation: str, parameters: dict, prefix: str = "") -> list[tuple[str, str]]:
    """The form fields of parameters."""
    fields = []
    for name, value in parameters.items():
        if name in LISTS and isinstance(value, list):
            fields += [(f"{prefix}{LISTS[name]}.{index}", str(item)) for index, item in enumerate(value, 1)]
        elif name in MAPS and isinstance(value, dict):
            fields += flatten_map(prefix, *MAPS[name], value)
        elif name == "Entries" and isinstance(value, list):
            for index, entry in enumerate(value, 1):
                fields += flatten(operation, entry, f"{operation}RequestEntry.{index}.")
        else:
            fields.append((prefix + name, str(value)))
    return fields


def flatten_map(prefix: str, name: str, key: str, value_name: str, values: dict) -> list[tuple[str, str]]:
    fields = []
    for index, (item, value) in enumerate(values.items(), 1):
        start = f"{prefix}{name}.{index}."
        fields.append((start + key, item))
        if isinstance(value, dict):
            fields += [(f"{start}{value_name}.{part}", text) for part, text in value.items()]
        else:
            fields.append((start + value_name, str(value)))
    return fields
