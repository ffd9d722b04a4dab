//! The thread that starts children.
//!
//! Linux sends the parent-death signal when the thread that started the child ends, not when its
//! process does. So one thread starts all children, and ends after the last of them.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Starts children. Its thread ends after the last clone of it is gone.
#[derive(Debug, Clone)]
pub(crate) struct Launcher {
    orders: SyncSender<Order>,
}

struct Order {
    command: Command,
    done: oneshot::Sender<io::Result<Child>>,
}

impl Launcher {
    /// Starts the thread, for children of this runtime.
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Handle::current();
        let (orders, received) = sync_channel::<Order>(1);
        thread::Builder::new()
            .name("otelcol-launcher".to_owned())
            .spawn(move || {
                let _inside = runtime.enter();
                for mut order in received {
                    // If the caller is gone, the child is dropped, which kills it.
                    let _ = order.done.send(order.command.spawn());
                }
            })?;
        Ok(Self { orders })
    }

    /// Starts a child, which lives no longer than this launcher.
    pub(crate) async fn spawn(&self, mut command: Command) -> io::Result<Child> {
        command.kill_on_drop(true);
        let (done, started) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts children has ended");
        self.orders
            .try_send(Order { command, done })
            .map_err(|_| gone())?;
        started.await.map_err(|_| gone())?
    }
}
