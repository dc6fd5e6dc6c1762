//! Two processes that both believe to lead. One stands still in the middle of a call while another
//! begins, or is replaced and goes on for a while: then both live on the same objects, each with its own
//! memory, until the elder notices that it leads no more.

use super::process::{Process, Worker};
use super::{MINUTE, World};

/// Who else is there beside the process that acts now.
#[derive(Default)]
pub struct Others {
    /// The one that leads while the elder acts.
    leader: Option<Process>,
    /// The one that does not know yet that it leads no more.
    elder: Option<Process>,
    /// When it notices.
    ends: u64,
    /// Whether a process stands still at this moment.
    frozen: bool,
}

impl Others {
    /// Every other process.
    pub fn all(&mut self) -> impl Iterator<Item = &mut Process> {
        self.leader.iter_mut().chain(self.elder.iter_mut())
    }
}

impl World {
    /// Whether there is more than one process, or one that stands still.
    pub fn overlaps(&self) -> bool {
        let others = &self.others;
        others.frozen || others.leader.is_some() || others.elder.is_some()
    }

    /// The process stands still before a call, and another one begins. Then it goes on where it was.
    pub fn freeze(&mut self, millis: u64) {
        let doing = self.judge.set_aside();
        let frozen = std::mem::replace(&mut self.process, Process::started(self.now));
        self.others.frozen = true;
        self.wake_all();
        self.run_for(millis);
        self.others.frozen = false;
        let leader = std::mem::replace(&mut self.process, frozen);
        self.others.leader = Some(leader);
        self.others.ends = self.now + MINUTE;
        self.wake_all();
        self.judge.take_up(doing);
    }

    /// Another process begins to lead, and the one before notices only after a while.
    pub fn hand_over(&mut self, millis: u64) {
        let elder = std::mem::replace(&mut self.process, Process::started(self.now));
        self.others.elder = Some(elder);
        self.others.ends = self.now + millis;
        self.wake_all();
    }

    /// When something is due next, and by whom: the leader goes first.
    pub fn elder_acts_first(&mut self) -> bool {
        if self.others.ends <= self.now {
            self.others.elder = None;
        }
        let due = |process: &Process| process.next().map_or(u64::MAX, |(at, _)| at);
        self.others
            .elder
            .as_ref()
            .is_some_and(|elder| due(elder) < due(&self.process))
    }

    /// The elder acts; the leader waits.
    pub fn let_elder_act(&mut self) {
        if let Some(elder) = self.others.elder.take() {
            self.others.leader = Some(std::mem::replace(&mut self.process, elder));
        }
    }

    /// What the process that acted began is over, and the leader goes on.
    pub fn let_leader_act(&mut self) {
        if let Some(leader) = self.others.leader.take() {
            self.others.elder = Some(std::mem::replace(&mut self.process, leader));
        }
    }

    /// The process that acts dies. Another one begins, unless there is one already.
    pub fn die(&mut self) {
        match self.others.leader.take() {
            Some(leader) => {
                self.restarts += 1;
                self.process = leader;
            }
            None => self.restart(),
        }
    }

    /// Somebody's watch shows an object.
    pub fn wake_in<K: super::kinds::Lives>(&mut self, name: &str) {
        let now = self.now;
        let wake = |worker: &mut Worker<K>| worker.wakes.insert(name.to_owned(), now);
        wake(K::worker_mut(&mut self.process));
        for process in self.others.all() {
            wake(K::worker_mut(process));
        }
    }
}
