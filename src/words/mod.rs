//! The words of texts, without case and accents, and what is looked for in them.
//!
//! The store finds messages by them, and the terminal marks them; the page has the same rules in
//! `src/web/chat/words.js`.
//!
//! Not here: the index of words (`store::words`).

mod fold;
mod query;
mod term;
mod tokens;

pub use self::{
    fold::folded,
    query::{MAX_QUERY, MAX_QUERY_WORDS, QueryWord, WordQuery, WordQueryError},
    term::{MAX_TERM, NumberedTerm, Term, each_term},
    tokens::Words,
};
