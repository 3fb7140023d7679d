//! Pairing a phone: the code to scan, or why there is none yet; an instance that is missing is made.

use hyper::Method;
use serde_json::{Value, json};

use super::{
    Evolution,
    errors::{Fault, fault, is_success},
};
use crate::{
    integrations::whatsapp::{
        connection::{told, with_advice},
        servers::Pairing,
    },
    log::LogField,
    message::text_at,
};

impl Evolution {
    pub(super) async fn code(&self) -> Result<Pairing, String> {
        let asked = self.call(Method::GET, "/instance/connect", &Value::Null);
        let answer = asked.await.map_err(|error| error.to_string())?;
        if answer.status == 200 {
            return Ok(pairing(&answer.json()));
        }
        Err(match fault(&answer, &self.api.address) {
            Fault::NoInstance => return self.create().await,
            Fault::Trouble(trouble) => with_advice(&trouble),
            Fault::Unauthorized(why) | Fault::Other(why) => why,
        })
    }

    /// Makes the instance; whoever connects it wants it to be there.
    pub(super) async fn create(&self) -> Result<Pairing, String> {
        let name = &self.instance;
        let wanted =
            json!({"instanceName": name, "integration": "WHATSAPP-BAILEYS", "qrcode": true});
        let asked = self.api.post("/instance/create", &wanted);
        let answer = asked.await.map_err(|error| error.to_string())?;
        if is_success(&answer) {
            let fields: [LogField<'_>; 1] = [("instance", name)];
            self.log.info("integration", "made the instance", &fields);
            if let Err(error) = self.set().await {
                let fields: [LogField<'_>; 1] = [("error", &told(error))];
                self.log
                    .warn("integration", "its webhook comes later", &fields);
            }
            return Ok(match pairing(&answer.json()) {
                Pairing::Code { code, typed, .. } => Pairing::Code {
                    code,
                    typed,
                    is_new: true,
                },
                other => other,
            });
        }
        match fault(&answer, &self.api.address) {
            Fault::Unauthorized(why) if why.contains("already in use") => Ok(waiting(
                "the Evolution API has just deleted an instance of this name and needs some seconds more",
            )),
            Fault::Unauthorized(why) => Err(format!(
                "there is no instance {name:?}, and to make it WHATSAPP_API_TOKEN_INSTANCE must be the global key \
                 (AUTHENTICATION_API_KEY of the Evolution API): {why}"
            )),
            Fault::Trouble(trouble) => Err(with_advice(&trouble)),
            Fault::Other(why) => Err(format!("the instance {name:?} could not be made: {why}")),
            Fault::NoInstance => Err(format!(
                "the instance {name:?} could not be made (status 404)"
            )),
        }
    }
}

fn waiting(why: &str) -> Pairing {
    Pairing::Waiting(why.to_owned())
}

/// What pairs a phone, by the answer of `/instance/connect` or `/instance/create`. A failure there is
/// a 200 with `error` (`instance.controller.ts`, `connectToWhatsapp`).
fn pairing(found: &Value) -> Pairing {
    let state = text_at(&found["instance"], "state").or(text_at(&found["instance"], "status"));
    if state == Some("open") {
        return Pairing::Connected;
    }
    let codes = [found, &found["qrcode"]];
    if let Some((code, of)) = codes.iter().find_map(|of| Some((text_at(of, "code")?, of))) {
        return Pairing::Code {
            code: code.to_owned(),
            typed: text_at(of, "pairingCode").map(str::to_owned),
            is_new: false,
        };
    }
    if found["error"] == true {
        let said = text_at(found, "message").unwrap_or("an error");
        return waiting(&format!(
            "the Evolution API cannot make a code: {said}; if that lasts, restart it"
        ));
    }
    waiting(
        "the Evolution API has no code yet: it is connecting to WhatsApp; if that lasts, \
         its machine does not reach web.whatsapp.com, or it has to be restarted",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_and_its_absence_is_explained() {
        let code = json!({"code": "2@x", "pairingCode": "ABCD", "count": 1});
        let wanted = json!({"state": "pairing", "code": "2@x", "pairing_code": "ABCD"});
        assert_eq!(pairing(&code).json(), wanted);
        assert_eq!(
            pairing(&json!({"instance": {}, "qrcode": code})).json(),
            wanted
        );
        let open = json!({"instance": {"instanceName": "a", "state": "open"}});
        assert_eq!(pairing(&open), Pairing::Connected);
        for (found, word) in [
            (json!({"count": 0}), "no code yet"),
            (
                json!({"pairingCode": null, "code": null, "count": 30}),
                "no code yet",
            ),
            (json!({"error": true, "message": "no socket"}), "no socket"),
            (Value::Null, "no code yet"),
        ] {
            let waits = pairing(&found).json();
            assert_eq!(waits["state"], "waiting");
            assert!(
                waits["why"].as_str().is_some_and(|why| why.contains(word)),
                "{waits}"
            );
        }
    }
}
