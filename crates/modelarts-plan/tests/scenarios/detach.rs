//! Letting a pool live when its object goes: at once where its ID is known, else once it can be.

use crate::world::faults::{Fault, Op};
use crate::world::{MINUTE, SECOND, World};
use modelarts_crd::policy::DeletionPolicy;

const W: u64 = 5 * MINUTE;

#[test]
fn detach_lets_the_pool_live_and_says_which() {
    let mut world = World::with_ready_pool();
    world.edit("train", |spec| spec.deletion_policy = Some(DeletionPolicy::Detach));
    world.run_for(SECOND);
    world.delete("train");
    world.run_until_gone("train", SECOND);
    assert_eq!((world.pools().len(), world.judge.count(Op::Delete)), (1, 0));
    assert_eq!(world.judge.events.last(), Some(&"Detached"));
}

#[test]
fn detach_with_an_attempt_open_waits_to_learn_the_id() {
    let mut world = World::with_pool();
    world.edit("train", |spec| spec.deletion_policy = Some(DeletionPolicy::Detach));
    world.break_next(Op::Create, Fault::DelayedCommit(60 * SECOND), 1);
    world.run_until("in doubt", MINUTE, |world| world.judge.count(Op::Create) == 1);
    world.delete("train");
    world.run_until_gone("train", 10 * MINUTE);
    assert_eq!(world.pools().len(), 1);
    assert_eq!(world.judge.events.last(), Some(&"Detached"));
}

#[test]
fn detach_with_an_attempt_that_came_to_nothing_ends_after_the_window() {
    let mut world = World::with_pool();
    world.edit("train", |spec| spec.deletion_policy = Some(DeletionPolicy::Detach));
    world.break_next(Op::Create, Fault::ServerError, 1);
    world.run_until("in doubt", MINUTE, |world| world.judge.count(Op::Create) == 1);
    let sent = world.now;
    world.delete("train");
    world.run_until_gone("train", 10 * MINUTE);
    assert!(world.now - sent >= W);
}
