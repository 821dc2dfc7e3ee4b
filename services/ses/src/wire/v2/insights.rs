//! What became of mails.

use std::collections::BTreeMap;

use tidegate_api_sesv2 as api;
use tidegate_types::Timestamp;

use crate::desk::Desk;
use crate::domain::address::domain_of;
use crate::error::{Error, Thing};
use crate::ops::outcomes::find_sent;
use crate::ops::statistics;
use crate::store::Counters;
use crate::wire::text;

/// A day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

pub(crate) async fn get_message_insights(
    desk: Desk<'_>,
    input: &api::GetMessageInsightsRequest,
) -> Result<api::GetMessageInsightsResponse, Error> {
    let id = text(&input.message_id);
    let place = desk.shelf.place;
    let found = find_sent(desk.shelf.tx, id).await?.filter(|sent| {
        // What came in is nobody's sent mail.
        (sent.account, &sent.region) == (place.account, &place.region) && sent.facts.operation.starts_with("Send")
    });
    let sent = found.ok_or_else(|| Error::NoSuch(Thing::Resource, format!("Message {id} does not exist.")))?;
    let facts = &sent.facts;
    let event = |at: u64, what: &str| api::InsightsEvent {
        timestamp: Some(Timestamp::from_millis(at)),
        r#type: Some(what.to_owned()),
        details: None,
    };
    let insights = facts.destination.iter().map(|destination| {
        let own = facts.outcomes.iter().filter(|(recipient, ..)| recipient == destination);
        let events = std::iter::once(event(facts.at, "SEND")).chain(own.map(|(_, what, at)| event(*at, what)));
        api::EmailInsights {
            isp: Some(domain_of(destination).to_owned()),
            events: Some(events.collect()),
            destination: Some(destination.clone()),
        }
    });
    let header = |wanted: &str| facts.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let tags = facts.tags.iter().filter(|(name, _)| !name.starts_with("ses:"));
    let tags = tags.map(|(name, values)| api::MessageTag { name: Some(name.clone()), value: values.first().cloned() });
    Ok(api::GetMessageInsightsResponse {
        from_email_address: header("From").map(|(_, value)| value.clone()),
        subject: header("Subject").map(|(_, value)| value.clone()),
        email_tags: Some(tags.collect()),
        insights: Some(insights.collect()),
        message_id: Some(sent.id),
    })
}

pub(crate) async fn batch_get_metric_data(
    desk: Desk<'_>,
    input: &api::BatchGetMetricDataRequest,
) -> Result<api::BatchGetMetricDataResponse, Error> {
    let all = statistics::all(&desk).await?;
    let results = input.queries.iter().flatten().map(|query| result(query, &all));
    Ok(api::BatchGetMetricDataResponse { results: Some(results.collect()), errors: Some(Vec::new()) })
}

/// One metric by days. Mails that are opened and links that are followed are not counted.
fn result(query: &api::BatchGetMetricDataQuery, all: &[(Timestamp, Counters)]) -> api::MetricDataResult {
    let value = |counters: &Counters| match text(&query.metric) {
        "SEND" => counters.attempts,
        "DELIVERY" => counters.deliveries,
        "PERMANENT_BOUNCE" => counters.bounces,
        "TRANSIENT_BOUNCE" => counters.transient,
        "COMPLAINT" | "DELIVERY_COMPLAINT" => counters.complaints,
        _ => 0,
    };
    let mut days: BTreeMap<Timestamp, u64> = BTreeMap::new();
    let within =
        |at: Timestamp| query.start_date.is_none_or(|start| start <= at) && query.end_date.is_none_or(|end| at <= end);
    for (at, counters) in all.iter().filter(|(at, _)| within(*at)) {
        let day = Timestamp::from_millis(at.as_millis() / DAY_MS * DAY_MS);
        *days.entry(day).or_default() += value(counters);
    }
    days.retain(|_, count| *count > 0);
    api::MetricDataResult {
        id: query.id.clone(),
        timestamps: Some(days.keys().copied().collect()),
        values: Some(days.values().map(|count| i64::try_from(*count).unwrap_or(i64::MAX)).collect()),
    }
}
