//! Which settings belong together, for whoever shows them.
//!
//! Not here: their order in `.env.example`, which is that of the tables.

use super::{KEEPING, agents, backups, models, push, transcription, webhooks};
use crate::config::{key::Key, limits, services::SERVICES};

/// What has no row in the tables: keys of other programs.
pub const OTHER: &str = "other";

/// The group of a key: the channel of a service (`bridges` for those of clients), `agents`, `models`,
/// `transcription`, `push`, `webhooks`, `keeping` (what is kept and logged), `limits`, `gateway`, or [`OTHER`].
pub fn group(name: &str) -> &'static str {
    let service = SERVICES.iter().find(|service| service.row(name).is_some());
    if let Some(service) = service {
        return service.channels.first().copied().unwrap_or("bridges");
    }
    let tables: [(&str, &[Key]); 8] = [
        ("agents", agents::KEYS),
        ("models", models::KEYS),
        ("transcription", transcription::KEYS),
        ("push", push::KEYS),
        ("webhooks", webhooks::KEYS),
        ("keeping", KEEPING),
        ("keeping", backups::KEYS),
        ("limits", limits::KEYS),
    ];
    let name = webhooks::numbered(name).map_or(name, |row| row.name);
    let holds = |(_, rows): &&(&str, &[Key])| rows.iter().any(|key| key.name == name);
    match tables.iter().find(holds) {
        Some((group, _)) => group,
        #[cfg(feature = "nats")]
        None if super::cluster::KEYS.iter().any(|key| key.name == name) => "cluster",
        None if super::find(name).is_some() => "gateway",
        None => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_the_group_of_its_table() {
        for (name, expected) in [
            ("TELEGRAM_BOT_TOKEN", "telegram"),
            ("TELEGRAM_BOT_TOKEN_2", "telegram"),
            ("WHATSAPP_RATE", "whatsapp"),
            ("WHATSAPP_CLOUD_RATE", "whatsapp-cloud"),
            ("EXTERNAL_RATE", "bridges"),
            ("AGENT", "agents"),
            ("GROQ_API_KEY", "models"),
            ("TRANSCRIBE_URL", "transcription"),
            ("PUSH_PREVIEW", "push"),
            ("CLEUDOCODEBOT_WEBHOOK_URL", "webhooks"),
            ("CLEUDOCODEBOT_WEBHOOK_SECRET_9", "webhooks"),
            ("CLEUDOCODEBOT_LOG_LEVEL", "keeping"),
            ("BACKUP_DIR", "keeping"),
            ("CLEUDOCODEBOT_MAX_CONNECTIONS", "limits"),
            ("CLEUDOCODEBOT_TLS_CERT", "gateway"),
            ("CLEUDOCODEBOT_COUNTRY", "gateway"),
            ("SMTP_PASSWORD", OTHER),
        ] {
            assert_eq!(group(name), expected, "{name}");
        }
        assert!(super::super::all().all(|key| group(key.name) != OTHER));
    }
}
