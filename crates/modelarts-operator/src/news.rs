//! Which events of a watch set a pass in motion: those by which an object comes, or changes in what a pass
//! depends on. Our own status writes are none.
//!
//! An object that a list no longer has is forgotten here too: a list may be behind, and when the object is
//! told of again, its first pass may have found nothing to work on. And a listed object is told only when
//! the list is complete, because a pass looks for it in the store, which has it from then on. A filter that
//! forgot neither rule would leave an object alone for ever.

use std::collections::HashMap;

use kube::ResourceExt;
use kube::runtime::watcher::Event;
use kube::runtime::{Predicate, predicates};

/// What was told of each object.
pub struct News<K> {
    /// By uid, what passes depend on.
    told: HashMap<String, u64>,
    /// The list that is under way.
    listed: Vec<K>,
}

impl<K: ResourceExt> Default for News<K> {
    fn default() -> Self {
        Self {
            told: HashMap::new(),
            listed: Vec::new(),
        }
    }
}

impl<K: ResourceExt> News<K> {
    /// The objects that an event makes passes of.
    pub fn of(&mut self, event: Event<K>) -> Vec<K> {
        match event {
            Event::Init => self.listed.clear(),
            Event::InitApply(object) => self.listed.push(object),
            Event::InitDone => {
                let listed = std::mem::take(&mut self.listed);
                let before = std::mem::take(&mut self.told);
                let is_news = |object: &K| {
                    let uid = object.uid().unwrap_or_default();
                    let mark = mark(object);
                    self.told.insert(uid.clone(), mark);
                    before.get(&uid) != Some(&mark)
                };
                return listed.into_iter().filter(is_news).collect();
            }
            Event::Apply(object) => {
                let mark = mark(&object);
                if self.told.insert(object.uid().unwrap_or_default(), mark) != Some(mark) {
                    return vec![object];
                }
            }
            Event::Delete(object) => drop(self.told.remove(&object.uid().unwrap_or_default())),
        }
        Vec::new()
    }
}

/// What a pass depends on, of the metadata.
fn mark<K: ResourceExt>(object: &K) -> u64 {
    let depended_on = predicates::generation
        .combine(predicates::annotations)
        .combine(predicates::finalizers);
    depended_on.hash_property(object).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    fn object(uid: &str, generation: i64) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.uid = Some(uid.to_owned());
        object.metadata.generation = Some(generation);
        object
    }

    /// The uids that are told after each of these events.
    fn told(events: Vec<Event<ConfigMap>>) -> Vec<Vec<String>> {
        let mut news = News::default();
        let uids = |objects: Vec<ConfigMap>| objects.iter().filter_map(ConfigMap::uid).collect();
        events.into_iter().map(|event| uids(news.of(event))).collect()
    }

    const NOTHING: [&str; 0] = [];

    #[test]
    fn a_change_of_what_passes_depend_on_is_told_once() {
        let mut labelled = object("a", 1);
        labelled.metadata.labels = Some([("team".to_owned(), "ml".to_owned())].into());
        let mut held = object("a", 2);
        held.metadata.finalizers = Some(vec!["example.com/held".to_owned()]);
        let mut asked = held.clone();
        asked.metadata.annotations = Some([("asked".to_owned(), "now".to_owned())].into());
        let events = vec![
            Event::Apply(object("a", 1)),
            Event::Apply(labelled),
            Event::Apply(object("a", 2)),
            Event::Apply(held),
            Event::Apply(asked),
        ];
        assert_eq!(told(events), [vec!["a"], vec![], vec!["a"], vec!["a"], vec!["a"]]);
    }

    #[test]
    fn a_listed_object_is_told_when_the_list_is_complete() {
        let list = || {
            vec![
                Event::Init,
                Event::InitApply(object("a", 1)),
                Event::InitApply(object("b", 1)),
                Event::InitDone,
            ]
        };
        let told = told(list().into_iter().chain(list()).collect());
        assert_eq!(told[3], ["a", "b"]);
        assert_eq!([&told[..3], &told[4..]].concat().concat(), NOTHING);
    }

    /// A server that is behind lists what was there before the object; later the object is told of again.
    #[test]
    fn an_object_that_was_gone_from_a_list_is_new_again() {
        let events = vec![
            Event::Apply(object("a", 1)),
            Event::Init,
            Event::InitDone,
            Event::Apply(object("a", 1)),
        ];
        assert_eq!(told(events), [vec!["a"], vec![], vec![], vec!["a"]]);
    }

    #[test]
    fn a_deleted_object_is_new_when_it_is_told_of_again() {
        let events = vec![
            Event::Apply(object("a", 1)),
            Event::Delete(object("a", 1)),
            Event::Apply(object("a", 1)),
        ];
        assert_eq!(told(events), [vec!["a"], vec![], vec!["a"]]);
    }

    /// A list that ends early is begun anew, and what it had is not told twice.
    #[test]
    fn a_list_that_breaks_off_counts_for_nothing() {
        let events = vec![
            Event::Init,
            Event::InitApply(object("a", 1)),
            Event::Init,
            Event::InitApply(object("a", 1)),
            Event::InitDone,
        ];
        assert_eq!(told(events).concat(), ["a"]);
    }
}
