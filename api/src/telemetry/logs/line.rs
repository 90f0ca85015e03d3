//! A log line as JSON. The library's own format reads a span's fields back from text for every line, which made the line of
//! a request a tenth of its cost; here they are written as they stand.

use std::fmt;

use conversation_core::{Clock as _, SystemClock};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields,
        format::{JsonFields, Writer},
    },
    registry::LookupSpan,
};

/// The format: `timestamp`, `level`, the event's own fields, `target`, and the `span` that it is within.
#[derive(Debug)]
pub(super) struct JsonLine;

impl<S> FormatEvent<S, JsonFields> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    JsonFields: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Line(Vec::with_capacity(512));
        line.0.push(b'{');
        line.member("timestamp", &SystemClock.now().to_string());
        line.member("level", event.metadata().level().as_str());
        event.record(&mut line);
        line.member("target", event.metadata().target());
        if let Some(span) = context.lookup_current() {
            line.key("span");
            line.0.push(b'{');
            let extensions = span.extensions();
            // An object, of which the members are taken over.
            let fields = extensions.get::<FormattedFields<JsonFields>>();
            let members = fields.and_then(|fields| fields.strip_prefix('{')?.strip_suffix('}')).unwrap_or_default();
            line.0.extend_from_slice(members.as_bytes());
            line.member("name", span.name());
            line.0.push(b'}');
        }
        line.0.extend_from_slice(b"}\n");
        writer.write_str(std::str::from_utf8(&line.0).map_err(|_| fmt::Error)?)
    }
}

/// A JSON object that is being written.
struct Line(Vec<u8>);

impl Line {
    fn key(&mut self, name: &str) {
        if !self.0.ends_with(b"{") {
            self.0.push(b',');
        }
        self.value(name);
        self.0.push(b':');
    }

    fn member(&mut self, name: &str, value: &(impl serde::Serialize + ?Sized)) {
        self.key(name);
        self.value(value);
    }

    fn value(&mut self, value: &(impl serde::Serialize + ?Sized)) {
        // Numbers and texts always serialise; what did not would leave the line without a value.
        if serde_json::to_writer(&mut self.0, value).is_err() {
            self.0.extend_from_slice(b"null");
        }
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field.name(), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field.name(), &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field.name(), &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.member(field.name(), &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt as _};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("a lock").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Kept {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_line_is_one_json_object_with_its_span() {
        let kept = Kept::default();
        let layer = tracing_subscriber::fmt::layer().fmt_fields(JsonFields::new()).event_format(JsonLine);
        let subscriber = tracing_subscriber::registry().with(layer.with_writer(kept.clone()));
        tracing::subscriber::with_default(subscriber, || {
            let request = tracing::error_span!("request", request_id = "a\"b");
            request.in_scope(|| tracing::info!(status = 200_u16, took = 1.5, none = None::<&str>, "said \"so\""));
            tracing::warn!(cause = ?["x"], "alone");
        });
        let text = String::from_utf8(kept.0.lock().expect("a lock").clone()).expect("text");
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let [within, alone] = &lines[..] else { panic!("two lines, not {text}") };
        assert_eq!((&within["message"], &within["level"]), (&json!("said \"so\""), &json!("INFO")));
        assert_eq!((&within["status"], &within["took"], within.get("none")), (&json!(200), &json!(1.5), None));
        assert_eq!(within["span"], json!({ "request_id": "a\"b", "name": "request" }));
        assert_eq!((&alone["cause"], alone.get("span")), (&json!("[\"x\"]"), None));
        assert!(alone["timestamp"].as_str().is_some_and(|moment| moment.len() == 24));
    }
}
