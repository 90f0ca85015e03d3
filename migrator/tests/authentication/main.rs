//! Which rights the migrator and the service need: the roles that README.md lists, and no more; and whom they trust.

mod guarded;
mod roles;
mod tls;
