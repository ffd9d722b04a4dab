//! The format of a registration in Redis.

use crate::registry::check;
use glassbox_core::ServiceInfo;
use serde::{Deserialize, Serialize};

/// Maximum size of one registration in bytes, including schemas.
pub(super) const LIMIT: usize = 1 << 20;

/// The version of the format. It changes only if older readers cannot read the new format; additional
/// fields do not change it.
const SCHEMA: u32 = 1;

/// The written form.
#[derive(Serialize)]
struct Written<'a> {
    schema: u32,
    /// Distinguishes registrations of the same instance.
    lease: &'a str,
    #[serde(flatten)]
    service: &'a ServiceInfo,
}

/// The read form, which accepts other versions as far as possible.
#[derive(Deserialize)]
struct Read {
    #[serde(flatten)]
    service: ServiceInfo,
}

/// Serialises a registration.
pub(super) fn encode(service: &ServiceInfo, lease: &str) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Written {
        schema: SCHEMA,
        lease,
        service,
    })
}

/// Parses the registration of this instance, if this version can read it.
pub(super) fn decode(instance: &[u8], text: &[u8]) -> Option<ServiceInfo> {
    let read: Read = serde_json::from_slice(text).ok()?;
    let is_one = read.service.instance.as_bytes() == instance && check(&read.service).is_ok();
    is_one.then_some(read.service)
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_core::ServiceKind;
    use serde_json::{Value, json};

    fn service() -> ServiceInfo {
        ServiceInfo::new(ServiceKind::Tool, "clock", "c-1", "http://h:1", Vec::new())
    }

    #[test]
    fn what_is_written_is_read() {
        let text = encode(&service(), "ab12").unwrap();
        assert_eq!(decode(b"c-1", text.as_bytes()), Some(service()));
        let written: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&written["schema"], &written["lease"]),
            (&json!(1), &json!("ab12"))
        );
    }

    #[test]
    fn other_versions_are_read_as_far_as_they_are_understood() {
        let mut value = serde_json::to_value(service()).unwrap();
        let read = |value: &Value| decode(b"c-1", value.to_string().as_bytes());
        assert!(read(&value).is_some(), "one from before there were leases");
        value["schema"] = json!(2);
        value["region"] = json!("north");
        value["health"] = json!("resting");
        let newer = read(&value).unwrap();
        assert_eq!(newer.health, glassbox_core::Health::Unhealthy);
        value["kind"] = json!("plant");
        assert!(read(&value).is_none());
    }

    #[test]
    fn what_is_no_registration_of_this_instance_is_none() {
        let text = encode(&service(), "ab12").unwrap();
        assert!(decode(b"c-2", text.as_bytes()).is_none());
        for garbage in ["", "nonsense", "[]", "{}", "null"] {
            assert!(decode(b"c-1", garbage.as_bytes()).is_none(), "{garbage}");
        }
    }
}
