//! The messages, page by page, oldest first.

use serde_json::{Value, json};

use crate::{client::Client, error::Result, message::MessageId};

/// Messages asked for at once.
const PAGE: u64 = 1000;

/// The messages that match, from the first to the last.
pub(super) struct Pages {
    within: Value,
    since_ms: u64,
    after: Option<MessageId>,
}

impl Pages {
    /// Finds the first of them.
    pub(super) async fn begin(client: &mut Client, within: Value, since_ms: u64) -> Result<Self> {
        let after = match since_ms {
            0 => MessageId(0),
            _ => last_before(client, &within, since_ms).await?,
        };
        Ok(Self {
            within,
            since_ms,
            after: Some(after),
        })
    }

    /// The next page, which may be empty; `None` at the end.
    pub(super) async fn next(&mut self, client: &mut Client) -> Result<Option<Vec<Value>>> {
        let Some(after) = self.after.take() else {
            return Ok(None);
        };
        let mut payload = self.within.clone();
        payload["after"] = json!(after.to_string());
        payload["limit"] = json!(PAGE);
        let mut answer = client.call("history", &payload).await?;
        self.after = answer["next"].as_str().and_then(|next| next.parse().ok());
        let mut messages = match answer["messages"].take() {
            Value::Array(messages) => messages,
            _ => Vec::new(),
        };
        messages.retain(|message| created_ms(message) >= self.since_ms);
        Ok(Some(messages))
    }
}

fn created_ms(message: &Value) -> u64 {
    message["created_ms"].as_u64().unwrap_or(0)
}

/// A message behind which all are that were stored since: found by halving, since ids grow with time. Where a clock went
/// back some of those may be older, which is looked at again.
async fn last_before(client: &mut Client, within: &Value, since_ms: u64) -> Result<MessageId> {
    let mut newest_before = async |before: Option<u64>| -> Result<Option<(u64, u64)>> {
        let mut payload = within.clone();
        payload["limit"] = json!(1);
        if let Some(before) = before {
            payload["before"] = json!(MessageId(before).to_string());
        }
        let answer = client.call("history", &payload).await?;
        let message = &answer["messages"][0];
        let id: Option<MessageId> = message["message_id"]
            .as_str()
            .and_then(|id| id.parse().ok());
        Ok(id.map(|id| (id.0, created_ms(message))))
    };
    let Some((newest, _)) = newest_before(None).await? else {
        return Ok(MessageId(0));
    };
    let (mut low, mut high) = (0, newest + 1);
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        match newest_before(Some(middle + 1)).await? {
            Some((id, at_ms)) if at_ms >= since_ms => high = id.max(low + 1),
            Some(_) | None => low = middle,
        }
    }
    Ok(MessageId(low))
}
