//! The parts of requests and answers, each with what it says of itself.

use crate::Server;
use crate::access::Principal;
use crate::api::ProblemKind;
use crate::api::extract::{AsCsv, At, Body, IfMatch, Params};
use crate::api::json::{Created, CreatedPlain, Done, Listed, PageOrFile, Shown, Tagged};
use axum::Extension;
use axum::extract::State;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

/// Where the document keeps its schemas.
pub(super) const SCHEMAS_AT: &str = "/components/schemas";

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Place {
    Path,
    Query,
    Header,
}

impl Place {
    /// As the document spells it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// A parameter of an operation.
#[derive(Debug, Clone)]
pub(in crate::api) struct Parameter {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) required: bool,
    pub(super) description: String,
    pub(super) schema: Value,
    pub(super) example: Option<String>,
}

/// A body of one media type.
#[derive(Debug, Clone)]
pub(in crate::api) struct Content {
    pub(in crate::api) media_type: &'static str,
    pub(in crate::api) schema: Value,
}

/// An answer that is no problem.
#[derive(Debug, Clone)]
pub(in crate::api) struct Said {
    pub(in crate::api) status: u16,
    pub(in crate::api) description: &'static str,
    pub(in crate::api) tagged: bool,
    pub(in crate::api) contents: Vec<Content>,
}

/// What a handler reads and answers.
#[derive(Debug, Default)]
pub(in crate::api) struct Shape {
    pub(super) parameters: Vec<Parameter>,
    /// The body, and whether it must be there.
    pub(in crate::api) body: Option<(Content, bool)>,
    pub(in crate::api) said: Vec<Said>,
    pub(in crate::api) problems: Vec<ProblemKind>,
}

/// The schemas of everything that is sent and of everything that is answered. They are kept apart, because a field that may be left
/// out of a request can always be there in an answer.
#[derive(Debug)]
pub(in crate::api) struct Schemas {
    pub(super) sent: SchemaGenerator,
    pub(super) told: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = SCHEMAS_AT.into();
                settings.meta_schema = None;
            })
        };
        Self { sent: settings().for_deserialize().into_generator(), told: settings().for_serialize().into_generator() }
    }

    /// The schema of an answer.
    pub(in crate::api) fn told<T: JsonSchema>(&mut self) -> Value {
        self.told.subschema_for::<T>().to_value()
    }
}

/// An argument of a handler.
pub(in crate::api) trait Argument {
    /// Adds what it reads, and how it can be wrong.
    fn describe(shape: &mut Shape, schemas: &mut Schemas);
}

/// What a handler answers when all goes well.
pub(in crate::api) trait Reply {
    /// Adds its status and its bodies.
    fn describe(shape: &mut Shape, schemas: &mut Schemas);
}

impl Argument for State<Server> {
    fn describe(_: &mut Shape, _: &mut Schemas) {}
}

impl Argument for Extension<Principal> {
    fn describe(_: &mut Shape, _: &mut Schemas) {}
}

/// The names stand in the path itself.
impl<T> Argument for At<T> {
    fn describe(shape: &mut Shape, _: &mut Schemas) {
        shape.problems.extend([ProblemKind::BadRequest, ProblemKind::NotFound]);
    }
}

impl Argument for IfMatch {
    fn describe(shape: &mut Shape, _: &mut Schemas) {
        shape.problems.extend([ProblemKind::BadRequest, ProblemKind::Stale]);
        shape.parameters.push(Parameter {
            name: "If-Match".to_owned(),
            place: Place::Header,
            required: false,
            description:
                "The ETag that was read: the change is refused when somebody has changed it since. Left out, or `*`: any."
                    .to_owned(),
            schema: json!({ "type": "string", "pattern": r#"^("-?[0-9]+"|\*)$"# }),
            example: None,
        });
    }
}

/// Which media types can be asked for is said by the answers: the document may name no such header.
impl Argument for AsCsv {
    fn describe(_: &mut Shape, _: &mut Schemas) {}
}

impl<T: JsonSchema> Argument for Params<T> {
    fn describe(shape: &mut Shape, schemas: &mut Schemas) {
        shape.problems.push(ProblemKind::BadRequest);
        let object = T::json_schema(&mut schemas.sent).to_value();
        let required = |name: &str| object["required"].as_array().is_some_and(|names| names.iter().any(|other| other == name));
        for (name, schema) in object["properties"].as_object().into_iter().flatten() {
            shape.parameters.push(query_parameter(name, schema, required(name)));
        }
    }
}

fn query_parameter(name: &str, schema: &Value, required: bool) -> Parameter {
    let mut schema = without_null(schema);
    let mut taken = |key: &str| schema.as_object_mut().and_then(|schema| schema.remove(key));
    let description = taken("description").and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default();
    let example = taken("examples").and_then(|examples| examples[0].as_str().map(str::to_owned));
    Parameter { name: name.to_owned(), place: Place::Query, required, description, schema, example }
}

/// The same for what is there or is left out, and is never null.
pub(in crate::api) fn without_null(schema: &Value) -> Value {
    let is_null = |schema: &Value| schema == "null" || schema["type"] == "null";
    let mut schema = schema.clone();
    let Some(object) = schema.as_object_mut() else { return schema };
    if object.get("default").is_some_and(|value| value.is_null() || value == "") {
        object.remove("default");
    }
    if let Some(Value::Array(types)) = object.get("type")
        && let [only] = types.iter().filter(|kind| !is_null(kind)).collect::<Vec<_>>().as_slice()
    {
        let only = (*only).clone();
        object.insert("type".to_owned(), only);
    }
    if let Some(Value::Array(choices)) = object.get("anyOf")
        && let [Value::Object(only)] = choices.iter().filter(|choice| !is_null(choice)).cloned().collect::<Vec<_>>().as_slice()
    {
        object.remove("anyOf");
        object.extend(only.clone());
    }
    schema
}

impl<T: JsonSchema> Argument for Body<T> {
    fn describe(shape: &mut Shape, schemas: &mut Schemas) {
        shape.problems.extend([ProblemKind::BadRequest, ProblemKind::TooLarge]);
        let required = T::json_schema(&mut schemas.sent).get("required").is_some();
        let schema = schemas.sent.subschema_for::<T>().to_value();
        shape.body = Some((Content { media_type: "application/json", schema }, required));
    }
}

fn said<T: JsonSchema>(schemas: &mut Schemas, status: u16, description: &'static str, tagged: bool) -> Said {
    let contents = vec![Content { media_type: "application/json", schema: schemas.told::<T>() }];
    Said { status, description, tagged, contents }
}

impl<T: JsonSchema> Reply for Shown<T> {
    fn describe(shape: &mut Shape, schemas: &mut Schemas) {
        shape.said.push(said::<T>(schemas, 200, "As it is now.", false));
    }
}

impl<T: JsonSchema> Reply for Tagged<T> {
    fn describe(shape: &mut Shape, schemas: &mut Schemas) {
        shape.said.push(said::<T>(schemas, 200, "As it is now.", true));
    }
}

impl<T: JsonSchema> Reply for Created<T> {
    fn describe(shape: &mut Shape, schemas: &mut Schemas) {
        shape.said.push(said::<T>(schemas, 201, "It was made.", true));
    }
}

impl<T: JsonSchema> Reply for CreatedPlain<T> {
    fn describe(shape: &mut Shape, schemas: &mut Schemas) {
        shape.said.push(said::<T>(schemas, 201, "It was made.", false));
    }
}

impl<T: JsonSchema> Reply for PageOrFile<T> {
    fn describe(shape: &mut Shape, schemas: &mut Schemas) {
        let mut page_or_file = said::<Listed<T>>(schemas, 200, "As it is now.", false);
        page_or_file.contents.push(Content { media_type: "text/csv", schema: json!({ "type": "string" }) });
        shape.said.push(page_or_file);
    }
}

impl Reply for Done {
    fn describe(shape: &mut Shape, _: &mut Schemas) {
        shape.said.push(Said { status: 204, description: "Done.", tagged: false, contents: Vec::new() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_left_out_need_not_be_null() {
        let reference = json!({ "description": "d", "anyOf": [{ "$ref": "#/x" }, { "type": "null" }] });
        assert_eq!(without_null(&reference), json!({ "description": "d", "$ref": "#/x" }));
        assert_eq!(without_null(&json!({ "type": ["integer", "null"], "default": null })), json!({ "type": "integer" }));
        assert_eq!(without_null(&json!({ "type": "boolean", "default": false })), json!({ "type": "boolean", "default": false }));
    }
}
