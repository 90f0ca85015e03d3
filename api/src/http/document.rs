//! The OpenAPI document: what poem-openapi derives from the handlers, completed from the table of operations with what
//! it cannot derive (query parameters, errors by operation, headers) and with examples.

use poem_openapi::{OpenApi, OpenApiService, Webhook};
use serde_json::{Map, Value, json};

use super::{
    code::ErrorCode,
    operations::{OPERATIONS, Operation, Parameter},
};

/// Examples of requests and answers by operation, which a test sends to the service.
const EXAMPLES: &str = include_str!("examples.json");

/// The completed document of a service.
#[must_use]
pub fn of<T: OpenApi, W: Webhook>(service: &OpenApiService<T, W>) -> Value {
    let mut document: Value = serde_json::from_str(&service.spec()).unwrap_or_default();
    let examples: Value = serde_json::from_str(EXAMPLES).unwrap_or_default();
    if let Some(root) = document.as_object_mut() {
        // OpenAPI 3.0 knows no webhooks, and until tenants have credentials no operation asks for any.
        root.remove("webhooks");
        root.insert("security".into(), json!([]));
    }
    for operation in OPERATIONS {
        let method = operation.method.to_ascii_lowercase();
        if let Some(described) = document["paths"][operation.path].get_mut(method).and_then(Value::as_object_mut) {
            complete(described, operation, &examples[operation.id]);
        }
    }
    document
}

fn complete(described: &mut Map<String, Value>, operation: &Operation, examples: &Value) {
    if let Some(request) = examples.get("request") {
        described["requestBody"]["content"]["application/json"]["example"] = request.clone();
    }
    describe_parameters(described, operation);
    let responses = described.entry("responses").or_insert_with(|| json!({}));
    let Some(responses) = responses.as_object_mut() else { return };
    let error_content = responses.remove("default").map(|any| any["content"].clone()).unwrap_or_default();
    for (status, response) in responses.iter_mut() {
        if let Some(example) = examples["responses"].get(status) {
            response["content"]["application/json"]["example"] = example.clone();
        }
    }
    for code in operation.errors() {
        add_error(responses, code, &error_content, operation);
    }
    for response in responses.values_mut() {
        response["headers"]["X-Request-Id"] = json!({
            "description": "The request's id, which is in every log line about it.",
            "schema": { "type": "string" },
        });
    }
}

fn describe_parameters(described: &mut Map<String, Value>, operation: &Operation) {
    let parameters = described.entry("parameters").or_insert_with(|| json!([]));
    let Some(parameters) = parameters.as_array_mut() else { return };
    for parameter in parameters.iter_mut() {
        let example = if parameter["name"] == "eventId" { "evt_123" } else { "sess_123" };
        parameter["description"] = json!("The identifier, as the client chose it.");
        parameter["schema"] = json!({
            "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[A-Za-z0-9._:~@+=-]+$", "example": example,
        });
    }
    parameters.extend(operation.parameters.iter().map(
        |Parameter { name, schema, description, may_be_empty, .. }| {
            let schema: Value = serde_json::from_str(schema).unwrap_or_default();
            let mut parameter = json!({ "name": name, "in": "query", "description": description, "schema": schema });
            if *may_be_empty {
                parameter["allowEmptyValue"] = json!(true);
            }
            parameter
        },
    ));
    if operation.strict {
        parameters.push(json!({
            "name": "Prefer", "in": "header",
            "description": "`handling=strict` refuses a repeated request whose content differs from what is stored.",
            "schema": { "type": "string", "example": "handling=strict" },
        }));
    }
}

/// Adds an error to the responses; those with one status share a response and are told apart by their examples.
fn add_error(responses: &mut Map<String, Value>, code: ErrorCode, content: &Value, operation: &Operation) {
    let (status, name) = (code.status(), code.name());
    let response = responses.entry(status.as_str()).or_insert_with(|| json!({ "description": "", "content": content }));
    let description = response["description"].as_str().unwrap_or_default();
    let line = format!("`{name}`: {}.", code.meaning());
    response["description"] = json!([description, &line].join("\n\n").trim());
    response["content"]["application/json"]["examples"][&name]["value"] = json!({
        "success": false,
        "statusCode": status.as_u16(),
        "errorCode": name,
        "error": status.canonical_reason(),
        "message": code.meaning(),
        "retryable": code.retryable(),
        "path": operation.path.replace("{sessionId}", "sess_123").replace("{eventId}", "evt_123"),
        "method": operation.method,
        "requestId": "0199f3c0-7f1e-7cc2-9d55-0a2f6a1b2c3d",
        "timestamp": "2025-12-25T10:00:00.000Z",
    });
    let header = |text: &str, schema: Value| json!({ "description": text, "schema": schema });
    if !code.retryable() {
        response["headers"]["X-Should-Retry"] =
            header("`false`: the same request will not succeed later.", json!({ "type": "string", "enum": ["false"] }));
    }
    if matches!(status.as_u16(), 429 | 503) {
        response["headers"]["Retry-After"] =
            header("When to try again, in seconds.", json!({ "type": "integer", "minimum": 1 }));
    }
}
