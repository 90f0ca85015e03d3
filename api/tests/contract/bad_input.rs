//! What clients get wrong: each is refused by name, and nothing is stored.

mod bodies;
mod identifiers;
mod parameters;
mod routes;
mod sizes;
mod times;
