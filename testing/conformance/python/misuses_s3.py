"""A table of misuses of S3 with AWS's answers.

Each line is (what is wrong, operation, parameters, status, code, message); a message that ends in `…` is compared up
to there. `B` is a bucket that is there, and `it` an object in it; `GONE` is no bucket at all.
"""

B, GONE = "misused", "misused-nothing"
HERE = {"Bucket": B, "Key": "it"}
NO_BUCKET = "The specified bucket does not exist"
NO_KEY = "The specified key does not exist."
NO_UPLOAD = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
XML = "The XML you provided was not well-formed or did not validate against our published schema"
BAD_NAME = "The specified bucket is not valid."
UNREACHABLE = "Unable to validate the following destination configurations"


def create(name: str) -> tuple:
    return (f"the name {name[:30]!r}", "CreateBucket", {"Bucket": name}, 400, "InvalidBucketName", BAD_NAME)


def gone(operation: str, **parameters) -> tuple:
    return (f"{operation} without its bucket", operation, {"Bucket": GONE} | parameters, 404, "NoSuchBucket", NO_BUCKET)


def missing(operation: str, **parameters) -> tuple:
    return (f"{operation} without its object", operation, {"Bucket": B, "Key": "missing"} | parameters, 404, "NoSuchKey", NO_KEY)


def unknown_upload(operation: str, **parameters) -> tuple:
    return (f"{operation} of no upload", operation, HERE | {"UploadId": "nothing"} | parameters, 404, "NoSuchUpload", NO_UPLOAD)


def none(operation: str, code: str, message: str, **parameters) -> tuple:
    return (f"{operation} of nothing", operation, {"Bucket": B} | parameters, 404, code, message)


RULE = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}}
TAGS = {"TagSet": [{"Key": "a", "Value": "1"}]}
QUEUE = "arn:aws:sqs:us-east-1:000000000000:missing"


def lifecycle(what: str, rule: dict, code: str, message: str) -> tuple:
    configuration = {"Rules": [RULE | rule]}
    return (what, "PutBucketLifecycleConfiguration", {"Bucket": B, "LifecycleConfiguration": configuration}, 400, code, message)


def cors(what: str, rule: dict, code: str, message: str) -> tuple:
    complete = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]} | rule
    return (what, "PutBucketCors", {"Bucket": B, "CORSConfiguration": {"CORSRules": [complete]}}, 400, code, message)


def tagged(what: str, tags: list, code: str, message: str) -> tuple:
    pairs = [{"Key": key, "Value": value} for key, value in tags]
    return (what, "PutObjectTagging", HERE | {"Tagging": {"TagSet": pairs}}, 400, code, message)


def policy(what: str, text: str, message: str) -> tuple:
    return (what, "PutBucketPolicy", {"Bucket": B, "Policy": text}, 400, "MalformedPolicy", message)


def statement(**more) -> str:
    import json

    complete = {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{B}/*"} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [{key: value for key, value in complete.items() if value is not None}]})


TABLE = [
    create("no"), create("Upper-Case"), create("under_score"), create("dot..dot"), create("-begins"), create("ends-"), create("192.168.1.1"),
    create("x" * 64), create("xn--fake"), create("ends-s3alias"), create("sthree-x"), create("ends--ol-s3"),
    ("a region that is none", "CreateBucket", {"Bucket": "nowhere-1", "CreateBucketConfiguration": {"LocationConstraint": "moon-1"}}, 400, "InvalidLocationConstraint", "The specified location-constraint is not valid"),
    gone("DeleteBucket"), gone("ListObjects"), gone("ListObjectsV2"), gone("ListObjectVersions"), gone("ListMultipartUploads"), gone("GetBucketLocation"),
    gone("GetBucketVersioning"), gone("GetBucketTagging"), gone("GetBucketPolicy"), gone("GetBucketAcl"), gone("GetBucketCors"), gone("GetBucketEncryption"),
    gone("GetBucketLifecycleConfiguration"), gone("GetBucketNotificationConfiguration"), gone("GetBucketWebsite"), gone("GetBucketLogging"),
    gone("GetPublicAccessBlock"), gone("GetObjectLockConfiguration"), gone("PutBucketTagging", Tagging=TAGS),
    gone("PutObject", Key="it", Body=b""), gone("GetObject", Key="it"), gone("DeleteObject", Key="it"), gone("GetObjectTagging", Key="it"),
    gone("CreateMultipartUpload", Key="it"), gone("DeleteObjects", Delete={"Objects": [{"Key": "it"}]}), gone("CopyObject", Key="it", CopySource=f"{B}/it"),
    missing("GetObject"), missing("GetObjectTagging"), missing("PutObjectTagging", Tagging=TAGS), missing("DeleteObjectTagging"), missing("GetObjectAcl"),
    missing("GetObjectAttributes", ObjectAttributes=["ETag"]),
    ("copying nothing", "CopyObject", {"Bucket": B, "Key": "to", "CopySource": f"{B}/missing"}, 404, "NoSuchKey", NO_KEY),
    unknown_upload("UploadPart", PartNumber=1, Body=b""), unknown_upload("ListParts"), unknown_upload("AbortMultipartUpload"),
    unknown_upload("CompleteMultipartUpload", MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "a"}]}), unknown_upload("UploadPartCopy", PartNumber=1, CopySource=f"{B}/it"),
    none("GetBucketTagging", "NoSuchTagSet", "The TagSet does not exist"), none("GetBucketPolicy", "NoSuchBucketPolicy", "The bucket policy does not exist"),
    none("GetBucketCors", "NoSuchCORSConfiguration", "The CORS configuration does not exist"),
    none("GetBucketWebsite", "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
    none("GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
    none("GetBucketReplication", "ReplicationConfigurationNotFoundError", "The replication configuration was not found"),
    none("GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"),
    none("GetBucketMetricsConfiguration", "NoSuchConfiguration", "The specified configuration does not exist.", Id="a"),
    none("GetBucketAnalyticsConfiguration", "NoSuchConfiguration", "The specified configuration does not exist.", Id="a"),
    none("GetBucketInventoryConfiguration", "NoSuchConfiguration", "The specified configuration does not exist.", Id="a"),
    ("a version of no object", "GetObject", HERE | {"VersionId": "x"}, 400, "InvalidArgument", "Invalid version id specified"),
    ("a key that is too long", "PutObject", {"Bucket": B, "Key": "k" * 1025}, 400, "KeyTooLongError", "Your key is too long"),
    ("a storage class that is none", "PutObject", HERE | {"StorageClass": "FROZEN"}, 400, "InvalidStorageClass", "The storage class you specified is not valid"),
    ("an ACL that is none", "PutObject", HERE | {"ACL": "everybody"}, 400, "InvalidArgument", ""),
    ("encryption that is none", "PutObject", HERE | {"ServerSideEncryption": "rot13"}, 400, "InvalidArgument", "The encryption method specified is not supported"),
    ("tags that are none", "PutObject", HERE | {"Tagging": "a=1&a=2"}, 400, "InvalidArgument", "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates."),
    ("an If-None-Match of a tag", "PutObject", HERE | {"IfNoneMatch": '"abc"'}, 501, "NotImplemented", "A header you provided implies functionality that is not implemented"),
    ("both conditions", "PutObject", HERE | {"IfNoneMatch": "*", "IfMatch": '"abc"'}, 501, "NotImplemented", "A header you provided implies functionality that is not implemented"),
    ("a range behind the end", "GetObject", HERE | {"Range": "bytes=100-200"}, 416, "InvalidRange", "The requested range is not satisfiable"),
    ("part zero", "GetObject", HERE | {"PartNumber": 0}, 400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive"),
    ("a part and a range", "GetObject", HERE | {"PartNumber": 1, "Range": "bytes=0-1"}, 400, "InvalidRequest", "Cannot specify both Range header and partNumber query parameter"),
    ("a copy onto itself", "CopyObject", HERE | {"CopySource": f"{B}/it"}, 400, "InvalidRequest", "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata,…"),
    ("a directive that is none", "CopyObject", {"Bucket": B, "Key": "to", "CopySource": f"{B}/it", "MetadataDirective": "MERGE"}, 400, "InvalidArgument", "Unknown metadata directive."),
    ("a source that is none", "CopyObject", {"Bucket": B, "Key": "to", "CopySource": "it"}, 400, "InvalidArgument", "Invalid copy source object key"),
    ("a range of a copy that is none", "UploadPartCopy", HERE | {"UploadId": "$upload", "PartNumber": 1, "CopySource": f"{B}/it", "CopySourceRange": "0-1"}, 400, "InvalidArgument", "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy"),
    ("part 10001", "UploadPart", HERE | {"UploadId": "$upload", "PartNumber": 10_001, "Body": b""}, 400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive"),
    ("no parts at all", "CompleteMultipartUpload", HERE | {"UploadId": "$upload", "MultipartUpload": {"Parts": []}}, 400, "MalformedXML", XML),
    ("a part that was not sent", "CompleteMultipartUpload", HERE | {"UploadId": "$upload", "MultipartUpload": {"Parts": [{"PartNumber": 4, "ETag": "a"}]}}, 400, "InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."),
    ("nothing to delete", "DeleteObjects", {"Bucket": B, "Delete": {"Objects": []}}, 400, "MalformedXML", XML),
    ("negative max-keys", "ListObjectsV2", {"Bucket": B, "MaxKeys": -1}, 400, "InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647"),
    ("max-keys in version 1", "ListObjects", {"Bucket": B, "MaxKeys": -1}, 400, "InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647"),
    ("a token that is none", "ListObjectsV2", {"Bucket": B, "ContinuationToken": "x"}, 400, "InvalidArgument", "The continuation token provided is incorrect"),
    ("an encoding that is none", "ListObjectsV2", {"Bucket": B, "EncodingType": "rot13"}, 400, "InvalidArgument", "Invalid Encoding Method specified in Request"),
    ("a version marker alone", "ListObjectVersions", {"Bucket": B, "VersionIdMarker": "x"}, 400, "InvalidArgument", "A version-id marker cannot be specified without a key marker."),
    ("versioning that is none", "PutBucketVersioning", {"Bucket": B, "VersioningConfiguration": {"Status": "Sometimes"}}, 400, "MalformedXML", XML),
    ("an empty versioning", "PutBucketVersioning", {"Bucket": B, "VersioningConfiguration": {}}, 400, "IllegalVersioningConfigurationException", "The Versioning element must be specified"),
    tagged("a key twice", [("a", "1"), ("a", "2")], "InvalidTag", "Cannot provide multiple Tags with the same key"),
    tagged("an empty key", [("", "1")], "InvalidTag", "The TagKey you have provided is invalid"),
    tagged("a long key", [("k" * 129, "1")], "InvalidTag", "The TagKey you have provided is invalid"),
    tagged("a long value", [("k", "v" * 257)], "InvalidTag", "The TagValue you have provided is invalid"),
    tagged("eleven tags", [(str(n), "") for n in range(11)], "BadRequest", "Object tags cannot be greater than 10"),
    tagged("a tag of AWS's", [("aws:mine", "1")], "InvalidTag", "Your TagKey cannot be prefixed with aws:"),
    ("a bucket's tag of AWS's", "PutBucketTagging", {"Bucket": B, "Tagging": {"TagSet": [{"Key": "aws:x", "Value": "1"}]}}, 400, "InvalidTag", "System tags cannot be added/updated by requester"),
    policy("no JSON", "nothing", "Policies must be valid JSON and the first byte must be '{'"),
    policy("no principal", statement(Principal=None), "Missing required field Principal"),
    policy("an action of another service", statement(Action="sqs:SendMessage"), "Policy has invalid action"),
    policy("another bucket", statement(Resource="arn:aws:s3:::other/*"), "Policy has invalid resource"),
    policy("no effect", statement(Effect=None), "Missing required field Effect"),
    lifecycle("no action", {}, "InvalidRequest", "At least one action needs to be specified in a rule"),
    lifecycle("zero days", {"Expiration": {"Days": 0}}, "InvalidArgument", "'Days' for Expiration action must be a positive integer"),
    lifecycle("a status that is none", {"Status": "Perhaps", "Expiration": {"Days": 1}}, "MalformedXML", XML),
    lifecycle("an ID that is too long", {"ID": "i" * 256, "Expiration": {"Days": 1}}, "InvalidArgument", "ID length should not exceed allowed limit of 255"),
    cors("a method that is none", {"AllowedMethods": ["BREW"]}, "InvalidRequest", "Found unsupported HTTP method in CORS config. Unsupported method is BREW"),
    cors("two stars", {"AllowedOrigins": ["*a*"]}, "InvalidRequest", 'AllowedOrigin "*a*" can not have more than one wildcard.'),
    cors("two stars in a header", {"AllowedHeaders": ["*x*"]}, "InvalidRequest", 'AllowedHeader "*x*" can not have more than one wildcard.'),
    ("no rules", "PutBucketCors", {"Bucket": B, "CORSConfiguration": {"CORSRules": []}}, 400, "MalformedXML", XML),
    ("a queue that is not there", "PutBucketNotificationConfiguration", {"Bucket": B, "NotificationConfiguration": {"QueueConfigurations": [{"QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"]}]}}, 400, "InvalidArgument", UNREACHABLE),
    ("an ARN that is none", "PutBucketNotificationConfiguration", {"Bucket": B, "NotificationConfiguration": {"QueueConfigurations": [{"QueueArn": "nobody", "Events": ["s3:ObjectCreated:*"]}]}}, 400, "InvalidArgument", "The ARN could not be parsed"),
    ("ACLs where there are none", "PutBucketAcl", {"Bucket": B, "ACL": "public-read"}, 400, "AccessControlListNotSupported", "The bucket does not allow ACLs"),
    ("ownership that is none", "PutBucketOwnershipControls", {"Bucket": B, "OwnershipControls": {"Rules": [{"ObjectOwnership": "Nobody"}]}}, 400, "MalformedXML", XML),
    ("encryption of a bucket that is none", "PutBucketEncryption", {"Bucket": B, "ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "rot13"}}]}}, 400, "MalformedXML", XML),
    ("replication without versions", "PutBucketReplication", {"Bucket": B, "ReplicationConfiguration": {"Role": "arn:aws:iam::000000000000:role/r", "Rules": [{"ID": "a", "Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::t"}}]}}, 400, "InvalidRequest", "Versioning must be 'Enabled' on the bucket to apply a replication configuration"),
    ("logs into nowhere", "PutBucketLogging", {"Bucket": B, "BucketLoggingStatus": {"LoggingEnabled": {"TargetBucket": GONE, "TargetPrefix": ""}}}, 400, "InvalidTargetBucketForLogging", "The target bucket for logging does not exist"),
    ("a payer that is none", "PutBucketRequestPayment", {"Bucket": B, "RequestPaymentConfiguration": {"Payer": "Nobody"}}, 400, "MalformedXML", XML),
    ("a lock without locks", "PutObjectRetention", HERE | {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": "2040-01-01T00:00:00Z"}}, 400, "InvalidRequest", "Bucket is missing Object Lock Configuration"),
    ("a website without a page", "PutBucketWebsite", {"Bucket": B, "WebsiteConfiguration": {}}, 400, "InvalidArgument", "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty"),
    ("a website's index in a folder", "PutBucketWebsite", {"Bucket": B, "WebsiteConfiguration": {"IndexDocument": {"Suffix": "a/b.html"}}}, 400, "InvalidArgument", "The IndexDocument Suffix is not well formed"),
]
