//! Colours and width of the output.

use clap::ValueEnum;
use glassbox_config::Environment;
use std::io::IsTerminal;

/// The width of output that is not a terminal, unless `COLUMNS` is set.
const WIDTH: usize = 110;

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Colour {
    /// Whether a stream has colours.
    pub(crate) fn applies(self, is_terminal: bool, environment: &Environment) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                let is_plain = environment.get("NO_COLOR").is_some()
                    || environment.get("TERM") == Some("dumb");
                is_terminal && !is_plain
            }
        }
    }
}

/// The style of one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    colour: bool,
    /// The width in columns.
    pub(crate) width: usize,
}

impl Style {
    /// The style of standard output.
    pub(crate) fn of_stdout(colour: Colour, environment: &Environment) -> Self {
        let stdout = std::io::stdout();
        let columns = environment.get("COLUMNS");
        let columns = columns.and_then(|columns| columns.parse().ok());
        let width = stdout
            .is_terminal()
            .then(|| rustix::termios::tcgetwinsize(&stdout).ok())
            .flatten()
            .map(|size| usize::from(size.ws_col))
            .filter(|width| *width > 0)
            .or(columns)
            .unwrap_or(WIDTH);
        Self {
            colour: colour.applies(stdout.is_terminal(), environment),
            width: width.clamp(20, 160),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_outweighs_the_environment_and_the_environment_the_terminal() {
        let none = Environment::empty();
        let no_colour = Environment::from([("NO_COLOR", "1")]);
        let dumb = Environment::from([("TERM", "dumb")]);
        assert!(Colour::Auto.applies(true, &none));
        assert!(!Colour::Auto.applies(false, &none));
        assert!(!Colour::Auto.applies(true, &no_colour));
        assert!(!Colour::Auto.applies(true, &dumb));
        assert!(Colour::Always.applies(false, &no_colour));
        assert!(!Colour::Never.applies(true, &none));
    }
}
