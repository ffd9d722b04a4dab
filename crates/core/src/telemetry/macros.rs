//! Level 1: macros that define an instrument where it is used.

/// Counts: `counter!("weather.requests", "endpoint" => endpoint).add(1)`.
///
/// If all values are literals, they cost nothing per call. A negative number needs parentheses:
/// `"offset" => (-1)`. Unit and description come last:
/// `counter!("weather.requests", "endpoint" => endpoint; unit: "{request}", description: "…")`.
///
/// ```
/// use glassbox_core::counter;
///
/// let endpoint = String::from("forecast");
/// counter!("weather.requests").add(1);
/// counter!("weather.requests", "endpoint" => "forecast").add(1);
/// counter!("weather.requests", "endpoint" => &endpoint, "cached" => true; unit: "{request}").add(1);
/// ```
#[macro_export]
macro_rules! counter {
    ($($rest:tt)*) => { $crate::__instrument!(Counter, $($rest)*) };
}

/// Counts what increases and decreases: `up_down_counter!("sessions.active").add(-1)`. See
/// [`counter!`](crate::counter) for labels.
///
/// ```
/// glassbox_core::up_down_counter!("sessions.active").add(1);
/// ```
#[macro_export]
macro_rules! up_down_counter {
    ($($rest:tt)*) => { $crate::__instrument!(UpDownCounter, $($rest)*) };
}

/// Keeps the last value: `gauge!("queue.depth", "queue" => name).set(7.0)`. See
/// [`counter!`](crate::counter) for labels.
///
/// ```
/// glassbox_core::gauge!("queue.depth").set(7.0);
/// ```
#[macro_export]
macro_rules! gauge {
    ($($rest:tt)*) => { $crate::__instrument!(Gauge, $($rest)*) };
}

/// Counts values in buckets: `histogram!("weather.duration"; unit: "s", buckets: &[0.1, 1.0]).record(0.2)`.
/// See [`counter!`](crate::counter) for labels.
///
/// ```
/// glassbox_core::histogram!("weather.duration", "cached" => false; unit: "s", buckets: &[0.1, 1.0]).record(0.2);
/// ```
#[macro_export]
macro_rules! histogram {
    ($($rest:tt)*) => { $crate::__instrument!(Histogram, $($rest)*) };
}

/// Starts a span under the current one, in the scope of the calling crate: `span!("parse", "file" => path)`.
///
/// Values are anything that converts to a [`Value`](crate::telemetry::Value). An absent one, such as
/// `None`, is omitted. They are evaluated only if telemetry is installed. Methods of
/// [`SpanBuilder`](crate::telemetry::SpanBuilder) come last.
///
/// ```
/// use glassbox_core::{span, telemetry::{SpanKind, Value}};
///
/// let mut span = span!("parse", "file.size" => 12);
/// span.set("lines", 3);
///
/// let (model, port) = (String::from("gpt-5-mini"), None::<u16>);
/// let span = span!(
///     format_args!("chat {model}"),
///     "gen_ai.operation.name" => Value::Static("chat"),
///     "gen_ai.request.model" => &model,
///     "server.port" => port;
///     kind: SpanKind::Client,
/// );
/// ```
#[macro_export]
macro_rules! span {
    ($name:expr $(, $key:expr => $value:expr)* $(,)? $(; $($method:ident: $argument:expr),* $(,)?)?) => {
        match $crate::telemetry::installed() {
            None => $crate::telemetry::Span::builder("")$($(.$method($argument))*)?.without_telemetry(),
            Some(_) => $crate::telemetry::Span::builder($name)
                .scope(const { &$crate::scope!() })$($(.$method($argument))*)?
                .attributes(&[$(($key, $crate::telemetry::Value::from($value))),*])
                .start(),
        }
    };
}

/// The calling crate as an instrumentation scope, with its version: a constant
/// [`Scope`](crate::telemetry::Scope).
#[macro_export]
macro_rules! scope {
    () => {
        $crate::telemetry::Scope::new(env!("CARGO_PKG_NAME"))
            .with_version(env!("CARGO_PKG_VERSION"))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __instrument {
    // Only literals, which belong to the instrument.
    ($kind:ident, $name:expr $(, $key:expr => $value:literal)* $(,)? $(; $($options:tt)*)?) => {
        $crate::telemetry::Labelled::new({
            static __GLASSBOX_INSTRUMENT: $crate::telemetry::$kind = $crate::__configured!(
                $crate::telemetry::$kind::new($name)
                    .with_scope($crate::scope!())
                    .with_labels(&[$(($key, $crate::telemetry::Literal($value).value())),*]);
                $($($options)*)?
            );
            &__GLASSBOX_INSTRUMENT
        }, [])
    };
    ($kind:ident, $name:expr $(, $key:expr => $value:expr)+ $(,)? $(; $($options:tt)*)?) => {
        // The static is in its own block, so that temporaries among the values live until the end of
        // the statement.
        $crate::telemetry::Labelled::new({
            static __GLASSBOX_INSTRUMENT: $crate::telemetry::$kind = $crate::__configured!(
                $crate::telemetry::$kind::new($name)
                    .with_scope($crate::scope!())
                    .with_keys(&[$($key),+]);
                $($($options)*)?
            );
            &__GLASSBOX_INSTRUMENT
        }, [$($crate::telemetry::Value::from($value)),+])
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __configured {
    ($instrument:expr;) => { $instrument };
    ($instrument:expr; unit: $value:expr $(, $($rest:tt)*)?) => {
        $crate::__configured!($instrument.with_unit($value); $($($rest)*)?)
    };
    ($instrument:expr; description: $value:expr $(, $($rest:tt)*)?) => {
        $crate::__configured!($instrument.with_description($value); $($($rest)*)?)
    };
    ($instrument:expr; buckets: $value:expr $(, $($rest:tt)*)?) => {
        $crate::__configured!($instrument.with_buckets($value); $($($rest)*)?)
    };
}
