//! What a key may do: the one place that decides it, for every door that asks.

use crate::protocol::describe::ActionId;

/// Whose key a request showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The token of `.env`.
    Owner,
}

/// Whether this role may do this action.
pub(super) fn may(role: Role, action: ActionId) -> bool {
    match (role, action) {
        (Role::Owner, _) => true,
    }
}
