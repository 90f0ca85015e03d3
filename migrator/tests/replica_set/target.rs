//! Databases on replica sets.

use conversation_testkit::ReplicaSet;

use crate::runner::Target;

impl Target {
    pub(crate) async fn fresh() -> Self {
        let set = ReplicaSet::shared().await.expect("a replica set");
        Self::on(set).await
    }

    pub(crate) async fn on(set: &ReplicaSet) -> Self {
        Self::at(set.uri()).await
    }

    /// A fresh database that has the declared schema.
    pub(crate) async fn applied() -> Self {
        let target = Self::fresh().await;
        let run = target.run(&["apply", "--yes"]).await;
        assert_eq!(run.status, 0, "{}{}", run.out, run.err);
        target
    }
}
