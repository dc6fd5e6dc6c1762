//! What ModelArts says: serde shapes and codes, no I/O and no policy.
