//! A code of an MFA device counts once, whatever comes between.

use serde_json::json;

use super::bed::{Bed, DEVICE};

#[tokio::test]
async fn a_code_counts_once_over_a_restart_too() {
    let bed = Bed::new(&[]).await;
    bed.people.codes.lock().extend(["111111", "222222"]);
    let shown = |code: &str| json!({ "SerialNumber": DEVICE, "TokenCode": code });
    assert!(bed.call("GetSessionToken", shown("111111")).await.is_ok());
    let bed = bed.restart().await;
    let (code, message) = bed.call("GetSessionToken", shown("111111")).await.unwrap_err();
    assert_eq!(code, "AccessDenied");
    assert!(message.contains("MultiFactorAuthentication failed"), "{message}");
    assert!(bed.call("GetSessionToken", shown("222222")).await.is_ok());
    assert!(bed.violations().await.is_empty());
    bed.sts.reset().await.unwrap();
    assert!(bed.call("GetSessionToken", shown("111111")).await.is_ok(), "a reset forgets what was shown");
}
