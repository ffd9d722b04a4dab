//! The list of a registry, written while it is sent.

use super::MemoryRegistry;
use axum::body::{Body, Bytes};
use futures_util::stream;
use glassbox_core::Filter;
use std::{convert::Infallible, sync::Arc};

/// The size at which a part of the list is sent.
const PART: usize = 64 * 1024;

/// `{"total", "services", "returned"}`, ordered by name then instance.
///
/// # Bounds
/// Only one part is in memory at a time: at most one registration and 64 KiB, regardless of the length
/// of the list and the speed of the reader. Registrations that end meanwhile are left out.
pub(super) fn body(registry: MemoryRegistry, filter: Filter) -> Body {
    let (total, instances) = registry.instances(&filter);
    let parts = Parts {
        registry,
        filter,
        instances: instances.into_iter(),
        start: Some(format!("{{\"total\":{total},\"services\":[").into_bytes()),
        returned: 0,
        is_done: false,
    };
    Body::from_stream(stream::iter(parts.map(Ok::<_, Infallible>)))
}

struct Parts {
    registry: MemoryRegistry,
    filter: Filter,
    instances: std::vec::IntoIter<Arc<str>>,
    start: Option<Vec<u8>>,
    returned: usize,
    is_done: bool,
}

impl Iterator for Parts {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.is_done {
            return None;
        }
        let mut part = self.start.take().unwrap_or_default();
        while part.len() < PART {
            let Some(instance) = self.instances.next() else {
                let end = format!("],\"returned\":{}}}", self.returned);
                part.extend_from_slice(end.as_bytes());
                self.is_done = true;
                break;
            };
            let service = self.registry.service(&instance);
            let Some(service) = service.filter(|service| self.filter.matches(service)) else {
                continue;
            };
            let length = part.len();
            if self.returned > 0 {
                part.push(b',');
            }
            match serde_json::to_writer(&mut part, &*service) {
                Ok(()) => self.returned += 1,
                // It was read from JSON, so it can be written. A partial registration would break the
                // list.
                Err(_) => part.truncate(length),
            }
        }
        Some(part.into())
    }
}
