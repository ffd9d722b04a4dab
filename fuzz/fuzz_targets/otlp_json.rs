//! OTLP/JSON: whatever arrives, what is kept is valid, and is the same in either encoding.
#![no_main]

use glassbox_otlp::{Batch, Signal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((signal, text)) = input.split_first() else {
        return;
    };
    let signal = Signal::ALL[usize::from(*signal) % Signal::ALL.len()];
    let Ok((batch, _)) = Batch::from_json(signal, text) else {
        return;
    };
    assert_eq!(batch.request().records(), batch.records());
    let written = batch.request().to_json();
    let (again, rejections) = Batch::from_json(signal, &written).expect("we read what we write");
    assert!(rejections.is_empty() && rejections.mended() == 0);
    assert_eq!(again.bytes(), batch.bytes());
    let (again, rejections) = Batch::from_protobuf(signal, batch.bytes().clone())
        .expect("what was kept can be read again");
    assert!(rejections.is_empty() && rejections.mended() == 0);
    assert_eq!(again.records(), batch.records());
});
