//! The folders and files that pi works with, all in the home folder: nothing of the user's own pi is changed.
//!
//! Its login is the user's: `auth.json` is linked, since pi renews what is in it and locks the file behind the
//! link. Their default model is taken over where the settings name none. Retries are off, because the gateway
//! offers a turn again.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};
use tokio::process::Command;

use super::{PiOptions, prompt_files::PromptFiles};
use crate::{
    config::{BaseUrl, keys, models::ModelEndpoint},
    error::{Error, Result},
    fs::{create_private_dir, write_atomic},
};

/// The name of the provider in `models.json`.
const PROVIDER: &str = "cleudocodebot";

/// The variable with the model's key.
const MODEL_KEY: &str = "CLEUDOCODEBOT_MODEL_KEY";

/// The variable with the key for the gateway's own tools.
const TOOLS_KEY: &str = "CLEUDOCODEBOT_TOOLS_KEY";

/// What is assumed of a model that nobody described.
const CONTEXT: u64 = 32_768;
const MAX_TOKENS: u64 = 8_192;

/// Settings of the user's own pi that are taken over where we name no model.
const TAKEN_OVER: [&str; 3] = ["defaultProvider", "defaultModel", "defaultThinkingLevel"];

/// Where everything is, and how pi is started.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    folder: PathBuf,
    command: Vec<String>,
    model: Option<String>,
    has_tools: bool,
    prompts: PromptFiles,
    variables: Vec<(&'static str, String)>,
}

impl Setup {
    /// Writes the files; `model` is that of `options.endpoint`.
    pub(super) fn write(options: &PiOptions, model: Option<&str>) -> Result<Self> {
        let folder = options.home.join("agents").join("pi");
        create_private_dir(&folder)?;
        let prompts = PromptFiles::write(&folder, options.prompts.clone())?;
        let setup = Self::plan(options, model, folder, prompts);
        for folder in [
            setup.agent_dir(),
            setup.sessions(),
            setup.work(),
            setup.positions(),
        ] {
            create_private_dir(&folder)?;
        }
        let own = options.user_dir.as_deref();
        setup.write_settings(own, setup.model.is_none())?;
        if let Some(own) = own {
            link_login(&own.join("auth.json"), &setup.agent_dir().join("auth.json"))?;
        }
        let models = options.endpoint.as_ref().zip(model);
        let models = models.map(|(endpoint, model)| models_json(endpoint, model, options.vision));
        setup.write_json("models.json", models.as_ref())?;
        let tools = setup.has_tools.then(|| mcp_json(&options.gateway));
        setup.write_json("mcp.json", tools.as_ref())?;
        Ok(setup)
    }

    fn plan(
        options: &PiOptions,
        model: Option<&str>,
        folder: PathBuf,
        prompts: PromptFiles,
    ) -> Self {
        let own = model.map(|model| format!("{PROVIDER}/{model}"));
        let mut variables = Vec::new();
        if let Some(key) = options
            .endpoint
            .as_ref()
            .and_then(|endpoint| endpoint.key.clone())
        {
            variables.push((MODEL_KEY, key));
        }
        Self {
            folder,
            command: options.command.clone(),
            model: options.model.clone().or(own),
            has_tools: options.tools,
            prompts,
            variables,
        }
    }

    fn agent_dir(&self) -> PathBuf {
        self.folder.join("agent")
    }

    fn sessions(&self) -> PathBuf {
        self.folder.join("sessions")
    }

    /// Pi looks a session up by the folder that it works in.
    fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// Where each conversation stood when it was last asked something.
    pub(super) fn positions(&self) -> PathBuf {
        self.folder.join("positions")
    }

    /// Starts pi without any arguments of ours.
    pub(super) fn bare(command: &[String]) -> Command {
        let mut bare = Command::new(program(&command[0]));
        bare.args(&command[1..]);
        bare.env("PI_OFFLINE", "1").env("PI_TELEMETRY", "0");
        // What is secret of ours is nothing to pi; keys of models are its own by the same names.
        let own = [keys::models::OPENAI_API_KEY, keys::models::GROQ_API_KEY];
        for name in keys::withheld_secrets(&own) {
            bare.env_remove(name);
        }
        bare
    }

    /// Whether pi has tools.
    pub(super) fn has_tools(&self) -> bool {
        self.has_tools
    }

    /// Starts pi for a session of this conversation; `None` for one that is not kept, and for none. A prompt that is
    /// another than before counts for what a session says from then on. Without a key it has none of the gateway's
    /// tools.
    pub(super) fn launch(
        &self,
        session: Option<&str>,
        conversation: Option<(&str, &str)>,
        tools_key: Option<&str>,
    ) -> Command {
        let mut command = Self::bare(&self.command);
        command.env("PI_CODING_AGENT_DIR", self.agent_dir());
        command.envs(
            self.variables
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        command.current_dir(self.work());
        command.args([
            "--mode",
            "rpc",
            "--offline",
            "-ne",
            "-ns",
            "-np",
            "-nc",
            "-na",
        ]);
        match tools_key.filter(|_| self.has_tools) {
            Some(key) => {
                command.args(["-e", "builtin:mcp"]);
                command.env(TOOLS_KEY, key);
            }
            None if self.has_tools => {
                command.arg("--no-mcp");
            }
            None => {
                command.args(["--no-tools", "--no-mcp"]);
            }
        }
        if let Some(model) = &self.model {
            command.args(["--model", model]);
        }
        command
            .arg("--system-prompt")
            .arg(self.prompts.of(conversation));
        match session {
            Some(session) => {
                command.arg("--session-dir").arg(self.sessions());
                command.args(["--session-id", session]);
            }
            None => {
                command.arg("--no-session");
            }
        }
        command
    }

    /// Turns retries off, and keeps what else stands there.
    fn write_settings(&self, own: Option<&Path>, take_over: bool) -> Result<()> {
        let path = self.agent_dir().join("settings.json");
        let mut settings = object_in(&path)?;
        if let (Some(own), true) = (own, take_over) {
            let users = object_in(&own.join("settings.json")).unwrap_or_default();
            for name in TAKEN_OVER {
                if let Some(value) = users.get(name) {
                    settings.insert(name.to_owned(), value.clone());
                }
            }
        }
        settings.insert("retry".to_owned(), json!({"enabled": false}));
        write_atomic(&path, format!("{:#}\n", Value::Object(settings)).as_bytes())
    }

    /// Writes a file of the agent's folder, or removes it.
    fn write_json(&self, name: &str, content: Option<&Value>) -> Result<()> {
        let path = self.agent_dir().join(name);
        match content {
            Some(content) => write_atomic(&path, format!("{content:#}\n").as_bytes()),
            None => match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(Error::file("remove", path)(error))
                }
                _ => Ok(()),
            },
        }
    }
}

/// The words of a command, unless it is a path with blanks in it.
pub(super) fn words(command: &str) -> Vec<String> {
    if Path::new(command).is_file() {
        return vec![command.to_owned()];
    }
    command.split_whitespace().map(str::to_owned).collect()
}

/// On Windows npm installs a batch file, which is only found with its ending.
fn program(name: &str) -> PathBuf {
    let path = PathBuf::from(name);
    if cfg!(windows) && path.extension().is_none() {
        path.with_extension("cmd")
    } else {
        path
    }
}

/// The user's own folder of pi, where there is one.
pub(super) fn user_dir() -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os("PI_CODING_AGENT_DIR") {
        return Some(dir.into());
    }
    let home = std::env::home_dir()?;
    Some(home.join(".pi").join("agent"))
}

fn object_in(path: &Path) -> Result<Map<String, Value>> {
    match fs::read(path) {
        Ok(bytes) => {
            let json: Option<Value> = serde_json::from_slice(&bytes).ok();
            Ok(json
                .and_then(|json| json.as_object().cloned())
                .unwrap_or_default())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Map::new()),
        Err(error) => Err(Error::file("read the file", path)(error)),
    }
}

/// Makes our login the user's. A file that pi wrote here itself stays.
fn link_login(own: &Path, ours: &Path) -> Result<()> {
    let is_link = fs::symlink_metadata(ours).is_ok_and(|about| about.is_symlink());
    if is_link {
        fs::remove_file(ours).map_err(Error::file("replace", ours))?;
    }
    if !own.exists() || ours.exists() {
        return Ok(());
    }
    #[cfg(unix)]
    let linked = std::os::unix::fs::symlink(own, ours);
    // Links need a privilege there. A copy that was renewed here is not copied again.
    #[cfg(not(unix))]
    let linked = fs::copy(own, ours).map(drop);
    linked.map_err(Error::file("link", ours))
}

/// The model of the settings, as pi is told of it.
fn models_json(endpoint: &ModelEndpoint, model: &str, sees: bool) -> Value {
    let key = match endpoint.key {
        Some(_) => format!("${MODEL_KEY}"),
        // Pi wants one.
        None => "none".to_owned(),
    };
    let input = if sees {
        &["text", "image"][..]
    } else {
        &["text"]
    };
    json!({"providers": {PROVIDER: {
        "baseUrl": url(&endpoint.base), "api": "openai-completions", "apiKey": key,
        "models": [{"id": model, "contextWindow": CONTEXT, "maxTokens": MAX_TOKENS, "input": input}],
    }}})
}

fn url(base: &BaseUrl) -> String {
    let scheme = if base.is_https() { "https" } else { "http" };
    format!("{scheme}://{}{}", base.authority(), base.prefix())
}

/// The gateway's own tools: sending, reading and searching messages.
fn mcp_json(gateway: &str) -> Value {
    json!({"mcpServers": {"gw": {
        "url": format!("http://{gateway}/mcp"),
        "headers": {"Authorization": format!("Bearer ${{{TOOLS_KEY}}}")},
        "exposure": "direct",
        "description": "Messages of this gateway: send, read and search them.",
    }}})
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::agents::pi::tests::{Home, options};

    fn read(path: &Path) -> Value {
        serde_json::from_slice(&fs::read(path).expect("there")).expect("JSON")
    }

    fn arguments(command: &Command) -> String {
        let arguments = command
            .as_std()
            .get_args()
            .map(|arg| arg.to_string_lossy().into_owned());
        arguments.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn retries_are_off_and_the_users_own_login_and_model_are_used() {
        let home = Home::new();
        let own = home.path().join("own");
        fs::create_dir_all(&own).expect("made");
        fs::write(own.join("auth.json"), "{}").expect("written");
        fs::write(
            own.join("settings.json"),
            r#"{"defaultModel":"m","theme":"x"}"#,
        )
        .expect("written");
        let mut options = options(&home);
        options.user_dir = Some(own);
        for _ in 0..2 {
            let setup = Setup::write(&options, None).expect("written");
            let settings = read(&setup.agent_dir().join("settings.json"));
            assert_eq!(
                settings,
                json!({"defaultModel": "m", "retry": {"enabled": false}})
            );
            assert_eq!(read(&setup.agent_dir().join("auth.json")), json!({}));
            let command = setup.launch(Some("webchat.ana"), None, None);
            let arguments = arguments(&command);
            assert!(arguments.contains("--no-tools --no-mcp"), "{arguments}");
            assert!(
                arguments.ends_with("--session-id webchat.ana"),
                "{arguments}"
            );
            assert!(!arguments.contains("--model"), "{arguments}");
        }
    }

    #[test]
    fn the_model_of_the_settings_is_pis_and_its_key_is_in_no_file() {
        let home = Home::new();
        let mut options = options(&home);
        options.endpoint = Some(ModelEndpoint {
            title: "OpenAI",
            base: BaseUrl::parse("http://127.0.0.1:1/v1").expect("an address"),
            key: Some("sk-secret".to_owned()),
            model: None,
            model_key: "OPENAI_MODEL",
        });
        options.tools = true;
        let setup = Setup::write(&options, Some("m-1")).expect("written");
        let models = fs::read_to_string(setup.agent_dir().join("models.json")).expect("there");
        assert!(
            models.contains("http://127.0.0.1:1/v1") && models.contains("$CLEUDOCODEBOT_MODEL_KEY")
        );
        let tools = fs::read_to_string(setup.agent_dir().join("mcp.json")).expect("there");
        assert!(
            tools.contains("\"Bearer ${CLEUDOCODEBOT_TOOLS_KEY}\""),
            "{tools}"
        );
        assert!(!models.contains("secret") && !tools.contains("secret"));
        let command = setup.launch(Some("webchat.ana"), None, Some("t-secret"));
        let arguments = arguments(&command);
        assert!(
            arguments.contains("--model cleudocodebot/m-1"),
            "{arguments}"
        );
        assert!(arguments.contains("-e builtin:mcp"));
        let variables: Vec<_> = command.as_std().get_envs().collect();
        assert!(
            variables
                .iter()
                .any(|(name, value)| *name == MODEL_KEY && value.is_some())
        );
        assert!(
            variables
                .iter()
                .any(|(name, value)| *name == TOOLS_KEY && value.is_some())
        );
        assert!(
            variables
                .iter()
                .any(|(name, value)| *name == "CLEUDOCODEBOT_TOKEN" && value.is_none())
        );
        // Without them the files go away again.
        options.tools = false;
        options.endpoint = None;
        let setup = Setup::write(&options, None).expect("written");
        assert!(!setup.agent_dir().join("mcp.json").exists());
        assert!(!setup.agent_dir().join("models.json").exists());
    }
}
