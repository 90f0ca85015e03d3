//! The contract suite on the built binary with a MongoDB replica set of three.

#[path = "../contract/suite.rs"]
mod suite;

mod fixture {
    //! One process that all tests share, and more for those that need settings of their own.

    use conversation_testkit::{ReplicaSet, Service};
    use tokio::sync::OnceCell;

    static SHARED: OnceCell<Service> = OnceCell::const_new();

    /// The service that the tests share, each with session ids of its own.
    pub(crate) async fn service() -> &'static Service {
        SHARED.get_or_init(|| dedicated(&[])).await
    }

    /// A service of its own, with an empty database and these settings.
    pub(crate) async fn dedicated(settings: &[(&str, &str)]) -> Service {
        let set = ReplicaSet::shared().await.expect("a replica set");
        let builder = Service::builder(env!("CARGO_BIN_EXE_conversation-api")).on_mongodb(set);
        let builder = settings.iter().fold(builder, |builder, (name, value)| builder.env(name, value));
        builder.start().await.expect("a service")
    }
}
