//! Which permission each operation needs.
//!
//! IAM's actions are its operations, and the resource is what the input names. So there is one rule for
//! all of them: look at the members by their names.

use std::collections::BTreeMap;

use tidegate_protocol::schema::{ListSchema, MapSchema, StructSchema};
use tidegate_protocol::{Call, Need, Shape, Writer};
use tidegate_types::Timestamp;

use crate::domain::{Header, Tags};
use crate::ops;
use crate::service::Iam;

/// What a request needs a permission for.
pub(super) fn need(iam: &Iam, call: &Call, input: &impl Shape) -> Need {
    let mut members = Members::default();
    input.write(&mut members);
    let texts = &members.texts;
    let (resource, tags) = resource(iam, call, texts);
    let names = members.tag_keys.iter().map(String::as_str);
    let need = Need::new(format!("iam:{}", call.operation.name), resource)
        .with_some("iam:PolicyARN", texts.get("PolicyArn").filter(|_| texts.len() > 1).cloned())
        .with_some("iam:PermissionsBoundary", texts.get("PermissionsBoundary").cloned())
        .with_some("iam:AWSServiceName", texts.get("AWSServiceName").cloned())
        .with_resource_tags(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    match members.tags.is_empty() {
        true => need.with_tag_names(names),
        false => need.with_request_tags(members.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()))),
    }
}

/// The ARN that the input names and the tags of what is there.
fn resource(iam: &Iam, call: &Call, texts: &BTreeMap<&'static str, String>) -> (String, Tags) {
    let state = iam.directory.state(call.account);
    let account = call.account;
    let path = texts.get("Path").map_or("/", String::as_str);
    let arn = |kind: &str, name: &str, header: Option<&Header>| match header {
        Some(header) => header.arn(account, kind),
        None => format!("arn:aws:iam::{account}:{kind}{path}{name}"),
    };
    let named = |member: &str| texts.get(member).map(String::as_str);
    if let Some(name) = named("InstanceProfileName") {
        let found = state.profiles.find(name);
        let tags = found.map(|found| found.tags.clone()).unwrap_or_default();
        return (arn("instance-profile", name, found.map(|found| &found.header)), tags);
    }
    if let Some(name) = named("GroupName") {
        return (arn("group", name, state.groups.find(name).map(|found| &found.header)), Tags::new());
    }
    if let Some(name) = named("RoleName") {
        let found = state.roles.find(name);
        let tags = found.map(|found| found.tags.clone()).unwrap_or_default();
        return (arn("role", name, found.map(|found| &found.header)), tags);
    }
    if let Some(name) = named("ServerCertificateName") {
        let found = state.certificates.find(name);
        let tags = found.map(|found| found.tags.clone()).unwrap_or_default();
        return (arn("server-certificate", name, found.map(|found| &found.header)), tags);
    }
    if let Some(name) = named("VirtualMFADeviceName") {
        return (arn("mfa", name, None), Tags::new());
    }
    if let Some(url) = named("Url") {
        let place = url.split_once("://").map_or(url, |(_, place)| place).trim_end_matches('/');
        return (format!("arn:aws:iam::{account}:oidc-provider/{place}"), Tags::new());
    }
    if let Some(name) = named("Name") {
        return (format!("arn:aws:iam::{account}:saml-provider/{name}"), Tags::new());
    }
    let of_users = [
        "AccessKey",
        "LoginProfile",
        "ChangePassword",
        "GetUser",
        "SigningCertificate",
        "SSHPublicKey",
        "ServiceSpecificCredential",
        "MFADevice",
    ];
    let of_account = ["ListVirtualMFADevices", "DeleteVirtualMFADevice"].contains(&call.operation.name);
    let is_of_users = !of_account && of_users.iter().any(|what| call.operation.name.contains(what));
    let own = || call.caller.principal_arn.split_once(":user/").and_then(|(_, rest)| rest.rsplit('/').next());
    if let Some(name) = named("UserName").or_else(|| own().filter(|_| is_of_users)) {
        let found = state.users.find(name);
        let tags = found.map(|found| found.tags.clone()).unwrap_or_default();
        return (arn("user", name, found.map(|found| &found.header)), tags);
    }
    if let Some(arn) = named("PolicyArn") {
        let found = state.policies.find(ops::policies::place(arn).1);
        return (arn.to_owned(), found.map(|found| found.tags.clone()).unwrap_or_default());
    }
    if let Some(name) = named("PolicyName") {
        return (arn("policy", name, None), Tags::new());
    }
    let arns = ["OpenIDConnectProviderArn", "SAMLProviderArn", "PolicySourceArn", "SerialNumber", "Arn"];
    let found = arns.iter().find_map(|member| texts.get(*member).cloned());
    (found.unwrap_or_else(|| "*".to_owned()), Tags::new())
}

/// The texts at the top of an input, and its tags.
#[derive(Default)]
struct Members {
    texts: BTreeMap<&'static str, String>,
    tags: Vec<(String, String)>,
    tag_keys: Vec<String>,
    path: Vec<&'static str>,
}

impl Writer for Members {
    fn begin_struct(&mut self, _: &'static StructSchema) {
        self.path.push("");
    }

    fn member(&mut self, schema: &'static StructSchema, index: usize) {
        if let Some(last) = self.path.last_mut() {
            *last = schema.members[index].name;
        }
    }

    fn end_struct(&mut self) {
        self.path.pop();
    }

    fn begin_list(&mut self, _: &'static ListSchema, _: usize) {}
    fn end_list(&mut self) {}
    fn begin_map(&mut self, _: &'static MapSchema, _: usize) {}
    fn key(&mut self, _: &str) {}
    fn end_map(&mut self) {}

    fn string(&mut self, value: &str) {
        match self.path[..] {
            ["TagKeys"] => self.tag_keys.push(value.to_owned()),
            ["Tags", "Key"] => self.tags.push((value.to_owned(), String::new())),
            ["Tags", "Value"] => {
                if let Some(last) = self.tags.last_mut() {
                    value.clone_into(&mut last.1);
                }
            }
            [member] => drop(self.texts.insert(member, value.to_owned())),
            _ => {}
        }
    }

    fn boolean(&mut self, _: bool) {}
    fn long(&mut self, _: i64) {}
    fn double(&mut self, _: f64) {}
    fn blob(&mut self, _: &[u8]) {}
    fn timestamp(&mut self, _: Timestamp) {}
}
