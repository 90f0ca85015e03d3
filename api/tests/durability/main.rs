//! INV-1: an acknowledged append is never lost, and INV-2: an append is stored once, whatever is killed half-way.

mod appends;
mod kills;
