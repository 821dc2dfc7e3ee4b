"""A table of misuses of Lambda with AWS's answers.

Each line is (what is wrong, operation, parameters, code, message). Messages are AWS's own words, from
recordings of the real service in public test suites; one that ends in `…` is compared up to there. The
function `misused` has the versions 1 and 2, the alias `live`, and a URL; nothing else belongs to it. There are the
queues `misused`, `misused.fifo` and `brief`, whose messages are hidden for a second.
"""

from lambdas import BASE, ROLE, python, zipped
from tidegate import ACCOUNT, REGION

INVALID = "InvalidParameterValueException"
VALIDATION = "ValidationException"
MISSING = "ResourceNotFoundException"
CONFLICT = "ResourceConflictException"
STALE = "PreconditionFailedException"
LARGE = "RequestEntityTooLargeException"
CONTENT = "InvalidRequestContentException"

NAME = "misused"
ARN = f"{BASE}:function:{NAME}"
ABSENT = f"{BASE}:function:absent"
FAILED = "1 validation error detected: Value "
MUST = " failed to satisfy constraint: Member must "
NO_EVENTS = " doesn't have an EventInvokeConfig"
OTHER_REVISION = "The Revision Id provided does not match the latest Revision Id. Call the {} API to retrieve the latest Revision Id"
RESERVED = "Lambda was unable to configure your environment variables because the environment variables you have provided "
ONLY_FUNCTIONS = "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
ONLY_FUNCTIONS += "Please specify either a function name or an unqualified function ARN."


def on(operation: str, what: str, code: str, message: str, **parameters):
    """A misuse of the function that is there."""
    return (f"{operation}: {what}", operation, {"FunctionName": NAME, **parameters}, code, message)


def absent(operation: str, message: str = f"Function not found: {ABSENT}", **parameters):
    """A use of a function that is not there."""
    return on(operation, "no function", MISSING, message, **{"FunctionName": "absent", **parameters})


def make(what: str, code: str, message: str, **parameters):
    """A function that cannot be created."""
    return on("CreateFunction", what, code, message, **(python(FunctionName="refused") | parameters))


def configure(what: str, code: str, message: str, **parameters):
    return on("UpdateFunctionConfiguration", what, code, message, **parameters)


def alias(what: str, code: str, message: str, operation: str = "CreateAlias", **parameters):
    return on(operation, what, code, message, **{"Name": "new", "FunctionVersion": "1", **parameters})


def weights(**shares: float) -> dict:
    return {"RoutingConfig": {"AdditionalVersionWeights": {name.lstrip("v"): share for name, share in shares.items()}}}


def permit(what: str, code: str, message: str, **parameters):
    given = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    return on("AddPermission", what, code, message, **{**given, **parameters})


def events(what: str, code: str, message: str, operation: str = "PutFunctionEventInvokeConfig", **parameters):
    return on(operation, what, code, message, **parameters)


def destination(arn: str) -> dict:
    return {"DestinationConfig": {"OnSuccess": {"Destination": arn}}}


def queue(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def mapping(what: str, code: str, message: str, **parameters):
    """A mapping of a queue that cannot be."""
    return on("CreateEventSourceMapping", what, code, message, **{"EventSourceArn": queue("misused"), **parameters})


def unsupported(parameter: str, value):
    name = parameter[0].lower() + parameter[1:]
    words = f"Unsupported '{name}' parameter for given event source mapping type."
    return mapping(f"{parameter} of a queue", INVALID, words, **{parameter: value})


def tag(what: str, code: str, message: str, resource: str, operation: str = "TagResource", **parameters):
    return (f"{operation}: {what}", operation, {"Resource": resource, **parameters}, code, message)


CREATION = [
    make("it exists", CONFLICT, f"Function already exist: {NAME}", FunctionName=NAME),
    make("a name with a blank", VALIDATION, f"{FAILED}'a b' at 'functionName'{MUST}satisfy regular expression pattern: …", FunctionName="a b"),
    make("a name of three parts", VALIDATION, f"{FAILED}'invalid:function:name' at 'functionName'{MUST}satisfy regular expression pattern: …", FunctionName="invalid:function:name"),
    make("a name of 65 letters", INVALID, f"{FAILED}'{'a' * 65}' at 'functionName'{MUST}have length less than or equal to 64", FunctionName="a" * 65),
    make("a name of 141 letters", VALIDATION, f"{FAILED}'{'a' * 141}' at 'functionName'{MUST}have length less than or equal to 140", FunctionName="a" * 141),
    make("another region", MISSING, f"Functions from 'ap-southeast-1' are not reachable in this region ('{REGION}')", FunctionName=f"arn:aws:lambda:ap-southeast-1:{ACCOUNT}:function:f"),
    make("no role", VALIDATION, rf"{FAILED}'r1' at 'role'{MUST}satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{{12}}:role/?[a-zA-Z_0-9+=,.@\-_/]+", Role="r1"),
    make("a runtime that is none", INVALID, f"Value nonexistent at 'runtime'{MUST}satisfy enum value set: …", Runtime="nonexistent"),
    make("a runtime in capitals", INVALID, f"Value PYTHON3.9 at 'runtime'{MUST}satisfy enum value set: …", Runtime="PYTHON3.9"),
    make("two architectures", VALIDATION, f"{FAILED}'[x86_64, arm64]' at 'architectures'{MUST}have length less than or equal to 1", Architectures=["x86_64", "arm64"]),
    make("an architecture that is none", VALIDATION, f"{FAILED}'[X86_64]' at 'architectures'{MUST}satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]", Architectures=["X86_64"]),
    make("no zip file", INVALID, "Could not unzip uploaded file. Please check your file, then try to upload again.", Code={"ZipFile": b"no zip"}),
    make("an entry that leads out", INVALID, "Could not unzip uploaded file. Please check your file, then try to upload again.", Code={"ZipFile": zipped(**{"../evil": "x"})}),
    make("nothing as a zip file", INVALID, "Uploaded file must be a non-empty zip", Code={"ZipFile": b""}),
    make("no code", INVALID, "Please provide a source for function code.", Code={}),
    make("zipped too large", LARGE, "Zipped size must be smaller than 52428800 bytes", Code={"ZipFile": b"\0" * 52_428_801}),
    make("a variable of the runtime", INVALID, f"{RESERVED}contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION", Environment={"Variables": {"AWS_REGION": "x"}}),
    make("variables too large", INVALID, f"{RESERVED}exceeded the 4KB limit. String measured: {{\"AA\":\"{'x' * 5000}\"}}", Environment={"Variables": {"AA": "x" * 5000}}),
    make("SnapStart of nothing", VALIDATION, f"{FAILED}'invalidOption' at 'snapStart.applyOn'{MUST}satisfy enum value set: [PublishedVersions, None]", SnapStart={"ApplyOn": "invalidOption"}),
    make("a time-out of 901 s", VALIDATION, f"{FAILED}'901' at 'timeout'{MUST}have value less than or equal to 900", Timeout=901),
    make("no time", VALIDATION, f"{FAILED}'0' at 'timeout'{MUST}have value greater than or equal to 1", Timeout=0),
    make("too little memory", VALIDATION, f"{FAILED}'127' at 'memorySize'{MUST}have value greater than or equal to 128", MemorySize=127),
    make("51 tags", INVALID, "Number of tags exceeds resource tag limit.", Tags={str(n): "v" for n in range(51)}),
    make("code of S3's that is not there", INVALID, "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist", Code={"S3Bucket": "bucket", "S3Key": "k"}),
]

FUNCTIONS = [
    *(absent(operation) for operation in ("GetFunction", "GetFunctionConfiguration", "DeleteFunction", "Invoke", "PublishVersion", "ListVersionsByFunction", "ListAliases")),
    absent("UpdateFunctionCode", ZipFile=zipped(a="b")),
    absent("UpdateFunctionConfiguration", Timeout=4),
    absent("GetFunctionConcurrency"),
    on("GetFunction", "no version", MISSING, f"Function not found: {ARN}:1221", Qualifier="1221"),
    on("GetFunction", "no alias", MISSING, f"Function not found: {ARN}:none", Qualifier="none"),
    on("Invoke", "no alias", MISSING, f"Function not found: {ARN}:none", Qualifier="none"),
    on("GetFunction", "two qualifiers", INVALID, "The derived qualifier from the function name does not match the specified qualifier.", FunctionName=f"{ARN}:1", Qualifier="2"),
    on("GetFunction", "another region", MISSING, f"Functions from 'eu-west-1' are not reachable in this region ('{REGION}')", FunctionName=f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"),
    on("DeleteFunction", "$LATEST", INVALID, "$LATEST version cannot be deleted without deleting the function.", Qualifier="$LATEST"),
    on("PublishVersion", "another sum", INVALID, "CodeSHA256 (other) is different from current CodeSHA256 in $LATEST (…", CodeSha256="other"),
    on("PublishVersion", "another revision", STALE, OTHER_REVISION.format("GetFunction/GetAlias"), RevisionId="other"),
    on("UpdateFunctionCode", "another revision", STALE, OTHER_REVISION.format("GetFunction/GetAlias"), RevisionId="other", ZipFile=zipped(a="b")),
    on("UpdateFunctionCode", "an image for a zip file", INVALID, "Please don't provide ImageUri when updating a function with packageType Zip.", ImageUri="x"),
    configure("another revision", STALE, OTHER_REVISION.format("GetFunction/GetAlias"), RevisionId="other", Timeout=4),
    configure("dead letters in order", INVALID, "The target ARN of a dead-letter queue must be that of a standard queue or topic, not a FIFO one.", DeadLetterConfig={"TargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:misused.fifo"}),
    on("Invoke", "a context that is no object", CONTENT, "Client context must be a valid Base64-encoded JSON object.", ClientContext="aGVsbG8="),
    configure("a runtime that is none", INVALID, f"Value nonexistent at 'runtime'{MUST}satisfy enum value set: …", Runtime="nonexistent"),
    ("ListFunctions: which versions", "ListFunctions", {"FunctionVersion": "invalid"}, VALIDATION, f"{FAILED}'invalid' at 'functionVersion'{MUST}satisfy enum value set: [ALL]"),
    on("PutFunctionRecursionConfig", "neither", VALIDATION, f"{FAILED}'InvalidValue' at 'recursiveLoop'{MUST}satisfy enum value set: […", RecursiveLoop="InvalidValue"),
    on("Invoke", "no JSON", CONTENT, "Could not parse request body into json: Could not parse payload into json: …", Payload=b"{no"),
    on("Invoke", "no UTF-8", CONTENT, "Could not parse request body into json: Could not parse payload into json: …", Payload=b"\x99\xeb,j\x07\xa1zYh"),
    on("Invoke", "a pattern that is none", VALIDATION, f"{FAILED}'arn:aws:lambda:{REGION}:123400000000@function:myfn' at 'functionName'{MUST}satisfy regular expression pattern: …", FunctionName=f"arn:aws:lambda:{REGION}:123400000000@function:myfn"),
]

ALIASES = [
    alias("it exists", CONFLICT, f"Alias already exists: {ARN}:live", Name="live"),
    alias("a number for a name", VALIDATION, f"{FAILED}'2024' at 'name'{MUST}satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)", Name="2024"),
    alias("no version", MISSING, f"Function not found: {ARN}:10", FunctionVersion="10"),
    alias("no function", MISSING, f"Function not found: {ABSENT}:1", FunctionName="absent"),
    alias("three versions", INVALID, "Number of items in AdditionalVersionWeights cannot be greater than 1", **weights(v1=0.1, v2=0.1)),
    alias("more than all", VALIDATION, f"{FAILED}'{{2=2.0}}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]", **weights(v2=2)),
    alias("less than nothing", VALIDATION, f"{FAILED}'{{2=-1.0}}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, …", **weights(v2=-1)),
    alias("the same version", INVALID, "Invalid function version 1. Function version 1 is already included in routing configuration.", **weights(v1=0.5)),
    alias("a share of $LATEST's", INVALID, "$LATEST is not supported for an alias pointing to more than 1 version", FunctionVersion="$LATEST", **weights(v1=0.5)),
    alias("$LATEST for a share", VALIDATION, f"{FAILED}'{{$LATEST=0.5}}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+, Member must not be null]", RoutingConfig={"AdditionalVersionWeights": {"$LATEST": 0.5}}),
    on("GetAlias", "no alias", MISSING, f"Cannot find alias arn: {ARN}:none", Name="none"),
    on("UpdateAlias", "no alias", MISSING, f"Alias not found: {ARN}:none", Name="none"),
    on("UpdateAlias", "another revision", STALE, OTHER_REVISION.format("GetFunction/GetAlias"), Name="live", RevisionId="other"),
    on("DeleteFunction", "a version with an alias", CONFLICT, "…", Qualifier="1"),
]

POLICIES = [
    on("GetPolicy", "no policy", MISSING, "The resource you requested does not exist."),
    permit("a point in the id", VALIDATION, f"{FAILED}'example.com' at 'statementId'{MUST}satisfy regular expression pattern: ([a-zA-Z0-9-_]+)", StatementId="example.com"),
    permit("for $LATEST", INVALID, "We currently do not support adding policies for $LATEST.", Qualifier="$LATEST"),
    permit("for nobody", INVALID, "The provided principal was invalid. Please check the principal and try again.", Principal="invalid.nonaws.com"),
    permit("a way to ask a URL", INVALID, "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action", Principal="*", FunctionUrlAuthType="NONE"),
    permit("no alias", MISSING, f"Cannot find alias arn: {ARN}:none", Qualifier="none"),
    permit("no version", MISSING, f"Function not found: {ARN}:42", Qualifier="42"),
    permit("no function", MISSING, f"Function not found: {ABSENT}", FunctionName="absent"),
    on("RemovePermission", "no policy", MISSING, "No policy is associated with the given resource.", StatementId="s"),
    absent("RemovePermission", f"No policy found for: {ABSENT}", StatementId="s"),
]

SETTINGS = [
    events("no function", MISSING, "The function doesn't exist.", FunctionName="absent", MaximumRetryAttempts=0),
    events("nothing", INVALID, "You must specify at least one of error handling or destination setting."),
    events("a function that is not there", INVALID, f"The destination ARN {ABSENT} is invalid.", **destination(ABSENT)),
    events("itself", INVALID, "You can't specify the function as a destination for itself.", **destination(ARN)),
    events("another service", INVALID, f"The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=arn:aws:iam:{REGION}:{ACCOUNT}:function:f), onFailure=null) is invalid.", **destination(f"arn:aws:iam:{REGION}:{ACCOUNT}:function:f")),
    events("a queue in order", INVALID, f"The destination ARN {queue('misused.fifo')} is invalid.", **destination(queue("misused.fifo"))),
    events("no configuration", MISSING, f"The function {ARN}:$LATEST{NO_EVENTS}", "GetFunctionEventInvokeConfig"),
    events("no version", MISSING, f"The function {ARN}:none{NO_EVENTS}", "GetFunctionEventInvokeConfig", Qualifier="none"),
    events("no function", MISSING, f"The function {ABSENT}:$LATEST{NO_EVENTS}", "GetFunctionEventInvokeConfig", FunctionName="absent"),
    events("no configuration", MISSING, f"The function {ARN}:$LATEST{NO_EVENTS}", "DeleteFunctionEventInvokeConfig"),
    events("no function", MISSING, f"The function {ABSENT}:$LATEST{NO_EVENTS}", "DeleteFunctionEventInvokeConfig", FunctionName="absent"),
    events("no configuration", MISSING, f"The function {ARN}:$LATEST{NO_EVENTS}", "UpdateFunctionEventInvokeConfig", MaximumRetryAttempts=0),
    on("PutFunctionConcurrency", "no function", MISSING, f"Function not found: {ABSENT}:$LATEST", FunctionName="absent", ReservedConcurrentExecutions=1),
    on("PutFunctionConcurrency", "a version", INVALID, ONLY_FUNCTIONS, FunctionName=f"{ARN}:1", ReservedConcurrentExecutions=1),
    on("PutFunctionConcurrency", "too many", INVALID, "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].", ReservedConcurrentExecutions=901),
    on("CreateFunctionUrlConfig", "a second", CONFLICT, f"Failed to create function url config for [functionArn = {ARN}]. Error message:  FunctionUrlConfig exists for this Lambda function", AuthType="NONE"),
    on("CreateFunctionUrlConfig", "a version", VALIDATION, rf"{FAILED}'1' at 'qualifier'{MUST}satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$)", AuthType="NONE", Qualifier="1"),
    on("CreateFunctionUrlConfig", "$LATEST", VALIDATION, rf"{FAILED}'$LATEST' at 'qualifier'{MUST}satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$)", AuthType="NONE", Qualifier="$LATEST"),
    absent("CreateFunctionUrlConfig", "Function does not exist", AuthType="NONE"),
    on("GetFunctionUrlConfig", "no URL", MISSING, "The resource you requested does not exist.", Qualifier="live"),
    absent("GetFunctionUrlConfig", "The resource you requested does not exist."),
    absent("ListFunctionUrlConfigs", "Function does not exist"),
    on("CreateFunctionUrlConfig", "a way to be called that is none", VALIDATION, f"{FAILED}'UNKNOWN' at 'invokeMode'{MUST}satisfy enum value set: […", AuthType="NONE", InvokeMode="UNKNOWN"),
    tag("no function", MISSING, f"Function not found: {ABSENT}", ABSENT, Tags={"a": "b"}),
    tag("no ARN", VALIDATION, f"{FAILED}'arn:aws:something' at 'resource'{MUST}satisfy regular expression pattern: …", "arn:aws:something", Tags={"a": "b"}),
    tag("a version", INVALID, "Tags on function aliases and versions are not supported. Please specify a function ARN.", f"{ARN}:1", Tags={"a": "b"}),
    tag("no tags", INVALID, "An error occurred and the request cannot be processed.", ARN, Tags={}),
    tag("51 tags", INVALID, "Number of tags exceeds resource tag limit.", ARN, Tags={str(n): "v" for n in range(51)}),
    tag("no function", MISSING, f"Function not found: {ABSENT}", ABSENT, "ListTags"),
]

FAILURE = {"OnFailure": {"Destination": queue("misused")}}
NO_MAPPING = "The resource you requested does not exist."

MAPPINGS = [
    on("CreateEventSourceMapping", "no source", INVALID, "Unrecognized event source."),
    mapping("a source that is none", INVALID, "Unrecognized event source.", EventSourceArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:t"),
    mapping("no function", INVALID, "Function does not exist", FunctionName="absent"),
    mapping("no alias", INVALID, "Function does not exist", FunctionName=f"{ARN}:none"),
    mapping("no queue", INVALID, "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist…", EventSourceArn=queue("absent")),
    mapping("messages that come back too soon", INVALID, "Queue visibility timeout: 1 seconds is less than Function timeout: 3 seconds", EventSourceArn=queue("brief")),
    mapping("a position in a queue", INVALID, "StartingPosition is not valid for SQS event sources.", StartingPosition="LATEST"),
    mapping("a position that is none", VALIDATION, f"{FAILED}'0' at 'startingPosition'{MUST}satisfy enum value set: […", StartingPosition="0"),
    mapping("no messages", VALIDATION, f"{FAILED}'0' at 'batchSize'{MUST}have value greater than or equal to 1", BatchSize=0),
    mapping("more than 10,000 messages", VALIDATION, f"{FAILED}'10001' at 'batchSize'{MUST}have value less than or equal to 10000", BatchSize=10_001),
    mapping("eleven messages without a window", INVALID, "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10", BatchSize=11),
    mapping("eleven messages of a group", INVALID, "Batch size must not exceed 10 for FIFO queues", EventSourceArn=queue("misused.fifo"), BatchSize=11),
    mapping("a window of a FIFO queue", INVALID, "Batching window is not supported for FIFO queues", EventSourceArn=queue("misused.fifo"), MaximumBatchingWindowInSeconds=1),
    mapping("a window of six minutes", VALIDATION, f"{FAILED}'360' at 'maximumBatchingWindowInSeconds'{MUST}have value less than or equal to 300", MaximumBatchingWindowInSeconds=360),
    mapping("one call at a time", VALIDATION, f"{FAILED}'1' at 'scalingConfig.maximumConcurrency'{MUST}have value greater than or equal to 2", ScalingConfig={"MaximumConcurrency": 1}),
    mapping("pollers and concurrency", INVALID, "Provisioned mode for SQS ESM does not support maximum concurrency feature. Use MaximumPollers as the control mechanism and remove maximum concurrency.", ScalingConfig={"MaximumConcurrency": 2}, ProvisionedPollerConfig={"MinimumPollers": 2}),
    mapping("a pattern that is none", INVALID, "Invalid filter pattern definition.", FilterCriteria={"Filters": [{"Pattern": '{"body": 1}'}]}),
    mapping("an empty pattern", INVALID, "Invalid filter pattern definition.", FilterCriteria={"Filters": [{"Pattern": ""}]}),
    mapping("to be told of successes", INVALID, "Unsupported DestinationConfig parameter for given event source mapping type.", DestinationConfig={"OnSuccess": {"Destination": queue("misused")}}),
    unsupported("DestinationConfig", FAILURE),
    unsupported("BisectBatchOnFunctionError", True),
    unsupported("ParallelizationFactor", 2),
    unsupported("MaximumRetryAttempts", 1),
    unsupported("MaximumRecordAgeInSeconds", 60),
    unsupported("TumblingWindowInSeconds", 5),
    *((f"{operation}: no mapping {uuid}", operation, {"UUID": uuid}, MISSING, NO_MAPPING) for operation in ("GetEventSourceMapping", "UpdateEventSourceMapping", "DeleteEventSourceMapping") for uuid in ("no-uuid", "5d0c1ea5-0e0e-4a0d-9d0e-7a4e1c0b0a01")),
]

TABLE = CREATION + FUNCTIONS + ALIASES + POLICIES + SETTINGS + MAPPINGS
