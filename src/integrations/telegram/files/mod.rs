//! Files: ours on their way to Telegram, and Telegram's on their way here.

mod fetch;
mod upload;

pub(super) use self::upload::uploads;
