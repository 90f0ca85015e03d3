//! The service over HTTP. A request passes `edge` → `dispatch` → `router` → a handler in `sessions`, `events` or `health`.

pub mod batch;
pub mod bodies;
pub mod code;
pub mod dispatch;
pub mod document;
pub mod edge;
pub mod error_view;
pub mod events;
pub mod faults;
pub mod health;
pub mod json;
pub mod operations;
pub mod pages;
pub mod problem;
pub mod request;
pub mod router;
pub mod sessions;
pub mod tags;
pub mod timeline;
pub mod views;
pub mod wire;
