//! Which permission each operation needs.
//!
//! IAM's actions are its operations, and the resource is what the input names. So there is one rule for
//! all of them: look at the members by their names. A few need more: what is tagged as it is created needs the
//! permission to tag, what is renamed one for what it becomes, and a role that is passed the permission to pass it.

use tidegate_protocol::{Call, Members, Need, Shape};
use tidegate_types::AccountId;

use crate::domain::{Header, State, Tags};
use crate::ops;
use crate::ops::roles::linked_role_name;
use crate::ports::of_kind;
use crate::service::Iam;

/// What a request needs permissions for.
pub(super) fn needs(iam: &Iam, call: &Call, input: &impl Shape) -> Vec<Need> {
    let input = Members::of(input);
    let state = iam.directory.state(call.account);
    let asked = Asked { iam, call, input: &input, state: &state };
    let resource = asked.resource();
    let operation = call.operation.name;
    let mut all = vec![asked.need(operation, &resource)];
    if let Some(what) = operation.strip_prefix("Create").or_else(|| operation.strip_prefix("Upload"))
        && input.pairs("Tags").next().is_some()
    {
        let what = if what == "VirtualMFADevice" { "MFADevice" } else { what };
        all.push(asked.need(&format!("Tag{what}"), &resource));
    }
    all.extend(asked.renamed(&resource).map(|renamed| asked.need(operation, &renamed)));
    if let (true, Some(role)) = (operation == "AddRoleToInstanceProfile", input.text("RoleName")) {
        let arn = asked.of_role(role).arn;
        all.push(Need::new("iam:PassRole", arn).with("iam:PassedToService", "ec2.amazonaws.com"));
    }
    all
}

/// What an input names.
#[derive(Default)]
struct Resource {
    arn: String,
    tags: Tags,
    /// The boundary that it has, if it is a user or a role.
    boundary: Option<String>,
}

/// A request, and the account as it is.
struct Asked<'a> {
    iam: &'a Iam,
    call: &'a Call,
    input: &'a Members,
    state: &'a State,
}

impl Asked<'_> {
    fn need(&self, operation: &str, on: &Resource) -> Need {
        let input = self.input;
        let policy = input.text("PolicyArn").filter(|_| operation.contains("ttach") || operation.contains("etach"));
        let mut need = Need::new(format!("iam:{operation}"), on.arn.clone())
            .with_some("iam:PolicyARN", policy)
            .with_some("iam:PermissionsBoundary", input.text("PermissionsBoundary").or(on.boundary.as_deref()))
            .with_some("iam:AWSServiceName", input.text("AWSServiceName"))
            .with_some("iam:ServiceSpecificCredentialServiceName", self.service_of_credential())
            .with_some("iam:ServiceSpecificCredentialAgeDays", input.text("CredentialAgeDays"))
            .with_resource_tags(on.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())))
            .with_request_tags(input.pairs("Tags"));
        // Users and roles show their tags by a key of IAM's own, too.
        for (key, value) in &on.tags {
            need = need.with(format!("iam:ResourceTag/{key}"), value.as_str());
        }
        match input.pairs("Tags").next() {
            Some(_) => need,
            None => need.with_tag_names(input.list("TagKeys").iter().map(String::as_str)),
        }
    }

    /// The service that the credential is for which an input makes or names.
    fn service_of_credential(&self) -> Option<&str> {
        if !self.call.operation.name.ends_with("ServiceSpecificCredential") {
            return None;
        }
        self.input.text("ServiceName").or_else(|| {
            let (user, id) = (self.input.text("UserName")?, self.input.text("ServiceSpecificCredentialId")?);
            let user = self.state.users.find(user)?;
            user.service_credentials.iter().find(|one| one.id == id).map(|one| one.service.as_str())
        })
    }

    fn arn(&self, kind: &str, name: &str, header: Option<&Header>) -> String {
        let (account, path) = (self.call.account, self.input.text("Path").unwrap_or("/"));
        match header {
            Some(header) => header.arn(account, kind),
            None => format!("arn:aws:iam::{account}:{kind}{path}{name}"),
        }
    }

    fn of_role(&self, name: &str) -> Resource {
        let found = self.state.roles.find(name);
        Resource {
            arn: self.arn("role", name, found.map(|found| &found.header)),
            tags: found.map(|found| found.tags.clone()).unwrap_or_default(),
            boundary: found.and_then(|found| found.grants.boundary.clone()),
        }
    }

    fn of_user(&self, name: &str) -> Resource {
        let found = self.state.users.find(name);
        Resource {
            arn: self.arn("user", name, found.map(|found| &found.header)),
            tags: found.map(|found| found.tags.clone()).unwrap_or_default(),
            boundary: found.and_then(|found| found.grants.boundary.clone()),
        }
    }

    /// What the input names.
    fn resource(&self) -> Resource {
        let other = |arn: String, tags: Option<&Tags>| Resource {
            arn,
            tags: tags.cloned().unwrap_or_default(),
            boundary: None,
        };
        let named = |member: &str| self.input.text(member);
        if let Some(name) = named("InstanceProfileName") {
            let found = self.state.profiles.find(name);
            let arn = self.arn("instance-profile", name, found.map(|found| &found.header));
            return other(arn, found.map(|found| &found.tags));
        }
        if let Some(name) = named("GroupName") {
            let found = self.state.groups.find(name);
            return other(self.arn("group", name, found.map(|found| &found.header)), None);
        }
        if let Some(name) = named("RoleName") {
            return self.of_role(name);
        }
        if let Some(name) = named("ServerCertificateName") {
            let found = self.state.certificates.find(name);
            let arn = self.arn("server-certificate", name, found.map(|found| &found.header));
            return other(arn, found.map(|found| &found.tags));
        }
        if let Some(name) = named("VirtualMFADeviceName") {
            return other(self.arn("mfa", name, None), None);
        }
        let account = self.call.account;
        if let Some(url) = named("Url") {
            let place = url.split_once("://").map_or(url, |(_, place)| place).trim_end_matches('/');
            return other(format!("arn:aws:iam::{account}:oidc-provider/{place}"), None);
        }
        if let Some(name) = named("Name") {
            return other(format!("arn:aws:iam::{account}:saml-provider/{name}"), None);
        }
        if let Some(service) = named("AWSServiceName") {
            let name = linked_role_name(service, named("CustomSuffix")).unwrap_or_default();
            return other(format!("arn:aws:iam::{account}:role/aws-service-role/{service}/{name}"), None);
        }
        if let Some(task) = named("DeletionTaskId") {
            let role = task.strip_prefix("task/").and_then(|rest| rest.rsplit_once('/')).map_or("*", |(role, _)| role);
            return other(format!("arn:aws:iam::{account}:role/{role}"), None);
        }
        self.person().or_else(|| self.policy()).unwrap_or_else(|| self.by_arn(account))
    }

    /// The user that an input names, whose key it names, or who asks of itself.
    fn person(&self) -> Option<Resource> {
        const OF_USERS: [&str; 8] = [
            "AccessKey",
            "LoginProfile",
            "ChangePassword",
            "GetUser",
            "SigningCertificate",
            "SSHPublicKey",
            "ServiceSpecificCredential",
            "MFADevice",
        ];
        const OF_DEVICES: [&str; 5] =
            ["DeleteVirtualMFADevice", "ListMFADeviceTags", "ListVirtualMFADevices", "TagMFADevice", "UntagMFADevice"];
        let operation = self.call.operation.name;
        if let Some(name) = self.input.text("UserName") {
            return Some(self.of_user(name));
        }
        if OF_DEVICES.contains(&operation) || !OF_USERS.iter().any(|what| operation.contains(what)) {
            return None;
        }
        if operation == "GetAccessKeyLastUsed"
            && let Some((account, user)) = self.iam.directory.owner_of_key(self.input.text("AccessKeyId")?)
            && account == self.call.account
        {
            return Some(self.of_user(&user.header.name));
        }
        of_kind(&self.call.caller.principal_arn, "user").map(|(_, name)| self.of_user(name))
    }

    fn policy(&self) -> Option<Resource> {
        if let Some(arn) = self.input.text("PolicyArn") {
            let found = self.state.policies.find(ops::policies::place(arn).1);
            let tags = found.map(|found| found.tags.clone()).unwrap_or_default();
            return Some(Resource { arn: arn.to_owned(), tags, boundary: None });
        }
        let name = self.input.text("PolicyName")?;
        Some(Resource { arn: self.arn("policy", name, None), ..Resource::default() })
    }

    /// What is named by its ARN; everything if nothing is.
    fn by_arn(&self, account: AccountId) -> Resource {
        let arns = ["OpenIDConnectProviderArn", "SAMLProviderArn", "PolicySourceArn", "SerialNumber", "Arn"];
        let Some(arn) = arns.iter().find_map(|member| self.input.text(member)) else {
            return Resource { arn: "*".to_owned(), ..Resource::default() };
        };
        let state = self.state;
        let own = arn.strip_prefix(&format!("arn:aws:iam::{account}:")).and_then(|rest| rest.split_once('/'));
        let tags = own.and_then(|(kind, path)| {
            let name = path.rsplit('/').next()?;
            match kind {
                "oidc-provider" => Some(state.oidc.find(path)?.tags.clone()),
                "saml-provider" => Some(state.saml.find(name)?.tags.clone()),
                "mfa" => Some(state.devices.find(name)?.tags.clone()),
                "user" => Some(state.users.find(name)?.tags.clone()),
                "role" => Some(state.roles.find(name)?.tags.clone()),
                _ => None,
            }
        });
        Resource { arn: arn.to_owned(), tags: tags.unwrap_or_default(), boundary: None }
    }

    /// What becomes of something that is renamed or moved: "you must have permission on both the source object and
    /// the target object."
    fn renamed(&self, from: &Resource) -> Option<Resource> {
        let names = ["NewUserName", "NewGroupName", "NewServerCertificateName"];
        let name = names.iter().find_map(|member| self.input.text(member));
        let path = self.input.text("NewPath");
        if name.is_none() && path.is_none() {
            return None;
        }
        let (place, old_name) = from.arn.rsplit_once('/')?;
        let place = match path {
            Some(path) => format!("{}{path}", &place[..place.find('/').unwrap_or(place.len())]),
            None => format!("{place}/"),
        };
        let arn = format!("{place}{}", name.unwrap_or(old_name));
        Some(Resource { arn, tags: from.tags.clone(), boundary: from.boundary.clone() })
    }
}
