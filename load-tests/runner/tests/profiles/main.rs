//! Every profile with the real k6 against the real service, for seconds; and what surrounds them.

mod faults;
mod modules;
mod outputs;
mod processes;
mod runs;
mod testrun;
