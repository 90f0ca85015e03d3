//! The conformance suite on a sharded cluster whose chunks move while it runs, and what only such a cluster can show.

#[path = "../conformance/suite.rs"]
mod suite;

mod moves;
mod targeting;

mod fixture {
    //! A database of its own on one cluster that all tests share, its chunks moving to and fro.

    use std::{sync::Arc, time::Duration};

    use conversation_core::{Rules, Store};
    use conversation_store::{MongoSettings, MongoStore};
    use conversation_testkit::{ShardedCluster, unique_database};

    use crate::moves::Moving;

    /// Keeps what the store needs for as long as a test runs.
    pub(crate) struct Fixture {
        pub(crate) store: Arc<dyn Store>,
        _moving: Moving,
    }

    pub(crate) fn settings(cluster: &ShardedCluster, database: &str) -> MongoSettings {
        MongoSettings {
            uri: cluster.uri(),
            database: database.into(),
            // More than a busy machine makes any call wait.
            operation_timeout: Duration::from_secs(60),
            server_selection_timeout: Duration::from_secs(20),
            auto_migrate: true,
            ..MongoSettings::default()
        }
    }

    pub(crate) async fn open(rules: Rules) -> Fixture {
        let cluster = ShardedCluster::shared().await.expect("a sharded cluster");
        let database = unique_database();
        let store = Arc::new(MongoStore::connect(settings(cluster, &database), rules).await.expect("a store"));
        Fixture { store, _moving: Moving::start(cluster, database) }
    }
}
