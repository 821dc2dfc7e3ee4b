//! The catalogue: the operations of services that are not served yet, and the list of all services.

use super::emit;
use super::model::Model;
use super::services::Entry;

/// The list of all services.
pub const INDEX: &str = "wire/catalog/src/generated/mod.rs";

/// The file of one service.
pub fn file(service: &Entry, model: &Model) -> String {
    let mut out = emit::header(&format!("{}.", model.metadata.service_full_name));
    out.push_str("use tidegate_protocol::{Operation, ProtocolId, ServiceModel, Validation};\n\n");
    out.push_str(&emit::service_model(service, model));
    out
}

/// The module that names every service.
pub fn index(services: &[Entry]) -> String {
    let mut out = emit::header("Every service by name.");
    for service in services.iter().filter(|service| service.api.is_none()) {
        out += &format!("pub mod {};\n", service.module());
    }
    out.push_str("\nuse tidegate_protocol::ServiceModel;\n\n");
    out.push_str("/// Every service that the product names.\npub static SERVICES: &[&ServiceModel] = &[");
    for service in services {
        out += &match service.api {
            Some(krate) => format!("&tidegate_{}::MODEL,", krate.replace('-', "_")),
            None => format!("&{}::MODEL,", service.module()),
        };
    }
    out.push_str("];\n");
    out
}
