//! AWS's limits, as "Lambda quotas" has them.

/// How many invocations of an account may go on at once in a region.
pub const ACCOUNT_CONCURRENCY: u32 = 1000;
/// What functions together may not reserve of it.
pub const UNRESERVED_MINIMUM: u32 = 100;
/// The most bytes of an event that somebody waits for.
pub const MAX_SYNC_PAYLOAD: usize = 6 * 1024 * 1024;
/// The most bytes of an event that is queued.
pub const MAX_ASYNC_PAYLOAD: usize = 1024 * 1024;
/// The most bytes of a zip file in a request.
pub const MAX_ZIPPED_BYTES: usize = 50 * 1024 * 1024;
/// The most bytes of a zip file in a bucket: it is kept in one transaction. AWS bounds it by what it unzips to only.
pub const MAX_OBJECT_BYTES: u64 = 100 * 1024 * 1024;
/// The most bytes of code and layers, unzipped.
pub const MAX_UNZIPPED_BYTES: u64 = 250 * 1024 * 1024;
/// The most bytes of a function's variables, names and values together.
pub const MAX_ENVIRONMENT_BYTES: usize = 4096;
/// The longest that an invocation may run, in seconds.
pub const MAX_TIMEOUT_SECONDS: i32 = 900;
/// The most memory of a function, in MB.
pub const MAX_MEMORY_MB: i32 = 10_240;
/// The most layers of a function.
pub const MAX_LAYERS: usize = 5;
/// How long an event may wait, unless a function says less, in seconds.
pub const MAX_EVENT_AGE_SECONDS: u32 = 21_600;

/// Variables that belong to the runtime: no function may set them.
pub const RESERVED_VARIABLES: [&str; 16] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_TASK_ROOT",
];
