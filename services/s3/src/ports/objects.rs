use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use tidegate_api_s3::MODEL;
use tidegate_ports::{Acting, ObjectAddress, ObjectRefusal, Objects, StoredObject};
use tidegate_protocol::{Call, Caller, ProtocolId, ServiceError};
use tidegate_types::AccountId;

use crate::domain::Event;
use crate::error::Error;
use crate::ops::content::keep;
use crate::ops::{Fields, Put, Reading, Write, opened, shown_version};
use crate::service::S3;
use crate::store::{Bucket, Headers};
use crate::wire;

/// Buckets, as other services see them.
pub(crate) struct BucketObjects {
    s3: Arc<S3>,
}

impl BucketObjects {
    pub(crate) fn new(s3: Arc<S3>) -> BucketObjects {
        BucketObjects { s3 }
    }

    /// The bucket of an address, if whoever acts may do this with the object.
    async fn bucket(
        &self,
        acting: Acting<'_>,
        address: &ObjectAddress,
        action: &'static str,
    ) -> Result<Bucket, ObjectRefusal> {
        let bucket = self.s3.bucket(Some(&address.bucket)).map_err(refusal)?;
        match acting {
            Acting::Account(account) if account == bucket.record.account => Ok(bucket),
            Acting::Account(_) => Err(ObjectRefusal::Denied),
            Acting::Caller(call) => {
                let version = address.version.as_deref();
                wire::may(&self.s3, call, action, &bucket, &address.key, version).await.map_err(refusal)?;
                Ok(bucket)
            }
        }
    }

    async fn read(
        &self,
        acting: Acting<'_>,
        address: &ObjectAddress,
        most: u64,
    ) -> Result<StoredObject, ObjectRefusal> {
        let action = if address.version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
        let bucket = self.bucket(acting, address, action).await?;
        let reading = Reading { version: address.version.as_deref(), wants_body: true, ..Reading::default() };
        let (bucket, reading) = (&bucket, &reading);
        let view = async || {
            let viewed = reading.view(&self.s3, bucket, &address.key).await?;
            let (content, range) = (viewed.object().content, viewed.range.clone());
            Ok((viewed, content, range))
        };
        let (viewed, opened) = opened(&self.s3, view).await.map_err(refusal)?;
        let size = viewed.object().size;
        if size > most {
            return Err(ObjectRefusal::TooLarge { size, most });
        }
        let (mut body, mut pieces) = (BytesMut::new(), opened.into_pieces());
        while let Some(piece) = pieces.next().await {
            body.extend_from_slice(&piece.map_err(|error| refusal(error.into()))?);
        }
        Ok(StoredObject { body: body.freeze(), version: shown_version(bucket, &viewed.version) })
    }

    async fn write(
        &self,
        acting: Acting<'_>,
        address: &ObjectAddress,
        body: Bytes,
        content_type: &str,
    ) -> Result<(), ObjectRefusal> {
        let bucket = self.bucket(acting, address, "s3:PutObject").await?;
        let call = &match acting {
            Acting::Caller(call) => call.clone(),
            Acting::Account(account) => self.call_of(account, &bucket),
        };
        let headers = Headers { content_type: Some(content_type.to_owned()), ..Headers::default() };
        let draft = Fields { headers, ..Fields::default() }.check(call, &bucket, self.s3.now()).map_err(refusal)?;
        let received = keep(&self.s3, body).await.map_err(refusal)?;
        let (key, write) = (address.key.as_str(), Write::default());
        let put = Put { s3: &self.s3, call, bucket: &bucket, key, event: Event::Put, write };
        put.received(&draft, received).await.map(drop).map_err(refusal)
    }

    /// The call of a service that acts for an account.
    fn call_of(&self, account: AccountId, bucket: &Bucket) -> Call {
        Call {
            operation: MODEL.operation("PutObject").expect("the model has it"),
            account,
            region: bucket.record.region.clone(),
            caller: Caller::root(account),
            base_url: String::new(),
            request_id: self.s3.env.uuid().to_string(),
            trace: None,
            path: String::new(),
            protocol: ProtocolId::RestXml,
            user_agent: None,
            http: None,
        }
    }
}

fn refusal(error: Error) -> ObjectRefusal {
    let error = ServiceError::from(error);
    match (error.shape.code, error.shape.status) {
        ("NoSuchBucket", _) => ObjectRefusal::NoSuchBucket,
        ("NoSuchKey", _) => ObjectRefusal::NoSuchKey,
        ("NoSuchVersion" | "MethodNotAllowed", _) => ObjectRefusal::NoSuchVersion,
        (_, 403) => ObjectRefusal::Denied,
        _ => ObjectRefusal::Unavailable(error.message),
    }
}

impl Objects for BucketObjects {
    fn read<'a>(
        &'a self,
        acting: Acting<'a>,
        address: &'a ObjectAddress,
        most: u64,
    ) -> BoxFuture<'a, Result<StoredObject, ObjectRefusal>> {
        self.read(acting, address, most).boxed()
    }

    fn write<'a>(
        &'a self,
        acting: Acting<'a>,
        address: &'a ObjectAddress,
        body: Bytes,
        content_type: &'a str,
    ) -> BoxFuture<'a, Result<(), ObjectRefusal>> {
        self.write(acting, address, body, content_type).boxed()
    }
}
