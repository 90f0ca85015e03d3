//! Whether an object in the cluster is as it was declared. Fields that are not declared belong to others (the API server's
//! defaults, an autoscaler, `kubectl rollout restart`); elements that somebody put into a declared list do not. Where
//! others have no business in an object's `spec` at all, `foreign` finds what they put there.

pub mod foreign;
mod quantity;

use serde_json::{Value, json};

/// The fields by which elements of a list are told apart, in the order in which they are looked for.
const KEYS: [&str; 4] = ["name", "mountPath", "topologyKey", "key"];

/// What differs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drift {
    /// Fields that are otherwise than declared.
    pub changed: Vec<Change>,
    /// Elements of declared lists that nobody declared, by their JSON pointers, the last of a list first.
    pub foreign: Vec<String>,
}

/// A field that is otherwise than declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its JSON pointer, `-` being the end of a list.
    pub path: String,
    /// Whether it is there with another value.
    pub there: bool,
    /// What is declared.
    pub declared: Value,
}

impl Drift {
    /// Whether all is as declared.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.changed.is_empty() && self.foreign.is_empty()
    }

    /// What differs between what is declared and what is there.
    #[must_use]
    pub fn between(declared: &Value, found: &Value) -> Self {
        let mut drift = Self::default();
        drift.compare("", declared, found);
        drift
    }

    /// The JSON Patch that makes what is there what is declared. Applying would not do: the API server tells elements of lists
    /// apart by other fields than names, so a port whose number was edited would be there twice.
    #[must_use]
    pub fn patch(&self) -> Vec<Value> {
        let changed = self.changed.iter().map(|Change { path, there, declared }| {
            let op = if *there { "replace" } else { "add" };
            json!({"op": op, "path": path, "value": declared})
        });
        changed.chain(self.foreign.iter().map(|path| json!({"op": "remove", "path": path}))).collect()
    }

    /// Where something differs.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.changed.iter().map(|change| change.path.as_str()).chain(self.foreign.iter().map(String::as_str))
    }

    fn change(&mut self, path: String, declared: &Value, there: bool) {
        self.changed.push(Change { path, there, declared: declared.clone() });
    }

    fn compare(&mut self, path: &str, declared: &Value, found: &Value) {
        match (declared, found) {
            (Value::Object(members), Value::Object(there)) => {
                for (name, value) in members {
                    let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
                    self.compare(&path, value, there.get(name).unwrap_or(&Value::Null));
                }
            }
            (Value::Array(elements), Value::Array(there)) => self.lists(path, elements, there),
            _ if same(path, declared, found) => {}
            _ => self.change(path.to_owned(), declared, !found.is_null()),
        }
    }

    fn lists(&mut self, path: &str, declared: &[Value], found: &[Value]) {
        let Some(key) = key(declared) else {
            // A list of values is one value, and so is one whose elements cannot be told apart.
            if declared.len() != found.len() {
                return self.change(path.to_owned(), &declared.into(), true);
            }
            for (index, (declared, found)) in declared.iter().zip(found).enumerate() {
                self.compare(&format!("{path}/{index}"), declared, found);
            }
            return;
        };
        let mut known = vec![false; found.len()];
        for element in declared {
            match found.iter().position(|there| there[key] == element[key]) {
                Some(index) => {
                    known[index] = true;
                    self.compare(&format!("{path}/{index}"), element, &found[index]);
                }
                None => self.change(format!("{path}/-"), element, false),
            }
        }
        // Owners are others' business: an object may have several.
        if path != "/metadata/ownerReferences" {
            let foreign = (0..found.len()).rev().filter(|&index| !known[index]);
            self.foreign.extend(foreign.map(|index| format!("{path}/{index}")));
        }
    }
}

/// The field that tells the elements of a list apart, if there is one.
fn key(elements: &[Value]) -> Option<&'static str> {
    let distinct = |key: &&str| {
        let values: Vec<&Value> = elements.iter().map(|element| &element[*key]).collect();
        values.iter().enumerate().all(|(index, value)| value.is_string() && !values[..index].contains(value))
    };
    if elements.is_empty() { None } else { KEYS.into_iter().find(|key| distinct(key)) }
}

fn same(path: &str, declared: &Value, found: &Value) -> bool {
    let empty = |value: &Value| {
        value.is_null()
            || value.as_str() == Some("")
            || value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(serde_json::Map::is_empty)
    };
    let amount = || path.contains("/resources/requests/") || path.contains("/resources/limits/");
    // What is empty is not stored; an amount is stored in the API server's own spelling.
    declared == found || (empty(declared) && empty(found)) || (amount() && quantity::same(declared, found))
}

#[cfg(test)]
mod tests;
