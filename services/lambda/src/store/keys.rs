//! Where everything of Lambda lies.
//!
//! | space | key | record |
//! |---|---|---|
//! | map | `Lambda 1 1 account region name` | [`crate::store::FunctionRecord`] |
//! | map | `Lambda 1 2 function version` | [`crate::store::VersionRecord`]; version 0 is `$LATEST` |
//! | map | `Lambda 1 3 function alias` | [`crate::store::AliasRecord`] |
//! | map | `Lambda 1 4 function qualifier` | [`crate::store::PolicyRecord`] |
//! | map | `Lambda 1 5 function qualifier` | [`crate::store::InvokeConfigRecord`] |
//! | map | `Lambda 1 6 function qualifier` | [`crate::store::UrlRecord`] |
//! | map | `Lambda 1 7 function qualifier` | [`crate::store::ProvisionedRecord`] |
//! | map | `Lambda 1 8 function qualifier` | [`crate::store::RuntimeManagementRecord`] |
//! | map | `Lambda 1 9 function` | [`crate::store::SignedByRecord`] |
//! | map | `Lambda 2 function sha256` | [`crate::store::CodeRecord`]: a zip file |
//! | log | `Lambda 2 function sha256 piece` | a piece of it: as many bytes as the others, the last perhaps fewer |
//! | map | `Lambda 3 account region name` | [`crate::store::LayerRecord`] |
//! | map | `Lambda 4 account region name version` | [`crate::store::LayerVersionRecord`] |
//! | map | `Lambda 5 account region id` | [`crate::store::SigningRecord`] |
//!
//! Event source mappings lie behind `Lambda 16`.

use bytes::Bytes;
use tidegate_record::{DecodeError, Key, KeyReader, Root};
use tidegate_types::{AccountId, Region};

use super::directory::Address;
use crate::domain::LayerName;

const CATALOGUE: u8 = 1;
const CODE: u8 = 2;
const LAYER: u8 = 3;
const LAYER_VERSION: u8 = 4;
const SIGNING: u8 = 5;

const FUNCTION: u8 = 1;
const VERSION: u8 = 2;
const ALIAS: u8 = 3;
const POLICY: u8 = 4;
const INVOKE_CONFIG: u8 = 5;
const URL: u8 = 6;
const PROVISIONED: u8 = 7;
const RUNTIME_MANAGEMENT: u8 = 8;
const SIGNED_BY: u8 = 9;

/// What a key of the catalogue names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Catalogued {
    Function(Address),
    Version(u64, u64),
    Alias(u64, String),
    Policy(u64, String),
    InvokeConfig(u64, String),
    Url(u64, String),
    Provisioned(u64, String),
    RuntimeManagement(u64, String),
    SignedBy(u64),
}

pub(crate) fn catalogue() -> Bytes {
    Key::new(Root::Lambda).u8(CATALOGUE).build()
}

fn catalogued(kind: u8) -> Key {
    Key::new(Root::Lambda).u8(CATALOGUE).u8(kind)
}

pub(crate) fn function(address: &Address) -> Bytes {
    catalogued(FUNCTION).u64(address.account.as_u64()).text(address.region.as_str()).text(&address.name).build()
}

pub(crate) fn version(function: u64, version: u64) -> Bytes {
    catalogued(VERSION).u64(function).u64(version).build()
}

pub(crate) fn alias(function: u64, name: &str) -> Bytes {
    catalogued(ALIAS).u64(function).text(name).build()
}

pub(crate) fn policy(function: u64, qualifier: &str) -> Bytes {
    catalogued(POLICY).u64(function).text(qualifier).build()
}

pub(crate) fn invoke_config(function: u64, qualifier: &str) -> Bytes {
    catalogued(INVOKE_CONFIG).u64(function).text(qualifier).build()
}

pub(crate) fn url(function: u64, qualifier: &str) -> Bytes {
    catalogued(URL).u64(function).text(qualifier).build()
}

pub(crate) fn provisioned(function: u64, qualifier: &str) -> Bytes {
    catalogued(PROVISIONED).u64(function).text(qualifier).build()
}

pub(crate) fn runtime_management(function: u64, qualifier: &str) -> Bytes {
    catalogued(RUNTIME_MANAGEMENT).u64(function).text(qualifier).build()
}

pub(crate) fn signed_by(function: u64) -> Bytes {
    catalogued(SIGNED_BY).u64(function).build()
}

/// Where a code signing configuration lies that an account has.
pub(crate) fn signing(account: AccountId, region: &Region, id: &str) -> Bytes {
    Key::new(Root::Lambda).u8(SIGNING).u64(account.as_u64()).text(region.as_str()).text(id).build()
}

/// What the keys of an account's code signing configurations begin with.
pub(crate) fn signings(account: AccountId, region: &Region) -> Bytes {
    Key::new(Root::Lambda).u8(SIGNING).u64(account.as_u64()).text(region.as_str()).build()
}

/// What the keys of everybody's code signing configurations begin with.
pub(crate) fn all_signings() -> Bytes {
    Key::new(Root::Lambda).u8(SIGNING).build()
}

/// The id in the key of a code signing configuration.
pub(crate) fn read_signing(key: &[u8], prefix: &[u8]) -> Result<String, DecodeError> {
    let mut reader = KeyReader::after(key, prefix)?;
    let id = reader.text()?;
    reader.end()?;
    Ok(id)
}

pub(crate) fn code(function: u64, sha256: &[u8; 32]) -> Bytes {
    Key::new(Root::Lambda).u8(CODE).u64(function).bytes(sha256).build()
}

pub(crate) fn codes_of(function: u64) -> Bytes {
    Key::new(Root::Lambda).u8(CODE).u64(function).build()
}

/// The SHA-256 in the key of a zip file.
pub(crate) fn read_code(key: &[u8], function: u64) -> Result<[u8; 32], DecodeError> {
    let mut reader = KeyReader::after(key, &codes_of(function))?;
    let sum = reader.bytes()?;
    reader.end()?;
    sum.try_into().map_err(|_| DecodeError::Malformed { at: 0, what: "a SHA-256" })
}

pub(crate) fn code_piece(function: u64, sha256: &[u8; 32], piece: u32) -> Bytes {
    Key::new(Root::Lambda).u8(CODE).u64(function).bytes(sha256).u32(piece).build()
}

fn of_layer(kind: u8, layer: &LayerName) -> Key {
    let key = Key::new(Root::Lambda).u8(kind);
    key.u64(layer.account.as_u64()).text(layer.region.as_str()).text(&layer.name)
}

pub(crate) fn layer(layer: &LayerName) -> Bytes {
    of_layer(LAYER, layer).build()
}

pub(crate) fn layer_version(layer: &LayerName, version: u64) -> Bytes {
    of_layer(LAYER_VERSION, layer).u64(version).build()
}

pub(crate) fn layer_versions() -> Bytes {
    Key::new(Root::Lambda).u8(LAYER_VERSION).build()
}

pub(crate) fn read_layer_version(key: &[u8]) -> Result<(LayerName, u64), DecodeError> {
    let mut reader = KeyReader::after(key, &layer_versions())?;
    // A layer lies where a function of its name would.
    let Address { account, region, name } = Address::read(&mut reader)?;
    let version = reader.u64()?;
    reader.end()?;
    Ok((LayerName { account, region, name }, version))
}

pub(crate) fn read_catalogue(key: &[u8]) -> Result<Catalogued, DecodeError> {
    let mut reader = KeyReader::after(key, &catalogue())?;
    let found = match reader.u8()? {
        FUNCTION => Catalogued::Function(Address::read(&mut reader)?),
        VERSION => Catalogued::Version(reader.u64()?, reader.u64()?),
        ALIAS => Catalogued::Alias(reader.u64()?, reader.text()?),
        POLICY => Catalogued::Policy(reader.u64()?, reader.text()?),
        INVOKE_CONFIG => Catalogued::InvokeConfig(reader.u64()?, reader.text()?),
        URL => Catalogued::Url(reader.u64()?, reader.text()?),
        PROVISIONED => Catalogued::Provisioned(reader.u64()?, reader.text()?),
        RUNTIME_MANAGEMENT => Catalogued::RuntimeManagement(reader.u64()?, reader.text()?),
        SIGNED_BY => Catalogued::SignedBy(reader.u64()?),
        _ => return Err(DecodeError::Malformed { at: 0, what: "a kind of record" }),
    };
    reader.end()?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_layers_read_back() {
        let layer = LayerName { account: AccountId::DEFAULT, region: Region::us_east_1(), name: "l".to_owned() };
        assert_eq!(read_layer_version(&layer_version(&layer, 7)).unwrap(), (layer, 7));
    }

    #[test]
    fn keys_read_back() {
        let address = Address { account: AccountId::DEFAULT, region: Region::us_east_1(), name: "f".to_owned() };
        let named = || "live".to_owned();
        for (key, expected) in [
            (function(&address), Catalogued::Function(address.clone())),
            (version(7, 1), Catalogued::Version(7, 1)),
            (alias(7, "live"), Catalogued::Alias(7, named())),
            (policy(7, "live"), Catalogued::Policy(7, named())),
            (invoke_config(7, "live"), Catalogued::InvokeConfig(7, named())),
            (url(7, "live"), Catalogued::Url(7, named())),
            (provisioned(7, "live"), Catalogued::Provisioned(7, named())),
            (runtime_management(7, "live"), Catalogued::RuntimeManagement(7, named())),
            (signed_by(7), Catalogued::SignedBy(7)),
        ] {
            assert_eq!(read_catalogue(&key).unwrap(), expected);
        }
    }
}
