//! What the Cloud API posts and answers.
