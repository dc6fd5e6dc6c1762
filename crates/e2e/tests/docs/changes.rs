//! `docs/changing-pools.md` and `docs/scaling.md`.

use e2e::kubectl;
use serde_json::{Value, json};

use crate::STAGE;
use crate::pages::{file, page};
use crate::reader::{READY, Reader, SYNCED};

/// Flavor and number of nodes of each entry, as the cloud has them.
fn sizes(pool: &Value) -> Vec<(String, i64)> {
    let entries = pool["spec"]["resources"].as_array().unwrap().iter();
    let mut sizes: Vec<_> = entries
        .map(|entry| {
            (
                entry["flavor"].as_str().unwrap().to_owned(),
                entry["count"].as_i64().unwrap(),
            )
        })
        .collect();
    sizes.sort();
    sizes
}

#[test]
fn a_changed_manifest_is_brought_to_the_cloud_and_what_is_fixed_is_refused() {
    STAGE.play(async |scene| {
        let reader = Reader { world: scene.world };
        let block = page("docs/changing-pools.md").block("name: train-a\n");
        reader.apply(&block).await;
        let pool = reader.until("train-a", &[READY, SYNCED]).await;
        let id = pool.status.unwrap().pool_id.unwrap();

        let changed = block
            .replace("count: 2", "count: 3")
            .replace("[Train, Notebook]", "[Train]")
            .replace("vision team", "audio team");
        assert_ne!(changed, block);
        reader.apply(&changed).await;
        let pool = reader.until("train-a", &[READY, SYNCED]).await;
        assert_eq!(pool.status.unwrap().nodes.unwrap().available, 4);
        let there = reader.cloud_pool(&id).await.unwrap();
        let wanted = [("modelarts.vm.cpu.8ud", 1), ("modelarts.vm.gpu.v100", 3)];
        assert_eq!(sizes(&there), wanted.map(|(flavor, count)| (flavor.to_owned(), count)));
        assert_eq!(there["spec"]["scope"], json!(["Train"]));
        let description = there["metadata"]["annotations"]["os.modelarts/description"].as_str();
        assert!(description.unwrap().starts_with("Training of the audio team [mapool:"));

        let deeds = reader.deeds(&id).await;
        let other = changed.replace("poolName: train-a", "poolName: train-b");
        let arguments = ["apply", "--server-side", "-f", "-"];
        let said = kubectl::run(&scene.world.control_plane, &arguments, &other).await;
        assert!(!said.ok && said.err.contains("spec.poolName"), "{}", said.err);
        assert_eq!(reader.deeds(&id).await, deeds);
    });
}

#[test]
fn the_command_of_the_page_scales_the_example() {
    STAGE.play(async |scene| {
        let reader = Reader { world: scene.world };
        let example = std::fs::read_to_string(file("examples/scalable.yaml")).unwrap();
        reader.apply(&example).await;
        let pool = reader.until("scalable", &[READY, SYNCED]).await;
        let id = pool.status.unwrap().pool_id.unwrap();
        reader.run(&page("docs/scaling.md").block("kubectl scale")).await;
        let pool = reader.until("scalable", &[READY, SYNCED]).await;
        let nodes = pool.status.unwrap().nodes.unwrap();
        assert_eq!((nodes.desired, nodes.available), (Some(3), 3));
        assert_eq!(reader.deeds(&id).await, ["CreatePool", "PatchPool"]);
    });
}
