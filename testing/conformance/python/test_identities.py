"""Identities where it counts, under `--auth enforce`: sessions, who may be whom, what the simulator says of it."""

import base64
import hashlib
import hmac
import http.server
import itertools
import json
import struct
import subprocess
import threading
import time

import boto3
import pytest
import rsa
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from test_auth import make_key

SERVER_ARGUMENTS = ["--auth", "enforce", "--virtual-clock"]
OWNER = "000000000000"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def owner(server):
    key = make_key(server, OWNER)
    return lambda service: client(server, service, *key)


def client(server, service, access_key=None, secret=None, token=None, **more):
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, **more),
    )


def by(server, credentials: dict, service: str):
    return client(server, service, credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def allow(action, resource="*", **more) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def policy(*statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refused(call, code: str, message: str | None = None) -> None:
    with pytest.raises(ClientError) as raised:
        call()
    error = raised.value.response["Error"]
    assert error["Code"] == code, error
    assert message is None or error["Message"] == message


@pytest.fixture
def user(server, owner):
    """A user who may assume roles, and a way to make clients."""
    iam, name = owner("iam"), f"person-{next(_numbers)}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=policy(allow("sts:AssumeRole")))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return name, key["AccessKeyId"], lambda service: client(server, service, key["AccessKeyId"], key["SecretAccessKey"])


@pytest.fixture
def role(owner):
    """Makes a role that the account's users may assume: `role(document, PermissionsBoundary=…)` answers its ARN."""

    def make(document: str, **more) -> str:
        trust = policy({"Effect": "Allow", "Principal": {"AWS": OWNER}, "Action": ["sts:AssumeRole", "sts:TagSession"]})
        name = f"role-{next(_numbers)}"
        arn = owner("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)["Role"]["Arn"]
        owner("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        return arn

    return make


def test_a_session_has_what_its_role_has_and_needs_its_token(server, owner, user, role):
    arn = role(policy(allow("sqs:*")))
    made = user[2]("sts").assume_role(RoleArn=arn, RoleSessionName="work")["Credentials"]
    url = by(server, made, "sqs").create_queue(QueueName="of-a-session")["QueueUrl"]
    by(server, made, "sqs").send_message(QueueUrl=url, MessageBody="x")
    refused(lambda: by(server, made, "dynamodb").list_tables(), "AccessDeniedException")
    without = client(server, "sqs", made["AccessKeyId"], made["SecretAccessKey"])
    refused(lambda: without.send_message(QueueUrl=url, MessageBody="x"), "InvalidClientTokenId")
    foreign = client(server, "sqs", made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"][:-4] + "AAAA")
    refused(lambda: foreign.send_message(QueueUrl=url, MessageBody="x"), "InvalidClientTokenId")
    # What it may do is looked up when it is done.
    owner("iam").delete_role_policy(RoleName=arn.rsplit("/")[-1], PolicyName="own")
    refused(lambda: by(server, made, "sqs").send_message(QueueUrl=url, MessageBody="x"), "AccessDenied")


def test_a_session_has_nothing_of_a_new_role_of_the_same_name(owner, server, user, role):
    arn = role(policy(allow("sqs:*")))
    name = arn.rsplit("/")[-1]
    iam = owner("iam")
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    session = by(server, user[2]("sts").assume_role(RoleArn=arn, RoleSessionName="old")["Credentials"], "sqs")
    session.list_queues()
    iam.delete_role_policy(RoleName=name, PolicyName="own")
    iam.delete_role(RoleName=name)
    refused(session.list_queues, "AccessDenied")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(allow("sqs:*")))
    refused(session.list_queues, "InvalidClientTokenId")
    by(server, user[2]("sts").assume_role(RoleArn=arn, RoleSessionName="new")["Credentials"], "sqs").list_queues()


def test_a_session_has_nothing_of_a_new_user_of_the_same_name(owner, server):
    iam, name = owner("iam"), f"again-{next(_numbers)}"

    def made():
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy(allow("*")))
        return iam.create_access_key(UserName=name)["AccessKey"]

    key = made()
    sts = client(server, "sts", key["AccessKeyId"], key["SecretAccessKey"])
    token = by(server, sts.get_session_token()["Credentials"], "sqs")
    granted = sts.get_federation_token(Name="guest", Policy=policy(allow("sqs:*")))["Credentials"]
    guest = by(server, granted, "sqs")
    token.list_queues()
    guest.list_queues()
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName=name, PolicyName="own")
    iam.delete_user(UserName=name)
    made()
    refused(token.list_queues, "InvalidClientTokenId")
    refused(guest.list_queues, "InvalidClientTokenId")


def test_a_session_has_ten_managed_policies_at_most(user, role):
    arn = role(policy(allow("sqs:*")))
    eleven = [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}] * 11
    assume = user[2]("sts").assume_role
    refused(lambda: assume(RoleArn=arn, RoleSessionName="work", PolicyArns=eleven), "ValidationError")


def test_a_roles_boundary_and_the_sessions_policy_both_limit(server, owner, user, role):
    boundary = owner("iam").create_policy(
        PolicyName=f"boundary-{next(_numbers)}", PolicyDocument=policy(allow(["sqs:ListQueues", "sqs:CreateQueue"]))
    )["Policy"]["Arn"]
    arn = role(policy(allow("*")), PermissionsBoundary=boundary)
    sts = user[2]("sts")
    session = by(server, sts.assume_role(RoleArn=arn, RoleSessionName="whole")["Credentials"], "sqs")
    session.list_queues()
    url = session.create_queue(QueueName="bounded")["QueueUrl"]
    refused(lambda: session.delete_queue(QueueUrl=url), "AccessDenied")
    only = policy(allow("sqs:ListQueues"))
    limited = by(server, sts.assume_role(RoleArn=arn, RoleSessionName="part", Policy=only)["Credentials"], "sqs")
    limited.list_queues()
    refused(lambda: limited.create_queue(QueueName="bounded-2"), "AccessDenied")


def test_roots_assume_no_roles(owner, role):
    refused(lambda: owner("sts").assume_role(RoleArn=role(policy(allow("*"))), RoleSessionName="root"), "AccessDenied", "Roles may not be assumed by root accounts.")


def test_the_simulator_says_what_the_server_does(server, owner, user):
    name, _, clients = user
    iam, arn = owner("iam"), f"arn:aws:iam::{OWNER}:user/{name}"
    table = f"arn:aws:dynamodb:us-east-1:{OWNER}:table/simulated"
    secure = {"Bool": {"aws:SecureTransport": "true"}}
    document = policy(allow("dynamodb:GetItem", table), allow("dynamodb:PutItem", table, Condition=secure))
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
    actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=actions, ResourceArns=[table])
    decisions = {result["EvalActionName"]: result["EvalDecision"] for result in answer["EvaluationResults"]}
    assert decisions == dict(zip(actions, ["allowed", "implicitDeny", "implicitDeny"]))
    matched = answer["EvaluationResults"][0]["MatchedStatements"][0]
    assert (matched["SourcePolicyId"], matched["SourcePolicyType"]) == (f"user_{name}_p", "IAM Policy")
    assert answer["EvaluationResults"][0]["ResourceSpecificResults"][0]["MissingContextValues"] == ["aws:SecureTransport"]
    entry = {"ContextKeyName": "aws:SecureTransport", "ContextKeyValues": ["true"], "ContextKeyType": "boolean"}
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=actions[1:2], ResourceArns=[table], ContextEntries=[entry])
    assert answer["EvaluationResults"][0]["EvalDecision"] == "allowed"
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[document])["ContextKeyNames"]
    assert keys == ["aws:SecureTransport"]
    # And the server itself: the table is not there, but who may not ask is not told so.
    dynamodb, item = clients("dynamodb"), {"pk": {"S": "a"}}
    refused(lambda: dynamodb.get_item(TableName="simulated", Key=item), "ResourceNotFoundException")
    refused(lambda: dynamodb.put_item(TableName="simulated", Item=item), "AccessDeniedException")


def test_last_uses_are_known(server, owner, user, role):
    name, key, clients = user
    arn = role(policy(allow("sqs:ListQueues")))
    assert owner("iam").get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    made = clients("sts").assume_role(RoleArn=arn, RoleSessionName="use")["Credentials"]
    by(server, made, "sqs").list_queues()
    last = owner("iam").get_access_key_last_used(AccessKeyId=key)
    assert (last["UserName"], last["AccessKeyLastUsed"]["ServiceName"], last["AccessKeyLastUsed"]["Region"]) == (name, "sts", "us-east-1")
    used = owner("iam").get_role(RoleName=arn.rsplit("/")[-1])["Role"]["RoleLastUsed"]
    assert used["Region"] == "us-east-1" and "LastUsedDate" in used


def code(seed: str, step: int) -> str:
    digest = hmac.new(base64.b32decode(seed), struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def test_a_device_is_enabled_with_two_codes_and_proves_who_asks(server, owner, user):
    iam, name = owner("iam"), user[0]
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    seed, step = device["Base32StringSeed"].decode(), int(time.time()) // 30
    serial = device["SerialNumber"]
    wrong = {"AuthenticationCode1": "000000", "AuthenticationCode2": "000000"}
    refused(lambda: iam.enable_mfa_device(UserName=name, SerialNumber=serial, **wrong), "InvalidAuthenticationCode")
    iam.enable_mfa_device(UserName=name, SerialNumber=serial, AuthenticationCode1=code(seed, step), AuthenticationCode2=code(seed, step + 1))
    sts, now = user[2]("sts"), lambda: code(seed, int(time.time()) // 30)
    refused(lambda: sts.get_session_token(SerialNumber=serial, TokenCode="000000"), "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.")
    refused(lambda: sts.get_session_token(SerialNumber=serial), "AccessDenied")
    trust = policy({"Effect": "Allow", "Principal": {"AWS": OWNER}, "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}})
    arn = iam.create_role(RoleName="careful", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    refused(lambda: sts.assume_role(RoleArn=arn, RoleSessionName="bare"), "AccessDenied")
    shown = now()
    made = sts.get_session_token(SerialNumber=serial, TokenCode=shown)["Credentials"]
    again = {"RoleArn": arn, "RoleSessionName": "again", "SerialNumber": serial, "TokenCode": shown}
    refused(lambda: sts.assume_role(**again), "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.")
    by(server, made, "sts").assume_role(RoleArn=arn, RoleSessionName="later")
    assert [device["SerialNumber"] for device in iam.list_mfa_devices(UserName=name)["MFADevices"]] == [serial]
    iam.deactivate_mfa_device(UserName=name, SerialNumber=serial)
    iam.delete_virtual_mfa_device(SerialNumber=serial)


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """An OpenID Connect provider on this machine."""

    def __init__(self):
        public, self.key = rsa.newkeys(2048)
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                number = lambda value: encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))
                key = {"kty": "RSA", "kid": "one", "alg": "RS256", "n": number(public.n), "e": number(public.e)}
                places = {"/.well-known/openid-configuration": {"jwks_uri": f"{issuer.url}/jwks"}, "/jwks": {"keys": [key]}}
                body = json.dumps(places[self.path]).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.place = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.place}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, **claims) -> str:
        claims = {"iss": self.url, "aud": "sts.amazonaws.com", "sub": "repo:shop", "exp": int(time.time()) + 600} | claims
        signed = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "one"}, claims))
        return f"{signed}.{encoded(rsa.sign(signed.encode(), self.key, 'SHA-256'))}"


def test_a_token_of_a_provider_makes_a_session(server, owner):
    issuer, iam = Issuer(), owner("iam")
    provider = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["sts.amazonaws.com"])["OpenIDConnectProviderArn"]
    condition = {"StringEquals": {f"{issuer.place}:aud": "sts.amazonaws.com"}, "StringLike": {f"{issuer.place}:sub": "repo:*"}}
    trust = policy({"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition})
    role = iam.create_role(RoleName="deploys", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="deploys", PolicyName="own", PolicyDocument=policy(allow("sqs:ListQueues")))
    sts = boto3.client("sts", endpoint_url=server.url, region_name="us-east-1", config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}))
    assume = lambda token: sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="run", WebIdentityToken=token)
    answer = assume(issuer.token())
    assert (answer["SubjectFromWebIdentityToken"], answer["Audience"], answer["Provider"]) == ("repo:shop", "sts.amazonaws.com", provider)
    by(server, answer["Credentials"], "sqs").list_queues()
    refused(lambda: by(server, answer["Credentials"], "sqs").create_queue(QueueName="no"), "AccessDenied")
    text = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    refused(lambda: assume(issuer.token(sub="user:ann")), "AccessDenied", text)
    refused(lambda: assume(issuer.token(aud="other")), "InvalidIdentityToken", "Incorrect token audience")
    refused(lambda: assume(issuer.token(exp=int(time.time()) - 1)), "ExpiredTokenException")
    forged = issuer.token().rsplit(".", 1)[0] + "." + encoded(b"0" * 256)
    refused(lambda: assume(forged), "InvalidIdentityToken", "The signature of the token is not valid.")
    gone = Issuer()
    gone.server.shutdown()
    gone.server.server_close()
    iam.create_open_id_connect_provider(Url=gone.url, ClientIDList=["sts.amazonaws.com"])
    refused(lambda: assume(gone.token()), "IDPCommunicationError")


class SamlIssuer:
    """A SAML provider. What it signs is written in canonical form to begin with, so that it needs no canonicalizer."""

    DSIG, EXCLUSIVE = "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/10/xml-exc-c14n#"
    ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"

    def __init__(self, folder):
        self.key = folder / "idp.key"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=idp", "-keyout", self.key]
        certificate = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        body = "".join(certificate.strip().split("\n")[1:-1])
        self.metadata = (
            '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example/"><IDPSSODescriptor '
            'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">'
            f'<KeyInfo xmlns="{self.DSIG}"><X509Data><X509Certificate>{body}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>'
            '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/sso"></SingleSignOnService>'
            "</IDPSSODescriptor></EntityDescriptor>"
        )

    def response(self, pair: str, issued=0, session=1200) -> str:
        at = lambda seconds: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
        values = {"Role": pair, "RoleSessionName": "jane@corp.example"}
        attributes = "".join(
            f'<Attribute Name="{self.ATTRIBUTES}{name}"><AttributeValue>{value}</AttributeValue></Attribute>' for name, value in values.items()
        )
        begin = f'<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a" IssueInstant="{at(issued)}" Version="2.0">'
        rest = (
            '<Issuer>https://idp.example/</Issuer><Subject><NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">jane</NameID>'
            f'<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><SubjectConfirmationData NotOnOrAfter="{at(300)}" '
            'Recipient="https://signin.aws.amazon.com/saml"></SubjectConfirmationData></SubjectConfirmation></Subject>'
            f'<Conditions NotOnOrAfter="{at(300)}"><AudienceRestriction><Audience>urn:amazon:webservices</Audience></AudienceRestriction></Conditions>'
            f'<AuthnStatement AuthnInstant="{at(issued)}" SessionNotOnOrAfter="{at(session)}"></AuthnStatement>'
            f"<AttributeStatement>{attributes}</AttributeStatement></Assertion>"
        )
        digest = base64.b64encode(hashlib.sha256((begin + rest).encode()).digest()).decode()
        signed = (
            f'<SignedInfo xmlns="{self.DSIG}"><CanonicalizationMethod Algorithm="{self.EXCLUSIVE}"></CanonicalizationMethod>'
            '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></SignatureMethod><Reference URI="#_a"><Transforms>'
            f'<Transform Algorithm="{self.DSIG}enveloped-signature"></Transform><Transform Algorithm="{self.EXCLUSIVE}"></Transform></Transforms>'
            f'<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod><DigestValue>{digest}</DigestValue></Reference></SignedInfo>'
        )
        command = ["openssl", "dgst", "-sha256", "-sign", self.key]
        value = subprocess.run(command, check=True, capture_output=True, input=signed.encode()).stdout
        signature = f'<Signature xmlns="{self.DSIG}">{signed}<SignatureValue>{base64.b64encode(value).decode()}</SignatureValue></Signature>'
        status = '<p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status>'
        text = f'<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r">{status}{begin}{signature}{rest}</p:Response>'
        return base64.b64encode(text.encode()).decode()


def test_an_assertion_of_a_saml_provider_makes_a_session(server, owner, tmp_path):
    issuer, iam = SamlIssuer(tmp_path), owner("iam")
    provider = iam.create_saml_provider(Name="corp", SAMLMetadataDocument=issuer.metadata)["SAMLProviderArn"]
    condition = {"StringEquals": {"saml:aud": "https://signin.aws.amazon.com/saml", "saml:sub": "jane"}}
    trust = policy({"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithSAML", "Condition": condition})
    role = iam.create_role(RoleName="people", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="people", PolicyName="own", PolicyDocument=policy(allow("sqs:ListQueues")))
    sts = boto3.client("sts", endpoint_url=server.url, region_name="us-east-1", config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}))
    assume = lambda response: sts.assume_role_with_saml(RoleArn=role, PrincipalArn=provider, SAMLAssertion=response)
    answer = assume(issuer.response(f"{role},{provider}"))
    assert (answer["Subject"], answer["Issuer"]) == ("jane", "https://idp.example/")
    assert answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/people/jane@corp.example")
    # The session at the provider ends in twenty minutes.
    assert answer["Credentials"]["Expiration"].timestamp() <= time.time() + 1200
    by(server, answer["Credentials"], "sqs").list_queues()
    refused(lambda: by(server, answer["Credentials"], "sqs").create_queue(QueueName="no"), "AccessDenied")
    late = issuer.response(f"{role},{provider}", issued=-301)
    refused(lambda: assume(late), "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance")
    other = issuer.response(f"{role}-of-others,{provider}")
    refused(lambda: assume(other), "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")
    forged = base64.b64encode(base64.b64decode(other).replace(b"-of-others", b"")).decode()
    refused(lambda: assume(forged), "InvalidIdentityToken", "Response signature invalid")


def test_the_account_is_reported(owner):
    iam = owner("iam")
    iam.generate_credential_report()
    report = iam.get_credential_report()
    lines = [line.split(",") for line in report["Content"].decode().splitlines()]
    assert lines[0][0] == "user" and lines[1][0] == "<root_account>" and all(len(line) == 22 for line in lines)
    details = iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 3})
    users = [user["UserName"] for page in details for user in page["UserDetailList"]]
    assert users == sorted(users) and users
