//! Every state of a small world, explored with the product's own plan.
