//! AWS's codes and words for everything that can go wrong. No other file knows them.
//!
//! Where the words come from: recordings of the real service in public test suites; where there was none,
//! the service's documentation.

use tidegate_api_iam::errors;
use tidegate_protocol::errors::VALIDATION;
use tidegate_protocol::{ErrorShape, ServiceError};
use tidegate_store::{CommitError, StoreError};
use tidegate_types::ErrorKind;

use crate::domain::{PolicyFault, TagFault, Thing};
use crate::error::{Error, Holding, ValueFault};

/// Names that break their pattern IAM reports in words of its own.
pub(crate) fn reworded(error: ServiceError) -> ServiceError {
    let Some(rest) = error.message.strip_prefix("1 validation error detected: Value ") else { return error };
    let Some((_, rest)) = rest.split_once(" at '") else { return error };
    let Some((name, constraint)) = rest.split_once("' failed to satisfy constraint: ") else { return error };
    let names =
        ["userName", "groupName", "roleName", "policyName", "instanceProfileName", "newUserName", "newGroupName"];
    if !constraint.starts_with("Member must satisfy regular expression pattern") {
        return error;
    }
    match name {
        "path" => return value(&ValueFault::Path("path")),
        "newPath" => return value(&ValueFault::Path("newPath")),
        name if names.contains(&name) => {}
        _ => return error,
    }
    let text = "It must contain only alphanumeric characters and/or the following: +=,.@_-";
    new(VALIDATION, format!("The specified value for {name} is invalid. {text}"))
}

fn new(shape: ErrorShape, message: impl Into<String>) -> ServiceError {
    ServiceError::new(shape, message)
}

impl From<Error> for ServiceError {
    fn from(error: Error) -> ServiceError {
        match error {
            Error::NoSuch(thing, name) => new(errors::NO_SUCH_ENTITY_EXCEPTION, no_such(thing, &name)),
            error @ Error::Unreadable { .. } => ServiceError::internal(error.to_string()).with_kind(ErrorKind::Corrupt),
            Error::NoSuchVersion { arn, version } => {
                let text = format!("Policy {arn} version {version} does not exist or is not attachable.");
                new(errors::NO_SUCH_ENTITY_EXCEPTION, text)
            }
            Error::Exists(thing, name) => new(errors::ENTITY_ALREADY_EXISTS_EXCEPTION, exists(thing, &name)),
            Error::StillHas(holding) => new(errors::DELETE_CONFLICT_EXCEPTION, still_has(holding)),
            Error::Quota { quota, limit } => {
                new(errors::LIMIT_EXCEEDED_EXCEPTION, format!("Cannot exceed quota for {quota}: {limit}"))
            }
            Error::InlineSize { owner, limit } => {
                let text = format!("Maximum policy size of {limit} bytes exceeded for {owner}");
                new(errors::LIMIT_EXCEEDED_EXCEPTION, text)
            }
            Error::TooManyVersions => {
                let text = "A managed policy can have up to 5 versions. Before you create a new version, you must \
                            delete an existing version.";
                new(errors::LIMIT_EXCEEDED_EXCEPTION, text)
            }
            Error::DefaultVersion => {
                let text = "Cannot delete the default version of a policy.";
                new(errors::DELETE_CONFLICT_EXCEPTION, text)
            }
            Error::Document(fault) => new(errors::MALFORMED_POLICY_DOCUMENT_EXCEPTION, document(&fault)),
            Error::Tag(fault) => tag(&fault),
            Error::Arn(arn) => new(VALIDATION, format!("ARN {arn} is not valid.")),
            Error::Value(fault) => value(&fault),
            Error::NoUser => new(VALIDATION, "Must specify userName when calling with non-User credentials"),
            Error::ServiceLinked(role) => {
                let text = format!(
                    "Cannot perform the operation on the protected role '{role}' - this role is only modifiable by AWS"
                );
                new(errors::UNMODIFIABLE_ENTITY_EXCEPTION, text)
            }
            Error::Password => {
                let text = "Password does not conform to the account password policy.";
                new(errors::PASSWORD_POLICY_VIOLATION_EXCEPTION, text)
            }
            Error::OldPassword => new(
                ErrorShape::new("AccessDenied", 403, tidegate_protocol::Fault::Sender),
                "The old password was incorrect.",
            ),
            Error::ReportExpired => new(
                errors::CREDENTIAL_REPORT_EXPIRED_EXCEPTION,
                "Report has expired. Generate a new one with GenerateCredentialReport.",
            ),
            Error::AuthenticationCode(_) => {
                new(errors::INVALID_AUTHENTICATION_CODE_EXCEPTION, "Authentication code for device is not valid.")
            }
            Error::Certificate => {
                let text = "Unable to parse certificate. Please ensure the certificate is in PEM format.";
                new(errors::MALFORMED_CERTIFICATE_EXCEPTION, text)
            }
            Error::DuplicateCertificate => {
                new(errors::DUPLICATE_CERTIFICATE_EXCEPTION, "The certificate already exists for this user.")
            }
            Error::PublicKey => new(errors::INVALID_PUBLIC_KEY_EXCEPTION, "Unable to parse the SSH public key."),
            Error::DuplicateSshKey(id) => {
                let text = format!("The SSH public key is already associated with this user as {id}.");
                new(errors::DUPLICATE_SSH_PUBLIC_KEY_EXCEPTION, text)
            }
            Error::KeyEncoding(encoding) => {
                let text = format!("Public keys of this kind are not available in the encoding {encoding}.");
                new(errors::UNRECOGNIZED_PUBLIC_KEY_ENCODING_EXCEPTION, text)
            }
            Error::NoServiceCredentials(service) => {
                let text = format!("No such service {service} is supported for Service Specific Credentials");
                new(errors::SERVICE_NOT_SUPPORTED_EXCEPTION, text)
            }
            Error::Thumbprints(limit) => {
                let text = format!("Thumbprint list must contain fewer than {limit} entries.");
                new(errors::INVALID_INPUT_EXCEPTION, text)
            }
            Error::NoReport => new(errors::CREDENTIAL_REPORT_NOT_PRESENT_EXCEPTION, "Report is not present."),
            Error::Store(error) => store(&error),
            Error::Commit(error) => commit(&error),
        }
    }
}

fn no_such(thing: Thing, name: &str) -> String {
    match thing {
        Thing::User => format!("The user with name {name} cannot be found."),
        Thing::Group => format!("The group with name {name} cannot be found."),
        Thing::Role => format!("The role with name {name} cannot be found."),
        Thing::Policy => format!("Policy {name} was not found."),
        Thing::AttachablePolicy => format!("Policy {name} does not exist or is not attachable."),
        Thing::Boundary => format!("Scope ARN: {name} does not exist or is not attachable."),
        Thing::InstanceProfile => format!("Instance Profile {name} cannot be found."),
        Thing::OidcProvider => format!("OpenIDConnect Provider not found for arn {name}"),
        Thing::SamlProvider => format!("Manifest not found for arn {name}"),
        Thing::UserPolicy => format!("The user policy with name {name} cannot be found."),
        Thing::GroupPolicy => format!("The group policy with name {name} cannot be found."),
        Thing::RolePolicy => format!("The role policy with name {name} cannot be found."),
        Thing::LoginProfile => format!("Login Profile for User {name} cannot be found."),
        Thing::AccessKey => format!("The Access Key with id {name} cannot be found."),
        Thing::Alias => format!("The account alias {name} cannot be found."),
        Thing::PasswordPolicy => format!("The Password Policy with domain name {name} cannot be found."),
        Thing::PolicyVersion => format!("Policy version {name} was not found."),
        Thing::DeletionTask => format!("The deletion task {name} cannot be found."),
        Thing::AccessReport => format!("Report {name} was not found."),
        Thing::ReportedService => format!("The report says nothing of the service {name}."),
        Thing::MfaDevice => format!("VirtualMFADevice with serial number {name} doesn't exist."),
        Thing::UsersMfaDevice => "MFA Device invalid for user.".to_owned(),
        Thing::ServerCertificate => format!("The Server Certificate with name {name} cannot be found."),
        Thing::SigningCertificate => format!("The Certificate with id {name} cannot be found."),
        Thing::SshKey => format!("The Public Key with id {name} cannot be found."),
        Thing::ServiceCredential => format!("No such credential {name} exists"),
    }
}

fn exists(thing: Thing, name: &str) -> String {
    match thing {
        Thing::Policy => format!("A policy called {name} already exists. Duplicate names are not allowed."),
        Thing::User => format!("User with name {name} already exists."),
        Thing::Group => format!("Group with name {name} already exists."),
        Thing::Role => format!("Role with name {name} already exists."),
        Thing::InstanceProfile => format!("Instance Profile {name} already exists."),
        Thing::LoginProfile => format!("Login Profile for user {name} already exists."),
        Thing::OidcProvider => format!("Provider with url https://{name} already exists."),
        Thing::SamlProvider => format!("SAML Provider with name {name} already exists."),
        Thing::Alias => format!("The account alias {name} already exists."),
        Thing::MfaDevice | Thing::UsersMfaDevice => {
            "MFADevice entity at the same path and name already exists.".to_owned()
        }
        Thing::ServerCertificate => format!("The Server Certificate with name {name} already exists."),
        // These are replaced, or have ids that nobody chose.
        Thing::UserPolicy
        | Thing::GroupPolicy
        | Thing::RolePolicy
        | Thing::AccessKey
        | Thing::PasswordPolicy
        | Thing::AttachablePolicy
        | Thing::PolicyVersion
        | Thing::Boundary
        | Thing::SigningCertificate
        | Thing::SshKey
        | Thing::ServiceCredential
        | Thing::AccessReport
        | Thing::ReportedService
        | Thing::DeletionTask => format!("{name} already exists."),
    }
}

fn still_has(holding: Holding) -> &'static str {
    match holding {
        Holding::AttachedPolicies => "Cannot delete entity, must detach all policies first.",
        Holding::InlinePolicies => "Cannot delete entity, must delete policies first.",
        Holding::AccessKeys => "Cannot delete entity, must delete access keys first.",
        Holding::MfaDevices => "Cannot delete entity, must delete MFA device first.",
        Holding::AssignedDevice => "MFA VirtualDevice in use. Must deactivate first.",
        Holding::SigningCertificates => "Cannot delete entity, must delete signing certificates first.",
        Holding::SshKeys => "Cannot delete entity, must delete SSH public keys first.",
        Holding::ServiceCredentials => "Cannot delete entity, must delete service specific credentials first.",
        Holding::LoginProfile => "Cannot delete entity, must delete login profile first.",
        Holding::Groups | Holding::Users => "Cannot delete entity, must remove users from group first.",
        Holding::InstanceProfiles => "Cannot delete entity, must remove roles from instance profile first.",
        Holding::Roles => "Cannot delete entity, must remove roles from instance profile first.",
        Holding::Attachments => "Cannot delete a policy attached to entities.",
        Holding::Versions => {
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. \
             The default version is deleted with the policy."
        }
    }
}

fn document(fault: &PolicyFault) -> String {
    match fault {
        PolicyFault::Json => "This policy contains invalid Json".to_owned(),
        PolicyFault::Syntax => "Syntax errors in policy.".to_owned(),
        PolicyFault::OldVersion => "Policy document must be version 2012-10-17 or greater.".to_owned(),
        PolicyFault::UnknownVersion => "The policy must contain a valid version string".to_owned(),
        PolicyFault::Principal => "Policy document should not specify a principal.".to_owned(),
        PolicyFault::NoActions => "Policy statement must contain actions.".to_owned(),
        PolicyFault::NoResources => "Policy statement must contain resources.".to_owned(),
        PolicyFault::NoVendor(_) => {
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned()
        }
        PolicyFault::Colons(_) => "Actions/Condition can contain only one colon.".to_owned(),
        PolicyFault::Vendor(vendor) => format!("Vendor {vendor} is not valid"),
        PolicyFault::Resource(resource) => format!("Resource {resource} must be in ARN format or \"*\"."),
        PolicyFault::Partition { partition, resource } => {
            format!("Partition \"{partition}\" is not valid for resource \"{resource}\".")
        }
        PolicyFault::NoService => "Resource vendor must be fully qualified and cannot contain regexes.".to_owned(),
        PolicyFault::IamRegion(resource) => format!("IAM resource {resource} cannot contain region information."),
        PolicyFault::S3Region(resource) => format!("Resource {resource} can not contain region information."),
        PolicyFault::IamPath(kinds) => {
            format!("IAM resource path must either be \"*\" or start with {kinds}.")
        }
        PolicyFault::Legacy => "The policy failed legacy parsing".to_owned(),
        PolicyFault::DuplicateSid => "Statement IDs (SID) in a single policy must be unique.".to_owned(),
        PolicyFault::SidCharacters => "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the \
                                       regular expression [0-9A-Za-z]*"
            .to_owned(),
        PolicyFault::Prohibited(field) => format!("Has prohibited field {field}"),
        PolicyFault::Missing(field) => format!("Missing required field {field}"),
        PolicyFault::NotAssumeRole(_) => "AssumeRole policy may only specify STS AssumeRole actions.".to_owned(),
        PolicyFault::InvalidPrincipal { kind, value } => format!("Invalid principal in policy: \"{kind}\":\"{value}\""),
    }
}

fn tag(fault: &TagFault) -> ServiceError {
    let pattern = |what: &str, position: usize| {
        let text = format!(
            "1 validation error detected: Value at 'tags.{position}.member.{what}' failed to satisfy constraint: Member \
             must satisfy regular expression pattern: [\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]+"
        );
        new(VALIDATION, text)
    };
    match fault {
        TagFault::Duplicate(_) => {
            let text = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            new(errors::INVALID_INPUT_EXCEPTION, text)
        }
        TagFault::TooMany => new(errors::LIMIT_EXCEEDED_EXCEPTION, "The number of tags has reached the maximum limit."),
        TagFault::Reserved => {
            let text = "System tags (prefixed with 'aws:') cannot be added, updated or removed by customers.";
            new(errors::INVALID_INPUT_EXCEPTION, text)
        }
        TagFault::KeyCharacters { position } => pattern("key", *position),
        TagFault::ValueCharacters { position } => pattern("value", *position),
    }
}

fn value(fault: &ValueFault) -> ServiceError {
    match fault {
        ValueFault::Path(name) => {
            let text = "It must begin and end with / and contain only alphanumeric characters and/or / characters.";
            new(VALIDATION, format!("The specified value for {name} is invalid. {text}"))
        }
        ValueFault::Marker => new(VALIDATION, "Invalid Marker."),
        ValueFault::LinkedService(service) => new(
            errors::INVALID_INPUT_EXCEPTION,
            format!("Service role name {service} is not valid: it is not an AWS service principal."),
        ),
        ValueFault::Url(url) => new(VALIDATION, format!("Invalid Open ID Connect Provider URL: {url}")),
        ValueFault::Metadata(why) => new(errors::INVALID_INPUT_EXCEPTION, format!("Could not parse metadata: {why}")),
        ValueFault::Boundary(arn) => new(errors::INVALID_INPUT_EXCEPTION, format!("Invalid boundary: {arn}")),
        ValueFault::PolicySource(arn) => new(
            errors::INVALID_INPUT_EXCEPTION,
            format!("Invalid Entity Arn: {arn} does not clearly define entity type and name."),
        ),
        ValueFault::Simulated(which) => new(errors::INVALID_INPUT_EXCEPTION, format!("Invalid policy: {which}")),
        ValueFault::ForeignSource { caller, owner } => new(
            errors::INVALID_INPUT_EXCEPTION,
            format!(
                "Invalid Policy Source Arn: caller's account {caller} does not have access to policies in account {owner}"
            ),
        ),
        ValueFault::Caller(arn) => {
            new(errors::INVALID_INPUT_EXCEPTION, format!("Invalid Caller Arn: {arn} is not the ARN of an IAM user."))
        }
        ValueFault::ResourceOwner(owner) => {
            new(errors::INVALID_INPUT_EXCEPTION, format!("Invalid Resource Owner: {owner} does not name an account."))
        }
        ValueFault::Action(action) => {
            new(errors::INVALID_INPUT_EXCEPTION, format!("Invalid Input Actions: \"{action}\" is not an action."))
        }
        ValueFault::TooManyResources(limit) => {
            new(errors::INVALID_INPUT_EXCEPTION, format!("At most {limit} resources can be simulated at once."))
        }
        ValueFault::Boundaries => new(
            errors::INVALID_INPUT_EXCEPTION,
            "Invalid Permissions Boundary Policy Input List: at most one policy can be given.",
        ),
        ValueFault::NoCaller => new(
            errors::INVALID_INPUT_EXCEPTION,
            "Caller Arn is required when a resource policy is given and the policy source is not a user.",
        ),
    }
}

fn store(error: &StoreError) -> ServiceError {
    match error {
        StoreError::Unavailable { .. } | StoreError::Engine(_) => ServiceError::unavailable(error.to_string()),
        StoreError::Corrupt { .. } => ServiceError::internal(error.to_string()).with_kind(ErrorKind::Corrupt),
    }
}

fn commit(error: &CommitError) -> ServiceError {
    match error {
        CommitError::Store(error) => store(error),
        CommitError::Conflict { .. } => ServiceError::unavailable(error.to_string()),
        CommitError::TooLarge { .. } => ServiceError::internal(error.to_string()),
    }
}
