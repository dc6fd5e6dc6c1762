//! What users write: ModelArtsPool and ModelArtsAccount.
