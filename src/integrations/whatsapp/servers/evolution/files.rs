//! Files that are kept here, on their way to the service, and the service's on their way here.
//!
//! The calls are those of Evolution 2.3.6 and 2.3.7: `src/api/routes/sendMessage.router.ts` takes a file as the
//! field `file` of a form (multer, in memory), `src/api/controllers/sendMessage.controller.ts` and
//! `whatsapp.baileys.service.ts` say what becomes of it; `getBase64FromMediaMessage` there fetches one.

use std::time::Duration;

use data_encoding::BASE64;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::{Evolution, errors::unfetched};
use crate::{
    body::{FileBody, Multipart},
    http_client::{DownloadError, Downloaded, HttpAnswer, HttpBody, HttpLimits},
    integrations::{
        DeliveryError, FetchError, FetchedFile,
        support::{
            base64::{Base64Error, Base64Json},
            files::{
                incoming::most,
                outgoing::{OutgoingFile, body},
            },
        },
    },
    media::{Intake, MediaError},
    message::{Kind, text_at},
    panics::run_blocking,
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
        let row = &file.row;
        let open = self.media.open_file(row.id).await?;
        let read = run_blocking(move || {
            let (mut bytes, mut file) = (Vec::new(), open.file);
            std::io::Read::read_to_end(&mut file, &mut bytes).map(|_| bytes)
        });
        let bytes = read
            .await
            .unwrap_or_else(|why| Err(std::io::Error::other(why)));
        let bytes = bytes.map_err(MediaError::from)?;
        fields["sticker"] = json!(BASE64.encode(&bytes));
        if row.mime.starts_with("image/webp") {
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
        let limits = HttpLimits {
            max_bytes: (most / 3).saturating_mul(4).saturating_add(MAX_BESIDES),
            // It fetches the file first, and once more after five seconds.
            ..HttpLimits::for_file(file["bytes"].as_u64().unwrap_or(0))
        };
        let mut json = Base64Json::new("base64", &WANTED, into);
        let body = HttpBody::Json(&wanted);
        let asked = self
            .api
            .download(Method::POST, &path, body, limits, &mut json);
        match asked.await {
            Ok(Downloaded::Whole(_)) => json.finish().map(fetched).map_err(malformed),
            Ok(Downloaded::Refused(answer)) => Err(unfetched(&answer, &self.api.address)),
            Err(DownloadError::Sink(error)) => Err(malformed(error)),
            Err(DownloadError::TooLarge(_)) => Err(MediaError::TooLarge(most as u64).into()),
            Err(DownloadError::Forbidden(why)) => Err(FetchError::Permanent(why)),
            Err(DownloadError::Http(error)) => Err(error.into()),
        }
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

/// An answer that says yes and is none may be a proxy's, or cut off: the next may be whole.
fn malformed(error: Base64Error<MediaError>) -> FetchError {
    match error {
        Base64Error::Sink(error) => error.into(),
        malformed @ Base64Error::Malformed(_) => {
            let text = format!("the Evolution API did not send the file: {malformed}");
            FetchError::Transient(text, Some(Duration::from_secs(5)))
        }
    }
}
