use std::sync::Arc;

use tidegate_policy::Document;
use tidegate_ports::ResourcePolicies;
use tidegate_types::Region;

use crate::domain::TableAddress;
use crate::service::DynamoDb;
use crate::wire::streams::read_stream_arn;

/// The policies of tables and of their streams, for whoever decides about requests. An index has its
/// table's. A stream that was disabled has none any more.
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
        if let Some((address, label)) = read_stream_arn(arn) {
            let known = self.dynamodb.directory.get(&address).ok()??;
            let is_its_own = known.table.stream.as_ref().is_some_and(|stream| stream.label == label);
            return known.stream_policy.clone().filter(|_| is_its_own);
        }
        let table = arn.split_once("/index/").map_or(arn, |(table, _)| table);
        if !table.starts_with("arn:") {
            return None;
        }
        let address = TableAddress::parse(table, tidegate_types::AccountId::DEFAULT, &Region::us_east_1()).ok()?;
        // A record that cannot be read fails the operation itself.
        self.dynamodb.directory.get(&address).ok()??.policy.clone()
    }
}
