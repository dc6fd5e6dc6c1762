//! What holds a change back although the spec asks for it.

use crate::world::faults::Op;
use crate::world::{MINUTE, World};
use modelarts_crd::policy::Adoption;

#[test]
fn a_growth_waits_for_the_budget_and_a_removal_does_not() {
    let mut world = World::with_ready_pool();
    world.may_create = false;
    world.edit("train", |spec| spec.nodes = Some(5));
    world.run_for(2 * MINUTE);
    assert_eq!(world.kube.condition("train", "Ready").1, "CreationBudget");
    assert_eq!(world.judge.count(Op::Patch), 0, "nothing is bought");
    world.edit("train", |spec| spec.nodes = Some(1));
    world.run_for(2 * MINUTE);
    assert_eq!(world.judge.count(Op::Patch), 1, "giving back costs nothing");
    world.edit("train", |spec| spec.nodes = Some(3));
    world.may_create = true;
    world.run_until("grown", 2 * MINUTE, |world| world.judge.count(Op::Patch) == 2);
    world.run_until_ready("train");
}

#[test]
fn an_object_that_has_a_pool_does_not_take_over_another() {
    let mut world = World::with_ready_pool();
    world.edit("train", |spec| {
        spec.adoption = Some(Adoption {
            pool_id: "another-pool".into(),
            replaces_marker: None,
        });
        spec.nodes = Some(5);
    });
    world.run_for(2 * MINUTE);
    assert_eq!(world.kube.condition("train", "Stalled").1, "ImmutableField");
    assert_eq!(world.judge.count(Op::Patch), 0);
}
