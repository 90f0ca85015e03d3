//! The ConversationSchema of a ConversationService, and the revision of a schema.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Desired, Owner, put, service::account_name, value};
use crate::{
    api::{
        ConversationSchemaSpec, ConversationService, ConversationServiceSpec, JobSettings, Mongodb, Policy,
        SchemaMigration, SchemaPolicy, Sharding,
    },
    kinds::Kind,
};

/// The ConversationSchema that brings the database where the service needs it, unless nobody here is to.
#[must_use]
pub fn schema(service: &ConversationService) -> Option<Desired> {
    let (owner, spec) = (Owner::from(service), &service.spec);
    let mut wanted = schema_spec(spec)?;
    // Of the pods of both, because a cloud may know the account that may reach the database.
    wanted.pod.service_account_name = Some(account_name(&owner, spec));
    let body = json!({"spec": value(&wanted)});
    let labels = owner.labels("migrator", &spec.migrator_image().version());
    Some(owner.object(Kind::ConversationSchema, &owner.name, labels, body))
}

/// What a service asks of its schema.
#[must_use]
pub fn schema_spec(spec: &ConversationServiceSpec) -> Option<ConversationSchemaSpec> {
    let migration = &spec.migration;
    let policy = match migration.policy {
        Policy::Automatic => SchemaPolicy::Automatic,
        Policy::Approve => SchemaPolicy::Approve,
        Policy::Observe => SchemaPolicy::Observe,
        Policy::None => return None,
    };
    let uri_secret = migration.uri_secret.as_ref().unwrap_or(&spec.mongodb.uri_secret).clone();
    Some(ConversationSchemaSpec {
        image: spec.migrator_image(),
        image_pull_secrets: spec.image_pull_secrets.clone(),
        mongodb: Mongodb { uri_secret, ..spec.mongodb.clone() },
        indexes: spec.indexes.clone(),
        retention: spec.retention.clone(),
        sharding: spec.sharding.clone(),
        migration: SchemaMigration {
            policy,
            allow_drop: migration.allow_drop.clone(),
            ignore_index_use: migration.ignore_index_use,
            timeout_seconds: migration.timeout_seconds,
        },
        verify_every_seconds: migration.verify_every_seconds,
        pod: JobSettings {
            node_selector: spec.pod.node_selector.clone(),
            tolerations: spec.pod.tolerations.clone(),
            affinity: spec.pod.affinity.clone(),
            priority_class_name: spec.pod.priority_class_name.clone(),
            platform_assigns_users: spec.pod.platform_assigns_users,
            annotations: migration.pod_annotations.clone(),
            labels: migration.pod_labels.clone(),
            service_account_name: spec.pod.service_account_name.clone(),
            ..JobSettings::default()
        },
        paused: false,
    })
}

/// What a deployment declares beyond its release, as the migrator reads it; nothing when there is nothing.
pub(super) fn declaration(spec: &ConversationSchemaSpec) -> Option<String> {
    let mut declaration = json!({});
    put(&mut declaration, "retention", value(&spec.retention));
    put(&mut declaration, "indexes", value(&spec.indexes));
    put(&mut declaration, "allowDrop", value(&spec.migration.allow_drop));
    if spec.migration.ignore_index_use {
        declaration["ignoreIndexUse"] = true.into();
    }
    if let Some(Sharding { shard_keys, zone, chunks_per_shard }) = &spec.sharding {
        put(&mut declaration, "shardKeys", value(shard_keys));
        put(&mut declaration, "zone", value(zone));
        put(&mut declaration, "chunksPerShard", value(chunks_per_shard));
    }
    let empty = declaration.as_object().is_none_or(serde_json::Map::is_empty);
    (!empty).then(|| declaration.to_string())
}

/// What a plan is made for and what is applied: a hash of image, declaration, database and secret. How runs are made, and
/// who approves them, is not in it.
#[must_use]
pub fn revision(spec: &ConversationSchemaSpec) -> String {
    let what = json!([spec.image.reference(), declaration(spec), value(&spec.mongodb)]);
    hash(&what)
}

/// A short hash of some JSON.
#[must_use]
pub fn hash(what: &Value) -> String {
    Sha256::digest(what.to_string()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
