//! The end of a namespace takes its events along and refuses new ones, so what lives on in the cloud is
//! told elsewhere.

use std::time::Duration;

use e2e::scene::Scene;
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::ListParams;
use sandbox::wait;

use crate::STAGE;
use crate::end::{case, play};
use crate::pools::{Fate, Made, Reached};

/// Waits until an event names every pool that lives on. The namespace takes its own events along and
/// refuses new ones, so they have to be somewhere else.
async fn announced(scene: &Scene, made: &Made) {
    let events: Api<Event> = Api::all(scene.client());
    for (case, id) in made.iter().filter(|(case, _)| case.fate == Fate::Kept) {
        let what = format!("an event that names {id} of {}", case.name);
        let waited = wait::until(what, Duration::from_secs(20), async || {
            let all = events.list(&ListParams::default()).await.map_err(|e| e.to_string())?;
            let detached = all.iter().filter(|event| event.reason.as_deref() == Some("Detached"));
            let notes: Vec<_> = detached.filter_map(|event| event.note.clone()).collect();
            if notes.iter().any(|note| note.contains(id.as_str())) {
                return Ok(());
            }
            Err(format!("{notes:?}"))
        });
        scene.expect(waited.await);
    }
}

#[test]
fn what_lives_on_is_announced_where_the_end_of_the_namespace_does_not_reach() {
    STAGE.play(async |scene| {
        let cases = [case("kept", Reached::Ready, Some("Detach"), Fate::Kept)];
        let made = play(scene, &cases).await;
        announced(scene, &made).await;
    });
}
