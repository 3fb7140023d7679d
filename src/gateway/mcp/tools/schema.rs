//! The fields of a description as JSON Schema (json-schema.org, 2020-12).

use serde_json::{Map, Value, json};

use crate::{
    message::media::MAX_FILES,
    protocol::describe::{FieldKind, FieldSpec, MAX_NAME, MAX_NAMES, MAX_TARGETS},
};

/// The schema of an object with these fields and no others.
pub(super) fn closed(fields: &[FieldSpec]) -> Value {
    let mut schema = open(fields);
    schema["additionalProperties"] = json!(false);
    schema
}

/// The schema of an object with these fields.
pub(super) fn open(fields: &[FieldSpec]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.to_owned(), property(field)))
        .collect();
    let required: Vec<_> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    json!({"type": "object", "properties": properties, "required": required})
}

fn property(field: &FieldSpec) -> Value {
    let mut schema = of_kind(field.kind);
    schema["description"] = json!(field.summary);
    schema
}

fn of_kind(kind: FieldKind) -> Value {
    let name = json!({"type": "string", "minLength": 1, "maxLength": MAX_NAME});
    match kind {
        FieldKind::Text => json!({"type": "string"}),
        FieldKind::Name => name,
        FieldKind::Integer(low, high) => {
            json!({"type": "integer", "minimum": low, "maximum": high})
        }
        FieldKind::Since => json!({"anyOf": [{"type": "integer", "minimum": 0}, name]}),
        FieldKind::Boolean => json!({"type": "boolean"}),
        FieldKind::Object => json!({"type": "object"}),
        FieldKind::Files => json!({"anyOf": [
            {"type": "object"},
            {"type": "array", "items": {"type": "object"}, "minItems": 1, "maxItems": MAX_FILES},
        ]}),
        FieldKind::Names => {
            json!({"type": "array", "items": name, "minItems": 1, "maxItems": MAX_NAMES})
        }
        FieldKind::Targets => json!({"anyOf": [
            name,
            {"type": "array", "items": name, "minItems": 1, "maxItems": MAX_TARGETS},
        ]}),
        FieldKind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        FieldKind::Objects => json!({"type": "array", "items": {"type": "object"}}),
        FieldKind::Any => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_properties_with_their_bounds_and_their_line() {
        let field = |name, kind, required| FieldSpec {
            name,
            kind,
            required,
            summary: "what it is",
        };
        let fields = [
            field("a", FieldKind::Name, true),
            field("b", FieldKind::Integer(1, 9), false),
        ];
        let expected = json!({
            "type": "object",
            "properties": {
                "a": {"type": "string", "minLength": 1, "maxLength": 256, "description": "what it is"},
                "b": {"type": "integer", "minimum": 1, "maximum": 9, "description": "what it is"},
            },
            "required": ["a"],
            "additionalProperties": false,
        });
        assert_eq!(closed(&fields), expected);
    }
}
