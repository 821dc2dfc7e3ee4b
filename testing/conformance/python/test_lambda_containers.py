"""Lambda, through boto3: functions in containers, on a stand-in for a container engine (`engine/docker`)."""

import base64
import itertools
import json
import os
import subprocess

import pytest

from engines import ENTRY_POINT, Engine
from lambdas import BASE, ROLE, until, zipped
from refusals import refused
from tidegate import Server, binary

JAVA = "public.ecr.aws/lambda/java:21"
INVALID = "InvalidParameterValueException"
CONFLICT = "ResourceConflictException"
BUSY = "The operation cannot be performed at this time. The function is currently in the following state: {}"
SECRETS = {"TOKEN": "t0ken-of-a-secret", "PEM": "-----BEGIN KEY-----\ns3cret lines\n-----END KEY-----\n"}

# What it does after the runtime was told to end is seen, too.
WATCHER = """#!/usr/bin/env python3
import json, os, urllib.request

API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2020-01-01/extension"

def call(path, body=None, **headers):
    return urllib.request.urlopen(urllib.request.Request(API + path, body, headers))

answer = call("/register", json.dumps({"events": ["INVOKE", "SHUTDOWN"]}).encode(), **{"Lambda-Extension-Name": "watcher"})
own = {"Lambda-Extension-Identifier": answer.headers["Lambda-Extension-Identifier"]}
kind = None
while kind != "SHUTDOWN":
    kind = json.load(call("/event/next", **own))["eventType"]
    print("watcher saw", kind, flush=True)
print("watcher ends", flush=True)
"""

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def engine():
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def server(engine):
    with Server(env=engine.env) as server:
        yield server


@pytest.fixture(scope="module")
def aws(server):
    return server.client("lambda")


@pytest.fixture
def image(engine):
    """An image with a name of its own, which is here already."""
    name = f"registry.example:5000/app-{next(_numbers)}:v1"
    engine.image(name)
    return name


def from_image(aws, image: str, name: str | None = None, **more) -> str:
    name = name or f"contained-{next(_numbers)}"
    aws.create_function(FunctionName=name, PackageType="Image", Code={"ImageUri": image}, Role=ROLE, **more)
    aws.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return name


def java(**more) -> dict:
    code = {"ZipFile": zipped(Handler__class="no class", lib__txt="x")}
    return {"Runtime": "java21", "Handler": "Handler::handle", "Role": ROLE, "Code": code} | more


def invoked(aws, name: str, **event) -> dict:
    answer = aws.invoke(FunctionName=name, Payload=json.dumps(event))
    payload = json.load(answer["Payload"])
    assert "FunctionError" not in answer, payload
    return payload


def failed(aws, name: str, **event) -> tuple[dict, str]:
    answer = aws.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    return json.load(answer["Payload"]), base64.b64decode(answer["LogResult"]).decode()


def runs_of(engine, name: str) -> list[list[str]]:
    return [call for call in engine.calls("run") if f"tidegate.function={name}" in call]


def test_a_function_is_an_image(server, aws, engine, image):
    name = from_image(aws, image)
    shown = aws.get_function(FunctionName=name)
    digest = engine.image(image)["RepoDigests"][0].split("sha256:")[1]
    configuration = shown["Configuration"]
    assert (configuration["PackageType"], configuration["CodeSha256"], configuration["CodeSize"]) == ("Image", digest, 0)
    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")
    assert not {"Runtime", "Handler", "ImageConfigResponse", "RuntimeVersionConfig"} & set(configuration)
    assert shown["Code"] == {
        "RepositoryType": "ECR",
        "ImageUri": image,
        "ResolvedImageUri": f"{image.rsplit(':', 1)[0]}@sha256:{digest}",
    }
    answer = invoked(aws, name, do="print", text="said in a container")
    assert answer["line"] == [ENTRY_POINT, "app.handler"]
    assert invoked(aws, name)["pid"] == answer["pid"], "a warm container is used again"
    server.settle()
    logs = server.client("logs")
    messages = [event["message"] for event in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]]
    assert "the container starts\n" in messages and "said in a container\n" in messages
    assert [message.split()[0] for message in messages].count("REPORT") == 2


def test_an_images_settings_can_be_others(aws, engine, image):
    engine.image(image, Programs=[ENTRY_POINT, "/other"])
    config = {"EntryPoint": ["/other", "first"], "WorkingDirectory": "/srv"}
    name = from_image(aws, image, ImageConfig=config)
    assert aws.get_function_configuration(FunctionName=name)["ImageConfigResponse"] == {"ImageConfig": config}
    answer = invoked(aws, name)
    assert (answer["line"], answer["folder"]) == (["/other", "first", "app.handler"], "/srv")
    changed = {"Command": ["other.handler"]}
    updated = aws.update_function_configuration(FunctionName=name, ImageConfig=changed)
    assert updated["ImageConfigResponse"] == {"ImageConfig": changed}
    answer = invoked(aws, name)
    assert (answer["line"], answer["folder"]) == ([ENTRY_POINT, "other.handler"], "/var/task")


def test_other_code_and_the_end(aws, engine, image):
    name = from_image(aws, image, Publish=True)
    first = invoked(aws, name)["pid"]
    other = image.replace(":v1", ":v2")
    engine.image(other)
    changed = aws.update_function_code(FunctionName=name, ImageUri=other, Publish=True)
    assert (changed["Version"], changed["State"], changed["LastUpdateStatus"]) == ("2", "Active", "Successful")
    assert aws.get_function(FunctionName=name)["Code"]["ImageUri"] == other
    assert aws.get_function(FunctionName=name, Qualifier="1")["Code"]["ImageUri"] == image
    assert invoked(aws, name)["pid"] != first
    until(lambda: first not in engine.containers().values())
    assert runs_of(engine, name)[-1][-1] == engine.image(other)["Id"]
    aws.delete_function(FunctionName=name)
    until(lambda: not {call[call.index("--name") + 1] for call in runs_of(engine, name)} & set(engine.containers()))


def test_a_tag_that_moves_does_not_move_the_function(aws, engine, image):
    name = from_image(aws, image)
    before = aws.get_function_configuration(FunctionName=name)["CodeSha256"]
    old = engine.image(f"{image}-old")
    engine.image(image, "other content")
    assert aws.get_function_configuration(FunctionName=name)["CodeSha256"] == before
    changed = aws.update_function_code(FunctionName=name, ImageUri=image)
    assert changed["CodeSha256"] not in (before, old["Id"])


def test_java_runs_in_its_image(aws, engine):
    engine.image(JAVA, local=False, Config={"Entrypoint": [ENTRY_POINT], "Cmd": None})
    layer = aws.publish_layer_version(LayerName="for-java", Content={"ZipFile": zipped(java="x")})
    name = f"contained-{next(_numbers)}"
    engine.hold_pulls()
    made = aws.create_function(FunctionName=name, Layers=[layer["LayerVersionArn"]], MemorySize=256, **java())
    assert (made["State"], made["StateReasonCode"]) == ("Pending", "Creating")
    assert made["StateReason"] == "The function is being created."
    # Nothing else happens to a function that is still being made.
    busy = (CONFLICT, BUSY.format("Pending"))
    assert refused(aws.invoke, FunctionName=name) == busy
    assert refused(aws.update_function_configuration, FunctionName=name, Timeout=9) == busy
    assert refused(aws.update_function_code, FunctionName=name, **java()["Code"]) == busy
    assert refused(aws.publish_version, FunctionName=name) == busy
    engine.release_pulls()
    aws.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    answer = invoked(aws, name, variables=["_HANDLER", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "HOME"])
    assert (answer["line"], answer["task"], answer["opt"]) == ([ENTRY_POINT, "Handler::handle"], ["Handler.class", "lib.txt"], ["java"])
    assert answer["variables"] == {
        "_HANDLER": "Handler::handle",
        "AWS_EXECUTION_ENV": "AWS_Lambda_java21",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "HOME": None,
    }
    [run] = runs_of(engine, name)
    for words in (["--memory", "256m"], ["--memory-swap", "256m"], ["--network", "host"], ["--platform", "linux/amd64"]):
        assert words == run[run.index(words[0]) :][:2]
    # It is here now: the next one need not wait.
    again = aws.create_function(FunctionName=f"{name}-again", **java())
    assert again["State"] == "Active"


def test_extensions_run_beside_the_runtime(server, aws, engine):
    engine.image(JAVA)
    layer = aws.publish_layer_version(LayerName="watching", Content={"ZipFile": zipped(**{"extensions/watcher": WATCHER})})
    name = f"contained-{next(_numbers)}"
    aws.create_function(FunctionName=name, Layers=[layer["LayerVersionArn"]], **java())
    assert invoked(aws, name, do="print", text="beside")["line"] == [ENTRY_POINT, "Handler::handle"]
    aws.update_function_configuration(FunctionName=name, Timeout=9)
    invoked(aws, name)
    logs = server.client("logs")

    def seen() -> set[str]:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="watcher")["events"]
        words = {event["message"].strip() for event in events if event["message"].startswith("watcher")}
        return words if "watcher ends" in words else set()

    assert until(seen) == {"watcher saw INVOKE", "watcher saw SHUTDOWN", "watcher ends"}


def test_a_runtime_without_an_image_is_refused(aws):
    code, message = refused(aws.create_function, FunctionName="old", **java(Runtime="dotnetcore1.0"))
    assert code == INVALID and "dotnetcore1.0" in message


def test_timeouts_crashes_and_memory_are_worded_as_aws_does(aws, engine, image):
    name = from_image(aws, image, Timeout=2)
    first = invoked(aws, name)["pid"]
    error, log = failed(aws, name, do="hang")
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Error: Task timed out after 2.00 seconds")
    assert "hangs\n" in log and "Task timed out after 2.00 seconds" in log and "Status: timeout" in log
    until(lambda: first not in engine.containers().values())
    error, log = failed(aws, name, do="exit", status=3)
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert "leaves\n" in log
    error, _ = failed(aws, name, do="take too much memory")
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert invoked(aws, name)["pid"] != first


def test_an_entry_point_that_is_not_there(aws, image):
    name = from_image(aws, image, ImageConfig={"EntryPoint": ["/nowhere"]})
    error, log = failed(aws, name)
    assert error["errorType"] == "Runtime.InvalidEntrypoint"
    assert error["errorMessage"].endswith("Error: fork/exec /nowhere: no such file or directory")
    assert "Error response from daemon" in log


def test_secrets_are_on_no_command_line(aws, engine, image):
    name = from_image(aws, image, Environment={"Variables": SECRETS})
    names = [*SECRETS, "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_FUNCTION_NAME"]
    seen = invoked(aws, name, variables=names)["variables"]
    assert {key: seen[key] for key in SECRETS} == SECRETS
    assert seen["AWS_SECRET_ACCESS_KEY"] and seen["AWS_LAMBDA_FUNCTION_NAME"] == name
    said = (engine.folder / "calls.jsonl").read_text()
    hidden = [*SECRETS.values(), "s3cret", seen["AWS_SECRET_ACCESS_KEY"]]
    if seen["AWS_SESSION_TOKEN"]:
        hidden.append(seen["AWS_SESSION_TOKEN"])
    assert not [value for value in hidden if value in said or json.dumps(value)[1:-1] in said]
    [run] = runs_of(engine, name)
    assert not os.path.exists(run[run.index("--env-file") + 1]), "what the variables lay in is gone once it is read"


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        ("Error response from daemon: pull access denied for x, repository does not exist or may require 'docker login'", "ImageAccessDenied", "Lambda does not have permission to access the ECR image. Check the ECR permissions."),
        (None, "InvalidImage", "Source image {} does not exist. Provide a valid source image."),
        ("no matching manifest for linux/amd64 in the manifest list entries", "InvalidImage", "Source image {} is not valid. Provide a valid source image."),
        ("dial tcp: lookup registry.example: no answer", "InternalError", None),
    ],
)
def test_images_that_cannot_be_had(aws, engine, words, code, reason):
    name, image = f"contained-{next(_numbers)}", f"registry.example/none-{next(_numbers)}:v1"
    if words:
        engine.refuse(image, words)
    made = aws.create_function(FunctionName=name, PackageType="Image", Code={"ImageUri": image}, Role=ROLE)
    assert made["State"] == "Pending"

    def ended() -> dict:
        shown = aws.get_function_configuration(FunctionName=name)
        return shown["State"] != "Pending" and shown

    shown = until(ended)
    assert (shown["State"], shown["StateReasonCode"]) == ("Failed", code)
    assert shown["StateReason"].startswith(reason.format(image) if reason else "The image could not be fetched")
    assert refused(aws.invoke, FunctionName=name) == (CONFLICT, BUSY.format("Failed"))
    # Another image mends it.
    good = f"{image}-good"
    engine.image(good)
    aws.update_function_code(FunctionName=name, ImageUri=good)
    assert invoked(aws, name)["line"] == [ENTRY_POINT, "app.handler"]


def test_an_update_that_fails_leaves_the_old_code(aws, engine, image):
    name = from_image(aws, image)
    engine.hold_pulls()
    changed = aws.update_function_code(FunctionName=name, ImageUri=f"{image}-other")
    assert (changed["State"], changed["LastUpdateStatus"]) == ("Active", "InProgress")
    assert (changed["LastUpdateStatusReasonCode"], changed["LastUpdateStatusReason"]) == ("Creating", "The function is being created.")
    in_progress = f"The operation cannot be performed at this time. An update is in progress for resource: {BASE}:function:{name}"
    assert refused(aws.update_function_configuration, FunctionName=name, Timeout=9) == (CONFLICT, in_progress)
    assert invoked(aws, name)["line"] == [ENTRY_POINT, "app.handler"]
    engine.release_pulls()

    def ended() -> dict:
        shown = aws.get_function(FunctionName=name)
        return shown["Configuration"]["LastUpdateStatus"] != "InProgress" and shown

    shown = until(ended)
    assert (shown["Configuration"]["State"], shown["Configuration"]["LastUpdateStatus"]) == ("Active", "Failed")
    assert shown["Configuration"]["LastUpdateStatusReasonCode"] == "InvalidImage"
    assert shown["Code"]["ImageUri"] == image
    assert invoked(aws, name)["line"] == [ENTRY_POINT, "app.handler"]


def test_an_update_that_is_fetched(aws, engine, image):
    name = from_image(aws, image)
    other = image.replace(":v1", ":v2")
    made = engine.image(other, local=False, Config={"Entrypoint": [ENTRY_POINT], "Cmd": ["new.handler"]})
    aws.update_function_code(FunctionName=name, ImageUri=other)
    aws.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    shown = aws.get_function(FunctionName=name)
    assert shown["Code"]["ImageUri"] == other
    assert shown["Configuration"]["CodeSha256"] == made["RepoDigests"][0].split("sha256:")[1]
    assert invoked(aws, name)["line"] == [ENTRY_POINT, "new.handler"]


def test_an_image_that_was_removed_is_fetched_again(aws, engine, image):
    name = from_image(aws, image)
    made = engine.image(image)
    engine.forget(image)
    engine.image(made["RepoDigests"][0], local=False, **{key: made[key] for key in ("Id", "RepoDigests")})
    assert invoked(aws, name)["line"] == [ENTRY_POINT, "app.handler"]


def test_what_does_not_go_together(aws, engine, image):
    create, given = aws.create_function, {"FunctionName": "misused", "Role": ROLE}
    assert refused(create, PackageType="Image", Code={"ImageUri": image}, Runtime="java21", **given) == (
        INVALID,
        "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.",
    )
    assert refused(create, PackageType="Image", Code=java()["Code"], **given)[0] == INVALID
    assert refused(create, Code={"ImageUri": image}, Runtime="java21", Handler="h", **given)[0] == INVALID
    name = from_image(aws, image)
    assert refused(aws.update_function_code, FunctionName=name, **java()["Code"]) == (
        INVALID,
        "Please provide ImageUri when updating a function with packageType Image.",
    )
    assert refused(aws.update_function_configuration, FunctionName=name, Handler="h") == (
        INVALID,
        "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.",
    )
    signed = aws.create_code_signing_config(
        AllowedPublishers={"SigningProfileVersionArns": [f"{BASE.replace(':lambda:', ':signer:')}:/signing-profiles/p/abcdefghij"]}
    )["CodeSigningConfig"]["CodeSigningConfigArn"]
    unsigned = (INVALID, "Code signing is not supported for functions created with container images.")
    assert refused(aws.put_function_code_signing_config, FunctionName=name, CodeSigningConfigArn=signed) == unsigned
    assert refused(aws.get_function_code_signing_config, FunctionName=name) == unsigned
    image_too = {"PackageType": "Image", "Code": {"ImageUri": image}, "CodeSigningConfigArn": signed}
    assert refused(create, **image_too, **given) == unsigned
    arm = f"contained-{next(_numbers)}"
    aws.create_function(FunctionName=arm, PackageType="Image", Code={"ImageUri": image}, Role=ROLE, Architectures=["arm64"])
    shown = until(lambda: (found := aws.get_function_configuration(FunctionName=arm))["State"] == "Failed" and found)
    assert shown["StateReasonCode"] == "InvalidImage"


@pytest.fixture
def own():
    """An engine of one test's own."""
    engine = Engine()
    yield engine
    engine.close()


def test_a_killed_servers_containers_are_removed(own):
    own.image("app:v1")
    with Server(env=own.env) as server, Server(env=own.env) as other:
        aws, others = server.client("lambda"), other.client("lambda")
        name = from_image(aws, "app:v1")
        left = invoked(aws, name)["pid"]
        kept = invoked(others, from_image(others, "app:v1"))["pid"]
        server.kill()
        assert left in own.containers().values(), "it does not end by itself"
        server.start()
        until(lambda: left not in own.containers().values())
        assert kept in own.containers().values(), "another server's is left alone"
        assert invoked(aws, name)["pid"] not in (left, kept)
        assert server.stop() == 0
        assert list(own.containers().values()) == [kept]


def test_an_image_that_a_killed_server_waited_for_is_fetched(own):
    own.image("app:v1", local=False)
    own.hold_pulls()
    with Server(env=own.env) as server:
        aws = server.client("lambda")
        aws.create_function(FunctionName="waits", PackageType="Image", Code={"ImageUri": "app:v1"}, Role=ROLE)
        until(lambda: own.calls("pull"))
        server.kill()
        (own.folder / "hold").unlink()
        server.start()
        aws.get_waiter("function_active_v2").wait(FunctionName="waits", WaiterConfig={"Delay": 1})
        assert invoked(aws, "waits")["line"] == [ENTRY_POINT, "app.handler"]


def test_a_machine_without_an_engine(own):
    own.image("app:v1")
    own.stop()
    with Server(env=own.env) as server:
        aws = server.client("lambda")
        given = {"FunctionName": "f", "PackageType": "Image", "Code": {"ImageUri": "app:v1"}, "Role": ROLE}
        for arguments in (given, {"FunctionName": "f"} | java()):
            code, message = refused(aws.create_function, **arguments)
            assert code == INVALID
            assert "its engine does not answer (Cannot connect to the Docker daemon" in message, message
        # Once it is started, nothing else is needed.
        own.start()
        assert invoked(aws, from_image(aws, "app:v1"))["line"] == [ENTRY_POINT, "app.handler"]
    with Server("--docker", "none") as server:
        code, message = refused(server.client("lambda").create_function, **given)
        assert code == INVALID and "install Docker (https://docs.docker.com/engine/install/)" in message


def test_doctor_says_whether_the_engine_answers(own):
    with Server(env=own.env) as server:

        def line(**env: str) -> str:
            said = subprocess.run([binary(), "doctor", "--data", str(server.data)], capture_output=True, text=True, env={**os.environ, **own.env, **env})
            return next(line for line in said.stdout.splitlines() if "Container engine" in line)

        assert line().startswith("ok") and "4.5.6" in line()
        own.stop()
        assert line().startswith("note") and "its engine does not answer" in line()
        assert "install Docker" in line(TIDEGATE_DOCKER="none")
