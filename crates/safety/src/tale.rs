//! A way told in words, an action a line.

use std::fmt::Write;

use crate::explore::Found;
use crate::state::{Action, State};
use crate::world::World;
use crate::world::process::Stage;
use crate::world::wire::Request;

/// The way to what was found, in words.
#[must_use]
pub fn tale(world: &mut World, found: &Found) -> String {
    let mut state = world.first();
    let mut text = String::new();
    for (number, action) in found.way.iter().enumerate() {
        let _ = writeln!(text, "{:>3}. {}", number + 1, told(world, &state, *action));
        match world.step(&state, *action) {
            Some(Ok(next)) => state = next,
            _ => break,
        }
    }
    let calm = if found.in_calm {
        "then, with nothing more going wrong, "
    } else {
        ""
    };
    let _ = writeln!(text, "     {calm}{}: {}", found.broken.rule, found.broken.how);
    text
}

/// An action in words.
#[must_use]
pub fn told(world: &World, state: &State, action: Action) -> String {
    match action {
        Action::Begin(at, slot, stale) => {
            let old = if stale { " as it was" } else { "" };
            format!("process {at} reads object {slot}{old}")
        }
        Action::Do(at, fate) => {
            let process = world.process(state, usize::from(at));
            let deed = process.pass.as_ref().map_or_else(String::new, |pass| match pass.stage {
                Stage::Publish => "publish".to_owned(),
                _ => pass.step.kind().as_str().to_owned(),
            });
            format!("process {at} does {deed}: {fate:?}")
        }
        Action::GiveUp(at) => format!("process {at} gives up waiting"),
        Action::Crash(at) => format!("process {at} dies"),
        Action::List(at, lists) => format!("process {at} lists: {lists:?}"),
        Action::Serve(at, ending) => {
            let request = world.sent(state, usize::from(at)).map(|sent| match &sent.request {
                Request::Create { token, .. } => format!("the creation {token}"),
                Request::Patch { .. } => "the change".to_owned(),
                Request::Delete { .. } => "the deletion".to_owned(),
                Request::Write { .. } => "the late write".to_owned(),
            });
            format!("{} of process: {ending:?}", request.unwrap_or_default())
        }
        Action::Arrive(_) => "a late write arrives at the API server".to_owned(),
        Action::Progress => "what is due in the cloud happens".to_owned(),
        Action::Meddle(slot, deed) => format!("somebody: {deed:?} of object {slot}"),
        Action::Pass(span) => format!("time passes: {span:?}"),
    }
}
