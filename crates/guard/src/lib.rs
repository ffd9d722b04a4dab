//! Controls access to a listening port.
//!
//! A [`Guard`] checks every request of one listener, as a tower layer:
//!
//! 1. **Key.** If the listener has [`Keys`], a request needs one of them, as
//!    `Authorization: Bearer KEY`. Exempt paths (health checks) need none.
//! 2. **Host.** A request without a key must name a loopback host, a listening address,
//!    or an allowed name. A web page can point its own name at a loopback address (DNS rebinding);
//!    its requests then have a foreign `Host`. A page does not have the key, so a request with the
//!    right key passes under any name.
//! 3. **Origin.** If the request comes from a web page, the page must be served from loopback or by
//!    the listener itself. Pages on loopback get CORS headers.
//!
//! ```
//! use axum::{Router, routing::get};
//! use glassbox_guard::{Guard, Keys};
//!
//! # fn example() -> Result<(), glassbox_guard::KeyError> {
//! let address = "0.0.0.0:8080".parse().expect("valid address");
//! let guard = Guard::new(address)
//!     .with_keys(Keys::try_new(["open-sesame"])?)
//!     .with_exempt(&["/health", "/ready"]);
//! let router: Router = Router::new()
//!     .route("/health", get(|| async { "ok" }))
//!     .layer(guard.layer());
//! # drop(router);
//! # Ok(())
//! # }
//! ```
//!
//! [`may_listen`] decides whether listening on an address is allowed at all: beyond loopback, a key is
//! required, unless anonymous access is allowed explicitly. [`is_json`] distinguishes JSON from
//! `text/plain`, which a web page may send to any server without a preflight.

#![forbid(unsafe_code)]
mod cors;
mod guard;
mod head;
mod host;
mod keys;
mod layer;
mod listen;
mod media;
mod refusal;

pub use guard::Guard;
pub use head::Head;
pub use keys::{KeyError, Keys};
pub use layer::{GuardLayer, Guarded, GuardedFuture};
pub use listen::{Exposed, Settings, may_listen};
pub use media::is_json;
pub use refusal::{Reason, Refusal};
