//! The operator of the conversation service.
