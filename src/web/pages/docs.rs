//! `/docs`: the API, read from its OpenAPI document, with forms to try it.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::Value;

use super::{Frame, ShownModel, html};
use crate::web::{ApiError, WebState, openapi_json};

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    version: &'static str,
    model: ShownModel,
    operations: Vec<Operation>,
}

struct Operation {
    method: String,
    path: String,
    summary: String,
    parameters: Vec<Parameter>,
    fields: Vec<Parameter>,
    answers: Vec<Parameter>,
    /// A command that calls it, with the server's own address.
    curl: String,
}

struct Parameter {
    name: String,
    note: String,
    required: bool,
    is_file: bool,
}

/// The page.
pub async fn docs(state: web::Data<WebState>) -> Result<HttpResponse, ApiError> {
    let Frame { version, model } = Frame::new(&state);
    let document = openapi_json();
    let address = format!("http://{}", state.settings.server.addr);
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            operations.push(describe(&document, &address, path, method, operation));
        }
    }
    operations.sort_by_key(|operation| (operation.method != "POST", operation.path.clone()));
    html(&DocsPage { version, model, operations })
}

fn describe(document: &Value, address: &str, path: &str, method: &str, operation: &Value) -> Operation {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let parameters = operation["parameters"].as_array().into_iter().flatten().map(|p| Parameter {
        name: text(&p["name"]),
        note: text(&p["description"]),
        required: p["required"] == true,
        is_file: false,
    });
    let answers = operation["responses"].as_object().into_iter().flatten().map(|(status, answer)| Parameter {
        name: status.clone(),
        note: text(&answer["description"]),
        required: false,
        is_file: false,
    });
    let fields = form_fields(document, operation);
    let arguments: String = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| format!(" -F {}={}", field.name, if field.is_file { "@photo.jpg" } else { "…" }))
        .collect();
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        parameters: parameters.collect(),
        answers: answers.collect(),
        curl: format!("curl{arguments} {address}{path}"),
        fields,
    }
}

fn form_fields(document: &Value, operation: &Value) -> Vec<Parameter> {
    let schema = &operation["requestBody"]["content"]["multipart/form-data"]["schema"];
    let name = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()).unwrap_or_default();
    let schema = &document["components"]["schemas"][name];
    let required = |field: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|f| f == field));
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(field, property)| Parameter {
            name: field.clone(),
            note: property["description"].as_str().unwrap_or_default().to_owned(),
            required: required(field),
            is_file: property["contentMediaType"].is_string() || property["format"] == "binary",
        })
        .collect()
}
