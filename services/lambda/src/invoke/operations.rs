use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use tidegate_api_lambda::{
    InvocationRequest, InvocationResponse, InvokeAsyncRequest, InvokeAsyncResponse, InvokeResponseStreamUpdate,
    InvokeWithResponseStreamCompleteEvent, InvokeWithResponseStreamRequest, InvokeWithResponseStreamResponse,
};
use tidegate_protocol::{Call, EventStream, ServiceError, StreamEvent};

use super::now::{Answer, Asked};
use super::{EventRecord, Ran};
use crate::domain::{FunctionRef, MAX_ASYNC_PAYLOAD, MAX_SYNC_PAYLOAD};
use crate::error::Error;
use crate::service::Lambda;

/// An event that is JSON, or nothing.
fn event(payload: Option<Bytes>, limit: usize) -> Result<Bytes, Error> {
    let payload = payload.unwrap_or_default();
    if payload.len() > limit {
        return Err(Error::PayloadTooLarge { bytes: payload.len(), limit });
    }
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(error) => Err(Error::InvalidContent(format!(
            "Could not parse request body into json: Could not parse payload into json: {error}"
        ))),
    }
}

/// What `X-Amz-Client-Context` says.
fn client_context(given: Option<String>) -> Result<Option<String>, Error> {
    let Some(given) = given else { return Ok(None) };
    let invalid = || Error::InvalidContent("Client context must be a valid Base64-encoded JSON object.".to_owned());
    let decoded = STANDARD.decode(&given).map_err(|_| invalid())?;
    let text = String::from_utf8(decoded).map_err(|_| invalid())?;
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text) {
        Ok(_) => Ok(Some(text)),
        Err(_) => Err(invalid()),
    }
}

/// The version or alias must exist before anything is said of a place or a queue.
fn check(lambda: &Lambda, named: &FunctionRef) -> Result<std::sync::Arc<crate::store::Function>, Error> {
    let function = lambda.known(named)?;
    match function.version(&named.meant(), 0) {
        Some(_) => Ok(function),
        None => Err(Error::NoFunction(named.qualified_arn())),
    }
}

/// Runs a function and waits for it, queues an event for it, or says whether it could be run.
pub(crate) async fn invoke(
    lambda: &Lambda,
    call: &Call,
    input: InvocationRequest,
) -> Result<InvocationResponse, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let function = check(lambda, &named)?;
    let context = client_context(input.client_context)?;
    match input.invocation_type.as_deref() {
        Some("DryRun") => Ok(InvocationResponse { status_code: Some(204), ..InvocationResponse::default() }),
        Some("Event") => {
            let record = EventRecord {
                request_id: call.request_id.clone(),
                function: named.qualified_arn(),
                payload: event(input.payload, MAX_ASYNC_PAYLOAD)?,
                trace: call.trace.clone(),
                client_context: context,
            };
            lambda.queue(&function.address, record).await?;
            Ok(InvocationResponse { status_code: Some(202), ..InvocationResponse::default() })
        }
        _ => {
            let asked = Asked {
                request_id: call.request_id.clone(),
                payload: event(input.payload, MAX_SYNC_PAYLOAD)?,
                client_context: context,
                trace: call.trace.clone(),
                tail: input.log_type.as_deref() == Some("Tail"),
                streaming: false,
            };
            let place = lambda.enter(&function)?;
            let Ran { payload, error, executed_version, log_tail, .. } =
                lambda.run(&named, asked, place).await?.whole().await;
            Ok(InvocationResponse {
                status_code: Some(200),
                function_error: error.map(|error| error.as_str().to_owned()),
                log_result: log_tail.map(|tail| STANDARD.encode(tail)),
                payload: Some(payload),
                executed_version: Some(executed_version),
                durable_execution_arn: None,
            })
        }
    }
}

/// Queues an event: the older form.
pub(crate) async fn invoke_async(
    lambda: &Lambda,
    call: &Call,
    input: InvokeAsyncRequest,
) -> Result<InvokeAsyncResponse, Error> {
    let named = lambda.named(call, input.function_name, None)?;
    let function = check(lambda, &named)?;
    let record = EventRecord {
        request_id: call.request_id.clone(),
        function: named.qualified_arn(),
        payload: event(input.invoke_args, MAX_ASYNC_PAYLOAD)?,
        trace: call.trace.clone(),
        client_context: None,
    };
    lambda.queue(&function.address, record).await?;
    Ok(InvokeAsyncResponse { status: Some(202) })
}

/// Runs a function and answers piece by piece as it does.
pub(crate) async fn invoke_with_response_stream(
    lambda: &Lambda,
    call: &Call,
    input: InvokeWithResponseStreamRequest,
) -> Result<EventStream, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let function = check(lambda, &named)?;
    let tail = input.log_type.as_deref() == Some("Tail");
    let asked = Asked {
        request_id: call.request_id.clone(),
        payload: event(input.payload, MAX_SYNC_PAYLOAD)?,
        client_context: client_context(input.client_context)?,
        trace: call.trace.clone(),
        tail,
        streaming: true,
    };
    let place = lambda.enter(&function)?;
    let began = lambda.run(&named, asked, place).await?;
    let mut head = InvokeWithResponseStreamResponse {
        status_code: Some(200),
        executed_version: Some(began.executed_version.clone()),
        ..InvokeWithResponseStreamResponse::default()
    };
    let events = match began.payload {
        Answer::Whole(payload) => {
            head.response_stream_content_type = Some("application/json".to_owned());
            let complete = match began.error {
                Some(_) => failed(&payload, began.log_tail),
                None => complete(began.log_tail),
            };
            stream::iter([Ok(chunk(payload)), Ok(complete)]).boxed()
        }
        Answer::Stream(answer, place) => {
            head.response_stream_content_type = answer.content_type.clone();
            let (chunks, end) = (answer.chunks, answer.end);
            let pieces = stream::unfold(chunks, |mut chunks| async move { Some((chunks.recv().await?, chunks)) });
            let last = stream::once(async move {
                let end = end.await.unwrap_or_default();
                drop(place);
                Ok::<_, ServiceError>(match end.error {
                    Some((kind, described)) => {
                        let details = String::from_utf8_lossy(&described).into_owned();
                        completed(Some(kind), Some(details), end.log_tail)
                    }
                    None => complete(end.log_tail),
                })
            });
            pieces.map(|piece| Ok(chunk(piece))).chain(last).boxed()
        }
    };
    Ok(EventStream::new(events).headed(head))
}

fn chunk(payload: Bytes) -> StreamEvent {
    let update = InvokeResponseStreamUpdate { payload: Some(payload) };
    StreamEvent { name: "PayloadChunk", shape: Box::new(update) }
}

fn complete(log_tail: Option<Bytes>) -> StreamEvent {
    completed(None, None, log_tail)
}

/// The error of a function that failed before its first byte.
fn failed(payload: &[u8], log_tail: Option<Bytes>) -> StreamEvent {
    let described: serde_json::Value = serde_json::from_slice(payload).unwrap_or_default();
    let kind = described["errorType"].as_str().unwrap_or("Unhandled").to_owned();
    completed(Some(kind), Some(String::from_utf8_lossy(payload).into_owned()), log_tail)
}

fn completed(error_code: Option<String>, error_details: Option<String>, log_tail: Option<Bytes>) -> StreamEvent {
    let log_result = log_tail.map(|tail| STANDARD.encode(tail));
    let complete = InvokeWithResponseStreamCompleteEvent { error_code, error_details, log_result };
    StreamEvent { name: "InvokeComplete", shape: Box::new(complete) }
}
