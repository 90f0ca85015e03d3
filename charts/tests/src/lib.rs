//! Nothing but tests of the charts is in this crate: `tests/`.
