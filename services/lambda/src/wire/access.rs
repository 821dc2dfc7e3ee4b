//! Which permissions each operation needs: the action and the function.
//!
//! A function is held against policies by its ARN, with the qualifier if the request names one; what belongs
//! to all of an account by `*`. As "Actions, resources, and condition keys for AWS Lambda" has it.

use tidegate_protocol::{Access, Call, Coverage, Members, Need, Needs, ServiceError, needs_by_name};

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
    let mut needs = match (other, named) {
        (Some(arn), _) => vec![Need::new(action, arn)],
        (None, Some(name)) => {
            let named = FunctionRef::parse(name, input.text("Qualifier"), call.account, &call.region);
            let named = named.map_err(|error| ServiceError::from(Error::from(error)))?;
            let known = lambda.known(&named).ok();
            let tags = known.iter().flat_map(|function| &function.record.tags);
            let need = Need::new(action, named.qualified_arn())
                .with_resource_tags(tags.map(|(name, value)| (name.as_str(), value.as_str())));
            vec![need]
        }
        (None, None) => vec![match layer_of(call, input) {
            Some(layer) => Need::new(action, layer),
            None => Need::anywhere(action),
        }],
    };
    for need in &mut needs {
        *need = need
            .clone()
            .with_request_tags(input.pairs("Tags"))
            .with_tag_names(input.list("TagKeys").iter().map(String::as_str))
            .with_some("lambda:Principal", input.text("Principal"))
            .with_some(
                "lambda:FunctionUrlAuthType",
                input.text("AuthType").or_else(|| input.text("FunctionUrlAuthType")),
            );
    }
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
