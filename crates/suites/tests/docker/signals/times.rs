//! Times, which are compared with the times before and after and then removed from a record.

use serde_json::Value;

/// Removes a time from a record and returns it, in nanoseconds since the Unix epoch.
pub(super) fn take(record: &mut Value, key: &str) -> u64 {
    let time = record.as_object_mut().unwrap().remove(key);
    let Some(Value::String(time)) = &time else {
        panic!("{key} is {time:?} in {record}");
    };
    time.parse().unwrap()
}

/// Asserts that the times are in ascending order.
pub(super) fn assert_ordered(times: &[u64], of: &Value) {
    assert!(times.is_sorted(), "{times:?} are not in order: {of}");
}
