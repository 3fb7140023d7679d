//! Files that are kept here, on their way to the service, and the service's on their way here.
//!
//! The calls are those of Evolution 2.3.6 and 2.3.7: `src/api/routes/sendMessage.router.ts` takes a file as the
//! field `file` of a form (multer, in memory), `src/api/controllers/sendMessage.controller.ts` and
//! `whatsapp.baileys.service.ts` say what becomes of it; `getBase64FromMediaMessage` there fetches one.

use hyper::Method;
use serde_json::{Map, Value, json};

use super::{
    super::{
        downloads::{base64_fetched, base64_limits},
        uploads,
    },
    Evolution,
    errors::unfetched,
};
use crate::{
    body::{FileBody, Multipart},
    http_client::{HttpAnswer, HttpBody, HttpLimits},
    integrations::{
        DeliveryError, FetchError, FetchedFile,
        support::{
            base64::Base64Json,
            files::{
                incoming::most,
                outgoing::{OutgoingFile, body},
            },
        },
        whatsapp::settings::ServerKind,
    },
    media::Intake,
    message::{Kind, text_at},
};

/// What an answer with a file has besides the file, at most.
const MAX_BESIDES: usize = 256 * 1024;

/// What of an answer with a file is kept besides the file.
const WANTED: [&str; 3] = ["mimetype", "fileName", "mediaType"];

impl Evolution {
    /// Makes the call that brings a kept file out.
    pub(super) async fn upload(
        &self,
        path: &str,
        fields: Value,
        file: &OutgoingFile,
    ) -> Result<HttpAnswer, DeliveryError> {
        let row = &file.row;
        if file.kind == Kind::Sticker {
            return self.send_sticker(path, fields, file).await;
        }
        let bytes = body(&self.media, row.id).await?;
        let path = self.path(path);
        let body = HttpBody::Form(form(&fields, file, bytes));
        let limits = HttpLimits::for_file(row.bytes);
        Ok(self.api.call(Method::POST, &path, body, limits).await?)
    }

    /// A sticker cannot be uploaded (see the table of limits): it goes as base64 in JSON, the only file that
    /// is held in memory, and is small. A WebP must be said to be one, or it loses its animation.
    async fn send_sticker(
        &self,
        path: &str,
        mut fields: Value,
        file: &OutgoingFile,
    ) -> Result<HttpAnswer, DeliveryError> {
        fields["sticker"] = json!(uploads::base64(&self.media, file).await?);
        if file.row.mime.starts_with("image/webp") {
            fields["notConvertSticker"] = json!(true);
        }
        Ok(self.call(Method::POST, path, &fields).await?)
    }

    /// Fetches the file of the message with this name there.
    pub(super) async fn fetch_file(
        &self,
        file: &Value,
        into: &mut Intake,
    ) -> Result<FetchedFile, FetchError> {
        let Some(id) = text_at(file, "id") else {
            let text = "the Evolution API has no name for the message of this file";
            return Err(FetchError::Permanent(text.to_owned()));
        };
        let path = self.path("/chat/getBase64FromMediaMessage");
        let wanted = json!({"message": {"key": {"id": id}}, "convertToMp4": false});
        let most = most(into);
        // It fetches the file first, and once more after five seconds.
        let limits = base64_limits(file, most, MAX_BESIDES);
        let mut json = Base64Json::new("base64", &WANTED, into);
        let body = HttpBody::Json(&wanted);
        let asked = self
            .api
            .download(Method::POST, &path, body, limits, &mut json);
        let asked = asked.await;
        base64_fetched(ServerKind::Evolution, asked, json, most, |answer| {
            unfetched(answer, &self.api.address)
        })
        .map(fetched)
    }
}

/// The form of a call. What the service reads of it are texts; the answered message is named as `qs` has it.
///
/// Only a document says its name: of anything else the service would tell the type by that, and it is
/// wrong for a picture, of which it makes a JPEG. Of a document without an ending that it knows it says
/// that the type is `false`.
fn form(fields: &Value, file: &OutgoingFile, bytes: FileBody) -> Multipart {
    let mut form = Multipart::default();
    for (name, value) in fields.as_object().into_iter().flatten() {
        if let Some(text) = value.as_str() {
            form = form.text(name, text);
        }
    }
    if let Some(answered) = text_at(&fields["quoted"]["key"], "id") {
        form = form.text("quoted[key][id]", answered);
    }
    let (name, mime) = (file.name(), file.row.mime.as_str());
    if fields["mediatype"].is_string() {
        form = form.text("mimetype", mime);
    }
    if file.kind == Kind::Document {
        form = form.text("fileName", &name);
    }
    form.file("file", &name, mime, bytes)
}

fn fetched(fields: Map<String, Value>) -> FetchedFile {
    let fields = Value::Object(fields);
    // Of anything but a document the service makes a name up.
    let is_document =
        text_at(&fields, "mediaType").is_some_and(|kind| kind.starts_with("document"));
    let name = text_at(&fields, "fileName").filter(|_| is_document);
    FetchedFile {
        mime: text_at(&fields, "mimetype").map(str::to_owned),
        name: name.map(str::to_owned),
        sha256: None,
    }
}
