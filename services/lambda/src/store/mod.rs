//! What is kept: one file for each kind of record, and [`Directory`], which is all of it in memory.

mod alias;
mod code;
mod directory;
mod function;
mod invoke_config;
pub(crate) mod keys;
mod layer;
mod layers;
mod mapping;
mod policy;
mod provisioned;
mod runtime_management;
mod signing;
mod url;
mod version;

pub use alias::{AliasRecord, WHOLE};
pub use code::CodeRecord;
pub(crate) use code::{delete_code, put_code, read_code};
pub use directory::{Address, Directory, Function};
pub use function::FunctionRecord;
pub use invoke_config::InvokeConfigRecord;
pub use layer::{LayerRecord, LayerVersionRecord};
pub use layers::{LayerVersions, Layers};
pub use mapping::{MappingRecord, Mappings, PairRecord};
pub(crate) use mapping::{mapping_key, pair_key};
pub use policy::{PolicyRecord, StatementRecord};
pub use provisioned::ProvisionedRecord;
pub use runtime_management::RuntimeManagementRecord;
pub use signing::{SignedByRecord, SigningRecord};
pub use url::{CorsRecord, UrlRecord};
pub use version::{Code, ImageCode, ImageSettings, LayerUse, LogSettings, Pull, PullFailure, VersionRecord};
