"""Lambda, through boto3: provisioned concurrency, code signing configurations and runtime management."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from lambdas import BASE, ROLE, until, zipped
from refusals import refused
from tidegate import ACCOUNT, REGION

SERVER_ARGUMENTS: list[str] = []

PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/p/abcdefghij"
# The name of the environment tells one from another.
HANDLER = (
    "import os, uuid\n\nOWN = str(uuid.uuid4())\n\n"
    "def handler(event, context):\n    return [os.environ['AWS_LAMBDA_INITIALIZATION_TYPE'], OWN]\n"
)

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def aws(server):
    return server.client("lambda")


@pytest.fixture
def make(aws):
    """Makes a function with a published version and answers its name."""

    def make(text: str = HANDLER) -> str:
        name = f"provisioned-{next(_numbers)}"
        aws.create_function(
            FunctionName=name, Runtime="python3.12", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped(index__py=text)}, Publish=True
        )
        return name

    return make


def settled(aws, name: str, qualifier: str) -> dict:
    """The configuration once it is no longer in progress."""
    def found():
        found = aws.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
        return found["Status"] != "IN_PROGRESS" and found

    return until(found)


def put(aws, name: str, qualifier: str, count: int) -> dict:
    return aws.put_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count)


def invoked(aws, name: str, qualifier: str) -> str:
    return json.load(aws.invoke(FunctionName=name, Qualifier=qualifier)["Payload"])[0]


def test_environments_become_ready(aws, make):
    name = make()
    given = put(aws, name, "1", 2)
    assert given["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (given["Status"], given["RequestedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 2)
    ready = settled(aws, name, "1")
    assert (ready["Status"], ready["AvailableProvisionedConcurrentExecutions"]) == ("READY", 2)
    assert invoked(aws, name, "1") == "provisioned-concurrency"
    assert invoked(aws, name, "$LATEST") == "on-demand"
    listed = aws.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"]
    assert [one["FunctionArn"] for one in listed] == [f"{BASE}:function:{name}:1"]
    aws.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
    code, message = refused(aws.get_provisioned_concurrency_config, FunctionName=name, Qualifier="1")
    assert code == "ProvisionedConcurrencyConfigNotFoundException"
    assert message == "No Provisioned Concurrency Config found for this function"


def test_an_alias_that_moves_takes_its_environments_along(aws, make):
    name = make()
    aws.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    put(aws, name, "live", 1)
    assert settled(aws, name, "live")["Status"] == "READY"
    assert invoked(aws, name, "live") == "provisioned-concurrency"
    aws.update_function_code(FunctionName=name, ZipFile=zipped(index__py=HANDLER + "\n"), Publish=True)
    aws.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    assert settled(aws, name, "live")["Status"] == "READY"
    assert invoked(aws, name, "2") == "provisioned-concurrency"


def test_more_invocations_than_environments_start_others(aws, make):
    name = make("import time\n\ndef handler(event, context):\n    time.sleep(1)\n    return context.log_stream_name\n")
    put(aws, name, "1", 1)
    assert settled(aws, name, "1")["Status"] == "READY"

    def invoke(_) -> str:
        answer = aws.invoke(FunctionName=name, Qualifier="1")
        assert "FunctionError" not in answer
        return json.load(answer["Payload"])

    with ThreadPoolExecutor(3) as threads:
        assert len(set(threads.map(invoke, range(3)))) == 3


def test_a_deleted_version_is_not_kept_ready(aws, make):
    name = make()
    put(aws, name, "1", 1)
    assert settled(aws, name, "1")["Status"] == "READY"
    aws.delete_function(FunctionName=name, Qualifier="1")
    assert aws.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"] == []
    missing = refused(aws.get_provisioned_concurrency_config, FunctionName=name, Qualifier="1")
    assert missing == ("ResourceNotFoundException", f"Function not found: {BASE}:function:{name}:1")


def test_a_function_that_does_not_start_fails(aws, make):
    name = make("raise RuntimeError('never')\n")
    put(aws, name, "1", 1)
    found = settled(aws, name, "1")
    assert (found["Status"], found["StatusReason"]) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")


def test_environments_are_ready_again_after_a_restart(server, aws, make):
    name = make()
    put(aws, name, "1", 1)
    assert settled(aws, name, "1")["Status"] == "READY"
    server.kill()
    server.start()
    assert settled(aws, name, "1")["Status"] == "READY"
    assert invoked(aws, name, "1") == "provisioned-concurrency"


def test_what_cannot_be_provisioned(aws, make):
    name = make()
    aws.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    for_put = aws.put_provisioned_concurrency_config

    def said(qualifier: str, count: int) -> tuple[str, str]:
        return refused(for_put, FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count)

    code, message = said("$LATEST", 1)
    assert (code, message) == (
        "InvalidParameterValueException",
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
    )
    assert said("9", 1) == ("ResourceNotFoundException", f"Function not found: {BASE}:function:{name}:9")
    assert said("gone", 1) == ("ResourceNotFoundException", f"Cannot find alias arn: {BASE}:function:{name}:gone")
    assert "greater than account's unreserved concurrency [1000]" in said("1", 1001)[1]
    assert "below its minimum value of [100]" in said("1", 950)[1]
    aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    assert "should not be greater than the reservedConcurrentExecution" in said("1", 2)[1]
    put(aws, name, "live", 1)
    assert said("1", 1) == ("ResourceConflictException", "Version is pointed by a Provisioned Concurrency alias")
    lower = refused(aws.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=0)
    assert "should not be lower than function's total provisioned concurrency [1]" in lower[1]


def test_code_signing_configurations(aws, make):
    name = make()
    created = aws.create_code_signing_config(
        Description="d", AllowedPublishers={"SigningProfileVersionArns": [PROFILE]}, Tags={"team": "a"}
    )
    config = created["CodeSigningConfig"]
    arn = config["CodeSigningConfigArn"]
    assert arn == f"{BASE}:code-signing-config:{config['CodeSigningConfigId']}"
    assert config["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Warn"}
    policies = {"UntrustedArtifactOnDeployment": "Enforce"}
    changed = aws.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies=policies)["CodeSigningConfig"]
    assert (changed["CodeSigningPolicies"], changed["Description"]) == (policies, "d")
    assert aws.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == changed
    assert changed in aws.list_code_signing_configs()["CodeSigningConfigs"]

    assert "CodeSigningConfigArn" not in aws.get_function_code_signing_config(FunctionName=name)
    aws.put_function_code_signing_config(CodeSigningConfigArn=arn, FunctionName=name)
    assert aws.get_function_code_signing_config(FunctionName=name)["CodeSigningConfigArn"] == arn
    users = aws.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"]
    assert users == [f"{BASE}:function:{name}"]
    assert refused(aws.delete_code_signing_config, CodeSigningConfigArn=arn)[0] == "ResourceConflictException"
    aws.delete_function_code_signing_config(FunctionName=name)
    given = {"Runtime": "python3.12", "Handler": "index.handler", "Role": ROLE, "Code": {"ZipFile": zipped(index__py=HANDLER)}}
    aws.create_function(FunctionName=f"{name}-signed", CodeSigningConfigArn=arn, **given)
    assert aws.get_function_code_signing_config(FunctionName=f"{name}-signed")["CodeSigningConfigArn"] == arn
    code, _ = refused(aws.create_function, FunctionName=f"{name}-not", CodeSigningConfigArn=arn[:-4] + "0000", **given)
    assert code == "CodeSigningConfigNotFoundException"
    aws.delete_function(FunctionName=f"{name}-signed")

    assert aws.list_tags(Resource=arn)["Tags"] == {"team": "a"}
    aws.tag_resource(Resource=arn, Tags={"stage": "b"})
    aws.untag_resource(Resource=arn, TagKeys=["team"])
    assert aws.list_tags(Resource=arn)["Tags"] == {"stage": "b"}
    aws.delete_code_signing_config(CodeSigningConfigArn=arn)

    gone = ("ResourceNotFoundException", f"The Lambda code signing configuration {arn} can not be found.")
    assert refused(aws.get_code_signing_config, CodeSigningConfigArn=arn) == gone
    assert refused(aws.delete_code_signing_config, CodeSigningConfigArn=arn) == gone
    code, _ = refused(aws.put_function_code_signing_config, CodeSigningConfigArn=arn, FunctionName=name)
    assert code == "CodeSigningConfigNotFoundException"


def test_runtime_management(aws, make):
    name = make()
    found = aws.get_runtime_management_config(FunctionName=name)
    assert (found["UpdateRuntimeOn"], found["FunctionArn"]) == ("Auto", f"{BASE}:function:{name}:$LATEST")
    aws.put_runtime_management_config(FunctionName=name, Qualifier="1", UpdateRuntimeOn="FunctionUpdate")
    assert aws.get_runtime_management_config(FunctionName=name, Qualifier="1")["UpdateRuntimeOn"] == "FunctionUpdate"
    assert aws.get_runtime_management_config(FunctionName=name)["UpdateRuntimeOn"] == "Auto"
    code, _ = refused(aws.put_runtime_management_config, FunctionName=name, UpdateRuntimeOn="Manual")
    assert code == "InvalidParameterValueException"


def test_the_same_code_again(aws, make):
    name = make()
    before = aws.get_function(FunctionName=name)["Configuration"]["CodeSha256"]
    for _ in range(2):
        assert aws.update_function_code(FunctionName=name, ZipFile=zipped(index__py=HANDLER))["CodeSha256"] == before
    assert invoked(aws, name, "1") == "on-demand"


def test_scaling_configurations_need_a_capacity_provider(aws, make):
    name = make()
    aws.publish_version(FunctionName=name)
    code, words = refused(aws.get_function_scaling_config, FunctionName=name, Qualifier="1")
    assert (code, "capacity provider" in words) == ("InvalidParameterValueException", True)
    limits = {"MinExecutionEnvironments": 1, "MaxExecutionEnvironments": 2}
    put = {"FunctionName": name, "FunctionScalingConfig": limits}
    assert refused(aws.put_function_scaling_config, Qualifier="1", **put)[0] == "InvalidParameterValueException"
    assert refused(aws.put_function_scaling_config, Qualifier="2", **put)[0] == "ResourceNotFoundException"
