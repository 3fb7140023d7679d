//! Several machines on one bus: NATS `JetStream` behind the feature `nats`.
//!
//! # What is promised
//!
//! **Who owns what.** Each channel but `webchat` has at most one owner: the node that has the credentials
//! and holds the channel's lease, a key in a bucket whose keys expire [`fence::TTL`] after their last
//! renewal. The revision that created the key is the lease's token. Only the owner runs the integration and
//! calls the service. It goes by its lease for [`fence::HOLD_FOR`] after it *began* the last renewal that
//! succeeded, by the monotonic clock and by the wall clock, whichever is further; that is shorter than the
//! server waits. The lease is looked at each time a call of the service goes on after a wait, so that a process that was
//! stopped for a minute writes nothing more. `webchat` has no account: every node has its own, and whoever has the peer
//! connected delivers.
//!
//! **One candidate alone.** A node that is the only one with the credentials says so in the bucket
//! (`alone.CHANNEL`). Nobody takes its channel over then, and it goes on by itself while the bus is away. A
//! second candidate makes it give that up before it can ever own the channel. A machine that burns while it is
//! alone leaves the mark behind: `cluster hand-over` removes it.
//!
//! **What is acknowledged when.** `send` stores on the own disk first, always. Then it waits for the ack of
//! the stream `CDB_OUT` (`CLUSTER_ACK=stream`; while the bus is away it answers with `held`), never waits
//! (`local`), or fails where the ack does not come (`both`; the message is kept and goes out later). What
//! is acknowledged by the stream survives the machine that took it; with `local`, what the machine had not passed on yet
//! burns with it.
//!
//! **What loses nothing.** A crash, a pause or a cut-off of any node, in any order; the death of a minority of the servers.
//! `CDB_OUT` gives a message up only after its outcome is an event on `CDB_EV`. A new owner first hears all events there
//! are, then reads the stream from the first message that is left.
//!
//! **Order.** Messages to one peer go out in the order in which the stream has them. That is the order in which they were
//! acknowledged, on whichever nodes; also across a change of the owner. Alone and without the bus it is
//! that of the own disk. What was answered with `held` has no place in that order before the bus is back.
//!
//! **Twice.** A message has one name on all nodes: its idempotency key, or its origin. Copies on the stream
//! beyond its duplicate window are told by that name. A message is sent again only where the owner died or lost its
//! lease between calling the service and telling the bus what came of it, sixteen of a channel and what began at the same
//! moment at most; the service is asked first, where it can be.
//!
//! **Events.** The owner tells `CDB_EV` of what happens to the messages of its channel, and every node keeps a copy of all.
//! Message ids and `seq` are each node's own: a copy says in `meta.origin` which message of which node it is.
//!
//! **Cursors.** Events of messages carry a `cursor`, and `since` takes it on every node. It names the store that told,
//! its number there, and the last event on `CDB_EV` that this store had applied by then: a place on the stream alone
//! would miss or repeat what a node told before the stream had it. A client that goes on with it at another node misses nothing. While the stream does not have
//! all that the first one told, its cursors there name the first one besides: it may move on as often as it likes. A node to which a client comes asks those that
//! its cursor names what they told of messages of its own. It hears twice
//! only: what the node it left had told and not passed on when that died or was cut off, where another node tells of it
//! (a message that was taken there and read by the channel's owner, or what the next owner reads once more from the service);
//! and what a node told within
//! the last second before it crashed. An event that is not on the stream yet is heard by who comes from elsewhere; one that
//! will never be there (too large) stays with its node. Of the newest 100,000 events a node
//! knows the place; an older cursor is refused. What is not stored has no cursor: `conversation.*`, `typing`, `app.*` and
//! states of channels are heard by those connected.
//!
//! **Files.** A message that names a file says what is known of it, so that a machine can keep the message without the
//! bytes. Those of a small file come with it; a larger one is fetched when somebody opens it there, or when its owner is to
//! send it: it neither holds up the events behind it nor fills machines that never show it. A file that has left the bus comes
//! from a machine that has it. While none can be had, whoever asks is told why, and a message that is to go out with it waits.
//!
//! **Backups.** A store that was made of a backup is a new one: it tells nothing of what the backup had, and reads all of the
//! stream. What was created in the backed up store goes by that store's name still, so that what others tell of it is
//! found. Where such events are on the stream is not known: a cursor from before it joined is refused.
//!
//! **What is told.** That the bus is away, since when; that a channel has no owner, or one that is alone and away;
//! what waits to be passed on. Read marks, pauses, schedules, keys of clients and the settings of a node are its own and
//! do not travel.
//!
//! # Where it is
//!
//! - `model`: these rules as state machines, tried in every order.
//! - `settings`, `bus` (connection, streams, buckets), `wire` (what travels), `kept` (what a node remembers).
//! - `origins`: how the cluster knows a store's own messages.
//! - `cursor`: what a client has heard. `echoes`: which changes came over the bus.
//! - `fence` and `leases`: who owns a channel. `unreported`: what the next owner would send again.
//! - `publisher`: from the own store to the streams. `mirror`: from the streams to the own store.
//! - `outgoing`: what the owner of a channel reads. `files`: those of messages. `topics`: `app.*`.
//! - `shown`: how all of it is, for people.
//! - here: the handle, and what the gateway asks.

#[cfg(feature = "nats")]
mod bus;
#[cfg(feature = "nats")]
mod cursor;
#[cfg(feature = "nats")]
mod echoes;
#[cfg(feature = "nats")]
pub mod fence;
#[cfg(feature = "nats")]
mod files;
#[cfg(feature = "nats")]
mod handle;
#[cfg(feature = "nats")]
mod kept;
#[cfg(feature = "nats")]
mod leases;
#[cfg(feature = "nats")]
mod mirror;
#[cfg(test)]
mod model;
#[cfg(feature = "nats")]
mod origins;
#[cfg(feature = "nats")]
mod outgoing;
#[cfg(feature = "nats")]
mod publisher;
#[cfg(feature = "nats")]
mod settings;
#[cfg(feature = "nats")]
mod shown;
#[cfg(feature = "nats")]
mod topics;
#[cfg(feature = "nats")]
mod unreported;
#[cfg(feature = "nats")]
mod wire;

#[cfg(feature = "nats")]
pub use self::{
    cursor::{ClusterCursor, heard::HeardElsewhere, telling::Told},
    handle::{Cluster, ClusterParts, Owners},
    settings::ClusterSettings,
    shown::probe::{ProbedServer, ServerTrouble, probe},
};
