//! Sampling.

use crate::config::Sampler;
use glassbox_core::telemetry::TraceContext;
use opentelemetry_sdk::trace::Sampler as SdkSampler;

/// Decides when a span starts. Remote and local parents are treated alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TraceSampler {
    sampler: Sampler,
    ratio: f64,
    /// Ids below this are sampled: the ratio, as a share of all 63-bit numbers.
    bound: u64,
}

impl TraceSampler {
    pub(crate) fn new(sampler: Sampler, ratio: f64) -> Self {
        Self {
            sampler,
            ratio,
            // The SDK rounds like this, so both agree on every trace.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a share of 2^63 fits"
            )]
            bound: (ratio.clamp(0.0, 1.0) * (1u64 << 63) as f64) as u64,
        }
    }

    pub(crate) fn samples(&self, parent: &TraceContext, trace_id: u128) -> bool {
        match (self.sampler, parent.is_valid()) {
            (
                Sampler::ParentBasedRatio | Sampler::ParentBasedOn | Sampler::ParentBasedOff,
                true,
            ) => parent.sampled,
            (Sampler::ParentBasedRatio, false) | (Sampler::Ratio, _) => self.keeps(trace_id),
            (Sampler::ParentBasedOn, false) | (Sampler::On, _) => true,
            (Sampler::ParentBasedOff, false) | (Sampler::Off, _) => false,
        }
    }

    fn keeps(&self, trace_id: u128) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
        let low = trace_id as u64;
        self.ratio >= 1.0 || low >> 1 < self.bound
    }

    /// The same decision for the tracers of the SDK.
    pub(crate) fn to_sdk(self) -> SdkSampler {
        let ratio = || SdkSampler::TraceIdRatioBased(self.ratio);
        let parent_based = |root| SdkSampler::ParentBased(Box::new(root));
        match self.sampler {
            Sampler::ParentBasedRatio => parent_based(ratio()),
            Sampler::ParentBasedOn => parent_based(SdkSampler::AlwaysOn),
            Sampler::ParentBasedOff => parent_based(SdkSampler::AlwaysOff),
            Sampler::Ratio => ratio(),
            Sampler::On => SdkSampler::AlwaysOn,
            Sampler::Off => SdkSampler::AlwaysOff,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::{
        Context,
        trace::{SpanKind, TraceContextExt, TraceId},
    };
    use opentelemetry_sdk::trace::{SamplingDecision, ShouldSample};

    #[test]
    fn the_sdk_decides_alike_on_every_trace() {
        fastrand::seed(7);
        let samplers = [
            Sampler::ParentBasedRatio,
            Sampler::ParentBasedOn,
            Sampler::ParentBasedOff,
            Sampler::Ratio,
            Sampler::On,
            Sampler::Off,
        ];
        let mut kept = 0;
        for sampler in samplers {
            for ratio in [0.0, 0.1, 0.5, 1.0] {
                let ours = TraceSampler::new(sampler, ratio);
                let theirs = ours.to_sdk();
                for round in 0..400 {
                    let trace_id = fastrand::u128(1..);
                    let mut parent = TraceContext::default();
                    if round % 2 == 0 {
                        parent = TraceContext::new(trace_id, 9, round % 4 == 0);
                        parent.remote = round % 8 < 4;
                    }
                    let cx = parent.is_valid().then(|| {
                        Context::new().with_remote_span_context(super::super::span_context(&parent))
                    });
                    let decision = theirs
                        .should_sample(
                            cx.as_ref(),
                            TraceId::from(trace_id),
                            "s",
                            &SpanKind::Internal,
                            &[],
                            &[],
                        )
                        .decision;
                    let sampled = decision == SamplingDecision::RecordAndSample;
                    assert_eq!(
                        ours.samples(&parent, trace_id),
                        sampled,
                        "{sampler} {ratio} {parent:?}"
                    );
                    kept += u32::from(sampled);
                }
            }
        }
        assert!(kept > 1000);
    }
}
