//! Texts that stay English, each with its reason.

/// Whether a text of this file is not for people.
pub(super) fn is_exempt(path: &str, key: &str) -> bool {
    FILES.iter().any(|(start, _)| path.starts_with(start))
        || KEYS.iter().any(|(known, _)| *known == key)
        || STARTS.iter().any(|(start, _)| key.starts_with(start))
        || is_command_line(key)
}

/// Whether a call of this file takes texts that are not for people.
pub(super) fn is_silent_call(path: &str, call: &str) -> bool {
    let known = |(file, name, _): &&(&str, &str, &str)| path == *file && call.ends_with(name);
    CALLS.iter().any(|row| known(&row))
}

/// How the texts of a table are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// None is for people.
    All,
    /// The first of each row is not.
    First,
}

/// What is silent in a constant of this file.
pub(super) fn silent_const(path: &str, name: &str) -> Option<Silence> {
    let found = CONSTS
        .iter()
        .find(|(file, own, ..)| path == *file && name == *own);
    found.map(|(_, _, silence, _)| *silence)
}

/// A line to type is the same in every language.
fn is_command_line(key: &str) -> bool {
    let starts = [
        "cleudocodebot ",
        "{sudo}cleudocodebot ",
        "sudo ",
        "chmod ",
        "#!",
    ];
    starts.iter().any(|start| key.starts_with(start)) && !key.contains([',', ';'])
}

/// Whether a text is only in a build with the feature `nats`, and its translation in the catalogue of that.
pub(super) fn is_of_cluster(path: &str, key: &str) -> bool {
    CLUSTER_FILES.iter().any(|start| path.starts_with(start)) || CLUSTER_KEYS.contains(&key)
}

/// Files and folders that only such a build has.
const CLUSTER_FILES: &[&str] = &[
    "src/cluster/",
    "src/cli/commands/gateway/cluster.rs",
    "src/cli/commands/health/clustered.rs",
    "src/cli/commands/health/doctor/cluster.rs",
    "src/config/keys/cluster.rs",
    "src/daemon/channels/clustered.rs",
    "src/daemon/delivery/clustered.rs",
    "src/gateway/actions/daemon/cluster.rs",
    "src/gateway/actions/messages/clustered.rs",
    "src/media/not_fetched.rs",
];

/// Single texts of such a build in files that every build has.
const CLUSTER_KEYS: &[&str] = &[
    "who owns it: cleudocodebot cluster status",
    "this machine no longer owns the channel",
    "{1} is of another machine",
];

/// Files and folders, and why.
const FILES: &[(&str, &str)] = &[
    (
        "src/cli/commands/keeping/export/html.rs",
        "tags of a page; its words are sentences elsewhere",
    ),
    (
        "src/protocol/describe/actions/",
        "the wire describes itself in English",
    ),
    (
        "src/protocol/describe/events.rs",
        "the wire describes itself in English",
    ),
    ("src/protocol/describe/asyncapi", "a document for programs"),
    ("src/words/fold.rs", "tables of letters"),
    (
        "src/protocol/describe/fields.rs",
        "the wire describes itself in English",
    ),
    (
        "src/protocol/describe/mismatch.rs",
        "for whoever develops an action",
    ),
    (
        "src/gateway/mcp/",
        "for models and the programs that run them",
    ),
    (
        "src/cli/commands/gateway/mcp/forwarder.rs",
        "answers to such a program",
    ),
    (
        "src/cli/commands/gateway/mcp/message.rs",
        "answers to such a program",
    ),
    (
        "src/cli/commands/gateway/mcp/lines.rs",
        "answers to such a program",
    ),
    (
        "src/gateway/openai/",
        "for programs that speak OpenAI's protocol",
    ),
    (
        "src/gateway/http/routes/openai.rs",
        "for programs that speak OpenAI's protocol",
    ),
    ("src/gateway/http/routes/status_page.rs", "for Prometheus"),
    ("src/gateway/http/routes/page.rs", "policies for browsers"),
    ("src/gateway/http/routes/joined.rs", "scripts"),
    ("src/agents/openai/conversation.rs", "for the model"),
    ("src/agents/pi/prompt_files.rs", "for the model"),
    ("src/cluster/shown/figures.rs", "for Prometheus"),
    ("src/cluster/model/", "a model that only tests run"),
    ("src/child/unix.rs", "a program of the shell"),
    (
        "src/config/first_start.rs",
        "a .env is English, like its example",
    ),
    (
        "src/cli/commands/about/completions/bash.rs",
        "a program of the shell",
    ),
    (
        "src/cli/commands/about/completions/fish.rs",
        "a program of the shell",
    ),
    (
        "src/cli/commands/about/completions/powershell.rs",
        "a program of the shell",
    ),
    (
        "src/cli/commands/about/completions/zsh.rs",
        "a program of the shell",
    ),
    (
        "src/cli/commands/about/man/roff.rs",
        "macros of manual pages",
    ),
    (
        "src/service/launchers/systemd/unit.rs",
        "the text of a unit",
    ),
    (
        "src/service/launchers/launchd/plist.rs",
        "the text of a property list",
    ),
    (
        "src/service/launchers/windows/batch.rs",
        "the text of a batch file",
    ),
    (
        "src/service/launchers/windows/starter.rs",
        "has nobody to read it but who starts it by mistake",
    ),
    (
        "src/service/launchers/windows/task_xml.rs",
        "the text of a task",
    ),
];

/// Calls, by file and name, and why.
const CALLS: &[(&str, &str, &str)] = &[
    (
        "src/integrations/whatsapp/hook.rs",
        ".unread",
        "goes to the log",
    ),
    ("src/gateway/metrics.rs", "counters!", "for Prometheus"),
];

/// Tables, by file and name, and why.
const CONSTS: &[(&str, &str, Silence, &str)] = &[
    (
        "src/integrations/telegram/errors.rs",
        "FINAL",
        Silence::First,
        "words of Telegram",
    ),
    (
        "src/integrations/telegram/errors.rs",
        "FILE",
        Silence::All,
        "words of Telegram",
    ),
    (
        "src/integrations/telegram/errors.rs",
        "FORMAT",
        Silence::All,
        "words of Telegram",
    ),
    (
        "src/integrations/telegram/errors.rs",
        "GONE",
        Silence::All,
        "words of Telegram",
    ),
    (
        "src/integrations/telegram/errors.rs",
        "REPLY",
        Silence::All,
        "words of Telegram",
    ),
    (
        "src/integrations/whatsapp/servers/evolution/errors.rs",
        "ABOUT_OUR_BODY",
        Silence::All,
        "words of Evolution",
    ),
    (
        "src/integrations/whatsapp/servers/evolution/errors.rs",
        "CONNECTION_GONE",
        Silence::All,
        "words of Baileys",
    ),
    (
        "src/integrations/whatsapp/servers/evolution/errors.rs",
        "NO_FILE",
        Silence::All,
        "words of Evolution",
    ),
    (
        "src/integrations/whatsapp/servers/whatsmeow.rs",
        "NOT_CONNECTED",
        Silence::All,
        "words of whatsmeow",
    ),
    (
        "src/integrations/whatsapp/servers/whatsmeow.rs",
        "MAYBE_SENT",
        Silence::All,
        "words of whatsmeow",
    ),
    (
        "src/integrations/whatsapp/servers/evolution_go/wire.rs",
        "UNKNOWN_NUMBER",
        Silence::All,
        "words of Evolution Go",
    ),
    (
        "src/integrations/whatsapp/servers/evolution_go/wire.rs",
        "OF_OUR_FILE",
        Silence::All,
        "words of Evolution Go",
    ),
    (
        "src/integrations/whatsapp/servers/evolution_go/wire.rs",
        "OF_CONNECTION",
        Silence::All,
        "words of Evolution Go",
    ),
    (
        "src/integrations/whatsapp/servers/evolution_go/wire.rs",
        "PAIRED",
        Silence::All,
        "words of Evolution Go",
    ),
    (
        "src/integrations/whatsapp/servers/waha/mod.rs",
        "STOPPED",
        Silence::All,
        "words of WAHA",
    ),
    (
        "src/integrations/whatsapp/servers/waha/mod.rs",
        "MISSING",
        Silence::All,
        "words of WAHA",
    ),
    (
        "src/cli/commands/about/help.rs",
        "EXAMPLES",
        Silence::First,
        "lines to type",
    ),
];

/// How texts begin that are no sentences, and why.
const STARTS: &[(&str, &str)] = &[
    ("<!doctype html>", "a page that leads on at once"),
    ("trap 'stty echo'", "a program of the shell"),
    ("[Console]::", "a program of PowerShell"),
    ("# {SEAL}\n[Desktop Entry]", "the text of a desktop entry"),
    ("cmd.exe /d", "a line for cmd"),
    ("Environment({1}", "for whoever debugs"),
    ("# HELP cleudocodebot_", "for Prometheus"),
];

/// Single texts, and why.
const KEYS: &[(&str, &str)] = &[
    ("CLUSTER_CREDS", "the name of a setting"),
    ("CLUSTER_CA", "the name of a setting"),
    ("corrupt message", "words of rustls"),
    ("with {model}", "goes to the log"),
    ("default-src 'none'; sandbox", "a policy for browsers"),
    ("private, no-cache", "a header"),
    ("Max open files", "a line of /proc"),
    ("[object Object]", "what JavaScript makes of an object"),
    ("Warning: No project session", "words of pi"),
    (
        "Go on exactly where you stopped, without repeating anything.",
        "for the model",
    ),
    (
        "Messages of this gateway: send, read and search them.",
        "for the model",
    ),
];
