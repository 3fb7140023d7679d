//! The channel `whatsapp` over each of its servers: the same suite, to the fake of every one. What is particular
//! to the Evolution API is beside this folder (`evolution`, `payloads`).

mod incoming;
mod outgoing;
mod servers;
mod stage;
mod standing;
#[cfg(feature = "store")]
mod switching;

use self::servers::{Engine, Evolution, EvolutionGo, Gowa, Waha, Wuzapi};

/// The suite for one server.
macro_rules! suite {
    ($name:ident, $server:expr) => {
        mod $name {
            use super::*;

            #[tokio::test]
            async fn every_kind_of_message_comes_in() {
                incoming::kinds($server).await;
            }

            #[tokio::test]
            async fn posts_need_their_proof() {
                incoming::proof($server).await;
            }

            #[tokio::test]
            async fn any_post_is_answered() {
                incoming::anything($server).await;
            }

            #[tokio::test]
            async fn files_come_in() {
                incoming::files($server).await;
            }

            #[tokio::test]
            async fn messages_go_out_and_are_reported_on() {
                outgoing::all($server).await;
            }

            #[tokio::test]
            async fn files_go_out() {
                outgoing::files($server).await;
            }

            #[tokio::test]
            async fn a_lost_answer_is_looked_for_where_that_can_be_done() {
                outgoing::lost_answer($server).await;
            }

            #[tokio::test]
            async fn writing_and_reading_are_shown() {
                outgoing::indicators($server).await;
            }

            #[tokio::test]
            async fn a_phone_is_paired_and_messages_wait_for_it() {
                standing::pairing($server).await;
            }

            #[tokio::test]
            async fn groups_are_listed() {
                standing::groups($server).await;
            }

            #[tokio::test]
            async fn a_refused_key_parks() {
                standing::refused_key($server).await;
            }
        }
    };
}

suite!(evolution, Evolution);
suite!(evolution_go, EvolutionGo);
suite!(gowa, Gowa);
suite!(waha_noweb, Waha(Engine::Noweb));
suite!(waha_gows, Waha(Engine::Gows));
suite!(waha_webjs, Waha(Engine::Webjs));
suite!(wuzapi, Wuzapi);
