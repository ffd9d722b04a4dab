//! An address whose target can change, like that of a service in a cluster.

use std::sync::{Arc, Mutex};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Forwards each new connection to the current target. Existing connections stay.
pub(super) struct Switch {
    address: String,
    target: Arc<Mutex<String>>,
    _forwarding: JoinSet<()>,
}

impl Switch {
    /// Starts with an address and port as the target.
    pub(super) async fn towards(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let target = Arc::new(Mutex::new(target));
        let mut forwarding = JoinSet::new();
        let current = Arc::clone(&target);
        forwarding.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let target = current.lock().unwrap().clone();
                connections.spawn(async move {
                    let mut server = TcpStream::connect(target).await.unwrap();
                    // How it ends is the concern of its two ends.
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Self {
            address,
            target,
            _forwarding: forwarding,
        }
    }

    /// The address on which it listens.
    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes the target of new connections.
    pub(super) fn turn(&self, target: String) {
        *self.target.lock().unwrap() = target;
    }
}
