"""Runs a Python function: asks the Runtime API for invocations and hands them to the handler.

It imports little, because every import is waited for by each cold start; the Runtime API is spoken over one
socket by hand.
"""

import json
import os
import socket
import sys
import time

TASK_ROOT = os.environ["LAMBDA_TASK_ROOT"]
API = os.environ["AWS_LAMBDA_RUNTIME_API"]
JSON_LOG = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
LOG_DESCRIPTOR = int(os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", "0"))
ERROR_TYPE = "application/vnd.aws.lambda.error+json"


# ---- log -----------------------------------------------------------------------------------------


def write_event(text):
    """One event, however many lines it has."""
    if not LOG_DESCRIPTOR:
        sys.stdout.write(text.rstrip("\n").replace("\n", "\r") + "\n")
        return
    body = text.encode("utf-8", "replace")
    header = (0xA55A0003).to_bytes(4, "big") + len(body).to_bytes(4, "big")
    frame = header + (time.time_ns() // 1000).to_bytes(8, "big") + body
    while frame:
        frame = frame[os.write(LOG_DESCRIPTOR, frame):]


class RequestId:
    """The invocation that is running, for log records."""

    current = None


def set_up_logging():
    """`logging` as AWS sets it up: one handler at the root."""
    import logging

    class Handler(logging.Handler):
        def emit(self, record):
            try:
                record.aws_request_id = RequestId.current or ""
                write_event(self.format(record))
            except Exception:
                self.handleError(record)

    class Json(logging.Formatter):
        converter = time.gmtime
        known = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id", "taskName"}

        def format(self, record):
            at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            event = {"timestamp": at + "Z", "level": record.levelname, "message": record.getMessage(), "logger": record.name}
            if record.exc_info:
                kind, error, trace = record.exc_info
                event["stackTrace"] = self.formatException(record.exc_info).split("\n")
                event["errorType"] = kind.__name__ if kind else None
                event["errorMessage"] = str(error)
                event["location"] = "%s:%s:%s" % (record.pathname, record.funcName, record.lineno)
            event["requestId"] = RequestId.current
            event.update((name, value) for name, value in vars(record).items() if name not in self.known)
            return json.dumps({name: value for name, value in event.items() if value is not None}, default=str, ensure_ascii=False)

    handler = Handler()
    if JSON_LOG:
        handler.setFormatter(Json())
    else:
        text = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S")
        text.converter = time.gmtime
        handler.setFormatter(text)
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL")
    if JSON_LOG and level:
        root.setLevel({"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level))


# ---- errors --------------------------------------------------------------------------------------


class Fault(Exception):
    """Something that keeps a function from running, with AWS's name for it."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind = kind
        self.trace = trace or []


def error_answer(kind, message, trace, request_id=""):
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def user_frames(trace):
    """The lines of a traceback that are not about this file."""
    import traceback

    frames = [frame for frame in traceback.extract_tb(trace) if frame.filename != __file__ and "importlib" not in frame.filename]
    return traceback.format_list(frames)


def log_error(answer):
    if JSON_LOG:
        event = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "log_level": "ERROR",
            "errorMessage": answer["errorMessage"],
            "errorType": answer["errorType"],
            "requestId": answer["requestId"],
            "stackTrace": answer["stackTrace"],
        }
        write_event(json.dumps(event, ensure_ascii=False))
        return
    text = "[ERROR] %s" % answer["errorType"]
    if answer["errorMessage"]:
        text += ": " + answer["errorMessage"]
    if answer["stackTrace"]:
        text += "\nTraceback (most recent call last):\n" + "".join(answer["stackTrace"]).rstrip("\n")
    write_event(text)


# ---- the Runtime API -----------------------------------------------------------------------------


class Api:
    def __init__(self):
        host, port = API.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def reply(self):
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("utf-8").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        while len(self.buffer) < length:
            self.more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return headers, body

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            # The environment ends: so do we, without a word.
            os._exit(1)
        self.buffer += data

    NEXT = ("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: %s\r\n\r\n" % API).encode()

    def next(self, before=b""):
        self.socket.sendall(before + self.NEXT)
        if before:
            self.reply()
        return self.reply()

    @staticmethod
    def post(resource, kind, body, error=None):
        head = "POST /2018-06-01/runtime/%s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n" % (resource, API, kind, len(body))
        if error:
            head += "Lambda-Runtime-Function-Error-Type: %s\r\n" % error.encode("ascii", "replace").decode()
        return head.encode() + b"\r\n" + body

    def post_error(self, resource, answer):
        return self.post(resource, ERROR_TYPE, json.dumps(answer).encode(), answer["errorType"])


# ---- the handler ---------------------------------------------------------------------------------


class Identity:
    def __init__(self, given):
        self.cognito_identity_id = given.get("cognitoIdentityId")
        self.cognito_identity_pool_id = given.get("cognitoIdentityPoolId")


class Client:
    def __init__(self, given):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, given.get(name))


class ClientContext:
    def __init__(self, given):
        self.custom = given.get("custom")
        self.env = given.get("env")
        self.client = Client(given.get("client") or {})


class Context:
    def __init__(self, headers):
        environ = os.environ
        client = headers.get("lambda-runtime-client-context")
        identity = headers.get("lambda-runtime-cognito-identity")
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.log_group_name = environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = None
        self.client_context = ClientContext(json.loads(client)) if client else None
        self.identity = Identity(json.loads(identity) if identity else {})
        self._deadline = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline - int(time.time() * 1000), 0)

    def log(self, message):
        write_event(str(message))

    def __repr__(self):
        return "LambdaContext([aws_request_id=%s,function_name=%s])" % (self.aws_request_id, self.function_name)


def hint(message):
    names = ("boto3", "botocore", "s3transfer", "jmespath")
    missing = any("No module named '%s%s" % (name, end) in message for name in names for end in ("'", "."))
    return message + "\nrun: tidegate runtime install" if missing else message


def find(handler):
    try:
        module_name, function_name = handler.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (handler, error))
    import importlib

    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = hint("Unable to import module '%s': %s" % (module_name, error))
        raise Fault("Runtime.ImportModuleError", message)
    except SyntaxError as error:
        lines = ['  File "%s" Line %s\n    %s\n' % (error.filename, error.lineno, (error.text or "").strip())]
        raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error), lines)
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function_name, module_name))


def plain(value):
    import decimal

    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


def answer_to(api, handler, headers, body):
    request_id = headers["lambda-runtime-aws-request-id"]
    RequestId.current = request_id
    trace = headers.get("lambda-runtime-trace-id")
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    try:
        try:
            event = json.loads(body)
        except ValueError as error:
            raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error)
        result = handler(event, Context(headers))
        try:
            text = json.dumps(result, default=plain, ensure_ascii=False)
        except (TypeError, ValueError) as error:
            raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error)
        return api.post("invocation/%s/response" % request_id, "application/json", text.encode("utf-8", "surrogatepass"))
    except Fault as fault:
        answer = error_answer(fault.kind, str(fault), fault.trace, request_id)
    except Exception as error:
        answer = error_answer(type(error).__name__, str(error), user_frames(error.__traceback__), request_id)
    log_error(answer)
    return api.post_error("invocation/%s/error" % request_id, answer)


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass


def main():
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, write_through=True, errors="backslashreplace")
    # The bootstrap's own folder is no place to import a function's modules from before the function's.
    sys.path = [TASK_ROOT] + [path for path in sys.path if path not in ("", TASK_ROOT)]
    api = Api()
    set_up_logging()
    try:
        handler = find(os.environ["_HANDLER"])
    except Exception as error:
        if isinstance(error, Fault):
            answer = error_answer(error.kind, str(error), error.trace)
        else:
            answer = error_answer(type(error).__name__, str(error), user_frames(error.__traceback__))
        log_error(answer)
        api.socket.sendall(api.post_error("init/error", answer))
        api.reply()
        flush()
        os._exit(1)
    done = b""
    while True:
        headers, body = api.next(done)
        done = answer_to(api, handler, headers, body)
        flush()
        RequestId.current = None


if __name__ == "__main__":
    main()
