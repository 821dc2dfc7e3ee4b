//! Which permissions each operation needs: the action and the function.
//!
//! A function is held against policies by its ARN, with the qualifier if the request names one; what belongs
//! to all of an account by `*`. As "Actions, resources, and condition keys for AWS Lambda" has it.

use tidegate_protocol::{Access, Call, Coverage, Members, Need, Needs, ServiceError, needs_by_name};

use tidegate_types::Arn;

use super::COVERAGE;
use crate::domain::{FunctionRef, LayerName};
use crate::error::Error;
use crate::service::Lambda;

/// What may have tags besides functions, as their ARNs tell.
const OTHERS: [&str; 2] = [":event-source-mapping:", ":code-signing-config:"];

/// Every operation and what it needs.
pub(crate) fn accesses() -> impl Iterator<Item = (&'static str, Access<Lambda>)> {
    let served = COVERAGE.iter().filter(|(_, coverage)| *coverage != Coverage::NotImplemented);
    served.map(|(name, _)| (*name, needs_by_name(needs_of)))
}

fn needs_of(lambda: &Lambda, call: &Call, input: &Members) -> Result<Needs, ServiceError> {
    let operation = call.operation.name;
    let action = match operation {
        "Invoke" | "InvokeWithResponseStream" => "lambda:InvokeFunction".to_owned(),
        "GetLayerVersionByArn" => "lambda:GetLayerVersion".to_owned(),
        _ => format!("lambda:{operation}"),
    };
    // Tags name by `Resource` what they belong to: a function, if it is not the ARN of something else.
    let resource = input.text("Resource");
    let other = resource.filter(|arn| OTHERS.iter().any(|kind| arn.contains(kind)));
    let named = input.text("FunctionName").or(resource);
    let need = match (other, named) {
        _ if operation.contains("EventSourceMapping") => on_mapping(lambda, call, input, action)?,
        (Some(arn), _) => Need::new(action, arn),
        (None, Some(name)) => on_function(lambda, call, input, action, name)?,
        (None, None) => match layer_of(call, input) {
            Some(layer) => Need::new(action, layer),
            None => Need::anywhere(action),
        },
    };
    let need = described(need, input);
    // What is tagged as it is created needs the permission to tag.
    let tagging = input.pairs("Tags").next().filter(|_| operation.starts_with("Create")).map(|_| {
        let created = match operation {
            "CreateEventSourceMapping" => own(call, "event-source-mapping:*"),
            "CreateCodeSigningConfig" => own(call, "code-signing-config:*"),
            _ => need.resource.clone(),
        };
        described(Need::new("lambda:TagResource", created), input)
    });
    let mut needs = vec![need];
    needs.extend(tagging);
    // Whoever gives a function a configuration needs it for both.
    if let (true, Some(config)) = (operation == "PutFunctionCodeSigningConfig", input.text("CodeSigningConfigArn")) {
        needs.push(Need::new("lambda:PutFunctionCodeSigningConfig", config));
    }
    for layer in input.list("Layers") {
        needs.push(Need::new("lambda:GetLayerVersion", layer.as_str()));
    }
    if let Some(role) = input.text("Role") {
        needs.push(Need::new("iam:PassRole", role).with("iam:PassedToService", "lambda.amazonaws.com"));
    }
    Ok(Needs::All(needs))
}

/// With what the request says of itself.
fn described(need: Need, input: &Members) -> Need {
    let config = input.text("CodeSigningConfigArn");
    need.with_request_tags(input.pairs("Tags"))
        .with_tag_names(input.list("TagKeys").iter().map(String::as_str))
        .with_some("lambda:Principal", input.text("Principal"))
        .with_some("lambda:FunctionUrlAuthType", input.text("AuthType").or_else(|| input.text("FunctionUrlAuthType")))
        .with_some("lambda:CodeSigningConfigArn", config.filter(|_| input.text("FunctionName").is_some()))
        .with_all("lambda:Layer", input.list("Layers").to_vec())
        .with_all("lambda:SubnetIds", input.within("VpcConfig", "SubnetIds").to_vec())
        .with_all("lambda:SecurityGroupIds", input.within("VpcConfig", "SecurityGroupIds").to_vec())
}

fn own(call: &Call, resource: &str) -> String {
    Arn::new("lambda", &call.region, call.account, resource).to_string()
}

fn function_of(call: &Call, input: &Members, name: &str) -> Result<FunctionRef, ServiceError> {
    let named = FunctionRef::parse(name, input.text("Qualifier"), call.account, &call.region);
    named.map_err(|error| ServiceError::from(Error::from(error)))
}

fn on_function(
    lambda: &Lambda,
    call: &Call,
    input: &Members,
    action: String,
    name: &str,
) -> Result<Need, ServiceError> {
    let named = function_of(call, input, name)?;
    let known = lambda.known(&named).ok();
    let tags = known.iter().flat_map(|function| &function.record.tags);
    let arn = named.qualified_arn();
    let is_of_url = action.contains("FunctionUrlConfig");
    let need = Need::new(action, arn.clone()).with_some("lambda:FunctionArn", Some(arn).filter(|_| is_of_url));
    Ok(need.with_resource_tags(tags.map(|(name, value)| (name.as_str(), value.as_str()))))
}

/// A mapping is its own resource; one that is yet to be is none. Which function it calls is a condition key.
fn on_mapping(lambda: &Lambda, call: &Call, input: &Members, action: String) -> Result<Need, ServiceError> {
    let given = input.text("FunctionName").map(|name| function_of(call, input, name)).transpose()?;
    let given = given.map(|function| function.qualified_arn());
    let Some(id) = input.text("UUID") else {
        let is_condition = action.ends_with(":CreateEventSourceMapping");
        return Ok(Need::anywhere(action).with_some("lambda:FunctionArn", given.filter(|_| is_condition)));
    };
    let need = Need::new(action, own(call, &format!("event-source-mapping:{id}")));
    let known = id.parse().ok().and_then(|id| lambda.following.mappings.get(id));
    let known = known.filter(|known| known.account == call.account && known.region == call.region);
    let calls = given.or_else(|| known.as_ref().map(|known| known.function.to_string()));
    let tags = known.iter().flat_map(|known| &known.tags);
    Ok(need
        .with_some("lambda:FunctionArn", calls)
        .with_resource_tags(tags.map(|(name, value)| (name.as_str(), value.as_str()))))
}

/// The layer, or the version of one, that a request names. Lists are of all of an account's.
fn layer_of(call: &Call, input: &Members) -> Option<String> {
    if let Some(arn) = input.text("Arn").or_else(|| input.text("CodeSigningConfigArn")) {
        return Some(arn.to_owned());
    }
    if call.operation.name.starts_with("List") {
        return None;
    }
    let layer = LayerName::parse(input.text("LayerName")?, call.account, &call.region)?;
    Some(match input.text("VersionNumber") {
        Some(version) => format!("{}:{version}", layer.arn()),
        None => layer.arn().to_string(),
    })
}
