//! Pages that show events in the wrong order, or not as late as they are.

use conversation_core::page::EventPage;

use crate::config::Fault;

pub(crate) fn with_fault(fault: Fault, mut page: EventPage) -> EventPage {
    match fault {
        Fault::Misorders => page.events.reverse(),
        Fault::ForgetsLate => page.events.iter_mut().for_each(|event| event.late = false),
        _ => {}
    }
    page
}
