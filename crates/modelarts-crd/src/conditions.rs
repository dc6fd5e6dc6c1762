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
    /// A subscription ends soon and is not renewed by itself.
    SubscriptionEnding,
    /// Whether the cloud accepts an account's credentials.
    CredentialsValid,
    /// The cloud holds something in an account for objects that are gone.
    OrphanFound,
}

impl ConditionType {
    /// The word in the object.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::Synced => "Synced",
            Self::SubscriptionEnding => "SubscriptionEnding",
            Self::CredentialsValid => "CredentialsValid",
            Self::OrphanFound => "OrphanFound",
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
    ScalingFailed: "Nodes could not be made or removed.", "Read the message and status.order; a change of the spec or of the requestedAt annotation starts a new try.";
    UpgradingDriver: "The driver of the nodes is being replaced.", "Wait; with updateStrategy idle a node waits until no job runs on it.";
    EnablingScopes: "The pool runs and a job type is not enabled yet.", "Wait; if it lasts, look at status.scope and the ModelArts console.";
    PoolNotRunning: "ModelArts reports a phase in which the pool cannot be used.", "Read the message; ModelArts often brings an Abnormal pool back by itself.";
    SwitchingScopes: "Job types are being switched on or off.", "Wait; if it lasts, look at status.scope and the ModelArts console.";
    PaymentPending: "ModelArts waits for a payment or an approval.", "Pay or approve the order in the console.";
    ConfirmingCreation: "The answer to a creation was lost; whether there is a pool is being found out.", "Wait: it ends by itself within the in-doubt window, and no second pool is bought.";
    WaitingForName: "A pool of that name is still being deleted, or was deleted a moment ago.", "Wait: the pool is created when the name is free.";
    WaitingForAccount: "The ModelArtsAccount does not exist.", "Create it, or correct spec.account.";
    AccountInUse: "The account was deleted and is held, because pools or networks are kept in it.", "Delete or detach what the message names; nothing new is made in the account meanwhile.";
    WaitingForCredentials: "The Secret of the account does not exist or lacks keys.", "Create the Secret in the operator's namespace with the keys that the message names.";
    WaitingForNetwork: "The ModelArtsNetwork of networkRef is not there or not Ready.", "Create it, or read its conditions.";
    NetworkNotActive: "ModelArts reports a phase in which no pool can be created in the network.", "Read the message; wait if the network is being made.";
    NetworkInUse: "The network is not deleted while pools use it.", "Delete or detach the pools that the message names.";
    CloudUnavailable: "ModelArts cannot be reached or answers with errors.", "Wait; if it lasts, check the endpoint and the service's health.";
    Throttled: "ModelArts refuses calls because there were too many.", "Wait; lower the account's limits if it lasts.";
    SoldOut: "ModelArts has no nodes of that flavor at the moment.", "Wait, or choose another flavor or zone.";
    CreationBudget: "The account has used up its creations of the last ten minutes.", "Wait, or raise limits.creationsPerTenMinutes of the account.";
    ScopeFrozen: "Many pools of the account vanished from the answers at once, so nothing is created until that is understood.", "Check the account and the ModelArts console; it clears when the pools are seen again, or are confirmed as gone.";
    ConfirmingLoss: "The pool is not found any more; whether it is really gone is being confirmed.", "If the pool was deleted on purpose, delete this object too; else it is created again when the loss is confirmed.";
    SizeNotSet: "Neither spec.nodes nor resources[0].count is set and the pool does not exist.", "Set spec.nodes or resources[0].count.";
    Updating: "A change of the spec is being sent to the cloud.", "Wait.";
    ChangePending: "The cloud differs from the spec, and the change waits for something that the message names.", "Wait, unless the message names something to do.";
    Drifted: "Somebody else changed the cloud, and drift.policy Report leaves that alone.", "Take the change over into the spec, undo it, or set drift.policy: Correct.";
    ImmutableField: "The spec asks for a change that the cloud does not offer for something that exists.", "Change the field back, or make a new object with the new value and delete this one: nothing is replaced by itself.";
    ChangeRefused: "ModelArts refuses the change.", "Read the message and correct the spec; a change of the spec is tried at once, and the same again later.";
    Observed: "managementPolicy Observe: it is shown, and never changed.", "Nothing; set managementPolicy: Manage to take it over.";
    Suspended: "managementPolicy Pause: nothing is asked of the cloud and nothing is done.", "Set managementPolicy back to Manage or Observe.";
    NotFound: "What adoption or Observe names does not exist.", "Correct the ID or the name; it is looked for again with each census.";
    AdoptionRefused: "What adoption names belongs to another object.", "Delete that object with deletionPolicy: Detach first, or for another cluster set adoption.replacesMarker.";
    Adopting: "The marker of this object is being written to what adoption names.", "Wait.";
    OrphanFound: "The cloud holds something that this cluster made for an object that is gone: on a pool or a network, what that object would make again; on an account, anything there.", "Take it over with adoption.poolId (or adoption.networkId), or delete it in the console; a pool or a network may also choose another name. What was detached on purpose is reported on the account until the marker is removed from its description.";
    SubscriptionActive: "The pool is paid for by the month or year, so it is not deleted.", "Unsubscribe it in the console, or set deletionPolicy: Detach: the object is then released and the pool stays until its term ends.";
    SubscriptionEnding: "The term of the subscription ends soon and is not renewed by itself.", "Renew it in the console, or move the jobs elsewhere.";
    Deleting: "The pool is being deleted.", "Wait.";
    DeletionRefused: "ModelArts refuses to delete the pool.", "Read the message; it is tried again.";
    Detached: "The object was deleted and what it stood for was left alone.", "Delete it in the console when it is no longer needed: a pool is billed.";
    InvalidSpec: "The spec cannot be turned into a pool.", "Correct the fields that the message names.";
    NamespaceNotAllowed: "The account does not allow pools in this namespace.", "Label the namespace as the account's allowedNamespaces asks, or choose another account.";
    InvalidAccount: "The account's settings are refused.", "Correct the field that the message names.";
    CredentialsRefused: "ModelArts refuses the account's credentials.", "Correct the account's Secret; it is read again at once, and the key is not tried before.";
    PermissionDenied: "The credentials are valid but may not do this.", "Grant the action that the message names.";
    ProjectNotFound: "The account's project does not exist or is not visible.", "Correct projectId or projectName of the account.";
    NameConflict: "A pool of that name exists and is not this object's.", "Choose another poolName, or delete the other pool: it then clears by itself.";
    QuotaExceeded: "The project's quota is used up.", "Raise the quota or delete pools; it is tried again by itself, and at once when the spec or the requestedAt annotation changes.";
    RequestRejected: "ModelArts refused the request as invalid.", "Correct what the message says; a change of the spec is tried at once.";
    SubscriptionEnded: "The pool of a subscription is gone, and a subscription is never bought again by itself.", "Set the requestedAt annotation to a new value to buy it again, or delete this object.";
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
