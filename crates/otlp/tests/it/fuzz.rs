//! Every input gets a valid response.

use axum::http::StatusCode;
use bytes::Bytes;
use glassbox_otlp::{Batch, Request, Signal, remove_invalid};
use proptest::prelude::*;

use crate::client::{JSON, PROTOBUF, post};
use crate::recorder::{Recorder, one_of_each};
use crate::strategies;

/// JSON that is nearly right: the keys and values of OTLP in any arrangement.
fn nearly_json() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just("null"),
        Just("\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{"),
        Just("\"traceId\":"),
        Just("\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{"),
        Just("\"gauge\":{"),
        Just("\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{"),
        Just("\"body\":{"),
        Just("\"attributes\":[{\"key\":\"a\",\"value\":{"),
        Just("\"intValue\":"),
        Just("\"arrayValue\":{\"values\":[{"),
        Just("\"bytesValue\":"),
        Just("\"00\""),
        Just("1e999"),
        Just("-1"),
        Just("18446744073709551616"),
        Just("\"\\ud800\""),
        Just("true"),
    ];
    prop::collection::vec(token, 0..30).prop_map(|tokens| tokens.concat())
}

/// Checks that a batch equals the result of decoding everything and checking every record. If the decoder
/// fails, checks that the remaining records are valid.
fn batch_is_what_decoding_gives(signal: Signal, bytes: &[u8]) {
    let batch = Batch::from_protobuf(signal, Bytes::copy_from_slice(bytes));
    let decoded = Request::from_protobuf(signal, bytes);
    let Ok((batch, rejections)) = batch else {
        return;
    };
    let mut again = batch.request().clone();
    assert_eq!(batch.records(), again.records());
    assert!(
        remove_invalid(&mut again).is_empty(),
        "every record is valid"
    );
    let Ok(mut request) = decoded else { return };
    let (total, mended) = (rejections.total(), rejections.mended());
    let expected = remove_invalid(&mut request);
    assert_eq!((total, mended), (expected.total(), 0), "{rejections:?}");
    assert_eq!(rejections.first(), expected.first());
    assert_eq!(format!("{:?}", batch.request()), format!("{request:?}"));
    if rejections.is_empty() {
        assert_eq!(batch.bytes().len(), bytes.len());
    }
}

fn decode_all(bytes: &[u8]) {
    for signal in Signal::ALL {
        batch_is_what_decoding_gives(signal, bytes);
        for request in [
            Request::from_protobuf(signal, bytes).ok(),
            Request::from_json(signal, bytes).ok(),
        ] {
            let Some(mut request) = request else { continue };
            let before = request.records();
            let rejections = remove_invalid(&mut request);
            assert!(request.records() + rejections.total() >= before);
            assert!(
                remove_invalid(&mut request).is_empty(),
                "once removed, nothing is left"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        decode_all(&bytes);
    }

    #[test]
    fn nearly_json_never_panics(text in nearly_json()) {
        decode_all(text.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whole_messages_are_told_sound_from_unsound(
        (traces, metrics, logs) in (strategies::traces(), strategies::metrics(), strategies::logs()),
    ) {
        for mut request in [Request::Traces(traces), Request::Metrics(metrics), Request::Logs(logs)] {
            let signal = request.signal();
            let whole = request.to_protobuf();
            batch_is_what_decoding_gives(signal, &whole);
            let _ = remove_invalid(&mut request);
            let sound = request.to_protobuf();
            batch_is_what_decoding_gives(signal, &sound);
            batch_is_what_decoding_gives(signal, &[sound, whole].concat());
        }
    }

    #[test]
    fn broken_messages_never_panic(
        mut request in prop_oneof![
            strategies::traces().prop_map(Request::Traces),
            strategies::metrics().prop_map(Request::Metrics),
            strategies::logs().prop_map(Request::Logs),
        ],
        json: bool,
        sound: bool,
        cut in prop::option::of(any::<prop::sample::Index>()),
        changes in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 0..3),
    ) {
        if sound {
            let _ = remove_invalid(&mut request);
        }
        let mut bytes = if json { request.to_json() } else { request.to_protobuf() };
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        if !bytes.is_empty() {
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        decode_all(&bytes);
    }

    #[test]
    fn an_arbitrary_request_is_answered_in_one_of_the_ways_of_the_specification(
        body in prop::collection::vec(any::<u8>(), 0..100),
        json: bool,
        encoding in prop::sample::select(vec!["", "gzip", "zstd", "deflate", "br"]),
        signal in prop::sample::select(Signal::ALL.to_vec()),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let status = runtime.block_on(async {
            let receiver = Recorder::new().receiver();
            let media = if json { JSON } else { PROTOBUF };
            let headers = [("content-type", media), ("content-encoding", encoding)];
            let answer = post(&receiver, signal.http_path(), &headers, body).await;
            assert_eq!(answer.header("content-type"), media);
            assert_eq!(receiver.in_flight_bytes(), 0);
            answer.status
        });
        prop_assert!(status == StatusCode::OK || status == StatusCode::BAD_REQUEST);
    }
}

#[test]
fn a_message_cut_anywhere_is_decoded_or_refused() {
    for request in one_of_each() {
        let (protobuf, json) = (request.to_protobuf(), request.to_json());
        for length in 0..protobuf.len() {
            decode_all(&protobuf[..length]);
        }
        for length in 0..json.len() {
            assert!(Request::from_json(request.signal(), &json[..length]).is_err());
        }
    }
}
