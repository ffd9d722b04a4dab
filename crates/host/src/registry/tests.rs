//! Leases on a clock that does not advance by itself.

use super::*;
use glassbox_core::{Cx, ServiceKind};
use glassbox_testkit::VirtualClock;

const TTL: Duration = Duration::from_secs(10);

fn service(name: &str, instance: &str) -> ServiceInfo {
    let endpoint = "http://127.0.0.1:1";
    ServiceInfo::new(ServiceKind::Tool, name, instance, endpoint, Vec::new())
}

fn registry() -> (MemoryRegistry, VirtualClock) {
    let clock = VirtualClock::new();
    let registry = MemoryRegistry::with_clock(Arc::new(clock.clone()));
    (registry, clock)
}

#[tokio::test]
async fn a_held_lease_never_lapses_and_a_dropped_one_does() {
    let (registry, clock) = registry();
    let lease = registry
        .register(&Cx::background(), service("a", "1"), TTL)
        .await
        .unwrap();
    clock.advance(TTL * 9);
    assert_eq!(registry.len(), 1);
    drop(lease);
    assert_eq!(registry.len(), 1);
    clock.advance(TTL);
    assert!(registry.is_empty());
}

#[tokio::test]
async fn a_draining_instance_is_found_only_on_request() {
    let (registry, _clock) = registry();
    let lease = registry
        .register(&Cx::background(), service("a", "1"), TTL)
        .await
        .unwrap();
    lease
        .report(&Cx::background(), Health::Draining)
        .await
        .unwrap();
    assert!(
        registry
            .find(&Cx::background(), &Filter::any())
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(registry.matching(&Filter::any().with_unready()).len(), 1);
    lease.release(&Cx::background()).await.unwrap();
    assert!(registry.is_empty());
}

#[tokio::test]
async fn an_old_lease_has_no_say_over_a_new_registration() {
    let (registry, clock) = registry();
    let old = registry
        .register(&Cx::background(), service("a", "1"), TTL)
        .await
        .unwrap();
    let _new = registry
        .register(&Cx::background(), service("a", "1"), TTL)
        .await
        .unwrap();
    old.report(&Cx::background(), Health::Unhealthy)
        .await
        .unwrap();
    assert_eq!(registry.matching(&Filter::any()).len(), 1);
    old.release(&Cx::background()).await.unwrap();
    clock.advance(TTL * 2);
    assert_eq!(registry.len(), 1);
}

#[test]
fn the_order_is_by_name_then_instance() {
    let (registry, _clock) = registry();
    for (name, instance) in [("b", "1"), ("a", "3"), ("c", "0"), ("a", "2")] {
        registry.put(service(name, instance), TTL, None).unwrap();
    }
    let found = registry.matching(&Filter::any());
    let order: Vec<_> = found.iter().map(|service| &*service.instance).collect();
    assert_eq!(order, ["2", "3", "1", "0"]);
}

#[test]
fn what_nobody_could_call_is_refused_with_its_field() {
    let (registry, _clock) = registry();
    let mut wrong = vec![
        ("name", service(" ", "1")),
        ("name", service("a\nb", "1")),
        ("instance", service("a", "")),
        ("instance", service("a", &"1".repeat(257))),
        ("instance", service("a", "1\r\nx")),
    ];
    for endpoint in [
        "",
        "not a url",
        "file:///etc/passwd",
        "gopher://h",
        "javascript:alert(1)",
        "http://h:99999",
        "http://user:pass@h",
        "http://h\r\nx: y",
    ] {
        let mut service = service("a", "1");
        service.endpoint = endpoint.to_owned();
        wrong.push(("endpoint", service));
    }
    for (field, service) in wrong {
        let problem = registry.put(service.clone(), TTL, None).unwrap_err();
        assert_eq!(problem.category(), Category::Invalid);
        let message = problem.message();
        assert!(message.contains(&format!("'{field}'")), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
    assert!(registry.is_empty());
}

#[test]
fn an_instance_belongs_to_the_lease_that_was_returned_for_it() {
    let (registry, clock) = registry();
    let Put::New(lease) = registry.put(service("a", "1"), TTL, None).unwrap() else {
        panic!("the instance is new");
    };
    let mut hijacked = service("a", "1");
    hijacked.endpoint = "http://evil.example".to_owned();
    for stranger in [None, Some(""), Some("guess"), Some(&lease[1..])] {
        let problem = registry.put(hijacked.clone(), TTL, stranger).unwrap_err();
        assert_eq!(problem.category(), Category::Conflict);
        let problem = registry.remove("1", stranger).unwrap_err();
        assert_eq!(problem.category(), Category::Forbidden);
        let problem = registry
            .report("1", Health::Draining, stranger)
            .unwrap_err();
        assert_eq!(problem.category(), Category::Forbidden);
        assert!(!problem.to_string().contains(&lease));
    }
    assert_eq!(
        registry.put(service("a", "1"), TTL, Some(&lease)).unwrap(),
        Put::Renewed
    );
    assert_eq!(registry.matching(&Filter::any())[0], service("a", "1"));
    assert!(registry.report("1", Health::Ready, Some(&lease)).unwrap());
    // After the lease has expired, the instance is free.
    clock.advance(TTL);
    let renewed = registry.put(hijacked, TTL, Some(&lease)).unwrap();
    let Put::New(other) = renewed else {
        panic!("the instance is new again");
    };
    assert_ne!(other, lease);
    assert!(registry.remove("1", Some(&other)).unwrap());
    assert!(!registry.remove("1", Some(&other)).unwrap());
}

#[tokio::test]
async fn nobody_else_owns_an_instance_of_this_process() {
    let (registry, _clock) = registry();
    let _lease = registry
        .register(&Cx::background(), service("a", "1"), TTL)
        .await
        .unwrap();
    let problem = registry.put(service("a", "1"), TTL, None).unwrap_err();
    assert_eq!(problem.category(), Category::Conflict);
    assert!(registry.remove("1", Some("")).is_err());
}

#[test]
fn all_registrations_together_have_a_limit_in_bytes() {
    let large = |instance: &str, text: String| {
        let mut service = service("a", instance);
        let capability = glassbox_core::Capability::of::<(), ()>("c", text);
        service.capabilities.push(capability);
        service
    };
    let registry = MemoryRegistry::new().with_byte_limit(3 << 20);
    let mut leases = Vec::new();
    for instance in ["1", "2"] {
        let service = large(instance, "x".repeat(1 << 20));
        leases.push(registry.put(service, TTL, None).unwrap());
    }
    let third = registry.put(large("3", "x".repeat(1 << 20)), TTL, None);
    assert_eq!(third.unwrap_err().code(), "registry.full");
    // Text of many values needs more memory than its bytes.
    let values = registry.put(large("4", ",".repeat(100_000)), TTL, None);
    assert_eq!(values.unwrap_err().code(), "registry.full");
    // A renewal replaces the old registration, and a removal makes room.
    let Put::New(lease) = &leases[0] else {
        panic!("the instance was new");
    };
    let again = large("1", "y".repeat(1 << 20));
    assert_eq!(registry.put(again, TTL, Some(lease)).unwrap(), Put::Renewed);
    registry.remove("1", Some(lease)).unwrap();
    registry
        .put(large("3", "x".repeat(1 << 20)), TTL, None)
        .unwrap();
    let huge = MemoryRegistry::new().put(large("5", ",".repeat(1 << 20)), TTL, None);
    assert_eq!(huge.unwrap_err().code(), "registry.too_large");
}

#[test]
fn a_lapsed_registration_makes_room() {
    let clock = VirtualClock::new();
    let registry = MemoryRegistry::build(
        Arc::new(clock.clone()),
        Bounds {
            registrations: 1,
            bytes: 1 << 20,
        },
    );
    registry.put(service("a", "1"), TTL, None).unwrap();
    let problem = registry.put(service("a", "2"), TTL, None).unwrap_err();
    assert_eq!(problem.code(), "registry.full");
    clock.advance(TTL);
    registry.put(service("a", "2"), TTL, None).unwrap();
}
