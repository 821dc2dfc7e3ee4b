"""A table of misuses of DynamoDB with AWS's answers.

Each line is (what is wrong, operation, parameters, code, message). Messages are AWS's own words, from
recordings of the real service in public test suites and from users' reports; one that ends in `…` is
compared up to there. The table `misused` has the text `p` and the number `s` as its key, the global index
`by-g` (`g`, with `shown` projected), and the local index `by-l` (`l`, keys only).
"""

VALIDATION = "ValidationException"
MISSING = "ResourceNotFoundException"
INVALID = "One or more parameter values were invalid: "
NOT_VALID = "One or more parameter values are not valid. "
UPDATE = "Invalid UpdateExpression: "
CONDITION = "Invalid ConditionExpression: "
FILTER = "Invalid FilterExpression: "
PROJECTION = "Invalid ProjectionExpression: "
KEYS = "Invalid KeyConditionExpression: "
FAILED = "1 validation error detected: "
MALFORMED = "Statement wasn't well formed, can't be processed: "
OPERANDS = "Incorrect operand type for operator or function; operator or function: "
COUNT = "Incorrect number of operands for operator or function; operator or function: "
BOTH = "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
CLASH = "; must remove or rewrite one of these paths; path one: "
TABLE_NAME = "misused"
KEY = {"p": {"S": "a"}, "s": {"N": "1"}}
V = {":v": {"S": "x"}}
N = {":n": {"N": "1"}}


def on(operation: str, what: str, message: str, code: str = VALIDATION, **parameters):
    return (f"{operation}: {what}", operation, {"TableName": TABLE_NAME, **parameters}, code, message)


def put(what: str, message: str, item: dict | None = None, **parameters):
    return on("PutItem", what, message, Item={**KEY, **(item or {})}, **parameters)


def condition(text: str, message: str, values: dict | None = None):
    extra = {"ExpressionAttributeValues": values} if values else {}
    return put(f"condition {text[:50]} of {len(text)}", CONDITION + message, ConditionExpression=text, **extra)


def update(text: str, message: str, values: dict | None = None):
    extra = {"ExpressionAttributeValues": values} if values else {}
    return on("UpdateItem", text[:60], message, Key=KEY, UpdateExpression=text, **extra)


def project(text: str, message: str):
    return on("GetItem", f"projection {text[:40]}", PROJECTION + message, Key=KEY, ProjectionExpression=text)


def query(text: str, message: str, values: dict, **parameters):
    what = f"{text[:50]} {' '.join(f'{name}={str(value)[:30]}' for name, value in parameters.items())}"
    return on("Query", what, message, KeyConditionExpression=text, ExpressionAttributeValues=values, **parameters)


def statement(text: str, message: str, code: str = VALIDATION, **parameters):
    return (f"PartiQL: {text} {' '.join(parameters)}", "ExecuteStatement", {"Statement": text, **parameters}, code, message)


def create(what: str, message: str, **changes):
    table = {
        "TableName": "unmade", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
    }
    return (f"CreateTable: {what}", "CreateTable", table | changes, VALIDATION, message)


def key_schema(*names: str, kinds=("HASH", "RANGE")):
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, kinds)]


def index(name: str, *keys: str, projection="ALL", **more):
    return {"IndexName": name, "KeySchema": key_schema(*keys), "Projection": {"ProjectionType": projection, **more}}


def deep(levels: int) -> dict:
    value = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


ITEMS = [
    on("PutItem", "no sort key", INVALID + "Missing the key s in the item", Item={"p": {"S": "a"}}),
    on("PutItem", "no key at all", INVALID + "Missing the key p in the item", Item={"x": {"S": "a"}}),
    put("a key of another type", INVALID + "Type mismatch for key s expected: N actual: S", {"s": {"S": "1"}}),
    put("an empty key", NOT_VALID + "The AttributeValue for a key attribute cannot contain an empty string value. Key: p", {"p": {"S": ""}}),
    put("a long key", INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes", {"p": {"S": "x" * 2049}}),
    put("an index key of another type", INVALID + "Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g", {"g": {"N": "1"}}),
    put("an empty index key", NOT_VALID + "A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: by-g, IndexKey: g", {"g": {"S": ""}}),
    put("no number", "The parameter cannot be converted to a numeric value: abc", {"x": {"N": "abc"}}),
    put("an empty number", "The parameter cannot be converted to a numeric value", {"x": {"N": ""}}),
    put("too great a number", "Number overflow. Attempting to store a number with magnitude larger than supported range", {"x": {"N": "1e200"}}),
    put("too small a number", "Number underflow. Attempting to store a number with magnitude smaller than supported range", {"x": {"N": "1e-200"}}),
    put("39 digits", "Attempting to store more than 38 significant digits in a Number", {"x": {"N": "1" * 39}}),
    put("an empty set of texts", INVALID + "An string set  may not be empty", {"x": {"SS": []}}),
    put("an empty set of numbers", INVALID + "An number set  may not be empty", {"x": {"NS": []}}),
    put("bytes twice", INVALID + "Input collection [Yg==, Yg==]of type BS contains duplicates.", {"x": {"BS": [b"b", b"b"]}}),
    put("texts twice", INVALID + 'Input collection ["é, "é] contains duplicates.', {"x": {"SS": ['"é', '"é']}}),
    put("an empty set of bytes", INVALID + "Binary sets should not be empty", {"x": {"BS": []}}),
    put("a text twice", INVALID + "Input collection [a, a] contains duplicates.", {"x": {"SS": ["a", "a"]}}),
    put("a number twice", "Input collection contains duplicates", {"x": {"NS": ["1", "1.0"]}}),
    put("NULL that is not", INVALID + "Null attribute value types must have the value of true", {"x": {"NULL": False}}),
    put("no value", "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes", {"x": {}}),
    put("two values", "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes", {"x": {"S": "a", "N": "1"}}),
    put("an empty name", INVALID + "Empty attribute name", {"": {"S": "a"}}),
    put("a heavy item", "Item size has exceeded the maximum allowed size", {"x": {"S": "x" * 410_000}}),
    put("a deep item", "Nesting Levels have exceeded supported limits…", {"x": deep(33)}),
    put("ReturnValues of updates", "ReturnValues can only be ALL_OLD or NONE", ReturnValues="ALL_NEW"),
    put("ReturnValues of nothing", FAILED + "Value 'SOME' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]", ReturnValues="SOME"),
    on("DeleteItem", "ReturnValues of updates", "ReturnValues can only be ALL_OLD or NONE", Key=KEY, ReturnValues="UPDATED_NEW"),
    on("GetItem", "half a key", "The provided key element does not match the schema", Key={"p": {"S": "a"}}),
    on("GetItem", "more than a key", "The provided key element does not match the schema", Key={**KEY, "x": {"S": "a"}}),
    on("GetItem", "a key of another type", "The provided key element does not match the schema", Key={**KEY, "s": {"S": "1"}}),
    on("GetItem", "an empty key", NOT_VALID + "The AttributeValue for a key attribute cannot contain an empty string value. Key: p", Key={**KEY, "p": {"S": ""}}),
    on("DeleteItem", "half a key", "The provided key element does not match the schema", Key={"p": {"S": "a"}}),
    on("UpdateItem", "half a key", "The provided key element does not match the schema", Key={"p": {"S": "a"}}),
    ("GetItem: no such table", "GetItem", {"TableName": "missing", "Key": KEY}, MISSING, "Requested resource not found"),
    ("PutItem: no such table", "PutItem", {"TableName": "missing", "Item": KEY}, MISSING, "Requested resource not found"),
]

CONDITIONS = [
    condition("", "The expression can not be empty;"),
    condition("a =", 'Syntax error; token: "<EOF>", near: "="'),
    condition("a = = b", 'Syntax error; token: "=", near: "= = b"'),
    condition("a ! b", 'Syntax error; token: "!", near: "a ! "'),
    condition("name = :v", "Attribute name is a reserved keyword; reserved keyword: name", V),
    condition("a.zone = :v", "Attribute name is a reserved keyword; reserved keyword: zone", V),
    condition("a = :w", "An expression attribute value used in expression is not defined; attribute value: :w", V),
    condition("#a = :v", "An expression attribute name used in the document path is not defined; attribute name: #a", V),
    condition("nope(a)", "Invalid function name; function: nope"),
    condition("list_append(a, :v) = :v", "The function is not allowed in a condition expression; function: list_append", V),
    condition("((a = :v))", "The expression has redundant parentheses;", V),
    condition("size(a)", "The function is not allowed to be used this way in an expression; function: size"),
    condition("begins_with(a, :v) = :v", "The function is not allowed to be used this way in an expression; function: begins_with", V),
    condition("a = a", "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a]"),
    condition("begins_with(a, :n)", OPERANDS + "begins_with, operand type: N", N),
    condition("attribute_exists(a, b)", COUNT + "attribute_exists, number of operands: 2"),
    condition("contains(a)", COUNT + "contains, number of operands: 1"),
    condition("attribute_exists(:v)", "Operator or function requires a document path; operator or function: attribute_exists", V),
    condition("attribute_type(a, :v)", "Invalid attribute type name found; type: x, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", V),
    condition("attribute_type(a, :n)", OPERANDS + "attribute_type, operand type: N", N),
    condition("size(:n) > :n", OPERANDS + "size, operand type: N", N),
    condition("size(size(a)) > :n", OPERANDS + "size, operand type: N", N),
    condition("a < :b", OPERANDS + "<, operand type: BOOL", {":b": {"BOOL": True}}),
    condition("a >= :b", OPERANDS + ">=, operand type: L", {":b": {"L": []}}),
    condition("a BETWEEN :b AND :b", OPERANDS + "BETWEEN, operand type: SS", {":b": {"SS": ["x"]}}),
    condition("a BETWEEN :hi AND :lo", "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}", {":hi": {"N": "2"}, ":lo": {"N": "1"}}),
    condition("a BETWEEN :n AND :v", "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:x}", V | N),
    condition("a[2147483648] = :v", "List index is not within the allowable range; index: [2147483648]", V),
    condition(" OR ".join(["a = :v"] * 151), "The expression contains too many operators; operator count: 301", V),
    condition("a = :v OR " * 500 + "a = :v", "Expression size has exceeded the maximum allowed size; expression size: 5006", V),
    condition("_a = :v", 'Syntax error; token: "_", near: "_a"', V),
    condition("a IN ()", 'Syntax error; token: ")", near: "()"'),
    put("a value that is unused", "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}", ConditionExpression="attribute_exists(a)", ExpressionAttributeValues=V),
    put("a name that is unused", "Value provided in ExpressionAttributeNames unused in expressions: keys: {#x}", ConditionExpression="attribute_exists(a)", ExpressionAttributeNames={"#x": "y"}),
    put("names without expressions", "ExpressionAttributeNames can only be specified when using expressions", ExpressionAttributeNames={"#a": "a"}),
    put("values without expressions", "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null", ExpressionAttributeValues=V),
    put("no names", "ExpressionAttributeNames must not be empty", ConditionExpression="attribute_exists(a)", ExpressionAttributeNames={}),
    put("no values", "ExpressionAttributeValues must not be empty", ConditionExpression="attribute_exists(a)", ExpressionAttributeValues={}),
    put("a name without its mark", 'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"', ConditionExpression="attribute_exists(a)", ExpressionAttributeNames={"a": "b"}),
    put("a value without its mark", 'ExpressionAttributeValues contains invalid key: Syntax error; key: "v"', ConditionExpression="a = :v", ExpressionAttributeValues={"v": {"S": "x"}}),
    put("an empty value", "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :v", ConditionExpression="a = :v", ExpressionAttributeValues={":v": {}}),
    put("a condition of both kinds", BOTH + "{Expected} Expression parameters: {ConditionExpression}", ConditionExpression="a = :v", Expected={"a": {"Exists": False}}, ExpressionAttributeValues=V),
]

UPDATES = [
    update("SET s = :v", INVALID + "Cannot update attribute s. This attribute is part of the key", V),
    update("REMOVE p", INVALID + "Cannot update attribute p. This attribute is part of the key"),
    update("SET a = :v SET b = :v", UPDATE + 'The "SET" section can only be used once in an update expression;', V),
    update("SET a = :v, a.b = :v", UPDATE + "Two document paths overlap with each other" + CLASH + "[a], path two: [a, b]", V),
    update("SET a.b = :v, a[0] = :v", UPDATE + "Two document paths conflict with each other" + CLASH + "[a, b], path two: [a, [0]]", V),
    update("SET a = b", "The provided expression refers to an attribute that does not exist in the item"),
    update("SET a.b = :v", "The document path provided in the update expression is invalid for update", V),
    update("SET a = p + :n", "An operand in the update expression has an incorrect data type", N),
    update("SET a = :v + :v", UPDATE + OPERANDS + "+, operand type: S", V),
    update("SET a = list_append(:v, :v)", UPDATE + OPERANDS + "list_append, operand type: S", V),
    update("SET a = if_not_exists(:v, :v)", UPDATE + "Operator or function requires a document path; operator or function: if_not_exists", V),
    update("SET a = list_append(list_append(:l, :l), :l)", UPDATE + "The function is not allowed to be used this way in an expression; function: list_append", {":l": {"L": []}}),
    update("SET a = if_not_exists(b)", UPDATE + COUNT + "if_not_exists, number of operands: 1"),
    update("SET a = begins_with(b, :v)", UPDATE + "The function is not allowed in an update expression; function: begins_with", V),
    update("SET a = nope(b)", UPDATE + "Invalid function name; function: nope"),
    update("SET size = :v", UPDATE + "Attribute name is a reserved keyword; reserved keyword: size", V),
    update("WHAT a = :v", UPDATE + 'Syntax error; token: "WHAT", near: "WHAT a"', V),
    update("SET a", UPDATE + 'Syntax error; token: "<EOF>", near: "a"'),
    update("ADD a :v", UPDATE + "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND", V),
    update("DELETE a :n", UPDATE + "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND", N),
    update("ADD p :n", INVALID + "Cannot update attribute p. This attribute is part of the key", N),
    update("SET g = :n", INVALID + "Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g", N),
    on("UpdateItem", "an update of both kinds", BOTH + "{AttributeUpdates} Expression parameters: {UpdateExpression}", Key=KEY, UpdateExpression="SET a = :v", ExpressionAttributeValues=V, AttributeUpdates={"a": {"Action": "PUT", "Value": {"S": "x"}}}),
    on("UpdateItem", "values without expressions", "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null", Key=KEY, ExpressionAttributeValues=V),
    on("UpdateItem", "a legacy update without its value", INVALID + "Only DELETE action is allowed when no attribute value is specified", Key=KEY, AttributeUpdates={"a": {"Action": "PUT"}}),
    on("UpdateItem", "a legacy addition of a text", INVALID + "ADD action is not supported for the type S", Key=KEY, AttributeUpdates={"a": {"Action": "ADD", "Value": {"S": "x"}}}),
    on("UpdateItem", "a legacy deletion of a number", INVALID + "DELETE action with value is not supported for the type N", Key=KEY, AttributeUpdates={"a": {"Action": "DELETE", "Value": {"N": "1"}}}),
    on("UpdateItem", "a legacy update of a key", INVALID + "Cannot update attribute p. This attribute is part of the key", Key=KEY, AttributeUpdates={"p": {"Action": "PUT", "Value": {"S": "x"}}}),
    on("UpdateItem", "an unknown legacy action", FAILED + "Value 'MAKE' at 'attributeUpdates.a.member.action' failed to satisfy constraint: Member must satisfy enum value set: […", Key=KEY, AttributeUpdates={"a": {"Action": "MAKE", "Value": {"S": "x"}}}),
]

EXPECTED = [
    put("Exists without a value", INVALID + "Value must be provided when Exists is true for Attribute: a", Expected={"a": {"Exists": True}}),
    put("neither Exists nor a value", INVALID + "Value must be provided when Exists is null for Attribute: a", Expected={"a": {}}),
    put("a value that must not exist", INVALID + "Value cannot be used when Exists is false for Attribute: a", Expected={"a": {"Exists": False, "Value": {"S": "x"}}}),
    put("Exists and an operator", INVALID + "Exists and ComparisonOperator cannot be used together for Attribute: a", Expected={"a": {"Exists": True, "ComparisonOperator": "EQ", "AttributeValueList": [{"S": "x"}]}}),
    put("a value and a list", INVALID + "Value and AttributeValueList cannot be used together for Attribute: a", Expected={"a": {"Value": {"S": "x"}, "ComparisonOperator": "EQ", "AttributeValueList": [{"S": "x"}]}}),
    put("a list without an operator", INVALID + "AttributeValueList can only be used with a ComparisonOperator for Attribute: a", Expected={"a": {"AttributeValueList": [{"S": "x"}]}}),
    put("an operator without values", INVALID + "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: a", Expected={"a": {"ComparisonOperator": "EQ"}}),
    put("EQ of two values", INVALID + "Invalid number of argument(s) for the EQ ComparisonOperator", Expected={"a": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "x"}, {"S": "y"}]}}),
    put("BETWEEN of one value", INVALID + "Invalid number of argument(s) for the BETWEEN ComparisonOperator", Expected={"a": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"S": "x"}]}}),
    put("NULL of a value", INVALID + "Invalid number of argument(s) for the NULL ComparisonOperator", Expected={"a": {"ComparisonOperator": "NULL", "AttributeValueList": [{"S": "x"}]}}),
    put("LT of a list", INVALID + "ComparisonOperator LT is not valid for L AttributeValue type", Expected={"a": {"ComparisonOperator": "LT", "AttributeValueList": [{"L": []}]}}),
    put("BEGINS_WITH of a number", INVALID + "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type", Expected={"a": {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"N": "1"}]}}),
    put("an operator of one condition", INVALID + "ConditionalOperator can only be used when Expected is specified with more than one element…", Expected={"a": {"Exists": False}}, ConditionalOperator="OR"),
    put("an unknown operator", FAILED + "Value 'LIKE' at 'expected.a.member.comparisonOperator' failed to satisfy constraint: Member must satisfy enum value set: […", Expected={"a": {"ComparisonOperator": "LIKE", "AttributeValueList": [{"S": "x"}]}}),
]

READS = [
    project("a, a.b", "Two document paths overlap with each other" + CLASH + "[a], path two: [a, b]"),
    project("a.b, a[0]", "Two document paths conflict with each other" + CLASH + "[a, b], path two: [a, [0]]"),
    project("a, a", "Two document paths overlap with each other" + CLASH + "[a], path two: [a]"),
    project("a,", 'Syntax error; token: "<EOF>", near: ","'),
    project("", "The expression can not be empty;"),
    project("a[x]", 'Syntax error; token: "x", near: "[x]"'),
    project("a" + ".b" * 32, "The document path has too many nesting elements; nesting levels: 33"),
    project("a[99999999999]", "List index is not within the allowable range; index: [99999999999]"),
    project("status", "Attribute name is a reserved keyword; reserved keyword: status"),
    on("GetItem", "an attribute twice", INVALID + "Duplicate value in attribute name: a", Key=KEY, AttributesToGet=["a", "a"]),
    on("GetItem", "a projection of both kinds", BOTH + "{AttributesToGet} Expression parameters: {ProjectionExpression}", Key=KEY, AttributesToGet=["a"], ProjectionExpression="a"),
    on("Query", "no condition", "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."),
    query("s = :n", "Query condition missed key schema element: p", N),
    query("p > :v", "Query key condition not supported", V),
    query("p = :v AND x = :v", "Query condition missed key schema element: s", V),
    query("p = :v AND p = :w", KEYS + "KeyConditionExpressions must only contain one condition per key", {**V, ":w": {"S": "y"}}),
    query("p = :v AND s = :n AND x = :v", "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)", V | N),
    query("p = :v OR p = :w", "Invalid operator used in KeyConditionExpression: OR", {**V, ":w": {"S": "y"}}),
    query("NOT p = :v", "Invalid operator used in KeyConditionExpression: NOT", V),
    query("p IN (:v)", "Invalid operator used in KeyConditionExpression: IN", V),
    query("p = :v AND s <> :n", "Invalid operator used in KeyConditionExpression: <>", V | N),
    query("p = :v AND contains(s, :n)", "Invalid operator used in KeyConditionExpression: contains", V | N),
    query("p = :n", INVALID + "Condition parameter type does not match schema type", N),
    query("p = :v AND s = :v", INVALID + "Condition parameter type does not match schema type", V),
    query("p.a = :v", "KeyConditionExpressions cannot have conditions on nested attributes", V),
    query("p =", KEYS + 'Syntax error; token: "<EOF>", near: "="', V),
    query("p = :v AND s BETWEEN :b AND :a", KEYS + "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}", {**V, ":a": {"N": "1"}, ":b": {"N": "2"}}),
    query("p = :v", "Filter Expression can only contain non-primary key attributes: Primary key attribute: s", V, FilterExpression="s = :v"),
    query("p = :v", FILTER + "Invalid function name; function: nope", V, FilterExpression="nope(a)"),
    query("p = :v", "The table does not have the specified index: nope", V, IndexName="nope"),
    query("g = :v", "Consistent reads are not supported on global secondary indexes", V, IndexName="by-g", ConsistentRead=True),
    query("g = :v", INVALID + "Select type ALL_ATTRIBUTES is not supported for global secondary index by-g because its projection type is not ALL", V, IndexName="by-g", Select="ALL_ATTRIBUTES"),
    query("g = :v", INVALID + "Global secondary index by-g does not project [covert]", V, IndexName="by-g", ProjectionExpression="covert"),
    query("p = :v", "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName", V, Select="ALL_PROJECTED_ATTRIBUTES"),
    query("p = :v", "Cannot specify the ProjectionExpression when choosing to get only the Count", V, Select="COUNT", ProjectionExpression="a"),
    query("p = :v", "The provided starting key is invalid: The provided key element does not match the schema", V, ExclusiveStartKey={"p": {"S": "x"}}),
    query("p = :v", "The provided starting key is outside query boundaries based on provided conditions", V, ExclusiveStartKey=KEY),
    query("p = :v", FAILED + "Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1", V, Limit=0),
    query("p = :v", FAILED + "Value 'ODD' at 'select' failed to satisfy constraint: Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]", V, Select="ODD"),
    query("p = :empty", NOT_VALID + "The AttributeValue for a key attribute cannot contain an empty string value. Key: p", {":empty": {"S": ""}}),
    on("Query", "a search of something else", "Query condition missed key schema element: p", KeyConditions={"z": {"ComparisonOperator": "NULL"}}),
    on("Query", "a search beside half a key", "Query condition missed key schema element: s", KeyConditions={"p": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "x"}]}, "z": {"ComparisonOperator": "NULL"}}),
    ("Query: a search of no table", "Query", {"TableName": "missing", "KeyConditions": {"z": {"ComparisonOperator": "NULL"}}}, MISSING, "Requested resource not found"),
    on("Query", "a search of keys", "Attempted conditional constraint is not an indexable operation", KeyConditions={"p": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "x"}]}, "s": {"ComparisonOperator": "NE", "AttributeValueList": [{"N": "1"}]}}),
    on("Query", "legacy conditions that are none", "Conditions can be of length 1 or 2 only", KeyConditions={}),
    on("Scan", "a page of nothing", FAILED + "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", Limit=0),
    on("Query", "a condition of both kinds", BOTH + "{KeyConditions} Expression parameters: {KeyConditionExpression}", KeyConditionExpression="p = :v", ExpressionAttributeValues=V, KeyConditions={"p": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "x"}]}}),
    on("Scan", "a segment beyond the last", "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 4 is not less than TotalSegments: 4", Segment=4, TotalSegments=4),
    on("Scan", "a segment of nothing", "The TotalSegments parameter is required but was not present in the request when Segment parameter is present", Segment=1),
    on("Scan", "segments without one", "The Segment parameter is required but was not present in the request when parameter TotalSegments is present", TotalSegments=4),
    on("Scan", "half a start key", "The provided starting key is invalid: The provided key element does not match the schema", ExclusiveStartKey={"p": {"S": "a"}}),
    on("Scan", "no attributes to select", "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES", Select="SPECIFIC_ATTRIBUTES"),
    on("Scan", "a filter of both kinds", BOTH + "{ScanFilter} Expression parameters: {FilterExpression}", FilterExpression="attribute_exists(a)", ScanFilter={"a": {"ComparisonOperator": "NULL"}}),
    on("Scan", "an order of an unordered value", FILTER + OPERANDS + "<, operand type: NULL", FilterExpression="a < :v", ExpressionAttributeValues={":v": {"NULL": True}}),
]

MANY = [
    ("BatchGetItem: a key twice", "BatchGetItem", {"RequestItems": {TABLE_NAME: {"Keys": [KEY, KEY]}}}, VALIDATION, "Provided list of item keys contains duplicates"),
    ("BatchWriteItem: a key twice", "BatchWriteItem", {"RequestItems": {TABLE_NAME: [{"PutRequest": {"Item": KEY}}, {"DeleteRequest": {"Key": KEY}}]}}, VALIDATION, "Provided list of item keys contains duplicates"),
    ("BatchGetItem: no such table", "BatchGetItem", {"RequestItems": {"missing": {"Keys": [KEY]}}}, MISSING, "Requested resource not found"),
    ("BatchWriteItem: no such table", "BatchWriteItem", {"RequestItems": {"missing": [{"PutRequest": {"Item": KEY}}]}}, MISSING, "Requested resource not found"),
    ("BatchGetItem: half a key", "BatchGetItem", {"RequestItems": {TABLE_NAME: {"Keys": [{"p": {"S": "a"}}]}}}, VALIDATION, "The provided key element does not match the schema"),
    ("BatchWriteItem: half a key", "BatchWriteItem", {"RequestItems": {TABLE_NAME: [{"DeleteRequest": {"Key": {"p": {"S": "a"}}}}]}}, VALIDATION, "The provided key element does not match the schema"),
    ("TransactWriteItems: an item twice", "TransactWriteItems", {"TransactItems": [{"Put": {"TableName": TABLE_NAME, "Item": KEY}}, {"Delete": {"TableName": TABLE_NAME, "Key": KEY}}]}, VALIDATION, "Transaction request cannot include multiple operations on one item"),
    ("TransactGetItems: an item twice", "TransactGetItems", {"TransactItems": [{"Get": {"TableName": TABLE_NAME, "Key": KEY}}] * 2}, VALIDATION, "Transaction request cannot include multiple operations on one item"),
    ("TransactGetItems: half a key", "TransactGetItems", {"TransactItems": [{"Get": {"TableName": TABLE_NAME, "Key": KEY}}, {"Get": {"TableName": TABLE_NAME, "Key": {"p": {"S": "a"}}}}]}, "TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ValidationError]"),
    ("TransactWriteItems: a key of another type", "TransactWriteItems", {"TransactItems": [{"Delete": {"TableName": TABLE_NAME, "Key": KEY}}, {"Put": {"TableName": TABLE_NAME, "Item": {**KEY, "s": {"S": "1"}}}}]}, "TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ValidationError]"),
    ("BatchGetItem: an empty value in a key, of no table", "BatchGetItem", {"RequestItems": {"missing": {"Keys": [{"p": {}}]}}}, VALIDATION, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
    ("BatchGetItem: no number in a key, of no table", "BatchGetItem", {"RequestItems": {"missing": {"Keys": [{"p": {"N": "x"}}]}}}, VALIDATION, "The parameter cannot be converted to a numeric value: x"),
    ("BatchWriteItem: an item with half a key", "BatchWriteItem", {"RequestItems": {TABLE_NAME: [{"PutRequest": {"Item": {"p": {"S": "a"}}}}]}}, VALIDATION, "The provided key element does not match the schema"),
    ("BatchWriteItem: an item with a key of another type", "BatchWriteItem", {"RequestItems": {TABLE_NAME: [{"PutRequest": {"Item": {**KEY, "s": {"S": "a"}}}}]}}, VALIDATION, "The provided key element does not match the schema"),
    ("BatchGetItem: nothing", "BatchGetItem", {"RequestItems": {}}, VALIDATION, "The requestItems parameter is required for BatchGetItem"),
    ("BatchWriteItem: nothing", "BatchWriteItem", {"RequestItems": {}}, VALIDATION, "The requestItems parameter is required for BatchWriteItem"),
    ("BatchGetItem: 101 keys", "BatchGetItem", {"RequestItems": {TABLE_NAME: {"Keys": [{**KEY, "s": {"N": str(n)}} for n in range(101)]}}}, VALIDATION, FAILED + "Value at 'RequestItems.misused.member.Keys' failed to satisfy constraint: Member must have length less than or equal to 100"),
    ("BatchWriteItem: 26 requests", "BatchWriteItem", {"RequestItems": {TABLE_NAME: [{"DeleteRequest": {"Key": {**KEY, "s": {"N": str(n)}}}} for n in range(26)]}}, VALIDATION, FAILED + "Value '{misused=[WriteRequest, …"),
    ("TransactWriteItems: two actions in one", "TransactWriteItems", {"TransactItems": [{"Put": {"TableName": TABLE_NAME, "Item": KEY}, "Delete": {"TableName": TABLE_NAME, "Key": KEY}}]}, VALIDATION, "TransactItems can only contain one of Check, Put, Update or Delete"),
    ("TransactWriteItems: none", "TransactWriteItems", {"TransactItems": []}, VALIDATION, FAILED + "Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    ("TransactWriteItems: no such table", "TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "missing", "Item": KEY}}]}, MISSING, "Requested resource not found"),
]

STATEMENTS = [
    statement("SLECT * FROM misused", MALFORMED + "Expected data manipulation"),
    statement("SELECT * FROM misused WHERE", MALFORMED + "Unexpected term"),
    statement("SELECT * FROM misused WHERE p = 'a' AND", MALFORMED + "Missing right-hand side expression of infix operator"),
    statement("SELECT * FROM misused WHERE p = 'a' foo", MALFORMED + "Unexpected token after expression"),
    statement("SELECT * FROM misused t WHERE p = 'a'", "Aliasing is not supported"),
    statement("SELECT * FROM misused.nope WHERE p = 'a'", "The table does not have the specified index"),
    statement("SELECT * FROM misused.a.b", "A path may contain at most 2 components in the FROM clause"),
    statement('SELECT * FROM misused."by-g" WHERE g = \'a\'', "Strongly consistent read is not supported on Global Secondary Indexes", ConsistentRead=True),
    statement('SELECT p FROM misused."by-l" WHERE p = \'a\' AND x = 1', INVALID + "Secondary index by-l does not project one or more filter attributes: [x]"),
    statement("SELECT * FROM misused WHERE p = ?", "Number of parameters in request and statement don't match."),
    statement("SELECT * FROM misused WHERE x < ?", OPERANDS + "<, operand type: BOOL", Parameters=[{"BOOL": True}]),
    statement("SELECT * FROM misused ORDER BY s", "Must have WHERE clause in the statement when using ORDER BY clause."),
    statement("DELETE FROM misused WHERE p = 'a'", "Where clause does not contain a mandatory equality on all key attributes"),
    statement("UPDATE misused SET x = 1", "Where clause does not contain a mandatory equality on all key attributes"),
    statement("DELETE FROM misused WHERE p = 'a' AND s = 1 RETURNING ALL NEW *", "Invalid returning clause: RETURNING ALL NEW *. Only RETURNING ALL OLD * is allowed in DELETE statements."),
    statement("UPDATE misused SET x = 1 WHERE p = 'a' AND s = 1", "The conditional request failed", "ConditionalCheckFailedException"),
    statement("INSERT INTO misused VALUE {'p': 'a', 's': 1e126}", "Number overflow. Attempting to store a number with magnitude larger than supported range under root"),
    statement("EXISTS(SELECT * FROM misused WHERE p = 'a' AND s = 1)", "Unsupported operation: EXISTS can only be used in transactions"),
    statement("INSERT INTO misused VALUE {'p': 'a'}", INVALID + "Missing the key s in the item"),
    statement("SELECT * FROM nowhere WHERE p = 'a'", "Requested resource not found", MISSING),
    ("PartiQL: RETURNING in a transaction", "ExecuteTransaction", {"TransactStatements": [{"Statement": "DELETE FROM misused WHERE p = 'a' AND s = 1 RETURNING ALL OLD *"}]}, VALIDATION, "Validation failed in TransactStatements[0]: RETURNING clause is not supported in ExecuteTransaction."),
]

TABLES = [
    create("a short name", FAILED + "Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3", TableName="ab"),
    create("a key that is not defined", INVALID + "Some index key attributes are not defined in AttributeDefinitions. Keys: [q], AttributeDefinitions: [p]", KeySchema=key_schema("q")),
    create("a sort key alone", "Invalid KeySchema: The first KeySchemaElement is not a HASH key type", KeySchema=key_schema("p", kinds=("RANGE",))),
    create("two partition keys", "Invalid KeySchema: Some index key attribute have no definition", KeySchema=key_schema("p", "p")),
    create("no name", "The parameter 'TableName' is required but was not present in the request", TableName=None),
    create("a long name", FAILED + f"Value '{'n' * 256}' at 'tableName' failed to satisfy constraint: Member must have length less than or equal to 255", TableName="n" * 256),
    create("a name of other characters", "2 validation errors detected: Value '!' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value '!' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3", TableName="!"),
    create("three keys", FAILED + "Value '[KeySchemaElement(attributeName=p, keyType=HASH), KeySchemaElement(attributeName=q, keyType=RANGE), KeySchemaElement(attributeName=r, keyType=RANGE)]' at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2", KeySchema=key_schema("p", "q", "r", kinds=("HASH", "RANGE", "RANGE")), AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in "pqr"]),
    create("a projection that says a name twice", INVALID + "Duplicate…", GlobalSecondaryIndexes=[index("idx", "p", projection="INCLUDE", NonKeyAttributes=["a", "a"])]),
    create("a definition too many", INVALID + "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions", AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in "pq"]),
    create("throughput on demand", INVALID + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST", ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}),
    create("no throughput", INVALID + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED", BillingMode="PROVISIONED"),
    create("no local indexes", INVALID + "List of LocalSecondaryIndexes is empty", LocalSecondaryIndexes=[]),
    create("no global indexes", INVALID + "List of GlobalSecondaryIndexes is empty", GlobalSecondaryIndexes=[]),
    create("a local index without a sort key", INVALID + "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex", LocalSecondaryIndexes=[index("idx", "p", "p")]),
    create("an index twice", INVALID + "Duplicate index name: idx", GlobalSecondaryIndexes=[index("idx", "p")] * 2),
    create("an index key that is not defined", INVALID + "Some index key attributes are not defined in AttributeDefinitions. Keys: [g], AttributeDefinitions: [p]", GlobalSecondaryIndexes=[index("idx", "g")]),
    create("a projection of everything and more", INVALID + "ProjectionType is ALL, but NonKeyAttributes is specified", GlobalSecondaryIndexes=[index("idx", "p", NonKeyAttributes=["a"])]),
    create("a projection of what", INVALID + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified", GlobalSecondaryIndexes=[index("idx", "p", projection="INCLUDE")]),
    create("a type that is no key", FAILED + "Value 'BOOL' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]", AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "BOOL"}]),
    create("a key of an unknown kind", FAILED + "Value 'SORT' at 'keySchema.1.member.keyType' failed to satisfy constraint: Member must satisfy enum value set: [HASH, RANGE]", KeySchema=key_schema("p", kinds=("SORT",))),
    create("51 tags", "Number of Tags exceed the current limit for the provided ResourceArn", Tags=[{"Key": str(n), "Value": "x"} for n in range(51)]),
    ("CreateTable: a name that is taken", "CreateTable", {"TableName": TABLE_NAME, "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}], "KeySchema": key_schema("p")}, "ResourceInUseException", "Table already exists: misused"),
    ("DescribeTable: no such table", "DescribeTable", {"TableName": "missing"}, MISSING, "Requested resource not found: Table: missing not found"),
    ("DeleteTable: no such table", "DeleteTable", {"TableName": "missing"}, MISSING, "Requested resource not found: Table: missing not found"),
    on("UpdateTable", "nothing", "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required"),
    on("UpdateTable", "two indexes at once", "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table", "LimitExceededException", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-g"}}, {"Delete": {"IndexName": "by-h"}}]),
    on("UpdateTable", "an index that is there", "Attempting to create an index which already exists: by-l", AttributeDefinitions=[{"AttributeName": "x", "AttributeType": "S"}], GlobalSecondaryIndexUpdates=[{"Create": index("by-l", "x")}]),
    on("UpdateTable", "an attribute of another type", INVALID + "Attributes cannot be redefined. Please check that your attribute has the same type as previously defined…", AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "N"}], GlobalSecondaryIndexUpdates=[{"Create": index("by-h", "g")}]),
    on("UpdateTable", "no stream to disable", "Table has no stream to disable: TableName: misused", StreamSpecification={"StreamEnabled": False}),
    on("UpdateTimeToLive", "what is disabled already", "TimeToLive is already disabled", TimeToLiveSpecification={"Enabled": False, "AttributeName": "until"}),
]

TABLE = ITEMS + CONDITIONS + UPDATES + EXPECTED + READS + MANY + STATEMENTS + TABLES
