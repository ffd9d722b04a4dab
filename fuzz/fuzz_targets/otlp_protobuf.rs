//! OTLP protobuf: whatever arrives, what is kept is valid, and is the same when it arrives again.
#![no_main]

use bytes::Bytes;
use glassbox_otlp::{Batch, Signal, remove_invalid};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((signal, body)) = input.split_first() else {
        return;
    };
    let signal = Signal::ALL[usize::from(*signal) % Signal::ALL.len()];
    let Ok((batch, _)) = Batch::from_protobuf(signal, Bytes::copy_from_slice(body)) else {
        return;
    };
    let mut request = batch.request().clone();
    assert_eq!(request.records(), batch.records());
    assert!(remove_invalid(&mut request).is_empty());
    let again = Batch::from_protobuf(signal, batch.bytes().clone());
    let (again, rejections) = again.expect("what was kept can be read again");
    assert!(rejections.is_empty() && rejections.mended() == 0);
    assert_eq!(again.bytes(), batch.bytes());
});
