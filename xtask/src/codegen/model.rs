//! A service model as botocore stores it, as far as we read it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Model {
    pub metadata: Metadata,
    pub operations: BTreeMap<String, Operation>,
    pub shapes: BTreeMap<String, Shape>,
    /// The same service's model from when it spoke query.
    #[serde(skip)]
    pub query: Option<Box<Model>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub api_version: String,
    pub endpoint_prefix: String,
    pub protocol: String,
    pub protocols: Option<Vec<String>>,
    pub json_version: Option<String>,
    pub service_full_name: String,
    pub signing_name: Option<String>,
    pub target_prefix: Option<String>,
    pub xml_namespace: Option<String>,
    pub aws_query_compatible: Option<serde_json::Value>,
}

#[derive(Deserialize)]
pub struct Operation {
    pub name: String,
    pub http: Http,
    pub input: Option<Reference>,
    pub output: Option<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    pub method: String,
    pub request_uri: String,
    pub response_code: Option<u16>,
}

/// A use of a shape, with what the use adds to it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    pub shape: String,
    pub location: Option<String>,
    pub location_name: Option<String>,
    #[serde(default)]
    pub flattened: bool,
    pub timestamp_format: Option<String>,
    /// Whether it is an attribute of the structure's element.
    #[serde(default)]
    pub xml_attribute: bool,
    /// Of an event's member: whether it is all of the event's payload.
    #[serde(default, rename = "eventpayload")]
    pub event_payload: bool,
    /// Of an event's member: whether it is a header of the event.
    #[serde(default, rename = "eventheader")]
    pub event_header: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shape {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub required: Vec<String>,
    /// In the model's order, which is the order of answers' members.
    #[serde(default)]
    pub members: serde_json::Map<String, serde_json::Value>,
    pub payload: Option<String>,
    pub member: Option<Reference>,
    pub key: Option<Reference>,
    pub value: Option<Reference>,
    #[serde(default)]
    pub flattened: bool,
    pub location_name: Option<String>,
    pub timestamp_format: Option<String>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub pattern: Option<String>,
    #[serde(default, rename = "enum")]
    pub values: Vec<String>,
    /// Whether exactly one of its members is there.
    #[serde(default)]
    pub union: bool,
    /// Whether it is the events of a stream, which are written one by one.
    #[serde(default, rename = "eventstream")]
    pub event_stream: bool,
    #[serde(default)]
    pub exception: bool,
    #[serde(default)]
    pub fault: bool,
    pub error: Option<Error>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Error {
    pub code: Option<String>,
    pub http_status_code: Option<u16>,
}

impl Reference {
    /// A plain use of a shape.
    pub fn to(shape: &str) -> Reference {
        Reference {
            shape: shape.to_owned(),
            location: None,
            location_name: None,
            flattened: false,
            timestamp_format: None,
            xml_attribute: false,
            event_payload: false,
            event_header: false,
        }
    }
}

impl Model {
    pub fn shape(&self, name: &str) -> Result<&Shape> {
        self.shapes.get(name).with_context(|| format!("the model has no shape {name}"))
    }
}

impl Shape {
    /// The members with their uses.
    pub fn members(&self) -> Result<Vec<(&str, Reference)>> {
        let reference = |value: &serde_json::Value| serde_json::from_value(value.clone());
        self.members.iter().map(|(name, value)| Ok((name.as_str(), reference(value)?))).collect()
    }
}
