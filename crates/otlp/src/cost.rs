//! The memory that decoded messages occupy, and the allowance that it is charged to.

/// Returns the heap bytes of a string or byte string of `len` bytes, allocator overhead included.
pub(crate) const fn heap(len: usize) -> u64 {
    if len == 0 {
        return 0;
    }
    // glibc: eight bytes of bookkeeping, multiples of 16, at least 32.
    let block = (len + 8).next_multiple_of(16);
    if block < 32 { 32 } else { block as u64 }
}

/// Returns the bytes that a `Vec` of `len` elements of `size` bytes allocates to take `more`.
///
/// A `Vec` starts with four elements and doubles.
pub(crate) const fn growth(len: usize, more: usize, size: usize) -> u64 {
    ((capacity(len + more) - capacity(len)) * size) as u64
}

const fn capacity(len: usize) -> usize {
    match len {
        0 => 0,
        1..=4 => 4,
        _ => len.next_power_of_two(),
    }
}

/// Why an allowance is exhausted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Overrun {
    /// This request alone costs more than any request may.
    #[error("needs more memory than the limit of {0} bytes when it is decoded")]
    Request(u64),
    /// It would fit if fewer requests were in flight.
    #[error("too much memory is in use by other requests")]
    InFlight,
}

/// Draws the given number of bytes from the shared budget; returns whether that many were left.
type Draw<'a> = Box<dyn FnMut(u64) -> bool + 'a>;

/// The memory that one request may use. Charges are never refunded here.
pub(crate) struct Meter<'a> {
    limit: u64,
    spent: u64,
    drawn: u64,
    draw: Draw<'a>,
}

impl<'a> Meter<'a> {
    /// Makes an allowance of `limit` bytes, `drawn` of which were already drawn from the shared budget.
    pub(crate) fn new(limit: u64, drawn: u64, draw: impl FnMut(u64) -> bool + 'a) -> Self {
        Self {
            limit,
            spent: 0,
            drawn,
            draw: Box::new(draw),
        }
    }

    /// Makes an allowance without a limit, for callers that bound their input.
    pub(crate) fn unlimited() -> Self {
        Self::new(u64::MAX, 0, |_| true)
    }

    pub(crate) const fn limit(&self) -> u64 {
        self.limit
    }

    /// Charges `bytes` more.
    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), Overrun> {
        let spent = self.spent.saturating_add(bytes);
        if spent > self.limit {
            return Err(Overrun::Request(self.limit));
        }
        if spent > self.drawn {
            if !(self.draw)(spent - self.drawn) {
                return Err(Overrun::InFlight);
            }
            self.drawn = spent;
        }
        self.spent = spent;
        Ok(())
    }

    /// Charges the difference between `total` and what was charged before.
    pub(crate) fn cover(&mut self, total: u64) -> Result<(), Overrun> {
        self.charge(total.saturating_sub(self.spent))
    }
}

#[cfg(test)]
mod tests {
    use super::{Meter, Overrun, growth, heap};

    #[test]
    fn a_vec_costs_what_it_allocates() {
        let (mut numbers, mut cost) = (Vec::<u64>::new(), 0);
        for number in 0..1_000 {
            cost += growth(numbers.len(), 1, 8);
            numbers.push(number);
            assert_eq!(cost, numbers.capacity() as u64 * 8);
        }
        assert_eq!(growth(0, 1_000, 8), cost);
    }

    #[test]
    fn text_costs_its_bytes_and_the_overhead_of_an_allocation() {
        assert_eq!([0, 1, 24, 25, 1_000].map(heap), [0, 32, 32, 48, 1_008]);
    }

    #[test]
    fn an_allowance_ends_at_its_own_limit_and_at_what_is_left() {
        let mut left = 1_000_u64;
        let draw = |bytes| {
            let taken = bytes <= left;
            left -= if taken { bytes } else { 0 };
            taken
        };
        let mut meter = Meter::new(2_000, 100, draw);
        assert_eq!(meter.charge(100), Ok(()));
        assert_eq!(meter.charge(900), Ok(()));
        assert_eq!(meter.charge(200), Err(Overrun::InFlight));
        assert_eq!(meter.cover(1_000), Ok(()));
        assert_eq!(meter.cover(2_001), Err(Overrun::Request(2_000)));
        assert_eq!(meter.spent, 1_000);
    }
}
