//! Every condition type and every reason, with what it means and what to do.
//!
//! `docs/conditions.md` is generated from here. A reason is never written as a literal elsewhere.
//! Types follow kstatus: `Ready` is always there, `Reconciling` and `Stalled` only while true.

/// Type of a condition of a pool or an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConditionType {
    /// Whether the pool, or the account, can be used.
    Ready,
    /// Work is going on, or something that clears by itself is being waited for.
    Reconciling,
    /// A person has to do something.
    Stalled,
    /// Whether the cloud is as the spec says.
    Synced,
    /// Whether the cloud accepts an account's credentials.
    CredentialsValid,
}

impl ConditionType {
    /// The word in the object.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::Synced => "Synced",
            Self::CredentialsValid => "CredentialsValid",
        }
    }
}

/// Declares the reasons once: the word, what it means, what to do.
macro_rules! reasons {
    ($($name:ident: $meaning:literal, $remedy:literal;)+) => {
        /// Reason of a condition, the same word in events.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Reason {
            $(#[doc = $meaning] $name,)+
        }

        impl Reason {
            /// All reasons, in the order of the documentation.
            pub const ALL: &[Reason] = &[$(Reason::$name,)+];

            /// The word in the object.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)+ }
            }

            /// What the reader should do.
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)+ }
            }
        }
    };
}

reasons! {
    Ready: "The pool runs, all nodes are available and every job type is enabled; or the account can be used.", "Nothing.";
    Synced: "The cloud is as the spec says.", "Nothing.";
    Creating: "The pool is being created.", "Wait; the number of nodes is in the status.";
    Scaling: "The pool runs and its nodes are being made or removed.", "Wait.";
    EnablingScopes: "The pool runs and a job type is not enabled yet.", "Wait; if it lasts, look at status.scope and the ModelArts console.";
    PoolNotRunning: "ModelArts reports a phase in which the pool cannot be used.", "Read the message; ModelArts often brings an Abnormal pool back by itself.";
    PaymentPending: "ModelArts waits for a payment or an approval.", "Pay or approve the order in the console.";
    ConfirmingCreation: "The answer to a creation was lost; whether there is a pool is being found out.", "Wait: it ends by itself within the in-doubt window, and no second pool is bought.";
    WaitingForName: "A pool of that name is still being deleted, or was deleted a moment ago.", "Wait: the pool is created when the name is free.";
    WaitingForAccount: "The ModelArtsAccount does not exist.", "Create it, or correct spec.account.";
    WaitingForCredentials: "The Secret of the account does not exist or lacks keys.", "Create the Secret in the operator's namespace with the keys that the message names.";
    CloudUnavailable: "ModelArts cannot be reached or answers with errors.", "Wait; if it lasts, check the endpoint and the service's health.";
    Throttled: "ModelArts refuses calls because there were too many.", "Wait; lower the account's limits if it lasts.";
    SoldOut: "ModelArts has no nodes of that flavor at the moment.", "Wait, or choose another flavor or zone.";
    CreationBudget: "The account has used up its creations of the last ten minutes.", "Wait, or raise limits.creationsPerTenMinutes of the account.";
    ScopeFrozen: "Many pools of the account vanished from the answers at once, so nothing is created until that is understood.", "Check the account and the ModelArts console; it clears when the pools are seen again, or are confirmed as gone.";
    ConfirmingLoss: "The pool is not found any more; whether it is really gone is being confirmed.", "If the pool was deleted on purpose, delete this object too; else it is created again when the loss is confirmed.";
    SizeNotSet: "Neither spec.nodes nor resources[0].count is set and the pool does not exist.", "Set spec.nodes or resources[0].count.";
    ChangePending: "The spec differs from the cloud in fields that this version does not send.", "Change those fields back, or change them in the ModelArts console.";
    Deleting: "The pool is being deleted.", "Wait.";
    DeletionRefused: "ModelArts refuses to delete the pool.", "Read the message; it is tried again.";
    Detached: "The object was deleted and the pool was left alone.", "Delete the pool in the console when it is no longer needed: it is billed.";
    InvalidSpec: "The spec cannot be turned into a pool.", "Correct the fields that the message names.";
    NamespaceNotAllowed: "The account does not allow pools in this namespace.", "Label the namespace as the account's allowedNamespaces asks, or choose another account.";
    InvalidAccount: "The account's settings are refused.", "Correct the field that the message names.";
    CredentialsRefused: "ModelArts refuses the account's credentials.", "Correct the account's Secret; it is read again at once, and the key is not tried before.";
    PermissionDenied: "The credentials are valid but may not do this.", "Grant the action that the message names.";
    ProjectNotFound: "The account's project does not exist or is not visible.", "Correct projectId or projectName of the account.";
    NameConflict: "A pool of that name exists and is not this object's.", "Choose another poolName, or delete the other pool: it then clears by itself.";
    QuotaExceeded: "The project's quota is used up.", "Raise the quota or delete pools; it is tried again by itself, and at once when the spec or the requestedAt annotation changes.";
    RequestRejected: "ModelArts refused the request as invalid.", "Correct what the message says; a change of the spec is tried at once.";
    CreationFailed: "ModelArts could not make the pool.", "Read the message, then delete this object and apply it again: the failed record keeps the name of the pool until it is deleted.";
    AttemptsExhausted: "The creation ended in doubt or in failure too often, so it is only looked for, not bought again.", "Check the console; then set the requestedAt annotation to a new value, or change the spec.";
    MarkerLost: "The pool's description in the cloud lost the operator's marker, so it is not touched.", "Put the marker that the message shows back at the end of the description, or set deletionPolicy: Detach.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_words_that_the_api_server_accepts() {
        for reason in Reason::ALL {
            let word = reason.as_str();
            assert!(
                word.len() <= 128 && word.chars().all(|c| c.is_ascii_alphanumeric()),
                "{word}"
            );
            assert!(
                reason.meaning().ends_with('.') && reason.remedy().ends_with('.'),
                "{word}"
            );
        }
    }
}
