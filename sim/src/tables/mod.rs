//! The table of a world: accounts between which money moves, counters, items of one writer each, an index
//! that comes and goes, and a stream that tells of all of it.
//!
//! What is demanded is again one-sided: an answer is wrong only if no order of what was acknowledged
//! and what is in doubt explains it.

mod audit;
mod clients;
mod ledger;

pub use audit::{everything, invariants};
pub use clients::start;
pub use ledger::Ledger;

use serde_json::{Value, json};

/// The table.
pub const TABLE: &str = "world";
/// The index that comes and goes.
pub const INDEX: &str = "by-kind";
/// How many accounts there are.
pub const ACCOUNTS: u64 = 6;
/// What every account holds at first.
pub const DEPOSIT: i64 = 100;

/// The input of the CreateTable that makes it.
pub fn creation() -> Value {
    json!({
        "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    })
}

/// The key of an item.
fn key(id: &str) -> Value {
    json!({ "id": {"S": id} })
}

/// The number in an item's attribute.
fn number(item: &Value, name: &str) -> Option<i64> {
    item[name]["N"].as_str()?.parse().ok()
}

fn account(number: u64) -> String {
    format!("account-{number}")
}
