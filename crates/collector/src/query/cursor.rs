//! The position at which the next part of a result begins.

use std::fmt;
use std::str::FromStr;

/// The position of the last record of a part: its time, and its number or id, which makes it unique.
///
/// It stays valid when records are added or removed, because it is compared and not looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    pub(super) time: u64,
    pub(super) tie: u128,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.time, self.tie)
    }
}

impl FromStr for Cursor {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (time, tie) = text.split_once('-').unwrap_or((text, ""));
        Ok(Self {
            time: u64::from_str_radix(time, 16)?,
            tie: u128::from_str_radix(tie, 16)?,
        })
    }
}

impl serde::Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for (time, tie) in [(0, 0), (u64::MAX, u128::MAX), (17, 1 << 100)] {
            let cursor = Cursor { time, tie };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for wrong in ["", "1", "1-", "-1", "x-1", "1-2-3", "1 - 2"] {
            assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
        }
    }
}
