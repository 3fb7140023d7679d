//! The bounds of a mailbox.

use std::{
    sync::atomic::AtomicUsize,
    task::{Wake, Waker},
};

use super::*;
use crate::protocol::error_code::close;

fn handle(max_bytes: usize) -> ClientHandle {
    ClientHandle::new(
        1,
        SocketAddr::from(([127, 0, 0, 1], 1)),
        Dialect::Triple,
        max_bytes,
    )
}

fn frame() -> Frame {
    Arc::from(*b"0123456789")
}

fn drain(handle: &ClientHandle) -> (usize, Option<Lag>, Mail) {
    let (mut frames, mut told) = (0, None);
    let taken = handle.drain(
        &Context::from_waker(Waker::noop()),
        usize::MAX,
        |_| frames += 1,
        |lag| told = Some(lag),
    );
    (frames, told, taken)
}

#[test]
fn a_slow_reader_is_told_what_it_missed_and_lives_on() {
    let handle = handle(100);
    assert_eq!(
        (0..8).filter(|_| handle.push_droppable(&frame())).count(),
        5
    );
    let (frames, lag, taken) = drain(&handle);
    assert_eq!(
        (frames, lag.map(|lag| lag.dropped), taken),
        (5, Some(3), Mail::Some)
    );
    assert!(handle.push_droppable(&frame()));
}

#[test]
fn one_that_never_reads_is_dropped_and_its_memory_freed() {
    let handle = handle(100);
    for _ in 0..11 {
        handle.push_droppable(&frame());
    }
    assert!(matches!(
        drain(&handle).2,
        Mail::Close(close::SLOW_CONSUMER, _)
    ));
}

#[test]
fn what_must_not_be_lost_overflows_at_the_limit() {
    let handle = handle(100);
    for _ in 0..10 {
        handle.push(frame());
    }
    assert_eq!(handle.queued_bytes(), 100);
    handle.push(frame());
    assert!(matches!(
        drain(&handle).2,
        Mail::Close(close::SLOW_CONSUMER, _)
    ));
}

#[test]
fn what_may_wait_for_room_leaves_half_of_it_to_what_cannot() {
    let handle = handle(100);
    assert_eq!((0..8).filter(|_| handle.push_fitting(frame())).count(), 5);
    for _ in 0..5 {
        handle.push(frame());
    }
    assert_eq!(drain(&handle), (10, None, Mail::Some), "nobody is dropped");
    let long = Frame::from(vec![b'x'; 90]);
    assert!(handle.push_fitting(long.clone()), "alone it may have all");
    assert!(!handle.push_fitting(frame()));
    assert_eq!(handle.room(), 100);
    drain(&handle);
    assert!(!handle.push_fitting(Frame::from(vec![b'x'; 101])));
}

#[derive(Default)]
struct CountedWakes(AtomicUsize);

impl Wake for CountedWakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_batch_wakes_the_session_once_and_what_needs_it_at_once_wakes_it_again() {
    let (handle, counted) = (handle(100), Arc::new(CountedWakes::default()));
    let waker = Waker::from(Arc::clone(&counted));
    let woken = || counted.0.swap(0, Ordering::Relaxed);
    let look = || handle.drain(&Context::from_waker(&waker), usize::MAX, |_| {}, |_| {});
    assert_eq!(look(), Mail::Empty);
    assert!((0..3).all(|_| handle.push_droppable(&frame())));
    assert_eq!(woken(), 1);
    assert_eq!(look(), Mail::Some);
    handle.push(frame());
    assert_eq!(woken(), 1);
    (0..20).for_each(|_| handle.push(frame()));
    assert!(woken() > 0, "a queue that overflows must be noticed");
    handle.dismiss(None, close::GOING_AWAY, "bye");
    assert_eq!(woken(), 1);
}
