//! Settings that cannot be used stop the start.

use sandbox::aws::{Aws, AwsOptions};
use sandbox::lambda::Outcome;

use crate::support::House;

#[tokio::test]
async fn a_wrong_setting_stops_the_start_and_is_named() {
    for (name, value) in [
        ("MAX_CONCURRENCY", "lots"),
        ("LOCATION_INTENDED_USE", "Sometimes"),
        ("ALLOWED_MODEL_IDS", ","),
        ("MODEL_PRICES", "[]"),
    ] {
        let aws = Aws::start(AwsOptions::default()).await.unwrap();
        let house = House::of(aws, &[(name, value)], 1).await;
        let invocation = house.lambda.invoke("{}").await;
        assert!(matches!(invocation.outcome, Outcome::InitFailed { .. }), "{:?}", invocation.outcome);
        let logs = house.lambda.logs();
        assert!(logs.contains(name) && logs.contains(value), "{logs}");
    }
}
