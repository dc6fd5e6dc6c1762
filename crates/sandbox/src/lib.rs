//! A whole world on loopback: real control plane, simulator, operator.
