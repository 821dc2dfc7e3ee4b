//! The services that the product names, and what their models do not say about them.

use std::path::PathBuf;

use tidegate_protocol::Coverage;

use super::model::{Http, Operation, Reference};

/// One service of the catalogue.
pub struct Entry {
    /// Its folder in botocore, which is also its name in the CLI.
    pub name: &'static str,
    /// Its API crate under `wire/`, once it is served; until then only its operations are listed.
    pub api: Option<&'static str>,
    /// Whether it spoke query before JSON, in the models of [`crate::codegen::source::OLD`].
    pub was_query: bool,
    /// `Validation` of its model, as Rust.
    pub validation: &'static str,
    /// What stands before `#` in its errors' `__type`.
    pub error_namespace: &'static str,
    /// Which operations it serves, from the service's own crate.
    pub coverage: &'static [(&'static str, Coverage)],
    /// What browsers ask it for, and no SDK; and operations that have moved to where later SDKs ask for them.
    pub operations_without_a_model: &'static [Added],
}

/// An operation that AWS documents and has in no model.
pub struct Added {
    pub name: &'static str,
    method: &'static str,
    uri: &'static str,
    /// The shape of another operation's input, with the labels of the path.
    input: &'static str,
    /// The shape of another operation's output, if it has one.
    output: Option<&'static str>,
}

impl Added {
    pub fn operation(&self) -> Operation {
        let http = Http { method: self.method.to_owned(), request_uri: self.uri.to_owned(), response_code: None };
        let input = Some(Reference::to(self.input));
        Operation { name: self.name.to_owned(), http, input, output: self.output.map(Reference::to) }
    }
}

/// Forms, and what browsers ask before they send something to another site.
const S3_ADDED: &[Added] = &[
    Added { name: "OptionsBucket", method: "OPTIONS", uri: "/{Bucket}", input: "HeadBucketRequest", output: None },
    Added {
        name: "OptionsObject",
        method: "OPTIONS",
        uri: "/{Bucket}/{Key+}",
        input: "GetObjectTorrentRequest",
        output: None,
    },
    Added { name: "PostObject", method: "POST", uri: "/{Bucket}", input: "HeadBucketRequest", output: None },
];

/// Since late in 2026 SDKs post these; those from before get them. The pages are asked for in the body then.
const SESV2_ADDED: &[Added] = &[
    Added {
        name: "ListConfigurationSetsByPost",
        method: "POST",
        uri: "/v2/email/list-configuration-sets",
        input: "ListTenantsRequest",
        output: Some("ListConfigurationSetsResponse"),
    },
    Added {
        name: "ListEmailIdentitiesByPost",
        method: "POST",
        uri: "/v2/email/list-identities",
        input: "ListTenantsRequest",
        output: Some("ListEmailIdentitiesResponse"),
    },
    // SDKs from before 2026 have this one of version 2 below version 1; Terraform's provider 5 among them.
    Added {
        name: "PutEmailIdentityDkimSigningAttributesAtV1",
        method: "PUT",
        uri: "/v1/email/identities/{EmailIdentity}/dkim/signing",
        input: "PutEmailIdentityDkimSigningAttributesRequest",
        output: Some("PutEmailIdentityDkimSigningAttributesResponse"),
    },
];

impl Entry {
    const fn listed(name: &'static str, error_namespace: &'static str) -> Entry {
        let validation = "Validation::Coral";
        Entry {
            name,
            api: None,
            was_query: false,
            validation,
            error_namespace,
            coverage: &[],
            operations_without_a_model: &[],
        }
    }

    /// Where its generated file goes.
    pub fn path(&self) -> PathBuf {
        match self.api {
            Some(krate) => format!("wire/{krate}/src/generated.rs").into(),
            None => format!("wire/catalog/src/generated/{}.rs", self.module()).into(),
        }
    }

    /// Its module in the catalogue.
    pub fn module(&self) -> &'static str {
        self.name
    }
}

/// Structures that are unions in all but the models, which are older than that word.
pub const UNIONS: &[&str] = &["AttributeValue"];

/// SQS reports these absences in words of its own: a queue's name that must be specified, a batch that
/// must have an entry.
const SQS_VALIDATION: &str = "Validation::MissingParameter { except: &[\"QueueName\", \"Entries\"] }";

/// Lambda takes a runtime's name or ARN, and says so in a sentence of its own.
const LAMBDA_VALIDATION: &str = "Validation::NewerCoral { except: &[\"CreateFunctionRequest.Runtime\", \"UpdateFunctionConfigurationRequest.Runtime\"] }";
/// S3 has errors of its own for regions, events, tags and protocols that it does not know.
const S3_VALIDATION: &str = "Validation::Documents { except: &[\"CreateBucketConfiguration.LocationConstraint\", \"FilterRule.Name\", \"LambdaFunctionConfiguration.Events\", \"QueueConfiguration.Events\", \"Redirect.Protocol\", \"RedirectAllRequestsTo.Protocol\", \"Tag.Key\", \"TopicConfiguration.Events\"] }";
const NEWER_VALIDATION: &str = "Validation::NewerCoral { except: &[] }";

/// In the order of the documentation.
pub const SERVICES: &[Entry] = &[
    Entry {
        name: "sqs",
        api: Some("api-sqs"),
        was_query: true,
        validation: SQS_VALIDATION,
        error_namespace: "com.amazonaws.sqs",
        coverage: super::coverage::SQS,
        operations_without_a_model: &[],
    },
    Entry::listed("sns", "com.amazonaws.sns"),
    Entry::listed("events", "com.amazonaws.events"),
    Entry {
        name: "lambda",
        api: Some("api-lambda"),
        was_query: false,
        validation: LAMBDA_VALIDATION,
        error_namespace: "com.amazonaws.lambda",
        coverage: super::coverage::LAMBDA,
        operations_without_a_model: &[],
    },
    Entry {
        name: "dynamodb",
        api: Some("api-dynamodb"),
        was_query: false,
        validation: "Validation::Coral",
        error_namespace: "com.amazonaws.dynamodb.v20120810",
        coverage: super::coverage::DYNAMODB,
        operations_without_a_model: &[],
    },
    Entry {
        name: "dynamodbstreams",
        api: Some("api-dynamodbstreams"),
        was_query: false,
        validation: "Validation::Coral",
        error_namespace: "com.amazonaws.dynamodb.v20120810",
        coverage: super::coverage::DYNAMODB_STREAMS,
        operations_without_a_model: &[],
    },
    Entry {
        name: "s3",
        api: Some("api-s3"),
        was_query: false,
        validation: S3_VALIDATION,
        error_namespace: "com.amazonaws.s3",
        coverage: super::coverage::S3,
        operations_without_a_model: S3_ADDED,
    },
    Entry {
        name: "ses",
        api: Some("api-ses"),
        was_query: false,
        validation: "Validation::Coral",
        error_namespace: "com.amazonaws.ses",
        coverage: super::coverage::SES,
        operations_without_a_model: &[],
    },
    Entry {
        name: "sesv2",
        api: Some("api-sesv2"),
        was_query: false,
        validation: "Validation::Coral",
        error_namespace: "com.amazonaws.sesv2",
        coverage: super::coverage::SESV2,
        operations_without_a_model: SESV2_ADDED,
    },
    Entry {
        name: "logs",
        api: Some("api-logs"),
        was_query: false,
        validation: "Validation::Coral",
        error_namespace: "com.amazonaws.logs",
        coverage: super::coverage::LOGS,
        operations_without_a_model: &[],
    },
    Entry {
        name: "iam",
        api: Some("api-iam"),
        was_query: false,
        validation: NEWER_VALIDATION,
        error_namespace: "com.amazonaws.iam",
        coverage: super::coverage::IAM,
        operations_without_a_model: &[],
    },
    Entry {
        name: "sts",
        api: Some("api-sts"),
        was_query: false,
        validation: NEWER_VALIDATION,
        error_namespace: "com.amazonaws.sts",
        coverage: super::coverage::STS,
        operations_without_a_model: &[],
    },
    Entry::listed("apigateway", "com.amazonaws.apigateway"),
    Entry::listed("apigatewayv2", "com.amazonaws.apigatewayv2"),
    Entry::listed("cloudformation", "com.amazonaws.cloudformation"),
    Entry::listed("secretsmanager", "com.amazonaws.secretsmanager"),
    Entry::listed("docdb", "com.amazonaws.docdb"),
    Entry::listed("ecs", "com.amazonaws.ecs"),
];
