//! `forget`: removes for good what is kept of a person: messages, what they wrote in groups, files, names, pairings,
//! schedules, what agents remember, lines of the log. Without `confirm` it only says what there is.

use std::{collections::HashSet, sync::Arc};

use serde_json::{Value, json};

use super::{
    expect_no_backup, rewrite,
    traces::{Traces, blocking},
};
use crate::{
    gateway::{
        Gateway,
        actions::{
            answer::{Answer, CommandResult},
            lookup::{reading, stored_peer},
        },
        control::Steer,
    },
    integrations::allow_list::plain,
    log::{LogField, names_one_of},
    panics::run_to_end,
    protocol::{
        describe::event,
        error_code::{ErrorCode, Fault},
        payload::Payload,
    },
    store::{Erasable, Erased, Erasing},
};

/// The states of an agent that may have a conversation in memory.
const AT_WORK: [&str; 2] = ["running", "away"];

pub(in crate::gateway::actions) fn forget(gateway: &Arc<Gateway>, payload: &Payload) -> Answer {
    let channel = payload.text("channel").to_owned();
    let peer = stored_peer(gateway, &channel, payload.text("peer"));
    let is_confirmed = payload.flag("confirm");
    let gateway = Arc::clone(gateway);
    // To its end: half of a person is not forgotten.
    let work = async move {
        let person = Person::find(&gateway, channel, peer).await?;
        if is_confirmed {
            person.forget(&gateway).await
        } else {
            Ok(person.json().to_string())
        }
    };
    let work = run_to_end(work, |why| Fault::new(ErrorCode::Internal, why));
    Answer::Unordered(Box::pin(work))
}

/// Somebody, and what there is of them.
struct Person {
    channel: String,
    peer: String,
    names: Vec<String>,
    found: Erasable,
    schedules: Vec<String>,
    is_paired: bool,
    settings: Vec<String>,
    traces: Traces,
}

impl Person {
    async fn find(gateway: &Arc<Gateway>, channel: String, peer: String) -> Result<Self, Fault> {
        let store = &gateway.store;
        let asked = (channel.clone(), peer);
        let names = reading(store, move |store| {
            let (channel, name) = asked;
            let peer = store
                .alias(&channel, &name)?
                .unwrap_or_else(|| name.clone());
            let mut names = vec![peer];
            names.extend(store.aliases(&channel, &names[0])?);
            names.push(name);
            // Pairings and allow-lists have them in the form in which names are compared.
            let listed: Vec<_> = names.iter().map(|name| plain(&channel, name)).collect();
            names.extend(listed);
            Ok(distinct(names))
        })
        .await?;
        let erasing = Erasing::Person {
            channel: channel.clone(),
            names: names.clone(),
        };
        let found = reading(store, move |store| store.erasable(&erasing)).await?;
        let listed = gateway.schedules.list().into_iter();
        let theirs = listed.filter(|one| one.channel == channel && names.contains(&one.peer));
        let name_of = |one: &Value| one["name"].as_str().map(str::to_owned);
        let schedules = theirs.filter_map(|one| name_of(&one.json)).collect();
        let home = gateway.settings().home.clone();
        let looked_for = (channel.clone(), names.clone(), found.peers.clone());
        let traces = blocking(move || {
            let (channel, names, peers) = looked_for;
            Traces::find(&home, &channel, names.into_iter().chain(peers))
        })
        .await??;
        Ok(Self {
            is_paired: gateway.channels.pairings().has_any(&channel, &names),
            settings: settings_that_name(gateway, &names)?,
            peer: names[0].clone(),
            channel,
            names,
            found,
            schedules,
            traces,
        })
    }

    fn json(&self) -> Value {
        let found = &self.found;
        json!({
            "channel": self.channel, "peer": self.peer, "names": self.names, "called": found.called,
            "messages": found.messages, "in_groups": found.in_groups, "waiting": found.waiting,
            "mentions": found.mentions, "files": found.files.len(), "turns": found.turns,
            "schedules": self.schedules, "paired": self.is_paired,
            "agent_files": self.traces.agent_files.len(), "damaged_copies": shown(&self.traces.damaged),
            "settings": self.settings, "done": false,
        })
    }

    async fn forget(&self, gateway: &Arc<Gateway>) -> CommandResult {
        expect_no_backup(gateway)?;
        for name in &self.schedules {
            Arc::clone(&gateway.schedules).remove(name.clone()).await?;
        }
        let (pairings, asked) = (
            gateway.channels.pairings(),
            (self.channel.clone(), self.names.clone()),
        );
        let unpaired = move || pairings.forget(&asked.0, &asked.1).map_err(Fault::internal);
        blocking(unpaired).await??;
        let erased = self.erase(gateway).await?;
        // Also where a person answers instead of an agent: that is known in memory too.
        for name in &self.names {
            gateway.agents.resume(&self.channel, name).await?;
        }
        let removed = gateway
            .media
            .remove_unreferenced(self.found.files.iter().copied().collect());
        let files = removed.await?;
        let words = self.words();
        let (log, traces) = (gateway.log.clone(), self.traces.clone());
        let log_lines = blocking(move || {
            traces.remove()?;
            log.forget(&words)
                .map_err(|error| Fault::internal(error.to_string()))
        })
        .await??;
        // Last, so that what was to be removed is gone where the disk is too full for this.
        rewrite(gateway).await?;
        self.tell(gateway, erased);
        let mut answer = self.json();
        for (name, value) in [
            ("done", json!(erased.being_sent == 0)),
            ("messages", json!(erased.messages)),
            ("being_sent", json!(erased.being_sent)),
            ("turns", json!(erased.turns)),
            ("files", json!(files.files)),
            ("log_lines", json!(log_lines)),
        ] {
            answer[name] = value;
        }
        Ok(answer.to_string())
    }

    async fn erase(&self, gateway: &Gateway) -> Result<Erased, Fault> {
        let erasing = Erasing::Person {
            channel: self.channel.clone(),
            names: self.names.clone(),
        };
        reading(&gateway.store, move |store| {
            // Looked up anew: somebody may have written meanwhile.
            let found = store.erasable(&erasing)?;
            store.erase(&erasing, &found)
        })
        .await
    }

    /// What lines of the log name them by.
    fn words(&self) -> Vec<String> {
        let called = self.found.called.iter().cloned();
        self.names.iter().cloned().chain(called).collect()
    }

    /// Has clients drop what they keep, and agents that remember a conversation begin anew.
    fn tell(&self, gateway: &Gateway, erased: Erased) {
        let told = json!({"channel": self.channel, "peer": self.peer}).to_string();
        let bus = &gateway.listeners.bus;
        bus.publish_about(
            (&self.channel, &self.peer),
            event::CONVERSATION_FORGOTTEN,
            |out| out.push_str(&told),
        );
        let fields: [LogField<'_>; 2] =
            [("channel", &self.channel), ("messages", &erased.messages)];
        gateway
            .log
            .info("keeping", "a person was forgotten", &fields);
        if self.traces.agent_files.is_empty() {
            return;
        }
        for agent in gateway.agents.statuses() {
            if agent.supervised && AT_WORK.contains(&agent.state) {
                gateway.agents.steer(&agent.name, Steer::Stop);
                gateway.agents.steer(&agent.name, Steer::Start);
            }
        }
    }
}

/// Each name once; the first stays the first.
fn distinct(names: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    let once = names.into_iter().filter(|name| seen.insert(name.clone()));
    once.collect()
}

/// The keys of `.env` that name somebody: those are the owner's to change.
fn settings_that_name(gateway: &Gateway, names: &[String]) -> Result<Vec<String>, Fault> {
    let settings = gateway.admin.settings();
    let settings = settings.map_err(|why| Fault::new(ErrorCode::Conflict, why))?;
    let naming = settings
        .into_iter()
        .filter(|one| !one.secret && names_one_of(&one.value, names));
    Ok(naming.map(|one| one.key).collect())
}

fn shown(paths: &[std::path::PathBuf]) -> Vec<String> {
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect()
}
