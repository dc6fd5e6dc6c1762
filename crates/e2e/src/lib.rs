//! End-to-end tests on the real API server and the simulator.
