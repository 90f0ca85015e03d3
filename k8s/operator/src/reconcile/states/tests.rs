//! What is said of a service in which situation.

use serde_json::{Value, json};

use super::{Found, states, status};
use crate::{
    api::{ConditionStatus, ConversationSchema, ConversationService},
    conditions::{DEGRADED, MIGRATION_PENDING, PROGRESSING, READY, SCHEMA_DRIFT},
    migration::Trouble,
};

/// A situation, which begins with all well: version 2.0.0 is declared, its schema is there, and three pods run it.
struct Situation {
    service: Value,
    schema: Value,
    deployment: Option<Value>,
    open: bool,
    written: bool,
    trouble: Option<Trouble>,
    aside: Option<Trouble>,
}

impl Situation {
    fn new() -> Self {
        let condition = |type_: &str, status: &str| {
            json!({"type": type_, "status": status, "reason": "FromSchema", "message": "as the schema says",
                "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1})
        };
        Self {
            service: json!({
                "apiVersion": "conversation.dev/v1alpha1", "kind": "ConversationService",
                "metadata": {"name": "shop", "namespace": "voice", "generation": 2},
                "spec": {
                    "image": {"repository": "r/conversation-api", "tag": "2.0.0"},
                    "scaling": {"replicas": 3},
                    "mongodb": {"uriSecret": {"name": "mongodb"}},
                },
            }),
            schema: json!({
                "apiVersion": "conversation.dev/v1alpha1", "kind": "ConversationSchema", "metadata": {"name": "shop", "generation": 1},
                "spec": {
                    "image": {"repository": "r/conversation-migrator", "tag": "2.0.0"},
                    "mongodb": {"uriSecret": {"name": "mongodb"}},
                },
                "status": {"conditions": [
                    condition("Ready", "True"), condition("Progressing", "False"), condition("Degraded", "False"),
                    condition("MigrationPending", "False"), condition("SchemaDrift", "False"),
                ]},
            }),
            deployment: Some(json!({
                "metadata": {"generation": 4, "labels": {"app.kubernetes.io/version": "2.0.0"}},
                "spec": {
                    "replicas": 3, "selector": {},
                    "template": {"spec": {"containers": [{"name": "api", "image": "r/conversation-api:2.0.0"}]}},
                },
                "status": {"observedGeneration": 4, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3,
                    "availableReplicas": 3},
            })),
            open: true,
            written: true,
            trouble: None,
            aside: None,
        }
    }

    /// The old version serves, because the schema of the new one is not there.
    fn held_back() -> Self {
        let mut situation = Self { open: false, ..Self::new() };
        let deployment = situation.deployment.as_mut().expect("a deployment");
        deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "r/conversation-api:1.0.0".into();
        deployment["metadata"]["labels"]["app.kubernetes.io/version"] = "1.0.0".into();
        situation.schema_says("MigrationPending", "True");
        situation.schema_says("Progressing", "True");
        situation
    }

    fn schema_says(&mut self, type_: &str, status: &str) {
        for condition in self.schema["status"]["conditions"].as_array_mut().expect("a list") {
            if condition["type"] == type_ {
                condition["status"] = status.into();
            }
        }
    }

    fn deployment_counts(&mut self, counts: Value) {
        let deployment = self.deployment.as_mut().expect("a deployment");
        for (name, count) in counts.as_object().expect("numbers") {
            deployment["status"][name] = count.clone();
        }
    }

    /// What the service said of itself the last time.
    fn was_ready(&mut self, generation: i64) {
        let ready = json!({"type": "Ready", "status": "True", "reason": "Ready", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": generation});
        self.service["status"] = json!({"conditions": [ready]});
    }

    fn deployment_says(&mut self, type_: &str, status: &str, message: &str) {
        let deployment = self.deployment.as_mut().expect("a deployment");
        deployment["status"]["conditions"] = json!([{"type": type_, "status": status, "message": message}]);
    }

    fn found<T>(&self, say: impl FnOnce(&ConversationService, &Found<'_>) -> T) -> T {
        let service: ConversationService = serde_json::from_value(self.service.clone()).expect("a service");
        let schema: ConversationSchema = serde_json::from_value(self.schema.clone()).expect("a schema");
        let deployment = self.deployment.clone().map(|it| serde_json::from_value(it).expect("a deployment"));
        let found = Found {
            open: self.open,
            schema: Some(&schema),
            deployment: deployment.as_ref(),
            written: self.written,
            trouble: self.trouble.clone(),
            aside: self.aside.clone(),
        };
        say(&service, &found)
    }

    #[track_caller]
    fn says(&self, type_: &str, holds: bool, reason: &str) -> String {
        let said = self.found(states).into_iter().find(|said| said.type_ == type_).expect("a condition");
        let expected = if holds { ConditionStatus::True } else { ConditionStatus::False };
        assert_eq!((said.status, said.reason.as_str()), (expected, reason), "{}", said.message);
        said.message
    }

    #[track_caller]
    fn cannot_tell(&self, reason: &str) {
        let drift = self.found(states).into_iter().find(|said| said.type_ == SCHEMA_DRIFT).expect("a condition");
        assert_eq!((drift.status, drift.reason.as_str()), (ConditionStatus::Unknown, reason), "{}", drift.message);
    }
}

#[test]
fn all_is_well() {
    let well = Situation::new();
    assert_eq!(well.says(READY, true, "Ready"), "3 pods of version 2.0.0 answer");
    well.says(PROGRESSING, false, "Settled");
    well.says(DEGRADED, false, "AsExpected");
    well.says(MIGRATION_PENDING, false, "FromSchema");
    well.says(SCHEMA_DRIFT, false, "FromSchema");
    let status = well.found(status);
    assert_eq!((status.version.as_deref(), status.target_version.as_deref()), (Some("2.0.0"), Some("2.0.0")));
    assert_eq!((status.replicas, status.ready_replicas), (3, 3));
}

#[test]
fn a_migration_holds_the_rollout_back_and_the_old_version_serves() {
    let mut held = Situation::held_back();
    let message = held.says(READY, false, "FromSchema");
    assert!(message.ends_with("version 1.0.0 serves on, by 3 pods"), "{message}");
    held.says(PROGRESSING, true, "FromSchema");
    held.says(MIGRATION_PENDING, true, "FromSchema");
    held.says(DEGRADED, false, "AsExpected");
    let status = held.found(status);
    assert_eq!((status.version.as_deref(), status.target_version.as_deref()), (Some("1.0.0"), Some("2.0.0")));

    held.schema_says("Degraded", "True");
    let message = held.says(DEGRADED, true, "FromSchema");
    assert_eq!(message, "the migration failed: as the schema says");
    held.says(READY, false, "FromSchema");
    held.trouble = Some(Trouble::new("ImagePullFailed", "no such image"));
    held.says(DEGRADED, true, "FromSchema");
}

#[test]
fn before_the_schema_has_spoken_of_the_new_version_its_old_words_do_not_count() {
    let mut held = Situation::held_back();
    held.schema_says("MigrationPending", "False");
    held.says(MIGRATION_PENDING, true, "Planning");
    held.says(READY, false, "Planning");

    let planning = |held: &Situation| {
        held.says(MIGRATION_PENDING, true, "Planning");
        held.says(PROGRESSING, true, "Planning");
        held.says(DEGRADED, false, "AsExpected");
    };
    // It is that of another revision, or it has not been looked at since it is of this one.
    let mut before = Situation::held_back();
    before.schema_says("Degraded", "True");
    before.schema["spec"]["image"]["tag"] = "1.0.0".into();
    planning(&before);
    let mut written = Situation::held_back();
    written.schema_says("Degraded", "True");
    written.schema["metadata"]["generation"] = 2.into();
    planning(&written);
}

#[test]
fn pods_of_a_version_that_never_ran_are_not_said_to_serve_it() {
    let mut held = Situation::held_back();
    held.deployment_counts(json!({"updatedReplicas": 0, "readyReplicas": 1, "availableReplicas": 1}));
    let message = held.says(READY, false, "FromSchema");
    assert!(message.ends_with("; 1 pod serves"), "{message}");
}

#[test]
fn a_pod_that_is_lost_and_pods_that_an_autoscaler_adds_are_no_rollout() {
    let mut lost = Situation::new();
    lost.deployment_counts(json!({"readyReplicas": 2, "availableReplicas": 2}));
    lost.says(PROGRESSING, true, "PodsMissing");
    lost.says(READY, false, "PodsMissing");
    lost.was_ready(1);
    lost.says(READY, false, "PodsMissing");
    lost.was_ready(2);
    assert_eq!(lost.says(READY, true, "Ready"), "2 of 3 pods of version 2.0.0 answer");
    // Also when another one finds no place, but not without an object that is declared.
    lost.aside = Some(Trouble::new("PodsUnschedulable", "no node"));
    lost.says(READY, true, "Ready");
    lost.says(DEGRADED, true, "PodsUnschedulable");
    lost.trouble = Some(Trouble::new("NameTaken", "Ingress shop exists"));
    lost.says(READY, false, "NameTaken");
    (lost.aside, lost.trouble) = (None, None);
    lost.deployment_counts(json!({"readyReplicas": 1, "availableReplicas": 1}));
    lost.says(READY, false, "PodsMissing");

    let mut scaled = Situation::new();
    scaled.service["spec"]["scaling"] =
        json!({"autoscaling": {"minReplicas": 3, "maxReplicas": 9, "cpuUtilization": 60}});
    scaled.was_ready(2);
    scaled.deployment.as_mut().expect("a deployment")["spec"]["replicas"] = 9.into();
    for total in [3, 9] {
        scaled.deployment_counts(json!({"replicas": total, "updatedReplicas": total}));
        assert_eq!(scaled.says(READY, true, "Ready"), "3 of 9 pods of version 2.0.0 answer");
    }
    // On the way down.
    scaled.deployment.as_mut().expect("a deployment")["spec"]["replicas"] = 3.into();
    scaled.deployment_counts(json!({"readyReplicas": 9, "availableReplicas": 9}));
    scaled.says(READY, true, "Ready");
    scaled.says(PROGRESSING, false, "Settled");
}

#[test]
fn a_monitor_that_cannot_be_made_takes_nobodys_readiness_away() {
    let mut unwatched = Situation::new();
    unwatched.aside = Some(Trouble::new("KindMissing", "ServiceMonitor is asked for"));
    unwatched.says(READY, true, "Ready");
    unwatched.says(DEGRADED, true, "KindMissing");
}

#[test]
fn a_rollout_is_progress_until_all_pods_are_new() {
    let mut rolling = Situation::new();
    let deployment = rolling.deployment.as_mut().expect("a deployment");
    deployment["status"]["updatedReplicas"] = 1.into();
    rolling.says(READY, false, "RollingOut");
    rolling.says(PROGRESSING, true, "RollingOut");
    rolling.says(DEGRADED, false, "AsExpected");
}

#[test]
fn a_failed_look_at_the_schema_does_not_make_pods_that_answer_unready() {
    let mut well = Situation::new();
    well.schema_says("Degraded", "True");
    well.says(READY, true, "Ready");
    well.says(DEGRADED, true, "FromSchema");
    // An object that is declared and cannot be made does.
    well.trouble = Some(Trouble::new("NameTaken", "Ingress shop exists"));
    well.says(READY, false, "NameTaken");
}

#[test]
fn what_could_not_be_written_is_not_said_to_run() {
    let mut old = Situation::held_back();
    old.open = true;
    old.says(READY, false, "RollingOut");
    assert_eq!(old.found(status).version.as_deref(), Some("1.0.0"));
    old.deployment = None;
    assert_eq!(old.found(status).version, None);
    old.service["status"] = json!({"version": "1.0.0", "image": "r/conversation-api:1.0.0"});
    assert_eq!(
        old.found(status).image.as_deref(),
        Some("r/conversation-api:1.0.0"),
        "by it a deleted one is made anew"
    );
}

#[test]
fn numbers_of_the_deployment_before_do_not_count() {
    let mut stale = Situation::new();
    stale.deployment.as_mut().expect("a deployment")["metadata"]["generation"] = 5.into();
    stale.says(READY, false, "RollingOut");
}

#[test]
fn what_is_in_the_way_is_said_with_its_cause() {
    let mut bad = Situation::new();
    bad.deployment.as_mut().expect("a deployment")["status"]["availableReplicas"] = 2.into();
    bad.deployment_says("ReplicaFailure", "True", "exceeded quota: small");
    assert!(bad.says(DEGRADED, true, "QuotaExceeded").contains("exceeded quota: small"));
    bad.says(READY, false, "QuotaExceeded");
    bad.deployment_says("Progressing", "False", "has timed out progressing");
    bad.says(DEGRADED, true, "RolloutStuck");
    bad.trouble = Some(Trouble::new("ImagePullFailed", "no such image"));
    assert_eq!(bad.says(DEGRADED, true, "ImagePullFailed"), "no such image");
    assert!(bad.says(READY, false, "ImagePullFailed").contains("3 pods serve"));
}

#[test]
fn a_paused_service_says_so() {
    let mut paused = Situation::held_back();
    paused.service["spec"]["paused"] = true.into();
    paused.says(PROGRESSING, false, "Paused");

    let mut changed = Situation::new();
    changed.service["spec"]["paused"] = true.into();
    changed.says(READY, true, "Ready");
    changed.written = false;
    let message = changed.says(READY, false, "Paused");
    assert!(message.ends_with("has not been written; 3 pods serve"), "{message}");
}

#[test]
fn without_a_managed_schema_nothing_is_pending() {
    let mut unmanaged = Situation::new();
    unmanaged.service["spec"]["migration"] = json!({"policy": "None"});
    unmanaged.says(MIGRATION_PENDING, false, "NotManaged");
    unmanaged.schema["status"] = Value::Null;
    unmanaged.cannot_tell("NotManaged");
}

#[test]
fn before_the_first_plan_nobody_can_tell_whether_the_schema_is_as_declared() {
    let mut begins = Situation::held_back();
    begins.schema["status"] = Value::Null;
    begins.cannot_tell("NotCompared");
}

#[test]
fn one_pod_is_not_many() {
    let mut small = Situation::new();
    let deployment = small.deployment.as_mut().expect("a deployment");
    deployment["spec"]["replicas"] = 1.into();
    for count in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
        deployment["status"][count] = 1.into();
    }
    assert_eq!(small.says(READY, true, "Ready"), "1 pod of version 2.0.0 answers");
    small.trouble = Some(Trouble::new("NameTaken", "Ingress shop exists"));
    assert!(small.says(READY, false, "NameTaken").ends_with("; 1 pod serves"));
}
