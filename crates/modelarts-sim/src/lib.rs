//! A simulator of the ModelArts API with a ledger and faults.
