//! Files that come as base64, in a text or in JSON.

mod decode;
mod json;

pub use self::{
    decode::{Base64Error, decode},
    json::Base64Json,
};
