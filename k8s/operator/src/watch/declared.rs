//! What users declare, as watches tell of it: whether it changed, and whether it can be read.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use kube::{
    Resource, ResourceExt,
    core::{DeserializeGuard, error_boundary::InvalidObject},
    runtime::{
        reflector::{ObjectRef, Store},
        watcher::Event,
    },
};

/// What was declared when an object was seen last, as a hash by its uid.
#[derive(Debug, Default)]
pub(super) struct Declared(HashMap<String, u64>);

impl Declared {
    /// Whether an object changed in more than its status.
    pub(super) fn changed(&mut self, object: &impl ResourceExt) -> bool {
        let mut hasher = DefaultHasher::new();
        let metadata = object.meta();
        (metadata.generation, object.annotations()).hash(&mut hasher);
        metadata.deletion_timestamp.is_some().hash(&mut hasher);
        let hash = hasher.finish();
        self.0.insert(object.uid().unwrap_or_default(), hash) != Some(hash)
    }

    /// An object is gone, which is a change.
    pub(super) fn forget(&mut self, object: &impl ResourceExt) -> bool {
        self.0.remove(&object.uid().unwrap_or_default());
        true
    }
}

/// An event of objects that can be read. One that cannot, because somebody stored it by other types than these, is said and
/// left alone, like one that is not there: it is nobody else's reason to stop.
pub(super) fn readable<K>(store: &Store<K>, event: Event<DeserializeGuard<K>>) -> Option<Event<K>>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    let unreadable = |invalid: InvalidObject| {
        let InvalidObject { error, metadata } = invalid;
        let (name, namespace) = (metadata.name.unwrap_or_default(), metadata.namespace.unwrap_or_default());
        tracing::error!(kind = %K::kind(&()), namespace, name, error, "an object cannot be read; it is left alone");
        let before = store.get(&ObjectRef::new(&name).within(&namespace))?;
        Some(Event::Delete((*before).clone()))
    };
    match event {
        Event::Init => Some(Event::Init),
        Event::InitDone => Some(Event::InitDone),
        Event::InitApply(DeserializeGuard(Ok(object))) => Some(Event::InitApply(object)),
        Event::Apply(DeserializeGuard(Ok(object))) => Some(Event::Apply(object)),
        Event::Delete(DeserializeGuard(Ok(object))) => Some(Event::Delete(object)),
        Event::Apply(DeserializeGuard(Err(invalid))) | Event::Delete(DeserializeGuard(Err(invalid))) => {
            unreadable(invalid)
        }
        // What was there before is replaced as a whole when the list is complete.
        Event::InitApply(DeserializeGuard(Err(invalid))) => {
            unreadable(invalid);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use kube::runtime::reflector::store::Writer;
    use serde_json::{Value, json};

    use super::*;
    use crate::api::ConversationSchema;

    fn schema(name: &str, spec: &Value) -> Value {
        json!({"apiVersion": "conversation.dev/v1alpha1", "kind": "ConversationSchema",
            "metadata": {"name": name, "namespace": "voice", "uid": name, "generation": 1}, "spec": spec})
    }

    fn guarded(object: Value) -> DeserializeGuard<ConversationSchema> {
        serde_json::from_value(object).expect("an object")
    }

    #[test]
    fn an_object_that_cannot_be_read_is_like_one_that_is_not_there() {
        let mut writer = Writer::<ConversationSchema>::default();
        let store = writer.as_reader();
        let good = json!({"image": {"repository": "r", "tag": "1"}, "mongodb": {"uriSecret": {"name": "m"}}});
        let mut see = |event| {
            if let Some(event) = readable(&store, event) {
                writer.apply_watcher_event(&event);
            }
            store.state().len()
        };
        let bad = || guarded(schema("b", &json!({"image": 7})));
        see(Event::Init);
        see(Event::InitApply(bad()));
        see(Event::InitApply(guarded(schema("a", &good))));
        assert_eq!(see(Event::InitDone), 1);
        assert_eq!(see(Event::Apply(guarded(schema("b", &good)))), 2);
        assert_eq!(see(Event::Apply(bad())), 1);
        assert_eq!(see(Event::Delete(bad())), 1);
    }

    #[test]
    fn a_status_is_no_change_of_what_is_declared() {
        let mut declared = Declared::default();
        let mut object: ConversationSchema = serde_json::from_value(schema(
            "a",
            &json!({"image": {"repository": "r"}, "mongodb": {"uriSecret": {"name": "m"}}}),
        ))
        .expect("an object");
        assert!(declared.changed(&object));
        object.status = Some(Default::default());
        assert!(!declared.changed(&object));
        object.metadata.generation = Some(2);
        assert!(declared.changed(&object));
        object.metadata.annotations = Some([("a".to_owned(), "b".to_owned())].into());
        assert!(declared.changed(&object));
        assert!(!declared.changed(&object));
    }
}
