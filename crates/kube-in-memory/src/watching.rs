//! Watches: the changes of a kind as lines of JSON, for as long as somebody reads.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use futures::stream::{self, BoxStream, StreamExt};
use http_body::Frame;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::connection::Form;
use crate::metadata;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::server::ApiServer;
use crate::store::{Change, ChangeKind};
use crate::view::View;

/// How often a quiet watch is told how far it is.
const BOOKMARKS: Duration = Duration::from_secs(60);

/// What is watched, and since when.
pub(crate) struct Watching {
    pub(crate) server: ApiServer,
    pub(crate) view: View,
    pub(crate) resource: Resource,
    pub(crate) namespace: String,
    pub(crate) form: Form,
    /// Changes after this version are told; none: first everything there is.
    pub(crate) after: Option<u64>,
    pub(crate) bookmarks: bool,
    pub(crate) ends: Option<Instant>,
}

/// Where a watch is.
struct Cursor {
    watching: Watching,
    changed: watch::Receiver<()>,
    cuts: u64,
    told: u64,
    lines: Vec<Value>,
    over: bool,
}

impl Watching {
    /// The body of the answer.
    pub(crate) fn into_body(self) -> Octets {
        let (server, view) = (self.server.clone(), self.view.clone());
        let changed = server.subscribe();
        let mut cursor = Cursor {
            cuts: view.cuts(),
            changed,
            told: 0,
            lines: Vec::new(),
            over: false,
            watching: self,
        };
        cursor.begin();
        Octets(
            stream::unfold(cursor, |mut cursor| async move {
                let line = cursor.next().await?;
                let mut text = line.to_string();
                text.push('\n');
                Some((Bytes::from(text), cursor))
            })
            .boxed(),
        )
    }
}

impl Cursor {
    fn begin(&mut self) {
        let Watching {
            server,
            view,
            resource,
            namespace,
            form,
            after,
            ..
        } = &self.watching;
        let (told, lines, over) = server.read(|store| match *after {
            Some(version) if version < store.oldest() => {
                let gone = Refusal::expired(version, store.oldest());
                (version, vec![line("ERROR", gone.body())], true)
            }
            Some(version) => (version, Vec::new(), false),
            None => {
                let newest = view.newest(store.version());
                let all = store.list(&resource.plural, namespace, newest);
                let lines = all.iter().map(|(_, object)| line("ADDED", form.object(object)));
                (newest, lines.collect(), false)
            }
        });
        (self.told, self.over) = (told, over);
        self.lines = lines;
        self.lines.reverse();
    }

    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(line) = self.lines.pop() {
                return Some(line);
            }
            if self.over {
                return None;
            }
            // Marked as seen before looking, so that no change between looking and waiting is missed.
            self.changed.mark_unchanged();
            self.look();
            if !self.lines.is_empty() {
                continue;
            }
            let bookmark = tokio::time::sleep(BOOKMARKS);
            let ends = self.watching.ends;
            tokio::select! {
                changed = self.changed.changed() => if changed.is_err() { return None },
                () = bookmark, if self.watching.bookmarks => self.lines.push(self.bookmark()),
                () = until(ends) => return None,
            }
        }
    }

    fn look(&mut self) {
        let Watching {
            server,
            view,
            resource,
            namespace,
            form,
            ..
        } = &self.watching;
        if view.cuts() != self.cuts {
            self.over = true;
            self.lines = vec![line("ERROR", Refusal::expired(self.told, self.told + 1).body())];
            return;
        }
        let concerns = |change: &&Change| {
            change.key.plural == resource.plural && (namespace.is_empty() || change.key.namespace == *namespace)
        };
        let (newest, mut lines) = server.read(|store| {
            let newest = view.newest(store.version()).max(self.told);
            let news = store.changes_between(self.told, newest).filter(concerns);
            let lines: Vec<Value> = news.map(|change| told(change, *form)).collect();
            (newest, lines)
        });
        lines.reverse();
        (self.told, self.lines) = (newest, lines);
    }

    fn bookmark(&self) -> Value {
        let resource = &self.watching.resource;
        let mut object = json!({"apiVersion": resource.api_version(), "kind": resource.kind});
        metadata::set(&mut object, "resourceVersion", json!(self.told.to_string()));
        line("BOOKMARK", self.watching.form.object(&object))
    }
}

async fn until(ends: Option<Instant>) {
    match ends {
        Some(ends) => tokio::time::sleep_until(ends).await,
        None => std::future::pending().await,
    }
}

fn told(change: &Change, form: Form) -> Value {
    let kind = match change.kind {
        ChangeKind::Added => "ADDED",
        ChangeKind::Modified => "MODIFIED",
        ChangeKind::Deleted => "DELETED",
    };
    line(kind, form.object(&change.object))
}

fn line(kind: &str, object: Value) -> Value {
    json!({"type": kind, "object": object})
}

/// The body of an answer: octets as they come, of a watch for as long as somebody reads.
pub struct Octets(BoxStream<'static, Bytes>);

impl Octets {
    /// A body that is there at once.
    #[must_use]
    pub fn whole(octets: Vec<u8>) -> Self {
        Self(stream::once(std::future::ready(Bytes::from(octets))).boxed())
    }

    /// Reads to the end, which a watch may not have.
    pub async fn to_end(self) -> Bytes {
        let parts: Vec<Bytes> = self.0.collect().await;
        parts.concat().into()
    }
}

impl http_body::Body for Octets {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let next = Pin::new(&mut self.0).poll_next(context);
        next.map(|octets| octets.map(|octets| Ok(Frame::data(octets))))
    }
}
