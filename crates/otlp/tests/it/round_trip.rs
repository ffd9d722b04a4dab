//! Protobuf to JSON and back loses nothing, and agrees with the message crate's own JSON.

use glassbox_otlp::{Request, json};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::strategies;

fn there_and_back<M>(message: &M)
where
    M: json::JsonMessage + PartialEq + std::fmt::Debug,
{
    let text = json::to_vec(message);
    let back: M = json::from_slice(&text)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&text)));
    assert_eq!(&back, message);
}

/// Checks that reading the message crate's JSON gives the same message.
fn reads_theirs<M>(message: &M)
where
    M: json::JsonMessage + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let theirs = serde_json::to_vec(message).unwrap();
    // The message crate cannot read some of its own output, or loses whole metrics.
    if serde_json::from_slice::<M>(&theirs).is_ok_and(|read| read == *message) {
        let ours: M = json::from_slice(&theirs).unwrap();
        assert_eq!(&ours, message);
    }
}

/// Checks that the message crate gets the same message from our JSON, if it can read it at all.
fn is_read_by_theirs<M>(message: &M)
where
    M: json::JsonMessage + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    if let Ok(theirs) = serde_json::from_slice::<M>(&json::to_vec(message)) {
        assert_eq!(&theirs, message);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn traces_survive_json(message in strategies::traces()) {
        there_and_back(&message);
        reads_theirs(&message);
        is_read_by_theirs(&message);
    }

    #[test]
    fn metrics_survive_json(message in strategies::metrics()) {
        there_and_back(&message);
        reads_theirs(&message);
    }

    #[test]
    fn logs_survive_json(message in strategies::logs()) {
        there_and_back(&message);
        reads_theirs(&message);
        is_read_by_theirs(&message);
    }

    #[test]
    fn protobuf_is_read_as_it_was_written(message in strategies::traces()) {
        let request = Request::Traces(message);
        let bytes = request.to_protobuf();
        prop_assert_eq!(Request::from_protobuf(request.signal(), &bytes).unwrap(), request);
    }
}
