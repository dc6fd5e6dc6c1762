//! Small decisions, drawn from the engine so that a seed repeats them.

use std::ops::Bound;

use bolero::Driver;

/// A number below `end`; nothing if there is none, or if the engine has no more to give.
pub fn below<D: Driver>(driver: &mut D, end: usize) -> Option<usize> {
    match end {
        0 => None,
        _ => driver.gen_usize(Bound::Included(&0), Bound::Excluded(&end)),
    }
}

/// One of `options`; nothing if there is none.
pub fn one_of<'a, T, D: Driver>(driver: &mut D, options: &'a [T]) -> Option<&'a T> {
    options.get(below(driver, options.len())?)
}

/// True once in `times`.
pub fn sometimes<D: Driver>(driver: &mut D, times: usize) -> Option<bool> {
    Some(below(driver, times)? == 0)
}
