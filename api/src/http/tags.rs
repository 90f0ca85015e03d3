//! The chapters of the OpenAPI document.

/// A chapter.
#[derive(poem_openapi::Tags)]
pub enum Tags {
    /// Calls, from their opening to their end.
    Sessions,
    /// What was said or noted in them.
    Events,
    /// The state of the service itself.
    Service,
}
