//! Files fetched, tried again, given up.
