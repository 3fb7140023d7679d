//! The bot without its gateway: events as they come, and calls against a server that answers as its test says. What
//! the gateway does is in `tests/it/integrations/discord`.

mod kinds;
mod out;
mod stage;
