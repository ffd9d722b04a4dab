//! No enum can be matched exhaustively outside the crate, because variants may be added.

use glassbox_core::{self as core_, telemetry};

fn any<T>() -> T {
    panic!()
}

fn main() {
    match any::<core_::Category>() {
        core_::Category::Invalid
        | core_::Category::Unauthenticated
        | core_::Category::BudgetExhausted
        | core_::Category::Forbidden
        | core_::Category::NotFound
        | core_::Category::Conflict
        | core_::Category::RateLimited
        | core_::Category::Cancelled
        | core_::Category::Unavailable
        | core_::Category::Timeout
        | core_::Category::Internal => {}
    }
    match any::<core_::ChatEvent>() {
        core_::ChatEvent::Text(..)
        | core_::ChatEvent::Reasoning(..)
        | core_::ChatEvent::ToolCall(..)
        | core_::ChatEvent::Finished(..)
        | core_::ChatEvent::Unknown(..) => {}
    }
    match any::<core_::Content>() {
        core_::Content::Text { .. }
        | core_::Content::Media(..)
        | core_::Content::Json { .. }
        | core_::Content::Unknown(..) => {}
    }
    match any::<core_::CostClass>() {
        core_::CostClass::Free | core_::CostClass::Cheap | core_::CostClass::Expensive => {}
    }
    match any::<core_::Effect>() {
        core_::Effect::ReadOnly
        | core_::Effect::Idempotent
        | core_::Effect::Mutating
        | core_::Effect::Destructive => {}
    }
    match any::<core_::FinishReason>() {
        core_::FinishReason::Stop
        | core_::FinishReason::ToolCalls
        | core_::FinishReason::Length
        | core_::FinishReason::ContentFilter
        | core_::FinishReason::Other(..) => {}
    }
    match any::<core_::Health>() {
        core_::Health::Ready | core_::Health::Draining | core_::Health::Unhealthy => {}
    }
    match any::<core_::MediaKind>() {
        core_::MediaKind::Image
        | core_::MediaKind::Audio
        | core_::MediaKind::Video
        | core_::MediaKind::File
        | core_::MediaKind::Other(..) => {}
    }
    match any::<core_::MediaSource>() {
        core_::MediaSource::Data(..)
        | core_::MediaSource::Uri(..)
        | core_::MediaSource::FileId(..) => {}
    }
    match any::<core_::Outcome>() {
        core_::Outcome::Done(..)
        | core_::Outcome::NeedsInput(..)
        | core_::Outcome::Accepted(..) => {}
    }
    match any::<core_::Part>() {
        core_::Part::Text { .. }
        | core_::Part::Media(..)
        | core_::Part::Reasoning(..)
        | core_::Part::ToolCall(..)
        | core_::Part::ToolResult(..)
        | core_::Part::Unknown(..) => {}
    }
    match any::<core_::ReasoningEffort>() {
        core_::ReasoningEffort::None
        | core_::ReasoningEffort::Minimal
        | core_::ReasoningEffort::Low
        | core_::ReasoningEffort::Medium
        | core_::ReasoningEffort::High
        | core_::ReasoningEffort::Other(..) => {}
    }
    match any::<core_::Role>() {
        core_::Role::System
        | core_::Role::User
        | core_::Role::Assistant
        | core_::Role::Tool
        | core_::Role::Other(..) => {}
    }
    match any::<core_::ServiceKind>() {
        core_::ServiceKind::Tool | core_::ServiceKind::Agent => {}
    }
    match any::<core_::ToolChoice>() {
        core_::ToolChoice::Auto
        | core_::ToolChoice::None
        | core_::ToolChoice::Required
        | core_::ToolChoice::Tool(..)
        | core_::ToolChoice::Unknown(..) => {}
    }
    match any::<core_::UsageSource>() {
        core_::UsageSource::Reported | core_::UsageSource::Estimated => {}
    }
    match any::<telemetry::Attribute>() {
        telemetry::Attribute::Str(..)
        | telemetry::Attribute::Int(..)
        | telemetry::Attribute::Float(..)
        | telemetry::Attribute::Bool(..)
        | telemetry::Attribute::Strs(..)
        | telemetry::Attribute::Ints(..)
        | telemetry::Attribute::Floats(..)
        | telemetry::Attribute::Bools(..)
        | telemetry::Attribute::Bytes(..) => {}
    }
    match any::<telemetry::Kind>() {
        telemetry::Kind::Counter
        | telemetry::Kind::FloatCounter
        | telemetry::Kind::UpDownCounter
        | telemetry::Kind::Gauge
        | telemetry::Kind::Histogram(..)
        | telemetry::Kind::ObservableCounter
        | telemetry::Kind::ObservableUpDownCounter
        | telemetry::Kind::ObservableGauge => {}
    }
    match any::<telemetry::ParseError>() {
        telemetry::ParseError::Form | telemetry::ParseError::ZeroId => {}
    }
    match any::<telemetry::SpanKind>() {
        telemetry::SpanKind::Internal
        | telemetry::SpanKind::Server
        | telemetry::SpanKind::Client
        | telemetry::SpanKind::Producer
        | telemetry::SpanKind::Consumer => {}
    }
    match any::<telemetry::Status>() {
        telemetry::Status::Unset | telemetry::Status::Ok | telemetry::Status::Error(..) => {}
    }
    match any::<telemetry::Value>() {
        telemetry::Value::Absent
        | telemetry::Value::Str(..)
        | telemetry::Value::Static(..)
        | telemetry::Value::Int(..)
        | telemetry::Value::Float(..)
        | telemetry::Value::Bool(..)
        | telemetry::Value::Strs(..)
        | telemetry::Value::Ints(..)
        | telemetry::Value::Floats(..)
        | telemetry::Value::Bools(..)
        | telemetry::Value::Bytes(..) => {}
    }
}
