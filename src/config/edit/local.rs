//! Settings that only the machine's own terminal may change: with them, whoever has stolen a token could run
//! programs there or read its files, instead of only what was said.

use crate::config::{
    keys::{
        UPDATE_SIGNER, UPDATE_URL,
        models::{EXEC, EXEC_ENV, PI, PROMPTS, SYSTEM_PROMPT, TOOLS},
        transcription::COMMAND,
    },
    values,
};

/// Commands that are run, what they are given, what lets a model run any, and where new versions of this
/// program come from.
const RUNS_PROGRAMS: [&str; 7] = [
    EXEC,
    EXEC_ENV,
    PI,
    TOOLS,
    COMMAND,
    UPDATE_URL,
    UPDATE_SIGNER,
];

/// Whether a key is changed on the machine alone.
pub fn is_local(key: &str) -> bool {
    RUNS_PROGRAMS.contains(&key)
}

/// Why a client may not give this value to the key; `None` where it may.
pub(super) fn refusal(key: &str, value: Option<&str>) -> Option<String> {
    if is_local(key) {
        return Some(format!(
            "{key} decides which programs run on the gateway's machine; change it there: cleudocodebot config set {key} VALUE"
        ));
    }
    names_a_file(key, value?).then(|| {
        format!(
            "{key} names a file of the gateway's machine; write the text itself, or change it there: cleudocodebot config set {key} @FILE"
        )
    })
}

fn names_a_file(key: &str, value: &str) -> bool {
    let is_file = |text: &str| text.trim_start().starts_with('@');
    match key {
        SYSTEM_PROMPT => is_file(value),
        PROMPTS => {
            let routes = values::agent_prompts(value).unwrap_or_default();
            routes.iter().any(|route| is_file(&route.text))
        }
        _ => false,
    }
}
