//! `docs/conditions.md`: what the conditions of our objects say, from the constants that write them.

use std::fmt::Write as _;

use modelarts_crd::conditions::{ConditionType, Reason};

use crate::COMMAND;

/// The types in the order of the page. [`about`] says what each means.
const TYPES: [ConditionType; 7] = [
    ConditionType::Ready,
    ConditionType::Reconciling,
    ConditionType::Stalled,
    ConditionType::Synced,
    ConditionType::SubscriptionEnding,
    ConditionType::CredentialsValid,
    ConditionType::OrphanFound,
];

const INTRODUCTION: &str = "\
# Conditions

Every ModelArtsPool and ModelArtsAccount says in `status.conditions` how it stands, and every event of the operator uses the same words.

```
kubectl get mapool -o wide
kubectl describe mapool train-a
kubectl wait mapool/train-a --for=condition=Ready --timeout=30m
```

A condition has a type, a status (`True`, `False` or `Unknown`), a reason and a message.
The reason is one of the words below and is safe to match in a script; the message is for people and may change.
`observedGeneration` in a condition, and in the status, is the generation of the spec that it speaks of.
A new object starts with `status.observedGeneration: -1`, so that nothing takes it for ready before the operator has looked at it.

Tools that know kstatus (Flux, `helm --wait` from Helm 4 on, kpt) read the types as they are meant:
they wait while there is `Reconciling`, fail at once when there is `Stalled`, and are done when there is neither and `Ready` is `True`.
";

/// The page.
pub fn page() -> String {
    let mut page = format!("<!-- Generated, do not edit: {COMMAND} -->\n\n{INTRODUCTION}\n## Types\n");
    for type_ in TYPES {
        section(&mut page, type_.as_str(), about(type_));
    }
    page.push_str("\n## Reasons\n");
    for reason in Reason::ALL {
        let lines = format!("{}\n\nWhat to do: {}", reason.meaning(), reason.remedy());
        section(&mut page, reason.as_str(), &lines);
    }
    page
}

/// A heading of its own for each word, so that a link can lead to it.
fn section(page: &mut String, word: &str, lines: &str) {
    write!(page, "\n### {word}\n\n{lines}\n").expect("a String takes any text");
}

fn about(type_: ConditionType) -> &'static str {
    match type_ {
        ConditionType::Ready => {
            "On every object that the operator has looked at.\n\
             `True`: the pool runs, all its nodes are available and all its job types are enabled; or the account can be used.\n\
             `False`: not so, and the reason says why.\n\
             `Unknown`: the cloud could not be looked at for so long that what was seen last may no longer hold."
        }
        ConditionType::Reconciling => {
            "Only there while `True`.\n\
             Something is going on, or is being waited for, that ends without a person: the creation of a pool, a full region, an outage of the cloud.\n\
             Reason and message are those of `Ready`."
        }
        ConditionType::Stalled => {
            "Only there while `True`, and never together with `Reconciling`.\n\
             A person has to do something; the reason below says what.\n\
             The operator tries again by itself, after ten minutes at first and in time once an hour, and at once when the spec changes or the annotation \
             `modelarts.huaweicloud.com/requestedAt` gets a new value."
        }
        ConditionType::Synced => {
            "On pools.\n\
             `True`: every field of the spec that the operator manages is in the cloud as written.\n\
             `False`: the message names the fields that are not.\n\
             `Unknown`: it could not be compared.\n\
             A pool can be in use, and `Ready`, while it is not `Synced`."
        }
        ConditionType::SubscriptionEnding => {
            "On pools that are paid for by the month or year, and only there while `True`: the term ends within a week, or has \
             ended, and is not renewed by itself.\n\
             A warning event goes with it."
        }
        ConditionType::CredentialsValid => {
            "On accounts.\n\
             `True`: the cloud accepted the credentials when they were last used.\n\
             `False`: it refused them, or there are none.\n\
             `Unknown`: they have not been used yet."
        }
        ConditionType::OrphanFound => {
            "On accounts, and only there while `True`: the cloud holds a pool or a network with this cluster's marker, and the object that it was made for is gone.\n\
             Nobody looks after it, it is billed if it costs anything, and the operator does not touch it; the message names it.\n\
             It is said when a whole audit period (five minutes, `--audit-period`) has shown nothing else, so a deletion or an adoption that is under way is not reported.\n\
             A warning event goes with it, and the metric `modelarts_orphans`."
        }
    }
}

#[test]
fn every_type_has_its_place_on_the_page() {
    // The match has no wildcard: a new type does not compile until it is in TYPES and here.
    for type_ in TYPES {
        let place = match type_ {
            ConditionType::Ready => 0,
            ConditionType::Reconciling => 1,
            ConditionType::Stalled => 2,
            ConditionType::Synced => 3,
            ConditionType::SubscriptionEnding => 4,
            ConditionType::CredentialsValid => 5,
            ConditionType::OrphanFound => 6,
        };
        assert_eq!(TYPES[place], type_);
    }
}

#[test]
fn every_word_is_one_heading() {
    let page = page();
    for word in Reason::ALL.iter().map(|reason| reason.as_str()) {
        let heading = format!("\n### {word}\n");
        let expected = 1 + usize::from(TYPES.iter().any(|type_| type_.as_str() == word));
        assert_eq!(page.matches(&heading).count(), expected, "{word}");
    }
}
