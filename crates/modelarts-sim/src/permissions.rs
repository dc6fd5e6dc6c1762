//! What a caller may do: the IAM actions it is granted, and its standing with the cloud.
//!
//! Nothing here knows who a caller is or how it proved it; `accounts` asks after that.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{operation::Operation, refusal::Refusal};

/// A set of IAM actions such as `modelarts:pool:list`. A `*` stands for any text, as in policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actions(BTreeSet<String>);

impl Default for Actions {
    /// Everything: what a caller may do whom nobody restricted.
    fn default() -> Self {
        Self(BTreeSet::from(["*".to_owned()]))
    }
}

/// A text that names no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an action: write SERVICE:TYPE:OPERATION, or * for all")]
pub struct ActionError(String);

impl Actions {
    /// Reads a list of actions. An empty list grants nothing.
    ///
    /// # Errors
    /// [`ActionError`] names the first text that is neither `*` nor three parts with colons.
    pub fn parse<T: AsRef<str>>(list: impl IntoIterator<Item = T>) -> Result<Self, ActionError> {
        let mut actions = BTreeSet::new();
        for action in list {
            let action = action.as_ref();
            let parts: Vec<&str> = action.split(':').collect();
            let named = |part: &&str| {
                let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '*' | '-' | '_');
                !part.is_empty() && part.chars().all(known)
            };
            if action != "*" && !(parts.len() == 3 && parts.iter().all(named)) {
                return Err(ActionError(action.to_owned()));
            }
            actions.insert(action.to_owned());
        }
        Ok(Self(actions))
    }

    /// Whether the set grants the action. Case does not matter, as in IAM.
    #[must_use]
    pub fn grant(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        self.0
            .iter()
            .any(|pattern| matches(&pattern.to_ascii_lowercase(), &action))
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            tail.char_indices()
                .map(|(at, _)| at)
                .chain([tail.len()])
                .any(|at| matches(rest, &tail[at..]))
        }),
    }
}

/// How the cloud regards a caller, whatever it is granted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// In order.
    #[default]
    Active,
    /// The user is disabled: the credentials are no longer believed.
    Disabled,
    /// The account owes money.
    Arrears,
    /// The account is suspended.
    Suspended,
}

/// What holds for one caller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Terms {
    /// What it may do.
    pub actions: Actions,
    /// How it is regarded.
    pub standing: Standing,
}

impl Terms {
    /// Checks whether a caller whose credentials hold may do this.
    ///
    /// # Errors
    /// 403 in the words of whoever serves the operation.
    pub fn permit(&self, operation: Operation) -> Result<(), Refusal> {
        match (self.standing, operation.action()) {
            (Standing::Arrears, Some(_)) => Err(Refusal::in_arrears()),
            (Standing::Suspended, Some(_)) => Err(Refusal::suspended()),
            (_, Some(action)) if !self.actions.grant(action) => Err(Refusal::not_permitted(action)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_granted_by_its_name_or_a_pattern_and_by_nothing_else() {
        let cases = [
            ("modelarts:pool:list", true, "itself"),
            ("modelarts:pool:LIST", true, "case does not matter"),
            ("modelarts:pool:*", true, "every operation of the type"),
            ("modelarts:*:list", true, "every type"),
            ("modelarts:pool:l*t", true, "a star in the middle"),
            ("*:*:*", true, "every service"),
            ("*", true, "everything"),
            ("modelarts:pool:get", false, "another operation"),
            ("modelarts:pool:lis", false, "a part of the name"),
            ("modelarts:pool:list*x", false, "something must follow"),
            ("modelarts:network:*", false, "another type"),
        ];
        for (pattern, granted, why) in cases {
            let actions = Actions::parse([pattern]).expect("an action");
            assert_eq!(actions.grant("modelarts:pool:list"), granted, "{pattern}: {why}");
        }
        assert!(
            !Actions::parse([""; 0])
                .expect("an empty list")
                .grant("modelarts:pool:list")
        );
    }

    #[test]
    fn what_is_no_action_is_refused() {
        for text in [
            "",
            "modelarts",
            "modelarts:pool",
            "a:b:c:d",
            "modelarts::list",
            "modelarts:pool: list",
        ] {
            assert_eq!(Actions::parse([text]), Err(ActionError(text.to_owned())));
        }
    }
}
