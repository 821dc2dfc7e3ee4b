//! Contributor insights of tables and of their global indexes, which are kept and shown. What they would count is
//! CloudWatch's, so there are no rules to name.

use tidegate_api_dynamodb::{
    ContributorInsightsSummary, DescribeContributorInsightsInput, DescribeContributorInsightsOutput,
    ListContributorInsightsInput, ListContributorInsightsOutput, UpdateContributorInsightsInput,
    UpdateContributorInsightsOutput,
};
use tidegate_protocol::Call;
use tidegate_store::Tx;

use super::table_records::change;
use crate::domain::{Index, IndexState, Insights, Misuse, Table, TableAddress};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::Known;

/// The most summaries on one page.
const MAX_PAGE: usize = 100;

fn status(insights: Option<Insights>) -> Option<String> {
    let enabled = insights.is_some_and(|insights| insights.enabled);
    Some(if enabled { "ENABLED" } else { "DISABLED" }.to_owned())
}

fn mode(insights: Option<Insights>) -> Option<String> {
    let name =
        |insights: Insights| if insights.throttled_only { "THROTTLED_KEYS" } else { "ACCESSED_AND_THROTTLED_KEYS" };
    insights.map(name).map(str::to_owned)
}

/// Where the insights of a table, or of its global index of this name, are kept.
fn place<'a>(
    address: &TableAddress,
    table: &'a mut Table,
    index: Option<&str>,
) -> Result<(&'a mut Option<Insights>, IndexState), Error> {
    let Some(name) = index else { return Ok((&mut table.insights, IndexState::Active)) };
    let found = table.indexes.iter_mut().find(|index| index.global && index.name == name);
    let missing = || Error::NoSuchIndex(format!("Index: {name} not found for table: {}", address.name));
    let Index { insights, state, .. } = found.ok_or_else(missing)?;
    Ok((insights, *state))
}

/// Switches the insights of a table or an index on or off.
pub(crate) async fn update_contributor_insights(
    dynamodb: &DynamoDb,
    call: &Call,
    input: UpdateContributorInsightsInput,
) -> Result<UpdateContributorInsightsOutput, Error> {
    let address = &dynamodb.address(call, input.table_name.as_deref())?;
    let enabled = input.contributor_insights_action.as_deref() == Some("ENABLE");
    let throttled_only = input.contributor_insights_mode.as_deref() == Some("THROTTLED_KEYS");
    let (index, since) = (input.index_name.as_deref(), dynamodb.now());
    let mut table = change(dynamodb, address, async |_: &mut Tx, table: &mut Table| {
        let (insights, state) = place(address, table, index)?;
        if enabled && state != IndexState::Active {
            return Err(Misuse::new("Table or Index is not in a valid state to update Key Access Insights: IndexStatus must be ACTIVE to enable ContributorInsights.").into());
        }
        match insights {
            Some(old) if old.enabled == enabled && (!enabled || old.throttled_only == throttled_only) => {}
            None if !enabled => {}
            Some(old) if !enabled => (old.enabled, old.since) = (false, since),
            _ => *insights = Some(Insights { enabled, throttled_only, since }),
        }
        Ok(())
    })
    .await?;
    let (insights, _) = place(address, &mut table, index)?;
    Ok(UpdateContributorInsightsOutput {
        table_name: Some(address.name.clone()),
        contributor_insights_status: status(*insights),
        contributor_insights_mode: mode(*insights),
        index_name: input.index_name,
    })
}

/// The insights of a table or an index.
pub(crate) async fn describe_contributor_insights(
    dynamodb: &DynamoDb,
    call: &Call,
    input: DescribeContributorInsightsInput,
) -> Result<DescribeContributorInsightsOutput, Error> {
    let address = dynamodb.address(call, input.table_name.as_deref())?;
    let known = dynamodb.directory.get(&address)?.ok_or_else(|| Error::NoTableNamed(address.name.clone()))?;
    let mut table = known.table.clone();
    let (insights, _) = place(&address, &mut table, input.index_name.as_deref())?;
    Ok(DescribeContributorInsightsOutput {
        contributor_insights_status: status(*insights),
        contributor_insights_mode: mode(*insights),
        last_update_date_time: insights.map(|insights| insights.since),
        table_name: Some(address.name),
        index_name: input.index_name,
        ..DescribeContributorInsightsOutput::default()
    })
}

/// The insights that are switched on, of a table or of all of the caller's.
pub(crate) async fn list_contributor_insights(
    dynamodb: &DynamoDb,
    call: &Call,
    input: ListContributorInsightsInput,
) -> Result<ListContributorInsightsOutput, Error> {
    let addresses = match input.table_name.as_deref() {
        Some(name) => vec![dynamodb.address(call, Some(name))?],
        None => {
            let names = dynamodb.directory.names(call.account, &call.region).into_iter();
            let address = |name| TableAddress { account: call.account, region: call.region.clone(), name };
            names.map(address).collect()
        }
    };
    let mut all = Vec::new();
    for address in &addresses {
        match dynamodb.directory.get(address)? {
            Some(known) => all.extend(summaries(&known)),
            None if input.table_name.is_some() => return Err(Error::NoTableNamed(address.name.clone())),
            None => {}
        }
    }
    let start = input.next_token.as_deref().map(Position::read).transpose()?;
    all.retain(|summary| start.as_ref().is_none_or(|start| Position::of(summary) > *start));
    let limit = input.max_results.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let limit = limit.unwrap_or(MAX_PAGE).min(MAX_PAGE);
    let more = all.len() > limit;
    all.truncate(limit);
    let next_token = all.last().filter(|_| more).map(|summary| Position::of(summary).write());
    Ok(ListContributorInsightsOutput { contributor_insights_summaries: Some(all), next_token })
}

/// What is switched on of a table, the table itself first.
fn summaries(known: &Known) -> Vec<ContributorInsightsSummary> {
    let summary = |index: Option<&Index>, insights: Option<Insights>| {
        insights.filter(|insights| insights.enabled)?;
        Some(ContributorInsightsSummary {
            table_name: Some(known.address.name.clone()),
            index_name: index.map(|index| index.name.clone()),
            contributor_insights_status: status(insights),
            contributor_insights_mode: mode(insights),
        })
    };
    let mut indexes: Vec<&Index> = known.table.indexes.iter().collect();
    indexes.sort_by(|one, other| one.name.cmp(&other.name));
    let of_indexes = indexes.into_iter().map(|index| summary(Some(index), index.insights));
    std::iter::once(summary(None, known.table.insights)).chain(of_indexes).flatten().collect()
}

/// Where a list is: the table, and the index if it is one's. Neither name can have a slash in it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    table: String,
    index: Option<String>,
}

impl Position {
    fn of(summary: &ContributorInsightsSummary) -> Position {
        Position { table: summary.table_name.clone().unwrap_or_default(), index: summary.index_name.clone() }
    }

    fn write(&self) -> String {
        match &self.index {
            Some(index) => format!("{}/{index}", self.table),
            None => self.table.clone(),
        }
    }

    fn read(token: &str) -> Result<Position, Misuse> {
        let (table, index) = token.split_once('/').map_or((token, None), |(table, index)| (table, Some(index)));
        crate::domain::check_table_name(table).map_err(|_| Misuse::new("Invalid NextToken"))?;
        Ok(Position { table: table.to_owned(), index: index.map(str::to_owned) })
    }
}
