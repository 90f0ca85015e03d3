//! The conformance suite on a MongoDB replica set of three.

#[path = "../conformance/suite.rs"]
mod suite;

mod fixture {
    //! A database of its own on one replica set that all tests share.

    use std::{sync::Arc, time::Duration};

    use conversation_core::{Rules, Store};
    use conversation_store::{MongoSettings, MongoStore};
    use conversation_testkit::{ReplicaSet, unique_database};

    /// Keeps what the store needs for as long as a test runs.
    pub(crate) struct Fixture {
        pub(crate) store: Arc<dyn Store>,
    }

    pub(crate) async fn open(rules: Rules) -> Fixture {
        let set = ReplicaSet::shared().await.expect("a replica set");
        let settings = MongoSettings {
            uri: set.uri(),
            database: unique_database(),
            // More than a busy machine makes any call wait.
            operation_timeout: Duration::from_secs(60),
            server_selection_timeout: Duration::from_secs(20),
            auto_migrate: true,
            ..MongoSettings::default()
        };
        Fixture { store: Arc::new(MongoStore::connect(settings, rules).await.expect("a store")) }
    }
}
