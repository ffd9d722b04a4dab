//! Colours and width of the output.

use std::io::IsTerminal;

/// The style of one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    colour: bool,
    /// The width in columns.
    pub(crate) width: usize,
}

impl Style {
    /// The style of standard output: colours only on a terminal, and only without `NO_COLOR`.
    pub(crate) fn of_stdout(no_colour: bool, columns: Option<&str>) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let columns = columns.and_then(|columns| columns.parse().ok());
        let width = terminal
            .then(|| rustix::termios::tcgetwinsize(std::io::stdout()).ok())
            .flatten()
            .map(|size| usize::from(size.ws_col))
            .filter(|width| *width > 0)
            .or(columns)
            .unwrap_or(110);
        Self {
            colour: terminal && !no_colour,
            width: width.clamp(60, 160),
        }
    }

    /// Without colours.
    #[cfg(test)]
    pub(crate) fn plain(width: usize) -> Self {
        Self {
            colour: false,
            width,
        }
    }

    /// Red, only for errors.
    pub(crate) fn error(self, text: &str) -> String {
        self.wrap("31", text)
    }

    /// Grey, for less important text.
    pub(crate) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// Bold.
    pub(crate) fn strong(self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        match self.colour && !text.is_empty() {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}
