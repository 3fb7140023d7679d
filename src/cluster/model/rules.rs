//! The rules that keep the promises.
//!
//! Not here: what happens by them (`steps`).

/// The rules that the code follows. Each can be left out, to see that it is missed.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of its own")]
pub(super) struct Rules {
    /// The lease is checked before every call, by the clock, not only when it is taken.
    pub(super) checks_lease: bool,
    /// Who takes a lease reads the outgoing stream from its first unsettled message on.
    pub(super) reads_from_start: bool,
    /// What is read first is released first.
    pub(super) reads_in_order: bool,
    /// The reader of a lease is told from those of earlier ones: what it reads, no owner of before can take.
    pub(super) names_readers: bool,
    /// Who takes a lease first hears every event there is.
    pub(super) catches_up: bool,
    /// `queued` is answered after the stream has the message, not after the own disk alone.
    pub(super) waits_for_stream: bool,
    /// The stream gives a message up only after the service's answer is an event on the bus.
    pub(super) settles_after_answer: bool,
}

impl Rules {
    /// Those of the code.
    pub(super) const ALL: Self = Self {
        checks_lease: true,
        reads_from_start: true,
        reads_in_order: true,
        names_readers: true,
        catches_up: true,
        waits_for_stream: true,
        settles_after_answer: true,
    };
}
