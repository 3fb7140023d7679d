//! What pi is told to be, as files: it takes a text as well, but every user of this machine can read the
//! arguments of a program.

use std::path::{Path, PathBuf};

use crate::{
    config::models::Prompts,
    error::Result,
    fs::{create_private_dir, write_atomic},
};

/// What pi is told to be where the settings say nothing. Its own words are about writing programs.
const USUAL_PROMPT: &str = "You answer the messages of a person in a messenger. \
    Answer in their language, briefly, in plain text without Markdown.";

/// The file of each prompt.
#[derive(Debug, Clone)]
pub(super) struct PromptFiles {
    folder: PathBuf,
    prompts: Prompts,
}

impl PromptFiles {
    /// Writes the files.
    pub(super) fn write(folder: &Path, prompts: Prompts) -> Result<Self> {
        let files = Self {
            folder: folder.to_owned(),
            prompts,
        };
        create_private_dir(&files.routes())?;
        let usual = files.prompts.usual.as_deref().unwrap_or(USUAL_PROMPT);
        write_atomic(&files.path(None), usual.as_bytes())?;
        for (number, text) in files.prompts.routes().enumerate() {
            write_atomic(&files.path(Some(number)), text.as_bytes())?;
        }
        Ok(files)
    }

    /// The file for a conversation: of channel and peer, or of none, over HTTP.
    pub(super) fn of(&self, conversation: Option<(&str, &str)>) -> PathBuf {
        let route = conversation.and_then(|(channel, peer)| self.prompts.route_of(channel, peer));
        self.path(route)
    }

    fn routes(&self) -> PathBuf {
        self.folder.join("prompts")
    }

    fn path(&self, route: Option<usize>) -> PathBuf {
        match route {
            Some(number) => self.routes().join(format!("{number}.md")),
            None => self.folder.join("system-prompt.md"),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;
    use crate::agents::pi::tests::Home;

    #[test]
    fn each_conversation_has_the_prompt_of_its_route() {
        let home = Home::new();
        let routes = "telegram/42=be a butler;telegram/*=be formal";
        let prompts = Prompts::everywhere("be kind").with_routes(routes);
        let files = PromptFiles::write(home.path(), prompts.expect("routes")).expect("written");
        let told = |conversation| fs::read_to_string(files.of(conversation)).expect("there");
        assert_eq!(told(Some(("telegram", "42"))), "be a butler");
        assert_eq!(told(Some(("telegram", "7"))), "be formal");
        assert_eq!(told(Some(("webchat", "ana"))), "be kind");
        assert_eq!(told(None), "be kind");
        let files = PromptFiles::write(home.path(), Prompts::default()).expect("written");
        let usual = fs::read_to_string(files.of(None)).expect("there");
        assert!(usual.contains("messenger"), "{usual}");
    }
}
