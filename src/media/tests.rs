//! Files taken in, kept, found, removed.
