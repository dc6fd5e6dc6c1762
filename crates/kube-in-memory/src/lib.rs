//! A Kubernetes API server in memory, for tests of controllers without sockets, etcd or real time.
//!
//! [`Store`] is the server as a pure state machine: requests as values and the time go in, objects
//! or refusals come out, and every change is kept, so that any earlier state can be shown again.
//! [`ApiServer`] puts it behind kube's client: it parses requests and keeps watches open, and what a
//! connection is shown of lists and watches can be held at an earlier version ([`View`]).
//!
//! It knows the writing rules that controllers rest on: resourceVersion, generation, finalizers,
//! the status subresource, preconditions. It does not know schemas, CEL, admission, selectors,
//! managed fields, server-side apply,
//! graceful deletion and the deletion of namespaces; a request that needs one of
//! them is refused with 501 rather than answered wrongly. That the rest is as the real server has it
//! is checked against one, by random sequences, in the end-to-end tests.

mod address;
mod connection;
mod jsonpatch;
mod metadata;
mod refusal;
mod request;
mod resource;
mod rules;
mod server;
mod store;
mod view;
mod watching;

pub use connection::Connection;
pub use jsonpatch::{MergePatch, merge};
pub use refusal::Refusal;
pub use request::{Part, Patch, Preconditions};
pub use resource::{Resource, Rules, Scope, built_in};
pub use server::ApiServer;
pub use store::{Change, ChangeKind, Deleted, Key, Store};
pub use view::View;
pub use watching::Octets;
