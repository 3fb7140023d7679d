//! Types of values with their bounds, and what does not fit them.

use serde_json::Value;

/// The type of a value, with its bounds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Anything: what is not looked at.
    Any,
    Bool,
    /// A snowflake, as text.
    Id,
    /// The number of a file in a form, or a snowflake.
    FileId,
    Int(i64, i64),
    Number(f64, f64),
    /// A text of so many characters.
    Text(usize, usize),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A moment, as RFC 3339.
    Time,
    List(&'static Shape, usize),
    Object(&'static [Field]),
    /// That, or null.
    Nullable(&'static Shape),
}

/// A field: its name, whether it must be there, what it holds.
pub(super) type Field = (&'static str, bool, Shape);

use Shape::{Any, Bool, FileId, Id, Int, List, Nullable, Number, Object, OneOf, Text, Time};

/// What does not fit a value to its shape: where, and how.
pub(super) fn misfits(value: &Value, shape: Shape, at: &str, found: &mut Vec<String>) {
    let fits = match shape {
        Any => true,
        Bool => value.is_boolean(),
        Id => is_id(value),
        FileId => is_id(value) || value.as_u64().is_some(),
        Int(min, max) => value
            .as_i64()
            .is_some_and(|number| (min..=max).contains(&number)),
        Number(min, max) => value
            .as_f64()
            .is_some_and(|number| (min..=max).contains(&number)),
        Text(min, max) => value
            .as_str()
            .is_some_and(|text| (min..=max).contains(&text.chars().count())),
        OneOf(texts) => value.as_str().is_some_and(|text| texts.contains(&text)),
        Time => value.as_str().is_some_and(|text| text.contains('T')),
        Nullable(_) if value.is_null() => true,
        Nullable(shape) => return misfits(value, *shape, at, found),
        List(shape, max) => {
            let Some(all) = value.as_array().filter(|all| all.len() <= max) else {
                found.push(format!("{at}: {value}, expected a list of at most {max}"));
                return;
            };
            for (number, one) in all.iter().enumerate() {
                misfits(one, *shape, &format!("{at}[{number}]"), found);
            }
            true
        }
        Object(fields) => return misfits_of_fields(value, fields, at, found),
    };
    if !fits {
        found.push(format!("{at}: {value}, expected {shape:?}"));
    }
}

pub(super) fn misfits_of_fields(
    value: &Value,
    fields: &[Field],
    at: &str,
    found: &mut Vec<String>,
) {
    let Some(given) = value.as_object() else {
        found.push(format!("{at}: {value}, expected an object"));
        return;
    };
    for (name, value) in given {
        match fields.iter().find(|(field, ..)| field == name) {
            Some((_, _, shape)) => misfits(value, *shape, &format!("{at}.{name}"), found),
            None => found.push(format!("{at}.{name}: there is no such field")),
        }
    }
    for (name, must, _) in fields {
        if *must && !given.contains_key(*name) {
            found.push(format!("{at}.{name} is missing"));
        }
    }
}

fn is_id(value: &Value) -> bool {
    let is_plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'))
    };
    value.as_str().is_some_and(is_plain)
}
