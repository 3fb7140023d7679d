//! A terminal whose streams a test can read.

use std::{
    cell::{LazyCell, RefCell},
    io,
    rc::Rc,
};

use super::{Terminal, Times, Width};
use crate::language::Translator;

/// What was written so far.
#[derive(Clone, Default)]
pub(crate) struct Written(Rc<RefCell<Vec<u8>>>);

impl Written {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).expect("text")
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Terminal {
    /// From now on a person sees it, in colours.
    pub(crate) fn watch(&mut self) {
        (self.watched, self.colors, self.obeys) = (true, true, true);
        self.times = Times::new(Some("UTC"), false, true);
    }

    /// From now on it has so many columns.
    pub(crate) fn narrow(&mut self, width: usize) {
        self.width = Width::Known(Some(width));
    }
}

/// A terminal without colours, its standard output and its standard error.
pub(crate) fn terminal() -> (Terminal, Written, Written) {
    let (out, err) = (Written::default(), Written::default());
    let terminal = Terminal {
        times: Times::new(Some("UTC"), false, false),
        out: Box::new(out.clone()),
        err: Box::new(err.clone()),
        colors: false,
        watched: false,
        obeys: false,
        width: Width::Known(None),
        reader_gone: false,
        translator: LazyCell::new(Box::new(Translator::default)),
    };
    (terminal, out, err)
}
