//! The bot against a fake of the service.
