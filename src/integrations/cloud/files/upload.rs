//! A kept file is uploaded once and then sent by Meta's id of it, which is good for 30 days; the id is kept
//! with the file.

use hyper::Method;
use serde_json::Value;

use super::super::{Cloud, NAME, VERSION, accepted, wire::set_copy};
use crate::{
    body::Multipart,
    http_client::{HttpAnswer, HttpBody, HttpCall, HttpLimits},
    integrations::{
        DeliveryError,
        support::files::outgoing::{OutgoingFile, body},
    },
    media::probe::essence,
    message::text_at,
    store::MediaRow,
};

/// An id is used again while it is younger than this, in ms: a day less than Meta keeps the file.
const REUSED_MS: u64 = 29 * 24 * 3600 * 1000;

/// What Meta says of an id that is not good (any longer): a parameter that is invalid, a file that it cannot
/// get (`codes`). The ids of a number are good for no other.
const LOST: [i64; 4] = [100, 131_009, 131_052, 131_053];

impl Cloud {
    /// Sends a message with a kept file. If Meta no longer has the copy that it got before, it gets another.
    pub(in super::super) async fn send_kept(
        &self,
        body: &mut Value,
        file: &OutgoingFile,
    ) -> Result<HttpAnswer, DeliveryError> {
        // Read anew: an earlier file of this message may be the same.
        let now = self.media.row(file.row.id).await?;
        if let Some(id) = now.and_then(|now| self.known_copy(&now)) {
            set_copy(body, &id, file);
            let answer = self.call(Method::POST, "/messages", body).await?;
            if !is_lost(&answer) {
                return Ok(answer);
            }
        }
        let id = self.upload(file).await?;
        set_copy(body, &id, file);
        Ok(self.call(Method::POST, "/messages", body).await?)
    }

    fn key(&self) -> String {
        format!("{NAME}/{}", self.settings.phone_id)
    }

    fn now_ms(&self) -> u64 {
        (self.receiver.ingress.store().clock())()
    }

    /// Meta's id of a file that it got not too long ago.
    fn known_copy(&self, row: &MediaRow) -> Option<String> {
        let (at_ms, id) = row.services.get(&self.key())?.split_once(' ')?;
        let age = self.now_ms().checked_sub(at_ms.parse().ok()?)?;
        (age < REUSED_MS).then(|| id.to_owned())
    }

    async fn upload(&self, file: &OutgoingFile) -> Result<String, DeliveryError> {
        let row = &file.row;
        // Parameters are not asked for, but for the codec of Ogg.
        let is_ogg = row.mime.starts_with("audio/ogg");
        let mime = if is_ogg {
            &row.mime
        } else {
            essence(&row.mime)
        };
        let form = Multipart::default()
            .text("messaging_product", "whatsapp")
            .text("type", mime)
            .file("file", &file.name(), mime, body(&self.media, row.id).await?);
        let path = format!("/{VERSION}/{}/media", self.settings.phone_id);
        let call = HttpCall {
            method: Method::POST,
            path: &path,
            headers: &[("authorization", &self.authorization)],
            body: HttpBody::Form(form),
            limits: HttpLimits::for_file(row.bytes),
        };
        let asked = self.http.call(call).await;
        // Nobody sees an upload, so one without an answer is simply made again.
        let answer = asked.map_err(|error| DeliveryError::Transient(error.to_string(), None))?;
        let taken = accepted(&answer).inspect_err(|error| self.heard(error, &answer))?;
        let Some(id) = text_at(&taken, "id") else {
            let text = "Meta took the file and gave no id for it";
            return Err(DeliveryError::Transient(text.to_owned(), None));
        };
        let value = format!("{} {id}", self.now_ms());
        // Without it the file is uploaded again another time.
        let _ = self.media.set_service_id(row.id, &self.key(), &value).await;
        Ok(id.to_owned())
    }
}

fn is_lost(answer: &HttpAnswer) -> bool {
    let code = answer.json()["error"]["code"].as_i64();
    answer.status == 400 && code.is_some_and(|code| LOST.contains(&code))
}
