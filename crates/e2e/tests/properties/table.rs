//! What a row of the table says of one property: its values, and what has to come of them.

use futures::future::LocalBoxFuture;
use serde_json::Value;

use crate::ground::Subject;

/// What a check found wrong.
pub type Outcome = Result<(), String>;

/// A property of a kind. All values are merge patches of a spec.
pub struct Row {
    /// Its path in the schema.
    pub path: &'static str,
    /// What a good spec has besides, for the property to make sense. Without the property itself.
    pub bare: Value,
    /// The property, set.
    pub first: Value,
    /// Set to another value; nothing if there is none.
    pub second: Option<Value>,
    /// Taken away again.
    pub clear: Value,
    /// Set to what the schema forbids, and the field that the refusal names.
    pub invalid: (Value, &'static str),
    /// What has to come of it.
    pub life: Life,
}

/// What becomes of a property after it was written down.
pub enum Life {
    /// It is sent, and the cloud shows it.
    Sent {
        /// Where in the cloud's object.
        at: &'static str,
        /// What is there with the first and with the second value.
        shows: [Value; 2],
        /// What is there when the property is taken away.
        cleared: Cleared,
    },
    /// It is sent with the creation, and then it stays.
    Fixed {
        /// Where in the cloud's object.
        at: &'static str,
        /// What is there.
        shows: Value,
        /// The field that the refusal of a change names.
        names: &'static str,
    },
    /// It is about what the operator does. The check lives the whole life, save the invalid value.
    Policy(for<'a> fn(Subject<'a>) -> LocalBoxFuture<'a, Outcome>),
}

/// What the absence of a property means for what exists.
pub enum Cleared {
    /// This is there.
    Shows(Value),
    /// Nobody says any more, so it stays as it is.
    Stays,
    /// There has to be one: the refusal names this field.
    Refused(&'static str),
}
