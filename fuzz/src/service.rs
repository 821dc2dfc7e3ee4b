use tidegate_protocol::aws_json::JsonReader;
use tidegate_protocol::{Call, Caller, ProtocolId, Service};
use tidegate_types::{AccountId, Region};
use tokio::runtime::Runtime;

/// Sends a body in JSON to one of a service's operations; `None` if it was refused.
///
/// # Panics
/// If there is no such operation, or if it fails by the service's own fault. What is not there yet may say so.
pub fn call(runtime: &Runtime, service: &dyn Service, name: &str, body: &[u8]) -> Option<()> {
    let call = Call {
        operation: service.model().operation(name).expect("the target knows the operations that it calls"),
        account: AccountId::DEFAULT,
        region: Region::us_east_1(),
        caller: Caller::root(AccountId::DEFAULT),
        base_url: "http://localhost:4566".to_owned(),
        request_id: String::new(),
        trace: None,
        path: "/".to_owned(),
        protocol: ProtocolId::AwsJson1_0,
        user_agent: None,
        http: None,
    };
    let mut reader = JsonReader::new(body).ok()?;
    let answer = match service.call(&call, &mut reader) {
        Ok(running) => runtime.block_on(running).map(drop),
        Err(error) => Err(error),
    };
    if let Err(error) = &answer {
        let is_known = error.shape.status < 500 || error.shape.status == 501;
        assert!(is_known, "{name} {}: {}", String::from_utf8_lossy(body), error.message);
    }
    answer.ok()
}
