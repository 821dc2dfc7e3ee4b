use std::sync::Arc;

use tidegate_policy::Document;
use tidegate_ports::ResourcePolicies;
use tidegate_types::Region;

use crate::domain::TableAddress;
use crate::service::DynamoDb;

/// The policies of tables, for whoever decides about requests. An index has its table's.
pub(crate) struct TablePolicies {
    dynamodb: Arc<DynamoDb>,
}

impl TablePolicies {
    pub(crate) fn new(dynamodb: Arc<DynamoDb>) -> TablePolicies {
        TablePolicies { dynamodb }
    }
}

impl ResourcePolicies for TablePolicies {
    fn service(&self) -> &'static str {
        "dynamodb"
    }

    fn policy_of(&self, arn: &str) -> Option<Arc<Document>> {
        // Streams have policies of their own, which are not served.
        let table = arn.split_once("/index/").map_or(arn, |(table, _)| table);
        if !table.starts_with("arn:") {
            return None;
        }
        let address = TableAddress::parse(table, tidegate_types::AccountId::DEFAULT, &Region::us_east_1()).ok()?;
        // A record that cannot be read fails the operation itself.
        self.dynamodb.directory.get(&address).ok()??.policy.clone()
    }
}
