//! Files: ours on their way to Meta, and Meta's on their way here
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media>).

mod fetch;
mod upload;
