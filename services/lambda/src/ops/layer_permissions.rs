use serde_json::{Value, json};
use tidegate_api_lambda::{
    AddLayerVersionPermissionRequest, AddLayerVersionPermissionResponse, GetLayerVersionPolicyRequest,
    GetLayerVersionPolicyResponse, RemoveLayerVersionPermissionRequest,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::layers::{named, number};
use super::{check_revision, document, read};
use crate::domain::LayerName;
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{LayerVersionRecord, PolicyRecord, StatementRecord, keys};

const ACTION: &str = "lambda:GetLayerVersion";
const GETTER: &str = "GetLayerPolicy";

/// The statement that a request asks for, as AWS writes it.
fn statement(input: &AddLayerVersionPermissionRequest, resource: &str) -> Result<Value, Error> {
    let action = input.action.as_deref().unwrap_or_default();
    if action != ACTION {
        return Err(Error::Validation(format!(
            "1 validation error detected: Value '{action}' at 'action' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: {ACTION}"
        )));
    }
    let principal = match input.principal.as_deref().unwrap_or_default() {
        "*" => json!("*"),
        account if account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit()) => {
            json!({ "AWS": format!("arn:aws:iam::{account}:root") })
        }
        arn if arn.starts_with("arn:") => json!({ "AWS": arn }),
        other => {
            return Err(Error::Validation(format!(
                "1 validation error detected: Value '{other}' at 'principal' failed to satisfy constraint: Member \
                 must satisfy regular expression pattern: \\d{{12}}|\\*|arn:(aws[a-zA-Z-]*):iam::\\d{{12}}:root"
            )));
        }
    };
    let mut statement = json!({
        "Sid": input.statement_id,
        "Effect": "Allow",
        "Principal": principal,
        "Action": ACTION,
        "Resource": resource,
    });
    if let Some(organization) = &input.organization_id {
        statement["Condition"] = json!({ "StringEquals": { "aws:PrincipalOrgID": organization } });
    }
    Ok(statement)
}

/// A version as this transaction sees it.
async fn read_version(tx: &mut Tx, name: &LayerName, version: u64) -> Result<LayerVersionRecord, Error> {
    let found = read::<LayerVersionRecord>(tx, &keys::layer_version(name, version)).await?;
    let found = found.filter(|record| !record.is_deleted);
    found.ok_or_else(|| Error::NoLayerVersion(name.version_arn(version)))
}

/// Lets others use a version of a layer.
pub(crate) async fn add_layer_version_permission(
    lambda: &Lambda,
    call: &Call,
    input: AddLayerVersionPermissionRequest,
) -> Result<AddLayerVersionPermissionResponse, Error> {
    let name = &named(call, input.layer_name.clone())?;
    let version = number(input.version_number)?;
    let text = statement(&input, &name.version_arn(version))?.to_string();
    let sid = input.statement_id.clone().unwrap_or_default();
    let statement = &StatementRecord { sid, text: text.clone() };
    let (fresh, given) = (&lambda.env.uuid().to_string(), input.revision_id.as_deref());
    lambda
        .transact(&[keys::layer(name)], async |tx: &mut Tx| {
            let mut record = read_version(tx, name, version).await?;
            let mut policy =
                record.policy.take().unwrap_or(PolicyRecord { revision: String::new(), statements: Vec::new() });
            check_revision(given, &policy.revision, GETTER)?;
            if policy.statements.iter().any(|present| present.sid == statement.sid) {
                return Err(Error::StatementExists(statement.sid.clone()));
            }
            policy.statements.push(statement.clone());
            policy.revision.clone_from(fresh);
            record.policy = Some(policy);
            tx.put(Space::Map, keys::layer_version(name, version), record.encode());
            Ok(())
        })
        .await?;
    Ok(AddLayerVersionPermissionResponse { statement: Some(text), revision_id: Some(fresh.clone()) })
}

/// Takes a permission away.
pub(crate) async fn remove_layer_version_permission(
    lambda: &Lambda,
    call: &Call,
    input: RemoveLayerVersionPermissionRequest,
) -> Result<(), Error> {
    let name = &named(call, input.layer_name)?;
    let version = number(input.version_number)?;
    let sid = &input.statement_id.unwrap_or_default();
    let (fresh, given) = (&lambda.env.uuid().to_string(), input.revision_id.as_deref());
    lambda
        .transact(&[keys::layer(name)], async |tx: &mut Tx| {
            let mut record = read_version(tx, name, version).await?;
            let mut policy = record.policy.take().ok_or(Error::NoLayerPolicy)?;
            check_revision(given, &policy.revision, GETTER)?;
            let before = policy.statements.len();
            policy.statements.retain(|present| present.sid != *sid);
            if policy.statements.len() == before {
                return Err(Error::NoStatement(sid.clone()));
            }
            policy.revision.clone_from(fresh);
            record.policy = Some(policy).filter(|policy| !policy.statements.is_empty());
            tx.put(Space::Map, keys::layer_version(name, version), record.encode());
            Ok(())
        })
        .await?;
    Ok(())
}

/// Who may use a version of a layer.
pub(crate) async fn get_layer_version_policy(
    lambda: &Lambda,
    call: &Call,
    input: GetLayerVersionPolicyRequest,
) -> Result<GetLayerVersionPolicyResponse, Error> {
    let name = named(call, input.layer_name)?;
    let version = number(input.version_number)?;
    let record = lambda.layers.present(&name, version);
    let record = record.ok_or_else(|| Error::NoLayerVersion(name.version_arn(version)))?;
    let policy = record.policy.as_ref().ok_or(Error::NoLayerPolicy)?;
    Ok(GetLayerVersionPolicyResponse { policy: Some(document(policy)), revision_id: Some(policy.revision.clone()) })
}
