//! What every request to a service says of who asks.

use sandbox::aws::Service;
use serde_json::json;

use crate::support::House;

/// Headers by which the SDK would tell of itself.
const NOT_SENT: [&str; 3] = ["x-amz-user-agent", "amz-sdk-invocation-id", "amz-sdk-request"];

fn check(service: &Service) {
    let calls = service.calls();
    assert_eq!((calls.len(), service.stats().bad_signatures), (1, 0));
    let headers = &calls[0].headers;
    assert_eq!(headers["user-agent"], concat!("snowflake-aws-functions/", env!("CARGO_PKG_VERSION")));
    assert!(NOT_SENT.iter().all(|name| !headers.contains_key(*name)), "{headers:?}");
}

#[tokio::test]
async fn every_service_that_answers_rows_is_told_the_functions_name_and_nothing_else_of_it() {
    let house = House::open().await;
    assert_eq!(house.ask(["Hello"]).await.status, 200);
    check(house.aws.bedrock());
    assert_eq!(house.post("get_coordinate", json!([[0, "Berlin"]])).await.status, 200);
    check(house.aws.location());
    let house = House::with(&[("PLACE_INDEX_NAME", "")]).await;
    assert_eq!(house.post("get_coordinate", json!([[0, "Berlin"]])).await.status, 200);
    check(house.aws.places());
}
