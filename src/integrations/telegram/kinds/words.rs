//! Kinds that only Telegram has, in words: dice, stories, games, checklists, giveaways.

use serde_json::Value;

use crate::{
    integrations::telegram::{
        said::Said,
        who::{all_named, named},
    },
    message::text_at,
};

/// <https://core.telegram.org/bots/api#dice>
pub(super) fn dice(dice: &Value) -> Option<Said> {
    let value = dice["value"].as_u64()?;
    let emoji = text_at(dice, "emoji").unwrap_or_default();
    Some(Said::words("dice", &format!("{emoji} {value}")))
}

/// <https://core.telegram.org/bots/api#story>: whose it is, and nothing of what it shows.
pub(super) fn story(story: &Value) -> Option<Said> {
    let of = story.get("chat").map(named)?;
    Some(Said::words("story", &format!("of {of}")))
}

/// <https://core.telegram.org/bots/api#game>
pub(super) fn game(game: &Value) -> Option<Said> {
    let title = text_at(game, "title")?;
    let more = ["description", "text"].map(|key| text_at(game, key));
    let all: Vec<&str> = std::iter::once(title)
        .chain(more.into_iter().flatten())
        .collect();
    Some(Said::words("game", &all.join(": ")))
}

/// <https://core.telegram.org/bots/api#checklist>
pub(super) fn checklist(checklist: &Value) -> Option<Said> {
    let mut words = text_at(checklist, "title")?.to_owned();
    for task in checklist["tasks"].as_array().into_iter().flatten() {
        let by = ["completed_by_user", "completed_by_chat"];
        let is_done = by.iter().any(|by| task.get(by).is_some())
            || task["completion_date"].as_u64() > Some(0);
        let mark = if is_done { "[x]" } else { "[ ]" };
        let text = text_at(task, "text").unwrap_or_default();
        words.extend(["\n", mark, " ", text]);
    }
    Some(Said::words("checklist", &words))
}

/// <https://core.telegram.org/bots/api#giveaway>
pub(super) fn giveaway(giveaway: &Value) -> Option<Said> {
    let winners = giveaway["winner_count"].as_u64()?;
    let by = all_named(&giveaway["chats"]);
    Some(Said::words(
        "giveaway",
        &format!("of {by}: {winners} winners of {}", prize(giveaway)),
    ))
}

/// <https://core.telegram.org/bots/api#giveawaywinners>
pub(super) fn giveaway_winners(result: &Value) -> Option<Said> {
    let by = result.get("chat").map(named)?;
    let winners = all_named(&result["winners"]);
    Some(Said::words(
        "giveaway",
        &format!("of {by}, {}: won by {winners}", prize(result)),
    ))
}

fn prize(giveaway: &Value) -> String {
    let number = |key: &str| giveaway[key].as_u64();
    let stars = number("prize_star_count").map(|stars| format!("{stars} ⭐"));
    let months = number("premium_subscription_month_count")
        .map(|months| format!("{months} months of Premium"));
    let described = text_at(giveaway, "prize_description").map(str::to_owned);
    let all: Vec<String> = [described, stars, months].into_iter().flatten().collect();
    if all.is_empty() {
        "a prize".to_owned()
    } else {
        all.join(", ")
    }
}
