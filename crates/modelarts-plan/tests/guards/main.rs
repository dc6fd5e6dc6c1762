//! Guards: what a single look at the plan must answer, to the millisecond and one condition at a time.
//!
//! No world and no clock: they cost nothing, and say at once which guard is gone.

mod buying;
mod changing;
mod keeping;
mod kinds;
mod letting_go;
mod missing;
mod orphans;
mod owners;
mod seeing;
mod taken;
mod telling;
mod waiting;
mod watching;

mod scene;
