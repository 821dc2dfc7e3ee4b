//! DynamoDB's operations: validate, decide, one transaction, answer. Those of items and tables have
//! a file each; small ones that belong together share one.
//!
//! What writes share is in `writing` and `single`, what reads share in `reading`, what changes of
//! tables share in `table_records`.

mod backups;
mod batch_execute_statement;
mod batch_get_item;
mod batch_write_item;
mod collections;
mod counting;
mod create_table;
mod delete_item;
mod delete_table;
mod describe_table;
mod execute_statement;
mod execute_transaction;
mod get_item;
mod index_changes;
mod insights;
mod list_tables;
mod metering;
mod partiql;
mod put_item;
mod query;
mod reading;
mod resources;
mod restoring;
mod scan;
mod settings;
mod sharding;
mod single;
mod streams;
mod table_records;
mod time_to_live;
mod transact_get_items;
mod transact_write_items;
mod transaction;
mod update_item;
mod update_table;
mod writing;

pub(crate) use backups::{
    create_backup, delete_backup, delete_in_tx as delete_backup_in_tx, describe_backup, list_backups,
};
pub(crate) use batch_execute_statement::batch_execute_statement;
pub(crate) use batch_get_item::batch_get_item;
pub(crate) use batch_write_item::batch_write_item;
pub(crate) use counting::Counts;
pub(crate) use create_table::create_table;
pub(crate) use delete_item::delete_item;
pub(crate) use delete_table::{delete_all_tables, delete_table, leave_contents_in_tx};
pub(crate) use describe_table::describe_table;
pub(crate) use execute_statement::execute_statement;
pub(crate) use execute_transaction::execute_transaction;
pub(crate) use get_item::get_item;
pub(crate) use insights::{describe_contributor_insights, list_contributor_insights, update_contributor_insights};
pub(crate) use list_tables::list_tables;
pub(crate) use metering::Meter;
pub(crate) use put_item::put_item;
pub(crate) use query::query;
pub(crate) use reading::behind;
pub(crate) use resources::{
    delete_resource_policy, get_resource_policy, list_tags_of_resource, put_resource_policy, tag_resource,
    untag_resource,
};
pub(crate) use restoring::{restore_table_from_backup, restore_table_to_point_in_time};
pub(crate) use scan::scan;
pub(crate) use settings::{
    describe_continuous_backups, describe_endpoints, describe_kinesis_streaming_destination, describe_limits,
    update_continuous_backups,
};
pub(crate) use sharding::replace_shard;
pub(crate) use streams::{describe_stream, get_records, get_shard_iterator, list_streams};
pub(crate) use table_records::{leave_in_tx, read_in_tx as read_table_in_tx};
pub(crate) use time_to_live::{describe_time_to_live, update_time_to_live};
pub(crate) use transact_get_items::transact_get_items;
pub(crate) use transact_write_items::transact_write_items;
pub(crate) use update_item::update_item;
pub(crate) use update_table::update_table;
pub(crate) use writing::{Cause, enter_expiry_in_tx, enter_in_tx, place_in_tx, read_in_tx, replace_in_tx};
