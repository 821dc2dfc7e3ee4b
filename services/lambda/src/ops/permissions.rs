use serde_json::{Map, Value, json};
use tidegate_api_lambda::{
    AddPermissionRequest, AddPermissionResponse, GetPolicyRequest, GetPolicyResponse, RemovePermissionRequest,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::{check_revision, read, read_function};
use crate::domain::{FunctionRef, Qualifier};
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Function, PolicyRecord, StatementRecord, keys};

/// The most bytes of a function's policy.
const MAX_POLICY_BYTES: usize = 20 * 1024;

const GETTER: &str = "GetPolicy";

/// How the names of services end.
const SERVICES: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".amazon.com"];

/// Under which key a policy lies: that of the function itself, or of one version or alias, which must exist.
fn place(function: &Function, named: &FunctionRef) -> Result<String, Error> {
    let exists = match named.meant() {
        Qualifier::Latest if named.qualifier.is_some() => {
            return Err(Error::Invalid("We currently do not support adding policies for $LATEST.".to_owned()));
        }
        Qualifier::Latest => return Ok(String::new()),
        Qualifier::Version(number) => function.versions.contains_key(&number),
        Qualifier::Alias(name) if !function.aliases.contains_key(&name) => {
            // No alias may have a `$` in its name: AWS then speaks of a function.
            let arn = named.qualified_arn();
            return Err(if name.contains('$') { Error::NoFunction(arn) } else { Error::NoAlias(arn) });
        }
        Qualifier::Alias(_) => true,
    };
    match exists {
        true => Ok(named.qualifier.clone().unwrap_or_default()),
        false => Err(Error::NoFunction(named.qualified_arn())),
    }
}

/// Who is allowed, as policies write it.
fn principal(given: &str) -> Result<Value, Error> {
    if given == "*" {
        return Ok(json!("*"));
    }
    if SERVICES.iter().any(|domain| given.ends_with(domain)) {
        return Ok(json!({ "Service": given }));
    }
    if given.len() == 12 && given.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(json!({ "AWS": format!("arn:aws:iam::{given}:root") }));
    }
    match given.starts_with("arn:") {
        true => Ok(json!({ "AWS": given })),
        false => Err(Error::Invalid(
            "The provided principal was invalid. Please check the principal and try again.".to_owned(),
        )),
    }
}

/// The statement that a request asks for.
fn statement(input: &AddPermissionRequest, resource: &str) -> Result<Value, Error> {
    let given = input.principal.as_deref().unwrap_or_default();
    let mut conditions: Map<String, Value> = Map::new();
    let mut condition = |operator: &str, key: &str, value: &Option<String>| {
        if let Some(value) = value {
            conditions.entry(operator).or_insert_with(|| json!({}))[key] = json!(value);
        }
    };
    condition("StringEquals", "AWS:SourceAccount", &input.source_account);
    condition("StringEquals", "lambda:EventSourceToken", &input.event_source_token);
    condition("StringEquals", "aws:PrincipalOrgID", &input.principal_org_id);
    condition("StringEquals", "lambda:FunctionUrlAuthType", &input.function_url_auth_type);
    condition("ArnLike", "AWS:SourceArn", &input.source_arn);
    let mut statement = json!({
        "Sid": input.statement_id,
        "Effect": "Allow",
        "Principal": principal(given)?,
        "Action": input.action,
        "Resource": resource,
    });
    if input.invoked_via_function_url == Some(true) {
        conditions.insert("Bool".to_owned(), json!({ "lambda:InvokedViaFunctionUrl": "true" }));
    }
    if !conditions.is_empty() {
        statement["Condition"] = Value::Object(conditions);
    }
    Ok(statement)
}

/// Lets somebody use a function.
pub(crate) async fn add_permission(
    lambda: &Lambda,
    call: &Call,
    input: AddPermissionRequest,
) -> Result<AddPermissionResponse, Error> {
    let named = lambda.named(call, input.function_name.clone(), input.qualifier.as_deref())?;
    let function = lambda.known(&named)?;
    let place = place(&function, &named)?;
    if input.function_url_auth_type.is_some() && input.action.as_deref() != Some("lambda:InvokeFunctionUrl") {
        let words = "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action";
        return Err(Error::Invalid(words.to_owned()));
    }
    let text = statement(&input, &named.qualified_arn())?.to_string();
    let sid = input.statement_id.clone().unwrap_or_default();
    let statement = &StatementRecord { sid, text: text.clone() };
    let (address, fresh) = (&function.address, &lambda.env.uuid().to_string());
    let given = input.revision_id.as_deref();
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let key = keys::policy(read_function(tx, address).await?.id, &place);
            let found = read::<PolicyRecord>(tx, &key).await?;
            let mut record = found.unwrap_or_else(|| PolicyRecord { revision: String::new(), statements: Vec::new() });
            check_revision(given, &record.revision, GETTER)?;
            if record.statements.iter().any(|present| present.sid == statement.sid) {
                return Err(Error::StatementExists(statement.sid.clone()));
            }
            record.statements.push(statement.clone());
            if record.statements.iter().map(|present| present.text.len()).sum::<usize>() > MAX_POLICY_BYTES {
                return Err(Error::Invalid("The final policy size is bigger than the limit (20480).".to_owned()));
            }
            record.revision.clone_from(fresh);
            tx.put(Space::Map, key, record.encode());
            Ok(())
        })
        .await?;
    Ok(AddPermissionResponse { statement: Some(text) })
}

/// Takes a permission away.
pub(crate) async fn remove_permission(
    lambda: &Lambda,
    call: &Call,
    input: RemovePermissionRequest,
) -> Result<(), Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let missing = |_| Error::Missing(format!("No policy found for: {}", named.arn()));
    let function = lambda.known(&named).map_err(missing)?;
    let place = place(&function, &named)?;
    let sid = &input.statement_id.unwrap_or_default();
    let (address, fresh, given) = (&function.address, &lambda.env.uuid().to_string(), input.revision_id.as_deref());
    lambda
        .transact(&[keys::function(address)], async |tx: &mut Tx| {
            let key = keys::policy(read_function(tx, address).await?.id, &place);
            let none = || Error::Missing("No policy is associated with the given resource.".to_owned());
            let mut record = read::<PolicyRecord>(tx, &key).await?.ok_or_else(none)?;
            check_revision(given, &record.revision, GETTER)?;
            let before = record.statements.len();
            record.statements.retain(|present| present.sid != *sid);
            if record.statements.len() == before {
                return Err(Error::NoStatement(sid.clone()));
            }
            record.revision.clone_from(fresh);
            match record.statements.is_empty() {
                true => tx.delete(Space::Map, key),
                false => tx.put(Space::Map, key, record.encode()),
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Who may use a function.
pub(crate) async fn get_policy(
    lambda: &Lambda,
    call: &Call,
    input: GetPolicyRequest,
) -> Result<GetPolicyResponse, Error> {
    let named = lambda.named(call, input.function_name, input.qualifier.as_deref())?;
    let function = lambda.known(&named)?;
    let record = function.policies.get(&place(&function, &named)?).ok_or(Error::NoPolicy)?;
    Ok(GetPolicyResponse { policy: Some(document(record)), revision_id: Some(record.revision.clone()) })
}

/// A policy as a document.
pub(crate) fn document(record: &PolicyRecord) -> String {
    let statements: Vec<&str> = record.statements.iter().map(|statement| statement.text.as_str()).collect();
    format!(r#"{{"Version":"2012-10-17","Id":"default","Statement":[{}]}}"#, statements.join(","))
}
