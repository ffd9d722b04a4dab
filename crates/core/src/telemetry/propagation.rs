//! W3C trace context as data, so that it passes through a process that has no telemetry.

use super::state;
use crate::{Carrier, Source};
use std::sync::Arc;

/// `traceparent` and `tracestate` of one hop.
///
/// ```
/// use glassbox_core::telemetry::TraceContext;
///
/// let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let context = TraceContext::parse(header).unwrap();
/// assert!(context.sampled);
/// assert_eq!(context.to_traceparent().as_deref(), Some(header));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceContext {
    /// 0 is invalid: no trace.
    pub trace_id: u128,
    /// 0 is invalid: no span.
    pub span_id: u64,
    /// Whether the caller kept it.
    pub sampled: bool,
    /// Whether the trace id is known to be random, by level 2 of the recommendation.
    pub random: bool,
    /// Whether it came from another process.
    pub remote: bool,
    /// Vendors' entries, handed on unchanged. Shared with the contexts of child spans.
    pub state: Option<Arc<str>>,
}

/// Why a header was not understood. The call goes on with a new trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Not `00-<32 hex>-<16 hex>-<2 hex>` in lower case, or a version that nobody may send.
    #[error("traceparent has the wrong form")]
    Form,
    /// An id of only zeros.
    #[error("traceparent has an id of zeros")]
    ZeroId,
}

impl TraceContext {
    /// The context of a span in this process.
    pub fn new(trace_id: u128, span_id: u64, sampled: bool) -> Self {
        Self {
            trace_id,
            span_id,
            sampled,
            random: false,
            remote: false,
            state: None,
        }
    }

    /// Whether there is a trace and a span.
    #[inline]
    pub fn is_valid(&self) -> bool {
        self.trace_id != 0 && self.span_id != 0
    }

    /// Reads a `traceparent` header, also of later versions, as the recommendation asks.
    ///
    /// # Errors
    /// If the header is not one.
    pub fn parse(traceparent: &str) -> Result<Self, ParseError> {
        let bytes = traceparent.trim().as_bytes();
        if bytes.len() < 55 || [2, 35, 52].iter().any(|at| bytes[*at] != b'-') {
            return Err(ParseError::Form);
        }
        let version = hex(&bytes[..2]).ok_or(ParseError::Form)?;
        // Version 00 ends here; a later one may go on after another dash; ff is forbidden.
        let ends = bytes.len() == 55;
        if version == 0xff || !(ends || version > 0 && bytes[55] == b'-') {
            return Err(ParseError::Form);
        }
        let trace_id = hex(&bytes[3..35]).ok_or(ParseError::Form)?;
        let span_id = hex(&bytes[36..52]).ok_or(ParseError::Form)?;
        let flags = hex(&bytes[53..55]).ok_or(ParseError::Form)?;
        if trace_id == 0 || span_id == 0 {
            return Err(ParseError::ZeroId);
        }
        Ok(Self {
            trace_id,
            span_id: u64::try_from(span_id).map_err(|_| ParseError::Form)?,
            sampled: flags & 1 != 0,
            random: flags & 2 != 0,
            remote: true,
            state: None,
        })
    }

    /// The `traceparent` header, or `None` where there is no trace.
    pub fn to_traceparent(&self) -> Option<String> {
        self.is_valid().then(|| {
            let flags = u8::from(self.sampled) | u8::from(self.random) << 1;
            format!(
                "00-{:032x}-{:016x}-{flags:02x}",
                self.trace_id, self.span_id
            )
        })
    }

    /// Writes `traceparent` and `tracestate`; nothing where there is no trace.
    pub fn inject(&self, carrier: &mut dyn Carrier) {
        let Some(traceparent) = self.to_traceparent() else {
            return;
        };
        carrier.set("traceparent", traceparent);
        if let Some(state) = &self.state {
            carrier.set("tracestate", state.to_string());
        }
    }

    /// Reads `traceparent` and `tracestate`; an invalid context where there is none or it is not
    /// understood.
    pub fn extract(source: &dyn Source) -> Self {
        let parsed = source
            .get("traceparent")
            .and_then(|header| Self::parse(&header).ok());
        let Some(mut context) = parsed else {
            return Self::default();
        };
        context.state = source
            .get("tracestate")
            .and_then(|header| state::sound(&header));
        context
    }
}

/// Lower-case hexadecimal digits as a number.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |value: u128, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u128::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_header_comes_back_as_it_was() {
        let context = TraceContext::parse(HEADER).unwrap();
        assert_eq!(context.trace_id, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!(context.span_id, 0xb7ad_6b71_6920_3331);
        assert!(context.sampled && context.remote);
        assert_eq!(context.to_traceparent().as_deref(), Some(HEADER));
    }

    #[test]
    fn the_random_flag_is_handed_on_and_unknown_ones_are_not() {
        let header = |flags| format!("{}{flags}", &HEADER[..53]);
        let context = TraceContext::parse(&header("ff")).unwrap();
        assert_eq!(context.to_traceparent(), Some(header("03")));
        let context = TraceContext::parse(&header("02")).unwrap();
        assert!(!context.sampled && context.random);
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let later = HEADER.replacen("00", "cc", 1);
        assert!(TraceContext::parse(&later).is_ok());
        assert!(TraceContext::parse(&format!("{later}-what-comes")).is_ok());
        assert_eq!(
            TraceContext::parse(&format!("{later}.what")),
            Err(ParseError::Form)
        );
    }

    #[test]
    fn what_is_not_a_header_is_refused() {
        let upper = HEADER.to_uppercase();
        let longer = format!("{HEADER}-00");
        let forbidden = HEADER.replacen("00", "ff", 1);
        for header in ["", "00-0af7", &upper, &longer, &forbidden] {
            assert_eq!(
                TraceContext::parse(header),
                Err(ParseError::Form),
                "{header}"
            );
        }
        let zero = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        assert_eq!(TraceContext::parse(zero), Err(ParseError::ZeroId));
        let zero = "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01";
        assert_eq!(TraceContext::parse(zero), Err(ParseError::ZeroId));
    }

    #[test]
    fn no_trace_sends_no_header() {
        let mut fields = std::collections::BTreeMap::new();
        TraceContext::default().inject(&mut fields);
        assert!(fields.is_empty());
    }
}
