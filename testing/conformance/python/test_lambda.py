"""Lambda, through boto3: functions, versions, aliases, permissions, layers, URLs, settings, and what is refused."""

import base64
import hashlib
import itertools
import json
import urllib.request

import pytest

from lambdas import BASE, ROLE, zipped
from refusals import refused
from tidegate import ACCOUNT, REGION

SERVER_ARGUMENTS: list[str] = []

HANDLER = "def handler(event, context):\n    return {'got': event, 'version': context.function_version}\n"
WITH_LAYER = "import tool\n\ndef handler(event, context):\n    return tool.NAME\n"

_numbers = itertools.count(1)


def sum_of(code: bytes) -> str:
    return base64.b64encode(hashlib.sha256(code).digest()).decode()


@pytest.fixture(scope="module")
def aws(server):
    return server.client("lambda")


@pytest.fixture
def make(aws):
    """Makes a function with a name of its own and answers that name."""

    def make(text: str = HANDLER, **more) -> str:
        name = f"function-{next(_numbers)}"
        given = {"Runtime": "python3.12", "Handler": "index.handler", "Role": ROLE, "Code": {"ZipFile": zipped(index__py=text)}}
        aws.create_function(FunctionName=name, **{**given, **more})
        aws.get_waiter("function_active_v2").wait(FunctionName=name)
        return name

    return make


def test_a_function_is_created_shown_and_deleted(aws, make):
    code = zipped(index__py=HANDLER)
    name = make(Description="d", Timeout=7, MemorySize=256, Environment={"Variables": {"AB": "c"}}, Tags={"team": "x"})
    shown = aws.get_function(FunctionName=name)
    configuration = shown["Configuration"]
    assert configuration["FunctionArn"] == f"{BASE}:function:{name}"
    assert (configuration["CodeSha256"], configuration["CodeSize"]) == (sum_of(code), len(code))
    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")
    assert (configuration["Timeout"], configuration["MemorySize"]) == (7, 256)
    assert configuration["Environment"] == {"Variables": {"AB": "c"}}
    assert shown["Tags"] == {"team": "x"}
    for text in (name, f"{ACCOUNT}:function:{name}", f"{BASE}:function:{name}"):
        assert aws.get_function_configuration(FunctionName=text)["FunctionName"] == name
    assert name in {one["FunctionName"] for page in aws.get_paginator("list_functions").paginate() for one in page["Functions"]}
    aws.delete_function(FunctionName=name)
    code, message = refused(aws.get_function, FunctionName=name)
    assert (code, message) == ("ResourceNotFoundException", f"Function not found: {BASE}:function:{name}")


def test_versions_and_aliases(aws, make):
    name = make()
    assert aws.publish_version(FunctionName=name)["Version"] == "1"
    assert aws.publish_version(FunctionName=name)["Version"] == "1", "nothing has changed"
    aws.update_function_code(FunctionName=name, ZipFile=zipped(index__py=HANDLER + "# changed\n"))
    aws.get_waiter("function_updated_v2").wait(FunctionName=name)
    assert aws.publish_version(FunctionName=name, Description="second")["Version"] == "2"
    assert [one["Version"] for one in aws.list_versions_by_function(FunctionName=name)["Versions"]] == ["$LATEST", "1", "2"]

    made = aws.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert made["AliasArn"] == f"{BASE}:function:{name}:live"
    changed = aws.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}})
    assert changed["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.25}}
    assert [one["Name"] for one in aws.list_aliases(FunctionName=name)["Aliases"]] == ["live"]
    assert refused(aws.create_alias, FunctionName=name, Name="live", FunctionVersion="1")[0] == "ResourceConflictException"
    aws.delete_alias(FunctionName=name, Name="live")
    assert refused(aws.get_alias, FunctionName=name, Name="live")[0] == "ResourceNotFoundException"


def test_permissions(aws, make):
    name = make()
    given = {"FunctionName": name, "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "sqs.amazonaws.com"}
    statement = json.loads(aws.add_permission(**given)["Statement"])
    assert statement["Principal"] == {"Service": "sqs.amazonaws.com"}
    assert statement["Resource"] == f"{BASE}:function:{name}"
    policy = aws.get_policy(FunctionName=name)
    assert json.loads(policy["Policy"])["Statement"] == [statement]
    assert refused(aws.add_permission, **given)[0] == "ResourceConflictException"
    other = {**given, "StatementId": "t", "RevisionId": "another"}
    assert refused(aws.add_permission, **other)[0] == "PreconditionFailedException"
    aws.remove_permission(FunctionName=name, StatementId="s", RevisionId=policy["RevisionId"])
    assert refused(aws.get_policy, FunctionName=name)[0] == "ResourceNotFoundException"


def test_layers_are_numbered_listed_and_downloaded(aws):
    content = zipped(**{"python/tool.py": "NAME = 'one'\n"})
    made = aws.publish_layer_version(
        LayerName="tools", Description="d", LicenseInfo="MIT", CompatibleRuntimes=["python3.12"], Content={"ZipFile": content}
    )
    assert (made["LayerArn"], made["Version"]) == (f"{BASE}:layer:tools", 1)
    assert made["LayerVersionArn"] == f"{BASE}:layer:tools:1"
    assert (made["Content"]["CodeSha256"], made["Content"]["CodeSize"]) == (sum_of(content), len(content))
    second = aws.publish_layer_version(LayerName="tools", Content={"ZipFile": zipped(a="b")})
    assert second["Version"] == 2

    by_arn = aws.get_layer_version_by_arn(Arn=made["LayerVersionArn"])
    by_name = aws.get_layer_version(LayerName=made["LayerArn"], VersionNumber=1)
    for shown in (by_arn, by_name):
        assert (shown["Version"], shown["LicenseInfo"], shown["CompatibleRuntimes"]) == (1, "MIT", ["python3.12"])
    assert [one["Version"] for one in aws.list_layer_versions(LayerName="tools")["LayerVersions"]] == [2, 1]
    matching = aws.list_layers(CompatibleRuntime="python3.12")["Layers"]
    assert [(one["LayerName"], one["LatestMatchingVersion"]["Version"]) for one in matching] == [("tools", 1)]

    aws.delete_layer_version(LayerName="tools", VersionNumber=2)
    aws.delete_layer_version(LayerName="tools", VersionNumber=2)
    assert refused(aws.get_layer_version, LayerName="tools", VersionNumber=2) == (
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )
    again = aws.publish_layer_version(LayerName="tools", Content={"ZipFile": content})
    assert again["Version"] == 3, "no number is given twice"


def test_code_and_layers_are_downloaded(aws, make, server):
    content = zipped(**{"python/tool.py": "NAME = 'x'\n"})
    layer = aws.publish_layer_version(LayerName="downloaded", Content={"ZipFile": content})
    name = make()
    for location, expected in [
        (layer["Content"]["Location"], content),
        (aws.get_function(FunctionName=name)["Code"]["Location"], zipped(index__py=HANDLER)),
    ]:
        # The name leads to this machine; without a resolver the test says so itself.
        host = location.split("/")[2]
        request = urllib.request.Request(location.replace(host, f"127.0.0.1:{server.port}"), headers={"Host": host})
        with urllib.request.urlopen(request) as answer:
            assert answer.read() == expected


def test_layers_are_shared_by_permissions(aws, make, server):
    layer = aws.publish_layer_version(LayerName="shared", Content={"ZipFile": zipped(a="b")})
    arn, named = layer["LayerVersionArn"], {"LayerName": "shared", "VersionNumber": 1}
    other = server.client("lambda", key="111111111111")
    assert refused(other.get_layer_version_by_arn, Arn=arn)[0] == "AccessDeniedException"
    assert refused(aws.get_layer_version_policy, **named) == (
        "ResourceNotFoundException",
        "No policy is associated with the given resource.",
    )
    given = {**named, "StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "111111111111"}
    added = aws.add_layer_version_permission(**given)
    assert json.loads(added["Statement"]) == {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
        "Action": "lambda:GetLayerVersion",
        "Resource": arn,
    }
    assert aws.get_layer_version_policy(**named)["RevisionId"] == added["RevisionId"]
    assert other.get_layer_version_by_arn(Arn=arn)["LayerVersionArn"] == arn
    assert refused(aws.add_layer_version_permission, **given)[0] == "ResourceConflictException"
    stale = {**given, "StatementId": "t", "RevisionId": "another"}
    assert refused(aws.add_layer_version_permission, **stale)[0] == "PreconditionFailedException"
    aws.remove_layer_version_permission(**named, StatementId="s")
    assert refused(other.get_layer_version_by_arn, Arn=arn)[0] == "AccessDeniedException"


def test_a_function_finds_its_layer_even_when_that_was_deleted(aws, make, server):
    content = zipped(**{"python/tool.py": "NAME = 'from a layer'\n"})
    layer = aws.publish_layer_version(LayerName="used", Content={"ZipFile": content})["LayerVersionArn"]
    name = make(WITH_LAYER, Layers=[layer])
    assert aws.get_function_configuration(FunctionName=name)["Layers"] == [{"Arn": layer, "CodeSize": len(content)}]
    aws.delete_layer_version(LayerName="used", VersionNumber=1)
    answer = aws.invoke(FunctionName=name)
    assert (answer.get("FunctionError"), json.load(answer["Payload"])) == (None, "from a layer")
    server.kill()
    server.start()
    assert json.load(aws.invoke(FunctionName=name)["Payload"]) == "from a layer"


@pytest.mark.parametrize(
    "layers, code, message",
    [
        ([f"{BASE}:layer:absent:1"], "InvalidParameterValueException", f"Layer version {BASE}:layer:absent:1 does not exist."),
        ([f"{BASE}:layer:l{i}:1" for i in range(6)], "InvalidParameterValueException", "Cannot reference more than 5 layers."),
        (
            [f"{BASE}:layer:a:1", f"{BASE}:layer:a:2"],
            "InvalidParameterValueException",
            "Two different versions of the same layer are not allowed to be referenced in the same function. "
            f"{BASE}:layer:a:1 and {BASE}:layer:a:2.",
        ),
        (
            [f"arn:aws:lambda:eu-central-1:{ACCOUNT}:layer:a:1"],
            "InvalidParameterValueException",
            f"Layers are not in the same region as the function. Layers are expected to be in region {REGION}.",
        ),
        ([f"{BASE}:layer:a"], "ValidationException", None),
    ],
)
def test_layers_that_cannot_be_used(aws, make, layers, code, message):
    name = make()
    given, said = refused(aws.update_function_configuration, FunctionName=name, Layers=layers)
    assert given == code
    assert message in (None, said)


def test_invocations(aws, make):
    name = make()
    answer = aws.invoke(FunctionName=name, Payload=json.dumps({"a": 1}), LogType="Tail")
    assert json.load(answer["Payload"]) == {"got": {"a": 1}, "version": "$LATEST"}
    assert "REPORT RequestId" in base64.b64decode(answer["LogResult"]).decode()
    assert aws.invoke(FunctionName=name, InvocationType="Event")["StatusCode"] == 202
    assert aws.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    fails = make("def handler(event, context):\n    raise ValueError('no')\n")
    answer = aws.invoke(FunctionName=fails)
    payload = json.load(answer["Payload"])
    assert answer["FunctionError"] == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "no")


def test_settings_of_a_function(aws, make):
    name = make()
    aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=5)
    assert aws.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 5
    too_many = refused(aws.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=901)
    assert too_many[0] == "InvalidParameterValueException"
    aws.delete_function_concurrency(FunctionName=name)

    aws.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    assert aws.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"] == 1
    aws.delete_function_event_invoke_config(FunctionName=name)
    assert refused(aws.get_function_event_invoke_config, FunctionName=name)[0] == "ResourceNotFoundException"

    arn = f"{BASE}:function:{name}"
    aws.tag_resource(Resource=arn, Tags={"a": "b", "c": "d"})
    aws.untag_resource(Resource=arn, TagKeys=["a"])
    assert aws.list_tags(Resource=arn)["Tags"] == {"c": "d"}

    url = aws.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    assert f".lambda-url.{REGION}." in url
    assert aws.get_function_url_config(FunctionName=name)["FunctionUrl"] == url
    aws.delete_function_url_config(FunctionName=name)
    assert refused(aws.get_function_url_config, FunctionName=name)[0] == "ResourceNotFoundException"
    assert aws.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 1000


@pytest.mark.parametrize(
    "change, code, message",
    [
        ({"Code": {"ZipFile": b"no zip"}}, "InvalidParameterValueException", "Could not unzip uploaded file. Please check your file, then try to upload again."),
        ({"Code": {"ZipFile": zipped(**{"../evil": "x"})}}, "InvalidParameterValueException", None),
        (
            {"Environment": {"Variables": {"AWS_REGION": "x"}}},
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you have provided "
            "contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION",
        ),
        ({"Environment": {"Variables": {"AB": "x" * 5000}}}, "InvalidParameterValueException", None),
        ({"Timeout": 901}, "ValidationException", None),
        ({"MemorySize": 20000}, "ValidationException", None),
        ({"DeadLetterConfig": {"TargetArn": "arn:aws:s3:::bucket"}}, "InvalidParameterValueException", None),
    ],
)
def test_functions_that_cannot_be(aws, change, code, message):
    given = {"Runtime": "python3.12", "Handler": "index.handler", "Role": ROLE, "Code": {"ZipFile": zipped(index__py=HANDLER)}}
    found, said = refused(aws.create_function, FunctionName=f"refused-{next(_numbers)}", **{**given, **change})
    assert found == code
    assert message in (None, said)


def test_pages_go_on_behind_what_was_deleted_meanwhile(aws, make):
    """As clean-up scripts do it: a page is listed and deleted, then the next one."""
    name = make()
    for n in range(12):
        aws.update_function_configuration(FunctionName=name, Description=f"{n}")
        aws.publish_version(FunctionName=name)
    pages = aws.get_paginator("list_versions_by_function").paginate(FunctionName=name, PaginationConfig={"PageSize": 4})
    found = []
    for page in pages:
        for version in page["Versions"]:
            found.append(version["Version"])
            if version["Version"] != "$LATEST":
                aws.delete_function(FunctionName=name, Qualifier=version["Version"])
    assert found == ["$LATEST", *(str(n) for n in range(1, 13))]
    for letter in "abcde":
        aws.publish_version(FunctionName=name)
        aws.create_alias(FunctionName=name, Name=letter, FunctionVersion="$LATEST")
    found = []
    for page in aws.get_paginator("list_aliases").paginate(FunctionName=name, PaginationConfig={"PageSize": 2}):
        for alias in page["Aliases"]:
            found.append(alias["Name"])
            aws.delete_alias(FunctionName=name, Name=alias["Name"])
    assert found == list("abcde")


def test_everything_survives_a_kill(aws, make, server):
    name = make()
    aws.publish_version(FunctionName=name)
    aws.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    before = aws.get_function_configuration(FunctionName=f"{name}:live")
    server.kill()
    server.start()
    after = aws.get_function_configuration(FunctionName=f"{name}:live")
    assert {**before, "ResponseMetadata": None} == {**after, "ResponseMetadata": None}
    assert json.load(aws.invoke(FunctionName=name, Qualifier="live")["Payload"])["version"] == "1"
