//! The conformance suite on the embedded store.

#[path = "../conformance/suite.rs"]
mod suite;

mod files;

mod fixture {
    //! A store in a folder of its own.

    use std::sync::Arc;

    use conversation_core::{Rules, Store};
    use conversation_store::{EmbeddedSettings, EmbeddedStore};
    use tempfile::TempDir;

    /// Keeps what the store needs for as long as a test runs.
    pub(crate) struct Fixture {
        pub(crate) store: Arc<dyn Store>,
        _folder: TempDir,
    }

    pub(crate) async fn open(rules: Rules) -> Fixture {
        let folder = TempDir::new().expect("a temporary folder");
        let store = EmbeddedStore::open(&EmbeddedSettings::new(folder.path()), rules).expect("a store");
        Fixture { store: Arc::new(store), _folder: folder }
    }
}
