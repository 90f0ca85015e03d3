//! Listing a tenant's sessions.

use conversation_core::{
    NewSession, Status, TenantId,
    page::{Order, Position, SessionPage, SessionQuery},
};

use super::support::*;
use crate::fixture::Fixture;

fn all() -> SessionQuery {
    SessionQuery {
        status: None,
        language: None,
        from: None,
        to: None,
        order: Order::Descending,
        after: None,
        limit: 100,
    }
}

async fn list(fixture: &Fixture, query: SessionQuery) -> SessionPage {
    let tenant = TenantId::parse("default").expect("a tenant id");
    fixture.store.sessions(&tenant, query).await.expect("a page")
}

fn names(page: &SessionPage) -> Vec<String> {
    page.sessions.iter().map(|session| session.key.session_id.to_string()).collect()
}

/// Sessions `s00` to `s19`, two at each moment, the languages alternating.
async fn twenty(fixture: &Fixture) {
    for n in 0..20 {
        let tag = if n % 2 == 0 { "en" } else { "fr" };
        let request =
            NewSession { started_at: Some(at(n / 2)), language: language(tag), ..new_session(&format!("s{n:02}")) };
        fixture.store.create_session(request, NOW).await.expect("created");
    }
}

/// Newest first, and by identifier where two began together.
fn newest_first() -> Vec<String> {
    (0..10).rev().flat_map(|pair| [format!("s{:02}", pair * 2), format!("s{:02}", pair * 2 + 1)]).collect()
}

#[tokio::test]
async fn sessions_come_newest_first_or_in_exactly_the_reverse() {
    let fixture = fixture().await;
    twenty(&fixture).await;
    assert_eq!(names(&list(&fixture, all()).await), newest_first());
    let mut oldest_first = newest_first();
    oldest_first.reverse();
    assert_eq!(names(&list(&fixture, SessionQuery { order: Order::Ascending, ..all() }).await), oldest_first);
}

#[tokio::test]
async fn a_walk_sees_every_session_once() {
    let fixture = fixture().await;
    twenty(&fixture).await;
    for order in [Order::Descending, Order::Ascending] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = list(&fixture, SessionQuery { order, after: after.clone(), limit: 3, ..all() }).await;
            seen.extend(names(&page));
            let Some(last) = page.sessions.last().filter(|_| page.has_more) else { break };
            after = Some(Position { moment: last.started_at, id: last.key.session_id.to_string() });
        }
        assert_eq!(seen, names(&list(&fixture, SessionQuery { order, ..all() }).await));
    }
}

#[tokio::test]
async fn filters_choose_by_status_language_and_start() {
    let fixture = fixture().await;
    twenty(&fixture).await;
    fixture.end("s03", Status::Completed, at(99)).await.expect("ended");
    let completed = SessionQuery { status: Some(Status::Completed), ..all() };
    assert_eq!(names(&list(&fixture, completed).await), ["s03"]);
    let french = list(&fixture, SessionQuery { language: Some(language("fr")), ..all() }).await;
    assert_eq!(french.sessions.len(), 10);
    let ranged = SessionQuery { from: Some(at(2)), to: Some(at(4)), ..all() };
    assert_eq!(names(&list(&fixture, ranged).await), ["s06", "s07", "s04", "s05"]);
}

#[tokio::test]
async fn another_tenants_sessions_are_not_listed() {
    let fixture = fixture().await;
    let foreign = NewSession::opened(tenant_key("other", "s"), language("en"));
    fixture.store.create_session(foreign, NOW).await.expect("created");
    assert!(list(&fixture, all()).await.sessions.is_empty());
}

#[tokio::test]
async fn an_erased_session_is_not_listed() {
    let fixture = fixture().await;
    twenty(&fixture).await;
    fixture.store.erase(&key("s04"), NOW).await.expect("erased");
    let expected: Vec<String> = newest_first().into_iter().filter(|name| name != "s04").collect();
    assert_eq!(names(&list(&fixture, all()).await), expected);
}
