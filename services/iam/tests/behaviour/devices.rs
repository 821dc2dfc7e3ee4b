//! Devices, certificates, providers and reports.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tidegate_ports::{Credentials, KeyUse, Roles};

use super::{Bed, POLICY, START, TRUST, arn};

/// Signed by itself, until 2036; made for this test with openssl.
const CERTIFICATE: &str = include_str!("certificate.pem");
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5Cn7RHTTrNrmqRFLHyN5oLDY+1GJlgvTAXmbY7Jd1s me@here";

fn base32(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
    for letter in text.bytes() {
        let value = if letter >= b'A' { letter - b'A' } else { letter - b'2' + 26 };
        (bits, count) = (bits << 5 | u32::from(value), count + 5);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

/// The code of an authenticator at this step, as RFC 6238 has it.
fn code(seed: &[u8], step: u64) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed);
    let tag = ring::hmac::sign(&key, &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let word: [u8; 4] = tag.as_ref()[at..at + 4].try_into().unwrap();
    format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
}

#[tokio::test]
async fn a_device_belongs_to_whoever_shows_two_codes() {
    let bed = Bed::new().await;
    bed.ok("CreateUser", json!({ "UserName": "u" })).await;
    let device = bed.ok("CreateVirtualMFADevice", json!({ "VirtualMFADeviceName": "d" })).await;
    let device = &device["VirtualMFADevice"];
    let serial = device["SerialNumber"].clone();
    assert_eq!(serial, arn("mfa/d"));
    let seed = STANDARD.decode(device["Base32StringSeed"].as_str().unwrap()).unwrap();
    let seed = base32(std::str::from_utf8(&seed).unwrap());
    let step = START.as_secs() / 30;
    let enable = |first: u64, second: u64| {
        json!({ "UserName": "u", "SerialNumber": serial,
            "AuthenticationCode1": code(&seed, first), "AuthenticationCode2": code(&seed, second) })
    };
    let text = "Authentication code for device is not valid.";
    bed.refuses("EnableMFADevice", enable(step, step), "InvalidAuthenticationCode", text).await;
    bed.ok("EnableMFADevice", enable(step, step + 1)).await;
    let devices = bed.ok("ListMFADevices", json!({ "UserName": "u" })).await;
    assert_eq!(
        (&devices["MFADevices"][0]["SerialNumber"], &devices["MFADevices"][0]["UserName"]),
        (&serial, &json!("u"))
    );
    let text = "Cannot delete entity, must delete MFA device first.";
    bed.refuses("DeleteUser", json!({ "UserName": "u" }), "DeleteConflict", text).await;
    let text = "MFA VirtualDevice in use. Must deactivate first.";
    bed.refuses("DeleteVirtualMFADevice", json!({ "SerialNumber": serial }), "DeleteConflict", text).await;
    bed.ok("UpdateUser", json!({ "UserName": "u", "NewUserName": "v" })).await;
    let bed = bed.restart().await;
    let assigned = bed.ok("ListVirtualMFADevices", json!({ "AssignmentStatus": "Assigned" })).await;
    assert_eq!(assigned["VirtualMFADevices"][0]["User"]["UserName"], "v", "a device goes along");
    bed.ok("DeactivateMFADevice", json!({ "UserName": "v", "SerialNumber": serial })).await;
    bed.ok("DeleteVirtualMFADevice", json!({ "SerialNumber": serial })).await;
    bed.ok("DeleteUser", json!({ "UserName": "v" })).await;
}

/// What Terraform's `force_destroy` asks, in its order, of a user who has one of everything.
#[tokio::test]
async fn a_user_is_taken_apart_piece_by_piece() {
    let bed = Bed::new().await;
    let user = json!({ "UserName": "u" });
    let with = |more: Value| {
        let mut input = user.clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    bed.ok("CreateUser", user.clone()).await;
    let key = bed.ok("UploadSSHPublicKey", with(json!({ "SSHPublicKeyBody": SSH }))).await["SSHPublicKey"].clone();
    assert_eq!(key["Fingerprint"].as_str().unwrap().len(), 47);
    let id = key["SSHPublicKeyId"].clone();
    let text = format!("The SSH public key is already associated with this user as {}.", id.as_str().unwrap());
    bed.refuses("UploadSSHPublicKey", with(json!({ "SSHPublicKeyBody": SSH })), "DuplicateSSHPublicKey", &text).await;
    let shown = bed.ok("GetSSHPublicKey", with(json!({ "SSHPublicKeyId": id, "Encoding": "SSH" }))).await;
    assert_eq!(shown["SSHPublicKey"]["SSHPublicKeyBody"], SSH);
    bed.ok("UpdateSSHPublicKey", with(json!({ "SSHPublicKeyId": id, "Status": "Inactive" }))).await;
    bed.ok("UploadSigningCertificate", with(json!({ "CertificateBody": CERTIFICATE }))).await;
    let text = "Unable to parse certificate. Please ensure the certificate is in PEM format.";
    bed.refuses("UploadSigningCertificate", with(json!({ "CertificateBody": "x" })), "MalformedCertificate", text)
        .await;
    let git = with(json!({ "ServiceName": "codecommit.amazonaws.com" }));
    let first = bed.ok("CreateServiceSpecificCredential", git.clone()).await["ServiceSpecificCredential"].clone();
    assert_eq!(first["ServiceUserName"], "u-at-000000000000");
    assert_eq!(first["ServicePassword"].as_str().unwrap().len(), 44);
    let second = bed.ok("CreateServiceSpecificCredential", git).await["ServiceSpecificCredential"].clone();
    assert_eq!(second["ServiceUserName"], "u+1-at-000000000000");

    let keys = bed.ok("ListSSHPublicKeys", user.clone()).await;
    assert_eq!(keys["SSHPublicKeys"][0]["Status"], "Inactive");
    bed.ok("DeleteSSHPublicKey", with(json!({ "SSHPublicKeyId": id }))).await;
    assert_eq!(
        bed.ok("ListVirtualMFADevices", json!({ "AssignmentStatus": "Assigned" })).await["VirtualMFADevices"],
        json!([])
    );
    let certificates = bed.ok("ListSigningCertificates", user.clone()).await;
    let certificate = certificates["Certificates"][0]["CertificateId"].clone();
    bed.ok("DeleteSigningCertificate", with(json!({ "CertificateId": certificate }))).await;
    let text = "Cannot delete entity, must delete service specific credentials first.";
    bed.refuses("DeleteUser", user.clone(), "DeleteConflict", text).await;
    let all = bed.ok("ListServiceSpecificCredentials", user.clone()).await["ServiceSpecificCredentials"].clone();
    assert_eq!(all[0].get("ServicePassword"), None);
    for credential in all.as_array().unwrap() {
        let id = json!({ "ServiceSpecificCredentialId": credential["ServiceSpecificCredentialId"] });
        bed.ok("DeleteServiceSpecificCredential", with(id)).await;
    }
    bed.ok("DeleteUser", user).await;
}

#[tokio::test]
async fn server_certificates_are_kept_without_their_keys() {
    let bed = Bed::new().await;
    let input = json!({ "ServerCertificateName": "c", "Path": "/cloudfront/", "CertificateBody": CERTIFICATE, "PrivateKey": KEY });
    let uploaded = bed.ok("UploadServerCertificate", input.clone()).await["ServerCertificateMetadata"].clone();
    assert_eq!(uploaded["Arn"], arn("server-certificate/cloudfront/c"));
    assert!(uploaded["Expiration"].as_f64().unwrap() > 2_000_000_000.0, "{uploaded}");
    let text = "The Server Certificate with name c already exists.";
    bed.refuses("UploadServerCertificate", input, "EntityAlreadyExists", text).await;
    let renamed = json!({ "ServerCertificateName": "c", "NewServerCertificateName": "d" });
    bed.ok("UpdateServerCertificate", renamed).await;
    let bed = bed.restart().await;
    let shown =
        bed.ok("GetServerCertificate", json!({ "ServerCertificateName": "d" })).await["ServerCertificate"].clone();
    assert_eq!(shown["CertificateBody"], CERTIFICATE);
    bed.ok("DeleteServerCertificate", json!({ "ServerCertificateName": "d" })).await;
    let text = "The Server Certificate with name d cannot be found.";
    bed.refuses("GetServerCertificate", json!({ "ServerCertificateName": "d" }), "NoSuchEntity", text).await;
}

#[tokio::test]
async fn providers_are_known_by_their_arns() {
    let bed = Bed::new().await;
    let thumbprint = "a".repeat(40);
    let input =
        json!({ "Url": "https://token.example.com/a", "ClientIDList": ["sts"], "ThumbprintList": [thumbprint] });
    let provider = bed.ok("CreateOpenIDConnectProvider", input.clone()).await["OpenIDConnectProviderArn"].clone();
    assert_eq!(provider, arn("oidc-provider/token.example.com/a"));
    let text = "Provider with url https://token.example.com/a already exists.";
    bed.refuses("CreateOpenIDConnectProvider", input, "EntityAlreadyExists", text).await;
    let text = "Invalid Open ID Connect Provider URL: http://token.example.com";
    bed.refuses("CreateOpenIDConnectProvider", json!({ "Url": "http://token.example.com" }), "ValidationError", text)
        .await;
    bed.ok("CreateOpenIDConnectProvider", json!({ "Url": "http://127.0.0.1:9000/realms/a" })).await;
    let of = json!({ "OpenIDConnectProviderArn": provider });
    let with = |more: Value| {
        let mut input = of.clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    bed.ok("AddClientIDToOpenIDConnectProvider", with(json!({ "ClientID": "web" }))).await;
    bed.ok("RemoveClientIDFromOpenIDConnectProvider", with(json!({ "ClientID": "sts" }))).await;
    let bed = bed.restart().await;
    let shown = bed.ok("GetOpenIDConnectProvider", of.clone()).await;
    assert_eq!((&shown["Url"], &shown["ClientIDList"]), (&json!("token.example.com/a"), &json!(["web"])));
    assert_eq!(bed.iam.oidc_provider(provider.as_str().unwrap()).unwrap().client_ids, ["web"]);
    bed.ok("DeleteOpenIDConnectProvider", of.clone()).await;
    bed.ok("DeleteOpenIDConnectProvider", of.clone()).await;
    let text = format!("OpenIDConnect Provider not found for arn {}", provider.as_str().unwrap());
    bed.refuses("GetOpenIDConnectProvider", of, "NoSuchEntity", &text).await;

    let metadata = format!(
        r#"<EntityDescriptor validUntil="2030-01-01T00:00:00Z"><IDPSSODescriptor>{}</IDPSSODescriptor></EntityDescriptor>"#,
        "x".repeat(1000)
    );
    let created = bed.ok("CreateSAMLProvider", json!({ "Name": "s", "SAMLMetadataDocument": metadata })).await;
    assert_eq!(created["SAMLProviderArn"], arn("saml-provider/s"));
    let shown = bed.ok("GetSAMLProvider", json!({ "SAMLProviderArn": arn("saml-provider/s") })).await;
    assert_eq!(
        (&shown["SAMLMetadataDocument"], shown["ValidUntil"].as_f64()),
        (&json!(metadata), Some(1_893_456_000.0))
    );
    bed.ok("DeleteSAMLProvider", json!({ "SAMLProviderArn": arn("saml-provider/s") })).await;
}

#[tokio::test]
async fn the_account_is_shown_as_a_whole() {
    let bed = Bed::new().await;
    bed.ok("CreateUser", json!({ "UserName": "u" })).await;
    let key = bed.ok("CreateAccessKey", json!({ "UserName": "u" })).await["AccessKey"]["AccessKeyId"].clone();
    let key = key.as_str().unwrap();
    bed.ok("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": TRUST })).await;
    let basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    bed.ok("AttachRolePolicy", json!({ "RoleName": "r", "PolicyArn": basic })).await;
    bed.ok("PutUserPolicy", json!({ "UserName": "u", "PolicyName": "p", "PolicyDocument": POLICY })).await;
    let details = bed.ok("GetAccountAuthorizationDetails", json!({})).await;
    assert_eq!(details["UserDetailList"][0]["UserPolicyList"][0]["PolicyName"], "p");
    assert_eq!(details["RoleDetailList"][0]["AttachedManagedPolicies"][0]["PolicyArn"], basic);
    assert_eq!(details["Policies"][0]["Arn"], basic);
    let users = bed.ok("GetAccountAuthorizationDetails", json!({ "Filter": ["User"] })).await;
    assert_eq!((&users["RoleDetailList"], users["UserDetailList"].as_array().unwrap().len()), (&json!([]), 1));

    // Nothing was used yet; then it was, and that outlives a restart.
    let last = bed.ok("GetAccessKeyLastUsed", json!({ "AccessKeyId": key })).await;
    assert_eq!(last["AccessKeyLastUsed"], json!({ "ServiceName": "N/A", "Region": "N/A" }));
    let role = bed.iam.role(&arn("role/r")).unwrap();
    let used = KeyUse { at: START, service: "sqs", operation: "SendMessage", region: "eu-west-1" };
    bed.iam.used(key, used);
    bed.iam.session_used(&role.id, used);
    bed.iam.used("AKIAOFSOMEBODYELSE", used);
    bed.iam.write_uses().await.unwrap();
    let bed = bed.restart().await;
    let last = bed.ok("GetAccessKeyLastUsed", json!({ "AccessKeyId": key })).await;
    assert_eq!(last["AccessKeyLastUsed"]["ServiceName"], "sqs");
    let role = bed.ok("GetRole", json!({ "RoleName": "r" })).await["Role"]["RoleLastUsed"].clone();
    assert_eq!((&role["Region"], role["LastUsedDate"].as_f64()), (&json!("eu-west-1"), Some(1_700_000_000.0)));

    bed.refuses("GetCredentialReport", json!({}), "ReportNotPresent", "Report is not present.").await;
    assert_eq!(bed.ok("GenerateCredentialReport", json!({})).await["State"], "STARTED");
    assert_eq!(bed.ok("GenerateCredentialReport", json!({})).await["State"], "COMPLETE");
    let report = bed.ok("GetCredentialReport", json!({})).await;
    let text = String::from_utf8(STANDARD.decode(report["Content"].as_str().unwrap()).unwrap()).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert!(lines.iter().all(|line| line.len() == 22), "{text}");
    assert_eq!((lines[1][0], lines[2][0], lines[2][12]), ("<root_account>", "u", "sqs"));
}
