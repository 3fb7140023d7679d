//! Files of ours as servers take them that want base64 in JSON.

use data_encoding::BASE64;

use crate::{
    integrations::{DeliveryError, support::files::outgoing::OutgoingFile},
    media::{Media, MediaError},
    panics::run_blocking,
};

/// A kept file as base64. It is held in memory: the table of limits bounds it.
pub(super) async fn base64(media: &Media, file: &OutgoingFile) -> Result<String, DeliveryError> {
    let open = media.open_file(file.row.id).await?;
    let read = run_blocking(move || {
        let (mut bytes, mut file) = (Vec::new(), open.file);
        std::io::Read::read_to_end(&mut file, &mut bytes).map(|_| BASE64.encode(&bytes))
    });
    let read = read
        .await
        .unwrap_or_else(|why| Err(std::io::Error::other(why)));
    Ok(read.map_err(MediaError::from)?)
}
