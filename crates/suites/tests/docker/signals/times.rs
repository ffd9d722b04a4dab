//! Times, which are compared with those before and after and then taken out of a record.

use serde_json::Value;

/// Takes a time out of a record, in nanoseconds since the Unix epoch.
pub(super) fn take(record: &mut Value, key: &str) -> u64 {
    let time = record.as_object_mut().unwrap().remove(key);
    let Some(Value::String(time)) = &time else {
        panic!("{key} is {time:?} in {record}");
    };
    time.parse().unwrap()
}

/// Fails unless the times come one after the other.
pub(super) fn assert_ordered(times: &[u64], of: &Value) {
    assert!(times.is_sorted(), "{times:?} are not in order: {of}");
}
