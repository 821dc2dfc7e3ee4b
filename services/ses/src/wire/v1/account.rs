//! What holds for the account, and how much it sent.

use tidegate_api_ses as api;

use crate::desk::Desk;
use crate::error::Error;
use crate::ops::statistics;

pub(crate) async fn get_send_quota(desk: Desk<'_>, _: &()) -> Result<api::GetSendQuotaResponse, Error> {
    let quota = statistics::quota(&desk);
    let sent = statistics::sent_today(&desk).await?;
    Ok(api::GetSendQuotaResponse {
        max24_hour_send: Some(quota.per_day),
        max_send_rate: Some(quota.per_second),
        sent_last24_hours: Some(sent as f64),
    })
}

pub(crate) async fn get_send_statistics(desk: Desk<'_>, _: &()) -> Result<api::GetSendStatisticsResponse, Error> {
    let all = statistics::all(&desk).await?;
    let count = |count: u64| Some(i64::try_from(count).unwrap_or(i64::MAX));
    let points = all.into_iter().map(|(at, counters)| api::SendDataPoint {
        timestamp: Some(at),
        delivery_attempts: count(counters.attempts),
        bounces: count(counters.bounces),
        complaints: count(counters.complaints),
        rejects: count(counters.rejects),
    });
    Ok(api::GetSendStatisticsResponse { send_data_points: Some(points.collect()) })
}

pub(crate) async fn get_account_sending_enabled(
    mut desk: Desk<'_>,
    _: &(),
) -> Result<api::GetAccountSendingEnabledResponse, Error> {
    let settings = desk.shelf.settings().await?;
    Ok(api::GetAccountSendingEnabledResponse { enabled: Some(settings.sending_enabled) })
}

pub(crate) async fn update_account_sending_enabled(
    mut desk: Desk<'_>,
    input: &api::UpdateAccountSendingEnabledRequest,
) -> Result<(), Error> {
    let mut settings = desk.shelf.settings().await?;
    settings.sending_enabled = input.enabled.unwrap_or(false);
    desk.shelf.put(&settings);
    Ok(())
}
