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
    /// Whether the trace is sampled.
    pub sampled: bool,
    /// Whether the trace id is known to be random, by level 2 of the recommendation.
    pub random: bool,
    /// Whether it came from another process.
    pub remote: bool,
    /// Vendors' entries, as far as they are valid. Shared with the contexts of child spans.
    pub state: Option<Arc<str>>,
    /// The received `tracestate` if it differs from `state`. The context of another process is forwarded
    /// with it: a hop that does not change `traceparent` must not change `tracestate`.
    unchanged: Option<Arc<str>>,
}

/// Why a header is invalid. The call continues with a new trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Not `00-<32 hex>-<16 hex>-<2 hex>` in lower case, or the forbidden version.
    #[error("traceparent has the wrong form")]
    Form,
    /// An id of only zeros.
    #[error("traceparent has an id of zeros")]
    ZeroId,
}

impl TraceContext {
    /// No trace.
    pub(super) const NONE: Self = Self {
        trace_id: 0,
        span_id: 0,
        sampled: false,
        random: false,
        remote: false,
        state: None,
        unchanged: None,
    };

    /// The context of a span in this process.
    pub fn new(trace_id: u128, span_id: u64, sampled: bool) -> Self {
        Self {
            trace_id,
            span_id,
            sampled,
            random: false,
            remote: false,
            state: None,
            unchanged: None,
        }
    }

    /// Whether there is a trace and a span.
    #[inline]
    pub fn is_valid(&self) -> bool {
        self.trace_id != 0 && self.span_id != 0
    }

    /// Reads a `traceparent` header, also of later versions, as the recommendation requires.
    ///
    /// # Errors
    /// If the header is invalid.
    pub fn parse(traceparent: &str) -> Result<Self, ParseError> {
        let bytes = traceparent.trim_matches([' ', '\t']).as_bytes();
        if bytes.len() < 55 || [2, 35, 52].iter().any(|at| bytes[*at] != b'-') {
            return Err(ParseError::Form);
        }
        let version = hex(&bytes[..2]).ok_or(ParseError::Form)?;
        // Version 00 ends here. A later one may continue after another dash. ff is forbidden.
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
            unchanged: None,
        })
    }

    /// The `traceparent` header, or `None` without a trace.
    pub fn to_traceparent(&self) -> Option<String> {
        self.is_valid().then(|| {
            let flags = u8::from(self.sampled) | u8::from(self.random) << 1;
            format!(
                "00-{:032x}-{:016x}-{flags:02x}",
                self.trace_id, self.span_id
            )
        })
    }

    /// Writes `traceparent` and `tracestate`; nothing without a trace.
    ///
    /// The `tracestate` of an extracted context is the received one, byte for byte.
    pub fn inject(&self, carrier: &mut dyn Carrier) {
        let Some(traceparent) = self.to_traceparent() else {
            return;
        };
        carrier.set("traceparent", traceparent);
        if let Some(state) = self.unchanged.as_ref().or(self.state.as_ref()) {
            carrier.set("tracestate", state.to_string());
        }
    }

    /// Reads `traceparent` and `tracestate`; an invalid context if `traceparent` is absent or invalid.
    ///
    /// # Bounds
    /// A `tracestate` of more than 32 KiB is not forwarded.
    pub fn extract(source: &dyn Source) -> Self {
        let parsed = source
            .get("traceparent")
            .and_then(|header| Self::parse(&header).ok());
        let Some(mut context) = parsed else {
            return Self::default();
        };
        if let Some(header) = source.get("tracestate") {
            context.state = state::sound(&header);
            if context.state.as_deref() != Some(&*header) {
                context.unchanged = state::unchanged(&header);
            }
        }
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
    fn a_context_that_passes_through_keeps_its_state_byte_for_byte() {
        let many: String = (0..40).map(|n| format!("k{n}=v,")).collect();
        let long = format!("a={},b={}", "x".repeat(250), "y".repeat(400));
        for received in [
            "a=1,b=2",
            "a=1 , b=2",
            " a=1",
            "a=1,,b=2",
            "",
            ",",
            "a=1,a=2",
            "A=1",
            "foo@@bar=1",
            "a",
            &many,
            &long,
        ] {
            let fields = std::collections::BTreeMap::from([
                ("traceparent".to_owned(), HEADER.to_owned()),
                ("tracestate".to_owned(), received.to_owned()),
            ]);
            let context = TraceContext::extract(&fields);
            let mut sent = std::collections::BTreeMap::new();
            context.inject(&mut sent);
            assert_eq!(sent, fields, "{received}");
        }
    }

    #[test]
    fn the_context_of_a_child_has_only_the_valid_entries() {
        let fields = std::collections::BTreeMap::from([
            ("traceparent".to_owned(), HEADER.to_owned()),
            ("tracestate".to_owned(), "a=1 ,b=2,a=3".to_owned()),
        ]);
        let parent = TraceContext::extract(&fields);
        let mut child = TraceContext::new(parent.trace_id, 7, true);
        child.state = parent.state.clone();
        let mut sent = std::collections::BTreeMap::new();
        child.inject(&mut sent);
        assert_eq!(sent["tracestate"], "a=1,b=2");
    }

    #[test]
    fn a_state_without_a_valid_parent_is_discarded() {
        for parent in [
            "",
            "00-zz",
            &format!("{HEADER},{HEADER}"),
            &HEADER.to_uppercase(),
        ] {
            let fields = std::collections::BTreeMap::from([
                ("traceparent".to_owned(), parent.to_owned()),
                ("tracestate".to_owned(), "a=1".to_owned()),
            ]);
            let mut sent = std::collections::BTreeMap::new();
            TraceContext::extract(&fields).inject(&mut sent);
            assert!(sent.is_empty(), "{parent}");
        }
    }

    #[test]
    fn only_optional_whitespace_of_http_surrounds_a_header() {
        assert!(TraceContext::parse(&format!(" \t{HEADER}\t ")).is_ok());
        for other in ["\n", "\u{a0}", "\u{2003}", "\0"] {
            assert!(TraceContext::parse(&format!("{HEADER}{other}")).is_err());
        }
    }

    #[test]
    fn no_trace_sends_no_header() {
        let mut fields = std::collections::BTreeMap::new();
        TraceContext::default().inject(&mut fields);
        assert!(fields.is_empty());
    }
}
