//! The queries that the service sends, by the fields that their filters fix.

/// A kind of query.
#[derive(Debug)]
pub struct Query {
    /// What it is for.
    pub name: &'static str,
    /// The fields that it compares for equality.
    pub fields: &'static [&'static str],
}

impl Query {
    /// Whether it names the shard key, so that a router sends it to one shard.
    #[must_use]
    pub fn is_targeted(&self) -> bool {
        self.fields.contains(&"sessionId")
    }
}

/// All of them. A test of the store proves by the profiler that each that names the session reaches one shard.
pub static QUERIES: &[Query] = &[
    Query { name: "create a session", fields: &["_id", "sessionId"] },
    Query { name: "read, end or change a session", fields: &["_id", "sessionId"] },
    Query { name: "append events", fields: &["_id", "sessionId"] },
    Query { name: "read one event", fields: &["_id", "sessionId", "tenantId"] },
    Query { name: "page through a session's events", fields: &["sessionId", "tenantId"] },
    Query { name: "count a session's events", fields: &["sessionId", "tenantId"] },
    Query { name: "erase a session", fields: &["_id", "sessionId", "tenantId"] },
    Query { name: "list a tenant's sessions", fields: &["tenantId"] },
    Query { name: "sweep after erasures", fields: &[] },
];
