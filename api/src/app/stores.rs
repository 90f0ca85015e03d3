//! Which store the settings ask for.

use std::sync::Arc;

use conversation_core::Store;
use conversation_store::{EmbeddedSettings, EmbeddedStore, MongoSettings, MongoStore};
use secrecy::ExposeSecret;

use crate::config::{Config, Mongodb};

/// Opens the store.
///
/// # Errors
/// One sentence with the cause and the remedy.
pub async fn open(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    let rules = config.rules.clone();
    let Some(mongodb) = &config.mongodb else {
        let store = EmbeddedStore::open(&EmbeddedSettings::new(&config.data_dir), rules)?;
        tracing::info!(
            folder = %config.data_dir.display(),
            "using the embedded store: durable, for one process; set MONGODB_URI for more"
        );
        return Ok(Arc::new(store));
    };
    let Mongodb { uri, database, max_pool_size, server_selection_timeout, operation_timeout, coalescing, auto_migrate } =
        mongodb;
    let settings = MongoSettings {
        uri: uri.expose_secret().to_owned(),
        database: database.clone(),
        max_pool_size: *max_pool_size,
        server_selection_timeout: *server_selection_timeout,
        operation_timeout: *operation_timeout,
        auto_migrate: *auto_migrate,
        coalescing: *coalescing,
    };
    let store = MongoStore::connect(settings, rules).await?;
    // It serves all the same, and readiness says so too: an index less makes it slow, not wrong.
    let missing = store.health().await.map(|health| health.missing).unwrap_or_default();
    if !missing.is_empty() {
        tracing::warn!(missing = missing.join("; "), "the schema is not as declared: run conversation-migrator apply");
    }
    Ok(Arc::new(store))
}
