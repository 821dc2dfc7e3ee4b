//! The pages that are no AWS API.

use tokio::io::AsyncWriteExt;

use crate::world::{ADMIN_KEY, Choices, Request, Response, World};

#[tokio::test]
async fn health_has_localstacks_shape() {
    let world = World::new().await;
    for path in ["/_tidegate/health", "/_localstack/health", "/_localstack/health/", "/health"] {
        let health = world.send(&Request::new("GET", path)).await;
        assert_eq!(health.status, 200, "{path}: {health:?}");
        let health = health.json();
        assert_eq!(health["services"]["fake"], "running", "{path}");
        assert_eq!(health["services"]["s3"], "disabled", "{path}");
        assert_eq!((&health["edition"], &health["version"]), (&"community".into(), &"0.0.0".into()), "{path}");
    }
    assert_eq!(world.send(&Request::new("HEAD", "/_localstack/health")).await.status, 200);
    let bucket = world.send(&Request::new("GET", "/health").scope("A/20260101/us-east-1/s3")).await;
    assert_eq!(bucket.status, 501, "a bucket may be called health: {bucket:?}");
}

#[tokio::test]
async fn unknown_pages_list_the_known_ones() {
    let world = World::new().await;
    let response = world.send(&Request::new("GET", "/_tidegate/nope")).await;
    assert_eq!(response.status, 404);
    assert!(response.body.contains("POST /_tidegate/settle"), "{response:?}");
    assert!(world.send(&Request::new("GET", "/")).await.body.contains("Tidegate 0.0.0"));
}

#[tokio::test]
async fn settle_waits_for_open_requests_but_not_for_long_polls() {
    let world = World::new().await;
    let mut waiting = world.connect().await;
    waiting.write_all(&Request::json("AmazonFake.Wait").bytes(world.address)).await.unwrap();
    world.fake.begun.notified().await;
    let settled = world.send(&Request::new("POST", "/_tidegate/settle")).await;
    assert_eq!((settled.status, &settled.json()["idle"]), (200, &true.into()), "{settled:?}");

    let mut working = world.connect().await;
    working.write_all(&Request::json("AmazonFake.Work").bytes(world.address)).await.unwrap();
    world.fake.begun.notified().await;
    let busy = world.send(&Request::new("POST", "/_tidegate/settle?timeout=0.02")).await;
    assert_eq!(busy.status, 409, "{busy:?}");
    assert_eq!(busy.json()["busy"], serde_json::json!([{ "what": "request", "count": 1 }]));

    let mut settling = world.connect().await;
    settling.write_all(&Request::new("POST", "/_tidegate/settle").bytes(world.address)).await.unwrap();
    world.fake.go_on.notify_one();
    assert_eq!(Response::read(&mut settling).await.status, 200);
    let nonsense = world.send(&Request::new("POST", "/_tidegate/settle?timeout=long")).await;
    assert_eq!(nonsense.status, 400, "{nonsense:?}");
}

#[tokio::test]
async fn time_moves_only_where_it_may() {
    let fixed = World::new().await;
    let refused = fixed.send(&Request::new("POST", "/_tidegate/clock").body("{\"advance\":\"PT1H\"}")).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("--virtual-clock"), "{refused:?}");
    assert_eq!(fixed.send(&Request::new("POST", "/_tidegate/reset")).await.status, 409);

    let world = World::with(Choices { movable: true, ..Choices::default() }).await;
    let before = world.env.now();
    let moved = world.send(&Request::new("POST", "/_tidegate/clock").body("{\"advance\":\"PT24H\"}")).await;
    assert_eq!((moved.status, &moved.json()["reached"]), (200, &true.into()), "{moved:?}");
    assert!(world.env.now() >= before.plus_millis(86_400_000));
    assert!(world.env.real_now() < before.plus_millis(86_400_000), "the wall clock stays");
    let clock = world.send(&Request::new("GET", "/_tidegate/clock")).await.json();
    assert!(clock["offsetSeconds"].as_f64().unwrap() >= 86_399.0, "{clock}");
    for (body, expected) in [
        ("{\"set\":\"2001-01-01T00:00:00Z\"}", "backwards"),
        ("{\"advance\":\"P20Y\"}", "advance"),
        ("{}", "advance"),
        ("{\"advance\"", "not JSON"),
    ] {
        let response = world.send(&Request::new("POST", "/_tidegate/clock").body(body)).await;
        assert_eq!(response.status, 400, "{body}: {response:?}");
        assert!(response.body.contains(expected), "{body}: {response:?}");
    }
    assert_eq!(world.send(&Request::new("POST", "/_tidegate/reset")).await.status, 200);
}

#[tokio::test]
async fn requests_are_measured() {
    let world = World::new().await;
    world.call("Nothing").await;
    world.call("Fail").await;
    let metrics = world.send(&Request::new("GET", "/_tidegate/metrics")).await.body;
    for line in [
        r#"tidegate_requests_total{service="fake",operation="Nothing",status="200"} 1"#,
        r#"tidegate_requests_total{service="fake",operation="Fail",status="other"} 1"#,
        "tidegate_requests_open 0",
        "tidegate_request_body_bytes 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn access_keys_are_made_with_the_admin_key_only() {
    let world = World::new().await;
    let create = Request::new("POST", "/_tidegate/keys").body("{\"account\":\"123456789012\"}");
    assert_eq!(world.send(&create).await.status, 403);
    assert_eq!(world.send(&create.clone().header("x-tidegate-admin-key", "guess")).await.status, 403);
    let made = world.send(&create.clone().header("x-tidegate-admin-key", ADMIN_KEY)).await;
    assert_eq!(made.status, 200, "{made:?}");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("AKIA") && id.len() == 20, "{id}");
    assert_eq!(made.json()["secret"].as_str().unwrap().len(), 40);
    let bearer = format!("Bearer {ADMIN_KEY}");
    let list = world.send(&Request::new("GET", "/_tidegate/keys").header("authorization", &bearer)).await;
    assert_eq!(list.json()["keys"][0]["id"], id.as_str());
    assert!(!list.body.contains(made.json()["secret"].as_str().unwrap()), "{list:?}");
    let path = format!("/_tidegate/keys/{id}");
    let delete = Request::new("DELETE", &path).header("authorization", &bearer);
    assert_eq!(world.send(&delete).await.status, 200);
    assert_eq!(world.send(&delete).await.status, 404);
}
