//! A connection to Redis that reconnects.

use super::{
    failure::{Failure, is_replica, is_wrong_type},
    keys::Keys,
    target::{Driver, Target},
};
use crate::RedisUrl;
use glassbox_core::{Category, Problem};
use redis::{Cmd, FromRedisValue, Pipeline, RedisResult, aio::MultiplexedConnection};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    sync::{Mutex, watch},
    task::{AbortHandle, JoinHandle},
    time::{Instant, timeout_at},
};

/// Timeout of one request, including connecting.
const PATIENCE: Duration = Duration::from_secs(2);

/// A connection to Redis, for registration and discovery. Cheap to clone; clones share the connection.
/// It is opened on the first request, and again after it breaks.
///
/// # Bounds
/// Each request completes or fails within two seconds.
#[derive(Clone)]
pub struct RedisClient(Arc<Inner>);

struct Inner {
    target: Target,
    keys: Keys,
    patience: Duration,
    current: Mutex<Option<Connection>>,
    /// The number of closed connections.
    ended: watch::Sender<u64>,
}

/// A connection driven by its own task. Dropping it closes the connection.
struct Connection {
    handle: MultiplexedConnection,
    driver: JoinHandle<()>,
    /// Whether it is unusable; its driver takes a moment to end.
    is_useless: Arc<AtomicBool>,
}

/// One request: a single command or several.
#[derive(Clone, Copy)]
enum Request<'a> {
    One(&'a Cmd),
    Several(&'a Pipeline),
}

impl Request<'_> {
    async fn send<T: FromRedisValue>(self, to: &mut MultiplexedConnection) -> RedisResult<T> {
        match self {
            Self::One(command) => command.query_async(to).await,
            Self::Several(commands) => commands.query_async(to).await,
        }
    }
}

/// A connection for one request.
struct Shared {
    handle: MultiplexedConnection,
    driver: AbortHandle,
    is_useless: Arc<AtomicBool>,
    /// Whether it was opened for this request.
    is_new: bool,
}

impl Shared {
    /// Closes the connection for all users. The next request opens a new one.
    fn give_up(&self) {
        self.is_useless.store(true, Relaxed);
        self.driver.abort();
    }
}

impl Connection {
    fn share(&self, is_new: bool) -> Shared {
        Shared {
            handle: self.handle.clone(),
            driver: self.driver.abort_handle(),
            is_useless: Arc::clone(&self.is_useless),
            is_new,
        }
    }

    fn is_useful(&self) -> bool {
        !self.is_useless.load(Relaxed) && !self.driver.is_finished()
    }
}

impl RedisClient {
    /// Creates a client for one namespace of the Redis at this URL, without connecting.
    ///
    /// # Errors
    /// If the URL is invalid or not supported.
    pub fn try_new(url: &RedisUrl, namespace: &str) -> Result<Self, Problem> {
        Self::with_patience(url, namespace, PATIENCE)
    }

    fn with_patience(url: &RedisUrl, namespace: &str, patience: Duration) -> Result<Self, Problem> {
        let target = Target::try_new(url).map_err(|reason| {
            let message = format!("'{url}' {reason}");
            Problem::new(Category::Invalid, "registry.invalid_url", message)
        })?;
        Ok(Self(Arc::new(Inner {
            target,
            keys: Keys::new(namespace),
            patience,
            current: Mutex::default(),
            ended: watch::Sender::new(0),
        })))
    }

    pub(super) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// The address, without a password.
    pub(super) fn place(&self) -> &Target {
        &self.0.target
    }

    /// Reports when a connection closes, because written data may then be lost.
    pub(super) fn ended(&self) -> watch::Receiver<u64> {
        self.0.ended.subscribe()
    }

    /// Sends a request, again over a new connection if the existing one is broken.
    ///
    /// Only for idempotent requests.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Failure> {
        self.request(Request::One(command)).await
    }

    /// Sends read-only requests together. A key that does not hold a string has no result.
    pub(super) async fn ask_each<T: FromRedisValue>(
        &self,
        commands: &mut Pipeline,
    ) -> Result<Vec<Option<T>>, Failure> {
        commands.ignore_errors();
        let answers: Vec<RedisResult<T>> = self.request(Request::Several(commands)).await?;
        let answers = answers.into_iter().map(|answer| match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if is_wrong_type(&error) => Ok(None),
            Err(error) => Err(self.0.target.failure(&error).at(&self.0.target)),
        });
        answers.collect()
    }

    async fn request<T: FromRedisValue>(&self, request: Request<'_>) -> Result<T, Failure> {
        let deadline = Instant::now() + self.0.patience;
        let asked = self.ask_until(request, deadline).await;
        asked.map_err(|failure| failure.at(&self.0.target))
    }

    async fn ask_until<T: FromRedisValue>(
        &self,
        request: Request<'_>,
        deadline: Instant,
    ) -> Result<T, Failure> {
        let silent = || Failure::Away(format!("no response within {:?}", self.0.patience));
        let mut may_be_broken = true;
        loop {
            self.0.target.allowance().renew();
            let connecting = timeout_at(deadline, self.connection());
            let mut connection = connecting.await.map_err(|_| silent())??;
            let asking = request.send(&mut connection.handle);
            let error = match timeout_at(deadline, asking).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => {
                    // The response to this request would arrive late.
                    connection.give_up();
                    return Err(silent());
                }
            };
            let is_broken = error.is_unrecoverable_error();
            // A primary that became a replica keeps its connections; the name may now resolve elsewhere.
            if is_broken || is_replica(&error) {
                connection.give_up();
            }
            if !is_broken || connection.is_new || !std::mem::take(&mut may_be_broken) {
                return Err(self.0.target.failure(&error));
            }
        }
    }

    async fn connection(&self) -> Result<Shared, Failure> {
        let mut current = self.0.current.lock().await;
        if let Some(connection) = current.as_ref().filter(|it| it.is_useful()) {
            return Ok(connection.share(false));
        }
        let (handle, driver) = self.0.target.connect().await?;
        let driver = drive(driver, Ended(self.0.ended.clone()));
        let made = current.insert(Connection {
            handle,
            driver: tokio::spawn(driver),
            is_useless: Arc::default(),
        });
        Ok(made.share(true))
    }
}

/// Drives a connection and reports when it has closed.
async fn drive(driver: Driver, _ended: Ended) {
    driver.await;
}

/// Counts a connection as closed when dropped.
struct Ended(watch::Sender<u64>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.send_modify(|ended| *ended += 1);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl fmt::Debug for RedisClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisClient")
            .field("target", &self.0.target)
            .field("keys", &self.0.keys)
            .finish_non_exhaustive()
    }
}
