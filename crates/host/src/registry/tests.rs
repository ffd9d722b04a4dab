//! Leases on a clock that stands still.

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
        registry.put(service(name, instance), TTL).unwrap();
    }
    let found = registry.matching(&Filter::any());
    let order: Vec<_> = found.iter().map(|service| &*service.instance).collect();
    assert_eq!(order, ["2", "3", "1", "0"]);
}

#[test]
fn what_nobody_could_call_is_refused() {
    let (registry, _clock) = registry();
    let mut nowhere = service("a", "1");
    nowhere.endpoint = String::new();
    for wrong in [nowhere, service(" ", "1"), service("a", &"1".repeat(257))] {
        let problem = registry.put(wrong, TTL).unwrap_err();
        assert_eq!(problem.category(), Category::Invalid);
    }
}

#[test]
fn a_lapsed_registration_makes_room() {
    let clock = VirtualClock::new();
    let registry = MemoryRegistry::build(Arc::new(clock.clone()), 1);
    registry.put(service("a", "1"), TTL).unwrap();
    let problem = registry.put(service("a", "2"), TTL).unwrap_err();
    assert_eq!(problem.code(), "registry.full");
    clock.advance(TTL);
    registry.put(service("a", "2"), TTL).unwrap();
}
