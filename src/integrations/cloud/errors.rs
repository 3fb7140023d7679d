//! What a refusal of Meta says, and what it means for the message, the channel or the run. What each
//! code means is in `codes`.

use std::time::Duration;

use serde_json::Value;

use super::codes::{About, PAIR_LIMIT, WRONG_NUMBER, judged, number};
use crate::http_client::HttpAnswer;
use crate::integrations::{DeliveryError, RunError, Trouble};
use crate::message::text_at;

/// One message to one person every six seconds is what lasts.
const PAIR_PAUSE: Duration = Duration::from_secs(6);

/// What is said where a further try makes it worse.
const HOURLY: &str = "it is tried again every hour, or at once by: \
    cleudocodebot integrations restart whatsapp-cloud";

/// Longest piece of what Meta says that is repeated, in characters.
const MAX_SAID: usize = 300;

/// An error in words: Meta's title, its code, and the details, where the useful words are.
pub(super) fn words(error: &Value) -> String {
    told(error, None)
}

fn told(error: &Value, status: Option<u16>) -> String {
    let titles = ["message", "title", "error_user_title"];
    let title = titles.iter().find_map(|key| text_at(error, key));
    let title = title.unwrap_or("no reason given");
    let code = number(&error["code"]);
    let repeated = format!("(#{}) ", code.unwrap_or_default());
    let title = title.strip_prefix(&repeated).unwrap_or(title);
    let marks = [
        status.map(|status| format!("status {status}")),
        code.map(|code| format!("code {code}")),
        number(&error["error_subcode"]).map(|code| format!("subcode {code}")),
    ];
    let marks: Vec<String> = marks.into_iter().flatten().collect();
    let mut text = shortened(title);
    if !marks.is_empty() {
        text = format!("{text} ({})", marks.join(", "));
    }
    match details(error).filter(|details| !title.contains(details)) {
        Some(details) => format!("{text}: {}", shortened(details)),
        None => text,
    }
}

/// `error_data` is an object with `details`, or a bare string.
fn details(error: &Value) -> Option<&str> {
    let data = &error["error_data"];
    text_at(data, "details")
        .or_else(|| data.as_str().filter(|text| !text.is_empty()))
        .or_else(|| text_at(error, "details"))
        .or_else(|| text_at(error, "error_user_msg"))
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_SAID).collect()
}

fn with(text: String, advice: &str) -> String {
    if advice.is_empty() {
        text
    } else {
        format!("{text}; {advice}")
    }
}

/// Why a message that Meta had taken failed after all.
pub(super) fn failure(error: &Value) -> String {
    let (_, advice) = judged(error);
    let text = with(format!("Meta says: {}", words(error)), advice);
    with(text, text_at(error, "href").unwrap_or_default())
}

/// What a refusal means.
pub(super) fn refusal(answer: &HttpAnswer) -> DeliveryError {
    let body = answer.json();
    let error = &body["error"];
    if !error.is_object() {
        return not_meta(answer);
    }
    let said = format!("Meta says: {}", told(error, Some(answer.status)));
    let (about, advice) = judged(error);
    match about {
        About::Message => DeliveryError::Permanent(with(said, advice)),
        About::Credentials => DeliveryError::Unauthorized(with(said, advice)),
        About::Account => trouble(&said, advice.to_owned()),
        About::Standing => trouble(&said, format!("{advice}; {HOURLY}")),
        About::Passing if answer.status == 401 => DeliveryError::Unauthorized(said),
        About::Passing => {
            let least = (number(&error["code"]) == Some(PAIR_LIMIT)).then_some(PAIR_PAUSE);
            DeliveryError::Transient(with(said, advice), answer.retry_after.max(least))
        }
    }
}

/// The trouble of a channel. Its message is shown by itself too, so the next step is in the reason.
fn trouble(why: &str, advice: String) -> DeliveryError {
    DeliveryError::Channel(Trouble::new(format!("{why}; {advice}"), advice))
}

/// The Graph API answers everything as JSON: what does not is a proxy, a firewall or a login page, and
/// that is no matter of the message.
pub(super) fn not_meta(answer: &HttpAnswer) -> DeliveryError {
    let why = format!(
        "what answered is not Meta's Graph API (status {})",
        answer.status
    );
    if answer.status == 429 {
        return DeliveryError::Transient(why, answer.retry_after);
    }
    trouble(
        &why,
        "see whether WHATSAPP_CLOUD_BASE_URL is right (https://graph.facebook.com unless set) and what \
         stands between: a proxy, a firewall, a login page"
            .to_owned(),
    )
}

/// Whether a further try makes it worse.
pub(super) fn is_standing(answer: &HttpAnswer) -> bool {
    judged(&answer.json()["error"]).0 == About::Standing
}

/// The words of an error.
pub(super) fn reason(error: DeliveryError) -> String {
    match error {
        DeliveryError::Transient(why, _)
        | DeliveryError::Permanent(why)
        | DeliveryError::Unauthorized(why)
        | DeliveryError::Unknown(why)
        | DeliveryError::Interrupted(why) => why,
        DeliveryError::Channel(trouble) => trouble.why,
        DeliveryError::Away => "nobody is there".to_owned(),
    }
}

/// What a refusal of a look at our number means for the run. A lasting one concerns the only thing
/// that was asked for: the number.
pub(super) fn end_of_run(error: DeliveryError) -> RunError {
    match error {
        DeliveryError::Unauthorized(why) => RunError::Refused(why),
        DeliveryError::Permanent(why) => RunError::Refused(with(why, WRONG_NUMBER)),
        DeliveryError::Transient(why, wait) => RunError::Failed(why, wait),
        other => RunError::Failed(reason(other), None),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    fn answered(status: u16, body: &str) -> DeliveryError {
        refusal(&HttpAnswer::new(status, Bytes::from(body.to_owned())))
    }

    fn refused(status: u16, error: &Value) -> DeliveryError {
        answered(status, &json!({"error": error}).to_string())
    }

    fn class(code: i64) -> &'static str {
        match refused(400, &json!({"code": code, "message": "no"})) {
            DeliveryError::Permanent(_) => "final",
            DeliveryError::Unauthorized(_) => "unauthorized",
            DeliveryError::Channel(_) => "channel",
            DeliveryError::Transient(..) => "transient",
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_code_that_is_known_has_its_class_and_others_pass() {
        for (expected, codes) in [
            (
                "final",
                &[
                    100, 130_472, 130_497, 131_008, 131_009, 131_020, 131_021, 131_026, 131_030,
                    131_041, 131_047, 131_049, 131_050, 131_051, 131_053, 131_062, 131_063,
                    131_207, 131_214, 131_215, 132_000, 132_001, 132_005, 132_007, 132_008,
                    132_012, 132_015, 132_016, 132_068, 135_000, 137_000,
                ][..],
            ),
            ("unauthorized", &[0, 3, 10, 33, 102, 190, 200, 299, 131_005]),
            (
                "channel",
                &[
                    368, 131_031, 131_037, 131_042, 131_045, 131_048, 131_057, 131_064, 133_010,
                ],
            ),
            (
                "transient",
                &[
                    1, 2, 4, 17, 32, 613, 80_007, 130_429, 131_000, 131_016, 131_052, 131_056,
                    131_208, 133_004, 132_069, 131_999, 132_999, 999_999, -7,
                ],
            ),
        ] {
            for code in codes {
                assert_eq!(class(*code), expected, "{code}");
            }
        }
    }

    #[test]
    fn an_error_says_all_that_is_known_of_it() {
        let error = json!({"message": "(#131030) Recipient phone number not in allowed list",
            "type": "OAuthException", "code": 131_030, "error_data": {"messaging_product": "whatsapp",
            "details": "Add recipient phone number to recipient list and try again."}});
        let DeliveryError::Permanent(why) = refused(400, &error) else {
            panic!("final");
        };
        assert!(
            why.starts_with(
                "Meta says: Recipient phone number not in allowed list (status 400, code 131030): Add recipient"
            ) && why.contains("test recipients"),
            "{why}"
        );
        for (data, said) in [
            (
                json!({"error_data": "bare words"}),
                "no reason given (code 7): bare words",
            ),
            (
                json!({"details": "old place"}),
                "no reason given (code 7): old place",
            ),
            (
                json!({"error_user_msg": "told"}),
                "no reason given (code 7): told",
            ),
            (
                json!({"title": "a", "error_data": {"details": "a"}}),
                "a (code 7)",
            ),
            (
                json!({"title": "a", "message": "", "code": "7"}),
                "a (code 7)",
            ),
        ] {
            let mut error = json!({"code": 7});
            let fields = data.as_object().expect("fields").clone();
            error.as_object_mut().expect("fields").extend(fields);
            assert_eq!(words(&error), said);
        }
        assert_eq!(words(&Value::Null), "no reason given");
    }

    #[test]
    fn a_wrong_phone_id_and_words_of_passing_come_before_the_table() {
        let wrong =
            json!({"code": 100, "error_subcode": 33, "message": "Unsupported post request"});
        assert!(matches!(
            refused(400, &wrong),
            DeliveryError::Unauthorized(why) if why.contains("WHATSAPP_CLOUD_PHONE_ID")
        ));
        let passing = json!({"code": 131_009, "is_transient": true});
        assert!(matches!(
            refused(400, &passing),
            DeliveryError::Transient(..)
        ));
        let token = json!({"code": 190, "is_transient": true});
        assert!(matches!(
            refused(400, &token),
            DeliveryError::Unauthorized(_)
        ));
        assert!(matches!(
            refused(401, &json!({"message": "?"})),
            DeliveryError::Unauthorized(_)
        ));
        let pair = refused(400, &json!({"code": 131_056}));
        assert!(matches!(
            pair,
            DeliveryError::Transient(_, Some(PAIR_PAUSE))
        ));
    }

    #[test]
    fn an_answer_that_is_not_metas_is_the_channels_trouble() {
        for (status, body) in [
            (403, "<html>Access denied</html>"),
            (502, ""),
            (404, "{\"message\":\"no Route matched\"}"),
            (302, "null"),
        ] {
            let DeliveryError::Channel(trouble) = answered(status, body) else {
                panic!("{status} {body}");
            };
            let advice = trouble.advice.expect("a next step");
            assert!(advice.contains("WHATSAPP_CLOUD_BASE_URL"), "{advice}");
        }
    }
}
