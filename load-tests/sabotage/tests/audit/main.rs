//! The auditor finds what is wrong with broken builds, and nothing wrong with the honest one.

mod build;
mod crash;
mod faults;
