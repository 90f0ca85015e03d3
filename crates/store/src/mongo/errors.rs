//! The one table from the driver's and the server's errors to what a caller may do.
//! What is not an acknowledgement says what the caller may do (INV-4). Codes and labels decide, never the text of a message; a write in doubt is `OutcomeUnknown`.

use conversation_core::{StoreError, store::Cause};
use mongodb::error::{Error, ErrorKind, WriteFailure};

use super::run::Fault;

/// The server found another document with the same `_id`.
pub(super) const DUPLICATE_KEY: i32 = 11000;
/// The server has no such collection.
pub(super) const NAMESPACE_NOT_FOUND: i32 = 26;

/// Set on an error after which nothing was written, in no attempt.
const NO_WRITES_PERFORMED: &str = "NoWritesPerformed";
/// Set when no connection could be made, so that nothing was sent, in no attempt.
const SYSTEM_OVERLOADED: &str = "SystemOverloadedError";

/// What an error code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// The server looked at the request and declined it; another attempt would have been declined too.
    Declined,
    /// Time ran out while the server was at it.
    TimedOut,
}

/// Codes that say more than that something failed. Not among them: 10107, 189, 11602 and their like, by which a server
/// says that it is no longer the primary. A driver that retries a write whose first answer was lost may be left with
/// such a code although the first attempt was carried out.
const CODES: &[(i32, Meaning)] = &[
    (2, Meaning::Declined),     // BadValue
    (9, Meaning::Declined),     // FailedToParse
    (13, Meaning::Declined),    // Unauthorized
    (14, Meaning::Declined),    // TypeMismatch
    (18, Meaning::Declined),    // AuthenticationFailed
    (20, Meaning::Declined),    // IllegalOperation, as of a standalone that is asked for retryable writes
    (50, Meaning::TimedOut),    // MaxTimeMSExpired
    (52, Meaning::Declined),    // DollarPrefixedFieldName
    (59, Meaning::Declined),    // CommandNotFound
    (72, Meaning::Declined),    // InvalidOptions
    (73, Meaning::Declined),    // InvalidNamespace
    (121, Meaning::Declined),   // DocumentValidationFailure
    (202, Meaning::TimedOut),   // NetworkInterfaceExceededTimeLimit
    (262, Meaning::TimedOut),   // ExceededTimeLimit
    (10334, Meaning::Declined), // BSONObjectTooLarge
    (17280, Meaning::Declined), // KeyTooLong
];

fn meaning(code: i32) -> Option<Meaning> {
    CODES.iter().find(|(listed, _)| *listed == code).map(|(_, meaning)| *meaning)
}

/// What a fault means to the caller of a read.
pub(super) fn read(fault: &Fault) -> StoreError {
    let cause = Box::new(fault.clone());
    match fault {
        Fault::Deadline(_) => StoreError::DeadlineExceeded(cause),
        Fault::Driver(error) if code(error).and_then(meaning) == Some(Meaning::TimedOut) => {
            StoreError::DeadlineExceeded(cause)
        }
        Fault::Driver(_) | Fault::Lost => StoreError::Unavailable(cause),
    }
}

/// What a fault means to the caller of a write.
pub(super) fn write(fault: &Fault) -> StoreError {
    let cause = Box::new(fault.clone());
    match fault {
        Fault::Driver(error) if nothing_happened(error) => StoreError::Unavailable(cause),
        Fault::Driver(_) | Fault::Deadline(_) | Fault::Lost => StoreError::OutcomeUnknown(cause),
    }
}

/// What the server's error for one document of several means.
pub(super) fn write_of_one(code: i32, fault: &Fault) -> StoreError {
    let cause = Box::new(fault.clone());
    match meaning(code) {
        Some(Meaning::Declined) => StoreError::Unavailable(cause),
        Some(Meaning::TimedOut) | None => StoreError::OutcomeUnknown(cause),
    }
}

/// The error of a later write of a call whose earlier one was made: "nothing was written" would not be true of the call.
pub(super) fn after_a_write(error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(cause) | StoreError::DeadlineExceeded(cause) => StoreError::OutcomeUnknown(cause),
        StoreError::Overloaded => StoreError::OutcomeUnknown("too much waited for the rest of the call".into()),
        other => other,
    }
}

/// The same error for one more of the callers that share a call.
pub(super) fn shared(error: &StoreError) -> StoreError {
    let again = |cause: &Cause| cause.to_string().into();
    match error {
        StoreError::SessionNotFound => StoreError::SessionNotFound,
        StoreError::EventNotFound => StoreError::EventNotFound,
        StoreError::SessionErased => StoreError::SessionErased,
        StoreError::SessionClosed => StoreError::SessionClosed,
        StoreError::InvalidTransition { current } => StoreError::InvalidTransition { current: *current },
        StoreError::InvalidPatch(invalid) => StoreError::InvalidPatch(invalid.clone()),
        StoreError::Unavailable(cause) => StoreError::Unavailable(again(cause)),
        StoreError::OutcomeUnknown(cause) => StoreError::OutcomeUnknown(again(cause)),
        StoreError::Overloaded => StoreError::Overloaded,
        StoreError::DeadlineExceeded(cause) => StoreError::DeadlineExceeded(again(cause)),
        StoreError::Corrupt(cause) => StoreError::Corrupt(again(cause)),
    }
}

/// Something in the store that this service did not write.
pub(super) fn corrupt(cause: impl Into<Cause>) -> StoreError {
    StoreError::Corrupt(cause.into())
}

/// A write that is in doubt for a reason that is no error of the driver.
pub(super) fn in_doubt(cause: impl Into<Cause>) -> StoreError {
    StoreError::OutcomeUnknown(cause.into())
}

fn nothing_happened(error: &Error) -> bool {
    if error.contains_label(NO_WRITES_PERFORMED) || error.contains_label(SYSTEM_OVERLOADED) {
        return true;
    }
    match &*error.kind {
        ErrorKind::ServerSelection { .. }
        | ErrorKind::Shutdown
        | ErrorKind::Authentication { .. }
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::InvalidTlsConfig { .. }
        | ErrorKind::InvalidArgument { .. }
        | ErrorKind::IncompatibleServer { .. }
        | ErrorKind::SessionsNotSupported => true,
        // The write was made; it is its spreading that failed.
        ErrorKind::Write(WriteFailure::WriteConcernError(_)) => false,
        // `ConnectionPoolCleared` stands for both a connection that was not to be had and one that was cut off in use.
        _ => code(error).and_then(meaning) == Some(Meaning::Declined),
    }
}

/// The server's code for the whole call, if it is the server that failed it.
pub(super) fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(command) => Some(command.code),
        ErrorKind::Write(WriteFailure::WriteError(write)) => Some(write.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(concern)) => Some(concern.code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{io, time::Duration};

    use mongodb::error::CommandError;

    use super::*;

    fn command(code: i32) -> Fault {
        let error: CommandError = serde_json::from_value(serde_json::json!({ "code": code })).expect("an error");
        Fault::Driver(ErrorKind::Command(error).into())
    }

    fn write_concern(code: i32) -> Fault {
        let error = serde_json::from_value(serde_json::json!({ "code": code })).expect("an error");
        Fault::Driver(ErrorKind::Write(WriteFailure::WriteConcernError(error)).into())
    }

    fn write_error(code: i32) -> Fault {
        let error = serde_json::from_value(serde_json::json!({ "code": code })).expect("an error");
        Fault::Driver(ErrorKind::Write(WriteFailure::WriteError(error)).into())
    }

    fn network(kind: io::ErrorKind) -> Fault {
        Fault::Driver(io::Error::from(kind).into())
    }

    #[test]
    fn a_write_in_doubt_is_of_unknown_outcome() {
        let faults = [
            Fault::Deadline(Duration::from_secs(5)),
            Fault::Lost,
            network(io::ErrorKind::ConnectionReset),
            network(io::ErrorKind::TimedOut),
            command(50),    // MaxTimeMSExpired
            command(64),    // WriteConcernFailed
            command(91),    // ShutdownInProgress
            command(189),   // PrimarySteppedDown
            command(10107), // NotWritablePrimary, after a retry
            command(11600), // InterruptedAtShutdown
            command(11602), // InterruptedDueToReplStateChange
            command(999_999),
            write_concern(64),
            write_concern(13),
            write_error(112), // WriteConflict
        ];
        for fault in faults {
            assert!(matches!(write(&fault), StoreError::OutcomeUnknown(_)), "{fault}");
        }
    }

    #[test]
    fn a_write_that_was_declined_or_never_sent_did_not_happen() {
        for fault in [command(13), command(18), write_error(10334), Fault::Driver(ErrorKind::Shutdown.into())] {
            assert!(matches!(write(&fault), StoreError::Unavailable(_)), "{fault}");
        }
    }

    #[test]
    fn a_read_that_ran_out_of_time_says_so() {
        for fault in [Fault::Deadline(Duration::from_secs(5)), command(50), command(262)] {
            assert!(matches!(read(&fault), StoreError::DeadlineExceeded(_)), "{fault}");
        }
        for fault in [command(10107), command(13), network(io::ErrorKind::ConnectionRefused), Fault::Lost] {
            assert!(matches!(read(&fault), StoreError::Unavailable(_)), "{fault}");
        }
    }

    #[test]
    fn one_document_of_several_is_judged_by_its_own_code() {
        assert!(matches!(write_of_one(10334, &Fault::Lost), StoreError::Unavailable(_)));
        assert!(matches!(write_of_one(11602, &Fault::Lost), StoreError::OutcomeUnknown(_)));
    }

    #[test]
    fn no_code_is_listed_twice() {
        assert!(CODES.is_sorted_by_key(|(code, _)| *code));
        assert!(CODES.windows(2).all(|pair| pair[0].0 != pair[1].0));
    }
}
