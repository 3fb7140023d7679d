//! The check of what a model wrote: each refusal says which argument, what it must be, and what there is.

use serde_json::{Map, Value};

use super::table::Tool;
use crate::protocol::{
    error_code::{ErrorCode, Fault},
    payload::check_field,
};

/// The arguments, where all that must be there are, each as it must be, and no others. One that is null
/// counts as left out.
pub(super) fn checked(
    tool: &Tool,
    mut arguments: Map<String, Value>,
) -> Result<Map<String, Value>, Fault> {
    let fields = tool.arguments();
    arguments.retain(|_, value| !value.is_null());
    let is_known = |name: &str| fields.iter().any(|field| field.name == name);
    if let Some(unknown) = arguments.keys().find(|name| !is_known(name)) {
        let shown: String = unknown.chars().take(64).collect();
        let known: Vec<_> = fields.iter().map(|field| field.name).collect();
        let known = if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        };
        let text = format!("there is no argument {shown:?}; it takes {known}");
        return Err(Fault::new(ErrorCode::BadPayload, text));
    }
    for field in &fields {
        check_field(field, arguments.get(field.name))?;
    }
    Ok(arguments)
}
