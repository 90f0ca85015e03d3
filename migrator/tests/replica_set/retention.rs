//! What is too old goes, and nothing else.

use std::time::Duration;

use conversation_testkit::{ReplicaSet, until};

use crate::{
    aging::{Aged, KEPT_90_DAYS, expiring},
    runner::Target,
};

#[tokio::test]
async fn what_is_older_than_the_retention_is_deleted_and_a_session_outlives_its_events() {
    let set = ReplicaSet::start(1).await.expect("a replica set");
    set.member(0).admin(expiring()).await.expect("the server takes it");
    let target = Target::on(&set).await;
    let run = target.run(&["apply", "--yes", "--declaration", KEPT_90_DAYS]).await;
    assert_eq!(run.status, 0, "{}{}", run.out, run.err);
    let aged = Aged::store(&target).await;
    until(Duration::from_secs(150), "the old to be deleted", async || aged.old_are_gone(&target).await)
        .await
        .expect("in time");
    aged.assert_young_are_there(&target).await;
}
