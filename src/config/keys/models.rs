//! Keys of the models, and of how the agents in the box are set up.
//!
//! Not here: reading them (`config::models`).

use crate::config::{
    key::{Key, key, number, secret},
    values::Kind,
};

/// Where Ollama is.
pub const OLLAMA_HOST: &str = "OLLAMA_HOST";
/// Its model.
pub const OLLAMA_MODEL: &str = "OLLAMA_MODEL";
/// The command that runs pi.
pub const PI: &str = "AGENT_PI";
/// The command of the agent `exec`.
pub const EXEC: &str = "AGENT_EXEC";
pub(in crate::config) const EXEC_JSON: &str = "AGENT_EXEC_JSON";
pub(in crate::config) const EXEC_TIMEOUT: &str = "AGENT_EXEC_TIMEOUT";
pub(in crate::config) const EXEC_ENV: &str = "AGENT_EXEC_ENV";
pub(in crate::config) const DEEPSEEK_MODEL: &str = "DEEPSEEK_MODEL";
pub(in crate::config) const OPENAI_BASE_URL: &str = "OPENAI_BASE_URL";
/// The key of `OpenAI`.
pub const OPENAI_API_KEY: &str = "OPENAI_API_KEY";
pub(in crate::config) const OPENAI_MODEL: &str = "OPENAI_MODEL";
/// The key of Groq.
pub const GROQ_API_KEY: &str = "GROQ_API_KEY";
pub(in crate::config) const GROQ_MODEL: &str = "GROQ_MODEL";
pub(in crate::config) const SYSTEM_PROMPT: &str = "AGENT_SYSTEM_PROMPT";
pub(in crate::config) const PROMPTS: &str = "AGENT_PROMPTS";
pub(in crate::config) const HISTORY: &str = "AGENT_HISTORY";
pub(in crate::config) const VISION: &str = "AGENT_VISION";
pub(in crate::config) const TOOLS: &str = "AGENT_TOOLS";
pub(in crate::config) const PI_MODEL: &str = "AGENT_PI_MODEL";
pub(in crate::config) const PI_POOL: &str = "AGENT_PI_POOL";

/// The keys, in the order of `.env.example`.
pub(in crate::config) const KEYS: &[Key] = &[
    key(
        OLLAMA_HOST,
        "",
        Kind::OllamaHost,
        "Where Ollama is, such as http://127.0.0.1:11434, for the agents openai and pi.",
    ),
    key(
        OLLAMA_MODEL,
        "",
        Kind::Text,
        "Its model, as `ollama list` names it; empty takes the only one it has.",
    ),
    key(
        DEEPSEEK_MODEL,
        "",
        Kind::Text,
        "The same as OLLAMA_MODEL, as older settings call it.",
    ),
    key(
        OPENAI_BASE_URL,
        "",
        Kind::Service,
        "Where a service with the API of OpenAI is (vLLM, LM Studio, …), up to /v1; with OPENAI_API_KEY alone it is OpenAI's own. Comes before Groq and Ollama.",
    ),
    secret(OPENAI_API_KEY, "Its key, where it wants one."),
    key(
        OPENAI_MODEL,
        "",
        Kind::Text,
        "Its model; empty takes the only one it has.",
    ),
    secret(GROQ_API_KEY, "Key of Groq. Comes before Ollama."),
    key(GROQ_MODEL, "", Kind::Text, "Groq's model."),
    key(
        SYSTEM_PROMPT,
        "",
        Kind::Lines,
        "What a model is told to be, or @FILE with that in it (from the home folder).",
    ),
    key(
        PROMPTS,
        "",
        Kind::AgentPrompts,
        "The same for some conversations: CHANNEL/PEER=TEXT or CHANNEL/PEER=@FILE, separated by semicolons or line ends, * for any, first match wins; for a text with either in it name a file.",
    ),
    key(
        HISTORY,
        "12000",
        number(0, 1_000_000),
        "Characters of the conversation so far that the agent openai gives to a model.",
    ),
    key(
        VISION,
        "0",
        number(0, 1),
        "1 shows pictures to the model, which must be able to see them.",
    ),
    key(
        TOOLS,
        "0",
        number(0, 1),
        "1 gives pi its tools, and a key that reads the conversation it answers in: whoever may write to it can then have it read, change and run anything that you can on this machine.",
    ),
    key(
        PI,
        "pi",
        Kind::Text,
        "The command that runs pi, version 1.0 or later.",
    ),
    key(
        PI_MODEL,
        "",
        Kind::Text,
        "Its model, as provider/model; empty takes the one above, else the one of your own settings of pi.",
    ),
    key(
        PI_POOL,
        "4",
        number(1, 64),
        "Processes of pi at a time, of about 150 MB each.",
    ),
    key(
        EXEC,
        "",
        Kind::Text,
        "The command that answers for the agent exec, as a shell takes it.",
    ),
    key(
        EXEC_JSON,
        "0",
        number(0, 1),
        "1 gives that command the whole turn as JSON, not only its text.",
    ),
    key(
        EXEC_TIMEOUT,
        "10m",
        Kind::Wait,
        "How long that command may take for a turn; 0 is as long as AGENT_TIMEOUT says.",
    ),
    key(
        EXEC_ENV,
        "",
        Kind::VariableNames,
        "Names of further variables that the command gets, separated by commas, from the environment or from here.",
    ),
];
