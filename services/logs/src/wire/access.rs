//! Which permissions each operation needs: the action and the group, stream or destination.
//!
//! A group is held against policies as `log-group:NAME:log-stream:STREAM`, the stream being empty where
//! none is meant: that is why policies name groups with `:*` behind. Tags alone are asked of
//! `log-group:NAME`, as "Overview of managing access permissions to your CloudWatch Logs resources" has it.

use tidegate_api_logs::{FilterLogEventsRequest, GetLogEventsRequest, GetLogObjectRequest, GetLogRecordRequest};
use tidegate_protocol::{Access, Call, Members, Need, Needs, ServiceError, Shape, needs, needs_by_name};
use tidegate_types::Arn;

use super::further::{of_account_policy, of_query, passed};
use crate::domain::{GroupAddress, GroupReference, Pointer};
use crate::ops::groups_of_source;
use crate::service::CloudWatchLogs;

/// Where an operation's resource is written.
#[derive(Clone, Copy)]
enum On {
    /// In `logGroupName` or `logGroupIdentifier`, with the stream in `logStreamName`.
    Group,
    /// In lists of groups.
    Groups,
    /// In lists of groups, or in the query itself.
    Query,
    /// Nowhere, but the kind of policy and its document say more. What is done with it is this.
    AccountPolicy(&'static str),
    /// In `destinationName`.
    Destination,
    /// In `resourceArn`: what has tags.
    Tagged,
    /// In `logGroupName`: a group's tags, asked for in the older way.
    TaggedGroup,
    /// In `resourceIdentifier` or `logGroupName`.
    Encrypted,
    /// In a member of its own: what kind of resource it is, and the member that has its name or id.
    Own(&'static str, &'static str),
    /// In this member, as an ARN.
    Arn(&'static str),
    /// In `anomalyDetectorArn`; all of them if there is none.
    Detector,
    /// In `logGroupArnList`.
    GroupArns,
    /// The delivery that is made, its source and its destination.
    NewDelivery,
    /// In this member, a pointer to an event: its group.
    Pointer(&'static str),
    /// In `dataSourceName` and `dataSourceType`: all of the account, and the groups whose tags say the same.
    DataSource,
    /// Nowhere: all of the account.
    Anywhere,
}

const SOURCE: On = On::Own("delivery-source", "name");
const GOAL: On = On::Own("delivery-destination", "name");
const GOALS_POLICY: On = On::Own("delivery-destination", "deliveryDestinationName");
const DELIVERY: On = On::Own("delivery", "id");

const LOG_OBJECT: On = On::Pointer("logObjectPointer");
const LOG_RECORD: On = On::Pointer("logRecordPointer");

const OPERATIONS: &[(&str, On)] = &[
    ("AssociateKmsKey", On::Encrypted),
    ("AssociateSourceToS3TableIntegration", On::Arn("integrationArn")),
    ("CancelExportTask", On::Anywhere),
    ("CancelImportTask", On::Anywhere),
    ("CreateDelivery", On::NewDelivery),
    ("CreateExportTask", On::Group),
    ("CreateImportTask", On::Anywhere),
    ("CreateLogAnomalyDetector", On::GroupArns),
    ("CreateLogGroup", On::Group),
    ("CreateLogStream", On::Group),
    ("CreateLookupTable", On::Own("lookup-table", "lookupTableName")),
    ("DeleteAccountPolicy", On::AccountPolicy("Delete")),
    ("DeleteDataProtectionPolicy", On::Group),
    ("DeleteDelivery", DELIVERY),
    ("DeleteDeliveryDestination", GOAL),
    ("DeleteDeliveryDestinationPolicy", GOALS_POLICY),
    ("DeleteDeliverySource", SOURCE),
    ("DeleteDestination", On::Destination),
    ("DeleteIndexPolicy", On::Group),
    ("DeleteIntegration", On::Own("integration", "integrationName")),
    ("DeleteLogAnomalyDetector", On::Detector),
    ("DeleteLogGroup", On::Group),
    ("DeleteLogStream", On::Group),
    ("DeleteLookupTable", On::Arn("lookupTableArn")),
    ("DeleteMetricFilter", On::Group),
    ("DeleteQueryDefinition", On::Anywhere),
    ("DeleteResourcePolicy", On::Anywhere),
    ("DeleteRetentionPolicy", On::Group),
    ("DeleteSubscriptionFilter", On::Group),
    ("DeleteTransformer", On::Group),
    ("DescribeAccountPolicies", On::Anywhere),
    ("DescribeConfigurationTemplates", On::Anywhere),
    ("DescribeDeliveries", On::Anywhere),
    ("DescribeDeliveryDestinations", On::Anywhere),
    ("DescribeDeliverySources", On::Anywhere),
    ("DescribeDestinations", On::Anywhere),
    ("DescribeExportTasks", On::Anywhere),
    ("DescribeFieldIndexes", On::Groups),
    ("DescribeImportTaskBatches", On::Anywhere),
    ("DescribeImportTasks", On::Anywhere),
    ("DescribeIndexPolicies", On::Groups),
    ("DescribeLogGroups", On::Group),
    ("DescribeLogStreams", On::Group),
    ("DescribeLookupTables", On::Anywhere),
    ("DescribeMetricFilters", On::Group),
    ("DescribeQueries", On::Anywhere),
    ("DescribeQueryDefinitions", On::Anywhere),
    ("DescribeResourcePolicies", On::Anywhere),
    ("DescribeSubscriptionFilters", On::Group),
    ("DisassociateKmsKey", On::Encrypted),
    ("DisassociateSourceFromS3TableIntegration", On::Anywhere),
    ("FilterLogEvents", On::Group),
    ("GetDataProtectionPolicy", On::Group),
    ("GetDelivery", DELIVERY),
    ("GetDeliveryDestination", GOAL),
    ("GetDeliveryDestinationPolicy", GOALS_POLICY),
    ("GetDeliverySource", SOURCE),
    ("GetIntegration", On::Own("integration", "integrationName")),
    ("GetLogAnomalyDetector", On::Detector),
    ("GetLogEvents", On::Group),
    ("GetLogFields", On::DataSource),
    ("GetLogGroupFields", On::Group),
    ("GetLogObject", LOG_OBJECT),
    ("GetLogRecord", LOG_RECORD),
    ("GetLookupTable", On::Arn("lookupTableArn")),
    ("GetQueryResults", On::Anywhere),
    ("GetTransformer", On::Group),
    ("ListAggregateLogGroupSummaries", On::Anywhere),
    ("ListAnomalies", On::Detector),
    ("ListIntegrations", On::Anywhere),
    ("ListLogAnomalyDetectors", On::Anywhere),
    ("ListLogGroups", On::Group),
    ("ListLogGroupsForQuery", On::Anywhere),
    ("ListSourcesForS3TableIntegration", On::Arn("integrationArn")),
    ("ListTagsForResource", On::Tagged),
    ("ListTagsLogGroup", On::TaggedGroup),
    ("PutAccountPolicy", On::AccountPolicy("Put")),
    ("PutDataProtectionPolicy", On::Group),
    ("PutDeliveryDestination", GOAL),
    ("PutDeliveryDestinationPolicy", GOALS_POLICY),
    ("PutDeliverySource", SOURCE),
    ("PutDestination", On::Destination),
    ("PutDestinationPolicy", On::Destination),
    ("PutIndexPolicy", On::Group),
    ("PutIntegration", On::Own("integration", "integrationName")),
    ("PutLogEvents", On::Group),
    ("PutLogGroupDeletionProtection", On::Group),
    ("PutMetricFilter", On::Group),
    ("PutQueryDefinition", On::Anywhere),
    ("PutResourcePolicy", On::Anywhere),
    ("PutRetentionPolicy", On::Group),
    ("PutSubscriptionFilter", On::Group),
    ("PutTransformer", On::Group),
    ("StartLiveTail", On::Groups),
    ("StartQuery", On::Query),
    ("StopQuery", On::Anywhere),
    ("TagLogGroup", On::TaggedGroup),
    ("TagResource", On::Tagged),
    ("TestMetricFilter", On::Anywhere),
    ("TestTransformer", On::Anywhere),
    ("UntagLogGroup", On::TaggedGroup),
    ("UntagResource", On::Tagged),
    ("UpdateAnomaly", On::Detector),
    ("UpdateDeliveryConfiguration", DELIVERY),
    ("UpdateLogAnomalyDetector", On::Detector),
    ("UpdateLookupTable", On::Arn("lookupTableArn")),
];

/// Every operation and what it needs.
pub(crate) fn accesses() -> impl Iterator<Item = (&'static str, Access<CloudWatchLogs>)> {
    let by_name = OPERATIONS.iter().filter(|(name, _)| !UNMASKING.contains(name)).map(|(name, on)| {
        let access = needs_by_name(move |logs: &CloudWatchLogs, call: &Call, input: &Members| {
            Ok::<Needs, ServiceError>(needs_of(logs, call, *on, input).into())
        });
        (*name, access)
    });
    by_name.chain(unmasking())
}

/// The operations that show what is masked to those who may see it.
const UNMASKING: [&str; 4] = ["FilterLogEvents", "GetLogEvents", "GetLogRecord", "GetLogObject"];

fn unmasking() -> [(&'static str, Access<CloudWatchLogs>); 4] {
    let told = |logs: &CloudWatchLogs, call: &Call, on: On, input: &dyn Shape, unmask: Option<bool>| {
        let mut needs = needs_of(logs, call, on, &Members::of(input));
        if unmask == Some(true) {
            let too = |need: &Need| Need { action: "logs:Unmask".into(), ..need.clone() };
            let unmask = needs.iter().map(too).collect::<Vec<_>>();
            needs.extend(unmask);
        }
        Ok::<Needs, ServiceError>(needs.into())
    };
    [
        (
            UNMASKING[0],
            needs(move |logs: &CloudWatchLogs, call: &Call, input: &FilterLogEventsRequest| {
                told(logs, call, On::Group, input, input.unmask)
            }),
        ),
        (
            UNMASKING[1],
            needs(move |logs: &CloudWatchLogs, call: &Call, input: &GetLogEventsRequest| {
                told(logs, call, On::Group, input, input.unmask)
            }),
        ),
        (
            UNMASKING[2],
            needs(move |logs: &CloudWatchLogs, call: &Call, input: &GetLogRecordRequest| {
                told(logs, call, LOG_RECORD, input, input.unmask)
            }),
        ),
        (
            UNMASKING[3],
            needs(move |logs: &CloudWatchLogs, call: &Call, input: &GetLogObjectRequest| {
                told(logs, call, LOG_OBJECT, input, input.unmask)
            }),
        ),
    ]
}

fn needs_of(logs: &CloudWatchLogs, call: &Call, on: On, input: &Members) -> Vec<Need> {
    let need = |resource: String| Need::new(format!("logs:{}", call.operation.name), resource);
    let stream = input.text("logStreamName").unwrap_or_default();
    let mut needs = match on {
        On::Group => {
            let group = input.text("logGroupName").or_else(|| input.text("logGroupIdentifier")).unwrap_or_default();
            vec![need(stream_of(call, group, stream))]
        }
        On::Groups => groups_of(call, input).into_iter().map(need).collect(),
        On::Query => of_query(logs, call, groups_of(call, input), input),
        On::AccountPolicy(verb) => of_account_policy(verb, input),
        On::Destination => {
            let name = input.text("destinationName").unwrap_or_default();
            vec![need(own(call, &format!("destination:{name}")))]
        }
        On::Tagged => vec![need(input.text("resourceArn").unwrap_or_default().trim_end_matches(":*").to_owned())],
        On::TaggedGroup => {
            vec![need(own(call, &format!("log-group:{}", input.text("logGroupName").unwrap_or_default())))]
        }
        On::Encrypted => match input.text("resourceIdentifier") {
            Some(arn) => vec![need(arn.to_owned())],
            None => vec![need(stream_of(call, input.text("logGroupName").unwrap_or_default(), ""))],
        },
        On::Own(kind, member) => {
            vec![need(own(call, &format!("{kind}:{}", input.text(member).unwrap_or_default())))]
        }
        On::Arn(member) => vec![need(input.text(member).unwrap_or("*").to_owned())],
        On::Detector => vec![need(input.text("anomalyDetectorArn").unwrap_or("*").to_owned())],
        On::GroupArns => input.list("logGroupArnList").iter().map(|group| need(stream_of(call, group, ""))).collect(),
        On::NewDelivery => {
            let source =
                own(call, &format!("delivery-source:{}", input.text("deliverySourceName").unwrap_or_default()));
            let goal = input.text("deliveryDestinationArn").unwrap_or("*");
            vec![need(own(call, "delivery:*")), need(source), need(goal.to_owned())]
        }
        On::Pointer(member) => {
            // The operation refuses what is no pointer.
            let pointer = input.text(member).and_then(Pointer::parse);
            let group = pointer.map(|pointer| own(call, &format!("log-group:{}:log-stream:", pointer.group)));
            vec![group.map_or_else(|| Need::anywhere(format!("logs:{}", call.operation.name)), need)]
        }
        On::DataSource => {
            let source = (input.text("dataSourceName"), input.text("dataSourceType"));
            // Groups that cannot be read are the operation's to tell of.
            let groups = groups_of_source(logs, call, source.0, source.1).unwrap_or_default();
            let everywhere = Need::anywhere(format!("logs:{}", call.operation.name));
            std::iter::once(everywhere).chain(groups.iter().map(|group| need(group.address.stream_arn("")))).collect()
        }
        On::Anywhere => vec![Need::anywhere(format!("logs:{}", call.operation.name))],
    };
    if needs.is_empty() {
        // A request about no group at all: the operation says what is wrong with it.
        needs.push(Need::anywhere(format!("logs:{}", call.operation.name)));
    }
    let operation = call.operation.name;
    let name = input.text("logGroupName").unwrap_or_default();
    // What is tagged as it is created needs the permission to tag.
    if input.pairs("tags").next().is_some() {
        let tagged = match operation {
            "CreateLogGroup" => Some(own(call, &format!("log-group:{name}"))),
            "CreateLogAnomalyDetector" => Some(own(call, "anomaly-detector:*")),
            "CreateDelivery"
            | "CreateLookupTable"
            | "PutDestination"
            | "PutDeliveryDestination"
            | "PutDeliverySource" => Some(needs[0].resource.clone()),
            _ => None,
        };
        needs.extend(tagged.map(|resource| Need::new("logs:TagResource", resource)));
    }
    // A destination of Logs' own may be somebody else's: its policy has a say.
    if let Some(arn) = input.text("destinationArn").filter(|arn| arn.contains(":destination:")) {
        needs.push(need(arn.to_owned()));
    }
    let mut needs: Vec<Need> =
        needs.into_iter().map(|need| with_resource_tags(logs, call, with_tags(need, input))).collect();
    if let Some(role) = input.text("roleArn") {
        needs.push(passed(role));
    }
    needs
}

/// The tags that a request sets are pairs, the names of those that it removes a list.
fn with_tags(need: Need, input: &Members) -> Need {
    let names = input.list("tagKeys").iter().chain(input.list("tags")).map(String::as_str);
    need.with_tag_names(names).with_request_tags(input.pairs("tags"))
}

/// With the tags of the group that it is about, if that is one of the caller's.
fn with_resource_tags(logs: &CloudWatchLogs, call: &Call, need: Need) -> Need {
    let own = own(call, "log-group:");
    let Some(name) = need.resource.strip_prefix(&own).and_then(|rest| rest.split(':').next()) else { return need };
    let address = GroupAddress { account: call.account, region: call.region.clone(), name: name.to_owned() };
    // One that cannot be read has no tags; the operation tells of it.
    let Ok(Some(group)) = logs.directory.get(&address) else { return need };
    need.with_resource_tags(group.record.tags.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

pub(super) fn own(call: &Call, resource: &str) -> String {
    Arn::new("logs", &call.region, call.account, resource).to_string()
}

/// The groups that a request names, as policies do.
fn groups_of(call: &Call, input: &Members) -> Vec<String> {
    let lists = ["logGroupNames", "logGroupIdentifiers"].into_iter().flat_map(|name| input.list(name));
    let groups = input.text("logGroupName").into_iter().chain(lists.map(String::as_str));
    groups.map(|group| stream_of(call, group, "")).collect()
}

/// A group by its name or ARN, and one of its streams.
pub(super) fn stream_of(call: &Call, group: &str, stream: &str) -> String {
    match GroupReference(group.to_owned()).resolve(call.account, &call.region) {
        Some(group) => group.stream_arn(stream),
        None => own(call, &format!("log-group::log-stream:{stream}")),
    }
}
