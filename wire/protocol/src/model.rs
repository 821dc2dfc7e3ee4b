//! A service as its model names it: protocols, names, operations, errors.

/// The wire protocols of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProtocolId {
    /// JSON bodies, the operation in `X-Amz-Target`, version 1.0.
    AwsJson1_0,
    /// The same, version 1.1.
    AwsJson1_1,
    /// Form-encoded requests with an `Action`, XML answers.
    AwsQuery,
    /// EC2's variant of the former.
    Ec2Query,
    /// Methods and paths, JSON bodies.
    RestJson1,
    /// Methods and paths, XML bodies.
    RestXml,
    /// CBOR bodies, the operation in the path.
    RpcV2Cbor,
}

impl ProtocolId {
    /// Whether the operation is found by method and path rather than by a name in the request.
    pub const fn is_rest(self) -> bool {
        matches!(self, ProtocolId::RestJson1 | ProtocolId::RestXml)
    }
}

/// A service: what a request must look like to be its, and what it can be asked.
#[derive(Debug)]
pub struct ServiceModel {
    /// The short name by which the CLI, the SDKs' configuration and our documentation call it.
    pub name: &'static str,
    /// The name in prose.
    pub title: &'static str,
    /// The service in a signature's credential scope. Several services may share one.
    pub signing_name: &'static str,
    /// The first label of its host: `sqs` in `sqs.us-east-1.amazonaws.com`.
    pub endpoint_prefix: &'static str,
    /// What stands before the dot in `X-Amz-Target`, for the JSON protocols.
    pub target_prefix: Option<&'static str>,
    /// The protocols it speaks, the one that current SDKs use first.
    pub protocols: &'static [ProtocolId],
    /// The model's version, which is `Version` in query requests.
    pub api_version: &'static str,
    /// The namespace of its XML answers.
    pub xml_namespace: Option<&'static str>,
    /// What stands before `#` in a JSON error's `__type`.
    pub error_namespace: &'static str,
    /// How it speaks of input that breaks the model's constraints.
    pub validation: Validation,
    /// Whether it spoke query before JSON, so that JSON errors carry `x-amzn-query-error`.
    pub query_compatible: bool,
    /// Every operation of the model, sorted by name.
    pub operations: &'static [Operation],
}

/// How a service speaks of input that breaks the model's constraints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validation {
    /// `1 validation error detected: Value '…' at '…' failed to satisfy constraint: …`.
    Coral,
    /// The same in the words of newer services, who name among the demands on elements, keys and values that they
    /// must not be null.
    NewerCoral {
        /// The members, such as `CreateFunctionRequest.Runtime`, that the service checks in words of its own.
        except: &'static [&'static str],
    },
    /// The service has texts of its own for everything but an absent or empty parameter, which is
    /// `The request must contain the parameter …` (so speak the services that grew up with query).
    MissingParameter {
        /// The parameters whose absence the service reports in words of its own.
        except: &'static [&'static str],
    },
    /// A document that is not what the schema wants is malformed, and nothing more is said of it. Of headers and
    /// parameters the service speaks in words of its own (so speaks S3).
    Documents {
        /// The members of documents, such as `Tag.Key`, that the service checks in words of its own.
        except: &'static [&'static str],
    },
}

/// One operation.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name, such as `SendMessage`.
    pub name: &'static str,
    /// The HTTP method; `POST` for all but the REST protocols.
    pub method: &'static str,
    /// The path and query pattern, such as `/2015-03-31/functions/{FunctionName}`. Where several
    /// operations share one, it demands the query parameters that tell them apart as well.
    pub uri: &'static str,
    /// The header whose presence tells the operation from others of the same pattern, if there is one.
    pub header: Option<&'static str>,
    /// The status of its success, unless the output has a member for it.
    pub status: u16,
    /// Whether it has an output shape. One without answers query with no `…Result` element.
    pub has_output: bool,
}

impl ServiceModel {
    /// The operation of this exact name.
    pub fn operation(&self, name: &str) -> Option<&'static Operation> {
        self.index_of(name).map(|index| &self.operations[index])
    }

    /// The index of the operation of this exact name in [`ServiceModel::operations`].
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.operations.binary_search_by(|operation| operation.name.cmp(name)).ok()
    }

    /// Whether it speaks `protocol`.
    pub fn speaks(&self, protocol: ProtocolId) -> bool {
        self.protocols.contains(&protocol)
    }
}

/// Who is to blame for an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller.
    Sender,
    /// The service.
    Receiver,
}

impl Fault {
    /// The word in envelopes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Fault::Sender => "Sender",
            Fault::Receiver => "Receiver",
        }
    }
}

/// An error that a service or the protocol itself defines: everything but the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorShape {
    /// The code in JSON: the shape's name in the model.
    pub code: &'static str,
    /// The code in query, and in `x-amzn-query-error`.
    pub query_code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Whose fault it is.
    pub fault: Fault,
    /// What stands before `#` in `__type`, where it is not the service's own namespace.
    pub namespace: Option<&'static str>,
    /// The key of the message in JSON: `message`, but `Message` in a few errors of the framework.
    pub message_key: &'static str,
    /// Whether its structure says in a member `Type` whose fault it is (Lambda's do).
    pub has_type: bool,
    /// A member that travels in a header of the REST protocols, with the header's name.
    pub in_header: Option<(&'static str, &'static str)>,
}

impl ErrorShape {
    /// An error of the service model, with one code in all protocols.
    pub const fn new(code: &'static str, status: u16, fault: Fault) -> ErrorShape {
        ErrorShape {
            code,
            query_code: code,
            status,
            fault,
            namespace: None,
            message_key: "message",
            has_type: false,
            in_header: None,
        }
    }

    /// The same, under another code in query.
    #[must_use]
    pub const fn query(mut self, query_code: &'static str) -> ErrorShape {
        self.query_code = query_code;
        self
    }

    /// The same, in a namespace that is not the service's.
    #[must_use]
    pub const fn namespaced(mut self, namespace: &'static str) -> ErrorShape {
        self.namespace = Some(namespace);
        self
    }

    /// The same, with a capital `Message` in JSON.
    #[must_use]
    pub const fn capital_message(mut self) -> ErrorShape {
        self.message_key = "Message";
        self
    }

    /// The same, with a member `Type`.
    #[must_use]
    pub const fn typed(mut self) -> ErrorShape {
        self.has_type = true;
        self
    }

    /// The same, whose member `name` travels in `header`.
    #[must_use]
    pub const fn in_header(mut self, name: &'static str, header: &'static str) -> ErrorShape {
        self.in_header = Some((name, header));
        self
    }
}

/// How completely an operation is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// As AWS does, as far as we know.
    Complete,
    /// Served; the text says what lacks.
    Partial(&'static str),
    /// Stored and returned, and without effect; the text says what has none.
    Stored(&'static str),
    /// Answers 501 `NotImplemented`.
    NotImplemented,
}
