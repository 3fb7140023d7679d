//! The table: what is done with each field of a message.

use serde_json::Value;

use super::{Said, answers, files, places, system, words};

/// What is done with a field.
#[derive(Clone, Copy)]
pub(in super::super) enum Rule {
    /// Nothing: keys and syncing, which nobody said.
    Plumbing,
    /// What it says is inside, in `message`.
    Wrapper,
    /// It is read so.
    Is(fn(&Value) -> Said),
    /// It is read so; where that finds nothing, it is unsupported.
    Says(fn(&Value) -> Option<Said>),
    /// It is about another message, or about the protocol.
    Protocol,
}

use Rule::{Is, Plumbing, Protocol, Says, Wrapper};

/// All fields, in the order of the protocol. `callLogMesssage` is spelled so there.
pub(in super::super) const FIELDS: [(&str, Rule); 95] = [
    ("conversation", Says(words::conversation)),
    ("senderKeyDistributionMessage", Plumbing),
    ("imageMessage", Is(files::image)),
    ("contactMessage", Says(places::contact)),
    ("locationMessage", Says(places::location)),
    ("extendedTextMessage", Says(words::extended)),
    ("documentMessage", Is(files::document)),
    ("audioMessage", Is(files::audio)),
    ("videoMessage", Is(files::video)),
    ("call", Is(system::call)),
    ("chat", Says(nothing)),
    ("protocolMessage", Protocol),
    ("contactsArrayMessage", Says(places::contacts)),
    ("highlyStructuredMessage", Says(words::structured)),
    ("fastRatchetKeySenderKeyDistributionMessage", Plumbing),
    ("sendPaymentMessage", Is(system::payment_sent)),
    ("liveLocationMessage", Says(places::live_location)),
    ("requestPaymentMessage", Is(system::payment_asked)),
    ("declinePaymentRequestMessage", Is(system::payment_declined)),
    ("cancelPaymentRequestMessage", Is(system::payment_cancelled)),
    ("templateMessage", Says(words::template)),
    ("stickerMessage", Is(files::sticker)),
    ("groupInviteMessage", Says(words::group_invite)),
    ("templateButtonReplyMessage", Says(answers::template_button)),
    ("productMessage", Says(places::product)),
    ("deviceSentMessage", Wrapper),
    ("messageContextInfo", Plumbing),
    ("listMessage", Says(words::list)),
    ("viewOnceMessage", Wrapper),
    ("orderMessage", Is(places::order)),
    ("listResponseMessage", Says(answers::list)),
    ("ephemeralMessage", Wrapper),
    ("invoiceMessage", Is(places::invoice)),
    ("buttonsMessage", Says(words::buttons)),
    ("buttonsResponseMessage", Says(answers::button)),
    ("paymentInviteMessage", Is(system::payment_invite)),
    ("interactiveMessage", Says(words::interactive)),
    ("reactionMessage", Says(answers::reaction)),
    ("stickerSyncRmrMessage", Plumbing),
    ("interactiveResponseMessage", Says(answers::interactive)),
    ("pollCreationMessage", Says(answers::poll)),
    ("pollUpdateMessage", Is(answers::vote)),
    ("keepInChatMessage", Is(system::keep)),
    ("documentWithCaptionMessage", Wrapper),
    ("requestPhoneNumberMessage", Is(system::number_asked)),
    ("viewOnceMessageV2", Wrapper),
    ("encReactionMessage", Says(nothing)),
    ("editedMessage", Wrapper),
    ("viewOnceMessageV2Extension", Wrapper),
    ("pollCreationMessageV2", Says(answers::poll)),
    ("scheduledCallCreationMessage", Is(system::scheduled_call)),
    ("groupMentionedMessage", Wrapper),
    ("pinInChatMessage", Is(system::pin)),
    ("pollCreationMessageV3", Says(answers::poll)),
    ("scheduledCallEditMessage", Is(system::cancelled_call)),
    ("ptvMessage", Is(files::round_video)),
    ("botInvokeMessage", Wrapper),
    ("callLogMesssage", Is(system::call_log)),
    ("messageHistoryBundle", Plumbing),
    ("encCommentMessage", Says(nothing)),
    ("bcallMessage", Is(system::broadcast_call)),
    ("lottieStickerMessage", Wrapper),
    ("eventMessage", Says(words::event)),
    ("encEventResponseMessage", Says(nothing)),
    ("commentMessage", Wrapper),
    (
        "newsletterAdminInviteMessage",
        Says(words::newsletter_invite),
    ),
    ("placeholderMessage", Says(nothing)),
    ("secretEncryptedMessage", Says(system::secret)),
    ("albumMessage", Is(system::album)),
    ("eventCoverImage", Wrapper),
    ("stickerPackMessage", Is(files::sticker_pack)),
    ("statusMentionMessage", Wrapper),
    ("pollResultSnapshotMessage", Says(answers::poll_result)),
    ("pollCreationOptionImageMessage", Wrapper),
    ("associatedChildMessage", Wrapper),
    ("groupStatusMentionMessage", Wrapper),
    ("pollCreationMessageV4", Wrapper),
    ("statusAddYours", Wrapper),
    ("groupStatusMessage", Wrapper),
    ("richResponseMessage", Says(words::rich)),
    ("statusNotificationMessage", Is(system::status)),
    ("limitSharingMessage", Wrapper),
    ("botTaskMessage", Wrapper),
    ("questionMessage", Wrapper),
    ("messageHistoryNotice", Plumbing),
    ("groupStatusMessageV2", Wrapper),
    ("botForwardedMessage", Wrapper),
    ("statusQuestionAnswerMessage", Says(words::answer)),
    ("questionReplyMessage", Wrapper),
    ("questionResponseMessage", Says(words::answer)),
    ("statusQuotedMessage", Says(words::status_quoted)),
    (
        "statusStickerInteractionMessage",
        Says(answers::sticker_reaction),
    ),
    ("pollCreationMessageV5", Says(answers::poll)),
    (
        "newsletterFollowerInviteMessageV2",
        Says(words::newsletter_invite),
    ),
    ("pollResultSnapshotMessageV3", Says(answers::poll_result)),
];

/// The rule for a field. One that is not in the table is a wrapper where it looks like one.
pub(super) fn rule(field: &str, value: &Value) -> Rule {
    match FIELDS.iter().find(|(name, _)| *name == field) {
        Some((_, rule)) => *rule,
        None if value["message"].is_object() => Wrapper,
        None => Says(nothing),
    }
}

/// Content that cannot be read here.
fn nothing(_: &Value) -> Option<Said> {
    None
}
