//! The conversation service's domain: its types, its rules, and the contract of the store that keeps them.
//! No I/O, no driver and no HTTP is known here.

pub mod clock;
pub mod cursor;
pub mod event;
pub mod id;
pub mod json;
pub mod language;
pub mod page;
pub mod rules;
pub mod session;
pub mod store;
pub mod timestamp;

pub use clock::{Clock, SystemClock};
pub use event::{Event, EventType, NewEvent};
pub use id::{EventId, SessionId, SessionKey, TenantId};
pub use json::JsonObject;
pub use language::Language;
pub use rules::Rules;
pub use session::{NewSession, Session, SessionPatch, Status};
pub use store::{Store, StoreError};
pub use timestamp::Timestamp;
