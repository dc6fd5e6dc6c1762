//! A namespace is deleted in one command. It ends, and each pool in the cloud is gone or alive as the
//! deletion policies say.

use e2e::kubectl;
use e2e::scene::Scene;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;

use crate::STAGE;
use crate::belongings;
use crate::pools::{self, Case, Fate, Made, Reached};

/// A pool of the namespace.
pub const fn case(name: &'static str, reached: Reached, policy: Option<&'static str>, fate: Fate) -> Case {
    Case {
        name,
        reached,
        policy,
        fate,
    }
}

/// Deletes the namespace with everything in it, as a user would, and waits for its end.
pub async fn delete_namespace(scene: &Scene) {
    let arguments = ["delete", "namespace", &scene.name, "--timeout=120s"];
    let said = kubectl::run(&scene.world.control_plane, &arguments, "").await;
    if said.ok {
        return;
    }
    let namespaces: Api<Namespace> = Api::all(scene.client());
    let left = namespaces.get_opt(&scene.name).await.unwrap();
    let told = left.and_then(|namespace| namespace.status);
    panic!("{}{}\n{told:?}\n{}", said.out, said.err, scene.world.operator_logs(40));
}

/// Brings the pools to their states, fills the namespace, deletes it, and judges.
pub async fn play(scene: &Scene, cases: &[Case]) -> Made {
    let made = pools::create(scene, cases).await;
    belongings::create(scene, cases[0].name).await;
    delete_namespace(scene).await;
    pools::judge(scene, &made).await;
    made
}

#[test]
fn by_default_all_pools_go_with_it() {
    use Fate::{Deleted, NeverThere};
    STAGE.play(async |scene| {
        let cases = [
            case("ready", Reached::Ready, None, Deleted),
            case("ready-too", Reached::Ready, Some("Delete"), Deleted),
            case("coming", Reached::Creating, None, Deleted),
            case("refused", Reached::Refused, None, NeverThere),
            case("unasked", Reached::Unasked, None, NeverThere),
            case("unaccounted", Reached::Unaccounted, None, NeverThere),
        ];
        play(scene, &cases).await;
    });
}

#[test]
fn what_is_detached_lives_on_beside_what_is_deleted() {
    use Fate::{Deleted, Kept, NeverThere};
    STAGE.play(async |scene| {
        let cases = [
            case("kept", Reached::Ready, Some("Detach"), Kept),
            case("kept-coming", Reached::Creating, Some("Detach"), Kept),
            case("kept-not", Reached::Refused, Some("Detach"), NeverThere),
            case("gone", Reached::Ready, Some("Delete"), Deleted),
            case("gone-coming", Reached::Creating, None, Deleted),
        ];
        play(scene, &cases).await;
    });
}
