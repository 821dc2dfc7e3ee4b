//! A session that cannot be read is one that nobody knows.

use std::time::Duration;

use tidegate_ports::{Credentials, RoleUse, ServiceRoles};

use super::bed::{Bed, Role};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"lambda.amazonaws.com"}}}"#;
const NOTHING: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;

#[tokio::test]
async fn the_others_go_on() {
    let bed = Bed::new(&[("r", Role { trust: TRUST, policy: NOTHING, boundary: None })]).await;
    let used = RoleUse {
        role: "arn:aws:iam::000000000000:role/r".to_owned(),
        service: "lambda.amazonaws.com".to_owned(),
        source: None,
        session: "f".to_owned(),
    };
    let mut keys = Vec::new();
    for _ in 0..2 {
        keys.push(bed.sts.issue(used.clone(), Duration::from_secs(3600)).await.unwrap().access_key);
    }
    assert!(bed.violations().await.is_empty());
    bed.damage(&keys[0]).await;
    assert_eq!(bed.violations().await, ["STS-1"]);
    let bed = bed.restart().await;
    assert!(bed.sts.find(&keys[0]).is_none());
    assert!(bed.sts.find(&keys[1]).is_some());
}
