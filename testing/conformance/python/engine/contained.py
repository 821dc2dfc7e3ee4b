"""What runs in the stand-in's containers: a runtime that speaks the Runtime API, and does what its events say."""

import http.client
import json
import os
import signal
import sys
from pathlib import Path

NEXT = "/2018-06-01/runtime/invocation/next"


def files(place: str) -> list[str]:
    root = json.loads(os.environ["STAND_IN_MOUNTS"]).get(place)
    return sorted(str(path.relative_to(root)) for path in Path(root).rglob("*") if path.is_file()) if root else []


def handle(event: dict) -> dict:
    match event.get("do"):
        case "print":
            print(event["text"], flush=True)
        case "hang":
            print("hangs", flush=True)
            signal.pause()
        case "exit":
            print("leaves", flush=True)
            os._exit(event["status"])
        case "take too much memory":
            # What an engine does to a container that is over its limit.
            os.kill(os.getpid(), signal.SIGKILL)
    names = event.get("variables", [])
    return {
        "line": sys.argv[1:],
        "folder": os.environ["STAND_IN_WORKDIR"],
        "task": files("/var/task"),
        "opt": files("/opt"),
        "variables": {name: os.environ.get(name) for name in names},
        "pid": os.getpid(),
    }


def main() -> None:
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    print("the container starts", flush=True)
    while True:
        try:
            connection.request("GET", NEXT)
            answer = connection.getresponse()
            event = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            # Not every runtime ends when its server has gone.
            signal.pause()
        result = handle(event if isinstance(event, dict) else {})
        request = answer.headers["Lambda-Runtime-Aws-Request-Id"]
        connection.request("POST", f"/2018-06-01/runtime/invocation/{request}/response", json.dumps(result))
        connection.getresponse().read()


main()
