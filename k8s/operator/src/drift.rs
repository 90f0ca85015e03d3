//! Whether an object in the cluster is as it was declared. Fields that are not declared belong to others (the API server's
//! defaults, an autoscaler, `kubectl rollout restart`); elements that somebody put into a declared list do not. Where
//! others have no business in an object's `spec` at all, `foreign` finds what they put there.

pub mod foreign;
mod quantity;

use serde_json::Value;

/// The fields by which elements of a list are told apart, in the order in which they are looked for.
const KEYS: [&str; 4] = ["name", "mountPath", "topologyKey", "key"];

/// What differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Fields that are otherwise than declared, by their JSON pointers.
    pub changed: Vec<String>,
    /// Elements of declared lists that nobody declared, by their JSON pointers, the last of a list first.
    pub foreign: Vec<String>,
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

    fn compare(&mut self, path: &str, declared: &Value, found: &Value) {
        match (declared, found) {
            (Value::Object(members), Value::Object(there)) => {
                for (name, value) in members {
                    let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
                    self.compare(&path, value, there.get(name).unwrap_or(&Value::Null));
                }
            }
            (Value::Array(elements), Value::Array(there)) => self.lists(path, elements, there),
            _ if same(declared, found) => {}
            _ => self.changed.push(path.to_owned()),
        }
    }

    fn lists(&mut self, path: &str, declared: &[Value], found: &[Value]) {
        let Some(key) = key(declared) else {
            // A list of values is one value, and so is one whose elements cannot be told apart.
            if declared.len() != found.len() {
                self.changed.push(path.to_owned());
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
                None => self.changed.push(format!("{path}/{}", element[key].as_str().unwrap_or_default())),
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

fn same(declared: &Value, found: &Value) -> bool {
    let empty = |value: &Value| {
        value.is_null()
            || value.as_str() == Some("")
            || value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(serde_json::Map::is_empty)
    };
    // What is empty is not stored; an amount is stored in the API server's own spelling.
    declared == found || (empty(declared) && empty(found)) || quantity::same(declared, found)
}

#[cfg(test)]
mod tests;
