//! Meta's codes of errors
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes/>,
//! with the classes of <https://github.com/david-lev/pywa/blob/master/pywa/errors.py>).
//!
//! Meta asks to decide by `code` and `error_data.details`, never by the HTTP status or the title. Final
//! for a message is only what is listed here as such; codes without a row, among them every limit of
//! rate (4, 80007, 130429, 131056) and every trouble of Meta's own (1, 2, 131000, 131016), are tried
//! again. The same codes come late, in `statuses[].errors`, and beside what comes in. Pure.

use serde_json::Value;

/// What a code is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// This message, for good.
    Message,
    /// The credentials.
    Credentials,
    /// The account or the number: nothing goes out until its owner did something there.
    Account,
    /// How the account stands with Meta: each further try makes it worse.
    Standing,
    /// What passes.
    Passing,
}

/// The limit of messages to one person.
pub(super) const PAIR_LIMIT: i64 = 131_056;

/// The subcode of code 100 for an id that is not there or not ours, such as a wrong phone number ID.
const NO_SUCH_OBJECT: i64 = 33;

pub(super) const WRONG_NUMBER: &str = "WHATSAPP_CLOUD_PHONE_ID is no number that WHATSAPP_CLOUD_TOKEN \
    may use: take the phone number ID (not the number) from the app's page WhatsApp, API Setup; \
    WHATSAPP_CLOUD_BASE_URL has no version in it";

/// What an error is about, and the next step where there is one.
pub(super) fn judged(error: &Value) -> (About, &'static str) {
    let Some(code) = number(&error["code"]) else {
        return (About::Passing, "");
    };
    if code == 100 && number(&error["error_subcode"]) == Some(NO_SUCH_OBJECT) {
        return (About::Credentials, WRONG_NUMBER);
    }
    let (about, advice) = rule(code);
    // Meta's own word that it passes counts for more than our table.
    if about == About::Message && error["is_transient"] == true {
        return (About::Passing, advice);
    }
    (about, advice)
}

/// Meta has numbers as numbers and as texts.
pub(super) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn rule(code: i64) -> (About, &'static str) {
    let of_account = |advice| (About::Account, advice);
    match code {
        0 | 102 | 190 => (
            About::Credentials,
            "WHATSAPP_CLOUD_TOKEN is wrong, expired or was withdrawn: make a new one (that of a system \
             user does not expire)",
        ),
        3 | 10 | 200..=299 | 131_005 => (
            About::Credentials,
            "WHATSAPP_CLOUD_TOKEN lacks a right: it needs whatsapp_business_messaging, and its system \
             user the WhatsApp account",
        ),
        33 | 803 | 2500 => (About::Credentials, WRONG_NUMBER),
        131_042 => of_account(
            "set up a way to pay, or mend it, in the billing settings of the WhatsApp account",
        ),
        131_045 | 133_010 => of_account(
            "register the number of WHATSAPP_CLOUD_PHONE_ID: in WhatsApp Manager, or by a POST to its \
             /register with a PIN",
        ),
        131_037 => of_account("have the number's display name approved in WhatsApp Manager"),
        131_057 => of_account("Meta works on this account: it ends by itself"),
        368 | 131_031 => (
            About::Standing,
            "the account is restricted: see why, and appeal, in WhatsApp Manager or the Business \
             Support Home",
        ),
        131_048 | 131_064 => (
            About::Standing,
            "people blocked or reported this number: see its quality in WhatsApp Manager and write \
             less for a while",
        ),
        _ => of_message(code).map_or((About::Passing, ""), |advice| (About::Message, advice)),
    }
}

/// The next step after what is final for one message.
fn of_message(code: i64) -> Option<&'static str> {
    let advice = match code {
        131_047 => "more than 24 hours have passed since the peer wrote: send a template",
        131_030 => {
            "add the number to the list of test recipients (the app's page WhatsApp, API Setup), or \
             send from a number that is no test number"
        }
        131_026 => {
            "see whether the number is right and on WhatsApp; its owner may have to update WhatsApp or \
             accept its terms"
        }
        131_021 => "it was sent to the number it is sent from",
        130_472 | 131_049 => {
            "Meta holds marketing back from this person: not again within 24 hours"
        }
        131_050 => "this person wants no marketing: write something else, or nothing",
        130_497 => "this account may not write to that country",
        131_051 | 131_053 => "send the file as a type that WhatsApp takes, within its size",
        131_062 => "this kind goes to a phone number only, not to a user id",
        131_020 | 131_041 | 131_201..=131_207 | 131_209..=131_215 => {
            "see whether the group is still there, has other members, and this number may write to groups"
        }
        131_063 | 132_000 | 132_001 | 132_005 | 132_007 | 132_008 | 132_012 | 132_015 | 132_016
        | 132_068 => "see the template's name, language, parameters and state in WhatsApp Manager",
        137_000 => "the person's security code changed: send it without the old one",
        100 => {
            "see whether what it is made of (address, file, reply, template) is as Meta wants it"
        }
        131_008 | 131_009 | 135_000 => "see whether its parameters are as Meta wants them",
        _ => return None,
    };
    Some(advice)
}
