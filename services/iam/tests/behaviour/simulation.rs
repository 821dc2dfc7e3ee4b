//! The policy simulator.

use serde_json::{Value, json};

use super::{Bed, TRUST, arn};

fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

const READ: &str = r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::home/${aws:username}/*"}"#;
const DENY: &str =
    r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#;

/// Decision, matched policies and missing keys of each result.
fn told(answer: &Value) -> Vec<(String, Vec<String>, Value)> {
    let results = answer["EvaluationResults"].as_array().unwrap().iter();
    let told = results.map(|result| {
        let matched = result["MatchedStatements"].as_array().unwrap().iter();
        let matched = matched.map(|matched| matched["SourcePolicyId"].as_str().unwrap().to_owned());
        (result["EvalDecision"].as_str().unwrap().to_owned(), matched.collect(), result["MissingContextValues"].clone())
    });
    told.collect()
}

#[tokio::test]
async fn what_a_user_has_is_simulated() {
    let bed = Bed::new().await;
    bed.ok("CreateUser", json!({ "UserName": "ann" })).await;
    bed.ok("CreateGroup", json!({ "GroupName": "g" })).await;
    bed.ok("AddUserToGroup", json!({ "UserName": "ann", "GroupName": "g" })).await;
    bed.ok("PutUserPolicy", json!({ "UserName": "ann", "PolicyName": "p", "PolicyDocument": policy(READ) })).await;
    bed.ok("PutGroupPolicy", json!({ "GroupName": "g", "PolicyName": "q", "PolicyDocument": policy(DENY) })).await;
    let simulate = async |more: Value| {
        let mut input = json!({ "PolicySourceArn": arn("user/ann"), "ActionNames": ["s3:GetObject"] });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        bed.ok("SimulatePrincipalPolicy", input).await
    };
    let secure = json!(["aws:SecureTransport"]);
    let told_of = |answer: &Value| told(answer).remove(0);
    assert_eq!(told_of(&simulate(json!({})).await), ("implicitDeny".to_owned(), vec![], secure.clone()));
    let own = simulate(json!({ "ResourceArns": ["arn:aws:s3:::home/ann/x"] })).await;
    assert_eq!(told_of(&own), ("allowed".to_owned(), vec!["user_ann_p".to_owned()], json!([])));
    let result = &own["EvaluationResults"][0];
    assert_eq!(result["EvalResourceName"], "arn:aws:s3:::home/ann/x");
    assert_eq!(result["EvalDecisionDetails"], json!({}));
    let specific = &result["ResourceSpecificResults"][0];
    assert_eq!((&specific["EvalResourceDecision"], &specific["MissingContextValues"]), (&json!("allowed"), &secure));
    let statement = &result["MatchedStatements"][0];
    assert_eq!(statement["SourcePolicyType"], "IAM Policy");
    assert_eq!(statement["StartPosition"], json!({ "Line": 1, "Column": 38 }));
    assert_eq!(statement["EndPosition"], json!({ "Line": 1, "Column": 38 + READ.len() }));
    let entry =
        json!({ "ContextKeyName": "aws:securetransport", "ContextKeyValues": ["false"], "ContextKeyType": "boolean" });
    let denied = simulate(json!({ "ContextEntries": [entry] })).await;
    assert_eq!(told_of(&denied), ("explicitDeny".to_owned(), vec!["group_g_q".to_owned()], json!([])));
    let keys = bed.ok("GetContextKeysForPrincipalPolicy", json!({ "PolicySourceArn": arn("user/ann") })).await;
    assert_eq!(keys["ContextKeyNames"], json!(["aws:username", "aws:SecureTransport"]));
    let several = simulate(json!({ "ResourceArns": ["arn:aws:s3:::home/ann/x", "arn:aws:s3:::home/bea/x"] })).await;
    let result = &several["EvaluationResults"][0];
    assert_eq!(result["EvalDecision"], "implicitDeny", "the strictest of its parts");
    assert_eq!(result["ResourceSpecificResults"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn boundaries_and_resources_have_their_say() {
    let bed = Bed::new().await;
    let everything = policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
    let queues = policy(r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"}"#);
    let boundary = bed.ok("CreatePolicy", json!({ "PolicyName": "b", "PolicyDocument": queues })).await;
    bed.ok(
        "CreateRole",
        json!({ "RoleName": "r", "AssumeRolePolicyDocument": TRUST, "PermissionsBoundary": boundary["Policy"]["Arn"] }),
    )
    .await;
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    bed.ok("AttachRolePolicy", json!({ "RoleName": "r", "PolicyArn": administrator })).await;
    let input = json!({ "PolicySourceArn": arn("role/r"), "ActionNames": ["s3:GetObject", "sqs:SendMessage"] });
    let answer = bed.ok("SimulatePrincipalPolicy", input.clone()).await;
    let decisions: Vec<_> = told(&answer).into_iter().map(|(decision, matched, _)| (decision, matched)).collect();
    let expected = [("implicitDeny", vec![]), ("allowed", vec!["AdministratorAccess".to_owned()])];
    assert_eq!(decisions, expected.map(|(decision, matched)| (decision.to_owned(), matched)));
    // As the real simulator answers for this policy.
    let statement = &answer["EvaluationResults"][1]["MatchedStatements"][0];
    assert_eq!(statement["StartPosition"], json!({ "Line": 3, "Column": 17 }));
    assert_eq!(statement["EndPosition"], json!({ "Line": 8, "Column": 6 }));
    let within = |index: usize| {
        answer["EvaluationResults"][index]["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"].clone()
    };
    assert_eq!((within(0), within(1)), (json!(false), json!(true)));
    // Page by page.
    let mut paged = input.clone();
    paged["MaxItems"] = json!(1);
    let first = bed.ok("SimulatePrincipalPolicy", paged.clone()).await;
    assert_eq!((told(&first).len(), &first["IsTruncated"]), (1, &json!(true)));
    paged["Marker"] = first["Marker"].clone();
    let second = bed.ok("SimulatePrincipalPolicy", paged).await;
    assert_eq!(second["EvaluationResults"][0]["EvalActionName"], "sqs:SendMessage");
    assert_eq!(second["IsTruncated"], false);
    // A queue of another account, whose policy lets the caller in.
    let caller = "arn:aws:iam::000000000000:user/ann";
    let grant = policy(&format!(
        r#"{{"Effect":"Allow","Principal":{{"AWS":"{caller}"}},"Action":"sqs:SendMessage","Resource":"*"}}"#
    ));
    let across = json!({
        "PolicyInputList": [everything], "ActionNames": ["sqs:SendMessage", "sqs:ReceiveMessage"], "CallerArn": caller,
        "ResourceArns": ["arn:aws:sqs:us-east-1:111111111111:q"], "ResourcePolicy": grant,
    });
    let answer = bed.ok("SimulateCustomPolicy", across).await;
    let results = answer["EvaluationResults"].as_array().unwrap();
    assert_eq!(results[0]["EvalDecisionDetails"], json!({ "IAM Policy": "allowed", "Resource Policy": "allowed" }));
    assert_eq!((&results[0]["EvalDecision"], &results[1]["EvalDecision"]), (&json!("allowed"), &json!("implicitDeny")));
}

#[tokio::test]
async fn misuses_of_the_simulator() {
    let bed = Bed::new().await;
    let assumed = "arn:aws:sts::000000000000:assumed-role/r/s";
    let foreign = "arn:aws:iam::111111111111:user/u";
    let cases = [
        (
            json!({ "PolicySourceArn": assumed }),
            "InvalidInput",
            format!("Invalid Entity Arn: {assumed} does not clearly define entity type and name."),
        ),
        (
            json!({ "PolicySourceArn": arn("user/nobody") }),
            "NoSuchEntity",
            "The user with name nobody cannot be found.".to_owned(),
        ),
        (
            json!({ "PolicySourceArn": foreign }),
            "InvalidInput",
            "Invalid Policy Source Arn: caller's account 000000000000 does not have access to policies in account \
             111111111111"
                .to_owned(),
        ),
    ];
    for (mut input, code, message) in cases {
        input["ActionNames"] = json!(["s3:GetObject"]);
        bed.refuses("SimulatePrincipalPolicy", input, code, &message).await;
    }
    let all = policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
    let cases = [
        (json!({ "PolicyInputList": ["{"], "ActionNames": ["s3:Get"] }), "Invalid policy: PolicyInputList.1"),
        (
            json!({ "PolicyInputList": [all], "ActionNames": ["s3:*"] }),
            "Invalid Input Actions: \"s3:*\" is not an action.",
        ),
    ];
    for (input, message) in cases {
        bed.refuses("SimulateCustomPolicy", input, "InvalidInput", message).await;
    }
}

#[tokio::test]
async fn the_policies_that_let_somebody_use_a_service() {
    let bed = Bed::new().await;
    bed.ok("CreateUser", json!({ "UserName": "ann" })).await;
    bed.ok("CreateGroup", json!({ "GroupName": "g" })).await;
    bed.ok("AddUserToGroup", json!({ "UserName": "ann", "GroupName": "g" })).await;
    bed.ok("PutGroupPolicy", json!({ "GroupName": "g", "PolicyName": "p", "PolicyDocument": policy(READ) })).await;
    bed.ok("PutUserPolicy", json!({ "UserName": "ann", "PolicyName": "q", "PolicyDocument": policy(DENY) })).await;
    let managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    bed.ok("AttachUserPolicy", json!({ "UserName": "ann", "PolicyArn": managed })).await;
    let ask = |who: &str| json!({ "Arn": arn(who), "ServiceNamespaces": ["s3", "logs", "sqs"] });
    let answer = bed.ok("ListPoliciesGrantingServiceAccess", ask("user/ann")).await;
    let granting = answer["PoliciesGrantingServiceAccess"].as_array().unwrap();
    let of_group = json!({ "PolicyName": "p", "PolicyType": "INLINE", "EntityType": "GROUP", "EntityName": "g" });
    let of_aws = json!({ "PolicyName": "AWSLambdaBasicExecutionRole", "PolicyType": "MANAGED", "PolicyArn": managed });
    assert_eq!(granting[0], json!({ "ServiceNamespace": "s3", "Policies": [of_group] }));
    assert_eq!(granting[1], json!({ "ServiceNamespace": "logs", "Policies": [of_aws] }));
    assert_eq!(granting[2], json!({ "ServiceNamespace": "sqs", "Policies": [] }));
    let answer = bed.ok("ListPoliciesGrantingServiceAccess", ask("group/g")).await;
    assert_eq!(answer["PoliciesGrantingServiceAccess"][0], json!({ "ServiceNamespace": "s3", "Policies": [of_group] }));
    for (who, code) in [("role/none", "NoSuchEntity"), ("policy/p", "InvalidInput")] {
        let refused = bed.call("ListPoliciesGrantingServiceAccess", ask(who)).await.unwrap_err();
        assert_eq!(refused.0, code, "{who}");
    }
}
