//! Configurations of which a bucket may have several: analytics, intelligent tiering, inventory and metrics.
//! Kept and shown; nothing is analysed, moved, counted or listed by them.

use tidegate_api_s3::{
    AnalyticsConfiguration, DeleteBucketAnalyticsConfigurationRequest,
    DeleteBucketIntelligentTieringConfigurationRequest, DeleteBucketInventoryConfigurationRequest,
    DeleteBucketMetricsConfigurationRequest, GetBucketAnalyticsConfigurationOutput,
    GetBucketAnalyticsConfigurationRequest, GetBucketIntelligentTieringConfigurationOutput,
    GetBucketIntelligentTieringConfigurationRequest, GetBucketInventoryConfigurationOutput,
    GetBucketInventoryConfigurationRequest, GetBucketMetricsConfigurationOutput, GetBucketMetricsConfigurationRequest,
    IntelligentTieringConfiguration, InventoryConfiguration, ListBucketAnalyticsConfigurationsOutput,
    ListBucketAnalyticsConfigurationsRequest, ListBucketIntelligentTieringConfigurationsOutput,
    ListBucketIntelligentTieringConfigurationsRequest, ListBucketInventoryConfigurationsOutput,
    ListBucketInventoryConfigurationsRequest, ListBucketMetricsConfigurationsOutput,
    ListBucketMetricsConfigurationsRequest, MetricsConfiguration, PutBucketAnalyticsConfigurationRequest,
    PutBucketIntelligentTieringConfigurationRequest, PutBucketInventoryConfigurationRequest,
    PutBucketMetricsConfigurationRequest,
};
use tidegate_protocol::rest_xml::XmlReader;
use tidegate_protocol::{Call, Shape};

use super::{document, invalid, keep, missing};
use crate::error::Error;
use crate::service::S3;
use crate::store::{Bucket, ConfigKey, ConfigKind};

/// The most configurations of a kind.
const MAX_LISTED: usize = 1000;
/// How many a list shows at once.
const PAGE: usize = 100;
const MAX_ID: usize = 64;

/// What a request is about.
struct About<'a> {
    bucket: Option<&'a str>,
    owner: Option<&'a str>,
    kind: ConfigKind,
}

impl About<'_> {
    fn bucket(&self, s3: &S3) -> Result<Bucket, Error> {
        s3.bucket_of(self.bucket, self.owner)
    }

    async fn put(
        self,
        s3: &S3,
        id: Option<String>,
        root: &'static str,
        (own, shape): (Option<&str>, &impl Shape),
    ) -> Result<(), Error> {
        let bucket = self.bucket(s3)?;
        let id = id.unwrap_or_default();
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(letters) {
            return Err(invalid("The ID is not valid", "id", id));
        }
        if own != Some(id.as_str()) {
            return Err(invalid("The ID in the configuration is not the ID in the request", "Id", id));
        }
        if bucket.documents(self.kind).filter(|(other, _)| *other != id).count() >= MAX_LISTED {
            let words = "You are attempting to create a new configuration but have already reached the \
                         1,000-configuration limit.";
            return Err(Error::Refused { code: "TooManyConfigurations", status: 400, words: words.to_owned() });
        }
        keep(s3, &bucket, ConfigKey { kind: self.kind, id }, Some(document(root, shape))).await
    }

    fn get<T: Shape>(self, s3: &S3, id: Option<&str>) -> Result<T, Error> {
        let bucket = self.bucket(s3)?;
        let found = bucket.documents(self.kind).find(|(other, _)| Some(*other) == id);
        found.map_or_else(|| Err(absent(&bucket)), |(_, document)| read(document))
    }

    async fn delete(self, s3: &S3, id: Option<String>) -> Result<(), Error> {
        let bucket = self.bucket(s3)?;
        let id = id.unwrap_or_default();
        if !bucket.documents(self.kind).any(|(other, _)| other == id) {
            return Err(absent(&bucket));
        }
        keep(s3, &bucket, ConfigKey { kind: self.kind, id }, None).await
    }

    /// The configurations behind a token, and the token of those behind them.
    fn list<T: Shape>(self, s3: &S3, after: Option<&str>) -> Result<(Vec<T>, Option<String>), Error> {
        let bucket = self.bucket(s3)?;
        let mut rest = bucket.documents(self.kind).filter(|(id, _)| after.is_none_or(|after| *id > after)).peekable();
        let (mut shown, mut last) = (Vec::new(), None);
        while let Some((id, document)) = rest.next_if(|_| shown.len() < PAGE) {
            shown.push(read(document)?);
            last = Some(id.to_owned());
        }
        Ok((shown, last.filter(|_| rest.peek().is_some())))
    }
}

fn read<T: Shape>(document: &str) -> Result<T, Error> {
    let read = XmlReader::new(document.as_bytes()).and_then(|mut reader| T::read(&mut reader));
    read.map_err(|_| Error::MalformedXml)
}

fn absent(bucket: &Bucket) -> Error {
    missing(bucket, "NoSuchConfiguration", "The specified configuration does not exist.")
}

/// What a request of any of the four kinds is about.
macro_rules! about {
    ($input:expr, $kind:ident) => {
        About {
            bucket: $input.bucket.as_deref(),
            owner: $input.expected_bucket_owner.as_deref(),
            kind: ConfigKind::$kind,
        }
    };
}

/// `PutBucketAnalyticsConfiguration`
pub(crate) async fn put_bucket_analytics_configuration(
    s3: &S3,
    _call: &Call,
    input: PutBucketAnalyticsConfigurationRequest,
) -> Result<(), Error> {
    let config = input.analytics_configuration.as_ref().ok_or(Error::MalformedXml)?;
    about!(input, Analytics).put(s3, input.id.clone(), "AnalyticsConfiguration", (config.id.as_deref(), config)).await
}

/// `GetBucketAnalyticsConfiguration`
pub(crate) async fn get_bucket_analytics_configuration(
    s3: &S3,
    _call: &Call,
    input: GetBucketAnalyticsConfigurationRequest,
) -> Result<GetBucketAnalyticsConfigurationOutput, Error> {
    let config: AnalyticsConfiguration = about!(input, Analytics).get(s3, input.id.as_deref())?;
    Ok(GetBucketAnalyticsConfigurationOutput { analytics_configuration: Some(config) })
}

/// `DeleteBucketAnalyticsConfiguration`
pub(crate) async fn delete_bucket_analytics_configuration(
    s3: &S3,
    _call: &Call,
    input: DeleteBucketAnalyticsConfigurationRequest,
) -> Result<(), Error> {
    about!(input, Analytics).delete(s3, input.id.clone()).await
}

/// `ListBucketAnalyticsConfigurations`
pub(crate) async fn list_bucket_analytics_configurations(
    s3: &S3,
    _call: &Call,
    input: ListBucketAnalyticsConfigurationsRequest,
) -> Result<ListBucketAnalyticsConfigurationsOutput, Error> {
    let (shown, next) = about!(input, Analytics).list(s3, input.continuation_token.as_deref())?;
    Ok(ListBucketAnalyticsConfigurationsOutput {
        is_truncated: Some(next.is_some()),
        continuation_token: input.continuation_token,
        next_continuation_token: next,
        analytics_configuration_list: (!shown.is_empty()).then_some(shown),
    })
}

/// `PutBucketIntelligentTieringConfiguration`
pub(crate) async fn put_bucket_intelligent_tiering_configuration(
    s3: &S3,
    _call: &Call,
    input: PutBucketIntelligentTieringConfigurationRequest,
) -> Result<(), Error> {
    let config = input.intelligent_tiering_configuration.as_ref().ok_or(Error::MalformedXml)?;
    about!(input, IntelligentTiering)
        .put(s3, input.id.clone(), "IntelligentTieringConfiguration", (config.id.as_deref(), config))
        .await
}

/// `GetBucketIntelligentTieringConfiguration`
pub(crate) async fn get_bucket_intelligent_tiering_configuration(
    s3: &S3,
    _call: &Call,
    input: GetBucketIntelligentTieringConfigurationRequest,
) -> Result<GetBucketIntelligentTieringConfigurationOutput, Error> {
    let config: IntelligentTieringConfiguration = about!(input, IntelligentTiering).get(s3, input.id.as_deref())?;
    Ok(GetBucketIntelligentTieringConfigurationOutput { intelligent_tiering_configuration: Some(config) })
}

/// `DeleteBucketIntelligentTieringConfiguration`
pub(crate) async fn delete_bucket_intelligent_tiering_configuration(
    s3: &S3,
    _call: &Call,
    input: DeleteBucketIntelligentTieringConfigurationRequest,
) -> Result<(), Error> {
    about!(input, IntelligentTiering).delete(s3, input.id.clone()).await
}

/// `ListBucketIntelligentTieringConfigurations`
pub(crate) async fn list_bucket_intelligent_tiering_configurations(
    s3: &S3,
    _call: &Call,
    input: ListBucketIntelligentTieringConfigurationsRequest,
) -> Result<ListBucketIntelligentTieringConfigurationsOutput, Error> {
    let (shown, next) = about!(input, IntelligentTiering).list(s3, input.continuation_token.as_deref())?;
    Ok(ListBucketIntelligentTieringConfigurationsOutput {
        is_truncated: Some(next.is_some()),
        continuation_token: input.continuation_token,
        next_continuation_token: next,
        intelligent_tiering_configuration_list: (!shown.is_empty()).then_some(shown),
    })
}

/// `PutBucketInventoryConfiguration`
pub(crate) async fn put_bucket_inventory_configuration(
    s3: &S3,
    _call: &Call,
    input: PutBucketInventoryConfigurationRequest,
) -> Result<(), Error> {
    let config = input.inventory_configuration.as_ref().ok_or(Error::MalformedXml)?;
    about!(input, Inventory).put(s3, input.id.clone(), "InventoryConfiguration", (config.id.as_deref(), config)).await
}

/// `GetBucketInventoryConfiguration`
pub(crate) async fn get_bucket_inventory_configuration(
    s3: &S3,
    _call: &Call,
    input: GetBucketInventoryConfigurationRequest,
) -> Result<GetBucketInventoryConfigurationOutput, Error> {
    let config: InventoryConfiguration = about!(input, Inventory).get(s3, input.id.as_deref())?;
    Ok(GetBucketInventoryConfigurationOutput { inventory_configuration: Some(config) })
}

/// `DeleteBucketInventoryConfiguration`
pub(crate) async fn delete_bucket_inventory_configuration(
    s3: &S3,
    _call: &Call,
    input: DeleteBucketInventoryConfigurationRequest,
) -> Result<(), Error> {
    about!(input, Inventory).delete(s3, input.id.clone()).await
}

/// `ListBucketInventoryConfigurations`
pub(crate) async fn list_bucket_inventory_configurations(
    s3: &S3,
    _call: &Call,
    input: ListBucketInventoryConfigurationsRequest,
) -> Result<ListBucketInventoryConfigurationsOutput, Error> {
    let (shown, next) = about!(input, Inventory).list(s3, input.continuation_token.as_deref())?;
    Ok(ListBucketInventoryConfigurationsOutput {
        is_truncated: Some(next.is_some()),
        continuation_token: input.continuation_token,
        next_continuation_token: next,
        inventory_configuration_list: (!shown.is_empty()).then_some(shown),
    })
}

/// `PutBucketMetricsConfiguration`
pub(crate) async fn put_bucket_metrics_configuration(
    s3: &S3,
    _call: &Call,
    input: PutBucketMetricsConfigurationRequest,
) -> Result<(), Error> {
    let config = input.metrics_configuration.as_ref().ok_or(Error::MalformedXml)?;
    about!(input, Metrics).put(s3, input.id.clone(), "MetricsConfiguration", (config.id.as_deref(), config)).await
}

/// `GetBucketMetricsConfiguration`
pub(crate) async fn get_bucket_metrics_configuration(
    s3: &S3,
    _call: &Call,
    input: GetBucketMetricsConfigurationRequest,
) -> Result<GetBucketMetricsConfigurationOutput, Error> {
    let config: MetricsConfiguration = about!(input, Metrics).get(s3, input.id.as_deref())?;
    Ok(GetBucketMetricsConfigurationOutput { metrics_configuration: Some(config) })
}

/// `DeleteBucketMetricsConfiguration`
pub(crate) async fn delete_bucket_metrics_configuration(
    s3: &S3,
    _call: &Call,
    input: DeleteBucketMetricsConfigurationRequest,
) -> Result<(), Error> {
    about!(input, Metrics).delete(s3, input.id.clone()).await
}

/// `ListBucketMetricsConfigurations`
pub(crate) async fn list_bucket_metrics_configurations(
    s3: &S3,
    _call: &Call,
    input: ListBucketMetricsConfigurationsRequest,
) -> Result<ListBucketMetricsConfigurationsOutput, Error> {
    let (shown, next) = about!(input, Metrics).list(s3, input.continuation_token.as_deref())?;
    Ok(ListBucketMetricsConfigurationsOutput {
        is_truncated: Some(next.is_some()),
        continuation_token: input.continuation_token,
        next_continuation_token: next,
        metrics_configuration_list: (!shown.is_empty()).then_some(shown),
    })
}
