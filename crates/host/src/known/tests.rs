//! Readers that disconnect before a response arrives.

use super::*;
use crate::settings::LAST_KNOWN;
use glassbox_core::{Cx, ServiceKind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::{sync::Notify, task::JoinHandle, time::timeout};

const WITHIN: Duration = Duration::from_secs(20);

/// A registry that lists one service. One of its requests never gets a response.
struct Mute {
    unanswered: usize,
    asked: AtomicUsize,
    is_asked: Notify,
}

impl Source for Arc<Mute> {
    fn name(&self) -> impl fmt::Display + Send + '_ {
        "mute"
    }

    async fn list(&self, _cx: Option<&Cx>) -> Result<Vec<ServiceInfo>, Problem> {
        let number = self.asked.fetch_add(1, SeqCst);
        self.is_asked.notify_one();
        if number == self.unanswered {
            std::future::pending::<()>().await;
        }
        let endpoint = "http://127.0.0.1:1";
        let service = ServiceInfo::new(ServiceKind::Tool, "probe", "a", endpoint, Vec::new());
        Ok(vec![service])
    }
}

/// A cached registry, and the registry, which never responds to this request.
fn known(unanswered: usize) -> (Known<Arc<Mute>>, Arc<Mute>) {
    let mute = Arc::new(Mute {
        unanswered,
        asked: AtomicUsize::new(0),
        is_asked: Notify::new(),
    });
    let known = Known::new(Arc::clone(&mute), Duration::ZERO, LAST_KNOWN);
    (known, mute)
}

fn reader(known: &Known<Arc<Mute>>) -> JoinHandle<Result<Vec<ServiceInfo>, Problem>> {
    let known = known.clone();
    tokio::spawn(async move { known.find(&Cx::background(), &Filter::any()).await })
}

#[tokio::test]
async fn who_waits_behind_a_reader_who_goes_away_asks_in_their_place() {
    let (known, mute) = known(0);
    let first = reader(&known);
    timeout(WITHIN, mute.is_asked.notified()).await.unwrap();
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(reader(&known));
    }
    // They start to wait before the first reader is dropped.
    tokio::task::yield_now().await;
    first.abort();
    for other in others {
        let found = timeout(WITHIN, other).await.unwrap().unwrap();
        assert_eq!(found.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_reader_who_goes_away_is_no_outage() {
    let (known, mute) = known(1);
    assert_eq!(
        known
            .find(&Cx::background(), &Filter::any())
            .await
            .unwrap()
            .len(),
        1
    );
    timeout(WITHIN, mute.is_asked.notified()).await.unwrap();
    let leaves = reader(&known);
    timeout(WITHIN, mute.is_asked.notified()).await.unwrap();
    leaves.abort();
    let _ = leaves.await;
    let next = timeout(WITHIN, known.find(&Cx::background(), &Filter::any()))
        .await
        .unwrap();
    assert_eq!(next.unwrap().len(), 1);
    assert!(known.0.heard().told.is_none(), "nobody found it away");
}
