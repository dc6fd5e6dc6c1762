//! How we ask ModelArts: typed requests, signing, one transport.
