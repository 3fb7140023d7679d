//! What the gateway asks of the daemon. The traits stand here, in the lower of the two modules, so that
//! the gateway needs to know nothing of the daemon that implements them.

mod admin;
mod agents;
mod channels;
mod gate;
mod schedules;
mod webhooks;

pub use self::{
    admin::{Admin, Effects, FoundAgent, Reloaded},
    agents::{
        AgentAnswer, AgentClient, AgentFailure, AgentLease, AgentStatus, Agents, Ended, Offered,
        Prompt, PromptEvent, Question, Reply, TurnQuery,
    },
    channels::{Channels, DeletionError, IntegrationStatus, ReadUpTo, Steer},
    gate::{Gate, NewPause},
    schedules::{NewSchedule, Repeat, ScheduleStatus, Schedules, no_schedule},
    webhooks::{WebhookStatus, Webhooks},
};
