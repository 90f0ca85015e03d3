//! The node of processes runs pods as a kubelet would: it starts, probes, restarts and ends their containers, and tells
//! why it cannot.

mod failing;
mod serving;
mod support;
