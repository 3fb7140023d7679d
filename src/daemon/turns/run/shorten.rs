//! A turn that is too long for the connection of an agent is offered with its texts cut: an answer to most of it is
//! more than none. The beginning and the end stay, where people say what they want.

use serde_json::{Value, json};

use crate::cut;

/// The texts that may be cut.
const TEXTS: [&str; 2] = ["message", "transcript"];

/// How often it is tried: characters differ in how long they are as JSON.
const MAX_TRIES: usize = 8;

/// The least that is left of a text, in bytes. An agent for which this is too long gets nothing.
const MIN_LEFT: usize = 256;

/// The event with texts that fit into so many bytes, and `cut`; `None` where they are not what is too long.
pub(super) fn shortened(mut event: Value, most: usize) -> Option<Value> {
    event["cut"] = json!(true);
    for _ in 0..MAX_TRIES {
        let length = event.to_string().len();
        if length <= most {
            return Some(event);
        }
        shorten(&mut event, length - most)?;
    }
    None
}

/// Takes about so many bytes of JSON out of the longest text.
fn shorten(event: &mut Value, over: usize) -> Option<()> {
    let length = |name: &&str| event[*name].to_string().len();
    let name = TEXTS.into_iter().max_by_key(length)?;
    let written = length(&name);
    let text = event[name].as_str()?;
    if text.len() <= MIN_LEFT {
        return None;
    }
    let left = written.saturating_sub(over + cut::MARK.len());
    let share = text.len() as u128 * left as u128 / written.max(1) as u128;
    let most = usize::try_from(share).unwrap_or(MIN_LEFT).max(MIN_LEFT);
    event[name] = json!(cut::middle(text, most.min(text.len() - 1)));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_text_loses_its_middle_and_says_so() {
        for filler in ["a", "é", "\n", "\u{1}", "😀"] {
            let message = format!("please: {} thanks", filler.repeat(50_000));
            let event = json!({"turn_id": "t-1", "message": message, "transcript": "short"});
            let event = shortened(event, 10_000).expect("it fits");
            let length = event.to_string().len();
            assert!((5_000..=10_000).contains(&length), "{filler:?}: {length}");
            let text = event["message"].as_str().expect("a text");
            assert!(text.starts_with("please: ") && text.ends_with(" thanks"));
            assert!(text.contains(cut::MARK));
            assert_eq!(
                (&event["cut"], &event["transcript"]),
                (&json!(true), &json!("short"))
            );
        }
    }

    #[test]
    fn what_is_long_by_other_things_is_not_offered() {
        let files = vec![json!({"media_id": "x"}); 1000];
        let event = json!({"message": "look", "media": files});
        assert_eq!(shortened(event, 10_000), None);
        let both = json!({"message": "a".repeat(9_000), "transcript": "b".repeat(9_000)});
        assert!(shortened(both.clone(), 2_000).is_some());
        assert_eq!(shortened(both, 300), None);
    }
}
