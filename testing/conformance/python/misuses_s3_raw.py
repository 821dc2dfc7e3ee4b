"""A second table of misuses of S3, as raw requests: what SDKs never send.

Each line is (what is wrong, method, path and query, headers, body, status, code, message, other elements of the error).
`/b` is a bucket that is there, `/b/it` an object in it; `/locked` is a bucket with locks, `/locked/it` an object in it.
"""

import base64
import hashlib

NOT_ALLOWED = "The specified method is not allowed against this resource."
XML = "The XML you provided was not well-formed or did not validate against our published schema"
PART = "Part number must be an integer between 1 and 10000, inclusive"
BOTH = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
MODE, UNTIL = "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"
SSE = "x-amz-server-side-encryption"
ALGORITHM, KEY, SUM = (f"{SSE}-customer-{end}" for end in ("algorithm", "key", "key-MD5"))
SECRET = bytes(range(32))
KEY_OF = base64.b64encode(SECRET).decode()
SUM_OF = base64.b64encode(hashlib.md5(SECRET, usedforsecurity=False).digest()).decode()
MUST = "Requests specifying Server Side Encryption with Customer provided keys must provide"


def argument(what, path, message, name, value, method="GET", headers=None, body=None) -> tuple:
    return (what, method, path, headers or {}, body, 400, "InvalidArgument", message, {"ArgumentName": name, "ArgumentValue": value})


def number(path, name, value) -> tuple:
    return argument(f"{name} of {value} at {path}", f"{path}{name}={value}", f"Provided {name} not an integer or within integer range", name, value)


def conflict(path, *names) -> tuple:
    return argument(f"{' and '.join(names)} at once", path, f"Conflicting query string parameters: {', '.join(names)}", "ResourceType", names[0])


def empty(path, method="PUT") -> tuple:
    return (f"no document at {path}", method, path, {}, b"", 400, "MissingRequestBodyError", "Request Body is empty", {})


def broken(path, body=b"<no", method="PUT") -> tuple:
    return (f"{body!r} at {path}", method, path, {}, body, 400, "MalformedXML", XML, {})


def put(what, headers, code, message, *, key="/b/new", status=400, **more) -> tuple:
    return (what, "PUT", key, headers, b"x", status, code, message, more)


def customer(what, message, **given) -> tuple:
    names = {"algorithm": ALGORITHM, "key": KEY, "sum": SUM, "sse": SSE}
    return put(what, {names[name]: value for name, value in given.items()}, "InvalidArgument", message)


def disallowed(method, path, kind) -> tuple:
    return (f"{method} {path}", method, path, {}, None, 405, "MethodNotAllowed", NOT_ALLOWED, {"Method": method, "ResourceType": kind})


RAW = [
    *(number(path, "max-keys", value) for path in ("/b?", "/b?list-type=2&", "/b?versions&") for value in ("abc", "2147483648", "1.5")),
    number("/b?uploads&", "max-uploads", "abc"), number("/b/it?uploadId=$upload&", "max-parts", "abc"),
    number("/b/it?uploadId=$upload&", "part-number-marker", "abc"), number("/?", "max-buckets", "abc"),
    argument("max-keys below zero", "/b?max-keys=-1", "Argument maxKeys must be an integer between 0 and 2147483647", "maxKeys", "-1"),
    argument("max-uploads below zero", "/b?uploads&max-uploads=-1", "Argument max-uploads must be an integer between 0 and 2147483647", "max-uploads", "-1"),
    argument("no buckets", "/?max-buckets=0", "Argument max-buckets must be an integer between 1 and 10000", "max-buckets", "0"),
    argument("part abc of an object", "/b/it?partNumber=abc", PART, "partNumber", "abc"),
    argument("part abc of an upload", "/b/it?uploadId=$upload&partNumber=abc", PART, "partNumber", "abc", method="PUT", body=b"x"),
    argument("a list of a third kind", "/b?list-type=3", "Invalid List Type specified in Request", "list-type", "3"),
    argument("a token of nothing", "/b?list-type=2&continuation-token=", "The continuation token provided is incorrect", "continuation-token", ""),
    argument("an empty marker of versions", "/b?versions&key-marker=k&version-id-marker=", "A version-id marker cannot be empty.", "version-id-marker", ""),
    argument("a marker that is no version", "/b?versions&key-marker=k&version-id-marker=bad", "Invalid version id specified", "version-id-marker", "bad"),
    argument("an empty version", "/b/it?versionId=", "Version id cannot be the empty string", "versionId", ""),
    conflict("/b?versioning&acl", "acl", "versioning"), conflict("/b?uploads&versions", "uploads", "versions"), conflict("/b/it?tagging&acl", "acl", "tagging"),
    conflict("/b/it?uploads&uploadId=1", "uploadId", "uploads"),
    ("an upload of no key", "GET", "/b?uploadId=1", {}, None, 400, "InvalidRequest", "A key must be specified", {}),
    ("a torrent", "GET", "/b/it?torrent", {}, None, 405, "MethodNotAllowed", NOT_ALLOWED, {"Method": "GET", "ResourceType": "TORRENT"}),
    disallowed("PATCH", "/b/it", "OBJECT"), disallowed("PATCH", "/b", "BUCKET"), disallowed("DELETE", "/", "SERVICE"), disallowed("POST", "/b/it", "OBJECT"),
    ("a form that is none", "POST", "/b", {}, b"x", 412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", {"Condition": "Bucket POST must be of the enclosure-type multipart/form-data"}),
    *(empty(f"/b?{name}") for name in ("tagging", "versioning", "lifecycle", "cors", "notification", "website", "encryption", "ownershipControls", "publicAccessBlock", "replication", "logging", "requestPayment", "accelerate", "abac")),
    empty("/b/it?tagging"), empty("/locked/it?retention"), empty("/locked/it?legal-hold"), empty("/b?delete", "POST"), empty("/b/it?restore", "POST"), empty("/b/it?encryption"),
    ("no list at all", "PUT", "/b/it?acl", {}, b"", 400, "AccessControlListNotSupported", "The bucket does not allow ACLs", {}),
    ("no policy", "PUT", "/b?policy", {}, b"", 400, "MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'", {}),
    *(broken(f"/b?{name}") for name in ("tagging", "versioning", "lifecycle", "cors", "notification", "website", "encryption", "ownershipControls", "publicAccessBlock", "replication", "logging", "requestPayment", "accelerate", "abac", "acl")),
    broken("/b/it?tagging"), broken("/b?delete", method="POST"), broken("/b?delete", b"<Delete/>", "POST"), broken("/b-none", b"<no"),
    broken("/b?lifecycle", b"<LifecycleConfiguration><Rule><Prefix/><Filter><Prefix/></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>"),
    broken("/b?lifecycle", b"<LifecycleConfiguration><Rule><Prefix/><Status>Enabled</Status><Expiration><Days>soon</Days></Expiration></Rule></LifecycleConfiguration>"),
    broken("/locked/it?retention", b"<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>tomorrow</RetainUntilDate></Retention>"),
    broken("/locked/it?retention", b"<Retention><Mode>governance</Mode><RetainUntilDate>2040-01-01T00:00:00Z</RetainUntilDate></Retention>"),
    broken("/locked/it?legal-hold", b"<LegalHold><Status>on</Status></LegalHold>"),
    ("an upload of no parts", "POST", "/b/it?uploadId=$upload", {}, b"", 400, "InvalidRequest", "You must specify at least one part", {}),
    broken("/b/it?uploadId=$upload", b"<CompleteMultipartUpload><Part><PartNumber>abc</PartNumber><ETag>a</ETag></Part></CompleteMultipartUpload>", "POST"),
    put("an MD5 that is none", {"Content-MD5": "abc"}, "InvalidDigest", "The Content-MD5 you specified was invalid."),
    put("an MD5 in hexadecimal", {"Content-MD5": "d41d8cd98f00b204e9800998ecf8427e"}, "InvalidDigest", "The Content-MD5 you specified was invalid."),
    put("an MD5 of something else", {"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}, "BadDigest", "The Content-MD5 you specified did not match what we received."),
    put("a checksum that is none", {"x-amz-checksum-crc32": "abc"}, "InvalidRequest", "Value for x-amz-checksum-crc32 header is invalid."),
    put("a checksum of something else", {"x-amz-checksum-crc32": "AAAAAA=="}, "BadDigest", "The CRC32 you specified did not match the calculated checksum."),
    put("a list by name and by grants", {"x-amz-acl": "private", "x-amz-grant-read": 'uri="x"'}, "InvalidRequest", "Specifying both Canned ACLs and Header Grants is not allowed"),
    put("a redirection to nowhere", {"x-amz-website-redirect-location": "nowhere"}, "InvalidRedirectLocation", "The website redirect location must have a prefix of 'http://' or 'https://' or '/'."),
    put("a lock without a date", {MODE: "GOVERNANCE"}, "InvalidArgument", BOTH, key="/locked/new", ArgumentName=UNTIL),
    put("a lock without a mode", {UNTIL: "2040-01-01T00:00:00Z"}, "InvalidArgument", BOTH, key="/locked/new", ArgumentName=MODE),
    put("a lock of a day called tomorrow", {MODE: "GOVERNANCE", UNTIL: "tomorrow"}, "InvalidArgument", "The retain until date must be provided in ISO 8601 format", key="/locked/new", ArgumentName=UNTIL, ArgumentValue="tomorrow"),
    put("a lock of a mode that is none", {MODE: "WORM", UNTIL: "2040-01-01T00:00:00Z"}, "InvalidArgument", "Unknown wormMode directive.", key="/locked/new", ArgumentName=MODE, ArgumentValue="WORM"),
    put("a lock in the past", {MODE: "GOVERNANCE", UNTIL: "2001-01-01T00:00:00Z"}, "InvalidArgument", "The retain until date must be in the future!", key="/locked/new", ArgumentName=UNTIL, ArgumentValue="2001-01-01T00:00:00Z"),
    ("a hold that never was", "GET", "/locked/it?legal-hold", {}, None, 404, "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration", {"Key": "it"}),
    customer("a customer's key that is not there", f"{MUST} an appropriate secret key.", algorithm="AES256"),
    customer("a customer's key without its MD5", f"{MUST} the client calculated MD5 of the secret key.", algorithm="AES256", key=KEY_OF),
    customer("a customer's key for nothing", f"{MUST} a valid encryption algorithm.", key=KEY_OF, sum=SUM_OF),
    customer("a customer's key that is short", "The secret key was invalid for the specified algorithm.", algorithm="AES256", key="YWJj", sum=SUM_OF),
    customer("a customer's key with another MD5", "The calculated MD5 hash of the key did not match the hash that was provided.", algorithm="AES256", key=KEY_OF, sum="YWJj"),
    customer("a customer's key and S3's", "Server Side Encryption with Customer provided key is incompatible with the encryption method specified", algorithm="AES256", key=KEY_OF, sum=SUM_OF, sse="AES256"),
    put("a customer's key for another algorithm", {ALGORITHM: "AES128", KEY: KEY_OF, SUM: SUM_OF}, "InvalidEncryptionAlgorithmError", "The Encryption request you specified is not valid. Supported value: AES256."),
    ("encryption with nothing", "PUT", "/b/it?encryption", {}, b"<ObjectEncryption/>", 400, "InvalidRequest", "Requests that modify an object encryption configuration require a valid new encryption type. Valid values are SSEKMS. Modify the request to specify SSE-KMS for the updated encryption type, and then try again.", {}),
    ("attributes that nobody named", "GET", "/b/it?attributes", {}, None, 400, "InvalidRequest", "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty", {}),
]
