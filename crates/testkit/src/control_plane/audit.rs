//! What the API server has been asked, from its audit log.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// A call that the API server has answered, or a watch that it has begun to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who asked, such as `admin` or `system:serviceaccount:NAMESPACE:NAME`.
    pub user: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`.
    pub verb: String,
    /// The API group, empty for the core.
    pub group: String,
    /// The resource in the plural, empty for a path such as `/version`.
    pub resource: String,
    /// Such as `status`, or empty.
    pub subresource: String,
    /// Empty for what is of the whole cluster, and for a call to all namespaces.
    pub namespace: String,
    /// Empty for a call to many objects, and for a creation.
    pub name: String,
    /// The HTTP status of the answer.
    pub code: u16,
}

/// Every call so far, each once, in the order of the answers.
pub(super) fn read(path: &Path) -> Result<Vec<Call>> {
    let text = fs::read_to_string(path).context("audit log")?;
    let mut seen = HashSet::new();
    let mut calls = Vec::new();
    // The last line may be half written.
    let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
    for line in complete.lines() {
        let entry: Value = serde_json::from_str(line).context("entry of the audit log")?;
        // A watch is told twice: when it begins and when it ends.
        if seen.insert(text_at(&entry, "/auditID")) {
            calls.push(call(&entry));
        }
    }
    Ok(calls)
}

fn call(entry: &Value) -> Call {
    let code = entry.pointer("/responseStatus/code").and_then(Value::as_u64);
    Call {
        user: text_at(entry, "/user/username"),
        verb: text_at(entry, "/verb"),
        group: text_at(entry, "/objectRef/apiGroup"),
        resource: text_at(entry, "/objectRef/resource"),
        subresource: text_at(entry, "/objectRef/subresource"),
        namespace: text_at(entry, "/objectRef/namespace"),
        name: text_at(entry, "/objectRef/name"),
        code: code.and_then(|code| code.try_into().ok()).unwrap_or_default(),
    }
}

fn text_at(entry: &Value, pointer: &str) -> String {
    entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
