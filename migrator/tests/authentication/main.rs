//! Which rights the migrator and the service need: the roles that README.md lists, and no more.

mod guarded;
mod roles;
