//! One tenant's sessions, in the order of (`startedAt` descending, `sessionId` ascending) or its exact reverse.

use bson::{DateTime, Document, doc};
use conversation_core::{
    StoreError, TenantId,
    page::{Order, SessionPage, SessionQuery},
};
use mongodb::options::FindOptions;

use super::{MongoStore, documents::read_session, keyset::Keyset, run};

pub(super) async fn sessions(
    store: &MongoStore,
    tenant: &TenantId,
    query: SessionQuery,
) -> Result<SessionPage, StoreError> {
    let limit = query.limit;
    let options = FindOptions::builder()
        .sort(keyset(query.order).sort())
        .limit(i64::from(limit) + 1)
        .batch_size(limit.saturating_add(2))
        .build();
    let mut sessions = run::find(store.limit, &store.sessions, filter(tenant, query), options, read_session).await?;
    let has_more = sessions.len() > limit as usize;
    sessions.truncate(limit as usize);
    Ok(SessionPage { sessions, has_more })
}

/// Newest first is how the indexes are laid out; the other order reads them backwards, which turns the identifiers too.
const fn keyset(order: Order) -> Keyset {
    let reversed = match order {
        Order::Ascending => Order::Descending,
        Order::Descending => Order::Ascending,
    };
    Keyset { moment: "startedAt", id: "sessionId", moments: order, ids: reversed }
}

fn filter(tenant: &TenantId, query: SessionQuery) -> Document {
    let SessionQuery { status, language, from, to, order, after, limit: _ } = query;
    // Tombstones have no start, so that a bound on it, however low, leaves them out.
    let mut filter = doc! { "tenantId": tenant.as_str(), "startedAt": { "$gte": DateTime::MIN } };
    if let Some(status) = status {
        filter.insert("status", status.as_str());
    }
    if let Some(language) = language {
        filter.insert("language", language.as_str());
    }
    keyset(order).after(&mut filter, from, to, after.as_ref());
    filter
}
