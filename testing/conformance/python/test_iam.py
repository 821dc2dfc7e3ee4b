"""IAM through boto3: entities, attachments, versions, quotas, and AWS's words for mistakes."""

import json

import pytest
from botocore.exceptions import ClientError

ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]})
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@pytest.fixture(scope="module")
def iam(server):
    iam = server.client("iam")
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="team")
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(TRUST), Description="works")
    iam.create_instance_profile(InstanceProfileName="machine")
    iam.create_policy(PolicyName="queues", PolicyDocument=ALLOW)
    iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    return iam


OWN = "arn:aws:iam::000000000000:policy/queues"
NOWHERE = "arn:aws:iam::000000000000:policy/nowhere"


def document(**statement) -> str:
    statement = {key: value for key, value in {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", **statement}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal, action="sts:AssumeRole") -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": action}]})


MALFORMED = [
    ("not json", "Syntax errors in policy."),
    ("{}", "Syntax errors in policy."),
    (document(Effect="Maybe"), "Syntax errors in policy."),
    (json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}), "Policy document must be version 2012-10-17 or greater."),
    (json.dumps({"Version": "2013-01-01", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}), "The policy must contain a valid version string"),
    (document(Action=None), "Policy statement must contain actions."),
    (document(Resource=None), "Policy statement must contain resources."),
    (document(Action="ListQueues"), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
    (document(Action="sqs:a:b"), "Actions/Condition can contain only one colon."),
    (document(Action="s q:List"), "Vendor s q is not valid"),
    (document(Resource="queue"), 'Resource queue must be in ARN format or "*".'),
    (document(Resource="arn:moon:s3:::b"), 'Partition "moon" is not valid for resource "arn:moon:s3:::b".'),
    (document(Principal="*"), "Policy document should not specify a principal."),
    (document(Sid="a b"), "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"),
    (document(Condition={"Likes": {"aws:userid": "x"}}), "Syntax errors in policy."),
]

UNTRUSTED = [
    ("{", "This policy contains invalid Json"),
    (document(), "Has prohibited field Resource"),
    (document(Resource=None), "Missing required field Principal"),
    (trust({"Service": "lambda.amazonaws.com"}, "s3:Get"), "AssumeRole policy may only specify STS AssumeRole actions."),
    (trust({"Service": "lambda"}), 'Invalid principal in policy: "Service":"lambda"'),
    (trust({"AWS": "arn:aws:iam::000000000000:user/no"}), 'Invalid principal in policy: "AWS":"arn:aws:iam::000000000000:user/no"'),
]

MISUSES = [
    ("create_user", {"UserName": "x", "Path": "here"}, "ValidationError", "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."),
    ("update_user", {"UserName": "ann", "NewPath": "/here"}, "ValidationError", "The specified value for newPath is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."),
    ("get_server_certificate", {"ServerCertificateName": "no"}, "NoSuchEntity", "The Server Certificate with name no cannot be found."),
    ("get_saml_provider", {"SAMLProviderArn": "arn:aws:iam::000000000000:saml-provider/no"}, "NoSuchEntity", "Manifest not found for arn arn:aws:iam::000000000000:saml-provider/no"),
    ("get_open_id_connect_provider", {"OpenIDConnectProviderArn": "arn:aws:iam::000000000000:oidc-provider/no"}, "NoSuchEntity", "OpenIDConnect Provider not found for arn arn:aws:iam::000000000000:oidc-provider/no"),
    ("create_open_id_connect_provider", {"Url": "http://example.com"}, "ValidationError", "Invalid Open ID Connect Provider URL: http://example.com"),
    ("delete_virtual_mfa_device", {"SerialNumber": "arn:aws:iam::000000000000:mfa/no"}, "NoSuchEntity", "VirtualMFADevice with serial number arn:aws:iam::000000000000:mfa/no doesn't exist."),
    ("upload_ssh_public_key", {"UserName": "ann", "SSHPublicKeyBody": "ssh-rsa no"}, "InvalidPublicKey", "Unable to parse the SSH public key."),
    ("delete_ssh_public_key", {"UserName": "ann", "SSHPublicKeyId": "APKANOBODYHASTHISKEY00"}, "NoSuchEntity", "The Public Key with id APKANOBODYHASTHISKEY00 cannot be found."),
    ("create_service_specific_credential", {"UserName": "ann", "ServiceName": "s3.amazonaws.com"}, "NotSupportedService", "No such service s3.amazonaws.com is supported for Service Specific Credentials"),
    ("get_credential_report", {}, "ReportNotPresent", "Report is not present."),
    ("simulate_principal_policy", {"PolicySourceArn": "arn:aws:sts::000000000000:assumed-role/r/s", "ActionNames": ["s3:Get"]}, "InvalidInput", "Invalid Entity Arn: arn:aws:sts::000000000000:assumed-role/r/s does not clearly define entity type and name."),
    ("get_user", {"UserName": "no"}, "NoSuchEntity", "The user with name no cannot be found."),
    ("delete_user", {"UserName": "no"}, "NoSuchEntity", "The user with name no cannot be found."),
    ("get_group", {"GroupName": "no"}, "NoSuchEntity", "The group with name no cannot be found."),
    ("get_role", {"RoleName": "no"}, "NoSuchEntity", "The role with name no cannot be found."),
    ("get_instance_profile", {"InstanceProfileName": "no"}, "NoSuchEntity", "Instance Profile no cannot be found."),
    ("get_policy", {"PolicyArn": NOWHERE}, "NoSuchEntity", f"Policy {NOWHERE} was not found."),
    ("get_policy", {"PolicyArn": "arn:aws:iam::000000000000:user/x"}, "ValidationError", "ARN arn:aws:iam::000000000000:user/x is not valid."),
    ("get_policy_version", {"PolicyArn": OWN, "VersionId": "v9"}, "NoSuchEntity", f"Policy {OWN} version v9 does not exist or is not attachable."),
    ("get_user_policy", {"UserName": "ann", "PolicyName": "no"}, "NoSuchEntity", "The user policy with name no cannot be found."),
    ("get_role_policy", {"RoleName": "worker", "PolicyName": "no"}, "NoSuchEntity", "The role policy with name no cannot be found."),
    ("get_group_policy", {"GroupName": "team", "PolicyName": "no"}, "NoSuchEntity", "The group policy with name no cannot be found."),
    ("get_login_profile", {"UserName": "ann"}, "NoSuchEntity", "Login Profile for User ann cannot be found."),
    ("delete_access_key", {"UserName": "ann", "AccessKeyId": "AKIAAAAAAAAAAAAAAAAA"}, "NoSuchEntity", "The Access Key with id AKIAAAAAAAAAAAAAAAAA cannot be found."),
    ("attach_role_policy", {"RoleName": "worker", "PolicyArn": NOWHERE}, "NoSuchEntity", f"Policy {NOWHERE} does not exist or is not attachable."),
    ("detach_role_policy", {"RoleName": "worker", "PolicyArn": OWN}, "NoSuchEntity", f"Policy {OWN} was not found."),
    ("get_account_password_policy", {}, "NoSuchEntity", "The Password Policy with domain name 000000000000 cannot be found."),
    ("create_user", {"UserName": "ANN"}, "EntityAlreadyExists", "User with name ANN already exists."),
    ("create_group", {"GroupName": "team"}, "EntityAlreadyExists", "Group with name team already exists."),
    ("create_role", {"RoleName": "worker", "AssumeRolePolicyDocument": json.dumps(TRUST)}, "EntityAlreadyExists", "Role with name worker already exists."),
    ("create_policy", {"PolicyName": "queues", "PolicyDocument": ALLOW}, "EntityAlreadyExists", "A policy called queues already exists. Duplicate names are not allowed."),
    ("create_instance_profile", {"InstanceProfileName": "machine"}, "EntityAlreadyExists", "Instance Profile machine already exists."),
    ("create_user", {"UserName": "a b"}, "ValidationError", "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"),
    ("create_user", {"UserName": "u", "Tags": [{"Key": "k", "Value": ""}, {"Key": "K", "Value": ""}]}, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."),
    ("create_user", {"UserName": "u", "PermissionsBoundary": NOWHERE}, "NoSuchEntity", f"Scope ARN: {NOWHERE} does not exist or is not attachable."),
    ("create_access_key", {}, "ValidationError", "Must specify userName when calling with non-User credentials"),
    ("attach_role_policy", {"RoleName": "AWSServiceRoleForECS", "PolicyArn": OWN}, "UnmodifiableEntity", "Cannot perform the operation on the protected role 'AWSServiceRoleForECS' - this role is only modifiable by AWS"),
]


def refused(call, code: str, message: str) -> None:
    with pytest.raises(ClientError) as raised:
        call()
    error = raised.value.response["Error"]
    assert (error["Code"], error["Message"]) == (code, message)


@pytest.mark.parametrize("text, message", MALFORMED)
def test_documents_that_are_refused(iam, text, message):
    refused(lambda: iam.create_policy(PolicyName="bad", PolicyDocument=text), "MalformedPolicyDocument", message)


@pytest.mark.parametrize("text, message", UNTRUSTED)
def test_trust_policies_that_are_refused(iam, text, message):
    refused(lambda: iam.create_role(RoleName="bad", AssumeRolePolicyDocument=text), "MalformedPolicyDocument", message)


@pytest.mark.parametrize("operation, arguments, code, message", MISUSES)
def test_misuses(iam, operation, arguments, code, message):
    refused(lambda: getattr(iam, operation)(**arguments), code, message)


@pytest.mark.parametrize("name", ["AWSLambdaBasicExecutionRole", "AWSLambdaSQSQueueExecutionRole", "AWSLambdaDynamoDBExecutionRole", "AWSLambdaVPCAccessExecutionRole", "AWSLambdaRole", "AmazonECSTaskExecutionRolePolicy", "AmazonAPIGatewayPushToCloudWatchLogs"])
def test_policies_that_templates_name(iam, name):
    arn = f"arn:aws:iam::aws:policy/service-role/{name}"
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    assert policy["Path"] == "/service-role/"
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert version["Document"]["Version"] == "2012-10-17"


def test_a_role_as_terraform_makes_it(iam):
    created = iam.create_role(RoleName="tf", AssumeRolePolicyDocument=json.dumps(TRUST), Path="/app/", MaxSessionDuration=7200, Tags=[{"Key": "a", "Value": "b"}])["Role"]
    assert created["Arn"] == "arn:aws:iam::000000000000:role/app/tf"
    assert created["RoleId"].startswith("AROA")
    role = iam.get_role(RoleName="tf")["Role"]
    assert (role["AssumeRolePolicyDocument"], role["MaxSessionDuration"], role["Tags"]) == (TRUST, 7200, [{"Key": "a", "Value": "b"}])
    assert iam.list_role_policies(RoleName="tf")["PolicyNames"] == []
    iam.attach_role_policy(RoleName="tf", PolicyArn=BASIC)
    iam.attach_role_policy(RoleName="tf", PolicyArn=BASIC)
    assert iam.list_attached_role_policies(RoleName="tf")["AttachedPolicies"] == [{"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": BASIC}]
    assert [role["RoleName"] for role in iam.list_entities_for_policy(PolicyArn=BASIC)["PolicyRoles"]] == ["tf"]
    assert iam.list_instance_profiles_for_role(RoleName="tf")["InstanceProfiles"] == []
    iam.put_role_policy(RoleName="tf", PolicyName="in", PolicyDocument=ALLOW)
    assert iam.get_role_policy(RoleName="tf", PolicyName="in")["PolicyDocument"] == json.loads(ALLOW)
    refused(lambda: iam.delete_role(RoleName="tf"), "DeleteConflict", "Cannot delete entity, must detach all policies first.")
    iam.detach_role_policy(RoleName="tf", PolicyArn=BASIC)
    refused(lambda: iam.delete_role(RoleName="tf"), "DeleteConflict", "Cannot delete entity, must delete policies first.")
    iam.delete_role_policy(RoleName="tf", PolicyName="in")
    iam.delete_role(RoleName="tf")


def test_instance_profiles_hold_one_role(iam):
    iam.add_role_to_instance_profile(InstanceProfileName="machine", RoleName="worker")
    profile = iam.get_instance_profile(InstanceProfileName="machine")["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == ["worker"]
    again = lambda: iam.add_role_to_instance_profile(InstanceProfileName="machine", RoleName="worker")
    refused(again, "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    refused(lambda: iam.delete_role(RoleName="worker"), "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
    iam.remove_role_from_instance_profile(InstanceProfileName="machine", RoleName="worker")


def test_groups_and_their_members(iam):
    iam.add_user_to_group(GroupName="team", UserName="ann")
    assert [user["UserName"] for user in iam.get_group(GroupName="team")["Users"]] == ["ann"]
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="ann")["Groups"]] == ["team"]
    refused(lambda: iam.delete_user(UserName="ann"), "DeleteConflict", "Cannot delete entity, must remove users from group first.")
    iam.remove_user_from_group(GroupName="team", UserName="ann")


def test_login_profiles_follow_the_password_policy(iam):
    iam.update_account_password_policy(MinimumPasswordLength=10, RequireNumbers=True)
    weak = lambda: iam.create_login_profile(UserName="ann", Password="short1")
    refused(weak, "PasswordPolicyViolation", "Password does not conform to the account password policy.")
    iam.create_login_profile(UserName="ann", Password="longer-than-10")
    assert iam.get_login_profile(UserName="ann")["LoginProfile"]["PasswordResetRequired"] is False
    iam.delete_login_profile(UserName="ann")
    iam.delete_account_password_policy()


def test_lists_page(iam):
    for number in range(5):
        iam.create_user(UserName=f"page{number}", Path="/page/")
    pages = iam.get_paginator("list_users").paginate(PathPrefix="/page/", PaginationConfig={"PageSize": 2})
    assert [[user["UserName"] for user in page["Users"]] for page in pages] == [["page0", "page1"], ["page2", "page3"], ["page4"]]


def test_tags(iam):
    iam.tag_policy(PolicyArn=OWN, Tags=[{"Key": "a", "Value": "1"}])
    assert iam.list_policy_tags(PolicyArn=OWN)["Tags"] == [{"Key": "a", "Value": "1"}]
    iam.untag_policy(PolicyArn=OWN, TagKeys=["a"])
    assert iam.list_policy_tags(PolicyArn=OWN)["Tags"] == []


def test_aliases_and_the_summary(iam):
    iam.create_account_alias(AccountAlias="my-alias")
    assert iam.list_account_aliases()["AccountAliases"] == ["my-alias"]
    iam.delete_account_alias(AccountAlias="my-alias")
    assert iam.get_account_summary()["SummaryMap"]["AccessKeysPerUserQuota"] == 2


def test_service_linked_roles(iam):
    role = iam.get_role(RoleName="AWSServiceRoleForECS")["Role"]
    assert role["Path"] == "/aws-service-role/ecs.amazonaws.com/"
    task = iam.delete_service_linked_role(RoleName="AWSServiceRoleForECS")["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
